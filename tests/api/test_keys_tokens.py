"""Customer tokens: which the server takes, and which it does not."""

from __future__ import annotations

import base64
import json
import random
from typing import Any, Final

import jwt
import pytest

from nba_api.tokens import MAX_SECONDS, customer_of

NOW: Final = 1_770_000_000.0
SECRET: Final = "sign_" + "s" * 43
NEXT: Final = "sign_" + "n" * 43
GOOD: Final[dict[str, Any]] = {"sub": "ann", "exp": int(NOW) + 600}


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    given = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    return jwt.encode(given, secret, algorithm=algorithm)


def piece(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def test_a_token_of_the_shop_names_its_customer() -> None:
    assert customer_of(signed(), [SECRET], NOW) == "ann"
    assert customer_of(signed(exp=int(NOW) + MAX_SECONDS), [SECRET], NOW) == "ann"
    # Of other claims it takes no notice, not even of instants by another clock.
    more = signed(iat=int(NOW) + 9999, nbf=int(NOW) + 9999, aud="shop", iss="shop")
    assert customer_of(more, [SECRET], NOW) == "ann"


def test_two_signing_keys_hold_at_once_and_a_retired_one_no_longer() -> None:
    for secret in (SECRET, NEXT):
        assert customer_of(signed(secret), [SECRET, NEXT], NOW) == "ann"
    assert customer_of(signed(SECRET), [NEXT], NOW) is None
    assert customer_of(signed(SECRET), [], NOW) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(NOW)},
        {"exp": int(NOW) - 1},
        {"exp": int(NOW) + MAX_SECONDS + 1},
        {"exp": None},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"sub": None},
        {"sub": ""},
        {"sub": "ann "},
    ],
)
def test_a_token_that_ends_too_soon_or_too_late_or_names_nobody_is_refused(
    claims: dict[str, Any],
) -> None:
    assert customer_of(signed(**claims), [SECRET], NOW) is None


def test_only_the_one_algorithm_is_taken() -> None:
    for algorithm in ("HS384", "HS512"):
        longer = SECRET * 2
        assert customer_of(signed(longer, algorithm), [longer], NOW) is None
    for name in ("none", "None", "NONE", "HS256", ""):
        unsigned = f"{piece({'alg': name, 'typ': 'JWT'})}.{piece(GOOD)}."
        assert customer_of(unsigned, [SECRET], NOW) is None


def test_a_thousand_changed_tokens_are_refused() -> None:
    random.seed(7)
    token = signed().encode()
    for _ in range(1000):
        changed = bytearray(token)
        # The last character of a piece holds bits that no decoder reads.
        place = random.choice([at for at in range(len(token) - 1) if token[at + 1] != ord(".")])
        changed[place] ^= 1 << random.randrange(7)
        assert customer_of(changed.decode("ascii"), [SECRET], NOW) is None, (place, changed)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "x" * 100_000, "\ud800", "é.é.é", f"{piece([])}.{piece([])}.x"],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert customer_of(token, [SECRET], NOW) is None
