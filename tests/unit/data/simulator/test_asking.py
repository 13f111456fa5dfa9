"""How a policy is asked: at which hour, what it may lay by, and what it learns on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nba.data.simulator.journal import Seen
from nba.data.simulator.loop import RELEARNING_DAYS, Decide, play_world
from nba.data.simulator.offers import Offer
from nba.data.simulator.world import World, read_world
from nba.domain import DAY
from nba.errors import ConfigError
from tests.unit.data.simulator.foreign import ENDS_AT, write_shop

HOUR = np.timedelta64(3_600_000_000, "us")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return read_world(write_shop(tmp_path_factory.mktemp("foreign") / "shop", orders_per_week=0.2))


def digests(hours: float, *, cost: float = 0.0) -> Decide:
    """Send the digest to everybody every day, some hours after the question."""

    def decide(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Sequence[Offer | None]:
        later = at + np.timedelta64(round(hours * 3600), "s")
        offer = Offer("digest", "broadcast", "email", ("mug",), str(at), later, cost)
        return [offer for _ in customers]

    return decide


def test_a_policy_is_asked_at_the_hour_that_was_agreed(world: World) -> None:
    asked: list[np.datetime64] = []

    def note(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Sequence[Offer | None]:
        assert seen.as_of == at
        asked.append(at)
        return [None] * len(customers)

    play_world(world, note, days=3, asked_at_hours=9.5)
    assert asked == [ENDS_AT + day * DAY + 9.5 * 2 * (HOUR // 2) for day in range(3)]
    with pytest.raises(ConfigError, match="24 hours into a day"):
        play_world(world, note, days=3, asked_at_hours=24)


def test_a_message_leaves_later_on_the_day_and_not_on_another(world: World) -> None:
    outcome = play_world(world, digests(7), days=5)
    for row in outcome.facts["messages"]:
        assert row["claimed_at"] == row["acked_at"] == row["decided_at"] + 7 * HOUR
    sent = [row["at"] for row in outcome.facts["message_events"] if row["type"] == "sent"]
    assert {(at - ENDS_AT) % DAY for at in sent} == {7 * HOUR}
    assert outcome.total("messages") > 4 * 36
    assert outcome.postponed == 0
    other_day = play_world(world, digests(24), days=5)
    assert other_day.total("messages") == 0
    assert other_day.postponed == 5 * 40


def test_who_leaves_before_a_message_does_gets_none(world: World) -> None:
    def twice(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Sequence[Offer | None]:
        # Even days at once, odd ones at the latest: an unsubscribe comes after an hour.
        hours = 0.0 if (at - ENDS_AT) // DAY % 2 == 0 else 23.0
        return digests(hours)(seen, customers, at)

    outcome = play_world(world, twice, days=28)
    left = {row["customer_id"]: row["at"] for row in outcome.facts["consents"]}
    assert left
    for row in outcome.facts["messages"]:
        assert row["claimed_at"] <= left.get(row["customer_id"], ENDS_AT + 99 * DAY)


def test_sending_costs_what_the_policy_says(world: World) -> None:
    outcome = play_world(world, digests(0, cost=2.5), days=3)
    messages, margin = outcome.total("messages"), outcome.total("margin")
    assert outcome.summary()["cost"] == 2.5 * messages > 0
    assert outcome.summary()["profit"] == margin - 2.5 * messages
    assert outcome.column("cost").tolist() == [2.5 * one.messages for one in outcome.customers]


def test_a_decision_for_nothing_is_logged_with_its_chance_and_not_sent(world: World) -> None:
    nothing = Offer("none", "segment", "email", arm="control", propensity=0.25)
    outcome = play_world(world, lambda _, customers, at: [nothing for _ in customers], days=2)
    assert outcome.total("messages") == 0
    rows = outcome.facts["messages"]
    assert len(rows) == 2 * 40
    assert {(row["arm"], row["propensity"], row["claimed_at"]) for row in rows} == {
        ("control", 0.25, None)
    }


def test_a_policy_relearns_every_four_weeks_from_what_was_known_then(world: World) -> None:
    learned: list[tuple[np.datetime64, int]] = []

    def relearn(seen: Seen, at: np.datetime64) -> Decide:
        learned.append((at, len(seen.signals().messages.id)))
        return lambda _, customers, at: [None] * len(customers)

    outcome = play_world(world, digests(0), days=2 * RELEARNING_DAYS + 1, relearn=relearn)
    assert [at for at, _ in learned] == [ENDS_AT + n * RELEARNING_DAYS * DAY for n in (1, 2)]
    # What it learned was to be silent.
    assert learned[0][1] == learned[1][1] == outcome.total("messages") > 28 * 10
