"""Lag counts: how long after one type of product another is bought, by owners still without it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import DAY, MICROSECOND, Ids
from nba.errors import DataError
from nba.statistics.archives import read_archive, write_archive
from nba.statistics.lag_pairs import chosen_pairs, places

PERIOD_DAYS: Final = 28
"""Length of the calendar periods in which owners are observed."""
PERIOD_COUNT: Final = 40
"""Periods told apart, counted back from the end; the last holds everything older."""
RHYTHMS: Final = 15
"""Classes of customers by orders, two an octave: 1, 2, 3, 4 to 5, 6 to 7 and so on to 128."""


def _lag_days() -> NDArray[np.int32]:
    """Bounds of the buckets: a day wide at first, then growing by a fifth, up to four weeks."""
    bounds = [0]
    while bounds[-1] < 3 * 365:
        bounds.append(bounds[-1] + min(max(round(bounds[-1] * 0.19), 1), PERIOD_DAYS))
    return np.array(bounds, np.int32)


_DAY: Final = int(DAY / MICROSECOND)

LAG_DAYS: Final = _lag_days()
"""int32[buckets + 1]: a lag of d whole days is in the bucket b with LAG_DAYS[b] <= d."""
BUCKET_OF: Final = np.repeat(
    np.arange(len(LAG_DAYS), dtype=np.int32), np.diff(LAG_DAYS, append=LAG_DAYS[-1] + 1)
)
"""The bucket of a lag of 0, 1, 2, … days; the last one is beyond all."""


@dataclass(frozen=True, slots=True, eq=False)
class LagCounts:
    """Sums over customers of what they bought after what, and when.

    A customer is followed from each arrival of a type until the next order of each other type,
    at most until the next order of the type itself. Who had the other in the same order, or
    ordered it before the arrival, was never at risk. A following counts in a bucket of lags only
    if it was observed through it, so events over those at risk is the life table's hazard,
    whatever is censored.

    Attributes:
        types: the names of the type codes.
        as_of: the instant at which following ends; sums of one instant add.
        first, second: int32 per pair of types, sorted.
        events: int32[pairs, buckets]: arrivals of the first followed by an order of the second.
        gone: int32[pairs, rhythms, buckets]: arrivals of the first, followed through the bucket,
            that were no longer at risk when it began, or never.
        owners: int32[types, rhythms, buckets]: arrivals followed through the bucket, by class of
            customers.
        calendar: int32[types, buckets, periods]: the same, by the calendar period in which the
            middle of the bucket lies for them.
        taken: int32[types, rhythms, buckets]: events of the type over all firsts, those included
            whose pair is not kept.
        seasons: int32[types, periods]: the same, by the period of the event.
        missed: int64[types, rhythms, buckets]: `gone` of the type over all firsts.
    """

    types: Ids
    as_of: np.datetime64
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    events: NDArray[np.int32]
    gone: NDArray[np.int32]
    owners: NDArray[np.int32]
    calendar: NDArray[np.int32]
    taken: NDArray[np.int32]
    seasons: NDArray[np.int32]
    missed: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the pairs kept."""
        return len(self.first)

    def at_risk(self, pairs: NDArray[np.int64] | None = None) -> NDArray[np.int32]:
        """Give int32[pairs, rhythms, buckets]: arrivals of the first still without the second.

        Args:
            pairs: of which pairs; by default of all.
        """
        if pairs is None:
            return self.owners[self.first] - self.gone
        return self.owners[self.first[pairs]] - self.gone[pairs]

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

    def renewed(self, fresh: LagCounts, wanted: NDArray[np.bool_]) -> LagCounts:
        """Take what was counted anew of followings to some types, and keep the rest.

        Args:
            fresh: counts of the same orders and types.
            wanted: bool per type: the types whose followings `fresh` counted.
        """
        stays, comes = ~wanted[self.second], wanted[fresh.second]
        first = np.concatenate([self.first[stays], fresh.first[comes]])
        second = np.concatenate([self.second[stays], fresh.second[comes]])
        order = np.lexsort((second, first))
        is_fresh = order >= np.count_nonzero(stays)
        values: dict[str, Any] = {"owners": self.owners, "calendar": self.calendar}
        for name in ("events", "gone"):
            old, new = getattr(self, name), getattr(fresh, name)
            values[name] = np.empty((len(order), *old.shape[1:]), old.dtype)
            values[name][~is_fresh] = old[stays]
            values[name][is_fresh] = new[comes]
        for name in ("taken", "seasons", "missed"):
            values[name] = getattr(self, name).copy()
            values[name][wanted] = getattr(fresh, name)[wanted]
        return LagCounts(self.types, self.as_of, first[order], second[order], **values)

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
            values[name] = np.zeros((len(pairs), *rows.shape[1:]), np.int32)
            np.add.at(values[name], place, rows)
        alive = values["events"].any(axis=1) | values["gone"].any(axis=(1, 2))
        values = {name: rows[alive] for name, rows in values.items()}
        for name in ("owners", "calendar", "taken", "seasons", "missed"):
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
class Followed:
    """The orders of the customers who can be followed: proven ones with an id.

    Attributes:
        types: the names of the type codes.
        as_of: the instant up to which the orders are known.
        customer_start: int64[customers + 1]: orders of customer c are at
            customer_start[c]:customer_start[c + 1], in time.
        start: int64[orders + 1]: cells of order o are at start[o]:start[o + 1].
        bought: int32 per cell: type codes, distinct within an order.
        ordered, arrived: int64 per order: microseconds since 1970; `arrived` is the delivery,
            else the order and the days a delivery takes by default.
    """

    types: Ids
    as_of: np.datetime64
    customer_start: NDArray[np.int64]
    start: NDArray[np.int64]
    bought: NDArray[np.int32]
    ordered: NDArray[np.int64]
    arrived: NDArray[np.int64]

    @classmethod
    def of(cls, baskets: Baskets, *, delivery_days: int) -> Self:
        """Choose them.

        Args:
            baskets: over types, as `Baskets.coarsened` gives them.
            delivery_days: days from order to delivery where nobody said.
        """
        kept = baskets.proven & (baskets.customer < len(baskets.customer_ids))
        ordered = baskets.at[kept].astype(np.int64)
        delivered = baskets.delivered_at[kept]
        usual = ordered + delivery_days * _DAY
        arrived = np.where(np.isnat(delivered), usual, delivered.astype(np.int64))
        customer = baskets.customer[kept]
        begin = np.flatnonzero(np.diff(customer, prepend=-1))
        return cls(
            baskets.product_ids,
            baskets.as_of,
            np.append(begin, len(customer)).astype(np.int64),
            np.append(0, np.cumsum(baskets.size[kept])).astype(np.int64),
            baskets.product[np.repeat(kept, baskets.size)],
            ordered,
            np.maximum(arrived, ordered),
        )

    def rhythm(self) -> NDArray[np.int32]:
        """Class customers by their orders, int32 in 0:`RHYTHMS`."""
        return rhythm_of(np.diff(self.customer_start))


