"""Hypotheses as data: whom they are about is counted by hand, and when they hold."""

from __future__ import annotations

import numpy as np
import pytest

from nba.errors import DataError
from nba.measure.experiments.hypotheses import Acts, Hypothesis, Tally, believe, tally
from tests.architecture.rules import REPO
from tests.effort import times

SHIPPED = REPO / "models/experiments"
READER = Hypothesis.from_toml(SHIPPED / "tenth_reader.toml")
BLOG = Hypothesis.from_toml(SHIPPED / "blog_subscription.toml")
ZERO = np.datetime64("2026-03-01", "us")
NOBODY = Acts(np.empty(0, np.int64), np.empty(0, "datetime64[us]"), np.empty(0, np.int64))


def acts(*rows):
    """Give acts of (customer, day, amount)."""
    customer, day, amount = np.array(rows, np.float64).T
    at = ZERO + (day * 86_400_000_000).astype(np.int64).astype("timedelta64[us]")
    return Acts(customer.astype(np.int64), at, amount.astype(np.int64))


def day(number):
    return ZERO + np.timedelta64(number, "D")


def letters(customer, count, last):
    """Open so many letters, a day apart, the last on a day."""
    return [(customer, last - count + 1 + one, 0) for one in range(count)]


def test_readers_of_seven_letters_who_buy_for_enough_within_a_week():
    read = acts(
        *letters(0, 7, 10),  # buys for enough in two purchases
        *letters(1, 7, 10),  # buys for a little less
        *letters(2, 7, 10),  # buys when the week is over
        *letters(3, 7, 10),  # bought before the seventh letter
        *letters(4, 6, 10),  # has read six letters
        *letters(5, 9, 12),  # the seventh of nine counts: on day 10
        *letters(6, 7, 20),  # whose week is not over on day 26
        *letters(8, 7, 10),  # buys with the seventh letter
    )
    bought = acts(
        *((0, 11, 400_000), (0, 16.9, 600_000), (1, 11, 999_999), (2, 17, 2_000_000)),
        *((3, 9.9, 2_000_000), (4, 11, 2_000_000), (5, 16.5, 1_000_000), (6, 21, 5_000_000)),
        *((7, 11, 5_000_000), (8, 10, 1_000_000)),
    )
    assert tally(READER, read, bought, as_of=day(26)) == Tally(6, 3)
    assert tally(READER, read, bought, as_of=day(27)) == Tally(7, 4)
    assert tally(READER, read, bought, as_of=day(16)) == Tally(0, 0)
    # In whatever order they come.
    order = np.random.default_rng(1).permutation(len(read.at))
    mixed = Acts(read.customer[order], read.at[order], read.amount[order])
    back = Acts(bought.customer[::-1], bought.at[::-1], bought.amount[::-1])
    assert tally(READER, mixed, back, as_of=day(27)) == Tally(7, 4)


def test_visitors_who_subscribe():
    visits = acts((0, 0, 0), (0, 20, 0), (1, 1, 0), (2, 2, 0))
    subscribed = acts((0, 27, 0), (1, 30, 0))
    assert tally(BLOG, visits, subscribed, as_of=day(60)) == Tally(3, 1)
    assert tally(BLOG, visits, NOBODY, as_of=day(60)) == Tally(3, 0)
    assert tally(BLOG, NOBODY, subscribed, as_of=day(60)) == Tally()


def test_amounts_can_make_somebody_count_too():
    spenders = BLOG.model_copy(
        update={"of": READER.do.model_copy(update={"least_amount": 500, "times": 2})}
    )
    spent = acts((0, 0, 600), (0, 5, 1), (1, 0, 200), (1, 1, 200), (2, 0, 100), (2, 1, 400))
    # Customer 0 counts from day 5, customer 2 from day 1.
    done = acts((0, 4, 0), (2, 2, 0))
    assert tally(spenders, spent, done, as_of=day(60)) == Tally(2, 1)


@pytest.mark.parametrize(
    ("hypothesis", "counted", "word"),
    [
        (BLOG, Tally(10_000, 500), "holds"),
        (BLOG, Tally(10_000, 300), "fails"),
        (BLOG, Tally(10_000, 405), "open"),
        (READER, Tally(1000, 150), "holds"),
        (READER, Tally(1000, 50), "fails"),
        (READER, Tally(60, 8), "open"),
        (READER, Tally(), "open"),
    ],
)
def test_a_hypothesis_holds_fails_or_is_open(hypothesis, counted, word):
    found = believe(hypothesis, counted)
    assert found.word == word
    assert found.low <= (found.share or 0.0) <= found.high
    assert f"{counted.successes} of {counted.customers} customers did" in found.reason
    assert ("too few" in found.reason) == (word == "open")
    assert (found.share is None) == (counted == Tally())


def test_days_add_up():
    assert Tally(3, 1) + Tally(4, 2) == Tally(7, 3)


def test_a_verdict_looked_at_again_and_again_is_seldom_wrong():
    wrong, shops = 0, times(80, 2000)
    for seed in range(shops):
        # The truth is just below the threshold, so that to hold would be wrong.
        did = np.random.default_rng(seed).binomial(50, 0.0999, 20).cumsum().tolist()
        counted = (Tally(50 * look, one) for look, one in enumerate(did, start=1))
        wrong += any(believe(READER, one).word == "holds" for one in counted)
    assert wrong <= 0.05 * shops


def test_what_cannot_be_is_refused():
    with pytest.raises(DataError, match="5 of 4 customers cannot be"):
        believe(BLOG, Tally(4, 5))
    with pytest.raises(DataError, match="one of each an act"):
        Acts(np.arange(2), np.array([ZERO]), np.arange(2))
