"""How much one caller may ask: token buckets in memory, of bounded size."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from itertools import islice
from typing import Final

from fastapi import HTTPException

BURST_SECONDS: Final = 2.0
"""Who was silent may ask at once as much as in this time."""
MAX_BUCKETS: Final = 50_000
_ROUNDING: Final = 1e-9
"""Seconds that adding up in floating point may be off by."""


class Buckets:
    """One token bucket a name, each kept as the instant at which it is full again."""

    def __init__(
        self, rate: float, *, size: int = MAX_BUCKETS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with full buckets.

        Args:
            rate: how many a second one name may take.
            size: how many names are remembered; a forgotten one has a full bucket.
            clock: seconds that never go back.
        """
        self._gap = 1 / rate
        self._size = size
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        """Count the names remembered."""
        return len(self._full_at)

    def take(self, name: str) -> float:
        """Take one from a bucket; give 0, or the seconds to wait where it is empty."""
        now = self._clock()
        wait = self._wait(name, now)
        if wait:
            return wait
        if name not in self._full_at and len(self._full_at) >= self._size:
            self._forget(now)
        self._full_at[name] = max(self._full_at.get(name, now), now) + self._gap
        return 0.0

    def wait(self, name: str) -> float:
        """Give what `take` would, and take nothing."""
        return self._wait(name, self._clock())

    def _wait(self, name: str, now: float) -> float:
        wait = max(self._full_at.get(name, now), now) + self._gap - now - BURST_SECONDS
        return wait if wait > _ROUNDING else 0.0

    def _forget(self, now: float) -> None:
        """Drop the full buckets and, where that is not half of them, the oldest."""
        kept = {name: at for name, at in self._full_at.items() if at > now}
        spare = len(kept) - self._size // 2
        self._full_at = dict(islice(kept.items(), max(spare, 0), None))


def too_often(wait: float) -> HTTPException:
    """Give the refusal of who has to wait some seconds before they ask again."""
    return HTTPException(
        HTTPStatus.TOO_MANY_REQUESTS,
        "asked too often; Retry-After says when to ask again",
        {"retry-after": str(int(wait) + 1)},
    )


def address_of(peer: str, forwarded: str, trusted: Collection[str]) -> str:
    """Give whom a request came from, as the nearest proxy that is not ours saw it.

    Args:
        peer: address of the other end of the connection.
        forwarded: the header X-Forwarded-For; believed of `trusted` alone.
        trusted: addresses of our own proxies.

    Returns:
        the address; of IPv6 the network of 64 bits, as one household has all of it.
    """
    address = peer
    if peer in trusted:
        for hop in reversed(forwarded.split(",")):
            address = hop.strip() or address
            if address not in trusted:
                break
    if ":" in address:
        try:
            return str(ipaddress.IPv6Network((address, 64), strict=False))
        except ValueError:
            return peer
    return address
