"""What a fold takes of the store: all that belongs to some customers, and nothing of others."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from nba.facts.fold import fold
from nba.facts.signals import Signals
from nba.facts.versions import versions
from nba.state.known import known_of
from nba.state.store import Store
from nba.state.tables import METADATA
from nba.vocabulary import MESSAGE_WORDS
from tests.unit.state.cells import LINE_CELLS, ORDER_CELLS, Cells, load, write
from tests.unit.state.decisions import HOUR, NOON

NOW: Final = int(NOON.astype(np.int64))
HOUR_US: Final = 3_600_000_000
MINUTE: Final = np.timedelta64(1, "m")


def event(name: str, word: str, hours: float, **cells: Any) -> tuple[Any, ...]:
    known = {"customer_id": None, "session_id": None, "product_id": None} | cells
    return (name, word, NOW + int(hours * HOUR_US), *known.values(), None, None)


def merge(name: str, guest: str, customer: str, hours: float) -> tuple[Any, ...]:
    return event(name, "merge", hours, customer_id=customer, session_id=guest)


def message(name: str, customer: str, word: str, *instants: float | None) -> tuple[Any, ...]:
    """Write a message claimed and acknowledged so many hours after now."""
    claimed, acked = (None if at is None else NOW + int(at * HOUR_US) for at in instants)
    return (name, f"d{name}", customer, word, "a", "email", NOW, claimed, acked,
            "s", "p", None, 1.0, None, None, word == "welcome")  # fmt: skip


EVENTS: Final[Cells] = sorted(
    [
        event("e01", "view_item", -30, session_id="s1", product_id="tea"),
        event("e02", "add_to_cart", -20, session_id="s1", product_id="kettle"),
        merge("e03", "s1", "guest", -19),
        merge("e04", "guest", "ann", -10),
        event("e05", "add_to_wishlist", -9, customer_id="ann", product_id="cup"),
        event("e06", "purchase", -9, customer_id="ann", product_id="filter"),
        event("e07", "add_to_cart", -8, customer_id="bob", product_id="spoon"),
        event("e08", "view_item", -8, session_id="s9", product_id="fork"),
        # A session of somebody who was logged in is theirs, whoever else was in it.
        event("e09", "add_to_cart", -8, customer_id="bob", session_id="s1", product_id="jug"),
        # Round in a circle.
        merge("e10", "left", "right", -5),
        merge("e11", "right", "left", -4),
    ]
)
MESSAGES: Final[Cells] = sorted(
    [
        message("m1", "guest", "digest", -200, None),
        message("m2", "ann", "cart-reminder", -3, -2),
        message("m3", "bob", "digest", -3, 5),
        message("m4", "bob", "digest", 5, None),
        message("m5", "cat", "welcome", -3, None),
        message("m6", "cat", "none", None, None),
        message("m7", "dan", "digest", -400, 2),
        message("m8", "dan", "unheard-of", -2, None),
    ]
)
OUTCOMES: Final[Cells] = sorted(
    [
        ("n1", "m1", "guest", "email", "sent", NOW - HOUR_US, False),
        ("n2", "m2", None, "email", "clicked", NOW - HOUR_US, False),
        ("n3", "m3", "bob", "email", "delivered", NOW + HOUR_US, False),
        ("n4", "unknown", "ann", "email", "unsubscribed", NOW - HOUR_US, False),
    ]
)
STATES: Final[Cells] = [
    (product, NOW - 9 * HOUR_US, "in_stock", 3, 100, None, None)
    for product in ("cup", "filter", "fork", "jug", "kettle", "spoon", "tea")
]

ANN: Final = ("ann", NOW, "2000-02-29", "Europe/Kyiv", "b2b", "gold", 7, "{}", *[True, None] * 2, 5)


@pytest.fixture
def filled(either: Store) -> Store:
    return fill(either)


def fill(store: Store) -> Store:
    load(
        store,
        [ORDER_CELLS],
        [LINE_CELLS],
        events=[EVENTS[:3], EVENTS[3:]],
        messages=[MESSAGES],
        message_events=[OUTCOMES],
        customers=[[ANN]],
        consents=[[("ann", "email", NOW - HOUR_US, True), ("bob", "sms", NOW, True)]],
        product_states=[STATES],
    )
    return store


def told(store: Store, *customers: str) -> Signals:
    """Read what is known of some customers beside orders."""
    with store.asking() as connection:
        return known_of(connection, customers, NOON).signals


@pytest.mark.parametrize("customer", ["ann", "guest", "s1"])
def test_whoever_of_merged_accounts_is_asked_for_all_that_is_theirs_is_read(
    filled: Store, customer: str
) -> None:
    signals = told(filled, customer)
    assert list(signals.event_ids) == ["e01", "e02", "e05"]
    assert list(signals.message_ids) == ["m1", "m2", "unknown"]
    assert len(signals.outcomes) == 3
    assert len(signals.consents) == 3
    facts = filled.facts([customer], NOON)
    rows, everything = filled.read_all()
    whole = fold(rows, as_of=NOON, customers=["ann"], signals=everything)
    assert facts.version(0) == whole.version(0)
    assert list(facts.week_counts) == list(whole.week_counts)
    assert facts.shelf.version == whole.shelf.version


def test_merges_in_a_circle_end(filled: Store) -> None:
    for customer in ("left", "right"):
        assert list(told(filled, customer).customer_ids) == ["left", "right"]


def test_thousands_of_sessions_of_one_customer_are_read(store: Store) -> None:
    sessions = [f"s{number:04}" for number in range(1_200)]
    seen = [event(f"v{one}", "add_to_cart", -5, session_id=one, product_id=one) for one in sessions]
    merges = [merge(f"x{one}", one, "ann", -4) for one in sessions]
    load(store, [ORDER_CELLS], [LINE_CELLS], events=[seen, merges])
    assert len(told(store, "ann").events) == 2 * len(sessions)


@pytest.mark.parametrize("hours", [-500, -199, -2.5, -1.5, 0, 0.5, 1.5, 3, 6, 100, 300])
def test_the_messages_of_the_week_are_counted_as_if_all_were_read(
    filled: Store, hours: float
) -> None:
    as_of = NOON + round(hours * 60) * np.timedelta64(1, "m")
    rows, signals = filled.read_all()
    assert signals.week_counts is None
    expected = fold(rows, as_of=as_of, signals=signals).week_counts
    assert list(filled.facts(["nobody"], as_of).week_counts) == list(expected)


def test_a_message_may_be_left_out_of_the_count(filled: Store) -> None:
    as_of = NOON + HOUR / 2
    with filled.asking() as connection:
        every, without = (
            known_of(connection, ["ann"], as_of, without=one).signals.week_counts
            for one in (None, "m2")
        )
    assert every is not None
    assert without is not None
    assert every.sum() - without.sum() == 1
    assert (every - without)[MESSAGE_WORDS.index("cart-reminder")] == 1


def test_the_states_of_all_products_are_read_once_until_there_are_more(filled: Store) -> None:
    first = filled.product_states()
    assert len(first.states) == len(STATES)
    assert filled.product_states() is first
    write(filled, "product_states", ("cup", NOW - HOUR_US, "out_of_stock", 0, None, None, None))
    assert len(filled.product_states().states) == len(STATES) + 1


def test_a_shelf_is_the_same_until_something_changes_on_it(filled: Store) -> None:
    write(
        filled, "product_states", ("cup", NOW + HOUR_US, "in_stock", 1, 100, 80, NOW + 3 * HOUR_US)
    )
    moments = [-20, -9, -8.9, -1, 0, 1, 1.1, 2, 3, 3.1, 500]
    shelves = [filled.facts(["ann"], NOON + round(60 * one) * MINUTE).shelf for one in moments]
    assert len(shelves[0].product_ids) == len(shelves[1].product_ids) == 0
    # What holds from an instant on is known after it; a sale is over at its end.
    changes = [one is not other for one, other in pairwise(shelves[1:])]
    assert changes == [True, False, False, False, True, False, True, False, False]
    rows, signals = filled.read_all()
    for one, shelf in zip(moments, shelves, strict=True):
        as_of = NOON + round(60 * one) * MINUTE
        assert fold(rows, as_of=as_of, signals=signals).shelf.version == shelf.version


def test_a_row_that_comes_twice_counts_once(store: Store) -> None:
    load(
        store,
        [ORDER_CELLS],
        [LINE_CELLS],
        events=[EVENTS, EVENTS],
        messages=[MESSAGES[:3], MESSAGES],
        message_events=[OUTCOMES, OUTCOMES],
        product_states=[STATES, STATES],
    )
    _, signals = store.read_all()
    assert len(signals.messages) == len(MESSAGES)
    assert len(signals.states) == len(STATES)


def test_hundreds_of_customers_are_read_as_if_all_were(either: Store) -> None:
    # SQLite is told of no more than 256 names at once, be they customers, orders or messages.
    many = range(300)
    (order, *_), (line, *_) = ORDER_CELLS, LINE_CELLS
    load(
        either,
        [[(f"o{one:03}", f"c{one:03}", *order[2:]) for one in many]],
        [[(f"o{one:03}", *line[1:]) for one in many]],
        messages=[[message(f"m{one:03}", f"c{one:03}", "digest", -3, None) for one in many]],
        # Half of the reports name nobody, and are found by their messages alone.
        message_events=[
            [
                (f"n{one:03}", f"m{one:03}", f"c{one:03}" if one % 2 else None, "email", "clicked",
                 NOW - HOUR_US, False)
                for one in many
            ]
        ],
    )  # fmt: skip
    customers = tuple(f"c{one:03}" for one in many)
    rows, signals = either.read_all()
    whole = fold(rows, as_of=NOON, customers=customers, signals=signals)
    facts = either.facts(customers, NOON)
    assert versions(facts) == versions(whole)
    assert facts.people.answered_count.sum() == len(many)


def test_one_customer_is_found_by_the_indexes(store: Store, tmp_path: Path) -> None:
    fill(store)
    store.product_states()
    asked: list[str] = []
    with store.asking() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(asked.append)
        known_of(connection, ["ann"], NOON)
        driver.set_trace_callback(None)
    connection = sqlite3.connect(tmp_path / "store.db")
    steps = [
        step[3] for query in asked for step in connection.execute(f"EXPLAIN QUERY PLAN {query}")
    ]
    connection.close()
    assert len(asked) == 15
    scanned = {step for step in steps if step.startswith("SCAN")}
    assert not {step for step in scanned if METADATA.tables.keys() & set(step.split())}
