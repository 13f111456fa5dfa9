from dataclasses import replace

import numpy as np
import pytest

from nba.artifacts.repurchase import EVIDENCE
from nba.config import RepurchaseConfig
from nba.domain import DAY
from nba.learn.assortment import Assortment
from nba.learn.repurchase.learning import repurchase
from tests.shops import catalog, day, history
from tests.unit.learn.refills import START, Shop, draw_shop, typical_days

INTERVALS = [25.0, 45.0, 80.0, 140.0]
CUT = 500.0


def at(days):
    return START + np.timedelta64(round(days * 86_400), "s")


@pytest.fixture(scope="module")
def shop():
    return draw_shop(INTERVALS)


@pytest.fixture(scope="module")
def learned(shop):
    return shop.learn(CUT)


def test_four_of_five_refills_come_within_their_interval(shop, learned):
    clocks, keys = learned
    later = shop.next_days(keys, CUT)
    comes = np.flatnonzero(later)
    due = clocks.due(comes, at(CUT))
    came = START + (later[comes] * DAY).astype("m8[us]")
    inside = (came >= due.due_from) & (came <= due.due_until)

    assert len(comes) > 200
    assert 0.74 <= inside.mean() <= 0.87
    for code in range(len(EVIDENCE)):
        of_class = clocks.evidence[comes] == code
        assert 0.65 <= inside[of_class].mean() <= 0.95


def test_the_interval_of_a_regular_customer_is_narrower_than_that_of_the_product(shop, learned):
    clocks, keys = learned
    regular = np.flatnonzero((clocks.evidence == 3) & (keys % 4 == 1))
    due = clocks.due(regular, at(CUT))
    width = np.median((due.due_until - due.due_from) / DAY)
    key = shop.customer * 4 + shop.product
    order = np.lexsort((shop.day, key))
    gaps = np.diff(shop.day[order])
    gaps = gaps[(np.diff(key[order]) == 0) & (key[order][1:] % 4 == 1)]
    low, high = np.quantile(gaps, [0.1, 0.9])

    assert width < 0.8 * (high - low)


def test_intervals_are_recovered_within_ten_per_cent(learned):
    assert typical_days(*learned, 4) == pytest.approx(INTERVALS, rel=0.1)


def test_open_gaps_count_or_long_intervals_would_seem_short():
    intervals, cut = [30.0, 150.0], 250.0
    shop = draw_shop(intervals, until=cut, buyers=600, seed=2)
    clocks, keys = shop.learn(cut)
    seen = shop.known(cut)
    order = np.lexsort((seen.day, seen.customer, seen.product))
    same = (np.diff(seen.customer[order]) == 0) & (np.diff(seen.product[order]) == 0)
    gaps, product = np.diff(seen.day[order])[same], seen.product[order][1:][same]

    # Only those that ended: a long one could hardly end in the time.
    assert np.median(gaps[product == 1]) < 0.85 * intervals[1]
    assert typical_days(clocks, keys, 2) == pytest.approx(intervals, rel=0.1)


def test_who_returns_is_told_in_the_right_share(shop, learned):
    clocks, keys = learned
    returns = clocks.returns(np.arange(len(keys)), at(CUT))
    came = shop.next_days(keys, CUT) > 0

    assert returns.mean() == pytest.approx(came.mean(), abs=0.06)
    likely = returns > np.quantile(returns, 0.75)
    assert came[likely].mean() > 3 * came[~likely].mean()


@pytest.mark.parametrize(("power", "least", "most"), [(1, 1.0, 1.75), (0, 0.0, 0.25)])
def test_larger_purchases_last_longer_where_the_shop_shows_it(power, least, most):
    clocks, keys = draw_shop([30.0, 50.0], power=power, seed=3).learn(CUT)

    # New buyers of one product differ by what they bought, 1 to 4 pieces: ln 4 is 1.39.
    location = clocks.location[(clocks.evidence == 0) & (keys % 2 == 0)]
    assert least <= np.ptp(location) <= most


def test_the_unit_of_quantities_does_not_matter():
    shop = draw_shop([30.0, 50.0], power=1, seed=3)
    pieces, _ = shop.learn(CUT)
    grams, _ = replace(shop, quantity=shop.quantity * 1000).learn(CUT)

    assert np.allclose(pieces.location, grams.location, atol=1e-4)


