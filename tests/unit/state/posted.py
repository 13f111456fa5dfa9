"""What a store holds, table by table, as tests of posts compare it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Table, select

from nba import schema
from nba.state.posting import Posted, post
from nba.state.store import Store
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    ORDERS,
    PRODUCT_STATES,
    PRODUCTS,
)

AT: Final = np.datetime64("2026-03-01T12:00:00", "us")
"""When things are posted."""
ABOUT_ORDERS: Final = (
    ORDERS,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    PRODUCTS,
    PRODUCT_STATES,
)
EVERYTHING: Final = (*ABOUT_ORDERS, EVENTS, CONSENTS, CUSTOMERS)
Row = dict[str, Any]


def rows_of(store: Store, table: Table) -> list[Row]:
    """Give the rows of a table, sorted by their cells, each without its empty ones."""
    with store.reading() as connection:
        found = [dict(row) for row in connection.execute(select(table)).mappings()]
    filled = [{name: cell for name, cell in row.items() if cell is not None} for row in found]
    names = [column.name for column in table.c]
    return sorted(filled, key=lambda row: [str(row.get(name, "")) for name in names])


def everything(store: Store) -> dict[str, list[Row]]:
    """Give the rows of all tables that posts write."""
    return {table.name: rows_of(store, table) for table in EVERYTHING}


def hour(count: float) -> str:
    """Name an instant so many hours after the beginning of 2026."""
    begin = np.datetime64("2026-01-01", "us")
    return f"{begin + np.timedelta64(round(count * 3_600_000_000), 'us')}Z"


def micros(text: str) -> int:
    """Give an instant as the store holds it."""
    return int(np.datetime64(text.rstrip("Z"), "us").astype(np.int64))


def order(number: str = "o1", *lines: Row, **cells: Any) -> Row:
    """Write an order as it is posted; of a kettle, where no lines are given."""
    return {
        "order_id": number,
        "customer_id": "ann",
        "ordered_at": hour(10),
        "status": "paid",
        "lines": list(lines) or [{"product_id": "kettle", "quantity": 1, "unit_price": 3000}],
        **cells,
    }


def post_orders(store: Store, *orders: Row) -> Posted:
    """Post orders together."""
    return post(store, schema.ORDERS, orders, AT)


def post_products(store: Store, *products: Row) -> Posted:
    """Post products together."""
    return post(store, schema.PRODUCTS, products, AT)


def stock_of(store: Store, product: str = "kettle") -> Sequence[tuple[str, int | None, str | None]]:
    """Give the states of a product by instant: who made them, stock, availability."""
    states = sorted(rows_of(store, PRODUCT_STATES), key=lambda row: row["at"])
    return [
        (row["order_id"], row.get("stock"), row.get("availability"))
        for row in states
        if row["product_id"] == product
    ]
