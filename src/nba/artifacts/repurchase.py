"""When a customer is due to buy a product again, and how likely they ever will."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, Instants

EVIDENCE: Final = (0, 1, 2, 4)
"""Own gaps from which on each class of evidence begins, in the order of its code."""
LEVEL: Final = 0.8
"""Share of the refills that come between `due_from` and `due_until`."""
LIKELY: Final = 0.2
"""A refill is waited for where it comes with at least this probability."""
_SOONEST: Final = 0.5
"""Days of silence on the day of the purchase itself."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """When refills are due, one row a cell asked.

    Attributes:
        known: bool: whether anything is; elsewhere the instants are NaT.
        due_at: datetime64[us]: the median.
        due_from, due_until: datetime64[us]: between them lies `LEVEL` of the probability, as
            much of the rest before as after; none is before the instant asked for.
    """

    known: NDArray[np.bool_]
    due_at: Instants
    due_from: Instants
    due_until: Instants


@dataclass(frozen=True, slots=True, eq=False)
class Repurchase:
    """The clocks of all cells (customer, product), in the order of `Customers.product`.

    Who refills does so after a gap t with ln t = location + residual. Residuals have one
    distribution a class of evidence, given by its cumulative hazard, whose negative exponential is
    the share of gaps that are longer. A need may pass unseen, as it is met elsewhere: with
    probability passed[j] a refill is the need after j others.

    Attributes:
        grid: float32, ascending: residuals.
        hazard: float32[classes of `EVIDENCE`, residuals]: cumulative hazard, ascending from 0.
        passed: float32: by needs passed unseen, summing to 1.
        known: bool per cell: the product has a gap to be told from; where it is not, what follows
            is 0 and there is neither a date nor a return.
        last_day: uint16 per cell: days from 1970 to the last purchase.
        evidence: int8 per cell: class of `EVIDENCE`, by own gaps.
        location: float32 per cell: expected logarithm of the gap in days.
        share: float32 per cell: probability, just after the purchase, that it is refilled.
        chance: float32 per cell: probability that the customer buys the product within the
            horizon as anybody might, without a refill.
    """

    grid: NDArray[np.float32]
    hazard: NDArray[np.float32]
    passed: NDArray[np.float32]
    known: NDArray[np.bool_]
    last_day: NDArray[np.uint16]
    evidence: NDArray[np.int8]
    location: NDArray[np.float32]
    share: NDArray[np.float32]
    chance: NDArray[np.float32]

    @classmethod
    def empty(cls, cell_count: int) -> Self:
        """Nothing learned."""
        return cls(
            np.array([0, 1], np.float32),
            np.tile(np.array([0, 1], np.float32), (len(EVIDENCE), 1)),
            np.ones(1, np.float32),
            np.zeros(cell_count, np.bool_),
            np.zeros(cell_count, np.uint16),
            np.zeros(cell_count, np.int8),
            *np.zeros((3, cell_count), np.float32),
        )

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.known)

    def due(self, cells: NDArray[np.integer], at: np.datetime64) -> Due:
        """Say when the next refill of each cell is due, if it is one and has not come until `at`.

        Args:
            cells: places among `Customers.product`.
            at: not before the instant of the training.
        """
        asked = np.flatnonzero(self.known[cells])
        chosen = cells[asked]
        last, silence = self._silence(chosen, at)
        low, middle, high = (
            last + _days(self._after(chosen, silence, share))
            for share in ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
        )
        instants = np.full((3, len(cells)), np.datetime64("NaT", "us"))
        instants[:, asked] = np.maximum([low, middle, high], at.astype("datetime64[us]"))
        return Due(self.known[cells], instants[1], instants[0], instants[2])

    def first_due(self, cells: NDArray[np.integer]) -> Instants:
        """Say when the next refill of each cell was due on the day of the last purchase.

        The median of the gap, whatever silence there has been since.

        Args:
            cells: places among `Customers.product` of which `known` holds.

        Returns:
            datetime64[us] per cell.
        """
        last = self.last_day[cells].astype("datetime64[D]").astype("datetime64[us]")
        silence = np.full(len(cells), _SOONEST)
        return np.asarray(last + _days(self._after(cells, silence, 0.5)), "datetime64[us]")

    def returns(self, cells: NDArray[np.integer], at: np.datetime64) -> Floats:
        """Give the probability that each cell is bought again, given its silence until `at`.

        The share s of who refills is updated by the probability S of the silence among them to
        p = s S / (s S + 1 - s); with the chance c of a purchase without a refill it is
        1 - (1 - p) (1 - c).

        Args:
            cells: places among `Customers.product`.
            at: not before the instant of the training.

        Returns:
            float64 per cell, 0 to 1; 0 where nothing is known.
        """
        _, silence = self._silence(cells, at)
        residual = np.log(silence) - self.location[cells]
        silent = np.zeros(len(cells))
        for passes, weight in enumerate(self.passed.tolist()):
            silent += weight * np.exp(-self._hazard_at(cells, residual - np.log(passes + 1)))
        share = self.share[cells].astype(np.float64)
        refills = share * silent / np.maximum(share * silent + 1 - share, 1e-12)
        again = 1 - (1 - refills) * (1 - self.chance[cells])
        return np.where(self.known[cells], again, 0.0)

    def _silence(self, cells: NDArray[np.integer], at: np.datetime64) -> tuple[Instants, Floats]:
        last = self.last_day[cells].astype("datetime64[D]").astype("datetime64[us]")
        return last, np.maximum((at - last) / DAY, _SOONEST)

    def _hazard_at(self, cells: NDArray[np.integer], residual: Floats) -> Floats:
        evidence, value = self.evidence[cells], np.empty(len(cells))
        for code, hazard in enumerate(self.hazard):
            of_code = evidence == code
            value[of_code] = np.interp(residual[of_code], self.grid, hazard)
        return value

    def _after(self, cells: NDArray[np.integer], silence: Floats, share: float) -> Floats:
        """Give the gap in days that a share of those longer than the silence do not exceed."""
        location, evidence = self.location[cells].astype(np.float64), self.evidence[cells]
        residual = np.log(silence) - location
        # Beyond what any gap tells, the clock goes on in proportion to the silence.
        beyond = np.maximum(residual - self.grid[-1] + 1, 0.0)
        wanted = self._hazard_at(cells, residual - beyond) - np.log(1 - share)
        ends = np.empty(len(cells))
        for code, hazard in enumerate(self.hazard):
            of_code = evidence == code
            ends[of_code] = np.interp(wanted[of_code], hazard, self.grid)
        return np.asarray(np.exp(location + ends + beyond))


def _days(count: Floats) -> NDArray[np.timedelta64]:
    return (count * (DAY / np.timedelta64(1, "us"))).astype("timedelta64[us]")
