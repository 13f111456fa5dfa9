"""The arms of `nba simulate --policy`: ways of deciding over one playbook and one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.data.simulator.journal import Seen
from nba.data.simulator.loop import Decide
from nba.data.simulator.offers import Offer
from nba.data.simulator.oracle import Options
from nba.decide.deciding import Rulebook, choose_all
from nba.decide.explaining import anchor_of
from nba.decide.offers import Offers
from nba.decide.playbook import Playbook
from nba.decide.sendable import Sendable, sendable_all
from nba.decide.situation import Situation
from nba.facts.fold import Facts, fold
from nba.vocabulary import CHANNELS, Channel, MessageKind

Choice = Sequence[Offer | None]

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Where a playbook is decided by: asked in the way of the loop, answering with its offers.

    Attributes:
        book: the playbook over the snapshot.
        product_ids: of the snapshot, by code.
    """

    book: Rulebook
    product_ids: Sequence[str]

    @classmethod
    def of(cls, snapshot: Snapshot, playbook: Playbook) -> Self:
        """Make a playbook ready."""
        return cls(Rulebook.of(snapshot, playbook, None), list(snapshot.products.ids))

    def valued(self) -> Decide:
        """Decide as the policy does: by expected value, within the lowest tier."""

        def decide(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Choice:
            choices = choose_all(self.book, _facts(seen, customers, at), at, {})
            offers: list[Offer | None] = [None] * len(customers)
            for row, customer in enumerate(choices.customer.tolist()):
                offers[customer] = self._offer(
                    choices.now,
                    choices.offers,
                    row,
                    CHANNELS[choices.offers.prices.channel[row]],
                    choices.send_after[row],
                    propensity=float(choices.propensity[row]),
                )
            return offers

        return decide

    def in_order(self) -> Decide:
        """Decide as a calendar does: what is due goes out in the order of the playbook."""

        def decide(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Choice:
            sendable = sendable_all(self.book, _facts(seen, customers, at), at, {})
            offers: list[Offer | None] = [None] * len(customers)
            rows, messages = sendable.offers.rows, self.book.playbook.message
            tier = np.array([one.tier for one in messages])[rows.message]
            # Of several orders or intents the latest.
            latest = -np.arange(len(rows))
            ranked = np.lexsort((latest, rows.message, tier, rows.customer))
            customer = rows.customer[ranked]
            leading = np.append(True, np.diff(customer) != 0)[: len(ranked)]
            for row in ranked[leading].tolist():
                channel = self._channels(sendable, row)[0]
                offers[int(rows.customer[row])] = self._sendable(sendable, row, channel)
            return offers

        return decide

    def options(self) -> Options:
        """List all that may be sent, by every channel it may travel by."""

        def list_all(
            seen: Seen, customers: Sequence[str], at: np.datetime64
        ) -> Sequence[Sequence[Offer]]:
            sendable = sendable_all(self.book, _facts(seen, customers, at), at, {})
            offers: list[list[Offer]] = [[] for _ in customers]
            for row, customer in enumerate(sendable.offers.rows.customer.tolist()):
                offers[customer] += [
                    self._sendable(sendable, row, channel)
                    for channel in self._channels(sendable, row)
                ]
            return offers

        return list_all

    def _channels(self, sendable: Sendable, row: int) -> list[Channel]:
        """List the channels a row may travel by, in the order of its message."""
        message = self.book.playbook.message[int(sendable.offers.rows.message[row])]
        return [one for one in message.channels if sendable.allowed[row, CHANNELS.index(one)]]

    def _sendable(self, sendable: Sendable, row: int, channel: Channel) -> Offer:
        return self._offer(sendable.now, sendable.offers, row, channel, sendable.send_after[row])

    def _offer(
        self,
        now: Situation,
        offers: Offers,
        row: int,
        channel: Channel,
        send_after: np.datetime64,
        *,
        propensity: float = 1.0,
    ) -> Offer:
        message = self.book.playbook.message[int(offers.rows.message[row])]
        return Offer(
            message.id,
            str(message.kind),
            str(channel),
            self._shown(offers, row) if message.slots else (),
            anchor_of(now, offers.rows, row, message),
            send_after,
            message.cost + self.book.playbook.channels.get(channel, 0.0),
            float(offers.prices.expected[row]),
            propensity=propensity,
        )

    def _shown(self, offers: Offers, row: int) -> tuple[str, ...]:
        place = int(offers.place[row])
        return tuple(
            self.product_ids[code]
            for slot in offers.filled[int(offers.part[row])].slots.values()
            for code in slot.found.code[slot.start[place] : slot.start[place + 1]].tolist()
        )


def spaced(playbook: Playbook, days: int) -> Playbook:
    """Give a playbook that leaves at least so many days between two marketing messages."""
    caps = playbook.caps.model_copy(update={"min_gap": max(days * _DAY, playbook.caps.min_gap)})
    return playbook.model_copy(update={"caps": caps})


def addressed(playbook: Playbook) -> Playbook:
    """Give a playbook without what everybody gets."""
    told = tuple(one for one in playbook.message if one.kind is not MessageKind.BROADCAST)
    return playbook.model_copy(update={"message": told})


def likeliest(playbook: Playbook) -> Playbook:
    """Give a playbook that asks for the likeliest useful action, whatever it is worth.

    The least value that the playbook asks for is in another unit, so that it goes.
    """
    return playbook.model_copy(update={"objective": "response", "least_value": 0.0})


def _facts(seen: Seen, customers: Sequence[str], at: np.datetime64) -> Facts:
    return fold(seen.rows(), as_of=at, customers=customers, signals=seen.signals())
