"""Where the shop's customers are, counted in the background, a few at a time.

Stages are not stored: each is a fold of what is known of one customer. A shop of some thousands is
counted whole in seconds; of a larger one a sample is drawn by the hash of ids, so that it is the
same every time and every part of it is a sample, too. While it counts it rests as long as it works,
and holds the store for one small group at a time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappushpop
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import STATES as RHYTHMS
from nba.artifacts.snapshot import Snapshot
from nba.domain import uniform
from nba.errors import NbaError
from nba.facts.stages import STAGES
from nba.state.listing import list_customers
from nba_api.live import Live, Serving

MOST_COUNTED: Final = 20_000
"""Customers of whom the stage is found; of more, so many are drawn."""
HOLDS_SECONDS: Final = 600.0
"""After this time a count is made anew when somebody looks."""
PATIENCE_SECONDS: Final = 1.5
"""How long who looks first waits for a count to get somewhere."""
_LISTED_AT_ONCE: Final = 1000
_FOLDED_AT_ONCE: Final = 64
_PIECE_SECONDS: Final = 0.15
"""How long a group may take; customers of one shop have ten times the orders of another's."""
_REST_SECONDS: Final = 0.005
_NONE: Final = -1

LOG: Final = logging.getLogger(__name__)
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """Where customers were at an instant, as far as they are counted.

    Attributes:
        at: of when.
        snapshot: whose rhythms and segments they have.
        customers: ids, those counted.
        stage: int8 per customer, a code of `stages.STAGES`.
        rhythm: int8 per customer, a code of `artifacts.rhythm.STATES`.
        member: int32 per customer: their row of the snapshot's segments; -1 where it has none.
        to_count: of how many the stage will have been found; None while they are still listed.
        listed: how many customers the store is known to have.
        problem: why it ended early; empty where it did not.
    """

    at: np.datetime64
    snapshot: Snapshot
    customers: Sequence[str]
    stage: Codes
    rhythm: Codes
    member: NDArray[np.int32]
    to_count: int | None = None
    listed: int = 0
    problem: str = ""

    @classmethod
    def none(cls, at: np.datetime64, snapshot: Snapshot) -> Count:
        """Begin."""
        code = np.empty(0, np.int8)
        return cls(at, snapshot, (), code, code, code.astype(np.int32))

    @property
    def is_done(self) -> bool:
        """Whether all are counted who will be."""
        return self.to_count is not None and len(self.customers) >= self.to_count

    @property
    def is_sample(self) -> bool:
        """Whether more customers are known than are counted at the end."""
        return self.to_count is not None and self.to_count < self.listed

    def table(self) -> NDArray[np.int64]:
        """Give the number of customers by stage and rhythm, int64[stages, rhythms]."""
        cell = self.stage.astype(np.int64) * len(RHYTHMS) + self.rhythm
        counts = np.bincount(cell, minlength=len(STAGES) * len(RHYTHMS))
        return counts.reshape(len(STAGES), len(RHYTHMS))

    def grown(self, more: Count) -> Count:
        """Give the same count with more customers."""
        return replace(
            self,
            customers=[*self.customers, *more.customers],
            stage=np.concatenate([self.stage, more.stage]),
            rhythm=np.concatenate([self.rhythm, more.rhythm]),
            member=np.concatenate([self.member, more.member]),
        )


