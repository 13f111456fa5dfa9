"""Brevo's transactional webhooks. Our message id is in the mail's header `X-Mailin-custom`.

It is written there as JSON: `{"nba_message_id": "m_…"}`.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from nba.state.feedback import ProviderEvent
from nba_api.webhooks.proving import check_shared_secret
from nba_api.webhooks.reading import (
    MESSAGE_ID,
    Delivery,
    event,
    inside,
    json_of,
    objects,
    seconds,
    text,
)

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


class Brevo:
    """Reads what Brevo sends, alone or in batches; a shared secret proves it."""

    name: Final = "brevo"

    def __init__(self, secret: str) -> None:
        """Take the secret that the shop gave Brevo, as a bearer token or in the address."""
        self._secret = secret

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a request, then read it."""
        check_shared_secret(delivery, self._secret)
        return [_event(one, delivery.at) for one in objects(json_of(delivery.body))]


def _event(said: dict[str, Any], now: int) -> ProviderEvent:
    kind = text(said.get("event"))
    # The other instants are in the account's own zone.
    epoch = said.get("ts_epoch")
    return event(
        Brevo.name,
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
