"""In which currencies the orders of a shop are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from nba.data.asking import ask, timestamp
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
    found = ask(
        folder,
        ORDERS,
        "upper(trim(currency)) AS code, count(*) AS orders",
        f"trim(currency) <> '' AND {_COUNTED} AND ordered_at < {timestamp(until)} "
        "GROUP BY code ORDER BY orders DESC, code",
    )
    return dict(found)
