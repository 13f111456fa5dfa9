"""Logged decisions and what followed them, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.data.told import Told
from nba.errors import DataError
from nba.measure.logged import Logged, first_chance
from nba.vocabulary import NOTHING_SENT
from tests.logs import Said, decisions
from tests.shops import day, history

LOG = [
    Said("ann", "digest", 5, propensity=0.8),
    Said("bob", "digest", 5, propensity=0.2),
    Said("cat", "refill", 5),
    Said("dan", "digest", 5, is_sent=False, holdout=True),
    # One decision for nothing, of which two messages could have left.
    Said("eve", "digest", 6, is_sent=False, propensity=0.5),
    Said("eve", "refill", 6, is_sent=False, propensity=0.5),
    # The sender tells of a useful action in time, and of one that came too late.
    Said("fay", "digest", 5, useful=7),
    Said("gil", "digest", 5, useful=13),
    # The window is not over.
    Said("zoe", "digest", 94),
]
BOUGHT = [
    ("o1", "ann", 5, ["tea"]),
    ("o2", "ann", 6, ["tea"]),
    ("o3", "ann", 12, ["cup"]),
    ("o4", "bob", 12.001, ["tea"]),
    ("o5", "eve", 7, ["tea"]),
    ("o6", "zoe", 95, ["tea"]),
    ("o7", None, 100, ["tea"]),
]


def told(log=LOG, bought=BOUGHT):
    return replace(history(bought), told=Told(decisions=lambda: decisions(log)))


def laid_out(logged: Logged) -> dict[tuple[str, str], tuple[float, float]]:
    names = [logged.rows.customer_ids[int(one)] for one in logged.rows.customer]
    earned = zip(logged.useful.tolist(), logged.revenue.tolist(), strict=True)
    return dict(zip(zip(names, logged.message, strict=True), earned, strict=True))


def test_what_follows_within_the_window_counts_whatever_was_decided():
    assert laid_out(Logged.of(told())) == {
        # The order of the very instant came before; that of the seventh day's instant counts.
        ("ann", "digest"): (1.0, 200.0),
        ("bob", "digest"): (0.0, 0.0),
        ("cat", "refill"): (0.0, 0.0),
        ("eve", NOTHING_SENT): (1.0, 100.0),
        ("fay", "digest"): (1.0, 0.0),
        ("gil", "digest"): (0.0, 0.0),
    }


def test_a_longer_window_holds_more_and_leaves_out_what_is_not_over():
    found = laid_out(Logged.of(told(), window_days=8))
    assert found["bob", "digest"] == (1.0, 100.0)
    assert found["gil", "digest"] == (1.0, 0.0)
    assert len(Logged.of(told(), window_days=96)) == 0


def test_decisions_can_be_asked_for_from_an_instant_on():
    assert set(laid_out(Logged.of(told(), since=day(6)))) == {("eve", NOTHING_SENT)}


def test_the_first_instant_of_chance_is_found():
    assert first_chance(told()) == day(5)
    assert first_chance(told([Said("cat", "refill", 5)])) is None
    assert first_chance(history([])) is None


def test_news_of_orders_is_left_out_where_chance_had_no_part():
    kept = Logged.of(told()).judged({"refill", "digest"})
    assert set(laid_out(kept)) == {
        ("ann", "digest"),
        ("bob", "digest"),
        ("eve", NOTHING_SENT),
    }
    assert kept.rows.propensity.tolist() == [0.8, 0.2, 0.5]


@pytest.mark.parametrize("log", [[], [Said("zoe", "digest", 94, propensity=0.5)]])
def test_a_log_without_a_decision_that_is_over_is_refused(log):
    with pytest.raises(DataError, match="no decision of the log can be judged") as refused:
        Logged.of(told(log)).judged()
    assert "[explore]" in refused.value.problems[-1]


def test_a_log_without_chance_is_refused_and_told_what_makes_one():
    log = [Said("ann", "digest", 5), Said("cat", "refill", 5)]
    with pytest.raises(DataError, match="chance had no part in any of 2 logged") as refused:
        Logged.of(told(log)).judged()
    assert "4,000 explored decisions" in refused.value.problems[-1]


def test_a_shop_without_orders_or_messages_has_no_decisions():
    assert len(Logged.of(history([]))) == 0
    assert len(Logged.of(told([], BOUGHT))) == 0
    assert np.isfinite(Logged.of(told()).revenue).all()


def claimed_one_by_one(count: int, *, an_instant: int = 1) -> Logged:
    log = [
        Said(f"c{one:05}", "digest", 5 + one // an_instant / 1e5, propensity=0.5)
        for one in range(count)
    ]
    zeros = np.zeros(count)
    return Logged(decisions(log), ["digest"] * count, zeros, zeros, 7)


def test_a_log_of_claims_one_by_one_is_judged_by_the_thousand():
    assert len(claimed_one_by_one(5000).drawn()) == 5000
    assert len(claimed_one_by_one(6000).drawn()) == 5000
    found = claimed_one_by_one(6000, an_instant=2).drawn()
    assert len(found) == 6000
    assert (found.rows.decided_at[:-1] <= found.rows.decided_at[1:]).all()


def test_so_many_decisions_are_drawn_as_are_asked_for_and_always_the_same():
    log = claimed_one_by_one(6000)
    assert len(log.drawn(7000)) == 6000
    found = log.drawn(5500)
    assert len(found) == 5500
    assert np.array_equal(found.rows.customer, log.drawn(5500).rows.customer)
    assert len(claimed_one_by_one(50, an_instant=50).drawn(20)) == 20
