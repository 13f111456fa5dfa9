"""Locks of PostgreSQL, under which one transaction writes while others wait; SQLite needs none."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from sqlalchemy import Connection

_LOCK_SPACE: Final = 0x6E6261
_LOCK_COUNT: Final = 4_096
"""Customers share these: a server holds some thousand locks in all, and a post may name as many
customers. That two who meet share one costs them a moment."""


def lock_customers(connection: Connection, customers: Sequence[str]) -> bool:
    """Keep everybody else from writing for some customers until the transaction ends.

    Args:
        connection: of `Database.writing`.
        customers: ids; on SQLite the transaction has the whole file alone already.

    Returns:
        Whether others may have written for them since the transaction began.
    """
    if not customers or connection.dialect.name == "sqlite":
        return False
    # In order, so that of two who want some of the same nobody waits for the other in a circle.
    _lock(connection, sorted({_lock_key(one) for one in customers}))
    return True


def lock_budgets(connection: Connection) -> bool:
    """Keep everybody else from spending of a budget of all customers until the transaction ends.

    Args:
        connection: of `Database.writing`, which locks no customer after this.

    Returns:
        Whether others may have spent of one since the transaction began.
    """
    if connection.dialect.name == "sqlite":
        return False
    _lock(connection, [_LOCK_COUNT])
    return True


def lock_tables(connection: Connection) -> None:
    """Keep everybody else from creating or changing tables until the transaction ends.

    Args:
        connection: of `Database.writing`.
    """
    if connection.dialect.name != "sqlite":
        _lock(connection, [_LOCK_COUNT + 1])


def _lock(connection: Connection, keys: Sequence[int]) -> None:
    connection.exec_driver_sql(
        "SELECT count(pg_advisory_xact_lock(%s, one)) FROM unnest(%s::int[]) AS one",
        (_LOCK_SPACE, list(keys)),
    )


def _lock_key(customer: str) -> int:
    digest = blake2b(customer.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % _LOCK_COUNT
