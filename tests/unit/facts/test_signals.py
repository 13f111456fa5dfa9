"""Signals: rows beside orders become codes, and what cannot be read says nothing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from nba.domain import to_instant
from nba.facts.signals import BEGINNING, Signals, expiry, zone_name
from nba.vocabulary import CHANNELS, EVENT_TYPES
from tests.shops import day
from tests.signals import signals

EMAIL, SMS = CHANNELS.index("email"), CHANNELS.index("sms")


def test_nothing_is_as_good_as_no_tables() -> None:
    assert Signals.of_columns({}) == Signals.none()


def test_events_are_coded_by_sorted_ids() -> None:
    given = signals(
        events=[
            {"event_id": "e2", "type": "view_item", "at": day(1), "customer_id": "bob"},
            {"event_id": "e1", "type": "add_to_cart", "at": day(2), "customer_id": "ann"},
        ]
    )
    assert list(given.customer_ids) == ["ann", "bob"]
    assert given.events.customer.tolist() == [1, 0]
    assert [EVENT_TYPES[code] for code in given.events.type] == ["view_item", "add_to_cart"]
    assert [given.event_ids[code] for code in given.events.event] == ["e2", "e1"]


def test_an_event_that_opens_nothing_keeps_no_id() -> None:
    given = signals(
        events=[{"event_id": "e1", "type": "rating", "at": day(1), "customer_id": "ann"}]
    )
    assert given.events.event.tolist() == [-1]
    assert len(given.event_ids) == 0


def test_of_sessions_only_those_that_a_merge_names_are_kept() -> None:
    given = signals(
        events=[
            {"event_id": "e1", "type": "view_item", "at": day(1), "session_id": "s1"},
            {"event_id": "e2", "type": "view_item", "at": day(1), "session_id": "s2"},
            {
                "event_id": "e3",
                "type": "merge",
                "at": day(2),
                "session_id": "s1",
                "customer_id": "ann",
            },
        ]
    )
    assert list(given.customer_ids) == ["ann", "s1"]
    assert given.events.is_session.tolist() == [True, False]
    assert given.events.customer.tolist() == [1, 0]


def test_a_row_of_an_unknown_type_or_channel_has_no_effect() -> None:
    given = signals(
        events=[{"event_id": "e1", "type": "teleport", "at": day(1), "customer_id": "ann"}],
        consents=[{"customer_id": "ann", "channel": "fax", "granted": True, "at": day(1)}],
        message_events=[{"event_id": "x", "message_id": "m", "type": "lost", "at": day(1)}],
    )
    assert (len(given.events), len(given.consents), len(given.outcomes)) == (0, 0, 0)


def test_the_short_form_of_consents_counts_like_rows() -> None:
    given = signals(
        customers=[
            {"customer_id": "ann", "consent_email": True, "consent_at": day(3)},
            {"customer_id": "bob", "consent_sms": False},
            {"customer_id": "cat", "consent_email": True, "consent_sms": True},
        ]
    )
    assert given.ignored_grant_count == 2
    assert given.consents.customer.tolist() == [0, 1]
    assert given.consents.channel.tolist() == [EMAIL, SMS]
    assert given.consents.is_granted.tolist() == [True, False]
    assert given.consents.at.tolist() == [day(3).item(), BEGINNING.item()]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Europe/Kyiv", "Europe/Kyiv"),
        ("europe/kyiv", "Europe/Kyiv"),
        (" EUROPE/KYIV ", "Europe/Kyiv"),
        ("utc", "UTC"),
        ("Mars/Olympus", None),
        ("../../etc/passwd", None),
        ("", None),
        (None, None),
    ],
)
def test_a_zone_is_known_however_it_is_spelled_or_not_at_all(
    text: str | None, name: str | None
) -> None:
    assert zone_name(text) == name


@pytest.mark.parametrize(
    ("attributes", "instant"),
    [
        ('{"points_expire_at": "2026-12-01"}', "2026-12-01T00:00Z"),
        ('{"points_expire_at": "2026-12-01T10:00:00+02:00"}', "2026-12-01T08:00Z"),
        ('{"size": "M", "points_expire_at": "2026-12-01T10:00Z"}', "2026-12-01T10:00Z"),
    ],
)
def test_points_expire_on_a_day_or_at_an_instant(attributes: str, instant: str) -> None:
    assert expiry(attributes) == int(to_instant(instant).astype(np.int64))


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        "",
        "{}",
        "points_expire_at",
        '{"points_expire_at": null}',
        '{"points_expire_at": 20261201}',
        '{"points_expire_at": ["2026-12-01"]}',
        '{"points_expire_at": "some day"}',
        '{"points_expire_at": "2026-02-30"}',
        '{"points_expire_at": "2026-12-01T10:00"}',
        '["points_expire_at"]',
        '"points_expire_at"',
        '{"points_expire_at": "0001-01-01T00:00:00+14:00"}',
        "[" * 100_000 + '"points_expire_at"',
    ],
)
def test_what_cannot_be_read_says_nothing_of_points(attributes: str | None) -> None:
    assert expiry(attributes) is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (date(2024, 2, 29), "2024-02-29"),
        ("2024-02-29", "2024-02-29"),
        ("2025-02-29", "NaT"),
        ("29.02.2024", "NaT"),
        (None, "NaT"),
    ],
)
def test_a_birthday_is_a_day_or_unknown(cell: date | str | None, expected: str) -> None:
    given = signals(customers=[{"customer_id": "ann", "birthday": cell}])
    assert str(given.profiles.birthday[0]) == expected
