"""Gap statistics: how long after a purchase the same product is bought again, and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import DAY, MICROSECOND, Ids
from nba.errors import DataError
from nba.statistics.archives import read_archive, write_archive
from nba.statistics.lags import LAG_DAYS


@dataclass(frozen=True, slots=True, eq=False)
class GapStats:
    """Sums over customers of the gaps between their purchases of one product.

    Every purchase of a proven customer with an id opens a gap; the next one of the same product
    ends it, the end of the history cuts it off. A gap counts in a bucket only if it was observed
    through it, so events over gaps at risk is the life table's hazard. Over types instead of
    products the same counts are those of `Baskets.coarsened`.

    Attributes:
        product_ids: the ids of the product codes.
        as_of: the instant at which observation ends; sums of one instant add.
        events: int64[products, buckets]: gaps that ended in the bucket of `lags.LAG_DAYS`.
        at_risk: int64[products, buckets]: gaps still open as the bucket began.
    """

    product_ids: Ids
    as_of: np.datetime64
    events: NDArray[np.int64]
    at_risk: NDArray[np.int64]

    @classmethod
    def of(cls, baskets: Baskets) -> Self:
        """Count gaps exactly."""
        from nba.statistics import lag_kernels

        followed = baskets.proven & (baskets.customer < len(baskets.customer_ids))
        cell = np.repeat(followed, baskets.size)
        basket = np.repeat(np.arange(len(baskets)), baskets.size)[cell]
        product, customer = baskets.product[cell], baskets.customer[basket]
        # Stable, and baskets ascend in time.
        order = np.lexsort((product, customer))
        day = int(DAY / MICROSECOND)
        shape = len(baskets.product_ids), len(LAG_DAYS) - 1
        events, at_risk = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        lag_kernels.count_gaps(
            customer[order].astype(np.int64),
            product[order],
            baskets.at[basket[order]].astype(np.int64),
            int(baskets.as_of.astype(np.int64)),
            LAG_DAYS.astype(np.int64) * day,
            events,
            at_risk,
        )
        return cls(baskets.product_ids, baskets.as_of, events, at_risk)

    def __len__(self) -> int:
        """Count the products."""
        return len(self.product_ids)

    def __add__(self, other: GapStats) -> GapStats:
        """Add the gaps of other customers.

        Raises:
            DataError: they end at another instant.
        """
        return self._combined(other, 1)

    def __sub__(self, other: GapStats) -> GapStats:
        """Take away gaps that had been added; the products stay.

        Raises:
            DataError: they end at another instant.
        """
        return self._combined(other, -1)

    def __eq__(self, other: object) -> bool:
        """Compare every integer and id."""
        if not isinstance(other, GapStats):
            return NotImplemented
        return (
            self.product_ids == other.product_ids
            and self.as_of == other.as_of
            and np.array_equal(self.events, other.events)
            and np.array_equal(self.at_risk, other.at_risk)
        )

    __hash__ = None  # type: ignore[assignment]

    def save(self, path: str | Path) -> None:
        """Write the counts as one compressed archive of arrays, to exactly this path."""
        as_of = np.array([self.as_of])
        arrays = {"events": self.events, "at_risk": self.at_risk, "as_of": as_of}
        write_archive(path, self.product_ids, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read counts written by `save`.

        Raises:
            DataError: the file is no such archive.
        """
        ids, arrays = read_archive(path, ("events", "at_risk", "as_of"), "gap statistics")
        return cls(ids, arrays["as_of"][0], arrays["events"], arrays["at_risk"])

    def _combined(self, other: GapStats, sign: int) -> GapStats:
        if self.as_of != other.as_of:
            raise DataError(
                f"gap statistics until {self.as_of} and until {other.as_of} do not add; count "
                "both until one instant"
            )
        ids = self.product_ids.union(other.product_ids)
        mine, theirs = ids.codes_of(self.product_ids), ids.codes_of(other.product_ids)
        sums = []
        for one, more in ((self.events, other.events), (self.at_risk, other.at_risk)):
            total = np.zeros((len(ids), one.shape[1]), np.int64)
            total[mine] += one
            total[theirs] += sign * more
            sums.append(total)
        return GapStats(ids, self.as_of, *sums)
