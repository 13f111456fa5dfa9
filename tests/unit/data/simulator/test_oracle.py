"""Who knows the truth: what a message truly adds, and that nobody does better by guessing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nba.data.simulator.journal import Seen
from nba.data.simulator.lifetime import WEEKS_A_YEAR, Lifetime
from nba.data.simulator.loop import decide_nothing, play_oracle, play_world
from nba.data.simulator.offers import Offer
from nba.data.simulator.oracle import Oracle
from nba.data.simulator.playing import Play
from nba.data.simulator.world import World, read_world
from nba.domain import DAY
from tests.effort import times
from tests.unit.data.simulator.foreign import ENDS_AT, write_shop

CASE = Offer("accessories", "personal", "email", ("case-ax",))
DIGEST = Offer("digest", "broadcast", "email", ("mug",))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return read_world(write_shop(tmp_path_factory.mktemp("foreign") / "shop", orders_per_week=0.2))


def options(seen: Seen, customers: Sequence[str], at: np.datetime64) -> list[list[Offer]]:
    """Let everybody be written to about cases, coffee or the week, once in two weeks each."""
    fortnight = str((at - ENDS_AT) // (14 * DAY))
    messages = (("accessories", "case-ax"), ("accessories", "case-bx"), ("refill", "beans"))
    return [
        [
            Offer(name, "personal", "email", (shown,), fortnight, cost=1.0)
            for name, shown in messages
        ]
        for _ in customers
    ]


def first(seen: Seen, customers: Sequence[str], at: np.datetime64) -> list[Offer | None]:
    return [offers[0] for offers in options(seen, customers, at)]


def added(world: World, customer: str, offer: Offer, *, days: float = 0.0) -> float:
    play = Play(world, 14, 1)
    at = ENDS_AT + np.timedelta64(round(days * 86_400), "s")
    sent = [(world.customers[customer], offer)]
    return float(Oracle(play, lambda *_: []).added(sent, at)[0])


def test_a_message_adds_what_would_not_be_bought_anyway(world: World) -> None:
    # c002 wants a case for an AX laptop from yesterday on; a quarter of such needs are met
    # unasked. A case earns 2,000; nothing else is to come, so an unsubscribe costs the same need.
    useful, left = -np.expm1(-1.5), -np.expm1(-0.004)
    reach = 0.75 * useful * 2000
    assert added(world, "c002", CASE) == pytest.approx(useful * 0.75 * 2000 - left * reach)
    # Once it is past due it will not be met unasked any more.
    assert added(world, "c002", CASE, days=12) == pytest.approx(useful * 2000 - left * reach)


def test_who_needs_nothing_gets_what_is_cheap_and_who_has_left_nothing(world: World) -> None:
    digest = -np.expm1(-0.02 * 0.5) * 400 + np.expm1(-0.01 * 1.5) * 0.75 * -np.expm1(-1.5) * 2000
    assert added(world, "c000", DIGEST) == pytest.approx(digest)
    # c009 has left: neither answers nor purchases are lost by writing to them.
    assert added(world, "c009", CASE) == 0.0
    assert added(world, "c009", Offer("refill", "personal", "email", cost=3.0)) == -3.0


def test_who_knows_the_truth_earns_more_than_who_does_not(world: World) -> None:
    knowing = play_oracle(world, options, days=28)
    guessing = play_world(world, first, days=28)
    silent = play_world(world, decide_nothing, days=28)
    profit = [one.column("profit").sum() for one in (knowing, guessing, silent)]
    assert profit[0] > profit[1]
    assert profit[0] > profit[2]
    assert knowing == play_oracle(world, options, days=28)


def test_what_is_owed_is_sent_by_who_knows_the_truth_too(world: World) -> None:
    status = Offer("order-status", "transactional", "email", cost=5.0)
    outcome = play_oracle(world, lambda _, customers, at: [[CASE, status]] * len(customers), days=1)
    assert {one.message for one in outcome.messages} == {"order-status"}
    assert play_oracle(world, lambda _, who, at: [[]] * len(who), days=1).messages == []


def test_a_lifetime_is_own_orders_and_what_messages_about_needs_add(world: World) -> None:
    lifetime = Lifetime(world)
    customer = world.customers["c001"]
    # Own orders have been laptops; half of them earn 1,000, half 500.
    own = 0.2 * WEEKS_A_YEAR * 750
    # A case and coffee, a quarter of which are bought unasked or none; coffee earns 500.
    answered = -np.expm1(-1.5)
    needs = answered * (0.75 * 2000 + (1 - world.natural_share.get("refill", 0)) * 500)
    assert lifetime.left(customer, ENDS_AT, is_contactable=False) == pytest.approx(own)
    assert lifetime.left(customer, ENDS_AT, is_contactable=True) == pytest.approx(own + needs)
    assert lifetime.left(world.customers["c009"], ENDS_AT, is_contactable=True) == 0.0
    outcome = play_world(world, decide_nothing, days=1)
    assert outcome.customers[1].lifetime == pytest.approx(own + needs)


def test_what_is_owed_goes_out_by_the_channel_that_costs_least(world: World) -> None:
    owed = [
        Offer("order-status", "transactional", name, anchor="o1", cost=cost)
        for name, cost in (("sms", 5.0), ("email", 0.1), ("push", 0.3))
    ]
    outcome = play_oracle(world, lambda _, who, at: [[CASE, *owed]] * len(who), days=1)
    assert outcome.column("cost").sum() == pytest.approx(0.1 * outcome.total("messages"))


def test_what_messages_are_expected_to_add_is_what_they_add_on_average(world: World) -> None:
    seeds = range(times(100, 400))
    plays = [play_world(world, first, days=14, seed=seed) for seed in seeds]
    silent = [play_world(world, decide_nothing, days=14, seed=seed) for seed in seeds]
    added = np.array(
        [
            one.column("profit").sum() - other.column("profit").sum()
            for one, other in zip(plays, silent, strict=True)
        ]
    )
    expected = np.array([one.column("expected").sum() for one in plays])
    error = np.std(added - expected, ddof=1) / np.sqrt(len(added))
    assert expected.mean() > 5 * error
    assert abs(added.mean() - expected.mean()) < 3 * error
