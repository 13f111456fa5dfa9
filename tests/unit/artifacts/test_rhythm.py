"""What the rhythm of customers says, against draws from the models and against scipy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1
from scipy.stats import beta

from nba.artifacts.arrays import pack, unpack
from nba.artifacts.outlook import mean_purchases
from nba.artifacts.rhythm import STATES, Rhythm
from nba.config import RhythmConfig
from nba.errors import ConfigError

BG, MBG = 0, 1
BUYING = (0.525, 6.183, 0.891, 1.614)
SPENDING = (6.25, 3.74, 1545.0)
DAY_ZERO = np.datetime64("2020-01-01")


def customers(*pasts, code: int = MBG, buying=BUYING, profit=1000, **changes) -> Rhythm:
    """Build a rhythm from pasts (days with a purchase, day of the first, day of the last)."""
    config = RhythmConfig(**changes)
    days, first, last = np.array(pasts, np.int64).reshape(-1, 3).T
    return Rhythm(
        np.array([code], np.int8),
        np.array(buying, float),
        np.array(SPENDING),
        np.array(
            [config.at_risk_below, config.lost_below, config.at_risk_alive, config.lost_alive]
        ),
        np.array([config.discount]),
        days.astype(np.int32),
        DAY_ZERO + first.astype("timedelta64[D]"),
        DAY_ZERO + last.astype("timedelta64[D]"),
        np.maximum(days - 1, 0) * profit,
        np.zeros(len(days), "datetime64[D]"),
        np.zeros(len(days)),
    )


def at(day: float) -> np.datetime64:
    """Give the first instant of the day after a day."""
    return (DAY_ZERO + np.timedelta64(round((day + 1) * 86_400e6), "us")).astype("datetime64[us]")


def mean(x: int, horizon: float, a: float, b: float, shape: float, exposure: float) -> float:
    found = mean_purchases(
        np.array([shape + x]), a, np.array([b + x]), np.array([[horizon / exposure]])
    )
    return float(found[0, 0])


RANGE = list(
    product(
        (0.1, 0.891, 1.7, 4.0, 20.0),  # a
        (0.5, 2.614, 50.0),  # b
        (0.1, 0.525, 3.0),  # r
        (0.5, 66.0, 1049.0),  # alpha + T
        (0, 1, 3, 20, 100, 500),  # x
        (1 / 7, 52.0, 261.0),  # horizon
    )
)


def test_the_mean_is_the_closed_form_wherever_scipy_can_compute_it():
    compared = 0
    for a, b, r, exposure, x, horizon in RANGE:
        z = horizon / (exposure + horizon)
        c = a + b + x - 1
        with np.errstate(invalid="ignore", over="ignore"):
            # Euler's transformation of the form in the paper, which overflows even earlier.
            closed = c / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(c - r - x, a - 1, c, z))
        if np.isfinite(closed):
            compared += 1
            assert mean(x, horizon, a, b, r, exposure) == pytest.approx(closed, rel=2e-6)
    assert compared > 0.98 * len(RANGE)


@pytest.mark.parametrize("a", [0.3, 0.999_999_999, 1.0, 1.000_001, 2.0, 3.0])
@pytest.mark.parametrize("x", [0, 2, 40])
def test_the_mean_needs_no_closed_form(a, x):
    r, b, exposure = 0.8, 2.0, 5.0
    for horizon in (0.5, 52.0, 261.0):

        def given(leaves: float, u: float = horizon / exposure) -> float:
            return -np.expm1(-(r + x) * np.log1p(leaves * u)) / leaves

        # The quantiles of the beta distribution as nodes: no pole at either end.
        counted, _ = quad(lambda share: given(beta.ppf(share, a, b + x)), 0, 1, limit=400)
        assert mean(x, horizon, a, b, r, exposure) == pytest.approx(counted, rel=1e-5)


@pytest.mark.parametrize("code", [BG, MBG])
@pytest.mark.parametrize("past", [(1, 0, 0), (2, 0, 70), (4, 0, 105), (13, 0, 350), (31, 0, 350)])
def test_figures_are_those_of_customers_drawn_given_their_past(code, past):
    known = customers(past, code=code)
    (r, alpha, a, b), (p, q, v) = BUYING, SPENDING
    rng, count = np.random.default_rng(past[0]), 200_000
    x, recency, age = past[0] - 1, past[2] / 7, 364 / 7
    # Left or not: two integrals over rate and dropout, each of a gamma and a beta.
    left = a / (b + x + code - 1) * ((alpha + age) / (alpha + recency)) ** (r + x)
    alive = 1.0 if x + code == 0 else 1 / (1 + left)
    is_there = rng.random(count) < alive
    rate, leaves = rng.gamma(r + x, 1 / (alpha + age), count), rng.beta(a, b + x + code, count)
    wanted, allowed = rng.poisson(rate * 365 / 7), rng.geometric(leaves)
    bought = np.where(is_there, np.minimum(wanted, allowed), 0)
    scale = rng.gamma(q + p * x, 1 / (v + 1000 * x), count)
    paid = np.where(bought > 0, rng.gamma(p * np.maximum(bought, 1)) / scale, 0.0)

    code_of, then = np.array([0]), at(364)
    assert known.p_alive(code_of, then)[0] == pytest.approx(alive, rel=1e-12)
    mean_count = known.expected_purchases(code_of, then)[0]
    assert mean_count == pytest.approx(bought.mean(), abs=5 * bought.std() / count**0.5)
    whole = customers(past, code=code, discount=0).lifetime_value(code_of, then)
    assert whole.expected[0] == pytest.approx(paid.mean(), abs=5 * paid.std() / count**0.5)
    # What is above is a tenth, and below too where most buy at all.
    assert (paid > whole.high[0]).mean() == pytest.approx(0.1, abs=0.03)
    assert (paid < whole.low[0]).mean() < 0.12
    assert ((paid >= whole.low[0]) & (paid <= whole.high[0])).mean() > 0.78


def test_later_profit_is_worth_less():
    past = (4, 0, 105)
    values = [
        customers(past, discount=share).lifetime_value(np.array([0]), at(120))
        for share in (0, 0.1, 0.5)
    ]
    assert values[0].expected > values[1].expected > values[2].expected
    assert values[0].high > values[1].high
    # A year in four quarters, most of it early: a little less than half a year's discount.
    assert 1.1**-0.5 < (values[1].expected / values[0].expected)[0] < 1.1**-0.375


def test_a_monthly_and_a_yearly_buyer_differ_at_the_same_silence():
    monthly, yearly = (13, 0, 365), (5, 0, 4 * 365)
    rare = np.array([0, 1])
    known = customers(monthly, yearly)
    then = np.array([at(365 + 150), at(4 * 365 + 150)])
    assert [STATES[one] for one in known.state(rare, then)] == ["lost", "active"]
    silence, alive = known.silence(rare, then), known.p_alive(rare, then)
    assert silence[0] < 0.05 < 0.6 < silence[1]
    assert alive[0] < 0.3 < 0.6 < alive[1]


def test_states_follow_one_another_as_the_silence_grows():
    known = customers((13, 0, 365))
    then = at(365) + np.arange(0, 700, 7) * np.timedelta64(1, "D")
    codes = known.state(np.zeros(100, np.int64), then)
    assert (np.diff(codes) >= 0).all()
    assert {STATES[one] for one in codes} == {"active", "at_risk", "lost"}
    alive = known.p_alive(np.zeros(100, np.int64), then)
    assert (np.diff(alive) < 0).all()


def test_the_limits_are_settings():
    past, then, who = (13, 0, 365), at(365 + 30), np.array([0])
    silence = float(customers(past).silence(who, then)[0])
    assert 0.2 < silence < 0.5
    for limits, state in (
        ({}, "active"),
        ({"at_risk_below": 0.499}, "at_risk"),
        ({"lost_below": 0.499}, "lost"),
        ({"at_risk_alive": 0.99}, "at_risk"),
        ({"lost_alive": 0.99}, "lost"),
    ):
        assert STATES[customers(past, **limits).state(who, then)[0]] == state


def test_who_bought_once_may_be_gone_except_where_the_model_says_nobody_is():
    once, then, who = (1, 0, 0), at(5 * 365), np.array([0])
    assert customers(once, code=BG).p_alive(who, then) == 1
    assert customers(once, code=MBG).p_alive(who, then) < 0.25
    assert STATES[customers(once, code=MBG).state(who, then)[0]] == "at_risk"


def test_who_bought_yesterday_is_active_even_where_few_come_back():
    few = (0.1, 100.0, 13.0, 0.2)
    known = customers((1, 0, 0), buying=few)
    assert known.p_alive(np.array([0]), at(1)) < 0.05
    assert STATES[known.state(np.array([0]), at(1))[0]] == "active"


def test_a_customer_without_a_purchase_has_no_rhythm():
    known = customers((0, 0, 0), (2, 0, 10))
    who, then = np.array([0]), at(50)
    value = known.lifetime_value(who, then)
    figures = (
        known.p_alive(who, then),
        known.silence(who, then),
        known.weekly_rate(who, then),
        known.expected_purchases(who, then),
        *(value.expected, value.low, value.high),
    )
    assert [float(figure[0]) for figure in figures] == [0.0] * 7
    assert STATES[known.state(who, then)[0]] == "none"


def test_time_is_told_in_days_and_never_before_the_last_purchase():
    known, who = customers((3, 0, 100)), np.array([0])
    midnight = at(150)
    assert known.silence(who, midnight) == known.silence(who, midnight - np.timedelta64(5, "h"))
    assert known.silence(who, midnight) > known.silence(who, midnight + np.timedelta64(1, "us"))
    assert known.silence(who, at(20)) == known.silence(who, at(100)) == 1


def test_a_repeat_day_that_brought_a_loss_counts_as_one_that_brought_nothing():
    who, then = np.array([0]), at(150)
    loss, nothing = (customers((3, 0, 100), profit=one) for one in (-500, 0))
    gain = customers((3, 0, 100), profit=500)
    assert loss.lifetime_value(who, then).expected == nothing.lifetime_value(who, then).expected
    assert nothing.lifetime_value(who, then).expected < gain.lifetime_value(who, then).expected


def test_one_customer_gets_the_same_bytes_as_among_many():
    rng = np.random.default_rng(5)
    days = rng.geometric(0.2, 3_000)
    pasts = np.column_stack([days, rng.integers(0, 300, 3_000), rng.integers(300, 600, 3_000)])
    pasts[days == 1, 2] = pasts[days == 1, 1]
    known, then = customers(*pasts), at(640)
    everybody = np.arange(3_000)
    many = known.lifetime_value(everybody, then)
    alive, counts = known.p_alive(everybody, then), known.expected_purchases(everybody, then)
    for one in (0, 7, 1_023, 2_047, 2_048, 2_999):
        alone = known.lifetime_value(everybody[one : one + 1], then)
        for name in ("expected", "low", "high"):
            assert getattr(alone, name).tobytes() == getattr(many, name)[one : one + 1].tobytes()
        who = np.array([one])
        assert known.p_alive(who, then).tobytes() == alive[who].tobytes()
        assert known.expected_purchases(who, then).tobytes() == counts[who].tobytes()


def test_extreme_pasts_and_horizons_stay_finite():
    pasts = [(1, 0, 0), (2, 0, 1), (501, 0, 500), (501, 0, 7000), (2, 0, 7300)]
    known, who = customers(*pasts), np.arange(5)
    for day, horizon in product((0, 7300, 14600), (1, 365, 1826)):
        value = known.lifetime_value(who, at(day), horizon)
        for figure in (value.expected, value.low, value.high):
            assert np.isfinite(figure).all()
        assert (value.low <= value.high).all()
        assert (known.expected_purchases(who, at(day), horizon) <= 1.01 * horizon).all()


def test_a_horizon_of_no_days_has_no_value():
    with pytest.raises(ConfigError, match="ask for more than 0"):
        customers((2, 0, 5)).lifetime_value(np.array([0]), at(9), 0)
    assert customers((2, 0, 5)).expected_purchases(np.array([0]), at(9), 0) == 0


def test_nobody_asked_for_is_nobody_answered():
    known, nobody = customers((2, 0, 5)), np.empty(0, np.int64)
    assert known.state(nobody, at(9)).shape == (0,)
    assert known.lifetime_value(nobody, at(9)).expected.shape == (0,)


def test_the_rhythm_is_arrays_and_comes_back_from_them():
    known = customers((2, 0, 5), (0, 0, 0))
    again = unpack(Rhythm, "rhythm", pack("rhythm", known))
    who = np.array([0, 1])
    assert len(again) == 2
    assert again.p_alive(who, at(9)).tolist() == known.p_alive(who, at(9)).tolist()
