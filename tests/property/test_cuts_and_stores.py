"""A shop cut twice, and a shop in a store, are the shop as it was."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings

from nba.cli.load import load
from nba.data.shop import Shop
from nba.facts.fold import fold
from nba.state.store import Store
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


@settings(max_examples=12, deadline=None)
@given(shops, additions)
def test_folder_and_store_see_the_same_at_any_instant(told: Row, later: Row) -> None:
    written = Written(told)
    written.add(later)
    with TemporaryDirectory() as folder:
        shop = write(Path(folder) / "shop", written.tables())
        url = f"sqlite:///{Path(folder) / 'store.db'}"
        load(shop.path, url)
        store = Store(url)
        every = store.all_rows()
        mine = {name: store.rows_of([name]) for name in CUSTOMERS if name is not None}
        store.close()
    for as_of in (*BEFORE, *LATER, LAST):
        at = np.datetime64(as_of)
        whole = fold(every, as_of=at, customers=list(mine))
        alone = [fold(rows, as_of=at, customers=[name]) for name, rows in mine.items()]
        expected = versions_of(shop, as_of)
        assert [whole.version(row) for row in range(len(mine))] == expected
        assert [facts.version(0) for facts in alone] == expected


@settings(max_examples=12, deadline=None)
@given(shops, additions)
def test_a_history_cut_twice_is_a_history_cut_once(told: Row, later: Row) -> None:
    written = Written(told)
    written.add(later)
    with TemporaryDirectory() as folder:
        shop = write(Path(folder) / "shop", written.tables())
        for as_of in (AS_OF, BEFORE[-1]):
            late = Shop(shop.path, shop.history.until(np.datetime64(as_of)), shop.catalog)
            for earlier in BEFORE:
                assert versions_of(late, earlier) == versions_of(shop, earlier)
                once = shop.history.until(np.datetime64(earlier))
                twice = late.history.until(np.datetime64(earlier))
                assert same_arrays(once.rows, twice.rows)
                assert once.events == twice.events
