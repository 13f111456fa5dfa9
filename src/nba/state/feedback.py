"""What becomes of messages, as their providers tell it: told again, it changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import Connection, exists, select, update

from nba.state.asking import NAMES, microseconds
from nba.state.consents import Consent, write
from nba.state.erasure import is_erased
from nba.state.leaving import MARK_LEAVING
from nba.state.store import Store
from nba.state.tables import MESSAGE_EVENTS, MESSAGES, WEBHOOK_EVENTS
from nba.state.writing import add
from nba.vocabulary import Channel

_EVENTS_A_TRANSACTION: Final = 500
"""A database holds so many locks of customers at once, and no other writer waits for long."""
_SCANNED: Final = microseconds(np.timedelta64(2, "s"))
"""A click that follows its delivery sooner than this is a link scanner's."""

_SENT: Final = select(MESSAGES.c.message_id, MESSAGES.c.customer_id, MESSAGES.c.channel).where(
    MESSAGES.c.message_id.in_(NAMES)
)
_MARK_LEAVING: Final = MARK_LEAVING.where(MESSAGES.c.message_id.in_(NAMES))
_DELIVERED: Final = MESSAGE_EVENTS.alias("delivered")
_AFTER: Final = MESSAGE_EVENTS.c.at - _DELIVERED.c.at
_MARK_SCANNED: Final = (
    update(MESSAGE_EVENTS)
    .where(
        MESSAGE_EVENTS.c.message_id.in_(NAMES),
        MESSAGE_EVENTS.c.type == "clicked",
        MESSAGE_EVENTS.c.is_machine.is_not(True),
        exists().where(
            _DELIVERED.c.message_id == MESSAGE_EVENTS.c.message_id,
            _DELIVERED.c.type == "delivered",
            _AFTER >= 0,
            _AFTER < _SCANNED,
        ),
    )
    .values(is_machine=True)
)

_Sent = Mapping[str | None, tuple[str, str | None]]
"""Customer and channel of messages, by their id."""
_UNKNOWN: Final = (None, None)


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing that a provider of messages said.

    Attributes:
        event_id: begins with the provider's name; the same whenever the same thing is said again.
        type: the provider's own word for it.
        at: when it happened, in microseconds UTC since 1970.
        message_id: the message of ours that it is about; None where the provider did not say.
        outcome: one of `vocabulary.MESSAGE_EVENT_TYPES`; None for what is none of these.
        is_machine: the provider says that no person did it.
    """

    event_id: str
    type: str
    at: int
    message_id: str | None
    outcome: str | None
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of what a provider said was kept.

    Attributes:
        accepted: events of messages that are new.
        counted: new ones that are no event of a message of ours: kept by their type alone.
        duplicates: events that were there before, or are about a customer erased since.
    """

    accepted: int
    counted: int
    duplicates: int


def keep(store: Store, provider: str, events: Sequence[ProviderEvent]) -> Kept:
    """Write down what a provider said; all of it is on disk when this returns.

    Who unsubscribed has taken back the consent for the channel of the message.

    Raises:
        StateError: the store cannot be written; what was told first may have been kept then.
    """
    accepted = counted = 0
    # Two writers that meet the same events in the same order wait for each other, never both.
    events = sorted(events, key=lambda one: one.event_id)
    for first in range(0, len(events), _EVENTS_A_TRANSACTION):
        group = events[first : first + _EVENTS_A_TRANSACTION]
        names = sorted({one.message_id for one in group if one.message_id is not None})
        with store.reading() as connection:
            found = connection.execute(_SENT, {"names": names})
            sent: _Sent = {message: (customer, channel) for message, customer, channel in found}
        with store.writing(lock=sorted({customer for customer, _ in sent.values()})) as connection:
            erased = is_erased(connection, names, kind="message")
            told = [one for one in group if one.message_id not in erased]
            ours = [one for one in told if _is_ours(one)]
            accepted += _keep_ours(connection, ours, sent)
            _refuse(connection, provider, ours, sent)
            for mark in (_MARK_LEAVING, _MARK_SCANNED):
                connection.execute(mark, {"names": names})
            counted += _keep_others(
                connection, provider, (one for one in told if not _is_ours(one))
            )
    return Kept(accepted, counted, len(events) - accepted - counted)


def _is_ours(event: ProviderEvent) -> bool:
    return event.message_id is not None and event.outcome is not None


def _keep_ours(connection: Connection, events: Iterable[ProviderEvent], sent: _Sent) -> int:
    rows = []
    for one in events:
        customer, channel = sent.get(one.message_id, _UNKNOWN)
        rows.append(
            {
                "event_id": one.event_id,
                "message_id": one.message_id,
                "customer_id": customer,
                "channel": channel,
                "type": one.outcome,
                "at": one.at,
                "is_machine": one.is_machine,
            }
        )
    return add(connection, MESSAGE_EVENTS, rows)


def _refuse(
    connection: Connection, provider: str, events: Iterable[ProviderEvent], sent: _Sent
) -> None:
    refusals = []
    for one in events:
        customer, channel = sent.get(one.message_id, _UNKNOWN)
        if one.outcome == "unsubscribed" and customer is not None:
            meant = channel or Channel.EMAIL.value
            refusals.append(Consent(customer, meant, granted=False, at=one.at, source=provider))
    write(connection, refusals)


def _keep_others(connection: Connection, provider: str, events: Iterable[ProviderEvent]) -> int:
    rows = [
        {
            "event_id": one.event_id,
            "provider": provider,
            "type": one.type,
            "message_id": one.message_id,
            "at": one.at,
        }
        for one in events
    ]
    return add(connection, WEBHOOK_EVENTS, rows)
