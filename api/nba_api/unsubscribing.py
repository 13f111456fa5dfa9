"""Links that unsubscribe with one click (RFC 8058), and who each is for.

A token holds message, customer and channel, encrypted and authenticated with a secret of the
store (AES-SIV): it cannot be guessed or changed, says nothing to who reads it in a log, does not
expire, and needs no row of the store to be understood.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import astuple, dataclass
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from nba.state.secrets import secret
from nba.vocabulary import Channel, MessageKind
from nba_api.live import Live

PATH: Final = "/v1/u/"
_PURPOSE: Final = "unsubscribe"
_CONTEXT: Final = [_PURPOSE.encode()]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for.

    Attributes:
        message_id: the message that carries it.
        customer_id: who got that.
        channel: what they unsubscribe from.
    """

    message_id: str
    customer_id: str
    channel: str


def token_of(live: Live, link: Link) -> str:
    """Give the token of a link; the same every time.

    Raises:
        StateError: the store cannot be read.
    """
    sealed = _cipher(live).encrypt(orjson.dumps(astuple(link)), _CONTEXT)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def link_of(live: Live, token: str) -> Link | None:
    """Give what a token is for; None where this store never made it.

    Raises:
        StateError: the store cannot be read.
    """
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        link = Link(*orjson.loads(_cipher(live).decrypt(sealed, _CONTEXT)))
    except (binascii.Error, ValueError, InvalidTag):
        return None
    # Of base64 several texts read the same.
    return link if token == token_of(live, link) else None


def unsubscribe_url(live: Live, message_id: str, customer_id: str, channel: str) -> str | None:
    """Give the link of a message; None where `public_url` is not set.

    Raises:
        StateError: the store cannot be read.
    """
    public_url = live.settings.public_url
    if public_url is None:
        return None
    return f"{public_url}{PATH}{token_of(live, Link(message_id, customer_id, channel))}"


def unsubscribe_headers(
    live: Live, message_id: str, customer_id: str, channel: str
) -> dict[str, str]:
    """Give the headers that a marketing mail has to carry; none where no setting says how.

    Args:
        live: its settings `public_url` and `unsubscribe_mailto` say how.
        message_id: the message.
        customer_id: who gets it.
        channel: how it goes.

    Raises:
        StateError: the store cannot be read.
    """
    url = unsubscribe_url(live, message_id, customer_id, channel)
    mailto = live.settings.unsubscribe_mailto
    ways = [f"<{url}>"] if url else []
    if mailto:
        token = token_of(live, Link(message_id, customer_id, channel))
        ways.append(f"<mailto:{mailto}?subject={token}>")
    headers = {"List-Unsubscribe": ", ".join(ways)} if ways else {}
    return headers | ({"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if url else {})


def with_headers(live: Live, document: dict[str, Any]) -> dict[str, Any]:
    """Give what a claim answers with the headers of its mail, if that has to carry any.

    Raises:
        StateError: the store cannot be read.
    """
    message = document["message"]
    if message is None or message["channel"] != Channel.EMAIL:
        return document
    if message["kind"] == MessageKind.TRANSACTIONAL:
        return document
    asked = document["message_id"], document["customer_id"], message["channel"]
    headers = unsubscribe_headers(live, *asked)
    return document | {"headers": headers} if headers else document


def _cipher(live: Live) -> AESSIV:
    return AESSIV(secret(live.store, _PURPOSE))
