"""What a history holds of customers: profiles, messages they were sent, and their replies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nba.data.history import OrderHistory
from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.errors import DataError

ORDERS = pd.DataFrame(
    {
        "order_id": ["o1"],
        "ordered_at": ["2026-01-01T10:00:00Z"],
        "product_id": ["cup"],
        "quantity": [1],
    }
)
CUSTOMERS = pd.DataFrame(
    [
        ("bob", "2026-01-05T00:00:00Z", None, "", "b2b", "gold", 0, None, None),
        ("ann", "2025-01-05T00:00:00Z", "1980-02-29", "uk-UA", "b2c", "", None, 250.0, '{"a": 1}'),
        ("cat", None, None, "", "", "", None, None, None),
    ],
    columns=[
        "customer_id",
        "created_at",
        "birthday",
        "locale",
        "account_type",
        "tier",
        "points",
        "acquisition_cost",
        "attributes",
    ],
)
MESSAGES = pd.DataFrame(
    [
        ("m1", "ann", "welcome", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z", None, False),
        ("m2", "ann", "thank-you", "2026-01-03T00:00:00Z", None, None, False),
        ("m3", "ann", "digest", "2026-01-03T00:00:00Z", "2026-01-03T00:00:00Z", None, True),
        ("m4", "bob", "none", "2026-01-03T00:00:00Z", "2026-01-03T00:00:00Z", None, False),
        ("m5", "bob", "digest", "2026-01-03T00:00:00Z", None, "2026-01-03T09:00:00Z", False),
        ("m6", "bob", "welcome", "2026-01-03T00:00:00Z", None, None, False),
    ],
    columns=[
        "message_id",
        "customer_id",
        "message",
        "decided_at",
        "claimed_at",
        "acked_at",
        "holdout",
    ],
).assign(decision_id="d")
OUTCOMES = pd.DataFrame(
    [
        ("x1", "m1", "sent", "2026-01-02T02:00:00Z", False),
        ("x2", "m1", "clicked", "2026-01-02T02:00:01Z", True),
        ("x3", "m1", "useful", "2026-01-04T00:00:00Z", False),
        ("x4", "m1", "clicked", "2026-01-03T00:00:00Z", False),
        ("x5", "m6", "delivered", "2026-01-04T00:00:00Z", False),
    ],
    columns=["event_id", "message_id", "type", "at", "is_machine"],
)
EVENTS = pd.DataFrame(
    [
        ("e1", "review", "2026-01-02T00:00:00Z", None, "bob"),
        ("e2", "rating", "2026-01-03T00:00:00Z", "s1", "ann"),
        ("e3", "review", "2026-01-04T00:00:00Z", None, "bob"),
        ("e4", "review", "2026-01-04T00:00:00Z", "s2", None),
        ("e5", "view_item", "2026-01-04T00:00:00Z", "s2", "cat"),
    ],
    columns=["event_id", "type", "at", "session_id", "customer_id"],
)
TABLES = {
    "customers": CUSTOMERS,
    "messages": MESSAGES,
    "message_events": OUTCOMES,
    "events": EVENTS,
}


@pytest.fixture(scope="module")
def history():
    return OrderHistory.from_frame(ORDERS, **TABLES)


def sent(history):
    contacts = history.contacts
    return [
        (contacts.customer_ids[int(one)], contacts.message_ids[int(message)], str(at)[:16], *answer)
        for one, message, at, answer in zip(
            contacts.customer,
            contacts.message,
            contacts.at,
            [[] if np.isnat(one) else [str(one)[:16]] for one in contacts.answered_at],
            strict=True,
        )
    ]


def test_profiles_stand_sorted_and_say_what_the_shop_did_not(history):
    told = history.profiles
    assert list(told.customer_ids) == ["ann", "bob", "cat"]
    assert list(told.tier) == ["", "gold", ""]
    assert list(told.account_type) == ["b2c", "b2b", ""]
    assert list(told.attributes) == ['{"a": 1}', "", ""]
    assert (told.points.tolist(), told.has_points.tolist()) == ([0, 0, 0], [False, True, False])
    assert told.acquisition_cost.tolist() == [25000, 0, 0]
    assert told.has_acquisition_cost.tolist() == [True, False, False]
    assert np.isnat(told.created_at).tolist() == [False, False, True]
    assert told.birthday[0] == np.datetime64("1980-02-29")
    assert np.isnat(told.birthday[1:]).all()


def test_an_earlier_instant_leaves_out_customers_met_later_and_keeps_the_rest_as_they_are(history):
    early = history.until("2026-01-05T00:00:00Z").profiles
    assert list(early.customer_ids) == ["ann", "cat"]
    assert early.acquisition_cost.tolist() == [25000, 0]
    later = history.until("2026-01-05T00:00:00.000001Z").profiles
    assert later == history.profiles


def test_only_messages_that_left_are_contacts_and_only_people_answer(history):
    assert sent(history) == [
        ("ann", "welcome", "2026-01-02T01:00", "2026-01-03T00:00"),
        ("bob", "digest", "2026-01-03T09:00"),
        ("bob", "welcome", "2026-01-04T00:00"),
    ]


def test_what_a_provider_says_later_moves_no_message_that_had_left(history):
    known = history.until("2026-01-02T01:30:00Z")
    assert sent(known) == [("ann", "welcome", "2026-01-02T01:00")]


def test_an_earlier_instant_forgets_messages_and_answers(history):
    early = history.until("2026-01-03T00:00:00Z")
    assert sent(early) == [("ann", "welcome", "2026-01-02T01:00")]
    assert list(early.contacts.message_ids) == ["welcome"]


def test_messages_without_events_left_when_their_sender_says():
    alone = OrderHistory.from_frame(ORDERS, messages=MESSAGES)
    assert sent(alone) == [
        ("ann", "welcome", "2026-01-02T01:00"),
        ("bob", "digest", "2026-01-03T09:00"),
    ]


def test_replies_need_no_session_but_a_customer(history):
    replies = history.replies
    assert list(replies.customer_ids) == ["ann", "bob"]
    assert replies.counts("review").tolist() == [0, 2]
    assert replies.counts("review", "rating").tolist() == [1, 2]
    early = history.until("2026-01-03T00:00:00Z").replies
    assert (list(early.customer_ids), early.counts("review").tolist()) == (["bob"], [1])


def test_a_shop_that_says_nothing_of_customers_has_none():
    history = OrderHistory.from_frame(ORDERS)
    told = (history.profiles, history.contacts, history.replies)
    assert [len(one) for one in told] == [0, 0, 0]
    assert history.until("2026-01-01T00:00:00Z").profiles == history.profiles


def test_a_folder_tells_of_customers_as_frames_do_and_only_when_asked(tmp_path, history):
    files = {"orders": ORDERS, **TABLES}
    for name, frame in files.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    import_files([tmp_path / f"{name}.csv" for name in files], tmp_path / "shop")
    told = read_shop(tmp_path / "shop").history
    assert told.profiles == history.profiles
    assert told.contacts == history.contacts
    assert told.replies == history.replies
    (tmp_path / "shop" / "customers.parquet").write_bytes(b"no Parquet")
    broken = read_shop(tmp_path / "shop").history
    assert broken.contacts == history.contacts
    with pytest.raises(DataError, match="is not a shop this version can read"):
        _ = broken.profiles
