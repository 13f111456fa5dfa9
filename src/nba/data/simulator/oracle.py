"""The policy that knows the truth, choosing from the messages that others may send."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.journal import Seen
from nba.data.simulator.odds import Sent
from nba.data.simulator.offers import Offer
from nba.data.simulator.playing import Play

Options = Callable[[Seen, Sequence[str], np.datetime64], Sequence[Sequence[Offer]]]
"""Every message that may be sent now, for each customer asked about."""


class Oracle:
    """Sends the offer that truly adds most, if any adds something.

        added = useful x (margin - share met unasked x margin of what is then bought) - cost
                - unsubscribe x what messages about the needs still to come would add

    Useful and unsubscribe are the planted probabilities for this customer, state, load, timing and
    these products. Messages that are owed anyway are sent as they come.
    """

    def __init__(self, play: Play, options: Options) -> None:
        """Look into a play, and choose among these options."""
        self._play = play
        self._options = options

    def __call__(
        self, seen: Seen, customers: Sequence[str], at: np.datetime64
    ) -> Sequence[Offer | None]:
        """Answer as a policy does."""
        options = self._options(seen, customers, at)
        owed = [next((one for one in offers if one.is_transactional), None) for offers in options]
        # What is owed goes first, and by the channel that costs least.
        able = [
            offers if first is None else [one for one in offers if _is_same(one, first)]
            for offers, first in zip(options, owed, strict=True)
        ]
        rows = [row for row, offers in enumerate(able) for _ in offers]
        sent = [
            (self._play.world.customers[customer_id], one)
            for customer_id, offers in zip(customers, able, strict=True)
            for one in offers
        ]
        chosen: list[Offer | None] = [None] * len(customers)
        best = [0.0 if first is None else -np.inf for first in owed]
        for row, (_, offer), gain in zip(rows, sent, self.added(sent, at).tolist(), strict=True):
            if gain > best[row]:
                best[row], chosen[row] = gain, offer
        return chosen

    def added(self, sent: Sequence[Sent], at: np.datetime64) -> NDArray[np.float64]:
        """Give the profit that each message is truly expected to add, minor units."""
        gains, weighed = self._play.gains, self._play.odds.weigh(sent, at)
        gained = [
            gains.of_answer(one, meeting, at)
            for (one, _), meeting in zip(sent, weighed.meetings, strict=True)
        ]
        future = {one.customer_id: one for one, _ in sent}
        lost = {name: gains.to_come(one, at) for name, one in future.items()}
        return np.asarray(
            weighed.useful * np.array(gained)
            - np.array([offer.cost for _, offer in sent])
            - weighed.unsubscribe * np.array([lost[one.customer_id] for one, _ in sent]),
            np.float64,
        )


def _is_same(one: Offer, other: Offer) -> bool:
    return (one.message, one.anchor) == (other.message, other.anchor)
