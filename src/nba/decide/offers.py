"""Candidates that no rule of contact holds, with their products and their price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.responses import ASKING
from nba.decide.candidates import Candidates
from nba.decide.choice import CapacityPrices
from nba.decide.contact import FREE, RULES
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.situation import Situation
from nba.decide.slots import Filled, SlotFilling
from nba.decide.value import Prices, Pricing
from nba.decide.worth import Worths, worths
from nba.domain import DAY
from nba.ranges import starts
from nba.recommend.many.ground import Ground
from nba.recommend.results import Recommendation
from nba.vocabulary import Rule

LOW_STOCK: Final = 5
"""Pieces from which on a text may not say that few are left."""
_CODE: Final = {rule: code for code, rule in enumerate(RULES)}


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """One row a candidate.

    Attributes:
        rows: the candidates.
        rule: int8, a code of `eligibility`'s rules, or free: no products, no data for a claim, not
            worth it, or not worth the place it takes.
        prices: what each is worth.
        net: float64: the expected value, less the price of the place it takes.
        filled: the products, a part a message.
        part, place: int64: which of these holds the row, and where.
        filling: filled them.
        messages: of the playbook.
    """

    rows: Candidates
    rule: NDArray[np.int8]
    prices: Prices
    net: NDArray[np.float64]
    filled: tuple[Filled, ...]
    part: NDArray[np.int64]
    place: NDArray[np.int64]
    filling: SlotFilling
    messages: Sequence[Message]

    @classmethod
    def none(cls, filling: SlotFilling, messages: Sequence[Message]) -> Self:
        """Offer nothing."""
        code, number, channel = np.empty(0, np.int64), np.empty(0), np.empty(0, np.int8)
        prices = Prices(channel, *(number for _ in fields(Prices)[1:]))
        nothing = Candidates.none()
        return cls(nothing, channel, prices, number, (), code, code, filling, messages)

    def take(self, rows: NDArray[np.integer]) -> Self:
        """Keep some rows."""
        return type(self)(
            self.rows.take(rows),
            self.rule[rows],
            self.prices.take(rows),
            self.net[rows],
            self.filled,
            self.part[rows],
            self.place[rows],
            self.filling,
            self.messages,
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put several of one call one after the other."""
        shift = np.cumsum([0, *(len(one.filled) for one in parts)])
        return cls(
            Candidates.joined([one.rows for one in parts]),
            np.concatenate([one.rule for one in parts]),
            Prices.joined([one.prices for one in parts]),
            np.concatenate([one.net for one in parts]),
            tuple(filled for one in parts for filled in one.filled),
            np.concatenate([one.part + by for one, by in zip(parts, shift, strict=False)]),
            np.concatenate([one.place for one in parts]),
            parts[0].filling,
            parts[0].messages,
        )

    def slots(self, row: int) -> Mapping[str, Sequence[Recommendation]]:
        """Give the products of one row, slot by slot, with their reasons."""
        message = self.messages[int(self.rows.message[row])]
        if not message.slots:
            return {}
        filled = self.filled[int(self.part[row])]
        customer = int(self.rows.customer[row])
        return self.filling.explain(message, filled, int(self.place[row]), customer)


