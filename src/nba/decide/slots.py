"""Filling the slots of a message with products, from the order that the message is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

import numpy as np

from nba.decide.messages import Message, Slot
from nba.facts.fold import Facts
from nba.recommend.eligibility import Filters
from nba.recommend.recommender import Recommender
from nba.recommend.results import Recommendation


@dataclass(frozen=True, slots=True, eq=False)
class SlotFilling:
    """What slots are filled from.

    Attributes:
        recommender: asked for products.
        facts: what is known of the customers.
        at: the instant of the decision.
    """

    recommender: Recommender
    facts: Facts
    at: np.datetime64

    def fill(
        self, message: Message, row: int, order: int
    ) -> dict[str, Sequence[Recommendation]] | None:
        """Fill the slots of a message, each from the first of its sources that gives enough.

        Args:
            message: whose slots.
            row: the customer's place in the facts.
            order: the place of the order the message is about.

        Returns:
            Slot name → products, or None where a required slot stays empty.
        """
        slots: dict[str, Sequence[Recommendation]] = {}
        for slot in message.slots:
            items: Sequence[Recommendation] = ()
            for source in slot.source:
                items = self._from_source(source, slot, row, order)
                if len(items) >= max(slot.require, 1):
                    break
            if len(items) < slot.require:
                return None
            slots[slot.name] = items
        return slots

    def _from_source(
        self, source: str, slot: Slot, row: int, order: int
    ) -> Sequence[Recommendation]:
        ask, at, n = self.recommender, self.at, slot.n
        owned = self._bought(*self._orders_of(row))
        # Orders ascend in time.
        since = self._bought(order + 1, self._orders_of(row)[1])
        ordered = self.facts.products_of(order)
        again = [one for one in ordered if one not in since]
        new = Filters(exclude=owned)
        match source:
            case "bought_together":
                return ask.bought_together(ordered, n=n, filters=new, owned=owned, at=at).items
            case "accessories":
                return ask.accessories(ordered, n=n, filters=new, owned=owned, at=at).items
            case "similar":
                return _interleaved(
                    (ask.similar(one, n=n, filters=new, owned=owned, at=at) for one in ordered), n
                )
            case "replacements":
                nearest = (ask.replacements(one, kinds="successor", n=1, at=at) for one in again)
                # Who has the successor already needs no other.
                lacking = (
                    [item for item in one if item.product_id not in owned] for one in nearest
                )
                return _interleaved(lacking, n)
            case "parts":
                unbought = Filters(exclude=since)
                parts = ("spare_part", "refill")
                return _interleaved(
                    (
                        ask.replacements(one, kinds=parts, n=n, filters=unbought, at=at)
                        for one in again
                    ),
                    n,
                )
            case "buy_again":
                customer = self.facts.customer_ids[row]
                return ask.buy_again(customer, n=n, among=again, at=at).items
            case "picks":
                return ask.picks(self.facts.customer_ids[row], n=n, at=at).items
            case _:
                return ask.popular(n=n, at=at).items

    def _orders_of(self, row: int) -> tuple[int, int]:
        return int(self.facts.order_start[row]), int(self.facts.order_start[row + 1])

    def _bought(self, first: int, last: int) -> set[str]:
        """Give the products of the orders from `first` to before `last`."""
        facts = self.facts
        lines = slice(int(facts.line_start[first]), int(facts.line_start[last]))
        return {facts.product_ids[int(code)] for code in np.unique(facts.product[lines])}


def _interleaved(lists: Iterable[Sequence[Recommendation]], n: int) -> list[Recommendation]:
    """Take the first of each list, then the second of each, each product once, ranked anew."""
    found: dict[str, Recommendation] = {}
    for item in chain.from_iterable(zip_longest(*lists)):
        if item is not None:
            found.setdefault(item.product_id, item)
    first = list(found.values())[:n]
    return [replace(item, rank=rank) for rank, item in enumerate(first, 1)]
