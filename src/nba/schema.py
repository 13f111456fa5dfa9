"""Column contracts of the tables of a shop, and of the flat one-file entry.

A contract is data: which columns there are, of which kind, and which must hold a value. The
rooms that read rows turn it into checks, column by column for files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nba.statuses import STATUSES
from nba.vocabulary import AVAILABILITIES


class Kind(StrEnum):
    """How the text of a column is read."""

    ID = "id"
    TEXT = "text"
    INSTANT = "instant"
    COUNT = "count"
    MONEY = "money"
    BOOLEAN = "boolean"
    STATUS = "status"
    AVAILABILITY = "availability"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, kind, and whether every row must fill it."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a shop; `key` names the columns that identify a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns every row must fill."""
        return tuple(column.name for column in self.columns if column.required)


CHOICES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.STATUS: STATUSES,
    Kind.AVAILABILITY: tuple(AVAILABILITIES),
}


def _table(name: str, key: str, columns: str) -> Table:
    """Read a contract written as `name:kind` words; `!` marks a required column."""
    parsed = []
    for word in columns.split():
        column, kind = word.rstrip("!").split(":")
        parsed.append(Column(column, Kind(kind), required=word.endswith("!")))
    return Table(name, tuple(parsed), tuple(key.split()))


PRODUCTS: Final = _table(
    "products",
    "product_id",
    """
    product_id:id! title:text! category:text product_group_id:id brand:text price:money
    sale_price:money sale_until:instant cost:money currency:text availability:availability
    stock:count published_at:instant discontinued_at:instant successor_of:list accessory_for:list
    compatible_with:list replacement_cycle_days:count is_consumable:boolean attributes:text
    link:text image_link:text
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
    order_id:id! line_no:count! product_id:id! quantity:count! unit_price:money discount:money
    returned_quantity:count
    """,
)

FLAT: Final = _table(
    "flat",
    "",
    """
    order_id:id! customer_id:id ordered_at:instant! product_id:id! quantity:count!
    unit_price:money line_no:count line_discount:money returned_quantity:count status:status
    status_at:instant delivered_at:instant currency:text discount:money channel:text
    account_type:text is_test:boolean title:text category:text brand:text
    """,
)
"""One row an order line with the cells of its order and product repeated: one file gets a
newcomer to results. `line_discount` belongs to the line, `discount` to the order."""

QUARANTINE: Final = _table(
    "quarantine", "", "source:text! line:count! column:text rule:text! value:text raw:text"
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table for table in (FLAT, PRODUCTS, ORDERS, ORDER_LINES)
}
"""What a file may hold, in the order in which headers are compared."""
