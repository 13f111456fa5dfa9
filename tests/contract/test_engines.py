"""Every engine counts what plain loops count, to the last integer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.domain import Ids
from nba.statistics.lags import Followed
from nba.statistics.pairs import PairSettings
from tests.contract import plainly
from tests.contract.counters import Counter, Local, counter, of_all
from tests.engines import ENGINES
from tests.shops import Order, history, random_orders

ALL = Ids.of([f"p{number:04}" for number in range(320)])
"""More products than were ever sold."""
MARGINS = (0.35, 0.5, 0.07)
ASKED = (
    PairSettings(customer_cap=5),
    PairSettings(customer_cap=2, spell_weight=0.25, spell_days=20),
    # Some spells weigh nothing, and large ones are left out.
    PairSettings(customer_cap=1, spell_weight=0.00004, spell_days=90),
)

Sample = tuple[Baskets, Purchases]


def sampled(seed: int, orders: list[Order]) -> Sample:
    """Let some be unproven, some deliveries unknown, and some be empty of products."""
    drawn = np.random.default_rng(seed)
    known = history(orders, as_of=3 * 365)
    baskets, purchases = known.baskets().over(ALL), known.purchases()
    late = drawn.integers(-2, 30, len(baskets)) * np.timedelta64(7, "h")
    delivered = np.where(drawn.random(len(baskets)) < 0.3, np.datetime64("NaT"), baskets.at + late)
    # Money of which a share ends in exact halves, and pieces of which none stayed.
    paid = drawn.integers(0, 10**7, len(baskets.product)) * drawn.integers(
        0, 2, len(baskets.product)
    )
    return (
        replace(baskets, proven=baskets.customer % 3 > 0, delivered_at=delivered),
        replace(
            purchases,
            quantity=drawn.integers(0, 4, len(baskets.product)),
            revenue=np.where(drawn.random(len(paid)) < 0.5, paid, 100 * drawn.integers(0, 99)),
        ),
    )


def coarse(baskets: Baskets) -> Baskets:
    """See products as every fourth of them, and leave a third out, so that orders are empty."""
    code = np.where(np.arange(len(ALL)) % 3 > 0, np.arange(len(ALL)) // 4, -1).astype(np.int32)
    return baskets.coarsened(code, Ids.of([f"t{number:02}" for number in range(80)]))


@pytest.fixture(scope="module")
def sample() -> Sample:
    """2,000 baskets: many orders of a day, of a customer, of more products than 200."""
    usual = random_orders(7, customers=350, products=70, orders=1900)
    usual = [(f"a{number}", who, 7.0 * when, bought) for number, who, when, bought in usual]
    regular = [(f"r{n:03}", "c0001", float(n // 2), ["p0300", "p0301", "p0000"]) for n in range(96)]
    bulk = [f"p{number:04}" for number in range(100, 310)]
    large = [(f"x{n}", who, 2.0 * n, bulk[n:]) for n, who in enumerate(["c0001", "c0003", None])]
    halves = [("y", "c0004", 1, bulk[:150]), ("z", "c0004", 2, bulk[150:])]
    return sampled(7, usual + regular + large + halves)


@pytest.fixture(scope="module", params=["local", *ENGINES])
def engine(request: pytest.FixtureRequest) -> Iterator[Counter]:
    with counter(request.param) as found:
        yield found


def counted_pairs(engine: Counter, baskets: Baskets, asked: PairSettings):
    counts = engine.pairs(baskets, asked)
    columns = (counts.first, counts.second, counts.orders, counts.weight, counts.customers)
    of = counts.products
    assert of.product_ids == baskets.product_ids
    assert [one.dtype for one in columns] == [np.int32] * 2 + [np.int64] * 3
    alone = (of.product_orders, of.product_weight, of.product_customers)
    return {
        "pairs": list(zip(*(one.tolist() for one in columns), strict=True)),
        "products": list(zip(*(one.tolist() for one in alone), strict=True)),
        "totals": (of.order_count, of.total_weight, of.customer_count),
    }


def costs() -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(3)
    return drawn.integers(0, 5000, len(ALL)), drawn.random(len(ALL)) < 0.5


def counted_customers(engine: Counter, sample: Sample, margin: float):
    baskets = sample[0]
    found = engine.customers(*sample, *costs(), margin)
    assert found.as_of == baskets.as_of
    columns = (
        baskets.customer_ids.codes_of(found.customer_ids),
        *(found.orders, found.days, found.first_day, found.last_day),
        *(found.revenue, found.profit, found.first_profit),
    )
    return list(zip(*(one.tolist() for one in columns), strict=True))


class TestEveryEngine:
    @pytest.mark.parametrize("asked", ASKED, ids=str)
    def test_pairs_are_those_of_plain_loops(self, engine, sample, asked):
        baskets, _ = sample
        assert counted_pairs(engine, baskets, asked) == plainly.pairs(baskets, asked)

    def test_orders_that_coarsening_empties_still_count(self, engine, sample):
        baskets, asked = coarse(sample[0]), ASKED[1]
        assert (baskets.size == 0).any()
        assert counted_pairs(engine, baskets, asked) == plainly.pairs(baskets, asked)

    def test_gaps_are_those_of_plain_loops(self, engine, sample):
        for baskets in (sample[0], coarse(sample[0])):
            found = engine.gaps(baskets)
            assert (found.product_ids, found.as_of) == (baskets.product_ids, baskets.as_of)
            assert (found.events.tolist(), found.at_risk.tolist()) == plainly.gaps(baskets)
            assert found.events.any()

    @pytest.mark.parametrize("margin", MARGINS)
    def test_customers_are_those_of_plain_loops(self, engine, sample, margin):
        assert counted_customers(engine, sample, margin) == plainly.sums(*sample, *costs(), margin)

    def test_lags_are_those_of_the_kernel(self, engine, sample):
        followed = Followed.of(coarse(sample[0]), delivery_days=3)
        asked = of_all(followed)
        found = engine.lags(followed, asked)
        assert found == Local().lags(followed, asked)
        assert found.events.any()

    @pytest.mark.parametrize(
        "orders",
        [[], [("o1", "ann", 0, ["p0001", "p0002"])], [("o1", None, 0, ["p0001"])]],
        ids=["nothing", "one order", "one guest"],
    )
    def test_hardly_any_orders_are_counted_too(self, engine, orders):
        baskets, purchases = some = sampled(1, orders)
        asked = ASKED[1]
        assert counted_pairs(engine, baskets, asked) == plainly.pairs(baskets, asked)
        gaps = engine.gaps(baskets)
        assert (gaps.events.tolist(), gaps.at_risk.tolist()) == plainly.gaps(baskets)
        assert counted_customers(engine, some, 0.5) == plainly.sums(*some, *costs(), 0.5)
        assert len(purchases.revenue) == len(baskets.product)

    def test_days_are_those_of_utc_before_1970_and_far_ahead(self, engine):
        old, far = (
            np.datetime64("1969-12-31T23:59:59.999999"),
            np.datetime64("2261-12-31T23:59:59.999999"),
        )
        orders = [(f"o{number}", "ann", number, ["p0001"]) for number in range(6)]
        baskets, purchases = sampled(1, orders)
        step = np.timedelta64(1, "us")
        at = np.array(
            [old - step, old, old + step, far, far + step, far + 2 * step], "datetime64[us]"
        )
        baskets = replace(baskets, at=at, as_of=far + 3 * step)
        found = counted_customers(engine, (baskets, purchases), 0.5)
        assert found == plainly.sums(baskets, purchases, *costs(), 0.5)
        assert [found[0][place] for place in (1, 2)] == [6, 4]