class Counting:
    """Counts when somebody looks, unless it did a while ago or is at it."""

    def __init__(self, live: Live) -> None:
        """Count nothing yet.

        Args:
            live: what is counted with.
        """
        self._live = live
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._shown: Count | None = None
        self._ends_at = 0.0
        self._is_counting = False

    def look(self) -> Count:
        """Give the count as it stands: the last whole one, else that under way.

        Raises:
            SnapshotError: no snapshot was ever published, or the only one is damaged.
        """
        serving = self._live.serving()
        with self._lock:
            if not self._is_counting and self._is_over(serving):
                self._is_counting = True
                target = self._count
                threading.Thread(target=target, args=(serving,), daemon=True, name="count").start()
            until = time.monotonic() + PATIENCE_SECONDS
            while self._is_counting and not self._is_whole() and time.monotonic() < until:
                self._moved.wait(until - time.monotonic())
            return self._shown or Count.none(self._live.instant(None), serving.snapshot)

    def _is_whole(self) -> bool:
        return self._shown is not None and self._shown.is_done

    def _is_over(self, serving: Serving) -> bool:
        return (
            self._shown is None
            or self._shown.snapshot is not serving.snapshot
            or time.monotonic() >= self._ends_at
        )

    def _count(self, serving: Serving) -> None:
        count = Count.none(self._live.instant(None), serving.snapshot)
        try:
            drawn, listed = self._list(count)
            count = replace(count, to_count=len(drawn), listed=listed)
            self._show(count)
            size = 1
            while not count.is_done:
                began, first = time.monotonic(), len(count.customers)
                some = drawn[first : first + size]
                count = count.grown(_found(self._live, serving, some, count.at))
                self._show(count)
                size = _next_size(size, time.monotonic() - began)
                _rest(began)
        except NbaError as error:
            count = replace(count, problem=str(error))
        except Exception:
            LOG.exception("the customers cannot be counted")
            count = replace(count, problem="see the server's log")
        finally:
            with self._lock:
                self._shown, self._is_counting = count, False
                self._ends_at = time.monotonic() + (0 if count.problem else HOLDS_SECONDS)
                self._moved.notify_all()

    def _show(self, count: Count) -> None:
        """Show what is counted so far, unless an older count is whole."""
        with self._lock:
            if self._shown is None or not self._shown.is_done or count.is_done:
                self._shown = count
                self._moved.notify_all()

    def _list(self, count: Count) -> tuple[list[str], int]:
        """Draw customers by the hash of their ids, and count them all."""
        drawn: list[tuple[float, str]] = []
        listed, after = 0, ""
        while True:
            began = time.monotonic()
            page = list_customers(self._live.store, after, _LISTED_AT_ONCE)
            for one in page.customers:
                place = -uniform(0, "console", one), one
                if len(drawn) < MOST_COUNTED:
                    drawn.append(place)
                    if len(drawn) == MOST_COUNTED:
                        heapify(drawn)
                else:
                    heappushpop(drawn, place)
            listed += len(page.customers)
            if page.last is None:
                return [one for _, one in sorted(drawn, reverse=True)], listed
            after = page.last
            self._show(replace(count, listed=listed))
            _rest(began)


def _found(live: Live, serving: Serving, customers: list[str], at: np.datetime64) -> Count:
    """Find where some customers are."""
    facts = live.store.facts(customers, at)
    stages = serving.policy.stages(facts, at)
    return Count(
        at,
        serving.snapshot,
        customers,
        stages.stage,
        rhythms(serving, customers, at),
        np.array([_code(serving.snapshot.segments.ids.find(one)) for one in customers], np.int32),
    )


def rhythms(serving: Serving, customers: Sequence[str], at: np.datetime64) -> Codes:
    """Give the rhythm of customers, int8, codes of `artifacts.rhythm.STATES`."""
    snapshot = serving.snapshot
    codes = np.array([_code(snapshot.customers.ids.find(one)) for one in customers], np.int64)
    found = np.zeros(len(customers), np.int8)
    instant = max(at, snapshot.customers.as_of[0])
    found[codes != _NONE] = snapshot.rhythm.state(codes[codes != _NONE], instant)
    return found


def _code(found: int | None) -> int:
    return _NONE if found is None else found


def _next_size(size: int, seconds: float) -> int:
    """Give how many customers to fold at once after so many took so long."""
    if seconds > _PIECE_SECONDS:
        return max(size // 2, 1)
    return min(2 * size, _FOLDED_AT_ONCE) if seconds < _PIECE_SECONDS / 2 else size


def _rest(began: float) -> None:
    """Leave as much time to others as was taken."""
    time.sleep(max(time.monotonic() - began, _REST_SECONDS))
