"""In which currencies the orders of a shop are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from nba.data.checks import literal
from nba.data.conforming import conform
from nba.data.readers import connect
from nba.data.shop import shop_tables
from nba.domain import iso
from nba.errors import DataError
from nba.schema import ORDERS

_COUNTED: Final = "coalesce(is_test, FALSE) = FALSE AND status NOT IN ('cancelled', 'returned')"


def order_currencies(folder: Path, until: np.datetime64) -> dict[str, int]:
    """Count the orders by their currency, an ISO 4217 code, the most frequent one first.

    Orders that are cancelled, returned or tests, and those of which nobody told a currency, do not
    count.

    Args:
        folder: of the shop.
        until: orders from then on do not count.

    Raises:
        DataError: the table of orders breaks its contract.
    """
    source = shop_tables(folder).get(ORDERS.name)
    if source is None:
        return {}
    end = literal((iso(until) or "").removesuffix("Z"))
    with connect() as connection:
        try:
            connection.execute(f"CREATE TEMP VIEW {ORDERS.name} AS {source}")
            found = connection.execute(
                f"SELECT upper(trim(currency)) AS code, count(*) AS orders "
                f"FROM {conform(connection, ORDERS)} WHERE trim(currency) <> '' AND {_COUNTED} "
                f"AND ordered_at < CAST({end} AS TIMESTAMP) "
                "GROUP BY code ORDER BY orders DESC, code"
            ).fetchall()
        except duckdb.Error as error:
            raise DataError(
                f"the orders of {folder} cannot be read: {str(error).splitlines()[0]}"
            ) from None
    return dict(found)
