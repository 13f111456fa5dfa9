"""What a running server holds: the current snapshot, the policy over it, the store, a clock."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from fastapi import Depends, Request

from nba.artifacts.homes import home_of
from nba.artifacts.registry import current_id, open_snapshot, pointer_path, rollback
from nba.artifacts.snapshot import Snapshot
from nba.config import shipped
from nba.decide.choice import CapacityPrices
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.domain import iso, to_instant
from nba.errors import SnapshotError, StateError
from nba.facts.fold import Facts
from nba.facts.shelf import Shelf
from nba.recommend.questions import Bought
from nba.recommend.recommender import Recommender
from nba.state.prices import prices_now
from nba.state.watched import WatchedStore
from nba_api.clocks import Clock, clock_of
from nba_api.degraded import Breaker
from nba_api.hot_lists import HotLists, Trained
from nba_api.metrics import Metrics, Served
from nba_api.past import Past
from nba_api.settings import Settings
from nba_api.shelf import Shelved, microseconds

CHECK_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 30.0
"""A refused snapshot is read in full to be refused again, so it is not tried at every check."""

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A snapshot and what was made ready of it, whatever the shop says since.

    Attributes:
        seconds: how long that took.
    """

    snapshot: Snapshot
    policy: Policy
    shelved: Shelved
    trained: Trained
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """One snapshot and what answers from it; swapped as a whole.

    Attributes:
        snapshot: as it was trained.
        policy: decides from it; the shelf of an instant comes with the facts.
        recommender: answers from it, its products as they stand.
        shelf: as which they stand.
        hot: the lists about products, as bytes.
        opened: what it was made from.
    """

    snapshot: Snapshot
    policy: Policy
    recommender: Recommender
    shelf: Shelf
    hot: HotLists
    opened: Opened

    @classmethod
    def of(cls, opened: Opened, shelf: Shelf, at: np.datetime64, before: Serving | None) -> Serving:
        """Lay a snapshot's products on a shelf, at an instant; what still holds stays."""
        now = opened.shelved.at(shelf, at)
        lists = None if before is None else before.hot
        hot = HotLists(opened.trained, now, at, lists)
        return cls(opened.snapshot, opened.policy, Recommender(now), shelf, hot, opened)

    def bought(self, facts: Facts) -> Bought:
        """Give what one customer bought, orders that the snapshot does not know among it."""
        ordered_at = np.repeat(facts.ordered_at, np.diff(facts.line_start))
        is_late = ordered_at >= self.snapshot.customers.as_of[0]
        return Bought(
            [facts.product_ids[code] for code in np.unique(facts.product)],
            [facts.product_ids[code] for code in np.unique(facts.product[is_late])],
        )

    def recommender_at(self, shelf: Shelf, at: np.datetime64) -> Recommender:
        """Give what answers with the products as they stood on a shelf, at an instant."""
        if shelf is self.shelf and self.hot.holds_at(microseconds(at)):
            return self.recommender
        return Recommender(self.opened.shelved.at(shelf, at))


