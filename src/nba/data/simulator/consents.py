"""Which channels customers have granted, as a play goes from instant to instant."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Set
from typing import Any, Final

import numpy as np

_NONE: Final[frozenset[str]] = frozenset()


class Consents:
    """Grants and refusals, taken in one by one as they become known; time only goes on."""

    def __init__(self) -> None:
        """Begin with nobody having said anything."""
        self._coming: list[tuple[int, str, str, bool]] = []
        self._latest: dict[tuple[str, str], tuple[int, bool]] = {}
        self._granted: dict[str, set[str]] = {}

    def note(self, row: Mapping[str, Any]) -> None:
        """Write down a row of the table; its instant may lie in the future."""
        told = int(row["at"].astype(np.int64)), row["customer_id"], row["channel"]
        heapq.heappush(self._coming, (*told, not row["granted"]))

    def until(self, as_of: np.datetime64) -> Mapping[str, Set[str]]:
        """Give the channels each customer has granted; of equal instants the refusal holds."""
        end = int(as_of.astype(np.int64))
        while self._coming and self._coming[0][0] < end:
            at, customer_id, channel, is_refused = heapq.heappop(self._coming)
            key, told = (customer_id, channel), (at, is_refused)
            latest = self._latest[key] = max(self._latest.get(key, told), told)
            granted = self._granted.setdefault(customer_id, set())
            if latest[1]:
                granted.discard(channel)
            else:
                granted.add(channel)
        return self._granted

    def of(self, customer_id: str, as_of: np.datetime64) -> Set[str]:
        """Give the channels one customer has granted."""
        return self.until(as_of).get(customer_id, _NONE)
