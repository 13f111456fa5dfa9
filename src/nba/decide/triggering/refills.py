"""When products that customers buy again are due: the dates a playbook's `due` waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import LIKELY
from nba.artifacts.snapshot import Snapshot
from nba.domain import Instants
from nba.ranges import crossed

_MANY: Final = 4096
"""Customers from which on the dates of the whole snapshot are made ready, once."""

Bounds = tuple[np.datetime64, np.datetime64]
"""The first instant, and the one after the last."""


@dataclass(slots=True, eq=False)
class Refills:
    """The refills of a snapshot: cells of `Customers.product` with a date.

    The date is the median of the gap as it is told on the day of the purchase: unlike that of
    `Repurchase.due` it stays where it is while the customer keeps silent, as a message must be due
    on one day.
    """

    snapshot: Snapshot
    _table: tuple[NDArray[np.int64], Instants] | None = field(default=None, init=False)

    def between(
        self, customer: NDArray[np.int64], bounds: Bounds
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Instants]:
        """Find the refills of some customers that are due within bounds.

        Args:
            customer: codes of the snapshot, each once; below 0 for whom it does not know.
            bounds: of the dates.

        Returns:
            int64 row of `customer`, ascending, int64 cell and datetime64[us] date per refill.
        """
        if len(customer) < _MANY:
            return self._of_few(customer, bounds)
        cells, at = self._all()
        span = slice(*np.searchsorted(at, bounds).tolist())
        cell = np.sort(cells[span])
        owner = np.searchsorted(self.snapshot.customers.start, cell, "right") - 1
        row_of = np.full(len(self.snapshot.customers) + 1, -1, np.int64)
        row_of[customer[customer >= 0]] = np.flatnonzero(customer >= 0)
        row = row_of[owner]
        cell, row = cell[row >= 0], row[row >= 0]
        by_row = np.argsort(row, kind="stable")
        return row[by_row], cell[by_row], self._dates(cell[by_row])

    def _of_few(
        self, customer: NDArray[np.int64], bounds: Bounds
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Instants]:
        start = self.snapshot.customers.start
        known = np.flatnonzero(customer >= 0)
        code = customer[known]
        row, cell = crossed(start[code], start[code + 1])
        likely = self._likely(cell)
        row, cell = known[row[likely]], cell[likely]
        at = self._dates(cell)
        within = (at >= bounds[0]) & (at < bounds[1])
        return row[within], cell[within], at[within]

    def _all(self) -> tuple[NDArray[np.int64], Instants]:
        """Give all likely cells by date; made once, and again does no harm."""
        if self._table is None:
            cell = np.flatnonzero(self._likely(np.arange(len(self.snapshot.repurchase))))
            at = self._dates(cell)
            by_date = np.argsort(at, kind="stable")
            self._table = cell[by_date], at[by_date]
        return self._table

    def _likely(self, cell: NDArray[np.int64]) -> NDArray[np.bool_]:
        repurchase = self.snapshot.repurchase
        return repurchase.known[cell] & (repurchase.share[cell] >= np.float32(LIKELY))

    def _dates(self, cell: NDArray[np.int64]) -> Instants:
        return self.snapshot.repurchase.first_due(cell)
