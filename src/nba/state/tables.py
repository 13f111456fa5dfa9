"""The tables of the store; instants are int64 microseconds UTC, money is int64 minor units."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, MetaData, String, Table

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

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("event_id", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("customer_id", String),
    Column("session_id", String),
    Column("product_id", String),
    Column("order_id", String),
    Column("value", Float),
    Index("events_by_customer", "customer_id", "type", "at"),
    Index("events_by_session", "session_id", "type"),
    sqlite_with_rowid=False,
)
"""What was shown and where it stood is for measuring, not for deciding, and stays in the folder."""

CONSENTS: Final = Table(
    "consents",
    METADATA,
    Column("customer_id", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("granted", Boolean, primary_key=True),
    sqlite_with_rowid=False,
)

MESSAGES: Final = Table(
    "messages",
    METADATA,
    Column("message_id", String, primary_key=True),
    Column("decision_id", String, nullable=False),
    Column("customer_id", String, nullable=False),
    Column("message", String, nullable=False),
    Column("anchor", String),
    Column("channel", String),
    Column("decided_at", BigInteger, nullable=False),
    Column("claimed_at", BigInteger),
    Column("acked_at", BigInteger),
    Column("snapshot_id", String),
    Column("playbook_id", String),
    Column("arm", String),
    Column("propensity", Float),
    Column("eligible", String),
    Column("products", String),
    Column("holdout", Boolean),
    # The store's own: until when a claim stands, since when it no longer does, and when the
    # message left, as letters have it: sent, else acknowledged, else claimed.
    Column("expires_at", BigInteger),
    Column("withdrawn_at", BigInteger),
    Column("left_at", BigInteger),
    Index("messages_by_customer", "customer_id"),
    Index("messages_by_leaving", "message", "left_at"),
    sqlite_with_rowid=False,
)

MESSAGE_EVENTS: Final = Table(
    "message_events",
    METADATA,
    Column("event_id", String, primary_key=True),
    Column("message_id", String, nullable=False),
    Column("customer_id", String),
    Column("channel", String),
    Column("type", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("is_machine", Boolean),
    Index("message_events_by_message", "message_id"),
    Index("message_events_by_customer", "customer_id"),
    sqlite_with_rowid=False,
)

CUSTOMERS: Final = Table(
    "customers",
    METADATA,
    Column("customer_id", String, primary_key=True),
    Column("created_at", BigInteger),
    Column("birthday", String),
    Column("timezone", String),
    Column("account_type", String),
    Column("tier", String),
    Column("points", BigInteger),
    Column("attributes", String),
    Column("consent_email", Boolean),
    Column("consent_sms", Boolean),
    Column("consent_push", Boolean),
    Column("consent_call", Boolean),
    Column("consent_at", BigInteger),
    sqlite_with_rowid=False,
)

PRODUCT_STATES: Final = Table(
    "product_states",
    METADATA,
    Column("product_id", String, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("availability", String),
    Column("stock", BigInteger),
    Column("price", BigInteger),
    Column("sale_price", BigInteger),
    Column("sale_until", BigInteger),
    Index("product_states_by_instant", "at"),
    sqlite_with_rowid=False,
)

CAPACITY_PRICES: Final = Table(
    "capacity_prices",
    METADATA,
    Column("planned_at", BigInteger, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("prices_id", String, nullable=False),
    Column("price", Float, nullable=False),
    sqlite_with_rowid=False,
)

_OWN_COLUMNS: Final = frozenset(("expires_at", "withdrawn_at", "left_at"))


def folder_columns(table: Table) -> list[str]:
    """Name the columns of a table that a shop folder has too, in order."""
    return [one.name for one in table.columns if one.name not in _OWN_COLUMNS]
