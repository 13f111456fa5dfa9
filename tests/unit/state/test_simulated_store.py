"""A simulated shop as a folder and as a store: equal facts of everybody and of each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

import nba
from nba.cli.load import load
from nba.data.shop import Shop
from nba.data.simulator.generate import simulate
from nba.domain import to_instant
from nba.facts.fold import Facts, fold
from nba.state.store import Store
from tests.unit.state.test_folder_and_store import equal

INSTANTS = ("2024-09-01T00:00Z", "2025-12-24T17:30Z", "2026-03-30T00:00Z", "2026-06-30T12:00Z")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    simulate(folder, orders=2_500, seed=11)
    return nba.read_shop(folder)


@pytest.fixture(scope="module")
def loaded(shop: Shop) -> Store:
    url = f"sqlite:///{shop.path.parent / 'store.db'}"
    load(shop.path, url)
    return Store(url)


def plain(facts: Facts) -> dict[str, object]:
    """Give every array of the facts but those of the shelf, codes as what they stand for."""

    def named(ids: Sequence[str], codes: NDArray[np.integer]) -> list[str | None]:
        return [None if code < 0 else ids[code] for code in codes.tolist()]

    people, intents, letters = facts.people, facts.intents, facts.letters
    coded: dict[str, object] = {
        "order_id": named(facts.order_ids, facts.order_id),
        "product": named(facts.product_ids, facts.product),
        "order_anchor": named(facts.anchors, facts.order_anchor),
        "zone": named(people.zones, people.zone),
        "tier": named(people.tiers, people.tier),
        "intents.product": named(facts.product_ids, intents.product),
        "intents.anchor": named(facts.anchors, intents.anchor),
        "intents.event_ids": list(intents.event_ids),
        "letters.anchor": named(facts.anchors, letters.anchor),
    }
    for part, held in (
        ("", facts),
        ("people.", people),
        ("intents.", intents),
        ("letters.", letters),
    ):
        for field in fields(held):
            value = getattr(held, field.name)
            if isinstance(value, np.ndarray) and not {field.name, part + field.name} & coded.keys():
                coded[part + field.name] = (value.dtype.str, value.shape, value.tobytes())
    return coded


@pytest.mark.parametrize("as_of", INSTANTS)
def test_both_fold_to_the_same_facts_of_everybody(shop: Shop, loaded: Store, as_of: str) -> None:
    rows, signals = loaded.read_all()
    facts = fold(rows, as_of=to_instant(as_of), signals=signals)
    assert len(facts.customer_ids) > 50
    assert equal(shop.facts(as_of=as_of), facts)


@pytest.mark.parametrize("as_of", INSTANTS)
def test_both_fold_to_the_same_facts_of_each_alone(shop: Shop, loaded: Store, as_of: str) -> None:
    at = to_instant(as_of)
    whole = shop.facts(as_of=as_of)
    for row in range(0, len(whole.customer_ids), 7):
        customer = whole.customer_ids[row]
        found = loaded.facts([customer], at)
        assert found.version(0) == whole.version(row)
        assert list(found.week_counts) == list(whole.week_counts)


def test_customers_and_guests_alone_are_the_same_from_both_array_by_array(
    shop: Shop, loaded: Store
) -> None:
    at = to_instant(INSTANTS[2])
    _, signals = loaded.read_all()
    guests = [signals.customer_ids[code] for code in signals.merges.guest[::40].tolist()]
    for customer in (*shop.facts(as_of=at).customer_ids[::40], *guests, "nobody"):
        folder, store = shop.facts(as_of=at, customers=[customer]), loaded.facts([customer], at)
        assert plain(folder) == plain(store)
        assert folder.version(0) == store.version(0)
        assert equal(folder.shelf, store.shelf)


def test_a_store_gives_several_customers_as_each_alone(shop: Shop, loaded: Store) -> None:
    at = to_instant(INSTANTS[3])
    customers = list(shop.facts(as_of=at).customer_ids[::-9])
    together = loaded.facts(customers, at)
    assert together.customer_ids == tuple(customers)
    for row, customer in enumerate(customers):
        assert together.version(row) == loaded.facts([customer], at).version(0)
