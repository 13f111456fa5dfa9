"""What the shop decided by hand, in force at an instant, for lists of many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from nba.artifacts.rules import Rules
from nba.ranges import crossed, distinct
from nba.recommend.many.lists import Codes
from nba.vocabulary import RULE_KINDS, RuleKind

_BAN: Final = RULE_KINDS.index(RuleKind.BAN)
_LINK: Final = RULE_KINDS.index(RuleKind.LINK)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Rules of one kind in force for one list.

    Attributes:
        everywhere: int64, products that a rule about every product's list names, ascending.
        source, target: int64, the others: whose list, and the product; by source, then target.
    """

    everywhere: Codes
    source: Codes
    target: Codes

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.everywhere) + len(self.source)

    def about(self, products: Codes) -> tuple[Codes, Codes]:
        """Give, for products, the place of each and the targets of the rules about it."""
        begin = np.searchsorted(self.source, products)
        place, number = crossed(begin, np.searchsorted(self.source, products, "right"))
        return place, self.target[number]


class Ruling:
    """The rules of a snapshot that hold at one instant; pins are no reason to write to anybody."""

    def __init__(self, rules: Rules, at: np.datetime64) -> None:
        """Look which rules hold at `at`."""
        since, until = rules.valid_from, rules.valid_until
        holds = (np.isnat(since) | (since <= at)) & (np.isnat(until) | (at < until))
        self._rules = rules
        self._rows = np.flatnonzero(holds)
        self._pairs: dict[tuple[int, str], Pairs] = {}

    @cached_property
    def mark(self) -> bytes:
        """Tell one set of rules from another."""
        return self._rows.tobytes()

    def bans(self, word: str) -> Pairs:
        """Give what must not stand in the lists of that word; empty = lists about nobody."""
        return self._of(_BAN, word)

    def links(self, word: str) -> Pairs:
        """Give what the shop links to products in the lists of that word."""
        return self._of(_LINK, word)

    def _of(self, kind: int, word: str) -> Pairs:
        if (kind, word) not in self._pairs:
            rules, rows = self._rules, self._rows[self._rules.kind[self._rows] == kind]
            named = [rules.relation[row] in ("", word) for row in rows.tolist()]
            rows = rows[np.array(named, np.bool_)]
            source, target = (one[rows].astype(np.int64) for one in (rules.source, rules.target))
            # A rule of a product about itself stands for one about every product.
            every = source == target
            order = np.lexsort((target[~every], source[~every]))
            self._pairs[kind, word] = Pairs(
                distinct(target[every]), source[~every][order], target[~every][order]
            )
        return self._pairs[kind, word]
