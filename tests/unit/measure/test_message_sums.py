"""Sums over messages add up, whatever the slices; rates over nothing are none."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.config import shipped
from nba.data.message_log import OUTCOMES, MessageLog
from nba.decide.playbook import Playbook
from nba.domain import Ids, Texts
from nba.measure.attribution import Actions, Attribution
from nba.measure.message_kpis import (
    DEFINITIONS,
    RATES,
    SUMS,
    MessageFigures,
    MessageSums,
    rows_of,
)
from tests.effort import times
from tests.golden.log_messages import log_history

BEGIN = np.datetime64("2026-01-01T00:00:00", "us")
NEVER = np.datetime64("NaT", "us")


def figures_of(*messages):
    """Sum up messages of which the first events are said; nothing came of any."""
    told = {
        name: np.array([one.get(name, NEVER) for one in messages], "datetime64[us]")
        for name in ("confirmed_at", *OUTCOMES)
    }
    count = len(messages)
    log = replace(
        MessageLog.none(),
        customer_ids=Ids.of(["ann"]),
        message_ids=Ids.of(["digest"]),
        decision_ids=Texts.of("d" * count),
        customer=np.zeros(count, np.int32),
        message=np.zeros(count, np.int32),
        arm=np.full(count, -1, np.int32),
        channel=np.array([one.get("channel", 0) for one in messages], np.int8),
        left_at=np.array([one.get("left_at", BEGIN) for one in messages], "datetime64[us]"),
        **told,
    )
    none, codes = np.empty(0, np.int64), np.empty(0, np.int32)
    actions = Actions(codes, BEGIN[None][:0], none, none, none.astype(np.bool_), Ids.of([]))
    return MessageFigures.of(log, Attribution.of(log, actions))


@pytest.fixture(scope="module")
def figures():
    history = log_history()
    log = history.told.message_log()
    actions = Actions.of(history, log.customer_ids)
    return MessageFigures.of(log, Attribution.of(log, actions))


@settings(max_examples=times(25, 1000), deadline=None)
@given(st.data())
def test_any_slices_add_up_to_the_whole(figures, data):
    count = data.draw(st.integers(1, 12))
    codes = st.lists(st.integers(0, count - 1), min_size=200, max_size=200)
    slices = figures.by(np.array(data.draw(codes)), count)
    assert len(slices) == count
    assert reduce(add, slices) == figures.total()


def test_the_slices_of_each_kind_add_up_to_the_whole(figures):
    for slices in (
        figures.by_message(),
        figures.by_arm(),
        figures.by_channel(),
        figures.by_month(),
        figures.by_week(),
        figures.by_segment({"c01": "first"}),
        figures.by_level({"digest": "broadcast"}),
    ):
        assert sum(slices.values(), MessageSums()) == figures.total()


def test_rates_over_nothing_are_none():
    told = MessageSums().to_dict()
    assert [told[name] for name in RATES] == [None] * len(RATES)
    assert [told[name] for name in SUMS] == [0] * len(SUMS)


def test_every_figure_has_a_definition():
    assert list(MessageSums().to_dict()) == list(DEFINITIONS)


def test_a_channel_that_reports_nothing_delivered_is_believed_to_deliver():
    sent, bounced = {"channel": 1}, {"channel": 1, "bounced_at": BEGIN}
    found = figures_of(sent, sent, bounced).total()
    assert (found.sent, found.delivered, found.delivered_assumed) == (3, 2, 2)


def test_a_channel_that_reports_is_taken_at_its_word():
    delivered, nothing = {"channel": 1, "delivered_at": BEGIN}, {"channel": 1}
    mail = {"channel": 0}
    unknown = {"channel": -1}
    found = figures_of(delivered, nothing, mail, unknown)
    assert {channel: sums.delivered for channel, sums in found.by_channel().items()} == {
        "email": 1,
        "sms": 1,
        None: 1,
    }
    assert found.total().delivered_assumed == 2


def test_machines_are_no_people():
    machine = {"machine_opened_at": BEGIN, "machine_clicked_at": BEGIN}
    found = figures_of(machine, machine | {"opened_at": BEGIN}).total()
    assert (found.opened, found.opened_all) == (1, 2)
    assert (found.clicked, found.clicked_all) == (0, 2)


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2024-12-29", "2024-W52"),
        ("2024-12-30", "2025-W01"),
        ("2026-01-04", "2026-W01"),
        ("2026-01-05", "2026-W02"),
        ("2027-01-03", "2026-W53"),
        ("1969-12-28", "1969-W52"),
    ],
)
def test_weeks_are_those_of_iso(day, week):
    last = np.datetime64(f"{day}T23:59:59.999999", "us")
    assert list(figures_of({"left_at": last}).by_week()) == [week]


def test_without_messages_there_are_no_slices_but_the_three_levels():
    found = figures_of()
    assert found.total() == MessageSums()
    assert found.by_message() == found.by_week() == found.by_segment({"ann": "one"}) == {}
    assert list(found.by_level({})) == ["broadcast", "segment", "personal"]


def test_the_kinds_of_a_playbook_are_levels(figures):
    messages = Playbook.from_toml(shipped("playbooks", "owox_2011")).message
    found = figures.by_level({one.id: one.kind for one in messages})
    # It has no win-back.
    assert [(level, sums.sent) for level, sums in found.items()] == [
        ("broadcast", 100),
        ("segment", 0),
        ("personal", 60),
        (None, 40),
    ]


def test_slices_are_listed_ready_for_json(figures):
    rows = json.loads(json.dumps(rows_of("arm", figures.by_arm()), allow_nan=False))
    assert [row["arm"] for row in rows] == ["A", "B", None]
    assert list(rows[0]) == ["arm", *DEFINITIONS]
