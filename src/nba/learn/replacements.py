"""Successors: which product took the place of which, as the shop says and as titles tell."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.graph import ProductGraph
from nba.artifacts.products import Products
from nba.config import ReplacementsConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets
from nba.domain import DAY, Instants
from nba.learn.alike.text import WORD, coded, overlap
from nba.learn.alike.versions import versions
from nba.learn.assortment import Assortment
from nba.learn.compatibility import Compatibility
from nba.ranges import listed
from nba.statistics.rows import Rows
from nba.vocabulary import SOURCES, Source

_UNSEEN_DAYS: Final = 28
"""A product first sold that soon after the history begins may be of any age."""
_APART_DAYS: Final = 30
"""Generations follow each other by at least that; sizes come out together."""
_HANDOVER_DAYS: Final = 90
"""Days from the end of the old to the launch of the new where the title alone proves little."""
_MOST_SCORE: Final = 2
"""Beyond the score of any link."""
_TOP_K: Final = 50
"""Products of the next generation kept."""
_FLOW_SMOOTHING: Final = 5.0
"""Owners without a choice added before the share who chose a product is believed."""


class _Edges(NamedTuple):
    """Directed edges, old product to new one, as product codes."""

    old: NDArray[np.int64]
    new: NDArray[np.int64]


class _Generations(NamedTuple):
    """Products by family and number; one product may stand in several families.

    Rows are sorted by generation, then product. Of one family the generations stand one after
    the other, by number.

    Attributes:
        product: int64 per row.
        generation: int64 per row.
        family: int64 per generation.
        is_clear: bool per generation: its number stands for a version and nothing else.
        start: int64 per generation + 1: its rows are start[g]:start[g + 1].
    """

    product: NDArray[np.int64]
    generation: NDArray[np.int64]
    family: NDArray[np.int64]
    is_clear: NDArray[np.bool_]
    start: NDArray[np.int64]


def successors(
    listing: Catalog,
    products: Products,
    types: Assortment,
    fits: Compatibility,
    placed: Baskets,
    config: ReplacementsConfig,
) -> ProductGraph:
    """Link every product to those that directly took its place.

    What the shop says (`successor_of`, source `catalogue_link`) stands before what is read from
    titles (source `version`). Of the latter the old and the new product have the same brand, leaf
    category and title but for one number and for what tells the variants of a group apart; the
    new one's number is greater, and of all greater ones the next; it was launched later
    (published, else first sold) by 30 days or more, costs between 1 / `price_band` and
    `price_band` times as much, and fits what the old one fits. A number that may be a size or a
    code (see `versions`) counts only where the new product came when the old one went (within 90
    days of `discontinued_at`), and where no two products that differ in nothing else were
    launched together: those are sizes.

    Links may form loops, as the shop may say what it likes; who follows them remembers the way.

    Returns:
        A graph over the codes of `listing`, which `products`, `types`, `fits` and `placed` share.
        `support` counts the proven customers with an order that holds the old product whose next
        order in its category holds the new one. Best first: score = words that the
        titles share / words of either + support / (such next orders whatever they hold + 5), less
        one where the new product came out before the old one.
    """
    width = len(listing)
    titles = _title_words(listing)
    links = _linked(listing)
    launched = _launch_days(listing, placed)
    lines = _lines(listing, types, titles, launched)
    learned = _learned(listing, products, types, fits, launched, lines, config)
    keys = np.concatenate([edges.old * width + edges.new for edges in (links, learned)])
    # Of equal keys the first holds: the shop's word stands before ours.
    keys, place = np.unique(keys, return_index=True)
    is_learned = place >= len(links.old)
    old, new = np.divmod(keys, max(width, 1))
    support, followed = _flow(placed, types, old, new)
    linked = {*old.tolist(), *new.tolist()}
    words, _ = coded(
        [word.casefold() for word in title] if product in linked else []
        for product, title in enumerate(titles)
    )
    score = overlap(Rows.of(words), old, new) + support / (followed + _FLOW_SMOOTHING)
    # A link back to what came out earlier, of which the shop's own dates tell, is not followed.
    published = _days(listing.published_at, np.nan)
    score -= _MOST_SCORE * (published[new] < published[old])
    link, version = SOURCES.index(Source.CATALOGUE_LINK), SOURCES.index(Source.VERSION)
    return ProductGraph.of(
        width,
        old,
        new,
        score,
        source=np.where(is_learned, version, link),
        support=support,
        customers=support,
        top_k=_TOP_K,
        rung=is_learned.astype(np.int8),
    )


def _title_words(listing: Catalog) -> list[list[str]]:
    """Split titles into words; that of a product whose title is its id has none."""
    return [
        [] if title == product_id else WORD.findall(title)
        for title, product_id in zip(listing.title, listing.product_ids, strict=True)
    ]


def _linked(listing: Catalog) -> _Edges:
    """Read the links of the catalogue; those that name no other known product fall away."""
    old, new = [], []
    for newer in np.flatnonzero(np.diff(listing.successor_of.offsets)).tolist():
        for named in listing.successor_of[newer].split(","):
            older = listing.product_ids.find(named.strip())
            if older is not None and older != newer:
                old.append(older)
                new.append(newer)
    return _Edges(np.array(old, np.int64), np.array(new, np.int64))


def _learned(
    listing: Catalog,
    products: Products,
    types: Assortment,
    fits: Compatibility,
    launched: NDArray[np.float64],
    lines: _Generations,
    config: ReplacementsConfig,
) -> _Edges:
    """Link each product to those of the next generation that may be its successor."""
    old: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    new = old.copy()
    ended = _days(listing.discontinued_at, np.inf)
    last = _last_worth_a_look(lines, launched, ended)
    waiting, step = np.arange(len(lines.product)), 1
    # Who finds nobody in the next generation looks in the one after it.
    while len(waiting):
        ahead = lines.generation[waiting] + step
        inside = ahead <= last[waiting]
        waiting, ahead = waiting[inside], ahead[inside]
        row, partner = listed(lines.start, ahead)
        first, second = lines.product[waiting[row]], lines.product[partner]
        ratio = products.price[second] / np.maximum(products.price[first], 1)
        able = (launched[second] >= launched[first] + _APART_DAYS) & np.isfinite(launched[second])
        able &= products.has_price[first] & products.has_price[second]
        able &= (ratio <= config.price_band) & (ratio >= 1 / config.price_band)
        able &= ~types.are_variants(first, second)
        handed_over = np.abs(launched[second] - ended[first]) <= _HANDOVER_DAYS
        able &= handed_over | lines.is_clear[lines.generation[partner]]
        able[able] = fits.fits(first[able], second[able])
        old.append(first[able])
        new.append(second[able])
        found = np.zeros(len(waiting), np.bool_)
        found[row[able]] = True
        waiting, step = waiting[~found], step + 1
    return _Edges(np.concatenate(old), np.concatenate(new))


def _last_worth_a_look(
    lines: _Generations, launched: NDArray[np.float64], ended: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Give, per row, the last generation of its family that may hold a successor, or -1.

    That is one with a known launch, and for a product that nobody discontinued a clear one.
    """
    known = np.zeros(len(lines.family), np.bool_)
    known[lines.generation[np.isfinite(launched[lines.product])]] = True
    family = lines.family[lines.generation]
    last = [np.full(int(lines.family.max(initial=-1)) + 1, -1, np.int64) for _ in range(2)]
    for reach, some in zip(last, (known, known & lines.is_clear), strict=True):
        np.maximum.at(reach, lines.family[some], np.flatnonzero(some))
    return np.where(np.isfinite(ended[lines.product]), last[0][family], last[1][family])


