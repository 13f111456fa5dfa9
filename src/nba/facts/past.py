"""What signals say as of an instant: rows at or after it have no effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, Instants
from nba.facts.signals import NEVER, Signals
from nba.facts.tables import EventRows, MessageRows
from nba.ranges import is_all, starts
from nba.vocabulary import EVENT_TYPES

PASSING: Final = ("view_item", "shown", "clicked")
"""Events that there are many of, and that no rule remembers for long."""
PASSING_KEPT: Final = 60 * DAY
"""How far before the instant of a fold such events still count."""

_IS_PASSING: Final = np.array([name in PASSING for name in EVENT_TYPES])


def before(signals: Signals, as_of: np.datetime64) -> Signals:
    """Keep what was known before an instant, and of passing events those that still count.

    A message that several rows tell of is one; messages stand by id.
    """
    return replace(
        signals,
        events=signals.events.where(_counted(signals.events, as_of)),
        merges=signals.merges.where(signals.merges.at < as_of),
        consents=signals.consents.where(signals.consents.at < as_of),
        messages=_told(signals.messages, as_of),
        outcomes=signals.outcomes.where(signals.outcomes.at < as_of),
        # Of whom nobody says since when, the shop knew from the beginning.
        profiles=signals.profiles.where(~(signals.profiles.created_at >= as_of)),
        states=signals.states.where(signals.states.at < as_of),
    )


def _counted(events: EventRows, as_of: np.datetime64) -> NDArray[np.bool_]:
    counted = events.at < as_of
    recent = events.at >= as_of - PASSING_KEPT
    if not is_all(recent):
        counted &= recent | ~_IS_PASSING[events.type]
    return counted


def _told(messages: MessageRows, as_of: np.datetime64) -> MessageRows:
    if not len(messages):
        return messages
    messages = _once(messages)
    return replace(
        messages,
        claimed_at=_known(messages.claimed_at, as_of),
        acked_at=_known(messages.acked_at, as_of),
    )


def _known(at: Instants, as_of: np.datetime64) -> Instants:
    return np.where(at < as_of, at, NEVER)


def _once(messages: MessageRows) -> MessageRows:
    """Keep one row a message, by id; of rows that differ, the one of the smallest cells."""
    if is_all(messages.id[1:] > messages.id[:-1]):
        return messages
    order = np.lexsort(
        (
            messages.is_held,
            messages.channel,
            messages.anchor,
            messages.message,
            messages.customer,
            messages.acked_at,
            messages.claimed_at,
            messages.id,
        )
    )
    return messages.take(order[starts(messages.id[order])])
