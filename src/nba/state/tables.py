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

ORDER_STATUSES: Final = Table(
    "order_statuses",
    METADATA,
    Column("order_id", String, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("status", String, primary_key=True),
    sqlite_with_rowid=False,
)

ORDER_VERSIONS: Final = Table(
    "order_versions",
    METADATA,
    Column("order_id", String, nullable=False),
    Column("version", String, nullable=False),
    Column("customer_id", String),
    Column("ordered_at", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("status_at", BigInteger),
    Column("delivered_at", BigInteger),
    Column("discount", BigInteger),
    Column("is_test", Boolean),
    Column("line_no", BigInteger),
    Column("product_id", String),
    Column("quantity", BigInteger),
    Column("unit_price", BigInteger),
    Column("line_discount", BigInteger),
    Column("returned_quantity", BigInteger),
    # No primary key: a version that came without lines has no line number.
    Index("order_versions_by_line", "order_id", "version", "line_no", unique=True),
    Index("order_versions_by_customer", "customer_id", "order_id"),
)
