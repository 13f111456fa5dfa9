"""What a place costs where channels are short: planned once, and read by every later decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from sqlalchemy import func, insert, select

from nba.state.asking import microseconds
from nba.state.store import Store
from nba.state.tables import CAPACITY_PRICES

_LATEST: Final = select(func.max(CAPACITY_PRICES.c.planned_at)).scalar_subquery()
_NOW: Final = select(CAPACITY_PRICES).where(CAPACITY_PRICES.c.planned_at == _LATEST)


def keep_prices(
    store: Store, prices_id: str, channels: Mapping[str, float], planned_at: np.datetime64
) -> None:
    """Let prices hold from now on; those of before stay, for what was decided on them.

    Args:
        store: where to keep them.
        prices_id: names them.
        channels: channel → minor units a message.
        planned_at: when they were planned; plans of one instant replace one another.

    Raises:
        StateError: the store cannot be written.
    """
    at = microseconds(planned_at)
    with store.writing() as connection:
        connection.execute(CAPACITY_PRICES.delete().where(CAPACITY_PRICES.c.planned_at >= at))
        connection.execute(
            insert(CAPACITY_PRICES),
            [
                {"planned_at": at, "channel": name, "prices_id": prices_id, "price": price}
                for name, price in sorted(channels.items())
            ],
        )


def prices_now(store: Store) -> dict[str, float]:
    """Give the price of each channel of the last plan; nothing where capacity was never planned.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        return {row.channel: row.price for row in connection.execute(_NOW)}