def test_a_stated_cycle_stands_in_for_the_type():
    shop = draw_shop([40.0, 80.0], seed=4)
    stated = [
        {"product_id": "p0", "category": "T", "replacement_cycle_days": 40},
        {"product_id": "p1", "category": "T", "replacement_cycle_days": 80},
        {"product_id": "p2", "category": "T", "replacement_cycle_days": 20},
    ]
    fresh = [np.array([7]), np.array([2]), np.array([CUT - 1.0]), np.array([1])]
    columns = (shop.customer, shop.product, shop.day, shop.quantity)
    wider = Shop(*(np.append(*pair) for pair in zip(columns, fresh, strict=True)), stated)
    clocks, keys = wider.learn(CUT)

    assert typical_days(clocks, keys, 3) == pytest.approx([40, 80, 20], rel=0.15)


def test_durables_and_what_nobody_bought_twice_have_no_clock():
    shop = draw_shop([30.0, 30.0, 30.0], seed=5, buyers=80)
    once = (shop.product != 2) | (shop.day == first_days(shop)[shop.customer * 3 + shop.product])
    columns = (shop.customer, shop.product, shop.day, shop.quantity)
    listing = [
        {"product_id": "p0", "category": "T0"},
        {"product_id": "p1", "category": "T1", "is_consumable": False},
        {"product_id": "p2", "category": "T2"},
    ]
    clocks, keys = Shop(*(column[once] for column in columns), listing).learn(CUT)

    assert clocks.known[keys % 3 == 0].all()
    assert not clocks.known[keys % 3 != 0].any()
    assert not clocks.location[~clocks.known].any()


def first_days(shop):
    first = np.full(int(shop.customer.max() + 1) * 3, np.inf)
    np.minimum.at(first, shop.customer * 3 + shop.product, shop.day)
    return first


def test_a_shop_where_nothing_is_bought_twice_has_no_clocks():
    shop = draw_shop([5000.0], seed=6, buyers=50)
    clocks, keys = shop.learn(CUT)

    assert len(clocks) == len(keys)
    assert not clocks.known.any()


def test_repeats_on_one_day_are_one_purchase():
    shop = draw_shop([30.0], seed=7, buyers=60)
    columns = (shop.customer, shop.product, np.floor(shop.day), shop.quantity)
    daily = Shop(*columns, shop.listing)
    twice = Shop(*(np.repeat(column, 2) for column in columns), shop.listing)
    one, _ = daily.learn(CUT)
    two, _ = twice.learn(CUT)

    assert np.array_equal(one.last_day, two.last_day)
    assert np.array_equal(one.evidence, two.evidence)
    assert np.allclose(one.location, two.location, atol=1e-5)


def test_a_sample_tells_nearly_the_same(shop, learned):
    clocks, _ = shop.learn(CUT, sample=1000)

    assert np.median(np.abs(clocks.location - learned[0].location)) < 0.1


@pytest.mark.parametrize(
    ("orders", "known"),
    [
        ([], []),
        ([("o1", None, 0, ["a"]), ("o2", None, 9, ["a"])], []),
        ([("o1", "ann", 0, ["a", "b"])], [False, False]),
        ([("o1", "ann", 0, ["a"]), ("o2", "ann", 0, ["a"])], [False]),
        ([("o1", "ann", 0, ["a"]), ("o2", "ann", 20, ["a", "b"])], [True, False]),
    ],
)
def test_the_smallest_shops_are_learned(orders, known):
    past = history(orders, as_of=30)
    placed = past.baskets(proving_days=0)
    listing = catalog("a", "b", "c")
    placed = placed.over(listing.product_ids)
    types = Assortment.of(listing.category, listing.product_group_id)
    cells = np.arange(len(known), dtype=np.int32)
    durable = listing.is_consumable == 0
    clocks = repurchase(
        placed, past.purchases(), listing, types, cells, durable, RepurchaseConfig()
    )

    assert clocks.known.tolist() == known
    due = clocks.due(cells, day(30))
    assert (due.due_until[due.known] > day(30)).all()
    assert np.isfinite(clocks.location).all()
