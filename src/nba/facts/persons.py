"""Who is whom: the customers of rows and of signals, guests and sessions merged into customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.facts.lookups import ABSENT, codes_in
from nba.facts.signals import Signals
from nba.facts.tables import MergeRows
from nba.ranges import is_all

NOBODY: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Persons:
    """Everybody whom rows or signals name: codes of rows first, then those that only signals name.

    A guest is merged by the first merge that names it, of one instant into the smallest id; whom
    that one is merged into in turn counts for both. Where merges go round in a circle, everybody
    in it is the one of the smallest id.

    Attributes:
        row_ids, signal_ids: the customers of rows, and those of signals.
        of_signal: int32 per code of `signal_ids`: the person's code.
        only_signalled: int32, ascending: the codes of `signal_ids` that rows do not name; the
            first of them is person len(row_ids).
        root: int32 per person: who that one is; None where nobody was merged.
        is_merged: bool per code of `signal_ids`: a guest that somebody is; None likewise.
    """

    row_ids: Ids
    signal_ids: Ids
    of_signal: NDArray[np.int32]
    only_signalled: NDArray[np.int32]
    root: NDArray[np.int32] | None
    is_merged: NDArray[np.bool_] | None

    @classmethod
    def of(cls, row_ids: Ids, signals: Signals) -> Self:
        """Bring both together.

        Args:
            row_ids: the customers of rows.
            signals: as known at the instant.
        """
        ids = signals.customer_ids
        of_signal = codes_in(row_ids, ids)
        only_signalled = np.flatnonzero(of_signal == ABSENT).astype(np.int32)
        of_signal[only_signalled] = np.arange(
            len(row_ids), len(row_ids) + len(only_signalled), dtype=np.int32
        )
        if not len(signals.merges):
            return cls(row_ids, ids, of_signal, only_signalled, None, None)
        same, is_merged = _roots(signals.merges, len(ids))
        root = np.arange(len(row_ids) + len(only_signalled), dtype=np.int32)
        root[of_signal] = of_signal[same]
        return cls(row_ids, ids, of_signal, only_signalled, root, is_merged)

    def __len__(self) -> int:
        """Count the persons."""
        return len(self.row_ids) + len(self.only_signalled)

    def find(self, customers: Sequence[str]) -> NDArray[np.int64]:
        """Give who each of some customers is, int64; `NOBODY` for one whom nothing names."""
        codes = np.array([self._code(one) for one in customers], np.int64)
        return codes if self.root is None else np.where(codes < 0, codes, self.root[codes])

    def listed(self, is_known: NDArray[np.bool_]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Name everybody who some known persons are, sorted by name; give their codes besides.

        Args:
            is_known: bool per person.
        """
        code = np.flatnonzero(is_known)
        if self.root is not None:
            same = np.zeros(len(self), np.bool_)
            same[self.root[code]] = True
            code = np.flatnonzero(same)
        own = code < len(self.row_ids)
        others = self.only_signalled[code[~own] - len(self.row_ids)]
        names = [*self.row_ids.take(code[own]), *self.signal_ids.take(others)]
        if not len(others):
            return tuple(names), code
        order = sorted(range(len(names)), key=names.__getitem__)
        return tuple(names[place] for place in order), code[order]

    def rows_of(self, person: NDArray[np.int64]) -> tuple[RowOf, NDArray[np.int64] | None]:
        """Give each of some persons a row of the facts.

        Args:
            person: codes; `NOBODY` gets a row as well, that nothing is ever told of.

        Returns:
            The rows, and, where a person is asked for more than once, the first row of each.
        """
        row = np.full(len(self) + 1, NOBODY, np.int32)
        # The first of several writes last.
        row[person[::-1]] = np.arange(len(person), dtype=np.int32)[::-1]
        row[-1] = NOBODY
        places = np.arange(len(person))
        first = np.where(person >= 0, row[person], places)
        per_person = row[:-1] if self.root is None else row[self.root]
        orders = np.append(per_person[: len(self.row_ids)], np.int32(NOBODY))
        found = RowOf(orders, per_person[self.of_signal])
        return found, None if is_all(first == places) else first

    def _code(self, customer: str) -> int:
        found = self.row_ids.find(customer)
        if found is None:
            found = self.signal_ids.find(customer)
            return NOBODY if found is None else int(self.of_signal[found])
        return found

    def _name(self, code: int) -> str:
        if code < len(self.row_ids):
            return self.row_ids[code]
        return self.signal_ids[int(self.only_signalled[code - len(self.row_ids)])]


@dataclass(frozen=True, slots=True, eq=False)
class RowOf:
    """Whose row of the facts is whose; `NOBODY` where somebody is not folded.

    Attributes:
        orders: int32 per customer of the rows, and one more, which stands for all guests.
        signals: int32 per customer of the signals.
    """

    orders: NDArray[np.int32]
    signals: NDArray[np.int32]


def _roots(merges: MergeRows, count: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Follow merges to their ends.

    Returns:
        Per code of the customers of signals: int32, who that one is; bool, whether it was merged.
    """
    order = np.lexsort((merges.customer, merges.at, merges.guest))
    order = order[(merges.guest != merges.customer)[order]]
    guest = merges.guest[order]
    leading = np.ones(len(guest), np.bool_)
    leading[1:] = guest[1:] != guest[:-1]
    guest = guest[leading]
    following = np.arange(count, dtype=np.int32)
    following[guest] = merges.customer[order[leading]]
    is_merged = np.zeros(count, np.bool_)
    is_merged[guest] = True
    # After n doublings a step is as long as 2^n; who is met on the way of a circle is all of it.
    smallest = np.minimum(following, np.arange(count, dtype=np.int32))
    for _ in range(len(guest).bit_length()):
        smallest = np.minimum(smallest, smallest[following])
        following = following[following]
    return smallest[following], is_merged
