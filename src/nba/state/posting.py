"""Posting: rows of one table, checked and written in one transaction.

Every write is idempotent by its id: rows posted again say nothing new, and late rows and rows out
of order leave what rows in order leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from nba import schema
from nba.checking import BadRow
from nba.state.asking import microseconds
from nba.state.customer_posts import CustomerIntake
from nba.state.erasure import Kind, is_erased
from nba.state.fact_posts import FactIntake
from nba.state.intakes import Intake, Kept, Named
from nba.state.order_posts import OrderIntake
from nba.state.product_posts import ProductIntake
from nba.state.store import Store
from nba.state.tables import CONSENTS, EVENTS, MESSAGE_EVENTS

_INTAKES: Final[Mapping[str, Intake[Any]]] = {
    schema.EVENTS.name: FactIntake(schema.EVENTS, EVENTS),
    schema.CONSENTS.name: FactIntake(schema.CONSENTS, CONSENTS),
    schema.MESSAGE_EVENTS.name: FactIntake(schema.MESSAGE_EVENTS, MESSAGE_EVENTS),
    schema.CUSTOMERS.name: CustomerIntake(),
    schema.PRODUCTS.name: ProductIntake(),
    schema.ORDERS.name: OrderIntake(),
}
_NEW_ORDERS: Final = OrderIntake(only_new=True)
ERASED: Final = "erased"
"""The rule that rows about an erased customer break."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of posted rows; each counts once.

    Attributes:
        accepted: rows that said something new.
        duplicates: rows that said nothing new.
        errors: what is wrong with the others, by their place.
    """

    accepted: int
    duplicates: int
    errors: list[BadRow]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Rows that were posted together.

    Attributes:
        table: one of those that can be posted to.
        rows: as JSON has them.
        at: when they were posted.
        only_new: orders that are known already stay as they are.
    """

    table: schema.Table
    rows: Sequence[object]
    at: np.datetime64
    only_new: bool = False


def post(
    store: Store,
    table: schema.Table,
    rows: Sequence[object],
    at: np.datetime64,
    *,
    only_new: bool = False,
) -> Posted:
    """Check rows and write the good ones, in one transaction.

    Args:
        store: the store.
        table: events, consents, message_events, customers, products or orders.
        rows: as JSON has them, an order with its lines inside.
        at: when they were posted: what does not say when it happened, happened then.
        only_new: leave orders alone that are known already.

    Raises:
        StateError: the store cannot be written; nothing was.
    """
    return post_together(store, [Parcel(table, rows, at, only_new)])[0]


def post_together(store: Store, parcels: Sequence[Parcel]) -> list[Posted]:
    """Write several parcels in one transaction, each as if the ones before it had been posted.

    Raises:
        StateError: the store cannot be written; nothing of any parcel was.
    """
    checked = [_Checked.of(parcel) for parcel in parcels]
    locks = sorted({lock for one in checked for lock in one.locks()})
    if any(one.good for one in checked):
        with store.writing(locks) as connection:
            erased = _erased(connection, checked)
            return [one.keep(connection, erased) for one in checked]
    return [Posted(0, 0, one.bad) for one in checked]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A parcel's rows, told apart."""

    intake: Intake[Any]
    good: list[tuple[int, Any]]
    bad: list[BadRow]
    at: int

    @classmethod
    def of(cls, parcel: Parcel) -> _Checked:
        intake = _NEW_ORDERS if parcel.only_new else _INTAKES[parcel.table.name]
        at = microseconds(parcel.at)
        good, bad = intake.check(parcel.rows, at)
        return cls(intake, good, bad, at)

    def locks(self) -> Iterable[str]:
        return self.intake.locks(row for _, row in self.good)

    def names(self) -> Iterable[Named]:
        return (name for _, row in self.good for name in self.intake.names(row))

    def keep(self, connection: Connection, erased: Collection[Named]) -> Posted:
        good, refused = self._known_apart(erased)
        kept = self.intake.keep(connection, good, self.at) if good else Kept()
        errors = sorted([*self.bad, *refused, *kept.errors], key=lambda one: one.index)
        return Posted(kept.accepted, kept.duplicates, errors)

    def _known_apart(self, erased: Collection[Named]) -> tuple[list[tuple[int, Any]], list[BadRow]]:
        """Refuse rows of erased customers."""
        if not erased:
            return self.good, []
        good, refused = [], []
        for index, row in self.good:
            if any(name in erased for name in self.intake.names(row)):
                refused.append(BadRow(index, None, ERASED, _PROBLEM))
            else:
                good.append((index, row))
        return good, refused


def _erased(connection: Connection, checked: Iterable[_Checked]) -> set[Named]:
    """Give those of the ids in some parcels that must not be taken in again."""
    asked: dict[Kind, set[str]] = {}
    for one in checked:
        for kind, name in one.names():
            asked.setdefault(kind, set()).add(name)
    return {
        (kind, name)
        for kind, names in asked.items()
        for name in is_erased(connection, sorted(names), kind=kind)
    }


_PROBLEM: Final = "the row is about a customer who was erased; such rows are not taken in again"