class Offering:
    """What turns candidates into offers, for the customers of one situation."""

    def __init__(
        self,
        now: Situation,
        playbook: Playbook,
        pricing: Pricing,
        ground: Ground,
        context: Mapping[str, str],
        capacity: CapacityPrices | None,
    ) -> None:
        """Look at nothing yet: most customers have nothing that could be offered.

        Args:
            now: the situation.
            playbook: whose messages.
            pricing: of the playbook's messages.
            ground: the snapshot, ready for lists of many.
            context: what the request says.
            capacity: prices of places; None where they are not short.
        """
        self.now = now
        self.playbook = playbook
        self.pricing = pricing
        self.ground = ground
        self.context = context
        self.capacity = capacity

    @cached_property
    def worths(self) -> Worths:
        """What the customers are worth."""
        now, snapshot = self.now, self.now.snapshot
        margin = snapshot.manifest.config.default_margin
        return worths(now.facts, now.outlook, self.playbook, snapshot.responses, now.at, margin)

    def offer(self, rows: Candidates, allowed: NDArray[np.bool_]) -> Offers:
        """Fill and price candidates.

        Args:
            rows: by message.
            allowed: bool (rows, channels): where each may travel.
        """
        filling = self._filling(rows)
        if not len(rows):
            return Offers.none(filling, self.playbook.message)
        rule = np.full(len(rows), FREE, np.int8)
        strength, shown = np.zeros(len(rows)), np.full(len(rows), np.nan)
        part, place = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        filled: list[Filled] = []
        messages = self.playbook.message
        begins = starts(rows.message)
        for first, last in pairwise([*begins.tolist(), len(rows)]):
            span, message = slice(first, last), messages[int(rows.message[first])]
            if not message.slots:
                strength[span] = 1.0
                continue
            found = filling.fill(
                message,
                rows.customer[span],
                rows.order[span],
                rows.intent[span],
                rows.product[span],
            )
            part[span], place[span] = len(filled), np.arange(last - first)
            strength[span] = found.strength
            if message.id not in ASKING:
                shown[span] = found.cheapest(self.now.coding.to_pay)
            rule[span] = np.where(
                found.filled,
                FREE,
                np.where(found.is_out_of_stock, _CODE[Rule.OUT_OF_STOCK], _CODE[Rule.NO_PRODUCTS]),
            )
            if message.claims:
                unproven = found.filled & ~self._proven(message, found)
                rule[span][unproven] = _CODE[Rule.NO_CLAIM_DATA]
            filled.append(found)
        prices = self.pricing.price(
            self.worths,
            customer=rows.customer,
            message=rows.message,
            days=self._days(rows),
            allowed=allowed,
            strength=strength,
            shown=shown,
            context=self._context(len(rows)),
        )
        marketing = self.pricing.is_marketing[rows.message]
        net = self._net(marketing, prices)
        worthy = prices.expected > np.where(marketing, self.playbook.least_value, 0.0)
        free = rule == FREE
        rule[free & ~worthy] = _CODE[Rule.LOWER_VALUE]
        rule[free & worthy & (net <= 0)] = _CODE[Rule.CAPACITY]
        return Offers(rows, rule, prices, net, tuple(filled), part, place, filling, messages)

    def _filling(self, rows: Candidates) -> SlotFilling:
        now = self.now
        asks = np.zeros(len(now.stage), np.bool_)
        asks[rows.customer] = True
        is_open = now.intent_ends > now.at
        return SlotFilling(self.ground, now.facts, now.coding, now.at, is_open=is_open, asks=asks)

    def _days(self, rows: Candidates) -> NDArray[np.float64]:
        """Count the days since the delivery of the order a message is about; NaN where of none.

        A delivery that nobody told of is none, as in the log that answers are learned from.
        """
        days = np.full(len(rows), np.nan)
        about = np.flatnonzero(rows.order >= 0)
        days[about] = (self.now.at - self.now.facts.delivered_at[rows.order[about]]) / DAY
        return days

    def _context(self, count: int) -> NDArray[np.float64] | None:
        weight = 1.0
        for key, weights in sorted(self.playbook.weights.items()):
            weight *= weights.get(self.context.get(key, ""), 1.0)
        return None if weight == 1.0 else np.full(count, weight)

    def _net(self, marketing: NDArray[np.bool_], prices: Prices) -> NDArray[np.float64]:
        if self.capacity is None:
            return prices.expected
        price = self.capacity.column()[np.maximum(prices.channel, 0)]
        return np.where(marketing, prices.expected - price, prices.expected)

    def _proven(self, message: Message, found: Filled) -> NDArray[np.bool_]:
        """Tell which rows show no product of which a claim of the text is not known to be true."""
        shelf, shelved = self.now.facts.shelf, self.now.coding.shelved
        known = shelved >= 0
        proves = np.ones(len(self.now.snapshot.products), np.bool_)
        for claim in message.claims:
            holds = np.zeros(len(proves), np.bool_)
            if claim == "low_stock":
                told = shelf.has_stock & (shelf.stock > 0) & (shelf.stock <= LOW_STOCK)
            else:
                told = shelf.has_sale_price & (shelf.sale_until > self.now.at)
            holds[shelved[known & told]] = True
            proves &= holds
        proven = np.ones(len(found.filled), np.bool_)
        for slot in found.slots.values():
            proven[slot.found.row[~proves[slot.found.code]]] = False
        return proven
