"""The products of rows and of signals, under one coding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.facts.lookups import ABSENT, codes_in


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Products of rows under their own codes, followed by those that only signals name.

    Attributes:
        row_ids: the products of rows.
        signal_ids: the products of signals.
        of_signal: int32 per code of `signal_ids`: the code here.
        only_signalled: int32, ascending: the codes of `signal_ids` that rows do not name.
    """

    row_ids: Ids
    signal_ids: Ids
    of_signal: NDArray[np.int32]
    only_signalled: NDArray[np.int32]

    @classmethod
    def of(cls, row_ids: Ids, signal_ids: Ids) -> Self:
        """Bring both together."""
        of_signal = codes_in(row_ids, signal_ids)
        others = np.flatnonzero(of_signal == ABSENT).astype(np.int32)
        of_signal[others] = np.arange(len(row_ids), len(row_ids) + len(others), dtype=np.int32)
        return cls(row_ids, signal_ids, of_signal, others)

    def __len__(self) -> int:
        """Count the products."""
        return len(self.row_ids) + len(self.only_signalled)

    def named(self, code: NDArray[np.int32]) -> tuple[Ids, NDArray[np.int32]]:
        """Add to the products of rows those that some codes name besides.

        Returns:
            Their ids, and int32 per code here: the code among these ids; any where it has none.
        """
        used = np.zeros(len(self), np.bool_)
        used[code] = True
        extra = np.flatnonzero(used[len(self.row_ids) :])
        recoded = np.arange(len(self), dtype=np.int32)
        if not len(extra):
            return self.row_ids, recoded
        others = self.signal_ids.take(self.only_signalled[extra])
        ids = self.row_ids.union(others)
        recoded[: len(self.row_ids)] = ids.codes_of(self.row_ids)
        recoded[len(self.row_ids) + extra] = ids.codes_of(others)
        return ids, recoded
