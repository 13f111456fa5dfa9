"""The regression that starts from a formula: what it recovers, and what holds it."""

from __future__ import annotations

import numpy as np
import pytest

from nba.learn.personal.logistic import fit

PLANTED = np.array([-1.5, 0.8, -0.4, 0.0])
STRENGTH = 3.0
PRIOR = np.array([-0.5, 1.0, 0.0, 0.3])


def drawn(count, seed=1, planted=PLANTED):
    random = np.random.default_rng(seed)
    terms = random.normal(2.0, 1.5, (count, len(planted) - 1))
    chance = 1 / (1 + np.exp(-(planted[0] + terms @ planted[1:])))
    return terms, random.random(count) < chance, np.ones(count)


def test_many_rows_give_the_coefficients_they_were_drawn_from():
    found = fit(*drawn(200_000), PRIOR, strength=STRENGTH)
    np.testing.assert_allclose(found, PLANTED, atol=0.04)


def test_without_rows_the_answer_is_a_copy_of_the_prior():
    found = fit(np.empty((0, 3)), np.empty(0, np.bool_), np.empty(0), PRIOR, strength=STRENGTH)
    np.testing.assert_array_equal(found, PRIOR)
    assert found is not PRIOR


def test_a_few_rows_leave_the_prior_nearly_where_it_was():
    terms, happened, weight = drawn(3)
    moved = (fit(terms, happened, weight, PRIOR, strength=STRENGTH) - PRIOR)[1:] * terms.std(axis=0)
    # Three rows against three pseudo-events, per standard deviation of a term.
    assert 0 < np.abs(moved).max() < 0.3


def test_more_strength_holds_closer_to_the_prior():
    rows = drawn(300)
    found = [fit(*rows, PRIOR, strength=strength) for strength in (1, 100, 1e6)]
    off = [np.abs(one - PRIOR)[1:].max() for one in found]
    assert off[0] > off[1] > off[2]
    assert off[2] < 1e-3


def test_more_rows_come_closer_to_the_truth():
    def distance(count):
        return np.abs(fit(*drawn(count), PRIOR, strength=STRENGTH) - PLANTED).max()

    assert distance(100_000) < distance(1_000) < np.abs(PRIOR - PLANTED).max()


def test_a_weight_stands_for_so_many_equal_rows():
    terms, happened, _ = drawn(300)
    weight = np.random.default_rng(2).integers(1, 5, 300)
    repeated = np.repeat(np.arange(300), weight)
    one = fit(terms, happened, weight.astype(np.float64), PRIOR, strength=STRENGTH)
    other = fit(
        terms[repeated], happened[repeated], np.ones(len(repeated)), PRIOR, strength=STRENGTH
    )
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_the_penalised_likelihood_is_greatest_there():
    terms, happened, weight = drawn(400)
    spread = np.sqrt(((terms - terms.mean(axis=0)) ** 2).mean(axis=0))
    middle = terms.mean(axis=0)

    def loss(coefficients):
        score = coefficients[0] + terms @ coefficients[1:]
        likelihood = np.where(happened, -np.logaddexp(0, -score), -np.logaddexp(0, score)).sum()
        off = coefficients - PRIOR
        # The intercept is held where the terms have their means, half as firmly.
        held = ((off[1:] * spread) ** 2).sum() + (off[0] + middle @ off[1:]) ** 2 / 2
        return STRENGTH / 2 * held - likelihood

    found = fit(terms, happened, weight, PRIOR, strength=STRENGTH)
    for step in np.vstack([np.eye(4), -np.eye(4)]) * 1e-3:
        assert loss(found + step) > loss(found)


def test_the_scale_of_a_term_changes_its_coefficient_alone():
    terms, happened, weight = drawn(500)
    plain = fit(terms, happened, weight, PRIOR, strength=STRENGTH)
    scale = np.array([1.0, 100.0, 0.01])
    scaled = fit(
        terms * scale, happened, weight, np.append(PRIOR[0], PRIOR[1:] / scale), strength=STRENGTH
    )
    np.testing.assert_allclose(scaled[1:] * scale, plain[1:], rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(scaled[0], plain[0], rtol=1e-5)


@pytest.mark.parametrize("always", [True, False])
def test_what_always_or_never_happened_keeps_finite_coefficients(always):
    terms, _, weight = drawn(1000)
    found = fit(terms, np.full(1000, always), weight, PRIOR, strength=STRENGTH)
    assert np.isfinite(found).all()
    chance = 1 / (1 + np.exp(-(found[0] + terms @ found[1:])))
    assert ((chance > 0.5) == always).mean() > 0.95


def test_a_term_that_tells_everything_or_nothing_keeps_finite_coefficients():
    happened = np.arange(1000) % 2 == 0
    terms = np.column_stack([np.where(happened, 5.0, -5.0), np.ones(1000)])
    found = fit(terms, happened, np.ones(1000), np.array([0.0, 0.0, 0.7]), strength=STRENGTH)
    assert np.isfinite(found).all()
    assert found[1] > 0.5
    # A constant says nothing: its coefficient is the prior's, whatever the others do.
    assert found[2] == pytest.approx(0.7, abs=1e-6)
