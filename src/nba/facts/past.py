"""What signals say as of an instant: rows at or after it have no effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, Instants
from nba.facts.signals import NEVER, Signals
from nba.facts.tables import EventRows, MessageRows, Table
from nba.ranges import starts
from nba.vocabulary import EVENT_TYPES

PASSING: Final = ("view_item", "shown", "clicked")
"""Events that there are many of, and that no rule remembers for long."""
PASSING_KEPT: Final = 60 * DAY
"""How far before the instant of a fold such events still count."""

Rows = TypeVar("Rows", bound=Table)

_IS_PASSING: Final = np.array([name in PASSING for name in EVENT_TYPES])


def before(signals: Signals, as_of: np.datetime64) -> Signals:
    """Keep what was known before an instant, and of passing events those that still count.

    A message that several rows tell of is one; messages stand by id.
    """
    return replace(
        signals,
        events=_kept(signals.events, _counted(signals.events, as_of)),
        merges=_kept(signals.merges, signals.merges.at < as_of),
        consents=_kept(signals.consents, signals.consents.at < as_of),
        messages=_told(signals.messages, as_of),
        outcomes=_kept(signals.outcomes, signals.outcomes.at < as_of),
        # Of whom nobody says since when, the shop knew from the beginning.
        profiles=_kept(signals.profiles, ~(signals.profiles.created_at >= as_of)),
        states=_kept(signals.states, signals.states.at < as_of),
    )


def _counted(events: EventRows, as_of: np.datetime64) -> NDArray[np.bool_]:
    counted = events.at < as_of
    recent = events.at >= as_of - PASSING_KEPT
    if not recent.all():
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


def _kept(rows: Rows, kept: NDArray[np.bool_]) -> Rows:
    return rows if kept.all() else rows.take(kept)


def _once(messages: MessageRows) -> MessageRows:
    """Keep one row a message, by id; of rows that differ, the one of the smallest cells."""
    if (messages.id[1:] > messages.id[:-1]).all():
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
