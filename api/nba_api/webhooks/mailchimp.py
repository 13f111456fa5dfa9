"""Mailchimp's two products: the webhooks of an audience, and those of Mandrill.

Mandrill gives our message id back as metadata of the mail, `nba_message_id`. An audience knows
customers, not messages: there the id of the last one is a merge field, `NBAMSG`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Final

from nba.state.feedback import ProviderEvent
from nba_api.webhooks.proving import check_shared_secret, is_same
from nba_api.webhooks.reading import (
    MESSAGE_ID,
    Delivery,
    event,
    forged,
    form_of,
    inside,
    iso_text,
    json_of,
    objects,
    seconds,
    text,
)

SIGNATURE: Final = "x-mandrill-signature"
_OUTCOMES: Final = {
    "send": "sent",
    "delivered": "delivered",
    "open": "opened",
    "click": "clicked",
    "hard_bounce": "bounced",
    "spam": "complained",
    "unsub": "unsubscribed",
}
_CLEANED: Final = {"hard": "bounced", "abuse": "complained"}


class Audience:
    """Reads what the webhook of an audience sends; a secret in its address proves it."""

    name: Final = "mailchimp"

    def __init__(self, secret: str) -> None:
        """Take the secret that the shop wrote into the address."""
        self._secret = secret

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a request, then read it."""
        check_shared_secret(delivery, self._secret)
        said = form_of(delivery.body)
        kind, fired_at = said.get("type", ""), said.get("fired_at")
        outcome = "unsubscribed" if kind == "unsubscribe" else None
        if kind == "cleaned":
            reason = said.get("data[reason]", "")
            kind, outcome = f"cleaned/{reason}", _CLEANED.get(reason)
        who, where = said.get("data[id]"), said.get("data[list_id]")
        heard = event(
            self.name,
            kind,
            at=iso_text(fired_at, delivery.at),
            message_id=said.get("data[merges][NBAMSG]"),
            outcome=outcome,
            parts=(fired_at, who, where, said.get("data[campaign_id]")),
        )
        return [heard]


class Mandrill:
    """Reads what Mandrill sends, signed over the address and the form."""

    name: Final = "mandrill"

    def __init__(self, key: str) -> None:
        """Take the key that Mandrill shows beside the webhook."""
        self._key = key

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a request, then read it."""
        fields = form_of(delivery.body)
        signed = delivery.url + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(self._key.encode(), signed.encode(), hashlib.sha1).digest()
        given = delivery.headers.get(SIGNATURE, "")
        if not is_same(given, base64.b64encode(digest).decode()):
            raise forged(
                "the signature is not Mandrill's for this address and form; "
                "public_url must be how Mandrill calls this server"
            )
        listed = objects(json_of(fields.get("mandrill_events", "[]")))
        return [_event(one, delivery.at) for one in listed]


def _event(said: dict[str, Any], now: int) -> ProviderEvent:
    # What is about a list of addresses and not about a message has a type instead.
    kind = text(said.get("event") or said.get("type"))
    return event(
        Mandrill.name,
        kind,
        at=seconds(said.get("ts"), now),
        message_id=inside(said, "msg", "metadata", MESSAGE_ID),
        outcome=_OUTCOMES.get(kind),
        parts=(said.get("_id"), said.get("ts"), said.get("url")),
    )
