"""Amazon SES through SNS. Our message id is a tag of the mail: `nba_message_id`.

SNS signs each notification with a certificate that the notification itself names. It is fetched
only from SNS of the topic's own region, and only for notifications of the topic in the settings:
nobody can make the server call another address.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate
from starlette.exceptions import HTTPException

from nba.errors import ConfigError
from nba.state.feedback import ProviderEvent
from nba_api.webhooks.proving import TOLERANCE, check_age, decoded, is_same
from nba_api.webhooks.reading import (
    MESSAGE_ID,
    SECOND,
    Delivery,
    event,
    forged,
    inside,
    iso_text,
    json_of,
    text,
)

Fetch = Callable[[str], bytes]
"""Gets what an address holds; raises OSError where it cannot."""

LOG: Final = logging.getLogger(__name__)
_RETRIED: Final = 3600 * SECOND
"""SNS signs when it publishes, and tries again for up to an hour."""
_NOBODY: Final = 0
_FETCHES: Final = 2
_CERTIFICATES: Final = 8
_TOPIC: Final = re.compile(r"arn:aws[\w-]*:sns:([a-z0-9-]+):\d{12}:[\w.-]+", re.ASCII)
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]+\.pem", re.ASCII)
_CONFIRMING: Final = re.compile(r"/\?[\x21-\x7e]+")
_HASHES: Final[dict[str, type[HashAlgorithm]]] = {"1": SHA1, "2": SHA256}
_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip
_SIGNED: Final = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_OUTCOMES: Final = {
    "Send": "sent",
    "Delivery": "delivered",
    "Open": "opened",
    "Click": "clicked",
    "Complaint": "complained",
}


class Ses:
    """Reads what SES publishes to an SNS topic."""

    name: Final = "ses"

    def __init__(self, topic: str, fetch: Fetch, *, is_confirming: bool = False) -> None:
        """Take the topic whose notifications count.

        Args:
            topic: its ARN.
            fetch: gets certificates, and confirms subscriptions.
            is_confirming: a new subscription is confirmed; otherwise its address is logged.

        Raises:
            ConfigError: the topic is no ARN of an SNS topic.
        """
        matched = _TOPIC.fullmatch(topic)
        if matched is None:
            raise ConfigError(
                "webhook_ses is no topic; expected its ARN, such as "
                "arn:aws:sns:eu-west-1:123456789012:mail"
            )
        self._topic, self._fetch, self._is_confirming = topic, fetch, is_confirming
        domain = "amazonaws.com.cn" if topic.startswith("arn:aws-cn:") else "amazonaws.com"
        self._prefix = f"https://sns.{matched[1]}.{domain}"
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._fetching = BoundedSemaphore(_FETCHES)

    def receive(self, delivery: Delivery) -> list[ProviderEvent]:
        """Verify a notification, then read it; one about a subscription tells of no mail."""
        said = json_of(delivery.body)
        self._verify(said, delivery)
        if said["Type"] == "SubscriptionConfirmation":
            self._confirm(said)
        if said["Type"] != "Notification":
            return []
        try:
            mail = orjson.loads(said["Message"])
        except orjson.JSONDecodeError:
            # SES greets a new topic in plain words.
            return []
        return [_event(mail, text(said["MessageId"]), said["Timestamp"], delivery.at)]

    def _verify(self, said: Any, delivery: Delivery) -> None:  # noqa: ANN401 - JSON
        if not is_same(text(inside(said, "TopicArn")), self._topic):
            raise forged("the notification is of another topic than webhook_ses")
        names = _SIGNED.get(text(said.get("Type")), ())
        present = [name for name in names if name != "Subject" or said.get(name) is not None]
        kind = _HASHES.get(text(said.get("SignatureVersion")))
        if not names or kind is None or not all(isinstance(said.get(one), str) for one in present):
            raise forged("the notification lacks what SNS signs")
        signed = "".join(f"{name}\n{said[name]}\n" for name in present).encode()
        signature = decoded(text(said.get("Signature")))
        try:
            self._key(text(said.get("SigningCertURL"))).verify(
                signature, signed, PKCS1v15(), kind()
            )
        except InvalidSignature:
            raise forged("the signature is not of SNS for this notification") from None
        at = iso_text(said["Timestamp"], _NOBODY)
        check_age(delivery, at, older=_RETRIED, newer=TOLERANCE)

    def _key(self, url: str) -> rsa.RSAPublicKey:
        """Give the key of a certificate, fetched once."""
        if url in self._keys:
            return self._keys[url]
        if not self._is_of_sns(url, _CERTIFICATE):
            raise forged("the certificate is not of SNS in the topic's region")
        pem = self._get(url)
        try:
            key = load_pem_x509_certificate(pem).public_key()
        except ValueError:
            key = None
        if not isinstance(key, rsa.RSAPublicKey):
            raise forged("the certificate cannot be read")
        if len(self._keys) >= _CERTIFICATES:
            self._keys.clear()
        self._keys[url] = key
        return key

    def _is_of_sns(self, url: str, path: re.Pattern[str]) -> bool:
        prefix = self._prefix
        return url.startswith(prefix) and path.fullmatch(url.removeprefix(prefix)) is not None

    def _get(self, url: str) -> bytes:
        # Whoever guesses the topic can still not tie up the server.
        if not self._fetching.acquire(blocking=False):
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE, "other certificates are being fetched; try again"
            )
        try:
            return self._fetch(url)
        except OSError as error:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE, f"SNS does not answer: {type(error).__name__}"
            ) from None
        finally:
            self._fetching.release()

    def _confirm(self, said: dict[str, str]) -> None:
        url = said["SubscribeURL"]
        if not self._is_of_sns(url, _CONFIRMING):
            raise forged("the address that confirms is not of SNS in the topic's region")
        if self._is_confirming:
            self._get(url)
        else:
            LOG.warning("SNS asks whether to notify this server; open %s to confirm", url)


def _event(mail: Any, notification_id: str, told: str, now: int) -> ProviderEvent:  # noqa: ANN401 - JSON
    # Notifications of an identity say it otherwise than those of a configuration set.
    kind = text(inside(mail, "eventType") or inside(mail, "notificationType"))
    outcome = _OUTCOMES.get(kind)
    if kind == "Bounce":
        more = text(inside(mail, "bounce", "bounceType"))
        kind, outcome = f"Bounce/{more}", "bounced" if more == "Permanent" else None
    elif kind == "Subscription" and _is_out(inside(mail, "subscription", "newTopicPreferences")):
        outcome = "unsubscribed"
    own = inside(mail, kind.partition("/")[0].lower(), "timestamp")
    tags = inside(mail, "mail", "tags", MESSAGE_ID)
    return event(
        Ses.name,
        kind,
        at=iso_text(own, iso_text(told, now)),
        message_id=tags[0] if isinstance(tags, list) and tags else None,
        outcome=outcome,
        theirs=notification_id,
    )


def _is_out(preferences: object) -> bool:
    """Whether a customer left everything, or any one topic."""
    if inside(preferences, "unsubscribeAll") is True:
        return True
    topics = inside(preferences, "topicSubscriptionStatus")
    chosen = topics if isinstance(topics, list) else []
    return any(inside(topic, "subscriptionStatus") == "OptOut" for topic in chosen)
