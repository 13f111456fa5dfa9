"""A shop with truth files written by hand, as another simulator might write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from nba.data.checks import SQL_TYPES
from nba.data.simulator.files import SHOP_COLUMNS, TRUTH_COLUMNS
from nba.domain import DAY
from nba.schema import TABLES, Table

ENDS_AT = np.datetime64("2026-06-30T00:00:00", "us")

PRODUCTS: Mapping[str, tuple[str, str, str | None, str | None, int, int]] = {
    # id: type, nature, model, compatible_with, price, cost
    "lap-ax": ("laptop", "durable", "AX", None, 90000, 89000),
    "lap-bx": ("laptop", "durable", "BX", None, 70000, 69500),
    "case-ax": ("laptop case", "accessory", None, "AX", 3000, 1000),
    "case-bx": ("laptop case", "accessory", None, "BX", 3000, 1000),
    "beans": ("coffee", "consumable", None, None, 1200, 700),
    "mug": ("mug", "accessory", None, None, 900, 500),
    "lamp": ("lamp", "durable", None, None, 2500, 2000),
}
RESPONSES: Sequence[tuple[Any, ...]] = (
    # message, state, useful_rate, broadcast_relevance, needs, unsubscribe_rate, peak, spread
    ("accessories", "*", 1.5, 0.02, "accessory", 0.004, None, None),
    ("refill", "*", 1.5, 0.02, "refill", 0.004, None, None),
    ("digest", "*", 0.02, 0.5, "accessory, refill", 0.01, None, None),
    ("order-status", "*", 0.05, 1.0, None, 0.0001, None, None),
    ("service-rating", "*", 0.1, 1.0, None, 0.001, 4.0, 3.0),
    ("product-review", "*", 0.1, 1.0, None, 0.001, 16.0, 10.0),
    ("replacement", "*", 0.2, 0.1, "replacement", 0.001, None, None),
)


def instant(day: float) -> np.datetime64:
    """Give an instant, in days from the end of the simulated history."""
    return ENDS_AT + np.timedelta64(round(day * (DAY // np.timedelta64(1, "us"))), "us")


def write_shop(folder: Path, *, customers: int = 40, orders_per_week: float = 0.0) -> Path:
    """Write a shop: every customer has a laptop and wants its case; every other wants coffee.

    Of four needs of the past one was met, so a quarter of those to come are met unasked.
    """
    names = [f"c{number:03}" for number in range(customers)]
    orders, lines, statuses, consents, people, needs, owners, causes = ([] for _ in range(8))
    for number, name in enumerate(names):
        laptop = ("lap-ax", "lap-bx")[number % 2]
        placed, arrived = instant(-20 - number % 5), instant(-17 - number % 5)
        order = f"o-{name}"
        orders.append((order, name, placed, "delivered", arrived, arrived, 0, False))
        lines.append((order, 1, laptop, 1, PRODUCTS[laptop][4], 0, 0))
        causes.append((order, 1, "own"))
        statuses += [(order, "processing", placed), (order, "delivered", arrived)]
        consents.append((name, "email", True, instant(-100)))
        consents.append((name, "push", number % 4 != 0, instant(-100)))
        owners.append((name, laptop, arrived, None))
        lost_at = instant(-1) if number % 10 == 9 else None
        people.append(
            (name, orders_per_week, 2.0, instant(-200), lost_at, 1.0, 1.0, "coffee", "email")
        )
        opens = -3 + number % 12
        case = "laptop case", "accessory", laptop
        needs.append((name, *case, instant(opens), instant(opens + 30), instant(opens + 12)))
        if number % 2:
            coffee = "coffee", "refill", None
            needs.append(
                (name, *coffee, instant(opens + 5), instant(opens + 25), instant(opens + 15))
            )
        needs.append((name, *case, instant(-90), instant(-60), instant(-80)))
        if number % 4 == 0:
            met = f"met-{name}"
            orders.append((met, name, instant(-75), "delivered", instant(-72), None, 0, False))
            lines.append((met, 1, f"case-{('ax', 'bx')[number % 2]}", 1, 3000, 0, 0))
            causes.append((met, 1, "accessory"))
    shop = {
        "products": [
            (one, None, price, None, None, "in_stock", fits)
            for one, (_, _, _, fits, price, _) in PRODUCTS.items()
        ],
        "orders": orders,
        "order_lines": lines,
        "order_statuses": statuses,
        "consents": consents,
        "messages": [],
        "message_events": [],
        "events": [],
    }
    truth = {
        "world": [(1, ENDS_AT, "EUR", 0.3)],
        "products": [
            (one, kind, nature, model, cost, 1.0)
            for one, (kind, nature, model, _, _, cost) in PRODUCTS.items()
        ],
        "together": [("laptop", "mug", 0.1)],
        "customers": people,
        "owners": owners,
        "needs": needs,
        "causes": causes,
        "responses": RESPONSES,
        "fatigue": [(7.0, 0.1, 0.1, 0.5)],
    }
    (folder / "truth").mkdir(parents=True)
    for name, rows in shop.items():
        write_shop_table(folder / f"{name}.parquet", TABLES[name], rows)
    for name, rows in truth.items():
        columns = {column: kind.type for column, kind in TRUTH_COLUMNS[name].items()}
        write_table(folder / "truth" / f"{name}.parquet", columns, rows)
    return folder


def write_shop_table(path: Path, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows of the columns that the loop reads as a table with all columns of a shop's."""
    written = list(SHOP_COLUMNS[table.name])
    if "title" in table.required:
        written.append("title")
        rows = [(*row, row[0]) for row in rows]
    columns = {one.name: SQL_TYPES[one.kind] for one in table.columns}
    places = [written.index(name) if name in written else None for name in columns]
    full = [[None if place is None else row[place] for place in places] for row in rows]
    write_table(path, columns, full)


def write_table(path: Path, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as one Parquet file."""
    cells = [
        [row[place].item() if isinstance(row[place], np.datetime64) else row[place] for row in rows]
        for place in range(len(columns))
    ]
    typed = ", ".join(f'unnest(?::{kind}[]) AS "{name}"' for name, kind in columns.items())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE written AS SELECT {typed}", cells)
        connection.execute(f"COPY written TO '{path}' (FORMAT parquet)")
