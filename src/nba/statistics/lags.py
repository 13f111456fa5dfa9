"""Lag counts: how long after one type of product another is bought, by owners still without it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import DAY, Ids
from nba.errors import DataError
from nba.statistics.archives import read_archive, write_archive

PERIOD_DAYS: Final = 28
"""Length of the calendar periods in which owners are observed."""
PERIOD_COUNT: Final = 66
"""Periods told apart, counted back from the end; the last holds everything older."""
PAIR_LIMIT: Final = 200_000
"""Pairs of types of which lags are kept; of more, those with the most followers."""


def _lag_days() -> NDArray[np.int32]:
    """Bounds of the buckets: a day wide at first, then growing by a fifth, up to four weeks."""
    bounds = [0]
    while bounds[-1] < 3 * 365:
        bounds.append(bounds[-1] + min(max(round(bounds[-1] * 0.19), 1), PERIOD_DAYS))
    return np.array(bounds, np.int32)


LAG_DAYS: Final = _lag_days()
"""int32[buckets + 1]: a lag of d whole days is in the bucket b with LAG_DAYS[b] <= d."""


@dataclass(frozen=True, slots=True, eq=False)
class LagCounts:
    """Sums over customers of what they bought after what, and when.

    A customer is followed from each type bought: from the arrival of the first order with it
    until the first order of each other type. Who had that before, in the same order or before
    the arrival was never at risk. An owner counts in a bucket of lags only if observed through
    it, so events over owners at risk is the life table's hazard, whatever is censored.

    Attributes:
        types: the names of the type codes.
        as_of: the instant at which following ends; sums of one instant add.
        first, second: int32 per pair of types, sorted.
        events: int32[pairs, buckets]: owners of the first who then bought the second.
        gone: int32[pairs, buckets]: owners of the first observed through the bucket who were no
            longer at risk when it began, or never.
        owners: int32[types, buckets, periods]: owners observed through the bucket, by the
            calendar period in which its middle lies for them.
        taken: int32[types, buckets, periods]: events of the type over all firsts, those included
            whose pair is not kept.
        missed: int64[types, buckets]: `gone` of the type over all firsts.
    """

    types: Ids
    as_of: np.datetime64
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    events: NDArray[np.int32]
    gone: NDArray[np.int32]
    owners: NDArray[np.int32]
    taken: NDArray[np.int32]
    missed: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the pairs kept."""
        return len(self.first)

    def at_risk(self) -> NDArray[np.int64]:
        """Give, per pair and bucket, the owners of the first still without the second."""
        return np.asarray(self.owners.sum(axis=2, dtype=np.int64)[self.first] - self.gone, np.int64)

    def __add__(self, other: LagCounts) -> LagCounts:
        """Add the counts of other customers.

        Raises:
            DataError: they end at another instant.
        """
        return self._combined(other, 1)

    def __sub__(self, other: LagCounts) -> LagCounts:
        """Take away counts that had been added; pairs of which nothing is left vanish.

        Raises:
            DataError: they end at another instant.
        """
        return self._combined(other, -1)

    def __eq__(self, other: object) -> bool:
        """Compare every integer and name."""
        if not isinstance(other, LagCounts):
            return NotImplemented
        return (
            self.types == other.types
            and self.as_of == other.as_of
            and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in _ARRAYS)
        )

    __hash__ = None  # type: ignore[assignment]

    def save(self, path: str | Path) -> None:
        """Write the counts as one compressed archive of arrays, to exactly this path."""
        arrays: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in _ARRAYS}
        write_archive(path, self.types, arrays | {"as_of": np.array([self.as_of])})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read counts written by `save`.

        Raises:
            DataError: the file is no such archive.
        """
        types, arrays = read_archive(path, (*_ARRAYS, "as_of"), "lag counts")
        return cls(types, arrays.pop("as_of")[0], **arrays)

    def _combined(self, other: LagCounts, sign: int) -> LagCounts:
        if self.as_of != other.as_of:
            raise DataError(
                f"lag counts until {self.as_of} and until {other.as_of} do not add; count both "
                "until one instant"
            )
        types = self.types.union(other.types)
        mine, theirs = types.codes_of(self.types), types.codes_of(other.types)
        width = max(len(types), 1)
        keys = np.concatenate(
            [
                mine[self.first].astype(np.int64) * width + mine[self.second],
                theirs[other.first].astype(np.int64) * width + theirs[other.second],
            ]
        )
        pairs, place = np.unique(keys, return_inverse=True)
        values: dict[str, Any] = {}
        for name in ("events", "gone"):
            rows = np.concatenate([getattr(self, name), sign * getattr(other, name)])
            values[name] = np.zeros((len(pairs), rows.shape[1]), np.int32)
            np.add.at(values[name], place, rows)
        alive = values["events"].any(axis=1) | values["gone"].any(axis=1)
        values = {name: rows[alive] for name, rows in values.items()}
        for name in ("owners", "taken", "missed"):
            of_mine, of_theirs = getattr(self, name), getattr(other, name)
            values[name] = np.zeros((len(types), *of_mine.shape[1:]), of_mine.dtype)
            values[name][mine] += of_mine
            values[name][theirs] += sign * of_theirs
        first, second = np.divmod(pairs[alive], width)
        return LagCounts(
            types, self.as_of, first.astype(np.int32), second.astype(np.int32), **values
        )


_ARRAYS: Final = tuple(
    field.name for field in fields(LagCounts) if field.name not in ("types", "as_of")
)


@dataclass(frozen=True, slots=True, eq=False)
class FirstOrders:
    """When each customer first ordered each type, by customer and instant; guests have no second.

    Attributes:
        start: int64[customers + 1]: those of customer c are at start[c]:start[c + 1].
        bought: int32: type codes.
        ordered, arrived: int64: microseconds since 1970; `arrived` is the delivery, else the
            order and the days a delivery takes by default.
        as_of: the instant up to which they are known.
        types: the names of the type codes.
    """

    start: NDArray[np.int64]
    bought: NDArray[np.int32]
    ordered: NDArray[np.int64]
    arrived: NDArray[np.int64]
    as_of: np.datetime64
    types: Ids

    @classmethod
    def of(cls, baskets: Baskets, *, delivery_days: int) -> Self:
        """Find them.

        Args:
            baskets: over types, as `Baskets.coarsened` gives them; of proven customers only.
            delivery_days: days from order to delivery where nobody said.
        """
        size = baskets.size
        followed = np.repeat(baskets.proven & (baskets.customer < len(baskets.customer_ids)), size)
        width = max(len(baskets.product_ids), 1)
        basket = np.repeat(np.arange(len(baskets)), size)[followed]
        bought = baskets.product[followed]
        # Baskets ascend in time within a customer: the first of a run is the first purchase.
        key = baskets.customer[basket] * np.int64(width) + bought
        cell = np.sort(np.unique(key, return_index=True)[1])
        basket = basket[cell]
        arrived = np.where(
            np.isnat(baskets.delivered_at), baskets.at + delivery_days * DAY, baskets.delivered_at
        )
        ordered = baskets.at[basket].astype(np.int64)
        start = np.searchsorted(baskets.customer[basket], np.arange(len(baskets.customer_ids) + 1))
        return cls(
            start.astype(np.int64),
            bought[cell],
            ordered,
            np.maximum(arrived[basket].astype(np.int64), ordered),
            baskets.as_of,
            baskets.product_ids,
        )


def lag_counts(
    firsts: FirstOrders, *, settling: NDArray[np.bool_] | None = None, min_shared: int = 1
) -> LagCounts:
    """Count lags; sums over customers are exact where every pair is kept.

    Args:
        firsts: the first order of each type of each customer.
        settling: bool[types, types]: true at (main, second) where owners of that main type need
            the second for its sake; followed from another first type, they are at risk of the
            second only until the main type arrives. By default nowhere.
        min_shared: customers who bought both types, from which on a pair is kept; of more than
            `PAIR_LIMIT` pairs those with the most customers are.
    """
    from nba.statistics import lag_kernels

    width, buckets = len(firsts.types), len(LAG_DAYS) - 1
    shared = np.zeros((width, width), np.int32)
    lag_kernels.count_shared(firsts.start, firsts.bought, shared)
    kept = shared >= min_shared
    settling_start, settled = np.zeros(width + 1, np.int64), np.empty(0, np.int32)
    if settling is not None:
        settling_start = np.append(0, np.cumsum(settling.sum(axis=1)))
        settled = np.nonzero(settling)[1].astype(np.int32)
        # Whom a main type settles leaves a pair even where nobody bought both of it.
        kept[:, np.unique(settled)] |= min_shared == 1
    np.fill_diagonal(kept, val=False)
    pairs = _most_shared(kept, shared)
    place = np.full((width, width), -1, np.int32)
    place.ravel()[pairs] = np.arange(len(pairs))
    day = int(DAY / np.timedelta64(1, "us"))
    owners = np.zeros((width, buckets, PERIOD_COUNT), np.int32)
    taken = np.zeros_like(owners)
    missed = np.zeros((width, buckets + 1), np.int64)
    events = np.zeros((len(pairs), buckets), np.int32)
    gone = np.zeros((len(pairs), buckets + 1), np.int32)
    lag_kernels.count_lags(
        firsts.start,
        firsts.bought,
        firsts.ordered,
        firsts.arrived,
        int(firsts.as_of.astype(np.int64)),
        LAG_DAYS.astype(np.int64) * day,
        PERIOD_DAYS * day,
        place,
        settling_start,
        settled,
        owners,
        taken,
        missed,
        events,
        gone,
    )
    # The kernel writes differences of those gone.
    gone = np.cumsum(gone, axis=1, dtype=np.int32)[:, :-1]
    alive = events.any(axis=1) | gone.any(axis=1)
    first, second = np.divmod(pairs[alive].astype(np.int32), max(width, 1))
    return LagCounts(
        firsts.types,
        firsts.as_of,
        first,
        second,
        events[alive],
        gone[alive],
        owners,
        taken,
        np.cumsum(missed, axis=1)[:, :-1].copy(),
    )


def _most_shared(kept: NDArray[np.bool_], shared: NDArray[np.int32]) -> NDArray[np.int64]:
    """Choose at most so many pairs as can be kept, those of most customers, ties by code."""
    pairs = np.flatnonzero(kept)
    if len(pairs) > PAIR_LIMIT:
        most = np.argsort(-shared.ravel()[pairs], kind="stable")[:PAIR_LIMIT]
        pairs = np.sort(pairs[most])
    return pairs
