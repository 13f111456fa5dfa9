"""Consents that nobody gave, for a shop that only shows what decisions look like."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nba.data.checks import literal
from nba.data.readers import connect
from nba.data.shop import shop_tables, write_tables
from nba.errors import DataError
from nba.schema import CONSENTS, ORDERS
from nba.vocabulary import Channel

SOURCE: Final = "demonstration"
"""What the consents name as their source."""


def pretend_consents(folder: Path, channel: Channel) -> int:
    """Write that every customer with an order granted a channel with the first, and count them.

    Whatever consents the shop held are gone.

    Raises:
        DataError: the folder holds no orders, or it cannot be written.
    """
    tables = shop_tables(folder)
    if ORDERS.name not in tables:
        raise DataError(f"{folder} holds no orders; fill it with: nba import FILES")
    with connect() as connection:
        connection.execute(f"""
            CREATE TABLE {CONSENTS.name} AS
            SELECT customer_id, {literal(channel)} AS channel, TRUE AS granted,
                min(ordered_at) AS "at", {literal(SOURCE)} AS source
            FROM ({tables[ORDERS.name]}) WHERE customer_id IS NOT NULL GROUP BY customer_id
        """)
        write_tables(connection, folder, [CONSENTS.name])
        counted = connection.execute(f"SELECT count(*) FROM {CONSENTS.name}").fetchone()
    return 0 if counted is None else int(counted[0])
