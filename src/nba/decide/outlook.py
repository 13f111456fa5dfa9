"""What the snapshot's rhythm says of the customers of a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import STATES
from nba.artifacts.snapshot import Snapshot
from nba.facts.fold import Facts


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """One row a customer of the facts.

    Attributes:
        known: bool: the snapshot knows their orders, none that the facts lack, and there is none
            since.
        state: int8, a code of `rhythm.STATES`; 0 where not known.
        alive: float64: P(alive), that they have not left for good; 1 where not known.
        profit: float64, minor units: expected profit of the coming year; 0 where not known.
    """

    known: NDArray[np.bool_]
    state: NDArray[np.int8]
    alive: NDArray[np.float64]
    profit: NDArray[np.float64]

    @classmethod
    def of(
        cls, snapshot: Snapshot, facts: Facts, code: NDArray[np.int64], at: np.datetime64
    ) -> Self:
        """Look up every customer of the facts, as they stood at an instant.

        Whom the snapshot knows to have ordered after it, as in a replay, or who ordered since the
        snapshot, is not known: what it says of them was not true then.

        Args:
            snapshot: whose rhythm.
            facts: of the customers.
            code: of each in the snapshot; below 0 for whom it does not know.
            at: the instant.
        """
        rhythm, until = snapshot.rhythm, snapshot.customers.as_of[0]
        state = np.zeros(len(code), np.int8)
        alive, profit = np.ones(len(code)), np.zeros(len(code))
        begin, end = facts.order_start[:-1], facts.order_start[1:]
        known = (code >= 0) & (end > begin)
        row = np.flatnonzero(known)
        # Orders ascend in time within a customer.
        ordered_at, last_day = facts.ordered_at[end[row] - 1], rhythm.last_day[code[row]]
        is_told = (ordered_at < until) & (last_day <= ordered_at.astype("datetime64[D]"))
        known[row] = is_told
        row = row[is_told]
        if not len(row):
            return cls(known, state, alive, profit)
        told, there, worth = rhythm.outlook(code[row], at)
        state[row], profit[row] = told, worth
        has_state = told > 0
        known[row] = has_state
        alive[row] = np.where(has_state, there, 1.0)
        return cls(known, state, alive, profit)

    def name(self, row: int) -> str | None:
        """Give the state of a customer, or None where nothing is known."""
        return STATES[self.state[row]] if self.known[row] else None

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Who is at risk or lost, bool per customer."""
        return self.state > STATES.index("active")
