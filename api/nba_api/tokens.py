"""Customer tokens: the shop's word, for a quarter of an hour, that a visitor is its customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import jwt

from nba.checking import trimmed

ALGORITHM: Final = "HS256"
MAX_SECONDS: Final = 900
MAX_TEXT: Final = 4096
_OPTIONS: Final[Any] = {
    "require": ["sub", "exp"],
    # Against the clock given, which is the one that says how far ahead a token may end.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}


def customer_of(token: str, secrets: Sequence[str], at: float) -> str | None:
    """Give the customer whom a JWT names; null unless the shop signed it and it holds now.

    Args:
        token: signed with HS256, with claims `sub` (customer id) and `exp`. An id with blanks
            around it is none: of a post they are cut, and it would name somebody else.
        secrets: of the signing keys that are valid.
        at: seconds since 1970; `exp` is after it, by `MAX_SECONDS` at most.
    """
    if len(token) > MAX_TEXT or not token.isascii():
        return None
    for secret in secrets:
        try:
            claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=_OPTIONS)
        except jwt.InvalidTokenError:
            continue
        customer, ends_at = claims["sub"], claims["exp"]
        if not isinstance(ends_at, int | float) or not at < ends_at <= at + MAX_SECONDS:
            return None
        is_id = isinstance(customer, str) and customer and trimmed(customer) == customer
        return customer if is_id else None
    return None
