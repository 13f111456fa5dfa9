"""Rows that take back earlier purchases: they raise the returned quantity of what they undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

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


@dataclass(slots=True)
class _Purchase:
    """A line that may yet be taken back: `left` units of it."""

    good: str
    row: int
    order_id: str
    left: int


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
    taken: dict[tuple[str, int], int] = {}
    statuses: dict[tuple[str, datetime], str] = {}
    unmatched: list[Unmatched] = []
    stacks: dict[tuple[str, str], list[_Purchase]] = {}
    for at, is_return, order_id, customer_id, product, quantity, good, row in _in_order_of_time(
        connection, goods
    ):
        stack = stacks.setdefault((customer_id, product), [])
        if not is_return:
            stack.append(_Purchase(good, row, order_id, quantity))
            continue
        missing = quantity
        while missing and stack and customer_id is not None:
            purchase = stack[-1]
            units = min(missing, purchase.left)
            missing -= units
            purchase.left -= units
            if units:
                place = (purchase.good, purchase.row)
                taken[place] = taken.get(place, 0) + units
                statuses.setdefault((purchase.order_id, at), order_id)
            if not purchase.left:
                stack.pop()
        if missing:
            unmatched.append(Unmatched(good, row, product, quantity, missing))
    for good in goods:
        connection.execute(f"DELETE FROM {good} WHERE _n_returns")
    _raise_returned(connection, taken)
    if statuses:
        orders, instants, reasons = zip(
            *((order, at, reason) for (order, at), reason in statuses.items()), strict=True
        )
        connection.execute(
            f"INSERT INTO {RETURNED_ORDERS} BY NAME SELECT unnest(?) AS order_id, "
            "'returned' AS status, unnest(?) AS \"at\", unnest(?) AS reason",
            [list(orders), list(instants), list(reasons)],
        )
    return unmatched


_Row = tuple[datetime, bool, str, str, str, int, str, int]


def _in_order_of_time(connection: duckdb.DuckDBPyConnection, goods: Sequence[str]) -> list[_Row]:
    """List the returns and the purchases that they may undo; at one instant, purchases first."""
    bought = " UNION ALL ".join(_rows_of(good, "NOT _n_returns") for good in goods)
    return connection.execute(f"""
        SELECT "at", is_return, order_id, customer_id, product, quantity, good, _n_row FROM (
            SELECT *, TRUE AS is_return FROM taking_back
            UNION ALL
            SELECT *, FALSE AS is_return FROM ({bought})
            SEMI JOIN taking_back USING (customer_id, product))
        ORDER BY "at", is_return, order_id, quantity, good, _n_row
    """).fetchall()


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
