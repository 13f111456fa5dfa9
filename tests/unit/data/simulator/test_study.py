"""Figures over several shops: intervals counted by hand, and what is saved at equal profit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nba.data.simulator.frontier import Frontier, least
from nba.data.simulator.outcome import CustomerTally, MessageTally, Outcome
from nba.data.simulator.study import Estimate, Played, Study


def play(profits: Sequence[float], *, messages: int = 0, left: int = 0) -> Played:
    """Play an arm on a shop of as many customers as profits."""
    people = [
        CustomerTally(
            f"c{n}",
            messages=messages if n == 0 else 0,
            unsubscribes=left if n == 0 else 0,
            margin=int(one) + 1,
            cost=1.0,
            expected=float(messages) if n == 0 else 0.0,
            lifetime=10.0,
        )
        for n, one in enumerate(profits)
    ]
    told = [MessageTally("digest", messages, 0, 0, 0, 0, left, 0.5 * messages)]
    return Played.of(Outcome(28, "EUR", people, told if messages else [], 0, 0, 0, {}))


def study(**arms: Sequence[Played]) -> Study:
    shops = len(next(iter(arms.values())))
    silent = [play([100, 200, 300])] * shops
    return Study(28, "EUR", list(range(1, shops + 1)), {"nothing": silent, **arms})


def test_an_estimate_over_shops_has_the_interval_of_student() -> None:
    found = Estimate.over(np.array([1.0, 2.0, 3.0]))
    # The 97.5th percentile of Student's t with two degrees of freedom is 4.302653.
    assert found.mean == 2.0
    assert found.high == pytest.approx(2 + 4.302653 / np.sqrt(3), abs=1e-6)
    assert found.low == pytest.approx(2 - 4.302653 / np.sqrt(3), abs=1e-6)
    assert Estimate.over(np.array([7.0])) == Estimate(7.0, None, None)


def test_a_jackknife_of_a_mean_is_the_interval_of_the_mean() -> None:
    values = np.array([1.0, 2.0, 4.0, 9.0])
    assert Estimate.jackknife(4, lambda shops: float(values[shops].mean())) == Estimate.over(values)
    unknown = Estimate.jackknife(4, lambda shops: None)
    assert unknown.to_dict() == {"mean": None, "low": None, "high": None}
    partly = Estimate.jackknife(4, lambda shops: 1.0 if 0 in shops else None)
    assert partly == Estimate(1.0, None, None)


def test_what_an_arm_adds_is_paired_shop_by_shop_and_customer_by_customer() -> None:
    found = study(
        calendar=[play([110, 200, 300]), play([120, 200, 300])],
        policy=[play([100, 260, 300]), play([100, 200, 360])],
    )
    assert found.added("policy").tolist() == [20_000, 20_000]
    assert found.gain("policy") == Estimate(20_000, 20_000, 20_000)
    assert found.gain("policy", "calendar").mean == 15_000
    assert found.share_more("policy", "calendar").mean == 3.0
    # Differences of 60, 0, 0 in each of two shops: variance 1,200, two times over three customers.
    within = found.gain_by_customers("policy")
    assert within.mean == 20_000
    assert within.high == pytest.approx(20_000 + 1.959964 * np.sqrt(2 * 1200 / 3) / 2 * 1000)


def test_shares_a_message_are_of_all_shops_together() -> None:
    found = study(policy=[play([1], messages=10, left=1), play([1], messages=30, left=1)])
    assert found.per_message("policy", "unsubscribes").mean == 0.05
    assert found.per_message("nothing", "useful").to_dict()["mean"] is None
    assert found.messages("policy") == [MessageTally("digest", 40, 0, 0, 0, 0, 2, 20.0)]


def test_the_document_of_a_study_names_all_arms_and_differences() -> None:
    told = study(
        calendar=[play([110, 200, 300], messages=4)],
        policy=[play([140, 200, 300], messages=2)],
        oracle=[play([150, 200, 300], messages=1)],
    ).to_dict()
    assert list(told["arms"]) == ["nothing", "calendar", "policy", "oracle"]
    assert set(told["differences"]) == {"policy - calendar", "oracle - calendar", "oracle - policy"}
    policy = told["arms"]["policy"]
    assert policy["incremental_profit_per_1000"]["mean"] == pytest.approx(40_000 / 3)
    assert policy["share_of_oracle"]["mean"] == pytest.approx(-0.2)
    assert policy["lifetime"]["mean"] == 10.0
    assert policy["cost_per_1000"]["mean"] == 1000.0


def test_what_is_expected_of_messages_is_free_of_what_is_bought_by_chance() -> None:
    found = study(
        calendar=[play([900, 0, 0], messages=3), play([0, 0, 0], messages=6)],
        policy=[play([0, 0, 0], messages=9), play([0, 0, 700], messages=12)],
    ).in_expectation()
    assert found.added("nothing").tolist() == [0.0, 0.0]
    assert found.added("policy").tolist() == [3000.0, 4000.0]
    assert found.gain("policy", "calendar") == Estimate(2000, 2000, 2000)
    assert found.share_more("policy", "calendar").mean == pytest.approx(21 / 9 - 1)
    assert found.to_dict()["arms"]["policy"]["in_expectation"]["mean"] == 3500.0


def test_the_fewest_unsubscribes_at_a_profit_lie_on_the_hull_with_nothing() -> None:
    points = [(100.0, 10.0), (60.0, 3.0), (50.0, 9.0)]
    assert least(points, 60.0) == 3.0
    assert least(points, 30.0) == 1.5
    assert least(points, 80.0) == pytest.approx(6.5)
    assert least(points, 101.0) is None
    assert least(points, -5.0) == 0.0


def test_what_is_saved_is_read_off_both_frontiers_at_equal_profit() -> None:
    calendar = [play([400, 200, 300], messages=9, left=4)] * 2
    seldom = [play([250, 200, 300], messages=5, left=1)] * 2
    policy = [play([700, 200, 300], messages=6, left=4)] * 2
    found = study(calendar=calendar, seldom=seldom, policy=policy)
    frontier = Frontier(found, ["policy"], ["calendar", "seldom"])
    assert frontier.best_of_theirs() == "calendar"
    # Half of the policy earns as much as the calendar with half as many unsubscribes.
    assert frontier.saved("calendar") == Estimate(0.5, 0.5, 0.5)
    assert frontier.saved("seldom").mean == pytest.approx(0.0)
    told = frontier.to_dict()
    assert told["at_their_best"]["saved"]["mean"] == 0.5
    assert [one["arm"] for one in told["theirs"]] == ["calendar", "seldom"]
    assert told["ours"][0]["unsubscribes_per_1000"]["mean"] == pytest.approx(4000 / 3)
