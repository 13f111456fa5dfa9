"""What `nba train` reads: a shop folder, or a store whose rows are written as one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from nba.cli.facts import is_store, opened

if TYPE_CHECKING:
    from nba.artifacts.snapshot import Snapshot


@contextmanager
def shop_folder(shop: str, announce: Callable[[str], None]) -> Iterator[Path]:
    """Give the folder of a shop; that of a store is a copy that goes away in the end.

    Args:
        shop: a folder, or the URL of a store.
        announce: called with the name of the step as it begins.

    Raises:
        ConfigError: there is no such folder or store.
        DataError: the copy cannot be written.
        StateError: the store cannot be read.
    """
    if is_store(shop):
        announce("reading the store")
        with TemporaryDirectory(prefix="nba-train-") as folder:
            _copy(shop, Path(folder))
            announce("reading the shop")
            yield Path(folder)
        return
    from nba.errors import ConfigError

    if not Path(shop).is_dir():
        raise ConfigError(f"there is no folder {shop}; fill one with: nba import FILES --shop")
    announce("reading the shop")
    yield Path(shop)


def shown(shop: str) -> str:
    """Write a shop as people may read it: of a URL without its password."""
    if not is_store(shop):
        return shop
    from nba.state.engines import database

    return database(shop).shown


def without_erased(shop: str, snapshot: Snapshot) -> Snapshot:
    """Give a snapshot without whom a store erased while it was trained.

    Args:
        shop: a folder, of which nothing is known, or the URL of a store.
        snapshot: what was trained.

    Raises:
        StateError: the store cannot be read.
    """
    from nba.artifacts.blanking import blanked

    return blanked(snapshot, erased_of(shop, _people(snapshot)))


def forget_erased(shop: str, snapshot: Snapshot, models: str) -> None:
    """Take out of all snapshots, and kept statistics, whom a store erased while one was trained.

    Args:
        shop: a folder, of which nothing is known, or the URL of a store.
        snapshot: what was trained and published.
        models: the folder of snapshots.

    Raises:
        SnapshotError: the folder cannot be written.
        StateError: the store cannot be read.
    """
    from nba.artifacts.blanking import blank
    from nba.cli.keeping import erase_kept

    if erased := erased_of(shop, _people(snapshot)):
        erase_kept(models, erased)
        blank(models, erased)


def erased_of(shop: str, known: Collection[str]) -> set[str]:
    """Give those of some customers whom a store has erased; of a folder nobody is known.

    Raises:
        StateError: the store cannot be read.
    """
    if not is_store(shop):
        return set()
    from nba.state.erasure import is_erased

    with opened(shop) as store, store.reading() as connection:
        return is_erased(connection, known)


def _people(snapshot: Snapshot) -> set[str]:
    return {*snapshot.customers.ids, *snapshot.segments.ids}


def _copy(url: str, folder: Path) -> None:
    from nba.data.batched import write_shop
    from nba.state.dumping import dump
    from nba.state.tables import SHARED

    with opened(url) as store, store.reading() as connection:
        write_shop(folder, {table.name: dump(connection, table) for table in SHARED})
