"""Prices of capacity: against what brute force finds, and against the linear programme."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from nba.decide.capacity import Bids, capacity_prices
from nba.vocabulary import CHANNELS

EMAIL, SMS, PUSH = (CHANNELS.index(name) for name in ("email", "sms", "push"))


def drawn(seed: int, *, customers: int, tiers: int, pays: float = 1.0) -> Bids:
    """Draw bids of 0 to 4 messages a customer, as a playbook would order them."""
    random = np.random.default_rng(seed)
    customer = np.repeat(np.arange(customers), random.integers(0, 5, customers))
    count = len(customer)
    tier = random.integers(0, tiers, count).astype(np.int8)
    order = np.lexsort((tier, customer))
    return Bids(
        customer,
        tier[order],
        random.choice([EMAIL, SMS, PUSH], count).astype(np.int8),
        np.round(random.gamma(2.0, 10.0, count), 3),
        random.random(count) < pays,
    )


def fits(bids: Bids, prices: np.ndarray, capacity: dict[str, int]) -> bool:
    counts = bids.counts(prices)
    return all(counts[CHANNELS.index(name)] <= places for name, places in capacity.items())


@pytest.mark.parametrize("seed", range(20))
def test_one_price_is_the_least_of_all_that_fit(seed: int) -> None:
    bids = drawn(seed, customers=30, tiers=3)
    for places in (0, 1, 4, 9):
        price = capacity_prices(bids, {"email": places})
        # Messages begin or cease to go where the price passes a value or a difference of values.
        values = np.append(bids.expected, 0.0)
        steps = np.unique(np.subtract.outer(values, values))
        tried = np.zeros(len(CHANNELS))
        least = None
        for step in steps[steps >= 0].tolist():
            # Differences of floats may lie a bit below what they stand for.
            tried[EMAIL] = step + 1e-9
            if fits(bids, tried, {"email": places}):
                least = step
                break
        assert least is not None
        assert price[EMAIL] == pytest.approx(least, rel=3e-8, abs=1e-8)
        assert fits(bids, price, {"email": places})
        assert not price[[SMS, PUSH]].any()


@pytest.mark.parametrize("seed", range(20))
def test_prices_of_several_channels_earn_what_the_linear_programme_does(seed: int) -> None:
    bids = drawn(seed, customers=40, tiers=1)
    capacity = {"email": 5, "sms": 3, "push": 6}
    prices = capacity_prices(bids, capacity)
    assert fits(bids, prices, capacity)
    chosen = bids.chosen(prices)
    count = len(bids.customer)
    rows = np.zeros((40 + len(capacity), count))
    rows[bids.customer, np.arange(count)] = 1
    for place, name in enumerate(capacity):
        rows[40 + place, bids.channel == CHANNELS.index(name)] = 1
    best = linprog(-bids.expected, rows, [1] * 40 + list(capacity.values()), bounds=(0, 1))
    # The least prices leave to chance who of those that gain nothing goes: one a channel at most.
    lost = sum(prices[CHANNELS.index(name)] for name in capacity)
    assert -best.fun - lost - 1e-6 <= bids.expected[chosen].sum() <= -best.fun + 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_no_price_of_several_can_be_lowered_alone(seed: int) -> None:
    bids = drawn(seed, customers=60, tiers=3, pays=0.9)
    capacity = {"email": 12, "sms": 9}
    prices = capacity_prices(bids, capacity)
    for name in capacity:
        channel = CHANNELS.index(name)
        if prices[channel] > 0 and bids.counts(prices)[channel] <= capacity[name]:
            lower = prices.copy()
            lower[channel] *= 1 - 1e-3
            assert not fits(bids, lower, capacity)


def test_what_is_about_orders_goes_whatever_a_place_costs() -> None:
    bids = Bids(
        np.array([0, 1]),
        np.array([0, 5], np.int8),
        np.array([EMAIL, EMAIL], np.int8),
        np.array([1.0, 99.0]),
        np.array([False, True]),
    )
    assert bids.counts(capacity_prices(bids, {"email": 0})).tolist()[EMAIL] == 1


def test_with_room_for_all_nothing_costs_anything() -> None:
    bids = drawn(1, customers=50, tiers=3)
    assert not capacity_prices(bids, {"email": 1000}).any()
    nobody = drawn(1, customers=0, tiers=1)
    assert not capacity_prices(nobody, {"email": 0}).any()