def rhythm_of(orders: NDArray[np.int64]) -> NDArray[np.int32]:
    """Class customers by their orders, int32 in 0:`RHYTHMS`."""
    classes = np.minimum(2 * np.log2(np.maximum(orders, 1)), RHYTHMS - 1)
    return np.asarray(classes, np.int32)


def shared_customers(followed: Followed) -> NDArray[np.int32]:
    """Count the customers who bought both of two types, int32[types, types]."""
    from nba.statistics import lag_kernels

    width = len(followed.types)
    shared = np.zeros((width, width), np.int32)
    lag_kernels.count_shared(followed.customer_start, followed.start, followed.bought, shared)
    return shared + shared.T


def lag_counts(
    followed: Followed,
    *,
    settling: NDArray[np.int64] | None = None,
    min_shared: int = 1,
    mains: NDArray[np.bool_] | None = None,
    wanted: NDArray[np.bool_] | None = None,
    shared: NDArray[np.int32] | None = None,
) -> LagCounts:
    """Count lags; sums over customers are exact where every pair is kept.

    Args:
        followed: whose orders to count.
        settling: int64[types, types], at (main, second) the days after its arrival within which
            owners of that main type may need the second for its sake, 0 where they do not;
            meanwhile nobody followed from another type is at risk of the second. By default
            nowhere.
        min_shared: customers who bought both types, from which on a pair is kept; of more than
            `lag_pairs.PAIR_LIMIT` pairs those with the most customers are.
        mains: bool per type: whose arrivals to follow; by default all.
        wanted: bool per type: to which types; by default to all.
        shared: what `shared_customers` gives, if at hand.
    """
    from nba.statistics import lag_kernels

    width = len(followed.types)
    orders = (followed.customer_start, followed.start, followed.bought)
    shared = shared_customers(followed) if shared is None else shared
    settler, settled, reach = _settlers(settling)
    every = np.ones(width, np.bool_)
    mains = every if mains is None else mains
    wanted = every if wanted is None else wanted
    first, second = chosen_pairs(
        shared, min_shared=min_shared, mains=mains, wanted=wanted, settled=settled
    )
    rank, place = places(first, second, width)
    rhythm = followed.rhythm()
    values = uncounted(width, len(first))
    lag_kernels.count_lags(
        *orders,
        followed.ordered,
        followed.arrived,
        rhythm,
        np.argsort(rhythm, kind="stable"),
        int(followed.as_of.astype(np.int64)),
        BUCKET_OF,
        _DAY,
        (LAG_DAYS[:-1] + LAG_DAYS[1:]) * np.int64(_DAY // 2),
        PERIOD_DAYS * _DAY,
        mains,
        wanted,
        rank,
        place,
        np.searchsorted(settled, np.arange(width + 1)),
        settler.astype(np.int32),
        reach,
        *values.values(),
    )
    return counted(followed.types, followed.as_of, first, second, values)


def uncounted(width: int, pair_count: int) -> dict[str, NDArray[Any]]:
    """Give zeros to count in, as `counted` takes them.

    `missed` and `gone` are differences, with a bucket more; class by class, for the cache's sake.
    """
    buckets = len(LAG_DAYS) - 1
    return {
        "owners": np.zeros((RHYTHMS, width, buckets), np.int32),
        "calendar": np.zeros((width, buckets, PERIOD_COUNT), np.int32),
        "taken": np.zeros((RHYTHMS, width, buckets), np.int32),
        "seasons": np.zeros((width, PERIOD_COUNT), np.int32),
        "missed": np.zeros((RHYTHMS, width, buckets + 1), np.int64),
        "events": np.zeros((pair_count, buckets), np.int32),
        "gone": np.zeros((RHYTHMS, pair_count, buckets + 1), np.int32),
    }


def counted(
    types: Ids,
    as_of: np.datetime64,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    values: dict[str, NDArray[Any]],
) -> LagCounts:
    """Sum up differences, and leave out the pairs that nothing was counted of.

    Args:
        types: the names of the type codes.
        as_of: the instant at which following ends.
        first: type codes of the pairs, sorted.
        second: the others.
        values: of `uncounted`, counted in; they are used up.
    """
    for name in ("missed", "gone"):
        values[name] = np.cumsum(values[name], axis=2, out=values[name])[:, :, :-1]
    alive = values["events"].any(axis=1) | values["gone"].any(axis=(0, 2))
    for name in ("owners", "taken", "missed"):
        values[name] = values[name].swapaxes(0, 1).copy()
    values |= {"events": values["events"][alive], "gone": values["gone"].swapaxes(0, 1)[alive]}
    main, other = first[alive].astype(np.int32), second[alive].astype(np.int32)
    return LagCounts(types, as_of, main, other, **values)


def _settlers(
    settling: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """List who settles what, sorted by what is settled: the two types, and for how long."""
    if settling is None:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    settler, settled = np.nonzero(settling)
    order = np.lexsort((settler, settled))
    settler, settled = settler[order], settled[order]
    return settler, settled, settling[settler, settled] * _DAY
