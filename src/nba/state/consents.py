"""Consents: what customers agreed to and took back, as one history that only grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, bindparam, select

from nba.domain import iso
from nba.state.asking import microseconds
from nba.state.erasure import is_erased
from nba.state.store import Store
from nba.state.tables import CONSENTS, MESSAGE_EVENTS
from nba.state.writing import add

ONE_CLICK: Final = "one-click"
"""The source of a refusal by the link that every marketing message carries."""
_THEIRS: Final = (
    select(CONSENTS)
    .where(CONSENTS.c.customer_id == bindparam("customer"))
    .order_by(CONSENTS.c.at, CONSENTS.c.channel, CONSENTS.c.granted)
)


@dataclass(frozen=True, slots=True)
class Consent:
    """One thing said about a channel; its names are the columns of `consents`.

    Attributes:
        customer_id: who said it.
        channel: one of `vocabulary.CHANNELS`.
        granted: whether messages may come there from then on.
        at: when, in microseconds UTC since 1970.
        source: who told us, such as `one-click`, `import` or the name of a provider.
    """

    customer_id: str
    channel: str
    granted: bool
    at: int
    source: str | None


def write(connection: Connection, said: Sequence[Consent]) -> int:
    """Add to the history what is not in it yet; give how much was new."""
    return add(connection, CONSENTS, [asdict(one) for one in said])


def history(connection: Connection, customer: str) -> list[dict[str, Any]]:
    """Give all that one customer ever said, the oldest first; instants as ISO texts."""
    return [
        {
            "channel": row.channel,
            "granted": row.granted,
            "at": iso(np.datetime64(row.at, "us")),
            "source": row.source,
        }
        for row in connection.execute(_THEIRS, {"customer": customer})
    ]


def unsubscribe(
    store: Store, event_id: str, message_id: str, customer: str, channel: str, at: np.datetime64
) -> None:
    """Take back a consent because of one message; it holds for every claim that begins afterwards.

    Args:
        store: where to write it.
        event_id: the same for every click on the same link.
        message_id: the message that carried the link.
        customer: who got it.
        channel: the channel that is not wanted any more.
        at: now.

    Raises:
        StateError: the store cannot be written.
    """
    when = microseconds(at)
    event = {
        "event_id": event_id,
        "message_id": message_id,
        "customer_id": customer,
        "channel": channel,
        "type": "unsubscribed",
        "at": when,
        "is_machine": False,
    }
    with store.writing(lock=[customer]) as connection:
        if is_erased(connection, [customer]):
            # Who is forgotten gets nothing any more, and is not to be known again.
            return
        # Clicked again after a new consent, the old link takes that one back too.
        write(connection, [Consent(customer, channel, granted=False, at=when, source=ONE_CLICK)])
        add(connection, MESSAGE_EVENTS, [event])
