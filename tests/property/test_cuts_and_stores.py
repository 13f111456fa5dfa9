"""A shop cut twice, and a shop in a store, are the shop as it was."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings

from nba.cli.load import load
from nba.data.shop import Shop
from nba.facts.fold import fold
from nba.state.store import Store
from tests.effort import times
from tests.property.pasts import (
    AS_OF,
    BEFORE,
    CUSTOMERS,
    LAST,
    LATER,
    Row,
    Written,
    additions,
    shops,
    versions_of,
    write,
)
from tests.property.test_import_determinism import same_arrays


@settings(max_examples=times(2, 50), deadline=None)
@given(shops, additions)
def test_folder_and_store_see_the_same_at_any_instant(told: Row, later: Row) -> None:
    written = Written(told)
    written.add(later)
    with TemporaryDirectory() as folder:
        shop = write(Path(folder) / "shop", written.tables())
        url = f"sqlite:///{Path(folder) / 'store.db'}"
        load(shop.path, url)
        store = Store(url)
        every, signals = store.read_all()
        names = [name for name in CUSTOMERS if name is not None]
        for as_of in (*BEFORE, *LATER, LAST):
            at = np.datetime64(as_of)
            whole = fold(every, as_of=at, customers=names, signals=signals)
            expected = versions_of(shop, as_of)
            assert [whole.version(row) for row in range(len(names))] == expected
            assert [store.facts([name], at).version(0) for name in names] == expected
        store.close()


CUTS = times([BEFORE[-1]], [BEFORE[-1], AS_OF])
"""Where a history is cut of which is asked what it says of before; the first loses more."""


@settings(max_examples=times(2, 50), deadline=None)
@given(shops, additions)
def test_a_history_cut_twice_is_a_history_cut_once(told: Row, later: Row) -> None:
    written = Written(told)
    written.add(later)
    with TemporaryDirectory() as folder:
        shop = write(Path(folder) / "shop", written.tables())
        cut = {at: shop.history.until(np.datetime64(at)) for at in (*BEFORE, AS_OF)}
        for earlier, last in combinations_with_replacement(cut, 2):
            twice = cut[last].until(np.datetime64(earlier))
            assert same_arrays(cut[earlier].rows, twice.rows)
            assert cut[earlier].events == twice.events
        seen = {at: versions_of(shop, at) for at in BEFORE}
        for last in CUTS:
            late = Shop(shop.path, cut[last], shop.catalog)
            assert {at: versions_of(late, at) for at in BEFORE} == seen
