"""The facts of one part of a shop folder's customers, of whom alone rows are read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from nba.data.conforming import conform
from nba.data.held import SIGNAL_TABLES
from nba.data.history import EPOCH, OrderHistory
from nba.data.rows import read_rows
from nba.data.shop import opened_tables, shop_tables
from nba.data.signals import last_told, read_signals
from nba.domain import MICROSECOND, Part
from nba.errors import DataError
from nba.facts.fold import Facts, fold
from nba.facts.parted import only
from nba.schema import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    ORDERS,
)

_OF_ORDERS: Final = (ORDERS, ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS)
_SPEAKING: Final = (
    *(ORDERS, ORDER_VERSIONS, CUSTOMERS),
    *(CONSENTS, EVENTS, MESSAGES, MESSAGE_EVENTS),
)
"""Tables that name customers."""


def facts_of_part(folder: Path, part: Part, as_of: np.datetime64 | None) -> Facts:
    """Fold what is known of everybody in a part: the facts that a fold of all has of them.

    Args:
        folder: of the shop.
        part: of the customers.
        as_of: up to when to know, itself excluded; by default just after the shop's last fact.

    Raises:
        DataError: the folder is no shop, or a table of it breaks its contract.
    """
    names = [one.name for one in (*_OF_ORDERS, *SIGNAL_TABLES)]
    sources = {name: query for name, query in shop_tables(folder).items() if name in names}
    if ORDERS.name not in sources or ORDER_LINES.name not in sources:
        raise DataError(
            f"{folder} holds no shop (orders.parquet, order_lines.parquet); "
            f"fill it with: nba import FILES --shop {folder}"
        )
    with opened_tables(folder, sources) as connection:
        if as_of is None:
            told = last_told(connection, (*_OF_ORDERS, *SIGNAL_TABLES))
            as_of = np.fmax(told, EPOCH) + MICROSECOND
        customers = _customers(connection, sources, part)
        signals = read_signals(connection, as_of=as_of, customers=customers)
        _keep_orders(connection, sources)
        rows = OrderHistory.from_rows(read_rows(connection)).rows
    return only(fold(rows, as_of=as_of, signals=signals), part)


def _customers(
    connection: duckdb.DuckDBPyConnection, sources: dict[str, str], part: Part
) -> list[str]:
    """Name the customers of a part of whom any table speaks; `Part.holds`, in the words of SQL."""
    named = " UNION ".join(
        f"SELECT customer_id FROM {conform(connection, one)}"
        for one in _SPEAKING
        if one.name in sources
    )
    found = connection.execute(
        f"""
        SELECT customer_id FROM ({named}) WHERE customer_id IS NOT NULL
            AND ('0x' || sha256(customer_id)[1:16])::UBIGINT % ? = ?
        """,
        [part.count, part.number - 1],
    )
    return [name for (name,) in found.fetchall()]


def _keep_orders(connection: duckdb.DuckDBPyConnection, sources: dict[str, str]) -> None:
    """Leave out the orders of everybody but those in the table `linked`, which signals made.

    An order stays, too, of which an earlier version is theirs.
    """
    own = " UNION ".join(
        f"SELECT order_id FROM {one.name} WHERE customer_id::VARCHAR IN (FROM linked)"
        for one in (ORDERS, ORDER_VERSIONS)
        if one.name in sources
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE own_orders AS {own}")
    for one in _OF_ORDERS:
        if one.name in sources:
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {one.name} AS SELECT * FROM ({sources[one.name]}) "
                "WHERE order_id IN (FROM own_orders)"
            )
