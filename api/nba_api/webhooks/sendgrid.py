"""SendGrid's Event Webhook. Our message id is a custom argument of the mail: `nba_message_id`."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from nba.errors import ConfigError
from nba.state.feedback import ProviderEvent
from nba_api.webhooks.proving import check_age, decoded
from nba_api.webhooks.reading import (
    MESSAGE_ID,
    Delivery,
    event,
    forged,
    json_of,
    objects,
    seconds,
    text,
)

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
_NOBODY: Final = 0
# `processed` is not among these: SendGrid took it, and it may yet be dropped.
_OUTCOMES: Final = {
    "delivered": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}


class SendGrid:
    """Reads what SendGrid sends, signed by ECDSA over the timestamp and the body."""

    name: Final = "sendgrid"

    def __init__(self, public_key: str) -> None:
        """Take the verification key as SendGrid shows it: base64, without a header.

        Raises:
            ConfigError: it is no such key.
        """
        try:
            key = load_der_public_key(base64.b64decode(public_key, validate=True))
        except (ValueError, binascii.Error):
            key = None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ConfigError(
                "webhook_sendgrid is no key; expected the base64 verification key of SendGrid's "
                "signed event webhook, which begins with MFkw"
            )
        self._key = key

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a request, then read it."""
        self._verify(delivery)
        return [_event(one, delivery.at) for one in objects(json_of(delivery.body))]

    def _verify(self, delivery: Delivery) -> None:
        timestamp = delivery.headers.get(TIMESTAMP, "")
        signature = decoded(delivery.headers.get(SIGNATURE, ""))
        signed = timestamp.encode("utf-8", "surrogatepass") + delivery.body
        try:
            self._key.verify(signature, signed, ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise forged("the signature is not SendGrid's for this body and timestamp") from None
        check_age(delivery, seconds(timestamp, _NOBODY))


def _event(said: dict[str, Any], now: int) -> ProviderEvent:
    kind = text(said.get("event"))
    outcome = _OUTCOMES.get(kind)
    if kind == "bounce" and said.get("type") == "blocked":
        # The mail was refused, the mailbox is still there.
        kind, outcome = "bounce/blocked", None
    return event(
        SendGrid.name,
        kind,
        at=seconds(said.get("timestamp"), now),
        message_id=said.get(MESSAGE_ID),
        outcome=outcome,
        theirs=said.get("sg_event_id"),
        parts=(said.get("sg_message_id"), said.get("timestamp"), said.get("url")),
        is_machine=said.get("sg_machine_open") is True,
    )
