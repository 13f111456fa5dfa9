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
    these products. Messages that are owed anyway, which tire nobody, are sent as they come.
    """

    def __init__(self, play: Play, options: Options) -> None:
        """Look into a play, and choose among these options."""
        self._play = play
        self._options = options

    def __call__(
        self, seen: Seen, customers: Sequence[str], at: np.datetime64
    ) -> Sequence[Offer | None]:
        """Answer as a policy does."""
        chosen: list[Offer | None] = [None] * len(customers)
        rows: list[int] = []
        sent: list[Sent] = []
        options = self._options(seen, customers, at)
        for row, (customer_id, offers) in enumerate(zip(customers, options, strict=True)):
            chosen[row] = next((one for one in offers if one.is_transactional), None)
            if chosen[row] is None:
                rows += [row] * len(offers)
                sent += [(self._play.world.customers[customer_id], one) for one in offers]
        if not sent:
            return chosen
        added = self.added(sent, at)
        best: dict[int, float] = {}
        for row, (_, offer), gain in zip(rows, sent, added.tolist(), strict=True):
            if gain > best.get(row, 0.0):
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
