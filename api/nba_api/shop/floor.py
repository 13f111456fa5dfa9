"""The shop floor: what the storefront shows of a snapshot and no visit changes, made ready once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.artifacts.snapshot import Snapshot
from nba.recommend.eligibility import price_to_pay
from nba.recommend.wording import LEVEL, leaf
from nba.vocabulary import decimals

REGULARS: Final = 6
"""Customers that the storefront proposes to be."""
MOST_FOUND: Final = 200
"""Products that a search lists."""
_DELIVERY_PIECES: Final = 10
_ROUND: Final = (1, 2, 5, 10)
_LAST: Final = "\U0010ffff"
"""Stands behind every text."""


@dataclass(frozen=True, slots=True)
class Aisle:
    """A category.

    Attributes:
        path: such as `A > B`; empty for all products.
        name: the last level.
        product_count: products in it and below it.
    """

    path: str
    name: str
    product_count: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """From which sum on delivery is free, in minor units of a currency."""

    total: int
    currency: str


@dataclass(frozen=True, slots=True, eq=False)
class Titles:
    """Titles as one text, through which a machine runs faster than through many.

    Attributes:
        text: a title a line.
        starts: where each begins, and where one more would.
    """

    text: str
    starts: Sequence[int]

    @classmethod
    def of(cls, titles: Iterable[str]) -> Self:
        """Join titles, in any letters."""
        lines = [" ".join(title.casefold().split()) for title in titles]
        return cls("\n".join(lines), [0, *accumulate(len(line) + 1 for line in lines)])

    def holding(self, words: Sequence[str]) -> Iterator[int]:
        """Give the places of the titles that hold all of some words, in order."""
        rarest, begin = max(words, key=len), 0
        while (found := self.text.find(rarest, begin)) >= 0:
            place = bisect_right(self.starts, found) - 1
            begin = self.starts[place + 1]
            title = self.text[self.starts[place] : begin]
            if all(word in title for word in words):
                yield place


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """What the storefront knows of one snapshot.

    Attributes:
        products: as they were trained.
        regulars: ids of some customers, from those who order most to those who order least.
        delivery: None where hardly a product has a price.
    """

    products: Products
    regulars: Sequence[str]
    delivery: Delivery | None
    _paths: Sequence[str]
    _starts: NDArray[np.int64]
    _ranks: NDArray[np.int32]
    _popular: NDArray[np.int32]
    _titles: Titles
    _below: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Sort the products of a snapshot by category and by how often they are ordered."""
        products = snapshot.products
        popular = np.lexsort((np.arange(len(products)), -products.orders)).astype(np.int32)
        rank = np.empty_like(popular)
        rank[popular] = np.arange(len(popular), dtype=np.int32)
        # A category and those below it stand side by side: so do their products.
        told = [_spread(path) for path in products.category]
        paths = sorted(set(told))
        number = {path: place for place, path in enumerate(paths)}
        category = np.fromiter((number[path] for path in told), np.int32, len(told))
        by_category = np.lexsort((rank, category))
        titles = list(products.title)
        return cls(
            products,
            _regulars(snapshot),
            _delivery(products),
            paths,
            np.searchsorted(category[by_category], np.arange(len(paths) + 1)),
            rank[by_category],
            popular,
            Titles.of(titles[code] for code in popular.tolist()),
            _children(paths),
        )

    def aisle(self, path: str) -> Aisle | None:
        """Give a category by its path; None where there is none."""
        span = self._span(path)
        if path and span.start == span.stop:
            return None
        return Aisle(path, leaf(path), span.stop - span.start)

    def below(self, path: str) -> list[Aisle]:
        """List the categories directly below one, those with most products first."""
        found = [one for one in map(self.aisle, self._below.get(path, ())) if one is not None]
        return sorted(found, key=lambda one: (-one.product_count, one.path))

    def within(self, path: str) -> NDArray[np.int32]:
        """Give the codes of the products in a category or below it, the most ordered first."""
        if not path:
            return self._popular
        return self._popular[np.sort(self._ranks[self._span(path)])]

    def search(self, text: str) -> NDArray[np.int32]:
        """Give codes of products whose titles hold all words of a text, the most ordered first.

        The product whose id the text is stands before them; of others there are at most
        `MOST_FOUND`.
        """
        words = text.casefold().split()
        exact = self.products.ids.find(text.strip())
        found = [] if exact is None else [exact]
        if words:
            codes = (int(self._popular[place]) for place in self._titles.holding(words))
            found += islice((code for code in codes if code != exact), MOST_FOUND)
        return np.array(found, np.int32)

    def _span(self, path: str) -> slice:
        """Give where the products of a category and those below it stand."""
        if not path:
            return slice(0, len(self._popular))
        spread = _spread(path)
        first = bisect_left(self._paths, spread)
        last = bisect_left(self._paths, f"{spread}\0{_LAST}")
        return slice(int(self._starts[first]), int(self._starts[last]))


def _spread(path: str) -> str:
    """Write a path so that it sorts before everything below it, and that before all others."""
    return path.replace(LEVEL, "\0")


def _children(paths: Sequence[str]) -> dict[str, list[str]]:
    """Give the paths directly below each path; those of the first level below the empty one."""
    below: dict[str, dict[str, None]] = {}
    for path in paths:
        levels = path.split("\0") if path else []
        for depth in range(len(levels)):
            upper, lower = LEVEL.join(levels[:depth]), LEVEL.join(levels[: depth + 1])
            below.setdefault(upper, {})[lower] = None
    return {upper: list(lower) for upper, lower in below.items()}


def _regulars(snapshot: Snapshot) -> list[str]:
    """Choose customers evenly from those who order most to those who order least."""
    count = snapshot.customers.order_count
    most = np.lexsort((np.arange(len(count)), -count))[: int((count > 0).sum())]
    places = np.linspace(0, max(len(most) - 1, 0), min(REGULARS, len(most))).astype(np.int64)
    return [snapshot.customers.ids[int(code)] for code in most[places]]


def _delivery(products: Products) -> Delivery | None:
    """Set free delivery at what ten usual pieces cost, rounded to 1, 2 or 5 and noughts."""
    sold = np.flatnonzero(products.has_price & (products.orders > 0))
    if not len(sold):
        return None
    # Those in the currency of the most ordered one: sums of several mean nothing.
    currency = products.currency[int(sold[np.argmax(products.orders[sold])])]
    sold = np.array([code for code in sold.tolist() if products.currency[code] == currency])
    paid = price_to_pay(products, sold)
    order = np.argsort(paid, kind="stable")
    pieces = np.cumsum(products.orders[sold[order]])
    usual = int(paid[order][np.searchsorted(pieces, pieces[-1] / 2)])
    return Delivery(_rounded(usual * _DELIVERY_PIECES, 10 ** decimals(currency)), currency)


def _rounded(amount: int, unit: int) -> int:
    """Round up to 1, 2 or 5 and noughts, in whole units."""
    size = unit
    while size * 10 <= amount:
        size *= 10
    return next(step * size for step in _ROUND if step * size >= min(amount, 10 * size))
