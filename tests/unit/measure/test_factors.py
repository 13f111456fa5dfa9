from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba.measure.factors import change_of, decompose, point_a, sales_factors
from nba.measure.kpis import shop_kpis
from nba.measure.sales import Sales
from tests.golden.log_shop import MARGIN, shop_catalog, shop_history
from tests.golden.test_kpis import daily_traffic, told_traffic
from tests.shops import history

POSITIVE = st.floats(1e-3, 1e6)
ANY = st.one_of(st.none(), st.just(0.0), st.floats(-1e3, 1e3), POSITIVE)


@pytest.fixture(scope="module")
def found():
    sales = Sales.of(shop_history(), shop_catalog(), default_margin=MARGIN)
    return shop_kpis(sales, told_traffic())


def test_factors_of_january_multiply_to_its_profit(found):
    # Twelve customers and a guest bought 14 times.
    january = sales_factors(found.months[0])
    assert january.to_dict() == {
        "visits": 1400,
        "conversion": 13 / 1400,
        "repeats": 14 / 13,
        "average_bill": 43_100 / 14,
        "margin": 18_200 / 43_100,
        "profit": 18_200,
    }
    assert math.prod(january.values) == pytest.approx(18_200, rel=1e-12)


def test_factors_of_every_period_multiply_to_its_profit(found):
    for period in (found.whole, *found.months):
        for with_visits in (True, False):
            factors = sales_factors(period, with_visits=with_visits)
            assert factors.has_visits is with_visits
            assert math.prod(factors.values) == pytest.approx(period.sums.profit, rel=1e-12)


def test_point_a_is_the_first_full_month_and_its_parts_add_up(found):
    compared = point_a(found)
    assert (compared.baseline, compared.now) == (found.months[0], found.months[3])
    change = compared.change
    assert change.change == 13_700 - 18_200
    assert sum(change.parts) == pytest.approx(-4_500, rel=1e-12)
    assert change.method == "logarithmic_mean"
    parts = dict(zip(change.before.names, change.parts, strict=True))
    # L = -4500 / ln(13700 / 18200); visits fell from 1400 to 1300, buyers were 13 in both months.
    weight = -4500 / math.log(13_700 / 18_200)
    assert parts["visits"] == pytest.approx(weight * math.log(1300 / 1400))
    assert parts["conversion"] == pytest.approx(-parts["visits"])
    assert parts["repeats"] == pytest.approx(weight * math.log(13 / 14))
    json.dumps(compared.to_dict(), allow_nan=False)


def test_a_month_in_which_a_shop_began_late_is_no_baseline():
    # Day 0 is the first of January at noon, days 31 and 59 those of February and March.
    begun_late = history([("o1", "a", 1, ["p"]), ("o2", "a", 31, ["p"])], as_of=120)
    compared = point_a(shop_kpis(Sales.of(begun_late)))
    assert str(compared.baseline.since.astype("datetime64[M]")) == "2026-02"
    assert str(compared.now.since.astype("datetime64[M]")) == "2026-04"
    assert compared.now.sums.orders == 0
    assert compared.change.parts == pytest.approx((-30, 0, 0, 0))
    assert point_a(shop_kpis(Sales.of(history([("o1", "a", 1, ["p"])], as_of=58.4)))) is None
    assert point_a(shop_kpis(Sales.of(history([])))) is None


def test_visits_count_only_where_both_periods_tell_them(found):
    untold = shop_kpis(Sales.of(shop_history(), shop_catalog(), default_margin=MARGIN))
    change = change_of(found.months[0], untold.months[1])
    assert change.before.names == change.after.names
    assert change.before.names[0] == "buyers"


def test_visits_of_some_days_alone_are_no_factor():
    sales = Sales.of(shop_history(), shop_catalog(), default_margin=MARGIN)
    # An order came on the first of these days, others on days of which nothing is told.
    told = daily_traffic([("2026-01-01", "direct", 50, None), ("2026-01-02", "direct", 50, None)])
    january = shop_kpis(sales, told).months[0]
    assert january.conversion == 0.01
    assert sales_factors(january).names[0] == "buyers"


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=5))
def test_parts_of_positive_factors_add_up(pairs):
    old, new = zip(*pairs, strict=True)
    parts, method = decompose(old, new)
    assert method == "logarithmic_mean"
    size = max(math.prod(new), math.prod(old))
    assert sum(parts) == pytest.approx(math.prod(new) - math.prod(old), rel=1e-6, abs=1e-9 * size)
    for before, after, part in zip(old, new, parts, strict=True):
        assert part * (after - before) >= 0


@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=5))
def test_parts_of_any_factors_add_up(pairs):
    old, new = zip(*pairs, strict=True)
    parts, _ = decompose(old, new)

    def product(first, second):
        told = [(a if a is not None else b) for a, b in zip(first, second, strict=True)]
        return math.prod(0.0 if one is None else one for one in told)

    change = product(new, old) - product(old, new)
    size = math.prod(max(abs(a or 0), abs(b or 0), 1.0) for a, b in pairs)
    assert sum(parts) == pytest.approx(change, rel=1e-6, abs=1e-9 * size)


def test_nothing_changed_has_no_parts():
    assert decompose((3.0, 0.1), (3.0, 0.1)) == ((0.0, 0.0), "logarithmic_mean")


def test_a_shop_that_had_no_visits_owes_its_change_to_them():
    parts, method = decompose((0.0, None, None), (100.0, 0.5, 20.0))
    assert method == "shapley"
    assert parts == pytest.approx((1000, 0, 0))


def test_a_loss_is_split_among_what_grew_and_the_margin():
    # 10 x 0.2 = 2 became 20 x -0.1 = -2: by Shapley (10 x 0.2 + 10 x -0.1) / 2 and
    # (10 x -0.3 + 20 x -0.3) / 2.
    parts, _ = decompose((10.0, 0.2), (20.0, -0.1))
    assert parts == pytest.approx((0.5, -4.5))


def test_changes_too_small_for_a_quotient_are_split_too():
    parts, _ = decompose((1e6, 1.0), (1e6 * (1 + 1e-13), 1.0))
    assert parts == pytest.approx((1e-7, 0), abs=1e-9)
