"""Who counts for `nba train`: this machine, or the engine that is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nba.cli.facts import is_store

if TYPE_CHECKING:
    import numpy as np

    from nba.config import TrainConfig
    from nba.statistics.engines.protocol import Engine

LOCAL: Final = "local"
_STORES_OWN: Final = ("postgresql", "postgres")
"""The engine that is the store."""
_SPARK: Final = "spark-als"


def check_engine(name: str, shop: str, config: TrainConfig, *, keeps: bool) -> None:
    """See, before anything is read, that an engine can do what is asked.

    Args:
        name: as given by --engine.
        shop: a folder, or the URL of a store.
        config: the recipe.
        keeps: statistics are to be kept, or added to.

    Raises:
        ConfigError: it cannot, there is none of that name, or what it needs is missing.
    """
    from nba.errors import ConfigError
    from nba.statistics.engines.connections.connection import check, is_spark

    if name != LOCAL and keeps:
        raise ConfigError(
            "--keep-statistics and --since keep what this machine counts; leave --engine out"
        )
    if name in _STORES_OWN and not (is_store(shop) and shop.startswith("postgresql")):
        raise ConfigError(
            f"--engine {name} counts where a store's orders are, and the shop is no store there; "
            "give its URL, or another engine"
        )
    if _SPARK in config.picks.models and not is_spark(name):
        raise ConfigError(
            f"the recipe's model {_SPARK} is fitted by Spark; add --engine spark, or take als"
        )
    if name != LOCAL:
        check(_reached(name, shop))


@contextmanager
def engine_of(
    name: str,
    shop: str,
    folder: Path,
    as_of: np.datetime64,
    config: TrainConfig,
    *,
    threads: int | None,
) -> Iterator[Engine]:
    """Give who counts; what it holds is given back in the end.

    An engine that sees the shop's tables counts from them; to all others the orders are handed
    over.

    Args:
        name: `local`, `duckdb`, `postgresql` for the store's own, or what `connect` takes.
        shop: a folder, or the URL of a store.
        folder: of the shop, or a copy of the store's tables.
        as_of: the instant at which the history is cut.
        config: the recipe.
        threads: processors of this machine to use; all by default.

    Raises:
        ConfigError: the engine is unknown or cannot be reached, or lacks something.
        DataError: the tables cannot be counted exactly where they are.
    """
    if name == LOCAL:
        from nba.statistics.engines.this_machine import ThisMachine

        yield ThisMachine(threads or os.cpu_count() or 1)
        return
    from nba.statistics.engines.connections.connection import connect
    from nba.statistics.engines.in_place import in_place
    from nba.statistics.engines.warehouse import Warehouse

    with connect(_reached(name, shop), threads=threads) as connection:
        if name in _STORES_OWN:
            place = None
        elif connection.is_here:
            place = folder
        else:
            yield Warehouse(connection)
            return
        with in_place(connection, place, config.copurchase, as_of) as engine:
            yield engine


def _reached(name: str, shop: str) -> str:
    """Give what to connect to: an engine, or the store itself."""
    return shop if name in _STORES_OWN else name
