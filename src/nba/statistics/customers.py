"""Customer sums: how often, since when, until when and for how much each customer bought."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.domain import MICROSECOND, Ids
from nba.errors import DataError
from nba.statistics.archives import read_archive, write_archive

DAYS_A_WEEK: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class CustomerSummary:
    """Sums of every customer who has an id and a kept purchase; who has none has no row.

    Days are those of UTC. The orders of a day are one purchase of the models of a customer's
    rhythm, which count what came after the first: x, t_x and T below.

    Attributes:
        customer_ids: the customers, one a row.
        as_of: the instant up to which the purchases are known; sums of one instant add.
        orders: int64: orders with a kept purchase.
        days: int64: distinct days with one; 1 or more.
        first_day, last_day: datetime64[D]: the first and the last of those days.
        revenue, profit: int64, minor units: of all kept purchases; a profit may be negative.
        first_profit: int64, minor units: the profit of the first day.
    """

    customer_ids: Ids
    as_of: np.datetime64
    orders: NDArray[np.int64]
    days: NDArray[np.int64]
    first_day: NDArray[np.datetime64]
    last_day: NDArray[np.datetime64]
    revenue: NDArray[np.int64]
    profit: NDArray[np.int64]
    first_profit: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        baskets: Baskets,
        purchases: Purchases,
        cost: NDArray[np.int64],
        costed: NDArray[np.bool_],
        default_margin: float,
    ) -> Self:
        """Sum up baskets; what is paid without an id is left out.

        Args:
            baskets: the kept purchases.
            purchases: their pieces and money, cell by cell.
            cost: int64 per product code, minor units, as for `Purchases.profit`.
            costed: bool per product code, likewise.
            default_margin: share of the revenue, likewise.
        """
        profit = purchases.profit(baskets.product, cost, costed, default_margin)

        named = int(np.searchsorted(baskets.customer, len(baskets.customer_ids)))
        customer, day = baskets.customer[:named], baskets.at[:named].astype("datetime64[D]")
        other = np.diff(customer, prepend=-1) != 0
        first = np.flatnonzero(other)
        new_day = other | (np.diff(day, prepend=day[:1]) > np.timedelta64(0, "D"))
        day_begins = np.flatnonzero(new_day)
        end = np.append(first, named)[1:]
        # Where the first day of each customer ends: with the next day, if need be another's.
        second = np.append(day_begins, named)[np.searchsorted(day_begins, first) + 1]
        earned, paid = (_running(cells, baskets.start) for cells in (profit, purchases.revenue))
        return cls(
            baskets.customer_ids.take(customer[first]),
            baskets.as_of,
            (end - first).astype(np.int64),
            np.diff(np.append(np.searchsorted(day_begins, first), len(day_begins))),
            day[first],
            day[end - 1],
            paid[end] - paid[first],
            earned[end] - earned[first],
            earned[second] - earned[first],
        )

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.customer_ids)

    @property
    def repeats(self) -> NDArray[np.int64]:
        """Days with a purchase after the first: x, int64 per customer."""
        return self.days - 1

    @property
    def recency(self) -> NDArray[np.float64]:
        """Weeks from the first to the last day: t_x, float64 per customer."""
        return np.asarray((self.last_day - self.first_day).astype(np.float64) / DAYS_A_WEEK)

    @property
    def age(self) -> NDArray[np.float64]:
        """Weeks from the first day to the last one known: T >= t_x, float64 per customer."""
        known = (self.as_of - MICROSECOND).astype("datetime64[D]")
        return np.asarray((known - self.first_day).astype(np.float64) / DAYS_A_WEEK)

    def __add__(self, other: CustomerSummary) -> CustomerSummary:
        """Add the sums of other customers.

        Raises:
            DataError: they end at another instant, or a customer is in both.
        """
        self._refuse_other_end(other)
        ids = self.customer_ids.union(other.customer_ids)
        if len(ids) < len(self) + len(other):
            raise DataError(
                f"{len(self) + len(other) - len(ids)} customers are in both sums; take the old "
                "ones away before adding them anew"
            )
        mine, theirs = ids.codes_of(self.customer_ids), ids.codes_of(other.customer_ids)
        order = np.argsort(np.concatenate([mine, theirs]))
        ours, more = self._arrays(), other._arrays()
        joined = {name: np.concatenate([ours[name], more[name]])[order] for name in ours}
        return CustomerSummary(ids, self.as_of, **joined)

    def __sub__(self, other: CustomerSummary) -> CustomerSummary:
        """Take away customers who had been added.

        Raises:
            DataError: they end at another instant, or one of them is not here with these figures.
        """
        self._refuse_other_end(other)
        codes = self.customer_ids.codes_of(other.customer_ids)
        ours, gone = self._arrays(), other._arrays()
        if not all(np.array_equal(ours[name][codes], gone[name]) for name in ours):
            raise DataError(
                "customers to take away have other figures here; take away what had been added"
            )
        stays = np.ones(len(self), np.bool_)
        stays[codes] = False
        kept = {name: values[stays] for name, values in ours.items()}
        ids = self.customer_ids.take(np.flatnonzero(stays))
        return CustomerSummary(ids, self.as_of, **kept)

    def __eq__(self, other: object) -> bool:
        """Compare every integer and id."""
        if not isinstance(other, CustomerSummary):
            return NotImplemented
        ours, theirs = self._arrays(), other._arrays()
        return (
            self.customer_ids == other.customer_ids
            and self.as_of == other.as_of
            and all(np.array_equal(ours[name], theirs[name]) for name in ours)
        )

    __hash__ = None  # type: ignore[assignment]

    def save(self, path: str | Path) -> None:
        """Write the sums as one compressed archive of arrays, to exactly this path."""
        as_of = np.array([self.as_of])
        write_archive(path, self.customer_ids, {"as_of": as_of, **self._arrays()})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read sums written by `save`.

        Raises:
            DataError: the file is no such archive.
        """
        names = tuple(field.name for field in fields(cls) if field.name != "customer_ids")
        ids, arrays = read_archive(path, names, "customer sums")
        return cls(ids, arrays.pop("as_of")[0], **arrays)

    def _arrays(self) -> dict[str, Any]:
        whole = ("customer_ids", "as_of")
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in whole
        }

    def _refuse_other_end(self, other: CustomerSummary) -> None:
        if self.as_of != other.as_of:
            raise DataError(
                f"customer sums until {self.as_of} and until {other.as_of} do not add; count "
                "both until one instant"
            )


def _running(cells: NDArray[np.int64], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum all cells before each basket, and at the end all."""
    return np.append(0, np.cumsum(cells))[start]
