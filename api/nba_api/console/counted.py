"""What a server counted of the facts it was sent, and when the latest of them happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from nba.domain import iso
from nba.state.latest import latest_rows
from nba.state.store import Store
from nba_api.metrics import Metrics

FRESH_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 1.0
"""How long a page waits for the store to look through its tables."""

Latest = dict[str, np.datetime64 | None]


@dataclass(frozen=True, slots=True)
class Posted:
    """Rows of one table since the server started.

    Attributes:
        table: its name.
        accepted, duplicates, bad: as `Metrics.rows_posted` has them.
    """

    table: str
    accepted: int
    duplicates: int
    bad: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a server counted since it started.

    Attributes:
        posted: rows by table.
        webhooks: provider → events read.
        forged: provider → requests whose signature was wrong.
        claims: answer → how often.
    """

    posted: Sequence[Posted]
    webhooks: Mapping[str, int]
    forged: Mapping[str, int]
    claims: Mapping[str, int]

    @classmethod
    def of(cls, metrics: Metrics) -> Counted:
        """Take it from what Prometheus is told."""
        told = {one.name: list(one.samples) for one in metrics.families()}
        rows: dict[str, dict[str, int]] = {}
        for sample in told["nba_rows"]:
            of_table = rows.setdefault(sample.labels["table"], {})
            of_table[sample.labels["outcome"]] = int(sample.value)

        def by(name: str, label: str) -> dict[str, int]:
            found: dict[str, int] = {}
            for sample in told[name]:
                key = sample.labels[label]
                found[key] = found.get(key, 0) + int(sample.value)
            return found

        return cls(
            [
                Posted(table, one["accepted"], one["duplicate"], one["bad"])
                for table, one in sorted(rows.items())
            ],
            by("nba_webhook_events", "provider"),
            by("nba_webhooks_refused", "provider"),
            by("nba_claims", "outcome"),
        )


class LatestRows:
    """When the latest rows of a store happened, looked up beside whoever asks for it."""

    def __init__(self, store: Store) -> None:
        """Look up nothing yet.

        Args:
            store: the server's.
        """
        self._store = store
        self._lock = threading.Lock()
        self._looking: Future[Latest] | None = None
        self._known: tuple[float, Latest] | None = None

    def get(self) -> Latest | None:
        """Give it, at most `FRESH_SECONDS` old; None while a large store is still being searched.

        Raises:
            StateError: the store cannot be read.
        """
        with self._lock:
            if self._known is not None and time.monotonic() - self._known[0] < FRESH_SECONDS:
                return self._known[1]
            if self._looking is None:
                self._looking = self._begin()
            looking = self._looking
        try:
            found = looking.result(PATIENCE_SECONDS)
        except TimeoutError:
            return None if self._known is None else self._known[1]
        except Exception:
            self._end(looking)
            raise
        self._known = time.monotonic(), found
        self._end(looking)
        return found

    def _begin(self) -> Future[Latest]:
        pool = ThreadPoolExecutor(1, "console-latest")
        looking = pool.submit(latest_rows, self._store)
        pool.shutdown(wait=False)
        return looking

    def _end(self, looking: Future[Latest]) -> None:
        with self._lock:
            if self._looking is looking:
                self._looking = None


def listed(latest: Latest) -> Iterator[tuple[str, str | None]]:
    """Give each table as people call it, with the instant as JSON has it."""
    for name, at in latest.items():
        yield name.replace("_", " ").capitalize(), None if at is None else iso(at)
