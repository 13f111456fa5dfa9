"""The arms of a play: they choose from the same messages, each in its own way."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nba.artifacts.snapshot import Snapshot
from nba.cli.arms import Desk, likeliest, spaced
from nba.cli.playing import Arm
from nba.cli.relearning import relearned
from nba.config import shipped
from nba.data.shop import Shop, read_shop
from nba.data.simulator.journal import Journal, Seen
from nba.data.simulator.loop import play_world
from nba.data.simulator.retelling import history_of
from nba.data.simulator.world import World, read_world
from nba.decide.playbook import Playbook
from nba.domain import DAY
from nba.learn.train import train
from tests.unit.data.simulator.foreign import ENDS_AT, write_shop

PLAYBOOK = Playbook.from_toml(shipped("playbooks", "owox_2011"))
ORDER = {one.id: (one.tier, place) for place, one in enumerate(PLAYBOOK.message)}
AT = ENDS_AT


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return read_shop(write_shop(tmp_path_factory.mktemp("foreign") / "shop", orders_per_week=0.2))


@pytest.fixture(scope="module")
def world(shop: Shop) -> World:
    return read_world(shop.path)


@pytest.fixture(scope="module")
def snapshot(shop: Shop) -> Snapshot:
    return train(shop.history, shop.catalog, as_of=ENDS_AT)


@pytest.fixture(scope="module")
def seen(world: World) -> Seen:
    return Journal(world.tables).seen(AT)


def test_what_the_policy_chooses_is_among_the_options(
    world: World, snapshot: Snapshot, seen: Seen
) -> None:
    desk, who = Desk.of(snapshot, PLAYBOOK), list(world.customers)
    options, chosen = desk.options()(seen, who, AT), desk.valued()(seen, who, AT)
    assert any(chosen)
    for offer, able in zip(chosen, options, strict=True):
        if offer is not None:
            assert (offer.message, offer.anchor) in {(one.message, one.anchor) for one in able}
            assert offer in [one for one in able if one.channel == offer.channel]
            assert offer.expected > 0


def test_the_calendar_takes_what_stands_first_in_the_playbook(
    world: World, snapshot: Snapshot, seen: Seen
) -> None:
    desk, who = Desk.of(snapshot, PLAYBOOK), list(world.customers)
    options, chosen = desk.options()(seen, who, AT), desk.in_order()(seen, who, AT)
    for offer, able in zip(chosen, options, strict=True):
        assert (offer is None) == (not able)
        if offer is not None:
            assert ORDER[offer.message] == min(ORDER[one.message] for one in able)


def test_sending_costs_what_message_and_channel_cost(
    world: World, snapshot: Snapshot, seen: Seen
) -> None:
    cost = {one.id: one.cost for one in PLAYBOOK.message}
    for offers in Desk.of(snapshot, PLAYBOOK).options()(seen, list(world.customers), AT):
        for one in offers:
            channel = {str(name): price for name, price in PLAYBOOK.channels.items()}
            assert one.cost == cost[one.message] + channel.get(one.channel, 0.0)


def test_a_least_value_leaves_less_to_send(world: World, snapshot: Snapshot, seen: Seen) -> None:
    who = list(world.customers)
    books = (PLAYBOOK.model_copy(update={"least_value": least}) for least in (0.0, 1e9))
    free, dear = (Desk.of(snapshot, one).valued() for one in books)
    assert any(free(seen, who, AT))
    assert not any(dear(seen, who, AT))


def test_the_likeliest_answer_is_not_held_to_a_value_in_money() -> None:
    dear = PLAYBOOK.model_copy(update={"least_value": 9.0})
    assert [Arm(one, one, least=0.01).over(dear).least_value for one in ("greedy", "policy")] == [
        0.01,
        9.0,
    ]


def test_a_calendar_with_a_gap_leaves_it(world: World, snapshot: Snapshot) -> None:
    decide = Desk.of(snapshot, spaced(PLAYBOOK, 7)).in_order()
    outcome = play_world(world, decide, days=28, asked_at_hours=9)
    kinds = {one.id: one.is_marketing for one in PLAYBOOK.message}
    sent_at: dict[str, list] = {}
    for row in outcome.facts["messages"]:
        if kinds[row["message"]]:
            sent_at.setdefault(row["customer_id"], []).append(row["acked_at"])
    gaps = [b - a for times in sent_at.values() for a, b in pairwise(times)]
    assert gaps
    assert min(gaps) >= 7 * DAY


def test_the_greedy_one_asks_for_answers_alone(
    world: World, snapshot: Snapshot, seen: Seen
) -> None:
    offers = Desk.of(snapshot, likeliest(PLAYBOOK)).valued()(seen, list(world.customers), AT)
    worths = [one.expected for one in offers if one is not None]
    assert worths
    # A probability, not money.
    assert all(0 < one < 1 for one in worths)


def test_a_snapshot_learns_the_answers_of_a_play_and_nothing_else(
    world: World, shop: Shop, snapshot: Snapshot
) -> None:
    shown: list[Seen] = []
    decide = Desk.of(snapshot, PLAYBOOK).in_order()

    def watch(seen, customers, at):  # type: ignore[no-untyped-def]
        shown.append(seen)
        return decide(seen, customers, at)

    play_world(world, watch, days=21, asked_at_hours=9)
    learned = relearned(snapshot, history_of(shown[-1]), shop.catalog)
    assert snapshot.responses.sent.sum() == 0
    assert learned.responses.sent.sum() > 0
    assert learned.rhythm is snapshot.rhythm
    assert learned.id == snapshot.id
