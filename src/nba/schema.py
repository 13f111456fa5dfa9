"""Column contracts of the tables of a shop, and of the flat one-file entry.

A contract is data: which columns there are, of which kind, and which must hold a value. The
rooms that read rows turn it into checks, column by column for files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nba.statuses import STATUSES
from nba.vocabulary import (
    AVAILABILITIES,
    CHANNELS,
    CURATED_LISTS,
    EVENT_TYPES,
    MESSAGE_EVENT_TYPES,
    RULE_KINDS,
)


class Kind(StrEnum):
    """How the text of a column is read."""

    ID = "id"
    TEXT = "text"
    INSTANT = "instant"
    DAY = "day"
    COUNT = "count"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    STATUS = "status"
    AVAILABILITY = "availability"
    CHANNEL = "channel"
    EVENT_TYPE = "event_type"
    MESSAGE_EVENT_TYPE = "message_event_type"
    RULE_KIND = "rule_kind"
    CURATED_LIST = "curated_list"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, kind, and whether every row must fill it."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a shop.

    Attributes:
        name: as files and messages call it.
        columns: in order.
        key: the columns that identify a row.
        either: columns of which every row must fill at least one.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    either: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns every row must fill."""
        return tuple(column.name for column in self.columns if column.required)

    def lacks(self, header: Collection[str]) -> list[str]:
        """List the columns that a source with this header would have to have besides."""
        missing = [name for name in self.required if name not in header]
        if self.either and not any(name in header for name in self.either):
            missing.append(" or ".join(self.either))
        return missing


CHOICES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.STATUS: STATUSES,
    Kind.AVAILABILITY: tuple(AVAILABILITIES),
    Kind.CHANNEL: tuple(CHANNELS),
    Kind.EVENT_TYPE: EVENT_TYPES,
    Kind.MESSAGE_EVENT_TYPE: MESSAGE_EVENT_TYPES,
    Kind.RULE_KIND: tuple(RULE_KINDS),
    Kind.CURATED_LIST: CURATED_LISTS,
}
"""The values that a column of a kind may hold."""


def _table(name: str, key: str, columns: str, either: str = "") -> Table:
    """Read a contract written as `name:kind` words; `!` marks a required column."""
    parsed = []
    for word in columns.split():
        column, kind = word.rstrip("!").split(":")
        parsed.append(Column(column, Kind(kind), required=word.endswith("!")))
    return Table(name, tuple(parsed), tuple(key.split()), tuple(either.split()))


PRODUCTS: Final = _table(
    "products",
    "product_id",
    """
    product_id:id! title:text! category:text product_group_id:id brand:text price:money
    sale_price:money sale_until:instant cost:money currency:text availability:availability
    stock:count published_at:instant discontinued_at:instant successor_of:list accessory_for:list
    compatible_with:list replacement_cycle_days:count is_consumable:boolean attributes:text
    link:text image_link:text sku:id
    """,
)

ORDERS: Final = _table(
    "orders",
    "order_id",
    """
    order_id:id! customer_id:id ordered_at:instant! status:status! status_at:instant
    delivered_at:instant currency:text discount:money channel:text account_type:text
    is_test:boolean
    """,
)

ORDER_LINES: Final = _table(
    "order_lines",
    "order_id line_no",
    """
    order_id:id! line_no:count! product_id:id quantity:count! unit_price:money discount:money
    returned_quantity:count sku:id title:text
    """,
    either="product_id sku title",
)
"""A line names its product by `product_id`, else by `sku`, else by `title`; what a shop folder
holds always has a `product_id`."""

FLAT: Final = _table(
    "flat",
    "",
    """
    order_id:id! customer_id:id ordered_at:instant! product_id:id sku:id quantity:count!
    unit_price:money line_no:count line_discount:money returned_quantity:count status:status
    status_at:instant delivered_at:instant currency:text discount:money channel:text
    account_type:text is_test:boolean title:text category:text brand:text
    """,
    either="product_id sku title",
)
"""One row an order line with the cells of its order and product repeated: one file gets a
newcomer to results. `line_discount` belongs to the line, `discount` to the order."""

