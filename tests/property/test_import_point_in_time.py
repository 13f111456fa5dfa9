"""What happened at or after an instant leaves no trace in the history up to it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import nba
from nba.config import CollaborativeConfig, TrainConfig
from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.statuses import STATUSES
from tests.effort import times
from tests.property.test_import_determinism import same_arrays, write

T = "2026-03-05T00:00:00Z"
BEFORE = [f"2026-03-0{day}T00:00:00Z" for day in (1, 2, 3, 4)] + ["2026-03-04T23:59:59.999999Z"]
AFTER = [T, "2026-03-06T00:00:00Z", "2026-04-01T00:00:00Z"]
RECIPE = TrainConfig(collaborative=CollaborativeConfig(iterations=2, factors=4))

products = st.lists(st.sampled_from(["p1", "p2", "p3", "p4"]), min_size=1, max_size=3)
customer = st.sampled_from(["", "c1", "c2", "c3"])
orders = st.lists(
    st.tuples(customer, st.sampled_from(BEFORE[:2]), st.sampled_from(["", *BEFORE[2:]]), products),
    min_size=1,
    max_size=6,
)
later_facts = st.dictionaries(
    st.integers(0, 5),
    st.tuples(st.sampled_from(STATUSES), st.sampled_from(AFTER), st.booleans(), st.booleans()),
)
later_orders = st.lists(st.tuples(customer, st.sampled_from(AFTER), products), max_size=4)
settled = st.dictionaries(st.integers(0, 5), st.sampled_from(STATUSES))


def known_rows(orders, settled):
    """Rows as the shop gave them just before T."""
    rows = []
    for number, (who, at, delivered_at, bought) in enumerate(orders):
        status = "delivered" if delivered_at else "pending_confirmation"
        cells = {
            "order_id": f"o{number}",
            "customer_id": who,
            "ordered_at": at,
            "status": settled.get(number, status),
            "status_at": BEFORE[-1] if number in settled else "",
            "delivered_at": delivered_at,
            "quantity": 2,
            "returned_quantity": "",
        }
        cells["category"] = ""
        rows += [cells | {"product_id": product, "title": f"Old {product}"} for product in bought]
    return rows


def learned_later(rows, facts):
    """The same rows with a later status, delivery or return of some orders."""
    for row in rows:
        fact = facts.get(int(row["order_id"][1:]))
        if fact is None or row["status_at"]:
            yield row
            continue
        status, at, is_delivery, is_return = fact
        told = {"status": status, "status_at": at}
        told |= {"delivered_at": at} if is_delivery and not row["delivered_at"] else {}
        told |= {"returned_quantity": 1} if is_return else {}
        yield row | told


def placed_later(orders):
    for number, (who, at, bought) in enumerate(orders):
        cells = {"order_id": f"later{number}", "customer_id": who, "ordered_at": at, "quantity": 1}
        cells |= {"status": "paid", "category": "New"}
        yield from (cells | {"product_id": one, "title": f"New {one}"} for one in bought)


def read(folder, *files):
    import_files(files, folder)
    return read_shop(folder)


@settings(max_examples=times(5, 60))
@given(orders, settled, later_facts, later_orders)
def test_later_orders_statuses_deliveries_and_returns_change_nothing(
    orders, settled, later_facts, later_orders
):
    with TemporaryDirectory() as folder:
        root = Path(folder)
        rows = known_rows(orders, settled)
        then = read(root / "then", write(root / "then.csv", rows))
        now = [*learned_later(rows, later_facts), *placed_later(later_orders)]
        today = read(root / "today", write(root / "today.csv", now))
    one, other = then.history.until(T), today.history.until(T)
    assert one.as_of == other.as_of == np.datetime64(T[:-1], "us")
    assert same_arrays(one.rows, other.rows)
    assert same_arrays(one.baskets(), other.baskets())
    digests = [
        nba.train(shop.history, shop.catalog, RECIPE, as_of=T).manifest.digest
        for shop in (then, today)
    ]
    assert digests[0] == digests[1]
    assert same_arrays(one.until(T).rows, one.rows)
