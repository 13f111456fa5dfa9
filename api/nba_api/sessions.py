"""Sessions of the console: a cookie that names a key, sealed, for a working day at most.

A cookie holds the id of a key and when it was made, encrypted and authenticated with a secret of
the store (AES-SIV): every process of a server reads it, and no row has to be kept. It proves only
who entered; whether that key still holds is looked up at every request, so that one revoked ends
its sessions at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from secrets import token_hex
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from starlette.requests import cookie_parser

from nba.state.secrets import secret
from nba.state.store import Store

COOKIE: Final = "nba_console"
PATH: Final = "/console"
SESSION_SECONDS: Final = 8 * 3600
MAX_TEXT: Final = 512
_PURPOSE: Final = "console"
_SESSION: Final = [b"console session"]
_FORM: Final = [b"console form"]
_MICROSECONDS: Final = 1_000_000


class Sessions:
    """Makes and reads the cookies and form tokens of the console."""

    def __init__(self, store: Store) -> None:
        """Make or read nothing yet; the secret is read from the store when it is first needed."""
        self._store = store
        self._cipher: AESSIV | None = None

    def is_ready_for(self, path: str) -> bool:
        """Whether who asks for a path is known without asking the store."""
        return self._cipher is not None or not path.startswith(PATH)

    def prepare(self) -> AESSIV:
        """Give the cipher, its secret read from the store the first time.

        Raises:
            StateError: the store cannot be read, or not be written on first use.
        """
        if self._cipher is None:
            self._cipher = AESSIV(secret(self._store, _PURPOSE))
        return self._cipher

    def begin(self, key_id: str, at: int) -> str:
        """Give the cookie of a new session.

        Args:
            key_id: with which key somebody entered.
            at: microseconds UTC.

        Raises:
            StateError: as of `prepare`.
        """
        # Two sessions of one key differ, and so do the tokens of their forms.
        told = orjson.dumps([key_id, at, token_hex(8)])
        return _text(self.prepare().encrypt(told, _SESSION))

    def key_id(self, text: str, at: int) -> str | None:
        """Give the key with which a session began; None unless it holds at an instant.

        Raises:
            StateError: as of `prepare`.
        """
        if len(text) > MAX_TEXT:
            return None
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            key_id, began, _ = orjson.loads(self.prepare().decrypt(sealed, _SESSION))
        except (binascii.Error, ValueError, InvalidTag):
            return None
        holds = 0 <= at - began < SESSION_SECONDS * _MICROSECONDS
        return str(key_id) if holds else None

    def form_token(self, bearer: str) -> str:
        """Give what the forms of a page carry, so that no page of another site can send them.

        Args:
            bearer: the cookie of the session, or what else tells one bearer from another.

        Raises:
            StateError: as of `prepare`.
        """
        return _text(self.prepare().encrypt(hashlib.sha256(bearer.encode()).digest(), _FORM))

    def is_form_token(self, token: str, bearer: str) -> bool:
        """Whether a token is that of the bearer's forms.

        Raises:
            StateError: as of `prepare`.
        """
        return hmac.compare_digest(token.encode(), self.form_token(bearer).encode())


def cookie_of(cookies: str) -> str | None:
    """Give the session that a `Cookie` header shows; None without one."""
    return cookie_parser(cookies).get(COOKIE)


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
