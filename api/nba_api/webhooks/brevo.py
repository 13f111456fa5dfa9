"""Brevo's transactional webhooks. Our message id is in the mail's header `X-Mailin-custom`.

It is written there as JSON: `{"nba_message_id": "m_…"}`.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from nba.state.feedback import ProviderEvent
from nba_api.webhooks.reading import MESSAGE_ID, event, inside, seconds, text

NAME: Final = "brevo"
_MILLISECOND: Final = 1000
# `request` is not among these: it comes even for what is then blocked.
_OUTCOMES: Final = {
    "delivered": "delivered",
    "opened": "opened",
    "unique_opened": "opened",
    "proxy_open": "opened",
    "unique_proxy_open": "opened",
    "click": "clicked",
    "hard_bounce": "bounced",
    "invalid_email": "bounced",
    "spam": "complained",
    "complaint": "complained",
    "unsubscribe": "unsubscribed",
    "unsubscribed": "unsubscribed",
}


def read(said: dict[str, Any], now: int) -> ProviderEvent:
    """Read one event; it has no instant of its own where it happened now."""
    kind = text(said.get("event"))
    # The other instants are in the account's own zone.
    epoch = said.get("ts_epoch")
    return event(
        NAME,
        kind,
        at=seconds(epoch, now, unit=_MILLISECOND),
        message_id=_message_id(said.get("X-Mailin-custom")),
        outcome=_OUTCOMES.get(kind),
        parts=(said.get("message-id"), epoch, said.get("link")),
        is_machine=kind.endswith("proxy_open"),
    )


def _message_id(custom: object) -> object:
    try:
        return inside(orjson.loads(custom), MESSAGE_ID) if isinstance(custom, str) else None
    except orjson.JSONDecodeError:
        # The shop keeps something else there.
        return None
