"""The products of the store as they stood at an instant, kept in memory for everybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from nba.domain import Instants
from nba.facts.past import before
from nba.facts.shelf import Shelf
from nba.facts.signals import Signals
from nba.state.signals import all_states


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
        """Give the states of all products, read again only when products were written.

        Args:
            connection: to the store.
            revision: how often products were written, as read before or in the same instant.
        """
        held = self._states
        if held is None or held.revision != revision:
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
