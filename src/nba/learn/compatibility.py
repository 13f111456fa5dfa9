"""Compatibility: which products fit which, as the catalogue says. A hard filter, never a score."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.fits import Fits
from nba.data.catalog import Catalog
from nba.domain import Texts

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, eq=False)
class Compatibility(Fits):
    """The requirement lists of a catalogue, resolved to the products they name.

    A requirement (one entry of `compatible_with` or `accessory_for`) names a product by its id,
    by the id of its group, or by a model token: words that stand in its title one after the
    other, in capitals or not. Where tokens overlap in a title the longest one counts, so that
    `iPhone 15` does not name the iPhone 15 Pro where somebody's list asks for that one. Products
    with a list of their own are never named by their title, which speaks of what they fit.

    Attributes:
        start, goes_with, specific, named: as in `Fits`.
        link_main, link_accessory: int32 per link: `accessory_for` of the second names the first.
    """

    link_main: NDArray[np.int32]
    link_accessory: NDArray[np.int32]

    @classmethod
    def of(cls, listing: Catalog) -> Self:
        """Resolve the lists of a catalogue; product codes are its positions."""
        width = len(listing.product_ids)
        linked = _entries(listing.accessory_for)
        lists = _entries(listing.compatible_with)
        for product, entries in linked.items():
            lists[product] = lists.get(product, frozenset()) | entries
        bearers = _bearers(listing, lists)
        start, goes_with = _ragged(lists, bearers, width)
        link_start, link_main = _ragged(linked, bearers, width)
        link_accessory = np.repeat(np.arange(width), np.diff(link_start))
        known = link_main < width
        named = np.zeros(width, np.bool_)
        named[goes_with[goes_with < width]] = True
        specific = np.zeros(width, np.bool_)
        specific[list(lists)] = True
        return cls(
            start,
            goes_with,
            specific,
            named,
            link_main[known].astype(np.int32),
            link_accessory[known].astype(np.int32),
        )

    def lists(self) -> Fits:
        """Give what a snapshot keeps of it."""
        return Fits(self.start, self.goes_with, self.specific, self.named)


def _entries(column: Texts) -> dict[int, frozenset[str]]:
    """Read comma-separated lists: product code → entries; products without any are left out."""
    lists = {}
    for product in np.flatnonzero(np.diff(column.offsets)).tolist():
        entries = frozenset(filter(None, (part.strip() for part in column[product].split(","))))
        if entries:
            lists[product] = entries
    return lists


def _ragged(
    lists: Mapping[int, frozenset[str]], bearers: Mapping[str, list[int]], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give, as start and codes, the products that the entries of each product's list name."""
    length, codes = np.zeros(width + 1, np.int64), []
    for product, entries in sorted(lists.items()):
        goes_with = {bearer for one in entries for bearer in bearers[one]} - {product}
        codes += sorted(goes_with)
        length[product + 1] = len(goes_with)
    return np.cumsum(length), np.array(codes, np.int64)


def _bearers(listing: Catalog, lists: Mapping[int, frozenset[str]]) -> dict[str, list[int]]:
    """Give the products that each requirement names.

    One that names nobody still tells which lists agree: it gets a number beyond the products.
    """
    bearers: dict[str, list[int]] = {
        one: [] for one in sorted({entry for entries in lists.values() for entry in entries})
    }
    tokens: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for requirement, named in bearers.items():
        tokens[tuple(_WORD.findall(requirement.casefold()))].append(requirement)
        product = listing.product_ids.find(requirement)
        if product is not None:
            named.append(product)
    tokens.pop((), None)
    if bearers:
        for product, group in enumerate(listing.product_group_id):
            if group in bearers:
                bearers[group].append(product)
        lengths = sorted({len(words) for words in tokens}, reverse=True)
        for product, title in enumerate(listing.title):
            if product not in lists:
                for words in _longest(_WORD.findall(title.casefold()), tokens, lengths):
                    for requirement in tokens[words]:
                        bearers[requirement].append(product)
    nobody = [named for named in bearers.values() if not named]
    for number, named in enumerate(nobody, len(listing.product_ids)):
        named.append(number)
    return bearers


def _longest(
    title: list[str], tokens: Container[tuple[str, ...]], lengths: list[int]
) -> Iterator[tuple[str, ...]]:
    """Find tokens in the words of a title, longest first, without those that overlap one found."""
    taken: list[range] = []
    for length in lengths:
        for begin in range(len(title) - length + 1):
            here = range(begin, begin + length)
            words = tuple(title[begin : begin + length])
            if words in tokens and not any(
                here.start < one.stop and one.start < here.stop for one in taken
            ):
                taken.append(here)
                yield words
