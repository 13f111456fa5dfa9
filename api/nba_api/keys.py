"""Who asks: the keys in memory, as fresh as half a second, and what each lets its bearer do."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Self

from fastapi import Depends, Request

from nba.errors import StateError
from nba.state.keys import ApiKey, KeyKind, Keyring, Scope, hashed, read_keys
from nba.state.store import Store
from nba_api.answers import MIN_CUSTOMERS

REFRESH_SECONDS: Final = 0.5

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as they proved it.

    Attributes:
        key_id: of the key shown; null without one.
        kind: `open` while no key was ever created, `none` who shows no key.
        scopes: what a secret key may do.
        customer_id: whom a token of the shop speaks for.
    """

    key_id: str | None
    kind: Literal["open", "publishable", "secret", "none"]
    scopes: frozenset[str]
    customer_id: str | None = None

    @property
    def is_trusted(self) -> bool:
        """Whether the shop itself asks, and not a page of its storefront."""
        return self.kind in ("secret", "open")

    @property
    def min_customers(self) -> int:
        """How many distinct customers a pair of products must rest on to be shown to them."""
        return 1 if self.is_trusted else MIN_CUSTOMERS

    def speaking_for(self, customer_id: str) -> Caller:
        """Give the same caller with the customer whom a token named."""
        return replace(self, customer_id=customer_id)


ANYBODY: Final = Caller(None, "open", frozenset(Scope))
"""Who asks a server without keys."""
NOBODY: Final = Caller(None, "none", frozenset())


@dataclass(frozen=True, slots=True)
class Known:
    """A key that is known, and who shows it."""

    key: ApiKey
    caller: Caller


@dataclass(frozen=True, slots=True)
class _Ring:
    """What is looked up at every request; swapped as a whole."""

    read: Keyring
    by_hash: Mapping[str, Known]
    by_id: Mapping[str, Known]
    signing: Sequence[ApiKey]
    origins: frozenset[str]

    @classmethod
    def of(cls, read: Keyring) -> Self:
        usable = [key for key in read.keys if key.revoked_at is None]
        shown = [
            Known(key, Caller(key.key_id, _kind(key), frozenset(key.scopes)))
            for key in usable
            if key.kind is not KeyKind.SIGNING
        ]
        return cls(
            read,
            {_hash_of(one.key): one for one in shown},
            {one.key.key_id: one for one in shown},
            [key for key in usable if key.kind is KeyKind.SIGNING],
            frozenset(origin for key in usable for origin in key.origins),
        )


class Keys:
    """The keys of a store in memory; while the store is away, those known go on working."""

    def __init__(self, store: Store) -> None:
        """Read the keys.

        Raises:
            StateError: the store cannot be read: a server that knows no key must not start.
        """
        self._store = store
        self._ring = _Ring.of(read_keys(store))

    @property
    def are_none(self) -> bool:
        """Whether no key was ever created; the last one revoked opens nothing again."""
        return not self._ring.read.keys

    @property
    def origins(self) -> frozenset[str]:
        """The sites to which a publishable key is bound."""
        return self._ring.origins

    def find(self, text: str, kind: KeyKind) -> Known | None:
        """Give the key of a kind that a text is, if it is valid now."""
        known = self._ring.by_hash.get(hashed(text))
        if known is None or known.key.kind is not kind or not known.key.is_valid(now()):
            return None
        return known

    def named(self, key_id: str) -> Known | None:
        """Give the secret key of an id, if it is valid now."""
        known = self._ring.by_id.get(key_id)
        if known is None or known.key.kind is not KeyKind.SECRET or not known.key.is_valid(now()):
            return None
        return known

    def signing_secrets(self) -> list[str]:
        """Give the secrets with which the shop may sign customer tokens now."""
        return [key.kept for key in self._ring.signing if key.is_valid(now())]

    def refresh(self) -> None:
        """Read the keys again if any was created or revoked since."""
        try:
            read = read_keys(self._store, self._ring.read)
            if read is not self._ring.read:
                self._ring = _Ring.of(read)
        except StateError:
            # Whoever reads the facts says that the store is away.
            return
        except Exception:
            # A watch that ended would leave a revoked key at work for good.
            LOG.exception("the keys cannot be read")

    async def watch(self) -> None:
        """Keep the keys fresh for as long as the server runs; requests never wait for it."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await asyncio.to_thread(self.refresh)


def now() -> int:
    """Read the clock: microseconds UTC. A demonstration's clock that stands still ends no key."""
    return time.time_ns() // 1000


def _kind(key: ApiKey) -> Literal["publishable", "secret"]:
    return "publishable" if key.kind is KeyKind.PUBLISHABLE else "secret"


def _hash_of(key: ApiKey) -> str:
    return key.kept if key.kind is KeyKind.SECRET else hashed(key.kept)


async def _of(request: Request) -> Caller:
    # Only the gate sets it: behind no gate, nobody is answered.
    caller: Caller = request.state.caller
    return caller


CallerOf = Annotated[Caller, Depends(_of)]
