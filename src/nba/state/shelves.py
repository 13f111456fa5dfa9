"""The products of the store as they stood at an instant, kept in memory for everybody."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from sqlalchemy import Connection

from nba.domain import Instants
from nba.facts.past import before
from nba.facts.shelf import Shelf
from nba.facts.signals import Signals
from nba.facts.tables import StateRows
from nba.state.signals import all_states, states_of
from nba.state.writing import changed_since

_FEW: Final = 2_000
"""Products of which the states are read one by one; of more it is quicker to read all."""


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """The states of all products.

    Attributes:
        revision: how often products had been written.
        signals: the states, and nothing else.
        told_at: datetime64[us], ascending: when they began to hold.
        over_at: datetime64[us], ascending: when sales end.
    """

    revision: int
    signals: Signals
    told_at: Instants
    over_at: Instants

    def moment(self, as_of: np.datetime64) -> tuple[int, int]:
        """Name the time between two changes that an instant lies in."""
        told = np.searchsorted(self.told_at, as_of, "left")
        return int(told), int(np.searchsorted(self.over_at, as_of, "right"))


class Shelves:
    """Gives the shelf of an instant: the very same object for as long as nothing changes.

    Threads that come at once may make the same shelf twice, which is cheaper than waiting.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._states: States | None = None
        self._last: tuple[States, tuple[int, int], Shelf] | None = None

    def states(self, connection: Connection, revision: int) -> States:
        """Give the states of all products; only those written since are read again.

        Args:
            connection: to the store.
            revision: how often products were written, as read before or in the same instant.
        """
        held = self._states
        if held is None or held.revision != revision:
            signals = None
            if held is not None and held.revision < revision:
                signals = _renewed(connection, held)
            if signals is None:
                signals = all_states(connection)
            over_at = signals.states.sale_until
            held = States(
                revision,
                signals,
                np.sort(signals.states.at),
                np.sort(over_at[~np.isnat(over_at)]),
            )
            self._states = held
        return held

    def at(self, connection: Connection, revision: int, as_of: np.datetime64) -> Shelf:
        """Give the products as they stood before an instant; arguments as those of `states`."""
        states = self.states(connection, revision)
        moment, last = states.moment(as_of), self._last
        if last is None or last[0] is not states or last[1] != moment:
            known = before(states.signals, as_of)
            last = states, moment, Shelf.of(known.states, known.product_ids, as_of)
            self._last = last
        return last[2]


def _renewed(connection: Connection, held: States) -> Signals | None:
    """Read again what was written since; None where everything must be."""
    names = changed_since(connection, "products", held.revision)
    if names is None or len(names) > _FEW:
        return None
    ids = held.signals.product_ids
    code = {one: ids.find(one) for one in names}
    fresh = states_of(connection, names)
    known = [code[one] for one in fresh.product_ids]
    if None in known:
        # A product that has its first state takes a place among all others.
        return None
    written = np.array([one for one in code.values() if one is not None], np.int32)
    kept = held.signals.states
    kept = kept.take(~np.isin(kept.product, written))
    added = replace(fresh.states, product=np.array(known, np.int32)[fresh.states.product])
    columns = {
        one.name: np.concatenate([getattr(kept, one.name), getattr(added, one.name)])
        for one in fields(kept)
    }
    return replace(held.signals, states=StateRows(**columns))
