"""The tables of the store; instants are int64 microseconds UTC, money is int64 minor units."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, String, Table

METADATA: Final = MetaData()

ORDERS: Final = Table(
    "orders",
    METADATA,
    Column("order_id", String, primary_key=True),
    Column("customer_id", String),
    Column("ordered_at", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("status_at", BigInteger),
    Column("delivered_at", BigInteger),
    Column("discount", BigInteger),
    Column("is_test", Boolean),
    Index("orders_by_customer", "customer_id"),
    sqlite_with_rowid=False,
)

ORDER_LINES: Final = Table(
    "order_lines",
    METADATA,
    Column("order_id", String, primary_key=True),
    Column("line_no", BigInteger, primary_key=True),
    Column("product_id", String, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("unit_price", BigInteger),
    Column("discount", BigInteger),
    Column("returned_quantity", BigInteger),
    sqlite_with_rowid=False,
)