def _launch_days(listing: Catalog, placed: Baskets) -> NDArray[np.float64]:
    """Give the day each product came out, counted from 1970; minus infinity where nobody knows."""
    day = np.full(len(listing), -np.inf)
    if len(placed):
        sold = np.full(len(listing), np.inf)
        at = _days(placed.at, np.inf)
        np.minimum.at(sold, placed.product, np.repeat(at, placed.size))
        tells = np.isfinite(sold) & (sold >= at.min() + _UNSEEN_DAYS)
        day[tells] = sold[tells]
    published = _days(listing.published_at, -np.inf)
    return np.where(np.isfinite(published), published, day)


def _days(at: Instants, missing: float) -> NDArray[np.float64]:
    """Count days from 1970."""
    day = (at - np.datetime64(0, "us")) / DAY
    return np.where(np.isnat(at), missing, day)


def _lines(
    listing: Catalog,
    types: Assortment,
    titles: list[list[str]],
    launched: NDArray[np.float64],
) -> _Generations:
    """Sort products into families and their generations."""
    shared = _shared_words(types, titles)
    families: dict[tuple[int, tuple[str, ...]], int] = {}
    rows: list[tuple[int, int, int, bool]] = []
    for product, (title, category, brand) in enumerate(
        zip(titles, types.category.tolist(), listing.brand, strict=True)
    ):
        kept = shared.get(int(types.group[product]))
        named = title if kept is None else [word for word in title if word in kept]
        for version in versions(brand, named):
            place = families.setdefault((category, version.family), len(families))
            rows.append((place, version.number, product, version.is_clear))
    of, numbers, codes, clear = np.array(rows, np.int64).reshape(-1, 4).T
    sizes = np.setdiff1d(of[clear == 0], of[clear == 1])
    sizes = sizes[_came_out_together(sizes, of, numbers, launched[codes])]
    order = np.lexsort((codes, numbers, of))
    order = order[~np.isin(of[order], sizes)]
    of, numbers, codes, clear = of[order], numbers[order], codes[order], clear[order]
    begins = (np.diff(of, prepend=-1) != 0) | (np.diff(numbers, prepend=-1) != 0)
    start = np.append(np.flatnonzero(begins), len(codes))
    head = start[:-1]
    return _Generations(codes, np.cumsum(begins) - 1, of[head], clear[head] == 1, start)


