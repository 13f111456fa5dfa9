"""The models of a customer's rhythm: the likelihood, recovery, and shops that tell little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import beta, chi2, gamma

from nba.artifacts.rhythm import MODELS, STATES
from nba.config import RhythmConfig
from nba.domain import Ids
from nba.errors import DataError
from nba.learn.lifecycle import Pasts, log_likelihood, rhythm
from nba.learn.spending import log_likelihood as spending_likelihood
from tests.unit.learn.pasts import BG, BUYING, MBG, SPENDING, draw, summed

CONFIG = RhythmConfig()


def pasts(*rows: tuple[int, float, float]) -> Pasts:
    x, recency, age = zip(*rows, strict=True)
    return Pasts.of(np.array(x), np.array(recency, float), np.array(age, float))


@pytest.mark.parametrize("code", [BG, MBG])
@pytest.mark.parametrize("past", [(0, 0.0, 20.0), (1, 5.0, 20.0), (3, 18.0, 20.0), (6, 4.0, 30.0)])
def test_the_likelihood_is_the_integral_over_rate_and_dropout(code, past):
    (x, recency, age), (r, alpha, a, b) = past, BUYING
    node, weight = np.polynomial.legendre.leggauss(300)
    unit, weight = (node + 1) / 2, weight / 2
    # Fourth powers of the nodes, since the densities have poles at 0; no rate comes near 8 a week.
    leaves, rate = unit[:, None] ** 4, 8 * unit**4
    area = 4 * unit[:, None] ** 3 * weight[:, None] * 32 * unit**3 * weight
    there = (1 - leaves) ** (x + code) * rate**x * np.exp(-rate * age)
    gone = leaves * (1 - leaves) ** (x + code - 1) * rate**x * np.exp(-rate * recency)
    seen = there + (gone if x + code > 0 else 0)
    prior = gamma.pdf(rate, r, scale=1 / alpha) * beta.pdf(leaves, a, b)
    counted = (seen * prior * area).sum()
    value, _ = log_likelihood(code, pasts(past), np.array(BUYING))
    assert value == pytest.approx(np.log(counted), abs=1e-5)


@pytest.mark.parametrize("code", [BG, MBG])
def test_the_gradient_is_that_of_the_likelihood(code):
    known = pasts((0, 0, 20), (0, 0, 33), (1, 5, 20), (3, 18, 20), (3, 18, 20), (200, 18, 60))
    params = np.array(BUYING)
    _, slope = log_likelihood(code, known, params)
    near = approx_fprime(params, lambda at: log_likelihood(code, known, at)[0], 1e-7)
    assert slope == pytest.approx(near, rel=1e-4)


def test_equal_pasts_are_computed_once_and_count_each():
    one = pasts((0, 0, 20), (2, 5, 20))
    many = pasts((2, 5, 20), (0, 0, 20), (2, 5, 20), (2, 5, 20))
    assert many.customers.tolist() == [1, 3]
    apart = [
        log_likelihood(MBG, pasts(row), np.array(BUYING))[0] for row in ((0, 0, 20), (2, 5, 20))
    ]
    assert log_likelihood(MBG, one, np.array(BUYING))[0] == pytest.approx(sum(apart))
    assert log_likelihood(MBG, many, np.array(BUYING))[0] == pytest.approx(apart[0] + 3 * apart[1])


def test_the_spending_likelihood_is_the_integral_over_the_customers_scale():
    p, q, v = 2.0, 3.0, 4.0
    x, mean = 3.0, 2.5

    def density(nu: float) -> float:
        # The mean of x days of gamma(p, nu) is gamma(p x, nu x).
        return gamma.pdf(mean, p * x, scale=1 / (nu * x)) * gamma.pdf(nu, q, scale=1 / v)

    counted, _ = quad(density, 0, np.inf)
    value, slope = spending_likelihood(np.array([x]), np.array([mean]), np.array([p, q, v]))
    assert value == pytest.approx(np.log(counted), abs=1e-4)
    near = approx_fprime(
        np.array([p, q, v]),
        lambda at: spending_likelihood(np.array([x]), np.array([mean]), at)[0],
        1e-7,
    )
    assert slope == pytest.approx(near, rel=1e-4)


@pytest.mark.parametrize("code", [BG, MBG])
def test_the_parameters_customers_were_drawn_from_are_found_again(code):
    summary = draw(code, 8_000, seed=1).summary
    _, fits = rhythm(summary, summary.customer_ids, CONFIG)
    fit, paid = fits[code], fits[-1]
    assert all(one.converged for one in fits)
    known = Pasts.of(summary.repeats, summary.recency, summary.age)
    truth, _ = log_likelihood(code, known, np.array(BUYING))
    # Twice the difference is chi-squared with as many degrees of freedom as parameters.
    assert 0 <= 2 * (fit.log_likelihood - truth) < chi2.ppf(0.999, 4)
    assert list(fit.params.values()) == pytest.approx(BUYING, rel=0.25)
    assert list(paid.params.values()) == pytest.approx(SPENDING, rel=0.15)
    assert paid.correlation == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("code", [BG, MBG])
def test_what_is_foretold_of_drawn_customers_comes_true(code):
    drawn, everybody = draw(code, 8_000, seed=6), np.arange(8_000)
    learned, fits = rhythm(drawn.summary, drawn.summary.customer_ids, RhythmConfig(discount=0))
    # With the model they were drawn from, whichever was chosen.
    params = np.array(list(fits[code].params.values()))
    learned = replace(learned, model=np.array([code], np.int8), buying=params)
    at = drawn.summary.as_of
    alive, told = learned.p_alive(everybody, at), learned.expected_purchases(everybody, at)
    value = learned.lifetime_value(everybody, at)
    for part in np.array_split(np.argsort(told, kind="stable"), 4):
        noise = 4 / len(part) ** 0.5
        there, came = drawn.is_there[part], drawn.later[part]
        assert alive[part].mean() == pytest.approx(there.mean(), abs=noise * 0.5 + 0.01)
        assert told[part].mean() == pytest.approx(came.mean(), abs=noise * came.std() + 0.01)
        brought = drawn.later_profit[part]
        expected = value.expected[part].mean()
        assert expected == pytest.approx(brought.mean(), abs=noise * brought.std() + 10)
        inside = (brought >= value.low[part]) & (brought <= value.high[part])
        assert inside.mean() > 0.77


def test_the_model_without_early_leavers_must_be_better_to_be_chosen():
    for code in (BG, MBG):
        summary = draw(code, 8_000, seed=2).summary
        learned, fits = rhythm(summary, summary.customer_ids, CONFIG)
        gain = fits[BG].log_likelihood - fits[MBG].log_likelihood
        expected = BG if gain > 2 * len(summary) / 1000 else MBG
        assert MODELS[int(learned.model[0])] == MODELS[expected]
        assert [fit.chosen for fit in fits] == [expected == BG, expected == MBG, True]
        # Each describes its own customers better.
        assert (gain > 0) == (code == BG)


def test_more_customers_than_the_sample_are_left_out_and_counted():
    summary = draw(MBG, 3_000, seed=3).summary
    _, fits = rhythm(summary, summary.customer_ids, RhythmConfig(sample=1_000))
    assert [fit.customers for fit in fits[:2]] == [1_000, 1_000]
    assert [fit.left_out for fit in fits[:2]] == [2_000, 2_000]


def test_customers_who_brought_no_profit_are_left_out_of_the_spending_and_counted():
    summary = summed([3, 3, 2, 1], [0] * 4, [50, 40, 30, 0], 100, profit=[9000, 7000, -2000, 300])
    _, fits = rhythm(summary, summary.customer_ids, CONFIG)
    assert (fits[-1].customers, fits[-1].left_out) == (2, 1)


SMALL_SHOPS = {
    "nobody": summed([], [], [], 100),
    "one one-time buyer": summed([1], [0], [0], 100),
    "one regular": summed([9], [0], [90], 100),
    "five": summed([1, 1, 2, 1, 7], range(5), [0, 1, 30, 3, 90], 100),
    "one-time buyers": summed([1] * 400, range(400), range(400), 500),
    "one-time buyers of today": summed([1] * 400, [99] * 400, [99] * 400, 100),
    "daily buyers": summed([100] * 50, [0] * 50, [99] * 50, 100),
    "daily buyers who left": summed([100] * 50, [0] * 50, [99] * 50, 1000),
    "loss makers": summed([4] * 50, range(50), range(50, 100), 200, profit=[-500] * 50),
    "free of charge": summed([4] * 50, range(50), range(50, 100), 200, profit=[0] * 50),
    "of one amount": summed([4] * 50, range(50), range(50, 100), 200, profit=[4000] * 50),
}


@pytest.mark.parametrize("name", SMALL_SHOPS)
def test_a_shop_that_tells_little_gets_figures_all_the_same(name):
    summary = SMALL_SHOPS[name]
    learned, fits = rhythm(summary, summary.customer_ids, CONFIG)
    assert all(np.isfinite(list(fit.params.values())).all() for fit in fits)
    assert all(fit.converged for fit in fits)
    everybody = np.arange(len(summary))
    for years in (0, 1, 20):
        at = summary.as_of + np.timedelta64(365 * years, "D")
        value = learned.lifetime_value(everybody, at)
        figures = [
            learned.p_alive(everybody, at),
            learned.silence(everybody, at),
            learned.expected_purchases(everybody, at),
            learned.weekly_rate(everybody, at),
            value.expected,
            value.low,
            value.high,
        ]
        assert all(np.isfinite(figure).all() and (figure >= 0).all() for figure in figures)
        assert all((figure <= 1).all() for figure in figures[:2])
        assert (value.low <= value.high).all()
        assert {STATES[code] for code in learned.state(everybody, at)} <= set(STATES[1:])


def test_little_data_gives_sensible_figures():
    def per_year(name: str) -> float:
        summary = SMALL_SHOPS[name]
        learned, _ = rhythm(summary, summary.customer_ids, CONFIG)
        return float(learned.expected_purchases(np.array([0]), summary.as_of)[0])

    assert per_year("one-time buyers") < 0.05
    assert 0 < per_year("one one-time buyer") < 4
    assert 10 < per_year("one regular") < 40
    assert 250 < per_year("daily buyers") <= 365.001
    assert per_year("daily buyers who left") < 1


def test_customers_are_found_under_the_codes_asked_for():
    summary = summed([3, 1], [0, 5], [50, 5], 100)
    wide = Ids.of(["a", *summary.customer_ids, "d"])
    learned, _ = rhythm(summary, wide, CONFIG)
    assert learned.days.tolist() == [0, 3, 1, 0]
    assert learned.repeat_profit.tolist() == [0, 2000, 0, 0]
    with pytest.raises(DataError, match="not among"):
        rhythm(summary, Ids.of(["a"]), CONFIG)


def test_the_same_customers_give_the_same_figures_ready_for_json():
    summary = draw(MBG, 300, seed=4).summary
    first, fits = rhythm(summary, summary.customer_ids, CONFIG)
    again, same = rhythm(summary, summary.customer_ids, CONFIG)
    assert fits == same
    assert first.buying.tobytes() == again.buying.tobytes()
    assert fits[0].model_dump(mode="json")["params"].keys() == {"r", "alpha", "a", "b"}
