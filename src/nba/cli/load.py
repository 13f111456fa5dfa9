"""The child process of `nba serve --shop`: a shop folder into an empty store."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from nba.cli.console import instant, now
from nba.data.shop import batches, shop_tables
from nba.data.tombstones import Tombstones
from nba.errors import NbaError
from nba.state.erasure import adopt
from nba.state.store import Store
from nba.state.tables import ORDER_LINES, ORDERS, SHARED, folder_columns

_ALWAYS: Final = (ORDERS, ORDER_LINES)
"""What no shop lacks."""


def load(shop: Path, url: str) -> int:
    """Copy a shop into the store at `url` and count its orders.

    Who was erased from the shop is kept out of the store too.

    Raises:
        DataError: the folder is no shop, or a table of it cannot be read or breaks its contract.
        StateError: the store is not empty.
    """
    held = shop_tables(shop)
    tombstones = Tombstones.read(shop)
    store = Store(url)
    try:
        if tombstones.hashes:
            adopt(store, tombstones.key, tombstones.hashes, instant(now(), "now"))
        store.load(
            {
                table: batches(shop, table.name, folder_columns(table))
                for table in SHARED
                if table in _ALWAYS or table.name in held
            }
        )
        return store.order_count()
    finally:
        store.close()


if __name__ == "__main__":
    try:
        load(Path(sys.argv[1]), os.environ["NBA_DB"])
    except NbaError as error:
        sys.exit(str(error))
