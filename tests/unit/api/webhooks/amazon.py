"""A fake of Amazon's SNS, with a certificate of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.unit.api.webhooks.calls import NOW, Call, Said, iso
from tests.unit.api.webhooks.senders import SOMEBODY

TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:mail"
HOST: Final = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE: Final = f"{HOST}/SimpleNotificationService-0123abcd.pem"
TEXT: Final = {"content-type": "text/plain; charset=UTF-8"}
SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def pem() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key().public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=400))
        .sign(private_key(), SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


class Web:
    """The internet, as far as SNS needs it; it notes what was asked of it."""

    def __init__(self, *, is_down: bool = False) -> None:
        self.asked: list[str] = []
        self._is_down = is_down

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self._is_down:
            raise TimeoutError
        return pem() if url == CERTIFICATE else b"<ConfirmSubscriptionResponse/>"


class Ses:
    name = "ses"
    setting = TOPIC
    says: Final[dict[str, Any]] = {
        "delivered": {"eventType": "Delivery", "delivery": {"recipients": [SOMEBODY]}},
        "opened": {"eventType": "Open", "open": {"userAgent": "Mozilla/5.0"}},
        "machine_open": None,
        "clicked": {"eventType": "Click", "click": {"link": "https://shop.example/kettle"}},
        "bounced": {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}},
        "soft_bounce": {"notificationType": "Bounce", "bounce": {"bounceType": "Transient"}},
        "complained": {"notificationType": "Complaint", "complaint": {}},
        "unsubscribed": {
            "eventType": "Subscription",
            "subscription": {"newTopicPreferences": {"unsubscribeAll": True}},
        },
        "resubscribed": {
            "eventType": "Subscription",
            "subscription": {
                "newTopicPreferences": {
                    "unsubscribeAll": False,
                    "topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": "OptIn"}],
                }
            },
        },
        "unheard_of": {"eventType": "DeliveryDelay", "deliveryDelay": {}},
    }

    def calls(self, said: Sequence[Said], now: int = NOW) -> list[Call]:
        return [self.notified(self._mail(one), f"22b80b92-{one.number}", one.at) for one in said]

    def notified(self, mail: str, number: str, at: int, **more: str) -> Call:
        said = {"Type": "Notification", "MessageId": number, "TopicArn": TOPIC, "Message": mail}
        return self.signed(said | {"Timestamp": f"{iso(at)[:23]}Z"} | more)

    def signed(self, said: dict[str, str], version: str = "1") -> Call:
        names = [name for name in SIGNED[said["Type"]] if name in said]
        text = "".join(f"{name}\n{said[name]}\n" for name in names).encode()
        hashed = SHA1() if version == "1" else SHA256()
        signature = base64.b64encode(private_key().sign(text, PKCS1v15(), hashed)).decode()
        proof = {"SignatureVersion": version, "Signature": signature}
        document = proof | {"SigningCertURL": CERTIFICATE} | said
        return Call("/v1/webhooks/ses", TEXT, json.dumps(document).encode())

    def _mail(self, one: Said) -> str:
        told = self.says[one.kind]
        tags = {"nba_message_id": [one.message]} if one.message else {}
        mail = {"messageId": f"0102-{one.message}", "destination": [SOMEBODY], "tags": tags}
        inner = {name: value | {"timestamp": iso(one.at)} for name, value in told.items()
                 if isinstance(value, dict)}  # fmt: skip
        return json.dumps(told | inner | {"mail": mail})
