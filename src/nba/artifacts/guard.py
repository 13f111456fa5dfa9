"""The publish guard: what a new snapshot must not be worse in than the one that serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from nba.artifacts.snapshot import Manifest, Snapshot
from nba.domain import Ids

LARGEST_COVERAGE_FALL: Final = 0.2
LEAST_OVERLAP: Final = 0.8
LARGEST_HIT_RATE_FALL: Final = 0.1
SMALLEST_COVERAGE: Final = 0.1
"""A relation that reached fewer of the products sold may come and go with a few orders."""
_JUDGED: Final = "picks"
"""The method of a backtest whose lists customers see."""


def objections(current: Snapshot, new: Snapshot) -> list[str]:
    """Say, a sentence a figure, in what a new snapshot is so much worse that people should look.

    Coverage is the share of the products sold that have a list, compared for each relation; the
    overlap is the share of the current products that the new snapshot knows too; the hit rate is
    the recall of the picks in the last backtest, compared where both were measured alike.

    Args:
        current: what serves now.
        new: what would take its place.
    """
    return [
        *_coverage(current.manifest, new.manifest),
        *_overlap(current.products.ids, new.products.ids),
        *_hit_rate(current.manifest.backtest, new.manifest.backtest),
    ]


def _coverage(current: Manifest, new: Manifest) -> Iterator[str]:
    for name, before in current.coverage.items():
        after = new.coverage.get(name, 0.0)
        reached = before >= SMALLEST_COVERAGE and name.endswith("_of_sold")
        if reached and after < before * (1 - LARGEST_COVERAGE_FALL):
            yield (
                f"the coverage {name} fell from {before:.1%} to {after:.1%}, "
                f"by more than {LARGEST_COVERAGE_FALL:.0%}"
            )


def _overlap(current: Ids, new: Ids) -> Iterator[str]:
    if not len(current):
        return
    share = len(frozenset(current) & frozenset(new)) / len(current)
    if share < LEAST_OVERLAP:
        yield (
            f"of the {len(current):,} products of the current snapshot only {share:.1%} are in "
            f"the new one, fewer than {LEAST_OVERLAP:.0%}"
        )


def _hit_rate(current: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    compared = HitRates.of(current, new)
    if compared is not None and compared.after < compared.least:
        yield (
            f"the {compared.figure} of the picks in the backtest fell from {compared.before:.2%} "
            f"to {compared.after:.2%}, by more than {LARGEST_HIT_RATE_FALL:.0%}"
        )


@dataclass(frozen=True, slots=True)
class HitRates:
    """How often the picks of two backtests, measured alike, were bought.

    Attributes:
        figure: what is compared: the recall, with the length of the lists.
        before, after: of the current snapshot and of the new one, 0..1.
    """

    figure: str
    before: float
    after: float

    @classmethod
    def of(cls, current: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Self | None:
        """Take them from the backtests of two manifests; None where they cannot be compared."""
        if current is None or new is None:
            return None
        if any(current[name] != new[name] for name in ("n", "horizon_days")):
            return None
        figure = f"recall@{new['n']}"
        before, after = (one["methods"][_JUDGED][figure]["mean"] for one in (current, new))
        return cls(figure, before, after)

    @property
    def least(self) -> float:
        """The smallest rate that the guard lets pass."""
        return self.before * (1 - LARGEST_HIT_RATE_FALL)