def _shared_words(types: Assortment, titles: list[list[str]]) -> dict[int, set[str]]:
    """Give, per group, the words that the titles of all its variants have."""
    shared: dict[int, set[str]] = {}
    for product in np.flatnonzero(types.group >= 0).tolist():
        group = int(types.group[product])
        shared[group] = shared.get(group, set(titles[product])) & set(titles[product])
    return shared


def _came_out_together(
    wanted: NDArray[np.int64],
    family: NDArray[np.int64],
    number: NDArray[np.int64],
    launched: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Tell, per wanted family, whether two of its numbers were launched within 30 days."""
    known = np.isfinite(launched)
    family, number, launched = family[known], number[known], launched[known]
    order = np.lexsort((number, launched, family))
    family, number, launched = family[order], number[order], launched[order]
    together = (
        (family[1:] == family[:-1])
        & (number[1:] != number[:-1])
        & (launched[1:] - launched[:-1] < _APART_DAYS)
    )
    return np.isin(wanted, family[1:][together])


def _flow(
    placed: Baskets, types: Assortment, old: NDArray[np.int64], new: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Follow owners to their next order in the category.

    Returns:
        Per edge: distinct customers who went from the old product to the new one; and, whatever
        they took, those who went on from the old one.
    """
    width = len(types.category)
    is_old, is_left = np.zeros(width, np.bool_), np.zeros(len(types.categories) + 1, np.bool_)
    is_old[old] = True
    # Products without a category are one of their own, numbered -1.
    is_left[types.category[old]] = True
    tells = np.repeat(placed.proven, placed.size) & is_left[types.category[placed.product]]
    basket = np.repeat(np.arange(len(placed)), placed.size)[tells]
    product = placed.product[tells].astype(np.int64)
    customer = placed.customer[basket].astype(np.int64)
    cell = customer * (len(types.categories) + 1) + types.category[product]
    order = np.lexsort((product, basket, cell))
    cell, basket, product, customer = cell[order], basket[order], product[order], customer[order]
    begins = (np.diff(cell, prepend=-1) != 0) | (np.diff(basket, prepend=-1) != 0)
    start = np.append(np.flatnonzero(begins), len(cell))
    visit = np.cumsum(begins) - 1
    cells = cell[start[:-1]]
    goes_on = np.append(cells[1:] == cells[:-1], False)
    leaving = np.flatnonzero(goes_on[visit] & is_old[product])
    row, place = listed(start, visit[leaving] + 1)
    source = leaving[row]
    taken = product[source] * width + product[place]
    support = _customers_of(old * width + new, taken, customer[source])
    return support, _customers_of(old, product[leaving], customer[leaving])


def _customers_of(
    wanted: NDArray[np.int64], key: NDArray[np.int64], customer: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count, per wanted key, the distinct customers of the rows with that key."""
    pairs = np.unique(np.stack([key, customer]), axis=1)[0]
    low, high = np.searchsorted(pairs, wanted), np.searchsorted(pairs, wanted, "right")
    return np.asarray(high - low, np.int64)
