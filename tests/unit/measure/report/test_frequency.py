from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nba.decide.contact import ContactPolicy
from nba.decide.playbook import Playbook
from nba.domain import DAY
from nba.measure.report import theme
from nba.measure.report.pictures import frequency
from nba.measure.report.pictures.frequency import Frequency
from nba.measure.report.source import Plan
from nba.vocabulary import MESSAGE_IDS
from tests import shops
from tests.golden.log_messages import told_of
from tests.unit.measure.report.sources import source_of

PLAN = Plan(cap_day=1, cap_week=3, kinds={"digest": "broadcast", "thank-you": "transactional"})

# ann: four digests of which the last leaves 7 x 24 hours after the first; bob: four within them,
# two on one day of his; cat: one, and two that do not count; dan: only what does not count.
LEFT = (
    ("ann", "digest", "2026-03-02 08:00:00"),
    ("ann", "digest", "2026-03-03 08:00:00"),
    ("ann", "digest", "2026-03-04 08:00:00"),
    ("ann", "digest", "2026-03-09 08:00:00"),
    ("bob", "digest", "2026-03-02 08:00:00"),
    ("bob", "win-back", "2026-03-04 23:30:00"),
    ("bob", "digest", "2026-03-05 21:30:00"),
    ("bob", "digest", "2026-03-09 07:59:59"),
    ("cat", "digest", "2026-03-02 08:00:00"),
    ("cat", "thank-you", "2026-03-02 09:00:00"),
    ("cat", "order-status", "2026-03-02 10:00:00"),
    ("dan", "thank-you", "2026-03-02 10:00:00"),
)


def source(left=LEFT, plan=PLAN, zones=()):
    rows = [
        {
            "message_id": f"m{number}",
            "decision_id": f"d{number}",
            "customer_id": customer,
            "message": message,
            "decided_at": pd.Timestamp(at, tz="UTC"),
            "claimed_at": pd.Timestamp(at, tz="UTC"),
        }
        for number, (customer, message, at) in enumerate(left)
    ]
    tables = {"messages": rows} if rows else {}
    if zones:
        tables["customers"] = [{"customer_id": who, "timezone": zone} for who, zone in zones]
    history = shops.history([("o1", "ann", 0, ["tea"])])
    return source_of(replace(history, told=told_of(**tables)), plan=plan)


def found_in(shop):
    return Frequency.of(shop.message_log, shop.plan, shop.history.profiles)


def test_the_most_within_seven_days_is_that_of_a_hand_count():
    found = found_in(source())
    # Nobody is told of dan, whose letters do not count.
    assert found.most.tolist() == [3, 4, 1]
    assert found.most_in_day.tolist() == [1, 1, 1]
    assert (found.counted, found.uncounted) == (9, 3)
    assert found.beyond(PLAN) == (1, 0)


def test_many_customers_of_a_long_log_do_not_run_into_one_another():
    # Each of 400,000 got two messages, a year apart.
    customer = np.repeat(np.arange(400_000, dtype=np.int32), 2)
    year = np.array(["2025-01-01", "2026-01-01"], "datetime64[us]")
    most = frequency._most_within(customer, np.tile(year, 400_000), 7 * DAY)
    assert len(most) == 400_000
    assert (most == 1).all()


def test_days_are_those_of_the_customers_own_zone():
    # In Berlin half past eleven at night is the next day, on which he got another one.
    found = found_in(source(zones=[("ann", "No/Where"), ("bob", "Europe/Berlin")]))
    assert found.most_in_day.tolist() == [1, 2, 1]
    assert found.beyond(PLAN) == (1, 1)


def test_bars_hold_every_customer_once_and_those_between_are_there():
    bars = frequency.rows(found_in(source()), 3)
    assert [(one["messages"], one["customers"], one["is_over"]) for one in bars] == [
        (1, 1, False),
        (2, 0, False),
        (3, 1, False),
        (4, 1, True),
    ]


def test_a_long_tail_is_one_last_bar():
    bars = frequency.rows(found_in(source()), None, shown=2)
    assert [(one["messages"], one["customers"], one["is_last"]) for one in bars] == [
        (1, 1, False),
        (2, 2, True),
    ]


@pytest.mark.parametrize("cap", [None, 1, 3, 40])
def test_the_picture_names_the_cap_and_who_is_beyond_it(cap):
    picture = frequency.draw(source(plan=replace(PLAN, cap_week=cap)))
    drawn = theme.svg(picture)
    beyond = {None: "no weekly cap", 1: "2 (67", 3: "1 (33", 40: "nobody"}[cap]
    assert beyond in picture.reading
    assert (f"cap: {cap} a week" in drawn) == (cap is not None)
    assert "Another 3 messages were transactional" in picture.reading


def test_the_last_bar_of_a_long_tail_says_and_more():
    left = [
        ("ann", "digest", f"2026-03-0{day} {hour:02}:00:00") for day in (2, 3) for hour in range(24)
    ]
    drawn = theme.svg(frequency.draw(source(left=left)))
    assert ">24+<" in drawn
    assert "1 customer got at least 24 within seven days" in drawn


def test_without_messages_the_reading_says_what_to_import():
    picture = frequency.draw(source(left=()))
    assert picture.chart is None
    assert "message_events" in picture.reading
    picture = frequency.draw(source(left=LEFT[-3:]))
    assert picture.chart is None
    assert "All 3 messages are transactional" in picture.reading
    assert frequency.draw(source_of([])).chart is None


@pytest.mark.parametrize("name", ["owox_2011", "plus_3_7_30"])
def test_what_counts_is_what_the_contact_policy_counts(name):
    playbook = Playbook.from_toml(f"models/playbooks/{name}.toml")
    policy = ContactPolicy.of(playbook)
    plan = Plan(kinds={one.id: one.kind for one in playbook.message})
    words = sorted(MESSAGE_IDS)
    left = [("ann", word, "2026-03-02 08:00:00") for word in words]
    found = found_in(source(left=left, plan=plan))
    assert found.counted == int(policy.is_marketing.sum())
    # And where the playbook holds none of them.
    bare = ContactPolicy.of(playbook.model_copy(update={"message": playbook.message[:0]}))
    assert found_in(source(left=left, plan=Plan())).counted == int(bare.is_marketing.sum())
