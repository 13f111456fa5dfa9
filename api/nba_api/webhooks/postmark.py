"""Postmark's webhooks. Our message id is metadata of the mail: `nba_message_id`."""

from __future__ import annotations

from typing import Any, Final

from nba.state.feedback import ProviderEvent
from nba_api.webhooks.reading import MESSAGE_ID, event, inside, iso_text, text

NAME: Final = "postmark"
_OUTCOMES: Final = {
    "Delivery": "delivered",
    "Open": "opened",
    "Click": "clicked",
    "SpamComplaint": "complained",
}
_BOUNCES: Final = {
    "HardBounce": "bounced",
    "BadEmailAddress": "bounced",
    "SpamComplaint": "complained",
    "SpamNotification": "complained",
    "Unsubscribe": "unsubscribed",
}
"""All other types of a bounce may pass."""
_SUPPRESSIONS: Final = {
    "HardBounce": "bounced",
    "SpamComplaint": "complained",
    "ManualSuppression": "unsubscribed",
}
_INSTANTS: Final = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


def read(said: dict[str, Any], now: int) -> ProviderEvent:
    """Read one event; it has no instant of its own where it happened now."""
    record, more = text(said.get("RecordType")), ""
    outcome = _OUTCOMES.get(record)
    if record == "Bounce":
        more = text(said.get("Type"))
        outcome = _BOUNCES.get(more)
    elif record == "SubscriptionChange":
        is_off = said.get("SuppressSending") is True
        more = text(said.get("SuppressionReason")) if is_off else "Resubscribed"
        outcome = _SUPPRESSIONS.get(more)
    told = next((said[name] for name in _INSTANTS if said.get(name)), None)
    # Only bounces have an id, and complaints, which are numbered with them.
    number = text(said.get("ID"))
    return event(
        NAME,
        f"{record}/{more}" if more else record,
        at=iso_text(told, now),
        message_id=inside(said, "Metadata", MESSAGE_ID),
        outcome=outcome,
        theirs=f"{record}-{number}" if number else None,
        parts=(said.get("MessageID"), told, said.get("OriginalLink")),
    )
