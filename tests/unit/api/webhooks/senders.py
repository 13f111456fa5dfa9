"""Fakes of the providers: each puts what happened into its own words, and proves who it is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from email.utils import formatdate
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.api.webhooks.calls import NOW, OUTSIDE, Call, Said, iso

SECRET: Final = "a secret of 32 letters and digits"
JSON: Final = {"content-type": "application/json"}
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
SOMEBODY: Final = "ann@shop.example"
_PRIVATE: Final = ec.derive_private_key(2026, ec.SECP256R1())


class Sender(Protocol):
    """A provider, as the shop meets it."""

    name: str
    setting: str
    says: dict[str, Any]

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        """Say some things, in as many requests as the provider takes."""
        ...


class SendGrid:
    name = "sendgrid"
    setting = base64.b64encode(
        _PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    says: Final[dict[str, Any]] = {
        "delivered": {"event": "delivered", "response": "250 OK"},
        "opened": {"event": "open", "sg_machine_open": False},
        "machine_open": {"event": "open", "sg_machine_open": True},
        "clicked": {"event": "click", "url": "https://shop.example/kettle"},
        "bounced": {"event": "bounce", "type": "bounce", "reason": "550"},
        "soft_bounce": {"event": "bounce", "type": "blocked", "reason": "421"},
        "complained": {"event": "spamreport"},
        "unsubscribed": {"event": "group_unsubscribe", "asm_group_id": 1},
        "resubscribed": {"event": "group_resubscribe", "asm_group_id": 1},
        "unheard_of": {"event": "teleported"},
    }

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        events = [
            self.says[one.kind]
            | {"email": SOMEBODY, "timestamp": one.at, "sg_event_id": f"e{one.number}"}
            | ({"nba_message_id": one.message} if one.message else {})
            | {"category": ["mail"] if one.number % 2 else "mail"}
            for one in said
        ]
        return [self.signed(json.dumps(events).encode(), now)]

    def signed(self, body: bytes, now: int = NOW) -> Call:
        signature = _PRIVATE.sign(str(now).encode() + body, ec.ECDSA(SHA256()))
        proof = {
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
            "x-twilio-email-event-webhook-timestamp": str(now),
        }
        return Call("/v1/webhooks/sendgrid", JSON | proof, body)


class Postmark:
    name = "postmark"
    setting = SECRET
    says: Final[dict[str, Any]] = {
        "delivered": {"RecordType": "Delivery", "instant": "DeliveredAt"},
        "opened": {"RecordType": "Open", "FirstOpen": True},
        "machine_open": None,
        "clicked": {"RecordType": "Click", "OriginalLink": "https://shop.example/kettle"},
        "bounced": {"RecordType": "Bounce", "Type": "HardBounce", "instant": "BouncedAt"},
        "soft_bounce": {"RecordType": "Bounce", "Type": "SoftBounce", "instant": "BouncedAt"},
        "complained": {"RecordType": "SpamComplaint", "instant": "BouncedAt"},
        "unsubscribed": {
            "RecordType": "SubscriptionChange",
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
            "instant": "ChangedAt",
        },
        "resubscribed": {
            "RecordType": "SubscriptionChange",
            "SuppressSending": False,
            "SuppressionReason": None,
            "instant": "ChangedAt",
        },
        "unheard_of": {"RecordType": "Teleport"},
    }

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        basic = base64.b64encode(f"postmark:{SECRET}".encode()).decode()
        headers = JSON | {"authorization": f"Basic {basic}"}
        return [
            Call("/v1/webhooks/postmark", headers, json.dumps(self._event(one)).encode())
            for one in said
        ]

    def _event(self, one: Said) -> dict[str, Any]:
        event = {"instant": "ReceivedAt"} | self.says[one.kind]
        if event["RecordType"] in ("Bounce", "SpamComplaint"):
            event["ID"] = 4_323_372_036_854_775_807 + one.number
        return event | {
            event.pop("instant"): iso(one.at),
            "MessageID": f"883953f4-{one.message}",
            "Recipient": SOMEBODY,
            "Metadata": {"nba_message_id": one.message} if one.message else {},
        }


class Brevo:
    name = "brevo"
    setting = SECRET
    says: Final[dict[str, Any]] = {
        "delivered": {"event": "delivered"},
        "opened": {"event": "unique_opened"},
        "machine_open": {"event": "unique_proxy_open"},
        "clicked": {"event": "click", "link": "https://shop.example/kettle"},
        "bounced": {"event": "hard_bounce", "reason": "550"},
        "soft_bounce": {"event": "soft_bounce", "reason": "421"},
        "complained": {"event": "spam"},
        "unsubscribed": {"event": "unsubscribe"},
        "resubscribed": {"event": "list_addition"},
        "unheard_of": {"event": "teleported"},
    }

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        headers = JSON | {"authorization": f"Bearer {SECRET}"}
        return [
            Call("/v1/webhooks/brevo", headers, json.dumps(self._event(one)).encode())
            for one in said
        ]

    def _event(self, one: Said) -> dict[str, Any]:
        own = {"X-Mailin-custom": json.dumps({"nba_message_id": one.message})}
        return (
            self.says[one.kind]
            | {"email": SOMEBODY, "message-id": f"<{one.message}@smtp-relay.mailin.fr>"}
            | {"ts_epoch": one.at * 1000, "ts": one.at + 3600, "date": "2026-03-01 13:00:00"}
            | (own if one.message else {"X-Mailin-custom": "the shop's own"})
        )


class Audience:
    name = "mailchimp"
    setting = SECRET
    says: Final[dict[str, Any]] = {
        "bounced": {"type": "cleaned", "data[reason]": "hard"},
        "complained": {"type": "cleaned", "data[reason]": "abuse"},
        "unsubscribed": {"type": "unsubscribe", "data[action]": "unsub"},
        "resubscribed": {"type": "subscribe"},
        "unheard_of": {"type": "teleported"},
    }

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        path = "/v1/webhooks/mailchimp?" + urlencode({"secret": SECRET})
        return [Call(path, FORM, urlencode(self._fields(one)).encode()) for one in said]

    def _fields(self, one: Said) -> dict[str, str]:
        fired_at = iso(one.at)[:19].replace("T", " ")
        who = {"data[id]": "8a25ff1d98", "data[email]": SOMEBODY, "data[list_id]": "a6b5da1054"}
        told = self.says[one.kind] | {"fired_at": fired_at} | who
        return told | ({"data[merges][NBAMSG]": one.message} if one.message else {})


class Mandrill:
    name = "mandrill"
    setting = SECRET
    path = "/v1/webhooks/mandrill?shop=1"
    says: Final[dict[str, Any]] = {
        "delivered": {"event": "delivered"},
        "opened": {"event": "open"},
        "machine_open": None,
        "clicked": {"event": "click", "url": "https://shop.example/kettle"},
        "bounced": {"event": "hard_bounce"},
        "soft_bounce": {"event": "soft_bounce"},
        "complained": {"event": "spam"},
        "unsubscribed": {"event": "unsub"},
        "resubscribed": {"type": "whitelist", "action": "add"},
        "unheard_of": {"event": "teleported"},
    }

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        events = [
            self.says[one.kind]
            | {"ts": one.at, "_id": f"7761629-{one.message}"}
            | {"msg": {"email": SOMEBODY, "metadata": {"nba_message_id": one.message}}}
            for one in said
        ]
        return [self.signed({"mandrill_events": json.dumps(events)})]

    def signed(self, fields: dict[str, str]) -> Call:
        text = OUTSIDE + self.path + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
        proof = {"x-mandrill-signature": base64.b64encode(digest).decode()}
        return Call(self.path, FORM | proof, urlencode(fields).encode())


class Klaviyo:
    name = "klaviyo"
    setting = SECRET
    says: Final[dict[str, Any]] = {
        "delivered": ("email_delivered", {}),
        "opened": ("opened_email", {"Apple Privacy Open": "False"}),
        "machine_open": ("opened_email", {"Apple Privacy Open": True}),
        "clicked": ("clicked_email", {"URL": "https://shop.example/kettle"}),
        "bounced": ("bounced_email", {"Bounce Type": "Hard"}),
        "soft_bounce": ("bounced_email", {"Bounce Type": "Soft"}),
        "complained": ("marked_email_as_spam", {}),
        "unsubscribed": ("unsubscribed_from_email_marketing", {}),
        "resubscribed": ("subscribed_to_list", {}),
        "unheard_of": ("teleported", {}),
    }

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        document = {
            "data": [self._event(one) for one in said],
            "meta": {"klaviyo_account_id": "ABC123", "klaviyo_webhook_id": "01H2W", "timestamp": 1},
        }
        return [self.signed(json.dumps(document).encode(), now)]

    def signed(self, body: bytes, now: int = NOW) -> Call:
        timestamp = formatdate(now, usegmt=True)
        signature = hmac.new(SECRET.encode(), body + timestamp.encode(), hashlib.sha256)
        proof = {
            "klaviyo-signature": signature.hexdigest(),
            "klaviyo-timestamp": timestamp,
            "klaviyo-webhook-id": "01H2W",
        }
        return Call("/v1/webhooks/klaviyo", JSON | proof, body)

    def _event(self, one: Said) -> dict[str, Any]:
        topic, properties = self.says[one.kind]
        own = {"nba_message_id": one.message} if one.message else {}
        attributes = {
            "timestamp": one.at,
            "datetime": iso(one.at)[:19] + "+00:00",
            "event_properties": properties | own,
        }
        return {
            "external_id": f"x{one.number}",
            "topic": f"event:klaviyo.{topic}",
            "payload": {"data": {"type": "event", "attributes": attributes}},
        }
