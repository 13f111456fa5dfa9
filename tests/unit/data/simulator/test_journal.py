"""What a policy sees of a play as columns: the same as the rows say, and nothing of the future."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest

from nba.data.simulator.growing import GrowingTable, Names
from nba.data.simulator.journal import Journal, Seen
from nba.data.simulator.loop import play_world
from nba.data.simulator.offers import Offer
from nba.data.simulator.retelling import history_of
from nba.data.simulator.telling import SignalColumns
from nba.data.simulator.world import World, read_world
from nba.domain import DAY
from nba.facts.fold import fold
from nba.facts.rows import Rows
from tests.unit.data.simulator.foreign import ENDS_AT, write_shop


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return read_world(write_shop(tmp_path_factory.mktemp("foreign") / "shop", orders_per_week=0.3))


@pytest.fixture(scope="module")
def watched(world: World) -> Sequence[Seen]:
    """What is seen on ten days on which everybody is written to."""
    seen_on: list[Seen] = []

    def write(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Sequence[Offer | None]:
        seen_on.append(seen)
        return [Offer("digest", "broadcast", "email", ("mug",), str(at)) for _ in customers]

    play_world(world, write, days=10)
    return seen_on


def rows_of(seen: Seen) -> Rows:
    """Build what a policy sees of orders from the rows of the tables."""
    known = {row["order_id"] for row in seen.table("orders")}
    lines = [row for row in seen.table("order_lines") if row["order_id"] in known]
    return Rows.of(seen.table("orders"), lines)


def test_the_columns_of_orders_are_those_of_their_rows(watched: Sequence[Seen]) -> None:
    for seen in watched:
        columns, rows = seen.rows(), rows_of(seen)
        for field in fields(Rows):
            if field.name not in ("statuses", "versions"):
                mine, theirs = getattr(columns, field.name), getattr(rows, field.name)
                assert mine.dtype == theirs.dtype if isinstance(mine, np.ndarray) else True
                np.testing.assert_array_equal(mine, theirs, err_msg=field.name)


def test_the_orders_of_some_are_part_of_the_orders_of_all(
    world: World, watched: Sequence[Seen]
) -> None:
    some = list(world.customers)[:7]
    rows = watched[-1].rows(some)
    assert list(rows.customer_ids) == some
    facts = fold(rows, as_of=watched[-1].as_of, customers=some)
    full = fold(watched[-1].rows(), as_of=watched[-1].as_of, customers=some)
    assert [facts.version(n) for n in range(7)] == [full.version(n) for n in range(7)]


def test_the_columns_beside_orders_are_those_of_their_rows(
    world: World, watched: Sequence[Seen]
) -> None:
    for seen in watched:
        tables = {name: seen.table(name) for name in TOLD}
        standing = {name: world.tables[name] for name in ("customers", "product_states")}
        coded = SignalColumns(tables | standing).known(seen.as_of)
        signals = seen.signals()
        for field in fields(signals):
            if field.name != "events":
                assert getattr(signals, field.name) == getattr(coded, field.name), field.name
        np.testing.assert_array_equal(signals.messages.claimed_at, coded.messages.claimed_at)


TOLD = ("events", "consents", "messages", "message_events")


def test_a_policy_sees_the_messages_it_sent_and_the_answers_of_the_days_before(
    world: World, watched: Sequence[Seen]
) -> None:
    last = watched[-1]
    facts = fold(last.rows(), as_of=last.as_of, customers=list(world.customers))
    assert len(facts.customer_ids) == 40
    signals = last.signals()
    assert (signals.outcomes.at < last.as_of).all()
    assert len(signals.messages.id) == len(last.table("messages")) > 9 * 30
    assert set(signals.anchors) == {str(ENDS_AT + day * DAY) for day in range(9)}
    assert not len(watched[0].signals().messages.id)


def test_what_is_seen_stays_the_same_while_the_play_goes_on(watched: Sequence[Seen]) -> None:
    assert [len(one.signals().messages.id) for one in watched] == [
        len(one.table("messages")) for one in watched
    ]


def test_consents_are_known_from_their_instant_on(world: World) -> None:
    journal = Journal(world.tables)
    refusal = {"customer_id": "c001", "channel": "email", "granted": False, "at": ENDS_AT}
    journal.note("consents", refusal | {"source": "message"})
    assert "email" in journal.granted(ENDS_AT)["c001"]
    assert "email" not in journal.granted(ENDS_AT + DAY)["c001"]


def test_names_are_coded_in_byte_order_as_they_occur() -> None:
    names = Names(["b", "d"])
    assert [names.add(one) for one in ("c", "a", "b", None)] == [2, 3, 0, -1]
    ids, code = names.coding(np.array([2, 1, -1], np.int32))
    assert list(ids) == ["c", "d"]
    assert code[[2, 1, 0, -1]].tolist() == [0, 1, -1, -1]
    names.add("aa")
    ids, code = names.coding(np.array([4, 3, 1], np.int32))
    assert list(ids) == ["a", "aa", "d"]
    assert code[[3, 4, 1]].tolist() == [0, 1, 2]


def test_a_column_that_was_read_does_not_change_as_it_grows() -> None:
    table = GrowingTable.empty({"amount": np.int64})
    table.append(1)
    first = table["amount"]
    table.append(2)
    assert (first.tolist(), table["amount"].tolist(), len(table)) == ([1], [1, 2], 2)


def test_a_play_is_told_as_a_history_of_its_orders_and_messages(
    world: World, watched: Sequence[Seen]
) -> None:
    seen = watched[-1]
    history = history_of(seen)
    assert history.as_of == seen.as_of
    assert history.rows.order_ids == seen.rows().order_ids
    decisions = history.told.decisions()
    assert len(decisions) == len(seen.table("messages"))
    useful = [row for row in seen.table("message_events") if row["type"] == "useful"]
    assert (~np.isnat(decisions.useful_at)).sum() == len(useful)
    assert len(history.told.profiles().customer_ids) == len(seen.table("customers")) == 0
