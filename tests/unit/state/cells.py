"""Rows of the store's tables, written as tuples of the columns that matter here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Table

from nba.facts.rows import Rows
from nba.state.known import known_of
from nba.state.store import Store
from nba.state.tables import (
    METADATA,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    ORDERS,
    folder_columns,
)
from nba.state.writing import bump

DAY_US: Final = 86_400_000_000
Cells = list[tuple[Any, ...]]

COLUMNS: Final = {
    name: columns.split()
    for name, columns in {
        "orders": "order_id customer_id ordered_at status status_at delivered_at discount is_test",
        "order_lines": "order_id line_no product_id quantity unit_price discount returned_quantity",
        "order_statuses": "order_id at status",
        "order_versions": "order_id version customer_id ordered_at status status_at delivered_at "
        "discount is_test line_no product_id quantity unit_price line_discount returned_quantity",
        "events": "event_id type at customer_id session_id product_id order_id value",
        "consents": "customer_id channel at granted",
        "messages": "message_id decision_id customer_id message anchor channel decided_at "
        "claimed_at acked_at snapshot_id playbook_id arm propensity eligible products holdout",
        "message_events": "event_id message_id customer_id channel type at is_machine",
        "customers": "customer_id created_at birthday timezone account_type tier points attributes "
        "consent_email consent_sms consent_push consent_call consent_at",
        "product_states": "product_id at availability stock price sale_price sale_until",
    }.items()
}
"""What the cells of a row here are."""

# Ids that sort differently by byte, by UTF-16 unit and by locale, and one with a control character.
ORDER_CELLS: Final[Cells] = sorted(
    [
        ("o1", "ann", 10 * DAY_US, "delivered", 12 * DAY_US, 12 * DAY_US, 50, False),
        ("O2", "ann", 20 * DAY_US, "shipped", None, None, None, None),
        ("ö3", None, 21 * DAY_US, "delivered", None, 25 * DAY_US, 0, False),
        ("o\x014", "bob", 30 * DAY_US, "returned", 40 * DAY_US, 33 * DAY_US, None, False),
        ("\uffee5", None, 31 * DAY_US, "cancelled", 31 * DAY_US, None, None, True),
        ("\U0001f4e66", "b\x01b", -5 * DAY_US, "delivered", None, None, 7, False),
    ]
)
LINE_CELLS: Final[Cells] = sorted(
    [
        ("o1", 1, "kettle", 1, 3000, 0, 0),
        ("o1", 2, "filter", 3, 500, 100, 1),
        ("o1", 10, "tea", 1, None, None, None),
        ("O2", 1, "größe 5/é", 2, 2**53, None, 0),
        ("ö3", 1, "kettle", 1, 3000, 0, 0),
        ("o\x014", 1, "filter", 2, 500, 0, 2),
        ("\uffee5", 1, "tea", 1, 400, 0, 0),
        ("\U0001f4e66", 1, "\U0001f375", 1, 400, 0, 0),
    ]
)

STATUS_CELLS: Final[Cells] = sorted(
    [
        ("o1", 11 * DAY_US, "packed"),
        ("o1", 11 * DAY_US, "shipped"),
        ("o\x014", 33 * DAY_US, "delivered"),
        ("nobody's", 33 * DAY_US, "delivered"),
    ]
)
VERSION_CELLS: Final[Cells] = [
    ("o\x014", "v1", "bob", 30 * DAY_US, "paid", 31 * DAY_US, None, None, False,
     1, "tea", 1, 400, 10, None),
    ("o\x014", "v2", "cat", 30 * DAY_US, "picking", 32 * DAY_US, 33 * DAY_US, 7, None,
     None, None, None, None, None, None),
    ("o\x014", "v3", None, 30 * DAY_US, "picking", 32 * DAY_US, None, 7, None,
     1, "cup", 2, 300, None, 1),
    ("o\x014", "v3", None, 30 * DAY_US, "picking", 32 * DAY_US, None, 7, None,
     2, "filter", 1, 500, None, None),
]  # fmt: skip


def load(
    store: Store, orders: Iterable[Cells], order_lines: Iterable[Cells], **others: Iterable[Cells]
) -> None:
    """Fill a store with batches of rows, others by the names of their tables."""
    tables = {"orders": orders, "order_lines": order_lines, **others}
    store.load({METADATA.tables[name]: laid_out(name, tables[name]) for name in tables})


def write(store: Store, name: str, *rows: tuple[Any, ...]) -> None:
    """Add rows to a table."""
    with store.writing() as connection:
        named = [dict(zip(COLUMNS[name], row, strict=True)) for row in rows]
        connection.execute(METADATA.tables[name].insert(), named)
        bump(connection, "products")


def orders_of(store: Store, customers: Sequence[str]) -> Rows:
    """Read the orders of some customers."""
    with store.asking() as connection:
        return known_of(connection, customers, np.datetime64("2026-01-01", "us")).rows


def laid_out(name: str, batches: Iterable[Cells]) -> Iterator[Cells]:
    """Give rows as `Store.load` takes them; one that is too short stays so."""
    wanted = folder_columns(METADATA.tables[name])
    for batch in batches:
        named = (dict(zip(COLUMNS[name], row, strict=False)) for row in batch)
        yield [
            tuple(row.get(column) for column in wanted) if len(row) == len(COLUMNS[name])
            else tuple(row.values())
            for row in named
        ]  # fmt: skip


def as_dictionaries(
    orders: Cells = ORDER_CELLS, lines: Cells = LINE_CELLS
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the same rows as `Rows.of` takes them."""
    return _named(ORDERS, orders), _named(ORDER_LINES, lines)


def histories_as_dictionaries() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the statuses and versions as `Rows.of` takes them."""
    return _named(ORDER_STATUSES, STATUS_CELLS), _named(ORDER_VERSIONS, VERSION_CELLS)


def _named(table: Table, cells: Cells) -> list[dict[str, Any]]:
    named = [dict(zip(COLUMNS[table.name], row, strict=True)) for row in cells]
    for row in named:
        for name in row.keys() & {"ordered_at", "status_at", "delivered_at", "at"}:
            row[name] = None if row[name] is None else np.datetime64(row[name], "us")
    return named


def one_customer(customer: str, orders: int, lines: int) -> tuple[Cells, Cells]:
    """Give a customer's orders, each with so many lines."""
    names = [f"{customer}-{number:04}" for number in range(orders)]
    return (
        [
            (name, customer, number * DAY_US, "delivered", None, None, None, False)
            for number, name in enumerate(names)
        ],
        [
            (name, line, f"p{(number * 7 + line) % 997:04}", 1, 100, 0, 0)
            for number, name in enumerate(names)
            for line in range(1, lines + 1)
        ],
    )


def in_batches(cells: Cells, size: int) -> Iterator[Cells]:
    """Cut rows into batches."""
    return (cells[first : first + size] for first in range(0, len(cells), size))
