"""Messages that were claimed and never said to be sent: a sender died, or forgot to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import bindparam, select

from nba.domain import iso
from nba.state.asking import microseconds
from nba.state.leaving import SENT_AT
from nba.state.store import Store
from nba.state.tables import MESSAGES

_STUCK: Final = (
    select(MESSAGES)
    .where(
        MESSAGES.c.claimed_at <= bindparam("until"),
        MESSAGES.c.acked_at.is_(None),
        # An imported log tells of messages that nobody will acknowledge here.
        MESSAGES.c.expires_at.is_not(None),
        SENT_AT.is_(None),
    )
    .order_by(MESSAGES.c.claimed_at, MESSAGES.c.message_id)
)


@dataclass(frozen=True, slots=True)
class StuckMessage:
    """A message that may or may not have been sent.

    Attributes:
        message_id: of the claim.
        customer_id: whom it is for.
        message: its word in the playbook.
        channel: how it goes.
        claimed_at: when it was claimed.
        expires_at: from when on it must not be sent.
        is_expired: whether that is over; it counts as sent then.
    """

    message_id: str
    customer_id: str
    message: str
    channel: str | None
    claimed_at: np.datetime64
    expires_at: np.datetime64
    is_expired: bool

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.is_expired:
            return "do not send it; if your provider has it, acknowledge it"
        return "claim again to get the same permit, send it unless it was, and acknowledge it"

    def to_dict(self) -> dict[str, str | bool | None]:
        """Give the JSON form."""
        return {
            "message_id": self.message_id,
            "customer_id": self.customer_id,
            "message": self.message,
            "channel": self.channel,
            "claimed_at": iso(self.claimed_at),
            "expires_at": iso(self.expires_at),
            "is_expired": self.is_expired,
            "remedy": self.remedy,
        }


def stuck_messages(
    store: Store, at: np.datetime64, older_than: np.timedelta64
) -> list[StuckMessage]:
    """List the messages claimed some time ago of which nothing was heard since, oldest first.

    Neither was any acknowledged, nor did its provider say that it left.

    Args:
        store: the ledger.
        at: now.
        older_than: how long ago they were claimed, or longer.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        rows = connection.execute(_STUCK, {"until": microseconds(at - older_than)}).all()
    return [
        StuckMessage(
            row.message_id,
            row.customer_id,
            row.message,
            row.channel,
            np.datetime64(row.claimed_at, "us"),
            np.datetime64(row.expires_at, "us"),
            row.expires_at <= microseconds(at),
        )
        for row in rows
    ]
