"""What the customers folded did: events by the customer whose facts they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.facts.lookups import ABSENT
from nba.facts.signals import EVENT_CODE, NEVER
from nba.facts.tables import EventRows

_NOBODY: Final = np.empty(0, np.int32)
_NOTHING: Final = EventRows.none()
_LEAST: Final = np.iinfo(np.int64).min
_MOST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """Events of the customers folded, in any order.

    Attributes:
        customer: int32 per event: the row of the facts.
        rows: the events.
    """

    customer: NDArray[np.int32]
    rows: EventRows

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
        return cls(who, events) if kept.all() else cls(who[kept], events.take(kept))

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
        return type(self)(self.customer, recoded)

    def of_types(self, *types: str) -> Self:
        """Keep the events of some types."""
        kept = self.rows.type == EVENT_CODE[types[0]]
        for name in types[1:]:
            kept |= self.rows.type == EVENT_CODE[name]
        return self.where(kept)

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Keep some events."""
        if not kept.any():
            return type(self)(_NOBODY, _NOTHING)
        return type(self)(self.customer[kept], self.rows.take(kept))

    def __len__(self) -> int:
        """Count the events."""
        return len(self.customer)


def _recoded(code: NDArray[np.int32], number: NDArray[np.int32]) -> NDArray[np.int32]:
    # An absent code is -1, which finds what is appended.
    return np.append(number, np.int32(ABSENT))[code]


def first_of(group: NDArray[np.integer], at: Instants, count: int) -> Instants:
    """Give the earliest instant of each of `count` groups; NaT where it has none."""
    if not len(at):
        return np.full(count, NEVER)
    first = np.full(count, _MOST)
    np.minimum.at(first, group, at.view(np.int64))
    first[first == _MOST] = _LEAST
    return first.view("datetime64[us]")


def last_of(group: NDArray[np.integer], at: Instants, count: int) -> Instants:
    """Give the latest instant of each of `count` groups; NaT where it has none."""
    if not len(at):
        return np.full(count, NEVER)
    last = np.full(count, _LEAST)
    np.maximum.at(last, group, at.view(np.int64))
    # The least integer is what NaT is written as.
    return last.view("datetime64[us]")
