"""What a place on a short channel costs, so that no more messages go out through it than may.

A place costs as much as the least worthy message that still gets one. With one price a channel
every customer is decided alone, in any order and at any time, and no rank is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.choice import CapacityPrices
from nba.decide.contact import RULES
from nba.decide.sendable import Sendable
from nba.domain import significant
from nba.ranges import starts
from nba.vocabulary import CHANNELS, Rule

_UNWORTHY: Final = RULES.index(Rule.LOWER_VALUE)
_HALVINGS: Final = 50
_ROUNDS: Final = 50
_PASSES: Final = 3
_FIRST_STEP: Final = 1e-8
_NO_TIER: Final = 127

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bids:
    """Messages that may be sent, one a row: by customer, tier, message; of one message the later.

    Attributes:
        customer: int64.
        tier: int8.
        channel: int8, a code of `vocabulary.CHANNELS`.
        expected: float64, minor units.
        pays: bool: a place costs it something, as it does marketing.
    """

    customer: NDArray[np.int64]
    tier: NDArray[np.int8]
    channel: NDArray[np.int8]
    expected: Floats
    pays: NDArray[np.bool_]

    @classmethod
    def of(cls, found: Sendable) -> Self:
        """Take what may be sent, where it is worth anything."""
        offers = found.offers
        messages = offers.messages
        tier = np.array([one.tier for one in messages], np.int8)
        marketing = np.array([one.is_marketing for one in messages], np.bool_)
        worthy = np.flatnonzero(offers.rule != _UNWORTHY)
        message, customer = offers.rows.message[worthy], offers.rows.customer[worthy]
        order = np.lexsort((-worthy, message, tier[message], customer))
        message, rows = message[order], worthy[order]
        return cls(
            customer[order],
            tier[message],
            offers.prices.channel[rows],
            offers.prices.expected[rows],
            marketing[message],
        )

    @classmethod
    def joined(cls, parts: Sequence[tuple[Self, int]]) -> Self:
        """Put those of several groups of customers behind one another.

        Args:
            parts: of each group, with the number of customers in it.
        """
        shift = np.cumsum([0, *(count for _, count in parts)])
        columns = {
            one.name: np.concatenate([getattr(part, one.name) for part, _ in parts])
            for one in fields(cls)
            if one.name != "customer"
        }
        customer = [part.customer + by for (part, _), by in zip(parts, shift, strict=False)]
        return cls(customer=np.concatenate(customer), **columns)

    def chosen(self, prices: Floats) -> NDArray[np.int64]:
        """Give the row that each customer who has any chooses at these prices.

        The best of the lowest tier that has one above 0, as `choice.choose` does without
        exploration.

        Args:
            prices: float64 per code of `vocabulary.CHANNELS`.
        """
        net = np.where(self.pays, self.expected - prices[self.channel], self.expected)
        begins = starts(self.customer)
        if not len(begins):
            return begins
        length = np.diff(np.append(begins, len(net)))
        tier = np.where(net > 0, self.tier, _NO_TIER)
        lowest = np.minimum.reduceat(tier, begins)
        net = np.where((tier == np.repeat(lowest, length)) & (net > 0), net, 0.0)
        best = np.repeat(np.maximum.reduceat(net, begins), length)
        rows = np.flatnonzero((net > 0) & (net == best))
        return rows[starts(self.customer[rows])]

    def counts(self, prices: Floats) -> NDArray[np.int64]:
        """Count the messages that go out through each channel at these prices."""
        return np.bincount(self.channel[self.chosen(prices)], minlength=len(CHANNELS))


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """Prices of places, and what they lead to.

    Attributes:
        prices: of the channels whose capacity was given.
        wanted: channel → messages that would go out were there room for all.
        sent: channel → messages that go out at these prices, of any channel that sends some.
    """

    prices: CapacityPrices
    wanted: Mapping[str, int]
    sent: Mapping[str, int]

    @classmethod
    def of(cls, bids: Bids, capacity: Mapping[str, int]) -> Self:
        """Plan for so many messages a channel."""
        prices = capacity_prices(bids, capacity)
        told = {name: float(prices[CHANNELS.index(name)]) for name in capacity}
        wanted, sent = bids.counts(np.zeros(len(CHANNELS))), bids.counts(prices)
        named = [place for place, name in enumerate(CHANNELS) if name in capacity or wanted[place]]
        return cls(
            CapacityPrices.of(told),
            {str(CHANNELS[place]): int(wanted[place]) for place in named},
            {str(CHANNELS[place]): int(sent[place]) for place in named},
        )


def capacity_prices(bids: Bids, capacity: Mapping[str, int]) -> Floats:
    """Find the least prices at which no more messages go out through each channel than may.

    The price of one channel sends customers to others, whose prices then rise, never fall; so
    prices are raised in turn until all fit. Each is found by halving between itself and the
    greatest value there is, and has 9 significant digits. Fewer messages than may go out where
    several are worth the same; and customers to whom two short channels are worth the same would
    be sent to and fro for ever, if prices did not rise a little further in every round, as in an
    auction (Bertsekas 1988). Messages about orders pay nothing and always go.

    Args:
        bids: what may be sent.
        capacity: channel → messages; others have room for all.

    Returns:
        float64 per code of `vocabulary.CHANNELS`, minor units; 0 where there is room for all.
    """
    prices = np.zeros(len(CHANNELS))
    most, step = float(bids.expected.max(initial=0.0)), 0.0
    for _ in range(_ROUNDS):
        before = prices.copy()
        for name, places in capacity.items():
            _raise(bids, prices, CHANNELS.index(name), places, most, step)
        if (prices == before).all():
            break
        step = 2 * step or most * _FIRST_STEP
    if step > most * _FIRST_STEP:
        # What rose further than needed comes down; the others have the more room for it.
        for name, places in [*capacity.items()] * _PASSES:
            prices[CHANNELS.index(name)] = 0.0
            _raise(bids, prices, CHANNELS.index(name), places, most, 0.0)
    return prices


def _raise(bids: Bids, prices: Floats, channel: int, places: int, most: float, step: float) -> None:
    """Raise the price of one channel until its messages fit, and a step further."""
    low, high = float(prices[channel]), most
    if low >= most or bids.counts(prices)[channel] <= places:
        return
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        prices[channel] = middle
        if bids.counts(prices)[channel] <= places:
            high = middle
        else:
            low = middle
    # Values have 9 digits, and so have most prices that part them.
    prices[channel] = significant(high + step)
    if bids.counts(prices)[channel] > places:
        prices[channel] = min(significant(high * (1 + _FIRST_STEP) + step), most)
