"""Products as they stood at an instant, from their states, else from their card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise, zip_longest

from tests.oracle.people import Row, Tables

ORDERABLE = ("in_stock", "preorder", "backorder")


class Shelf:
    def __init__(self, tables: Tables, cards: Mapping[str, Row], at: int) -> None:
        """Cards are rows by product: availability, is_durable, is_popular, cycle_days, fits."""
        self.cards = cards
        self.at = at
        self._states: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(tables["product_states"], key=lambda one: one["at"]):
            if row["at"] < at:
                self._states[row["product_id"]].append(row)

    @cached_property
    def spoken(self) -> set[str]:
        """What is named by any list of what a product goes with."""
        return {one for card in self.cards.values() for one in card["fits"]}

    def can_be_ordered(self, product: str) -> bool:
        states = self._states.get(product)
        known = states[-1] if states else self.cards.get(product)
        return known is not None and known["availability"] in ORDERABLE

    def in_stock_since(self, product: str) -> int | None:
        """Since when it can be ordered that could not before."""
        since, could = None, True
        for row in self._states.get(product, ()):
            can = row["availability"] in ORDERABLE
            since = (since if could else row["at"]) if can else None
            could = can
        return since

    def dropped_at(self, product: str) -> int | None:
        """When what is to be paid last fell, if it did not rise since."""
        states = self._states.get(product, [])
        steps: list[tuple[int, int]] = []
        for row, following in zip_longest(states, states[1:]):
            until = self.at + 1 if following is None else following["at"]
            sale, ends = row["sale_price"], row["sale_until"]
            holds = sale is not None and sale < row["price"] and (ends is None or ends > row["at"])
            steps.append((row["at"], sale if holds else row["price"]))
            if holds and ends is not None and ends < until:
                steps.append((ends, row["price"]))
        found = None
        for (_, before), (at, now) in pairwise(steps):
            if now != before:
                found = at if now < before else None
        return found