class Live:
    """The one mutable thing of a server: a reference to what it serves now.

    Attributes:
        models: the home of snapshots.
        settings: what it was told when it started.
        store: what the server knows of customers.
        metrics: what it counts of itself.
        is_stopping: it was told to stop, and answers what still comes.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Open the store and, if there is one, the current snapshot.

        Args:
            settings: what to serve.
            clock: by default that of the settings.

        Raises:
            ConfigError: the playbook, the store's URL, the clock or the models home is wrong.
            HomeAwayError: what reads the models home asks it at once, and it is away.
            StateError: the store cannot be opened.
            DataError: the clock's instant is none with a zone.
        """
        self._playbook = Playbook.from_toml(settings.playbook or shipped("playbooks", "owox_2011"))
        self.settings = settings
        self.models = home_of(settings.models)
        self.metrics = Metrics()
        self.is_stopping = False
        self.store = WatchedStore(settings.db, Breaker(self.metrics))
        self._clock = clock or clock_of(settings, self.store)
        self._serving: Serving | None = None
        self._opened: Opened | None = None
        self._shelf = Shelf.none()
        self._refreshing = threading.Lock()
        self._standing = threading.Lock()
        self._prices: CapacityPrices | None = None
        self._tried: tuple[str, int, CapacityPrices | None] | None = None
        self._tried_at = 0.0
        self._problem = ""
        self._away = ""
        self._past = Past(self.models, self._open_past)
        self._pull()
        self.refresh()

    def serving(self) -> Serving:
        """Give what is served.

        Raises:
            SnapshotError: no snapshot was ever published, or the only one is damaged.
        """
        if self._serving is None:
            raise SnapshotError(self._problem)
        return self._serving

    def serving_at(self, as_of: str | None) -> Serving:
        """Give what answered at an instant; where nothing did yet, what is served.

        Args:
            as_of: the instant; None for now.

        Raises:
            DataError: the text is no instant, or it carries no zone.
            PrunedSnapshotError: the snapshot of then is no longer stored.
            SnapshotError: no snapshot was ever published, or the one is damaged.
        """
        serving = self.serving()
        past = None if as_of is None else self._past.at(to_instant(as_of))
        return serving if past is None else past

    def hot_lists(self) -> HotLists | None:
        """Give the lists about products as bytes; None while a newer stand is being made of them.

        That is for at most half a second after a sale ended or a rule began to hold.
        """
        serving = self._serving
        if serving is None or not serving.hot.holds_at(self._clock()):
            return None
        return serving.hot

    async def watch(self) -> None:
        """Pick up what is published, for as long as the server runs; requests never wait for it."""
        with self.models.followed(CHECK_SECONDS, self._hear):
            while True:
                await asyncio.sleep(CHECK_SECONDS)
                await asyncio.to_thread(self.refresh)

    def refresh(self) -> None:
        """Open the current snapshot if it is another one; a damaged one leaves the old serving.

        Then look at the shelf.
        """
        with self._refreshing:
            try:
                # Publishing the same content again replaces the pointer, and may mend a file.
                published = current_id(self.models)
                written_at = pointer_path(self.models).stat().st_mtime_ns
                to_try = published, written_at, self._planned()
                if to_try != self._tried or self._is_retry_due():
                    self._tried, self._tried_at = to_try, time.monotonic()
                    self._opened = self._open(published)
                    self._problem = ""
            except Exception as error:
                # Whatever is wrong with the files, what is served stays. Where nothing is, and the
                # home is away, the mirror being empty is not what is wrong.
                is_unseen = self._serving is None and self._away
                self._note(self._away if is_unseen else str(error))
        self._stand()

    def posted(self, topic: str) -> None:
        """Let what was written count from the next answer on; other processes see it shortly.

        Args:
            topic: as `nba.state.writing.bump` has it.
        """
        if topic == "products":
            self._stand()

    def _open(self, snapshot_id: str) -> Opened:
        began = time.perf_counter()
        snapshot = open_snapshot(self.models, snapshot_id)
        policy = Policy(snapshot, self._playbook, prices=self._prices)
        shelved, trained = Shelved(snapshot), Trained.of(snapshot)
        return Opened(snapshot, policy, shelved, trained, time.perf_counter() - began)

    def _open_past(self, snapshot_id: str) -> Serving:
        return Serving.of(self._open(snapshot_id), self._shelf, self.instant(None), None)

    def _stand(self) -> None:
        """Serve what was opened, its products as they stand on the shelf now."""
        with self._standing:
            opened, before, at = self._opened, self._serving, self.instant(None)
            if opened is None:
                return
            with suppress(StateError):
                self._shelf = self.store.shelf(at)
            is_same = before is not None and before.opened is opened and before.shelf is self._shelf
            if before is not None and is_same and before.hot.holds_at(microseconds(at)):
                return
            serving = Serving.of(opened, self._shelf, at, before)
            self._serving = serving
            if before is None or before.opened is not opened:
                self.metrics.snapshot_swapped(_served(serving.snapshot), opened.seconds)

    def _pull(self) -> None:
        """Look at the home once; where it cannot be reached, what was mirrored before is served."""
        try:
            self.models.pull(whole=True)
        except (SnapshotError, OSError) as error:
            self._hear(str(error))

    def _hear(self, problem: str) -> None:
        """Note what is wrong with the home, once."""
        if problem and problem != self._away:
            LOG.warning("the snapshots are those of the last look, if there was one: %s", problem)
        self._away = problem

    def _planned(self) -> CapacityPrices | None:
        """Read what places on short channels cost; those of before while the store is away."""
        with suppress(StateError):
            channels = prices_now(self.store)
            self._prices = CapacityPrices.of(channels) if channels else None
        return self._prices

    def _is_retry_due(self) -> bool:
        return bool(self._problem) and time.monotonic() - self._tried_at >= RETRY_SECONDS

    def _note(self, problem: str) -> None:
        if problem != self._problem:
            served = "nothing" if self._serving is None else self._serving.snapshot.id
            LOG.warning("serving %s: %s", served, problem)
            self.metrics.snapshot_refused()
        self._problem = problem

    def rollback(self, to: str | None) -> str:
        """Make an older snapshot current and serve it at once.

        Raises:
            SnapshotError: there is no such snapshot, or it is damaged.
        """
        # What was current when is told by the machine's clock, also where another one stands.
        chosen = rollback(self.models, to, at=iso(np.datetime64(time.time_ns() // 1000, "us")))
        self.refresh()
        return chosen

    def instant(self, as_of: str | None) -> np.datetime64:
        """Read the instant of a question; by default now, or where the clock stands.

        Raises:
            DataError: the text is no instant, or it carries no zone.
        """
        return np.datetime64(self._clock(), "us") if as_of is None else to_instant(as_of)

    def facts(self, customer: str, as_of: np.datetime64) -> Facts:
        """Fold what the store knows of one customer."""
        return self.store.facts([customer], as_of)


def _served(snapshot: Snapshot) -> Served:
    until = to_instant(snapshot.manifest.data_until).astype("datetime64[us]").astype(np.int64)
    return Served(snapshot.id, snapshot.manifest.sequence, int(until) / 1e6)


async def _of(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


LiveState = Annotated[Live, Depends(_of)]
