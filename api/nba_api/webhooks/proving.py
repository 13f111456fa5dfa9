"""Proofs that a provider sent a request; every comparison takes the same time for any guess."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from nba_api.webhooks.reading import SECOND, Delivery, forged

TOLERANCE: Final = 300 * SECOND
"""How far a signed instant may lie from ours, in microseconds."""
SECRET_HEADER: Final = "x-webhook-secret"
SECRET_FIELD: Final = "secret"


def is_same(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )


def check_age(
    delivery: Delivery, signed_at: int, *, older: int = TOLERANCE, newer: int = TOLERANCE
) -> None:
    """Refuse a request that was signed long ago, or by a clock far ahead.

    Args:
        delivery: the request.
        signed_at: when it was signed, in microseconds UTC since 1970.
        older: how old it may be, in microseconds.
        newer: how far ahead it may be.

    Raises:
        HTTPException: 401, it lies outside.
    """
    if not -newer <= delivery.at - signed_at <= older:
        raise forged("the request was signed at another time; check the clock of this machine")


def check_shared_secret(delivery: Delivery, secret: str) -> None:
    """Demand the secret of a provider that signs nothing.

    It may stand in the query as `secret`, in the header `X-Webhook-Secret`, as a bearer token, or
    as the password of basic authentication.

    Raises:
        HTTPException: 401, it stands nowhere.
    """
    scheme, _, rest = delivery.headers.get("authorization", "").partition(" ")
    given = [
        delivery.query.get(SECRET_FIELD, ""),
        delivery.headers.get(SECRET_HEADER, ""),
        rest if scheme.lower() == "bearer" else "",
        _password(rest) if scheme.lower() == "basic" else "",
    ]
    # A list, so that each is compared whatever the others are.
    if not any([is_same(one, secret) for one in given]):
        raise forged("the secret of this webhook is missing or another one")


def hmac_hex(secret: str, *parts: bytes) -> str:
    """Give the HMAC-SHA256 of some bytes in hexadecimal."""
    return hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).hexdigest()


def decoded(given: str) -> bytes:
    """Read base64 of which every bit counts.

    Raises:
        HTTPException: 401, it is not, or another text would read the same.
    """
    try:
        raw = base64.b64decode(given.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    if not raw or base64.b64encode(raw).decode() != given:
        raise forged("the signature is missing or no base64")
    return raw


def _password(credentials: str) -> str:
    try:
        pair = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[2]
