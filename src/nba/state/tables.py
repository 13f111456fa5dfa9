"""The tables of the store: those of `nba.schema`, and a few that no shop folder has.

Instants are int64 microseconds UTC, money is int64 minor units, days and lists are texts. Texts
compare by their bytes in every database, so that all give rows in the same order.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeEngine

from nba import schema
from nba.schema import Kind

METADATA: Final = MetaData()
TEXT: Final = String().with_variant(String(collation="C"), "postgresql")
_TYPES: Final[dict[Kind, TypeEngine[Any]]] = {
    **dict.fromkeys((Kind.INSTANT, Kind.COUNT, Kind.MONEY), BigInteger()),
    Kind.NUMBER: Double(),
    Kind.BOOLEAN: Boolean(),
}
"""All other kinds are texts."""


def _mirror(
    contract: schema.Table, *more: Column[Any] | Index, key: tuple[str, ...] | None = None
) -> Table:
    """Give the store's form of a table of the schema.

    Args:
        contract: the table.
        more: what the store adds.
        key: the primary key, by default the contract's; without columns there is none.
    """
    keyed = contract.key if key is None else key
    columns = [
        Column(
            one.name,
            _TYPES.get(one.kind, TEXT),
            primary_key=one.name in keyed,
            nullable=not one.required and one.name not in keyed,
        )
        for one in contract.columns
    ]
    return Table(contract.name, METADATA, *columns, *more, sqlite_with_rowid=not keyed)


PRODUCTS: Final = _mirror(schema.PRODUCTS, Index("products_by_sku", "sku"))
PRODUCT_STATES: Final = _mirror(
    schema.PRODUCT_STATES,
    # Empty in what was stated; in what follows from an order, that order.
    Column("order_id", TEXT, primary_key=True, default="", server_default=""),
    # Which cells a post gave, with commas between them; the others follow what held before. Null
    # where the state says everything.
    Column("given", TEXT),
    Index("product_states_by_instant", "at"),
)
ORDERS: Final = _mirror(
    schema.ORDERS,
    # The name of the version that is shown, and whether the order was met by a post first, so that
    # it takes from the stock; null where it was loaded.
    Column("version", TEXT),
    Column("is_live", Boolean),
    Index("orders_by_customer", "customer_id"),
)
ORDER_LINES: Final = _mirror(schema.ORDER_LINES, Index("order_lines_by_product", "product_id"))
ORDER_LINES.c.product_id.nullable = False
ORDER_STATUSES: Final = _mirror(schema.ORDER_STATUSES)
ORDER_VERSIONS: Final = _mirror(
    schema.ORDER_VERSIONS,
    Index("order_versions_by_line", "order_id", "version", "line_no"),
    Index("order_versions_by_customer", "customer_id", "order_id"),
    # A version that came without lines has no line number.
    key=(),
)
CUSTOMERS: Final = _mirror(schema.CUSTOMERS)
CONSENTS: Final = _mirror(schema.CONSENTS)
EVENTS: Final = _mirror(
    schema.EVENTS,
    Index("events_by_customer", "customer_id", "type", "at"),
    Index("events_by_session", "session_id", "type"),
)
MESSAGES: Final = _mirror(
    schema.MESSAGES,
    # The store's own: until when a claim stands, since when it no longer does, and when the
    # message left, as letters have it: sent, else acknowledged, else claimed.
    Column("expires_at", BigInteger),
    Column("withdrawn_at", BigInteger),
    Column("left_at", BigInteger),
    Index("messages_by_customer", "customer_id"),
    Index("messages_by_leaving", "message", "left_at"),
)
MESSAGE_EVENTS: Final = _mirror(
    schema.MESSAGE_EVENTS,
    Index("message_events_by_message", "message_id"),
    Index("message_events_by_customer", "customer_id"),
)
RULES: Final = _mirror(schema.RULES, key=())
TRAFFIC: Final = _mirror(schema.TRAFFIC)

SHARED: Final = (
    PRODUCTS,
    PRODUCT_STATES,
    ORDERS,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    CUSTOMERS,
    CONSENTS,
    EVENTS,
    MESSAGES,
    MESSAGE_EVENTS,
    RULES,
    TRAFFIC,
)
"""The tables that a shop folder has too, under the same names."""

CAPACITY_PRICES: Final = Table(
    "capacity_prices",
    METADATA,
    Column("planned_at", BigInteger, primary_key=True),
    Column("channel", TEXT, primary_key=True),
    Column("prices_id", TEXT, nullable=False),
    Column("price", Double, nullable=False),
    sqlite_with_rowid=False,
)

REVISIONS: Final = Table(
    "revisions",
    METADATA,
    Column("topic", TEXT, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How often what every process keeps in memory was written: a reader looks up one number."""

IDEMPOTENCY_KEYS: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("caller", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("request_hash", TEXT, nullable=False),
    # Null while the first request is under way.
    Column("status", BigInteger),
    Column("media_type", TEXT),
    Column("body", LargeBinary),
    Column("begun_at", BigInteger, nullable=False),
    Index("idempotency_keys_by_age", "begun_at"),
    sqlite_with_rowid=False,
)

API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("key_id", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    # Of a signing key the secret itself, as a signature cannot be checked against its hash.
    Column("secret", TEXT, nullable=False),
    Column("scopes", TEXT, nullable=False),
    Column("origins", TEXT, nullable=False),
    Column("label", TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    sqlite_with_rowid=False,
)

SECRETS: Final = Table(
    "secrets",
    METADATA,
    Column("purpose", TEXT, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What the store signs and hashes with, made at random when it is first asked for."""

TOMBSTONES: Final = Table(
    "tombstones",
    METADATA,
    Column("hash", TEXT, primary_key=True),
    Column("erased_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

WEBHOOK_EVENTS: Final = Table(
    "webhook_events",
    METADATA,
    Column("event_id", TEXT, primary_key=True),
    Column("provider", TEXT, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("message_id", TEXT),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What providers said that is no event of a message: kept to be counted, without its content."""


def folder_columns(table: Table) -> list[str]:
    """Name the columns of a table that a shop folder has too, in order."""
    contract = schema.ORDER_VERSIONS if table is ORDER_VERSIONS else schema.TABLES[table.name]
    return list(contract.names)
