"""Hundreds of orders with edits, statuses and repeats, in any order: one shop, one model."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nba.config import TrainConfig
from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.learn.train import train
from nba.statuses import STATUSES
from tests.effort import times

ORDERS = 520
PARTS = times(1, 2)
"""Of each export."""
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, object]
Import = Sequence[tuple[str, Sequence[Row]]]
"""Files given together: (name, rows)."""


def at(hours: float) -> str:
    return (BEGIN + timedelta(hours=hours)).isoformat()


def lines_of(order: Row, chance: random.Random) -> list[Row]:
    named = [
        {"product_id": f"p{chance.randrange(40)}"},
        {"sku": f"S{chance.randrange(12)}"},
        {"title": f"Lamp {chance.randrange(5)} - {chance.choice(['red', 'blue'])}"},
    ]
    return [
        {"order_id": order["order_id"], "line_no": n, "product_id": "", "sku": "", "title": ""}
        | chance.choices(named, (8, 1, 1))[0]
        | {"quantity": chance.randint(1, 3), "unit_price": f"{chance.randint(1, 90)}.50"}
        | {"returned_quantity": chance.choices(["", 1], (9, 1))[0]}
        for n in range(1, chance.randint(1, 4) + 1)
    ]


def history_of(number: int, chance: random.Random) -> Iterable[tuple[str, Import]]:
    """Tell one order's life as pieces: (which export it comes in, files)."""
    placed = chance.uniform(0, 2000)
    order: Row = {
        "order_id": f"o{number:04}",
        "customer_id": chance.choice(["", f"c{number % 170}"]),
        "ordered_at": at(placed),
        "status": "processing",
        "status_at": at(placed),
        "channel": "web",
    }
    yield "first", [("orders", [order]), ("order_lines", lines_of(order, chance))]
    for step in range(chance.choice([0, 0, 1, 1, 2])):
        known = placed + 24 * (step + 1) + chance.uniform(0, 20)
        edited = order | {"status": chance.choice(STATUSES[4:]), "status_at": at(known)}
        if chance.random() < 0.5:
            # The export of an order's header alone: its lines stay what they were.
            yield f"later{step}", [("orders", [edited])]
        else:
            yield f"edit{step}", [("orders", [edited]), ("order_lines", lines_of(edited, chance))]
    for status in chance.sample(STATUSES[4:], chance.choice([0, 0, 2])):
        known = placed + chance.uniform(1, 300)
        yield (
            "statuses",
            [
                (
                    "order_statuses",
                    [{"order_id": order["order_id"], "status": status, "at": at(known)}],
                )
            ],
        )


def exports(chance: random.Random) -> list[Import]:
    """Gather the pieces of all orders into exports of several files each."""
    gathered: dict[str, dict[str, list[Row]]] = {}
    for number in range(ORDERS):
        for export, files in history_of(number, chance):
            part = f"{export}-{number % PARTS}"
            for name, rows in files:
                gathered.setdefault(part, {}).setdefault(name, []).extend(rows)
    catalogue = [{"product_id": f"p{n}", "title": f"Product {n}", "sku": f"S{n}"} for n in range(8)]
    catalogue += [
        {"product_id": f"l{n}{colour}", "title": f"Lamp {n} - {colour}", "sku": ""}
        for n in range(3)
        for colour in ("red", "blue")
    ]
    return [
        [("products", catalogue)],
        *(list(files.items()) for files in gathered.values()),
    ]


def write(folder: Path, files: Import, chance: random.Random | None) -> list[Path]:
    """Write files of one import; with a chance, shuffled and with some rows repeated."""
    folder.mkdir(parents=True)
    paths = []
    for name, rows in files:
        rows = list(rows)
        if chance is not None:
            rows += chance.sample(rows, len(rows) // 10)
            chance.shuffle(rows)
        paths.append(folder / f"{name}.csv")
        with paths[-1].open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return paths


def digest(shop: Path) -> str:
    read = read_shop(shop)
    return train(read.history, read.catalog, TrainConfig(seed=7)).manifest.digest


def contents(shop: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shop.iterdir()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    root = tmp_path_factory.mktemp("plain")
    for n, files in enumerate(exports(random.Random(1))):
        import_files(write(root / str(n), files, None), root / "shop")
    return root / "shop"


@pytest.mark.parametrize("seed", range(times(1, 8)))
def test_exports_in_any_order_with_repeats_make_the_same_bytes_and_the_same_model(
    plain, tmp_path, seed
):
    chance = random.Random(seed)
    batches = exports(random.Random(1))
    chance.shuffle(batches)
    batches += chance.sample(batches, 3)
    for n, files in enumerate(batches):
        import_files(write(tmp_path / str(n), files, chance), tmp_path / "shop")
    assert contents(plain) == contents(tmp_path / "shop")
    assert digest(plain) == digest(tmp_path / "shop")


def test_the_orders_of_that_test_are_many_and_have_been_edited(plain):
    read = read_shop(plain)
    assert len(read.history) >= 500
    versions = {path.name: path for path in plain.iterdir()}["order_versions.parquet"]
    assert versions.stat().st_size > 10_000
