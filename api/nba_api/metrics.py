"""What a server counts of itself, as Prometheus reads it.

Counting is an addition to a number in memory; samples are made of the numbers when somebody asks.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

ClaimOutcome = Literal["granted", "repeated", "none", "withdrawn"]
Refusal = Literal["rate", "concurrency"]

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the classes of seconds; a last class takes what is above them all."""


class Durations:
    """How many of something took how long."""

    __slots__ = ("classes", "seconds")

    def __init__(self) -> None:
        """Begin with none."""
        self.classes = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.classes[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Give each upper bound with how many took no longer."""
        count, counted = 0, []
        for bound, of_class in zip((*BUCKETS, "+Inf"), self.classes, strict=True):
            count += of_class
            counted.append((str(bound), float(count)))
        return counted


@dataclass(frozen=True, slots=True)
class Served:
    """The snapshot that answers.

    Attributes:
        snapshot_id: its id.
        sequence: its number in the folder of snapshots.
        data_until: seconds since 1970 up to which it knows the shop.
    """

    snapshot_id: str
    sequence: int
    data_until: float


@dataclass(slots=True)
class Metrics:
    """The counts of one server process since it started; every method may be called in any thread.

    Attributes:
        in_flight: requests being answered now.
        served: the snapshot that answers; none before the first.
        refuses_snapshot: the published snapshot could not be opened, an older one answers.
        store_away_since: instant of `time.monotonic` at which the store went away, if it is.
    """

    in_flight: int = 0
    served: Served | None = None
    refuses_snapshot: bool = False
    store_away_since: float | None = None
    _away_seconds: float = 0.0
    _routes: dict[str, Durations] = field(default_factory=dict)
    _answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    _store_reads: Durations = field(default_factory=Durations)
    _opened: Durations = field(default_factory=Durations)
    _snapshots_refused: int = 0
    _rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    _claims: Counter[ClaimOutcome] = field(default_factory=Counter)
    _webhook_events: Counter[tuple[str, str]] = field(default_factory=Counter)
    _webhooks_refused: Counter[str] = field(default_factory=Counter)
    _refused: Counter[Refusal] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; called by the event loop alone, so without a lock.

        Args:
            route: template of its path, `none` where no route has it.
            status: of the answer.
            seconds: from its first byte to the answer's last.
        """
        durations = self._routes.get(route)
        if durations is None:
            durations = self._routes[route] = Durations()
        durations.add(seconds)
        self._answers[route, status // 100] += 1

    def store_was_read(self, seconds: float) -> None:
        """Count one view of the store and how long it was held."""
        with self._lock:
            self._store_reads.add(seconds)

    def store_went_away(self) -> None:
        """Note that the store does not answer."""
        with self._lock:
            if self.store_away_since is None:
                self.store_away_since = time.monotonic()

    def store_came_back(self) -> None:
        """Note that the store answers."""
        if self.store_away_since is None:
            return
        with self._lock:
            if self.store_away_since is not None:
                self._away_seconds += time.monotonic() - self.store_away_since
                self.store_away_since = None

    def snapshot_swapped(self, served: Served, seconds: float) -> None:
        """Note which snapshot answers from now on.

        Args:
            served: the snapshot.
            seconds: how long it took to verify it and make it ready, while the one before answered.
        """
        with self._lock:
            self.served, self.refuses_snapshot = served, False
            self._opened.add(seconds)

    def snapshot_refused(self) -> None:
        """Count a published snapshot that was not opened because it is damaged or unreadable."""
        with self._lock:
            self.refuses_snapshot = True
            self._snapshots_refused += 1

    def rows_posted(self, table: str, *, accepted: int, duplicates: int, bad: int) -> None:
        """Count the rows of one request that writes.

        Args:
            table: of the data contract.
            accepted: rows that hold now.
            duplicates: rows that were there before.
            bad: rows that were refused.
        """
        with self._lock:
            for outcome, rows in (("accepted", accepted), ("duplicate", duplicates), ("bad", bad)):
                self._rows[table, outcome] += rows

    def claim_answered(self, outcome: ClaimOutcome) -> None:
        """Count a claim by its answer: a new message, an open one again, none, or one withdrawn."""
        with self._lock:
            self._claims[outcome] += 1

    def webhook_read(self, provider: str, type_: str, events: int = 1) -> None:
        """Count the events of a provider by their type, one of ours or `other`."""
        with self._lock:
            self._webhook_events[provider, type_] += events

    def webhook_refused(self, provider: str) -> None:
        """Count a request of which nobody can say that it came from the provider."""
        with self._lock:
            self._webhooks_refused[provider] += 1

    def request_refused(self, reason: Refusal) -> None:
        """Count a request that came too often or to a server that had too many under way."""
        with self._lock:
            self._refused[reason] += 1

    def text(self) -> bytes:
        """Give the exposition that Prometheus scrapes."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Exposition(self))
        return generate_latest(registry)

    def families(self) -> Iterator[Metric]:
        """Give every metric with its samples."""
        yield from self._requests()
        yield from self._snapshots()
        yield from self._store()
        yield from self._facts()

    def _requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "nba_requests", "Requests by route and class of status", labels=("route", "status")
        )
        for (route, status), count in sorted(self._answers.items()):
            requests.add_metric((route, f"{status}xx"), count)
        yield requests
        seconds = HistogramMetricFamily(
            "nba_request_seconds", "Seconds to answer by route", labels=("route",)
        )
        for route, durations in sorted(self._routes.items()):
            seconds.add_metric((route,), durations.buckets(), durations.seconds)
        yield seconds
        yield GaugeMetricFamily("nba_requests_in_flight", "Requests under way", self.in_flight)
        refused = CounterMetricFamily(
            "nba_requests_refused", "Requests beyond a limit", labels=("limit",)
        )
        for reason in ("rate", "concurrency"):
            refused.add_metric((reason,), self._refused[reason])
        yield refused

    def _snapshots(self) -> Iterator[Metric]:
        served = self.served
        yield GaugeMetricFamily(
            "nba_snapshot_ready", "1 while a verified snapshot answers", served is not None
        )
        if served is not None:
            info = InfoMetricFamily("nba_snapshot", "The snapshot that answers")
            info.add_metric((), {"id": served.snapshot_id})
            yield info
            yield GaugeMetricFamily(
                "nba_snapshot_sequence", "Number of the snapshot in its folder", served.sequence
            )
            yield GaugeMetricFamily(
                "nba_snapshot_age_seconds",
                "Seconds since the last fact the snapshot knows",
                max(0.0, time.time() - served.data_until),
            )
        yield GaugeMetricFamily(
            "nba_snapshot_refused",
            "1 while the published snapshot cannot be opened and an older one answers",
            self.refuses_snapshot,
        )
        yield CounterMetricFamily(
            "nba_snapshots_refused", "Snapshots that could not be opened", self._snapshots_refused
        )
        yield _single(
            "nba_snapshot_open_seconds",
            "Seconds to verify a snapshot and make it ready",
            self._opened,
        )

    def _store(self) -> Iterator[Metric]:
        since = self.store_away_since
        away = 0.0 if since is None else time.monotonic() - since
        yield GaugeMetricFamily("nba_store_up", "1 while the store answers", since is None)
        yield CounterMetricFamily(
            "nba_degraded_seconds", "Seconds without the store", self._away_seconds + away
        )
        yield _single("nba_store_read_seconds", "Seconds a view of the store", self._store_reads)

    def _facts(self) -> Iterator[Metric]:
        rows = CounterMetricFamily(
            "nba_rows", "Rows posted by table and outcome", labels=("table", "outcome")
        )
        for (table, row_outcome), count in sorted(self._rows.items()):
            rows.add_metric((table, row_outcome), count)
        yield rows
        claims = CounterMetricFamily("nba_claims", "Claims by answer", labels=("outcome",))
        for outcome in ("granted", "repeated", "none", "withdrawn"):
            claims.add_metric((outcome,), self._claims[outcome])
        yield claims
        events = CounterMetricFamily(
            "nba_webhook_events", "Events of providers", labels=("provider", "type")
        )
        for (provider, type_), count in sorted(self._webhook_events.items()):
            events.add_metric((provider, type_), count)
        yield events
        refused = CounterMetricFamily(
            "nba_webhooks_refused", "Webhooks without a valid signature", labels=("provider",)
        )
        for provider, count in sorted(self._webhooks_refused.items()):
            refused.add_metric((provider,), count)
        yield refused


class _Exposition(Collector):
    """The metrics of one server, for the registry of one scrape."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return self._metrics.families()


def _single(name: str, told: str, durations: Durations) -> Metric:
    family = HistogramMetricFamily(name, told)
    family.add_metric((), durations.buckets(), durations.seconds)
    return family
