"""What a shop decided by hand about one list: which products are pinned, banned and linked."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rules import Rules
from nba.recommend.eligibility import NO_PRODUCTS
from nba.vocabulary import RULE_KINDS, RuleKind

EVERY_PRODUCT: Final = -1
"""The source of a rule about every product's lists."""


@dataclass(frozen=True, slots=True, eq=False)
class Curation:
    """The rules in force for one list.

    Attributes:
        pinned: product to stand first → the product whose list the rule is about, or
            `EVERY_PRODUCT`; ascending, that is by id.
        banned: int32, products that must not stand in it.
        linked: product the list is about → products that the shop links to it, ascending.
        mark: a hash of the rules in force; empty where none is.
    """

    pinned: Mapping[int, int]
    banned: NDArray[np.int32]
    linked: Mapping[int, Collection[int]]
    mark: str = ""


NO_CURATION: Final = Curation({}, NO_PRODUCTS, {})


class Curator:
    """The rules of a snapshot, ready to be asked about one list at a time."""

    def __init__(self, rules: Rules) -> None:
        """Code the relations and sort the sources once."""
        self._rules = rules
        self._relations, relation = np.unique(list(rules.relation), return_inverse=True)
        self._relation = relation.astype(np.int8)
        # A rule of a product about itself stands for one about every product.
        self._source = np.where(rules.source == rules.target, EVERY_PRODUCT, rules.source)
        self._by_source = np.argsort(self._source, kind="stable")
        self._sources = self._source[self._by_source]

    def curate(
        self, relations: Collection[str], sources: Collection[int], at: np.datetime64
    ) -> Curation:
        """Give what holds for one list at an instant.

        Args:
            relations: what the list shows, such as `bought_together`; rules that name no relation
                hold for every one.
            sources: codes of the products that the list is about; rules that name none hold for
                every one.
            at: within the rule's window, whose end is excluded.
        """
        rules = self._rules
        if not len(rules):
            return NO_CURATION
        rows = self._rows_about([EVERY_PRODUCT, *sources])
        since, until = rules.valid_from[rows], rules.valid_until[rows]
        holds = np.isin(self._relations, ["", *relations])[self._relation[rows]]
        holds &= np.isnat(since) | (since <= at)
        holds &= np.isnat(until) | (at < until)
        rows = rows[holds]
        if not len(rows):
            return NO_CURATION
        pinned, banned, linked = (
            rows[rules.kind[rows] == RULE_KINDS.index(kind)]
            for kind in (RuleKind.PIN, RuleKind.BAN, RuleKind.LINK)
        )
        # Of two pins of one product the one about this list's own product is named: the last, as
        # sources ascend from `EVERY_PRODUCT`.
        return Curation(
            dict(zip(rules.target[pinned].tolist(), self._source[pinned].tolist(), strict=True)),
            np.unique(rules.target[banned]),
            {source: self._links_of(linked, source) for source in (sources if len(linked) else ())},
            hashlib.sha256(rows.tobytes()).hexdigest(),
        )

    def _rows_about(self, sources: Sequence[int]) -> NDArray[np.int64]:
        """Give the rules of these sources, in the order of the rules."""
        begins = np.searchsorted(self._sources, sources, side="left").tolist()
        ends = np.searchsorted(self._sources, sources, side="right").tolist()
        spans = zip(begins, ends, strict=True)
        return np.sort(np.concatenate([self._by_source[begin:end] for begin, end in spans]))

    def _links_of(self, rows: NDArray[np.integer], source: int) -> list[int]:
        concerns = np.isin(self._source[rows], (EVERY_PRODUCT, source))
        linked: list[int] = np.unique(self._rules.target[rows[concerns]]).tolist()
        return linked
