"""Versions: what is known of a customer has one name, however many are named at once."""

from __future__ import annotations

from nba.facts.fold import Facts, fold
from nba.facts.versions import versions
from tests.shops import day, rows
from tests.signals import signals

NAMES = [f"c{number:02}" for number in range(70)]


def facts(anchors: dict[str, str | None]) -> Facts:
    """Seventy customers of two orders each; some got a message, about an order or about nothing."""
    orders = [
        (f"o{turn}-{name}", name, place % 9 + turn, ["tea", "cup"][: place % 2 + 1])
        for place, name in enumerate(NAMES)
        for turn in range(2)
    ]
    messages = [
        {
            "message_id": f"m-{name}",
            "customer_id": name,
            "message": "digest",
            "anchor": anchor,
            "channel": "email",
            "decided_at": day(20),
            "claimed_at": day(20),
        }
        for name, anchor in anchors.items()
    ]
    return fold(rows(orders), as_of=day(50), customers=NAMES, signals=signals(messages=messages))


def test_a_customer_alone_has_the_version_that_they_have_among_many() -> None:
    known = facts({"c00": "o0-c00", "c01": "2026-W47", "c02": None})
    assert len(known.order_id) > 2 * 64
    assert versions(known) == [known.version(row) for row in range(len(NAMES))]


def test_messages_that_are_all_about_nothing_are_part_of_the_version() -> None:
    known, without = facts({"c00": None}), facts({})
    assert len(known.anchors) == 0
    assert known.version(0) != without.version(0)
    assert known.version(1) == without.version(1)
