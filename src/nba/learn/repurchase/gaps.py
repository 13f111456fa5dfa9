"""Gaps: from a customer's purchase of a product to the next one, or to where the history ends."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import EVIDENCE
from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.domain import DAY, MICROSECOND
from nba.learn.repurchase.trips import Trips
from nba.ranges import ranks, starts

_DAY_MICROS = int(DAY / MICROSECOND)


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """One row a purchase, by customer, then product, then day; one purchase a day and cell.

    Attributes:
        cell: int32, ascending: which cell (customer, product), numbered from 0.
        customer, product: int32 codes.
        evidence: int8: class of `EVIDENCE`, by the cell's gaps before this one.
        since: int32: the day of the purchase, from 1970 on.
        log_days: float32: logarithm of the days until the next purchase, else until the end of
            the history; less than a day counts as one.
        ended: bool: there was a next purchase.
        log_pieces: float32: logarithm of the quantity bought on that day.
        trip_rate: float32: days a day on which the customer buys anything.
        trips: float32: such days expected within the gap, while the customer was still seen.
    """

    cell: NDArray[np.int32]
    customer: NDArray[np.int32]
    product: NDArray[np.int32]
    evidence: NDArray[np.int8]
    since: NDArray[np.int32]
    log_days: NDArray[np.float32]
    ended: NDArray[np.bool_]
    log_pieces: NDArray[np.float32]
    trip_rate: NDArray[np.float32]
    trips: NDArray[np.float32]

    @classmethod
    def of(
        cls, placed: Baskets, purchases: Purchases, wanted: NDArray[np.bool_], trips: Trips
    ) -> Self:
        """Sort purchases into gaps.

        Args:
            placed: kept purchases; those of guests are left out.
            purchases: how many pieces they are.
            wanted: bool per product: whose gaps to take.
            trips: of the customers.
        """
        customer = np.repeat(placed.customer, placed.size)
        kept = np.flatnonzero((customer < len(placed.customer_ids)) & wanted[placed.product])
        customer, product = customer[kept], placed.product[kept]
        day = np.repeat((placed.at.astype(np.int64) // _DAY_MICROS).astype(np.int32), placed.size)
        day = day[kept]
        key = customer.astype(np.int64) * max(len(placed.product_ids), 1) + product
        # Stable, and baskets ascend in time.
        order = np.argsort(key, kind="stable")
        key, day, pieces = key[order], day[order], purchases.quantity[kept[order]]
        begins = np.ones(len(key), np.bool_)
        begins[1:] = (key[1:] != key[:-1]) | (day[1:] != day[:-1])
        first = np.flatnonzero(begins)
        pieces = np.add.reduceat(pieces, first) if len(first) else pieces
        key, since = key[first], day[first]
        customer, product = customer[order[first]], product[order[first]]
        ended = np.append(key[1:] == key[:-1], np.zeros(min(len(key), 1), np.bool_))
        end = np.full(len(key), placed.as_of.astype(np.int64) // _DAY_MICROS, np.int32)
        end[:-1][ended[:-1]] = since[1:][ended[:-1]]
        days = np.maximum(end - since, 1)
        seen = np.where(ended, days, np.maximum(trips.last_day[customer] - since, 0))
        rate = trips.rate[customer]
        return cls(
            np.repeat(
                np.arange(len(starts(key)), dtype=np.int32),
                np.diff(np.append(starts(key), len(key))),
            ),
            customer,
            product,
            evidence_of(ranks(key)),
            since,
            np.log(days).astype(np.float32),
            ended,
            np.log(np.maximum(pieces, 1)).astype(np.float32),
            rate,
            (rate * seen).astype(np.float32),
        )

    def __len__(self) -> int:
        """Count the gaps."""
        return len(self.cell)

    def part(self, rows: slice | NDArray[np.bool_]) -> Self:
        """Choose some gaps; cells keep their numbers."""
        chosen: dict[str, Any] = {
            field.name: getattr(self, field.name)[rows] for field in fields(self)
        }
        return type(self)(**chosen)


def evidence_of(own_gaps: NDArray[np.integer]) -> NDArray[np.int8]:
    """Class cells by the gaps known of them."""
    classes = np.searchsorted(np.array(EVIDENCE), own_gaps, "right") - 1
    return np.asarray(classes, np.int8)
