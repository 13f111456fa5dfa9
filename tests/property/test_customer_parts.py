"""Parts of the customers are disjoint, together everybody, and know what the whole knows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.cli.load import load
from nba.data import parted as folders
from nba.data.shop import Shop, read_shop
from nba.data.simulator.generate import simulate
from nba.domain import MICROSECOND, Part
from nba.facts.fold import Facts, fold
from nba.state import parted as stores
from nba.state.store import Store
from tests.databases import postgres_url
from tests.effort import times
from tests.property.pasts import AS_OF, BEFORE, LAST, Row, Written, additions, shops, write

merges = st.lists(
    st.tuples(
        st.sampled_from([*BEFORE, AS_OF]),
        st.sampled_from(["s1", "s2", "ann", "cat"]),
        st.sampled_from(["ann", "bob", "cat", "zoe"]),
    ),
    max_size=3,
)


def told(facts: Iterable[Facts]) -> list[tuple[str, str, str, list[int]]]:
    """Give what is known of each customer of some facts, by name."""
    return sorted(
        (name, one.version(row), one.shelf.version, one.week_counts.tolist())
        for one in facts
        for row, name in enumerate(one.customer_ids)
    )


def parts(count: int) -> list[Part]:
    return [Part(number, count) for number in range(1, count + 1)]


def check(shop: Shop, store: Store, count: int) -> None:
    for as_of in times([AS_OF], [BEFORE[2], AS_OF, LAST]):
        at = np.datetime64(as_of)
        whole = told([shop.facts(as_of=at)])
        assert told(folders.facts_of_part(shop.path, one, at) for one in parts(count)) == whole
        assert told(stores.facts_of_part(store, one, at) for one in parts(count)) == whole


def loaded(shop: Shop, url: str) -> Store:
    load(shop.path, url)
    return Store(url)


@settings(max_examples=times(2, 100), deadline=None)
@given(shops, additions, merges, st.integers(1, 3))
def test_the_parts_of_a_shop_know_what_the_whole_knows(
    past: Row, later: Row, merged: list[tuple[str, str, str]], count: int
) -> None:
    written = Written(past)
    written.add(later)
    for at, session, customer in merged:
        written.happen(at, {"type": "merge", "session_id": session, "customer_id": customer})
    with TemporaryDirectory() as folder:
        shop = write(Path(folder) / "shop", written.tables())
        store = loaded(shop, f"sqlite:///{Path(folder) / 'store.db'}")
        check(shop, store, count)
        # Without an instant it is just after the last fact, whoever it is about.
        after_all = shop.last_fact() + MICROSECOND
        for one in parts(count):
            assert folders.facts_of_part(shop.path, one, None).as_of == after_all
        store.close()


def test_postgresql_splits_as_a_folder_does(tmp_path: Path) -> None:
    simulate(tmp_path / "shop", orders=120, seed=7)
    simulated = read_shop(tmp_path / "shop")
    store = loaded(simulated, postgres_url())
    at = simulated.last_fact()
    rows, signals = store.read_all()
    whole = told([fold(rows, as_of=at, signals=signals)])
    assert told(stores.facts_of_part(store, one, at) for one in parts(2)) == whole
    assert told(folders.facts_of_part(simulated.path, one, at) for one in parts(2)) == whole
    store.close()


def test_the_part_of_a_customer_is_a_published_rule_that_never_changes() -> None:
    digits = hashlib.sha256("Zoë".encode()).hexdigest()[:16]
    assert Part(int(digits, 16) % 7 + 1, 7).holds("Zoë")
    assert [one for one in range(1, 5) if Part(one, 4).holds("ann")] == [3]
    assert [one for one in range(1, 5) if Part(one, 4).holds("42")] == [2]


@pytest.mark.parametrize("count", [2, 7])
def test_parts_are_disjoint_and_about_as_large(count: int) -> None:
    names = [f"c{number}" for number in range(7_000)]
    found = Counter(one for name in names for one in parts(count) if one.holds(name))
    assert found.total() == len(names)
    assert max(found.values()) - min(found.values()) < len(names) / count / 5
