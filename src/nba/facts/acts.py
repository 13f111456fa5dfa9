"""What the customers folded did: events by the customer whose facts they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.facts.cells import nevers
from nba.facts.lookups import ABSENT
from nba.facts.signals import EVENT_CODE
from nba.facts.tables import EventRows
from nba.ranges import is_all

_LEAST: Final = np.iinfo(np.int64).min
_MOST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """Events of the customers folded, in any order.

    Attributes:
        customer: int32 per event: the row of the facts.
        rows: the events.
        types: codes of `vocabulary.EVENT_TYPES`; no event is of another type.
    """

    customer: NDArray[np.int32]
    rows: EventRows
    types: frozenset[int]

    @classmethod
    def of(
        cls, events: EventRows, customer: NDArray[np.int32], is_merged: NDArray[np.bool_] | None
    ) -> Self:
        """Keep the events of the customers folded.

        Args:
            events: as known at the instant.
            customer: int32 per code of the events' customers: the row of the facts, or -1.
            is_merged: bool per such code: it was merged into a customer; None where none was.
        """
        who = customer[events.customer]
        kept = who >= 0
        if is_merged is None:
            kept &= ~events.is_session
        else:
            kept &= ~events.is_session | is_merged[events.customer]
        types = frozenset(np.bincount(events.type).nonzero()[0].tolist())
        if is_all(kept):
            return cls(who, events, types)
        return cls(who[kept], events.take(kept), types)

    def coded(self, product: NDArray[np.int32], order: NDArray[np.int32]) -> Self:
        """Code products and orders anew.

        Args:
            product: int32 per code of the events' products.
            order: int32 per code of their orders.
        """
        rows = self.rows
        recoded = replace(
            rows, product=_recoded(rows.product, product), order=_recoded(rows.order, order)
        )
        return type(self)(self.customer, recoded, self.types)

    def of_types(self, *types: str) -> Acts:
        """Keep the events of some types."""
        kept = self._are_of(types)
        return _NONE if kept is None else self.where(kept)

    def instants(self, *types: str) -> tuple[NDArray[np.int32], Instants]:
        """Give the customers and the instants of the events of some types."""
        kept = self._are_of(types)
        if kept is None:
            return _NONE.customer, _NONE.rows.at
        return self.customer[kept], self.rows.at[kept]

    def where(self, kept: NDArray[np.bool_]) -> Acts:
        """Keep some events."""
        if not np.count_nonzero(kept):
            return _NONE
        return type(self)(self.customer[kept], self.rows.take(kept), self.types)

    def _are_of(self, types: tuple[str, ...]) -> NDArray[np.bool_] | None:
        """Tell which events are of some types; None where certainly none is."""
        kept = None
        for code in self.types.intersection([EVENT_CODE[name] for name in types]):
            mine = self.rows.type == code
            kept = mine if kept is None else kept | mine
        return kept

    def __len__(self) -> int:
        """Count the events."""
        return len(self.customer)


_NONE: Final = Acts(np.empty(0, np.int32), EventRows.none(), frozenset())


def _recoded(code: NDArray[np.int32], number: NDArray[np.int32]) -> NDArray[np.int32]:
    # An absent code is -1, which finds what is appended.
    return np.append(number, np.int32(ABSENT))[code]


def first_of(group: NDArray[np.integer], at: Instants, count: int) -> Instants:
    """Give the earliest instant of each of `count` groups; NaT where it has none."""
    if not len(at):
        return nevers(count)
    first = np.full(count, _MOST)
    np.minimum.at(first, group, at.view(np.int64))
    first[first == _MOST] = _LEAST
    return first.view("datetime64[us]")


def last_of(group: NDArray[np.integer], at: Instants, count: int) -> Instants:
    """Give the latest instant of each of `count` groups; NaT where it has none."""
    if not len(at):
        return nevers(count)
    last = np.full(count, _LEAST)
    np.maximum.at(last, group, at.view(np.int64))
    # The least integer is what NaT is written as.
    return last.view("datetime64[us]")
