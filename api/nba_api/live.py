"""What a running server holds: the current snapshot, the policy over it, the store, a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from fastapi import Depends, Request

from nba.artifacts.registry import current_id, open_snapshot, rollback
from nba.artifacts.snapshot import Snapshot
from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.domain import to_instant
from nba.errors import SnapshotError
from nba.facts.fold import Facts, fold
from nba.recommend.recommender import Recommender
from nba.state.store import Store
from nba_api.settings import Settings

CHECK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Serving:
    """One snapshot and what answers from it; swapped as a whole."""

    snapshot: Snapshot
    recommender: Recommender
    policy: Policy


class Live:
    """The one mutable thing of a server: a reference to what it serves now."""

    def __init__(self, settings: Settings) -> None:
        """Open the store and, if there is one, the current snapshot.

        Raises:
            ConfigError: the playbook or the store's URL is wrong.
            StateError: the store cannot be opened.
        """
        path = settings.playbook or shipped("playbooks", "owox_2011")
        self._playbook = Playbook.from_toml(path)
        self.models: Path = settings.models
        self.store = Store(settings.db)
        self._clock = _clock(settings.fixed_clock())
        self._serving: Serving | None = None
        self._checked = -CHECK_SECONDS
        self.problem = "no snapshot has been looked for yet"

    def serving(self) -> Serving:
        """Give what is served; a newly published snapshot is picked up within two seconds.

        Raises:
            SnapshotError: no snapshot was ever published, or the only one is damaged.
        """
        now = time.monotonic()
        if now - self._checked >= CHECK_SECONDS:
            self._checked = now
            self.refresh()
        if self._serving is None:
            raise SnapshotError(self.problem)
        return self._serving

    def refresh(self) -> None:
        """Open the current snapshot if it is another one; a damaged one leaves the old serving."""
        try:
            published = current_id(self.models)
            if self._serving is None or self._serving.snapshot.id != published:
                snapshot = open_snapshot(self.models, published)
                policy = Policy(snapshot, self._playbook)
                self._serving = Serving(snapshot, Recommender(snapshot), policy)
        except SnapshotError as error:
            self.problem = str(error)

    def rollback(self, to: str | None) -> str:
        """Make an older snapshot current and serve it at once."""
        chosen = rollback(self.models, to)
        self.refresh()
        return chosen

    def instant(self, as_of: str | None) -> np.datetime64:
        """Read the instant of a question; by default now, or where the clock stands."""
        return self._clock() if as_of is None else to_instant(as_of)

    def facts(self, customer: str, as_of: np.datetime64) -> Facts:
        """Fold one customer's rows from the store."""
        return fold(self.store.rows_of([customer]), as_of=as_of, customers=[customer])


def _clock(fixed: np.datetime64 | None) -> Callable[[], np.datetime64]:
    if fixed is not None:
        return lambda: fixed
    return lambda: np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")


def _of(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


LiveState = Annotated[Live, Depends(_of)]
