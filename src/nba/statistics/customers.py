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
from nba.ranges import changes, offsets, starts
from nba.statistics.archives import read_archive, write_archive
from nba.statistics.portions import AT_ONCE, portions

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
        *,
        at_once: int = AT_ONCE,
    ) -> Self:
        """Sum up baskets; what is paid without an id is left out.

        Args:
            baskets: the kept purchases.
            purchases: their pieces and money, cell by cell.
            cost: int64 per product code, minor units, as for `Purchases.profit`.
            costed: bool per product code, likewise.
            default_margin: share of the revenue, likewise.
            at_once: cells that are looked at at a time.
        """
        named = int(np.searchsorted(baskets.customer, len(baskets.customer_ids)))
        codes = baskets.customer[starts(baskets.customer[:named])]
        days = np.empty((2, len(codes)), "datetime64[D]")
        sums, used = np.empty((5, len(codes)), np.int64), 0
        for cells, some in portions(baskets, named=True, at_once=at_once):
            paid = Purchases(purchases.quantity[cells], purchases.revenue[cells])
            profit = paid.profit(some.product, cost, costed, default_margin)
            first, found = _sums(some, paid.revenue, profit)
            held = slice(used, used + len(found[0]))
            days[:, held], sums[:, held] = first, found
            used = held.stop
        orders, order_days, revenue, profit, first_profit = sums
        return cls(
            baskets.customer_ids.take(codes),
            baskets.as_of,
            orders,
            order_days,
            days[0],
            days[1],
            revenue,
            profit,
            first_profit,
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


def _sums(
    some: Baskets, revenue: NDArray[np.integer], profit: NDArray[np.int64]
) -> tuple[tuple[NDArray[np.datetime64], ...], tuple[NDArray[np.int64], ...]]:
    """Give first and last day, then orders, days, revenue, profit, that of the first day."""
    day, count = some.at.astype("datetime64[D]"), len(some)
    other = changes(some.customer)
    first = np.flatnonzero(other)
    day_begins = np.flatnonzero(other | changes(day))
    end = np.append(first, count)[1:]
    # Where the first day of each customer ends: with the next day, if need be another's.
    second = np.append(day_begins, count)[np.searchsorted(day_begins, first) + 1]
    earned, paid = (offsets(cells)[some.start] for cells in (profit, revenue))
    return (day[first], day[end - 1]), (
        end - first,
        np.diff(np.append(np.searchsorted(day_begins, first), len(day_begins))),
        paid[end] - paid[first],
        earned[end] - earned[first],
        earned[second] - earned[first],
    )
