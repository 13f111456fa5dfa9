"""Fitting lags: where lists say what fits what, only an order of what fits ends a following."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, MICROSECOND
from nba.learn.compatibility import Compatibility
from nba.ranges import crossed
from nba.statistics.lags import LAG_DAYS, RHYTHMS, Followed, LagCounts

Codes = NDArray[np.int64]

_CHANCE_PRIOR: Final = 5.0
"""Earlier purchases added before the share of them that fit is believed."""
_ASKED: Final = 500
"""Products of a type that tell how often another type fits."""
_BOUNDS: Final = LAG_DAYS.astype(np.int64) * int(DAY / MICROSECOND)


@dataclass(frozen=True, slots=True, eq=False)
class FittingLags:
    """Lags of some pairs of types, sorted, from a product to the next one that fits it.

    Attributes:
        first, second: int64 per pair: type codes.
        events: int32[pairs, buckets]: arrivals followed by an order of what fits.
        at_risk: int32[pairs, rhythms, buckets]: arrivals still without, and observed.
        chance: float64 per pair: how often a product of the second type fits one of the first
            that its owner happens to have: the share among those bought before it.
    """

    first: Codes
    second: Codes
    events: NDArray[np.int32]
    at_risk: NDArray[np.int32]
    chance: NDArray[np.float64]

    @classmethod
    def none(cls) -> FittingLags:
        """Nothing is known of what fits what."""
        buckets, pairs = len(_BOUNDS) - 1, np.empty(0, np.int64)
        events = np.empty((0, buckets), np.int32)
        at_risk = np.empty((0, RHYTHMS, buckets), np.int32)
        return cls(pairs, pairs, events, at_risk, np.empty(0))

    @classmethod
    def of(
        cls, followed: Followed, code: NDArray[np.int32], fits: Compatibility, pairs: Codes
    ) -> FittingLags:
        """Follow the products of pairs of types.

        Args:
            followed: orders over product codes.
            code: int32 per product: its type.
            fits: what fits what.
            pairs: int64[2, pairs]: type codes, sorted.
        """
        buckets = len(_BOUNDS) - 1
        events = np.zeros((pairs.shape[1], buckets), np.int32)
        at_risk = np.zeros((pairs.shape[1], RHYTHMS, buckets), np.int32)
        chance = np.zeros(pairs.shape[1])
        steps = _Steps.of(followed)
        kind = code[followed.bought]
        share = np.bincount(followed.bought, minlength=len(code)) / max(len(kind), 1)
        for row, (first, second) in enumerate(pairs.T.tolist()):
            mine, theirs = (np.flatnonzero(kind == one) for one in (first, second))
            ends, is_event, seen = _first_fitting(steps, fits, mine, theirs)
            held = np.where(ends < 0, 0, np.minimum(ends + is_event, seen))
            np.add.at(
                at_risk[row], (steps.rhythm[steps.order[mine[held > 0]]], held[held > 0] - 1), 1
            )
            hit = is_event & (ends < seen)
            events[row] = np.bincount(ends[hit], minlength=buckets)
            chance[row] = _chance(steps, fits, mine, theirs, share)
        # Who is held to a bucket was at risk in all before it.
        at_risk = np.cumsum(at_risk[:, :, ::-1], axis=2, dtype=np.int32)[:, :, ::-1]
        return cls(pairs[0], pairs[1], events, at_risk, chance)

    def sharpen(self, counts: LagCounts) -> tuple[LagCounts, NDArray[np.float64]]:
        """Put these lags in the place of those that any product of the second type ended.

        Returns:
            The counts; float64 per pair: the share of the events expected there that count here.
        """
        share = np.ones(len(counts))
        width = np.int64(len(counts.types))
        known, wanted = counts.first * width + counts.second, self.first * width + self.second
        place = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
        found = np.flatnonzero(known[place] == wanted) if len(known) else np.empty(0, np.int64)
        if not len(found):
            return counts, share
        here = place[found]
        events, gone = counts.events.copy(), counts.gone.copy()
        events[here] = self.events[found]
        gone[here] = counts.owners[counts.first[here]] - self.at_risk[found]
        share[here] = self.chance[found]
        return replace(counts, events=events, gone=gone), share


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """The orders of `followed`, looked up by cell.

    Attributes:
        product: int32 per cell.
        order: int32 per cell: its order.
        rhythm: int32 per order: the class of its customer.
        begin, end: int64 per order: orders of its customer.
        ordered, arrived: int64 per order: microseconds.
        as_of: the same.
    """

    product: NDArray[np.int32]
    order: NDArray[np.int32]
    rhythm: NDArray[np.int32]
    begin: Codes
    end: Codes
    ordered: Codes
    arrived: Codes
    as_of: int

    @classmethod
    def of(cls, followed: Followed) -> _Steps:
        orders = np.diff(followed.customer_start)
        size = np.diff(followed.start)
        begin, end = (
            np.repeat(bound, orders)
            for bound in (followed.customer_start[:-1], followed.customer_start[1:])
        )
        return cls(
            followed.bought,
            np.repeat(np.arange(len(size), dtype=np.int32), size),
            np.repeat(followed.rhythm(), orders),
            begin,
            end,
            followed.ordered,
            followed.arrived,
            int(followed.as_of.astype(np.int64)),
        )


def _first_fitting(
    steps: _Steps, fits: Compatibility, mine: Codes, theirs: Codes
) -> tuple[Codes, NDArray[np.bool_], Codes]:
    """Find, for each cell of `mine`, the bucket in which the first fitting one of `theirs` comes.

    Returns:
        The bucket: -1 in the same order or before the arrival, the last one never; whether one
        came; how many buckets are observed, until the customer's next order of the type.
    """
    order, other = steps.order[mine], steps.order[theirs]
    again = np.searchsorted(order, order, "right")
    next_order = np.append(order, len(steps.ordered))[again]
    end = steps.end[order]
    is_own = next_order < end
    until = np.full(len(mine), steps.as_of)
    until[is_own] = np.minimum(until[is_own], steps.ordered[next_order[is_own]])
    since = steps.arrived[order]
    seen = np.searchsorted(_BOUNDS[1:], until - since, "right")
    row, number = crossed(np.searchsorted(other, order), np.searchsorted(other, end))
    able = fits.fits(steps.product[mine[row]], steps.product[theirs[number]])
    row, place = np.unique(row[able], return_index=True)
    came = other[number[able][place]]
    lag = steps.ordered[came] - since[row]
    ends = np.full(len(mine), len(_BOUNDS) - 1)
    ends[row] = np.searchsorted(_BOUNDS, lag, "right") - 1
    ends[row[came == order[row]]] = -1
    is_event = np.zeros(len(mine), np.bool_)
    is_event[row] = ends[row] >= 0
    return ends, is_event, seen


def _chance(
    steps: _Steps,
    fits: Compatibility,
    mine: Codes,
    theirs: Codes,
    share: NDArray[np.float64],
) -> float:
    """Say how often a product bought earlier fits; with few of them, how often any would."""
    other = steps.order[theirs]
    row, number = crossed(
        np.searchsorted(other, steps.begin[steps.order[mine]]),
        np.searchsorted(other, steps.order[mine]),
    )
    fitting = fits.fits(steps.product[mine[row]], steps.product[theirs[number]]).sum()
    products, owners = np.unique(steps.product[mine], return_counts=True)
    step = len(products) // _ASKED + 1
    products, owners = products[::step], owners[::step]
    others = np.unique(steps.product[theirs])
    if not len(products) or not len(others):
        return 1.0
    any_of = fits.fits(np.repeat(products, len(others)), np.tile(others, len(products)))
    weight = share[others] / share[others].sum()
    usual = float(owners @ (any_of.reshape(len(products), -1) @ weight)) / owners.sum()
    return float((fitting + _CHANCE_PRIOR * usual) / (len(row) + _CHANCE_PRIOR))
