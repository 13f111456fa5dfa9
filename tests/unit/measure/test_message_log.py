"""What is read of a message that left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nba.data.imports import import_files
from nba.data.message_log import MessageLog
from nba.data.shop import read_shop
from nba.errors import DataError
from tests.golden.log_messages import told_of

ORDERS = pd.DataFrame(
    {
        "order_id": ["o1"],
        "ordered_at": ["2026-01-01T10:00:00Z"],
        "product_id": ["cup"],
        "quantity": [1],
    }
)


def at(text):
    return np.datetime64(text, "us")


def logged(message_id, **more):
    return {
        "message_id": message_id,
        "decision_id": f"d-{message_id}",
        "customer_id": "ann",
        "message": "digest",
        "channel": "email",
        "decided_at": "2026-01-03T00:00:00Z",
        "claimed_at": None,
        "acked_at": None,
        "arm": None,
        "holdout": False,
        **more,
    }


def told(event_id, message_id, kind, when, is_machine=False, channel=None):
    return {
        "event_id": event_id,
        "message_id": message_id,
        "type": kind,
        "at": when,
        "is_machine": is_machine,
        "channel": channel,
    }


def read(messages, events=()):
    tables = {"message_events": events} if events else {}
    return told_of(messages=messages, **tables).message_log()


def test_a_message_leaves_when_it_is_first_said_to():
    found = read(
        [
            logged("m1", claimed_at="2026-01-03T01:00:00Z", acked_at="2026-01-03T02:00:00Z"),
            logged("m2", acked_at="2026-01-03T03:00:00Z"),
            logged("m3"),
            logged("m4"),
            logged("m5", message="none", claimed_at="2026-01-03T01:00:00Z"),
            logged("m6", holdout=True, claimed_at="2026-01-03T01:00:00Z"),
        ],
        [
            told("e1", "m3", "delivered", "2026-01-03T05:00:00Z"),
            told("e2", "m3", "sent", "2026-01-03T04:00:00Z"),
            told("e3", "m9", "sent", "2026-01-03T04:00:00Z"),
        ],
    )
    assert list(found.decision_ids) == ["d-m1", "d-m2", "d-m3"]
    hours = ["2026-01-03T01", "2026-01-03T03", "2026-01-03T04"]
    assert found.left_at.tolist() == [at(hour).item() for hour in hours]
    assert found.confirmed_at[0] == at("2026-01-03T02")


def test_a_claim_that_nobody_spoke_of_again_is_unconfirmed():
    found = read([logged("m1", claimed_at="2026-01-03T01:00:00Z")])
    assert len(found) == 1
    assert np.isnat(found.confirmed_at).all()


def test_the_first_event_of_each_kind_is_held_and_machines_are_apart():
    claimed = logged("m1", claimed_at="2026-01-03T01:00:00Z", channel=None, arm="B")
    found = read(
        [claimed],
        [
            told("e1", "m1", "opened", "2026-01-03T02:00:00Z", is_machine=True),
            told("e2", "m1", "opened", "2026-01-03T04:00:00Z"),
            told("e3", "m1", "opened", "2026-01-03T03:00:00Z", channel="sms"),
            told("e4", "m1", "clicked", "2026-01-03T05:00:00Z", is_machine=True),
            told("e5", "m1", "unsubscribed", "2026-01-03T06:00:00Z", is_machine=True),
        ],
    )
    assert found.machine_opened_at[0] == at("2026-01-03T02")
    assert found.opened_at[0] == at("2026-01-03T03")
    assert found.machine_clicked_at[0] == at("2026-01-03T05")
    assert np.isnat([found.clicked_at[0], found.unsubscribed_at[0]]).all()
    # Nobody said the channel of the message but its provider.
    assert found.channel.tolist() == [1]
    assert list(found.arms) == ["B"]


def test_what_is_not_yet_known_is_forgotten():
    messages = [
        logged("m1", claimed_at="2026-01-03T01:00:00Z"),
        logged("m2", claimed_at="2026-01-04T01:00:00Z", customer_id="abe", message="a", arm="A"),
    ]
    events = [
        told("e1", "m1", "opened", "2026-01-03T12:00:00Z"),
        told("e2", "m1", "clicked", "2026-01-04T00:00:00Z"),
    ]
    cut = read(messages, events).until(at("2026-01-04"))
    assert list(cut.decision_ids) == ["d-m1"]
    assert cut.opened_at[0] == at("2026-01-03T12")
    assert np.isnat(cut.clicked_at[0])
    assert cut == read(messages[:1], events[:1])


def test_a_shop_without_messages_has_an_empty_log():
    found = told_of().message_log()
    assert found == MessageLog.none()
    assert len(found) == len(found.until(at("2026-01-04"))) == 0


def test_a_folder_holds_it_as_frames_do(tmp_path):
    messages = [logged("m1", claimed_at="2026-01-03T01:00:00Z"), logged("m2")]
    events = [
        told("e1", "m1", "opened", "2026-01-03T12:00:00Z"),
        told("e2", "m2", "delivered", "2026-01-03T13:00:00Z"),
    ]
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    pd.DataFrame(messages).to_csv(tmp_path / "messages.csv", index=False)
    pd.DataFrame(events).to_csv(tmp_path / "message_events.csv", index=False)
    names = ("orders", "messages", "message_events")
    import_files([tmp_path / f"{name}.csv" for name in names], tmp_path / "shop")
    history = read_shop(tmp_path / "shop").history
    found = history.told.message_log()
    assert found == read(messages, events)
    assert len(found) == 2
    assert len(history.until(at("2026-01-03T13")).told.message_log()) == 1


def test_an_event_of_an_unknown_type_is_refused():
    with pytest.raises(DataError, match="type"):
        read([logged("m1")], [told("e1", "m1", "applauded", "2026-01-03T02:00:00Z")])
