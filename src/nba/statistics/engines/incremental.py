"""The engine that keeps what it counts on disk, and counts only what changed since it did last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.errors import SnapshotError
from nba.statistics.customers import CustomerSummary
from nba.statistics.engines.changes import Update, count_level
from nba.statistics.engines.protocol import Level
from nba.statistics.engines.this_machine import NAME, ThisMachine
from nba.statistics.interactions import InteractionMatrix
from nba.statistics.kept import levels
from nba.statistics.kept.levels import KeptPairs
from nba.statistics.lags import Followed, LagCounts
from nba.statistics.pairs import PairSettings

_ADDED: Final = "changes added"


@dataclass(frozen=True, slots=True, eq=False)
class Incremental:
    """Counts pairs in this process, and writes them with the baskets that they came from.

    Pair counts are sums over customers that no instant decides, so that those of before are added
    to. Lags and gaps end at an instant, at which every open following was cut off: as it moves on,
    they all grow older, and are counted again, as are the sums of customers, which take one pass
    over what has been read anyway.

    Attributes:
        folder: what is counted is written there, a folder a level.
        before: the folder of what was counted before; None to count everything.
        since: what the manifest says that was counted before.
        most_changed: share of all cells, in the baskets of customers that changed, from which on
            everything is counted: below it that is more work than counting what changed.
        machine: who counts what is not kept.
        counted: as `Engine` says.
        told: level → how it was counted, for people.
    """

    folder: Path
    before: Path | None = None
    since: str | None = None
    most_changed: float = 0.5
    machine: ThisMachine = field(default_factory=ThisMachine)
    told: dict[str, str] = field(default_factory=dict)
    _written: dict[tuple[Level, PairSettings], KeptPairs] = field(default_factory=dict)
    _busy: Lock = field(default_factory=Lock)

    @property
    def counted(self) -> Mapping[str, str]:
        """As `Engine` says; `pairs_since` is the snapshot whose pair counts were added to."""
        added = any(told.startswith(_ADDED) for told in self.told.values())
        since = {"pairs_since": self.since} if added and self.since else {}
        pairs = {"pair_counts": NAME} if self.told else {}
        return {**pairs, **since, **self.machine.counted}

    def pairs(self, level: Level, baskets: Baskets, settings: PairSettings) -> KeptPairs:
        """Count pairs, or what changed of them, and write them.

        All are counted where nothing is kept of the level, where other settings hold now, and
        where that is no more work: with most of the shop, or another one. Asked again, by whichever
        thread of training, for the same baskets, it gives what was written.

        Raises:
            DataError: what is kept is damaged.
            SnapshotError: the folder cannot be written.
        """
        with self._busy:
            asked = level, settings
            if asked not in self._written:
                self._written[asked] = self._write(level, baskets, settings)
            return self._written[asked]

    def _write(self, level: Level, baskets: Baskets, settings: PairSettings) -> KeptPairs:
        folder, threads = self.folder / level, self.machine.threads
        update = self._update(level, baskets, settings)
        try:
            if update is None:
                kept = count_level(folder, baskets, settings, threads=threads)
            else:
                kept = update.write(folder, threads=threads)
        except OSError as error:
            raise SnapshotError(
                f"statistics cannot be written into {folder}: {error.strerror}; make room, or "
                "train without --keep-statistics and --since"
            ) from None
        return kept.pairs(baskets.product_ids, threads)

    def _update(self, level: Level, baskets: Baskets, settings: PairSettings) -> Update | None:
        if self.before is None or not (self.before / level).is_dir():
            self.told[level] = "counted"
            return None
        known = levels.Level.read(self.before / level)
        if known.settings != settings:
            self.told[level] = "counted anew, as other settings hold"
            return None
        update = Update.to(known, baskets)
        if update.share > self.most_changed:
            self.told[level] = "counted anew, as most of it changed"
            return None
        self.told[level] = (
            f"{_ADDED}: {len(update.changes.gone):,} customers taken away, "
            f"{len(update.changes.came):,} added"
        )
        return update

    def lag_counts(
        self,
        followed: Followed,
        *,
        min_shared: int,
        mains: NDArray[np.bool_],
        shared: NDArray[np.int32],
    ) -> LagCounts:
        """Count lags, as `lags.lag_counts` does."""
        return self.machine.lag_counts(followed, min_shared=min_shared, mains=mains, shared=shared)

    def customer_summary(
        self,
        baskets: Baskets,
        purchases: Purchases,
        cost: NDArray[np.int64],
        costed: NDArray[np.bool_],
        default_margin: float,
    ) -> CustomerSummary:
        """Sum up customers, as `CustomerSummary.of` does."""
        return self.machine.customer_summary(baskets, purchases, cost, costed, default_margin)

    def product_factors(
        self, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
    ) -> NDArray[np.float32]:
        """Fit what the machine fits, as `Engine` says."""
        return self.machine.product_factors(matrix, config, seed=seed)
