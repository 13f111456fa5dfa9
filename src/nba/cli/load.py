"""The child process of `nba serve --shop`: a shop folder into an empty store."""

from __future__ import annotations

import sys
from pathlib import Path

from nba.data.shop import batches, shop_tables
from nba.errors import NbaError
from nba.state.store import Store
from nba.state.tables import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS


def load(shop: Path, url: str) -> int:
    """Copy the orders of a shop, with their histories, into the store at `url` and count them.

    Raises:
        DataError: the folder is no shop, or a table of it cannot be read or breaks its contract.
        StateError: the store is not empty.
    """
    held = shop_tables(shop)
    statuses, versions = (
        batches(shop, table.name, table.columns.keys()) if table.name in held else ()
        for table in (ORDER_STATUSES, ORDER_VERSIONS)
    )
    store = Store(url)
    try:
        store.load(
            batches(shop, "orders", ORDERS.columns.keys()),
            batches(shop, "order_lines", ORDER_LINES.columns.keys()),
            order_statuses=statuses,
            order_versions=versions,
        )
        return store.order_count()
    finally:
        store.close()


if __name__ == "__main__":
    try:
        load(Path(sys.argv[1]), sys.argv[2])
    except NbaError as error:
        sys.exit(str(error))
