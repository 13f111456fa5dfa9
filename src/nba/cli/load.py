"""The child process of `nba serve --shop`: a shop folder into an empty store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from nba.data.shop import batches, shop_tables
from nba.errors import NbaError
from nba.state.store import Store
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_LINES,
    ORDER_STATUSES,
    ORDER_VERSIONS,
    ORDERS,
    PRODUCT_STATES,
    folder_columns,
)

_OPTIONAL: Final = (
    ORDER_STATUSES,
    ORDER_VERSIONS,
    EVENTS,
    CONSENTS,
    MESSAGES,
    MESSAGE_EVENTS,
    CUSTOMERS,
    PRODUCT_STATES,
)
"""What a shop may lack."""


def load(shop: Path, url: str) -> int:
    """Copy what decisions need of a shop into the store at `url` and count its orders.

    Raises:
        DataError: the folder is no shop, or a table of it cannot be read or breaks its contract.
        StateError: the store is not empty.
    """
    held = shop_tables(shop)
    optional = {
        table.name: batches(shop, table.name, folder_columns(table))
        for table in _OPTIONAL
        if table.name in held
    }
    store = Store(url)
    try:
        store.load(
            batches(shop, ORDERS.name, folder_columns(ORDERS)),
            batches(shop, ORDER_LINES.name, folder_columns(ORDER_LINES)),
            **optional,
        )
        return store.order_count()
    finally:
        store.close()


if __name__ == "__main__":
    try:
        load(Path(sys.argv[1]), sys.argv[2])
    except NbaError as error:
        sys.exit(str(error))
