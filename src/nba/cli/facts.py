"""What `nba decide` decides on: the facts of a shop folder, or of a store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from nba.domain import Part
    from nba.facts.fold import Facts
    from nba.state.store import Store


def is_store(shop: str) -> bool:
    """Tell the URL of a store from a folder."""
    return "://" in shop


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """Open a store that is there.

    Raises:
        ConfigError: there is none.
    """
    from nba.state.store import Store

    store = Store(url, must_exist=True)
    try:
        yield store
    finally:
        store.close()


def read_facts(
    shop: str,
    at: np.datetime64 | None,
    customers: Sequence[str] | None,
    part: Part | None = None,
) -> Facts:
    """Fold what is known of some customers, or of all.

    Args:
        shop: a folder, or the URL of a store.
        at: up to when to know; by default everything.
        customers: ids; by default all of whom anything is known.
        part: of these all, of whom alone rows are read; by default the whole.

    Raises:
        ConfigError: there is no such folder or store.
        DataError: the folder is no shop.
        StateError: the store cannot be read.
        ErasedCustomerError: one of the customers was erased.
    """
    from nba.domain import MICROSECOND

    if is_store(shop):
        from nba.state.erasure import is_erased

        with opened(shop) as store:
            with store.reading() as connection:
                _refuse(is_erased(connection, customers or ()))
            return facts_of(store, at, customers, part)
    from nba.data.parted import facts_of_part
    from nba.data.shop import read_shop
    from nba.data.tombstones import Tombstones
    from nba.errors import ConfigError

    if not Path(shop).is_dir():
        raise ConfigError(f"there is no folder {shop}; fill one with: nba import FILES --shop")
    if part is not None:
        return facts_of_part(Path(shop), part, at)
    tombstones = Tombstones.read(Path(shop))
    _refuse([one for one in customers or () if tombstones.holds("customer", one)])
    found = read_shop(shop)
    as_of = found.last_fact() + MICROSECOND if at is None else at
    return found.facts(as_of=as_of, customers=customers)


def _refuse(erased: Collection[str]) -> None:
    from nba.errors import ErasedCustomerError

    for customer in erased:
        raise ErasedCustomerError(
            f"{customer} was erased, and nothing is known of them any more; ask about somebody else"
        )


def facts_of(
    store: Store,
    at: np.datetime64 | None,
    customers: Sequence[str] | None,
    part: Part | None = None,
) -> Facts:
    """Fold what a store knows; the same arguments and errors."""
    from nba.domain import MICROSECOND
    from nba.facts.fold import fold
    from nba.state.latest import last_fact
    from nba.state.parted import facts_of_part

    as_of = last_fact(store) + MICROSECOND if at is None else at
    if customers is not None:
        return store.facts(customers, as_of)
    if part is not None:
        return facts_of_part(store, part, as_of)
    rows, signals = store.read_all()
    return fold(rows, as_of=as_of, signals=signals)
