"""Rows that take back earlier purchases: they raise the returned quantity of what they undo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import duckdb

from nba.schema import ORDER_STATUSES

RETURNED_ORDERS: Final = "returned_orders"
"""The DuckDB table of statuses that `take_back` makes."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A row that takes back more than its customer had bought before.

    Attributes:
        good: the table it was in.
        row: its number there.
        product: what it takes back, by the name the line gives it.
        quantity: how much.
        missing: how much of that no earlier purchase accounts for.
    """

    good: str
    row: int
    product: str
    quantity: int
    missing: int


class _Line(NamedTuple):
    """A purchase, or a row that takes one back."""

    at: datetime
    is_return: bool
    order_id: str
    customer_id: str | None
    product: str
    quantity: int
    good: str
    row: int


class _Purchases:
    """What customers have bought so far and may yet bring back.

    Attributes:
        taken: (table, row) of a purchase → units of it that came back.
        statuses: (order, instant) → the return that took something of the order then.
    """

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, int]] = Counter()
        self.statuses: dict[tuple[str, datetime], str] = {}
        self._latest_last: dict[tuple[str | None, str], list[_Line]] = {}

    def add(self, line: _Line) -> None:
        self._latest_last.setdefault((line.customer_id, line.product), []).append(line)

    def undo(self, line: _Line) -> int:
        """Take the quantity of a return off the latest purchases; give what none accounts for."""
        missing = line.quantity
        stack = self._latest_last.get((line.customer_id, line.product), [])
        while missing and stack:
            bought = stack[-1]
            place = (bought.good, bought.row)
            left = bought.quantity - self.taken[place]
            units = min(missing, left)
            if units:
                missing -= units
                self.taken[place] += units
                self.statuses.setdefault((bought.order_id, line.at), line.order_id)
            if units == left:
                stack.pop()
        return missing


def take_back(connection: duckdb.DuckDBPyConnection, goods: Sequence[str]) -> list[Unmatched]:
    """Take the rows marked `_n_returns` out of flat tables and let them undo purchases.

    In order of time, each takes its quantity from the latest earlier lines of the same customer
    and product, line by line until it is used up, and raises their `returned_quantity`. The order
    of each such line gets a row of `returned_orders`: the status `returned`, at the instant of the
    return, with the id of the return as its reason.

    Args:
        connection: where the tables are.
        goods: tables of checked rows with the columns of the flat entry.

    Returns:
        The rows of which some quantity found no earlier purchase, in order of time.
    """
    cells = ", ".join(f"{name} VARCHAR" for name in ORDER_STATUSES.names if name != "at")
    connection.execute(f'CREATE TEMP TABLE {RETURNED_ORDERS} ({cells}, "at" TIMESTAMP)')
    returning = " UNION ALL ".join(_rows_of(good, "_n_returns") for good in goods)
    connection.execute(f"CREATE TEMP TABLE taking_back AS {returning}")
    purchases = _Purchases()
    unmatched: list[Unmatched] = []
    for line in _in_order_of_time(connection, goods):
        if not line.is_return:
            purchases.add(line)
        elif missing := purchases.undo(line):
            unmatched.append(Unmatched(line.good, line.row, line.product, line.quantity, missing))
    for good in goods:
        connection.execute(f"DELETE FROM {good} WHERE _n_returns")
    _raise_returned(connection, purchases.taken)
    _note_statuses(connection, purchases.statuses)
    return unmatched


def _in_order_of_time(
    connection: duckdb.DuckDBPyConnection, goods: Sequence[str]
) -> Iterator[_Line]:
    """Give the returns and the purchases that they may undo; at one instant, purchases first."""
    bought = " UNION ALL ".join(_rows_of(good, "NOT _n_returns") for good in goods)
    found = connection.execute(f"""
        SELECT "at", is_return, order_id, customer_id, product, quantity, good, _n_row FROM (
            SELECT *, TRUE AS is_return FROM taking_back
            UNION ALL
            SELECT *, FALSE AS is_return FROM ({bought})
            SEMI JOIN taking_back USING (customer_id, product))
        ORDER BY "at", is_return, order_id, quantity, good, _n_row
    """).fetchall()
    return (_Line(*cells) for cells in found)


def _rows_of(good: str, condition: str) -> str:
    return f"""
        SELECT '{good}' AS good, _n_row, order_id, customer_id, ordered_at AS "at",
            coalesce(product_id, sku, title) AS product,
            quantity - coalesce(returned_quantity, 0) AS quantity
        FROM {good} WHERE {condition}"""


def _raise_returned(
    connection: duckdb.DuckDBPyConnection, taken: Mapping[tuple[str, int], int]
) -> None:
    by_table: dict[str, dict[int, int]] = {}
    for (good, row), quantity in taken.items():
        by_table.setdefault(good, {})[row] = quantity
    for good, units in by_table.items():
        connection.execute(
            f"""
            UPDATE {good} g SET returned_quantity = coalesce(returned_quantity, 0) + t.units
            FROM (SELECT unnest(?) AS _n_row, unnest(?) AS units) t WHERE g._n_row = t._n_row
            """,
            [list(units), list(units.values())],
        )


def _note_statuses(
    connection: duckdb.DuckDBPyConnection, statuses: Mapping[tuple[str, datetime], str]
) -> None:
    if not statuses:
        return
    orders, instants = zip(*statuses, strict=True)
    connection.execute(
        f"INSERT INTO {RETURNED_ORDERS} BY NAME SELECT unnest(?) AS order_id, "
        "'returned' AS status, unnest(?) AS \"at\", unnest(?) AS reason",
        [list(orders), list(instants), list(statuses.values())],
    )
