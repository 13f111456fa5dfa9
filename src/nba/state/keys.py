"""The keys by which callers prove who they are: made, listed, revoked, and read to be known."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
from sqlalchemy import Row, insert, select, update

from nba.errors import ConfigError
from nba.state.asking import microseconds
from nba.state.store import Store
from nba.state.tables import API_KEYS
from nba.state.writing import bump, revision

TOPIC: Final = "keys"
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")


class KeyKind(StrEnum):
    """What a key is for."""

    PUBLISHABLE = "publishable"
    """Stands in the pages of a storefront; works from the origins it is bound to."""
    SECRET = "secret"
    """Stays on the shop's servers; only its hash is kept."""
    SIGNING = "signing"
    """Signs the tokens by which a storefront asks for one customer; it opens nothing itself."""


class Scope(StrEnum):
    """What a secret key may do; none includes another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


_PREFIXES: Final[Mapping[KeyKind, str]] = {
    KeyKind.PUBLISHABLE: "pk_",
    KeyKind.SECRET: "sk_",
    KeyKind.SIGNING: "sign_",
}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept. Instants are microseconds UTC.

    Attributes:
        key_id: names it in lists and logs.
        kind: what it is for.
        scopes: what it may do, of a secret key.
        origins: the sites whose pages may use it, of a publishable key.
        label: what its owner calls it.
        created_at: when it was made.
        expires_at: from when on it is refused; null for never.
        revoked_at: since when it is refused; null where it is not.
        kept: the key itself of a publishable or signing key, the SHA-256 of a secret one.
    """

    key_id: str
    kind: KeyKind
    scopes: frozenset[Scope]
    origins: frozenset[str]
    label: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    kept: str = field(repr=False)

    def is_valid(self, at: int) -> bool:
        """Tell whether the key is taken at an instant (microseconds UTC)."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys at one revision of the store.

    Attributes:
        revision: how often keys were written before.
        keys: oldest first, also those that were revoked or have expired.
    """

    revision: int
    keys: tuple[ApiKey, ...]


def create_key(
    store: Store,
    kind: KeyKind,
    at: np.datetime64,
    *,
    scopes: Collection[Scope] = (),
    origins: Collection[str] = (),
    label: str = "",
    expires_at: np.datetime64 | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and give it with its text, which of a secret key nobody can read again.

    Args:
        store: where to keep it.
        kind: what it is for.
        at: when it is made.
        scopes: what it may do; of a secret key only, which without any reads the metrics alone.
        origins: such as `https://shop.example`; of a publishable key only, which needs one.
        label: what its owner calls it.
        expires_at: from when on it is refused; by default never.

    Raises:
        ConfigError: the arguments do not fit the kind.
        StateError: the store cannot be written.
    """
    sites = frozenset(origin.lower().removesuffix("/") for origin in origins)
    _check(kind, scopes, sites)
    if expires_at is not None and expires_at <= at:
        raise ConfigError(f"the key would expire at {expires_at}, before it is made")
    text = _PREFIXES[kind] + secrets.token_urlsafe(32)
    key = ApiKey(
        key_id=f"k_{secrets.token_hex(6)}",
        kind=kind,
        scopes=frozenset(scopes),
        origins=sites,
        label=label,
        created_at=microseconds(at),
        expires_at=None if expires_at is None else microseconds(expires_at),
        revoked_at=None,
        kept=hashed(text) if kind is KeyKind.SECRET else text,
    )
    with store.writing() as connection:
        connection.execute(insert(API_KEYS), _row(key))
        bump(connection, TOPIC)
    return key, text


def revoke_key(store: Store, key_id: str, at: np.datetime64) -> ApiKey:
    """Refuse a key from now on, and give it; one that is revoked already stays as it is.

    Raises:
        ConfigError: there is no such key.
        StateError: the store cannot be written.
    """
    with store.writing() as connection:
        found = connection.execute(select(API_KEYS).where(API_KEYS.c.key_id == key_id)).first()
        if found is None:
            raise ConfigError(f"there is no key {key_id!r}; nba keys list names them")
        key = _key(found)
        if key.revoked_at is None:
            key = replace(key, revoked_at=microseconds(at))
            connection.execute(
                update(API_KEYS)
                .where(API_KEYS.c.key_id == key_id)
                .values(revoked_at=key.revoked_at)
            )
            bump(connection, TOPIC)
    return key


def read_keys(store: Store, known: Keyring | None = None) -> Keyring:
    """Give all keys, or those known while nobody wrote any since.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        now = revision(connection, TOPIC)
        if known is not None and known.revision == now:
            return known
        # One instant may see several keys; the id makes their order the same everywhere.
        asked = select(API_KEYS).order_by(API_KEYS.c.created_at, API_KEYS.c.key_id)
        return Keyring(now, tuple(_key(row) for row in connection.execute(asked)))


def hashed(text: str) -> str:
    """Give what is kept of a secret key. It is random, so that no slow hash is called for."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _check(kind: KeyKind, scopes: Collection[Scope], origins: Collection[str]) -> None:
    if scopes and kind is not KeyKind.SECRET:
        raise ConfigError(f"a {kind} key has no scopes; leave them out, or make a secret key")
    if bool(origins) != (kind is KeyKind.PUBLISHABLE):
        raise ConfigError(
            "a publishable key needs the origins of its pages, such as https://shop.example"
            if kind is KeyKind.PUBLISHABLE
            else f"a {kind} key is bound to no origin; leave it out, or make a publishable key"
        )
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"{origin!r} is no origin; expected scheme and host, such as https://shop.example"
            )


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "kind": key.kind.value,
        "secret": key.kept,
        "scopes": ",".join(sorted(key.scopes)),
        "origins": ",".join(sorted(key.origins)),
        "label": key.label,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        kind=KeyKind(row.kind),
        scopes=frozenset(Scope(one) for one in row.scopes.split(",") if one),
        origins=frozenset(one for one in row.origins.split(",") if one),
        label=row.label,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        kept=row.secret,
    )
