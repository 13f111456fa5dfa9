"""Klaviyo's system webhooks. Our message id is a property of the event, `nba_message_id`.

Klaviyo copies no property of its own accord into what it says about a mail; a link of the mail
that carries `?nba_message_id=…` tells whose click it was.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from nba.state.feedback import ProviderEvent
from nba_api.webhooks.proving import check_age, hmac_hex, is_same
from nba_api.webhooks.reading import (
    MESSAGE_ID,
    SECOND,
    Delivery,
    event,
    forged,
    inside,
    iso_text,
    json_of,
    objects,
    seconds,
    text,
)

SIGNATURE: Final = "klaviyo-signature"
TIMESTAMP: Final = "klaviyo-timestamp"
WEBHOOK_ID: Final = "klaviyo-webhook-id"
_NOBODY: Final = 0
_TOPIC: Final = "event:klaviyo."
_OUTCOMES: Final = {
    "email_delivered": "delivered",
    "received_email": "delivered",
    "opened_email": "opened",
    "clicked_email": "clicked",
    "marked_email_as_spam": "complained",
    "unsubscribed": "unsubscribed",
    "unsubscribed_from_email_marketing": "unsubscribed",
    "unsubscribed_from_list": "unsubscribed",
}
_BY_MACHINES: Final = ("Apple Privacy Open", "Bot Click")
_TRUE: Final = ("true", "1", "yes")


class Klaviyo:
    """Reads what Klaviyo sends, signed by HMAC over the body and the timestamp."""

    name: Final = "klaviyo"

    def __init__(self, secret: str) -> None:
        """Take the secret key that the shop chose for the webhook."""
        self._secret = secret

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a request, then read it."""
        timestamp = delivery.headers.get(TIMESTAMP, "")
        signed = timestamp.encode("utf-8", "surrogatepass")
        expected = hmac_hex(self._secret, delivery.body, signed)
        if not is_same(delivery.headers.get(SIGNATURE, ""), expected):
            raise forged("the signature is not Klaviyo's for this body and timestamp")
        check_age(delivery, _instant(timestamp))
        document = json_of(delivery.body)
        meant = text(inside(document, "meta", "klaviyo_webhook_id"))
        if not meant or not is_same(delivery.headers.get(WEBHOOK_ID, ""), meant):
            raise forged("the header Klaviyo-Webhook-Id names another webhook than the body")
        return [_event(one, delivery.at) for one in objects(inside(document, "data"))]


def _instant(timestamp: str) -> int:
    """Read the date of a header, or an ISO text or seconds, as older webhooks have it."""
    try:
        return round(parsedate_to_datetime(timestamp).timestamp() * SECOND)
    except (ValueError, OverflowError):
        return iso_text(timestamp, seconds(timestamp, _NOBODY))


def _event(said: dict[str, Any], now: int) -> ProviderEvent:
    topic = text(said.get("topic")).removeprefix(_TOPIC)
    attributes = inside(said, "payload", "data", "attributes")
    properties = inside(attributes, "event_properties")
    outcome = _OUTCOMES.get(topic)
    if topic == "bounced_email" and text(inside(properties, "Bounce Type")).lower() == "hard":
        outcome = "bounced"
    told = inside(attributes, "timestamp")
    return event(
        Klaviyo.name,
        topic,
        at=iso_text(inside(attributes, "datetime"), seconds(told, now)),
        message_id=inside(properties, MESSAGE_ID) or _in_link(inside(properties, "URL")),
        outcome=outcome,
        theirs=said.get("external_id"),
        parts=(told,),
        is_machine=any(str(inside(properties, name)).lower() in _TRUE for name in _BY_MACHINES),
    )


def _in_link(link: object) -> str | None:
    try:
        found = parse_qs(urlsplit(text(link)).query).get(MESSAGE_ID)
    except ValueError:
        return None
    return found[0] if found else None
