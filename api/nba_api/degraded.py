"""A server while its database is away: who needs it is told at once, nobody waits in a row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Final

from nba.errors import StoreAwayError
from nba_api.metrics import Metrics

REST_SECONDS: Final = 1.0
"""How long after a failed attempt nobody tries again."""


class Breaker:
    """Lets questions through to the store while it answers, and now and then one while it does not.

    One failure is enough: a database that is away costs each question the whole time that a
    connection may take, and the threads that wait for it are those that answer everybody else.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with a store that answers.

        Args:
            metrics: told when the store goes and comes, and how long it was read.
            rest_seconds: how long after a failure nobody tries.
            clock: seconds that only grow.
        """
        self._metrics = metrics
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = count()
        self._under_way: dict[int, float] = {}
        self._next_try: float | None = None

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Let one question through.

        Raises:
            StoreAwayError: the store was away a moment ago, or is now.
        """
        began = self._clock()
        number = self._admit(began)
        try:
            yield
        except StoreAwayError:
            self.trip()
            raise
        except BaseException:
            self._restore()
            raise
        else:
            self._restore()
            self._metrics.store_was_read(self._clock() - began)
        finally:
            with self._lock:
                del self._under_way[number]

    def trip(self) -> None:
        """Note that the store is away."""
        with self._lock:
            self._next_try = self._clock() + self._rest_seconds
        self._metrics.store_went_away()

    def longest_seconds(self) -> float:
        """Give for how long the oldest question under way has waited for its answer."""
        with self._lock:
            began = min(self._under_way.values(), default=None)
        return 0.0 if began is None else self._clock() - began

    def _admit(self, now: float) -> int:
        with self._lock:
            if self._next_try is not None:
                if now < self._next_try:
                    raise StoreAwayError(
                        "the store is away; try again in a moment. What needs no store is answered"
                    )
                # This one tries; the others rest on.
                self._next_try = now + self._rest_seconds
            number = next(self._numbers)
            self._under_way[number] = now
            return number

    def _restore(self) -> None:
        with self._lock:
            self._next_try = None
        self._metrics.store_came_back()