ORDER_STATUSES: Final = _table(
    "order_statuses",
    "order_id at status",
    "order_id:id! status:status! at:instant! reason:text tracking:text",
)

ORDER_VERSIONS: Final = _table(
    "order_versions",
    "order_id version line_no",
    """
    order_id:id! version:text! customer_id:id ordered_at:instant! status:status! status_at:instant
    delivered_at:instant currency:text discount:money channel:text account_type:text
    is_test:boolean line_no:count product_id:id quantity:count unit_price:money
    line_discount:money returned_quantity:count sku:id title:text
    """,
)
"""Versions of orders that gave way to a later one, a row a line with the cells of its order; a
version that came without lines has one row without them. Written by imports, read from no file."""

PRODUCT_STATES: Final = _table(
    "product_states",
    "product_id at",
    """
    product_id:id! at:instant! availability:availability stock:count price:money sale_price:money
    sale_until:instant
    """,
)

CUSTOMERS: Final = _table(
    "customers",
    "customer_id",
    """
    customer_id:id! created_at:instant birthday:day timezone:text locale:text account_type:text
    tier:text points:count acquisition_cost:money attributes:text consent_email:boolean
    consent_sms:boolean consent_push:boolean consent_call:boolean consent_at:instant
    """,
)

CONSENTS: Final = _table(
    "consents",
    "customer_id channel at granted",
    "customer_id:id! channel:channel! granted:boolean! at:instant! source:text",
)

EVENTS: Final = _table(
    "events",
    "event_id",
    """
    event_id:id! type:event_type! at:instant! customer_id:id session_id:id product_id:id order_id:id
    value:number placement:text recommendation_id:id decision_id:id position:count
    """,
)

MESSAGES: Final = _table(
    "messages",
    "message_id",
    """
    message_id:id! decision_id:id! customer_id:id! message:text! anchor:text channel:channel
    decided_at:instant! claimed_at:instant acked_at:instant snapshot_id:text playbook_id:text
    arm:text propensity:number eligible:text products:list holdout:boolean
    """,
)

MESSAGE_EVENTS: Final = _table(
    "message_events",
    "event_id",
    """
    event_id:id! message_id:id! customer_id:id channel:channel type:message_event_type! at:instant!
    is_machine:boolean
    """,
)

RULES: Final = _table(
    "rules",
    "kind source_product_id target_product_id relation valid_from",
    """
    kind:rule_kind! source_product_id:id target_product_id:id! relation:curated_list
    valid_from:instant valid_until:instant
    """,
)

TRAFFIC: Final = _table("traffic", "day channel", "day:day! channel:text! visits:count spend:money")

QUARANTINE: Final = _table(
    "quarantine", "", "source:text! line:count! column:text rule:text! value:text raw:text"
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        FLAT,
        PRODUCTS,
        ORDERS,
        ORDER_LINES,
        ORDER_STATUSES,
        PRODUCT_STATES,
        MESSAGE_EVENTS,
        EVENTS,
        MESSAGES,
        CONSENTS,
        RULES,
        TRAFFIC,
        CUSTOMERS,
    )
}
"""What a file may hold; of two that fit a header alike, the earlier one is meant."""


def closest_table(header: Collection[str]) -> Table:
    """Give the table that a header with our names most likely belongs to.

    It is the one that knows most of the columns; one that lacks nothing need know only more than
    half as many.
    """

    def known(table: Table) -> int:
        return len(set(table.names) & set(header))

    closest = max(TABLES.values(), key=lambda table: (known(table), not table.lacks(header)))
    whole = [table for table in TABLES.values() if not table.lacks(header)]
    best = max(whole, key=known, default=closest)
    return best if 2 * known(best) > known(closest) else closest
