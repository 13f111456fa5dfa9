"""The same rows, in any order, in any number of files and imports, are the same shop."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.statuses import STATUSES
from tests.effort import times

INSTANTS = [f"2026-03-{day:02}T00:00:00Z" for day in (1, 1, 2, 5, 9)]
instant = st.sampled_from(INSTANTS)
product = st.sampled_from(["p1", "p2", "0012", "ключ", "a,b"])

line = st.fixed_dictionaries(
    {
        "product_id": product,
        "quantity": st.integers(0, 3),
        "unit_price": st.sampled_from(["", "1.50", "0.99"]),
        "returned_quantity": st.sampled_from(["", "1"]),
        "till": st.sampled_from(["", "1", "2"]),
        "title": st.sampled_from(["", "Kettle", "Lamp"]),
    }
)
order = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["", "c1", "c2", "c3"]),
        "ordered_at": instant,
        "status": st.sampled_from(STATUSES),
        "status_at": st.one_of(st.just(""), instant),
        "delivered_at": st.one_of(st.just(""), instant),
        "is_test": st.sampled_from(["", "true", "false"]),
    }
)
flat_orders = st.lists(st.tuples(order, st.lists(line, min_size=1, max_size=4)), max_size=6).map(
    lambda orders: [
        [{"order_id": f"o{number}"} | cells | one for one in lines]
        for number, (cells, lines) in enumerate(orders)
    ]
)
catalogue = st.dictionaries(
    product,
    st.fixed_dictionaries(
        {"title": st.sampled_from(["K", "L"]), "category": st.sampled_from(["", "Home > Tea"])}
    ),
)
Row = dict[str, object]


def write(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def dealt(things: list, hands: int, chance: random.Random) -> list[list]:
    """Deal shuffled things into some hands, none of them empty."""
    chance.shuffle(things)
    found = [things[hand::hands] for hand in range(hands)]
    return [hand for hand in found if hand]


def in_some_order(rows: list[Row], chance: random.Random) -> list[Row]:
    columns = list(rows[0])
    chance.shuffle(columns)
    shuffled = [{name: row[name] for name in columns} for row in rows]
    chance.shuffle(shuffled)
    return shuffled


def same_arrays(one: object, other: object) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "M") if isinstance(a, np.ndarray) else a == b
        for a, b in ((getattr(one, name), getattr(other, name)) for name in type(one).__slots__)
    )


def assert_same_shop(one: Path, other: Path) -> None:
    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in other.iterdir()
    }
    mine, others = (read_shop(shop).history for shop in (one, other))
    assert same_arrays(mine.rows, others.rows)
    assert same_arrays(mine.baskets(), others.baskets())


@settings(max_examples=times(3, 50))
@given(flat_orders, catalogue, st.randoms(use_true_random=False))
def test_shuffled_rows_in_several_files_and_imports_make_the_same_shop(orders, products, chance):
    rows = [row for lines in orders for row in lines] or [
        {"order_id": "o", "ordered_at": INSTANTS[0], "product_id": "p1", "quantity": 1}
    ]
    titles = [{"product_id": name} | cells for name, cells in products.items()]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        files = [write(root / "orders.csv", rows)]
        files += [write(root / "products.csv", titles)] if titles else []
        import_files(files, root / "plain")

        parts = [
            in_some_order([row for lines in hand for row in lines], chance)
            for hand in dealt(list(orders) or [rows], chance.choice([1, 2, 3]), chance)
        ]
        files = [write(root / f"orders{n}.csv", part) for n, part in enumerate(parts)]
        files += [
            write(root / f"products{n}.csv", part)
            for n, part in enumerate(dealt(titles, 2, chance))
        ]
        for batch in dealt(files, chance.choice([1, 2]), chance):
            import_files(batch, root / "dealt")
        assert_same_shop(root / "plain", root / "dealt")


@settings(max_examples=times(2, 30))
@given(flat_orders, st.lists(st.tuples(instant, st.sampled_from(STATUSES)), max_size=2), st.data())
def test_versions_of_orders_make_the_same_shop_in_any_order_of_imports(orders, later, data):
    versions = [[row for lines in orders for row in lines]]
    versions += [
        [row | {"status": status, "status_at": at} for row in versions[0][::step]]
        for step, (at, status) in enumerate(later, 1)
    ]
    versions = [rows for rows in versions if rows]
    if not versions:
        return
    with TemporaryDirectory() as folder:
        root = Path(folder)
        files = [write(root / f"v{n}.csv", rows) for n, rows in enumerate(versions)]
        for path in files:
            import_files([path], root / "plain")
        for path in data.draw(st.permutations(files)):
            import_files([path], root / "permuted")
        assert_same_shop(root / "plain", root / "permuted")
        import_files(data.draw(st.permutations(files)), root / "together")
        assert_same_shop(root / "plain", root / "together")
