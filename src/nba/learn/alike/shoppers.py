"""What shoppers tell of likeness: who looks at both, and who buys now the one, now the other."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from nba.data.events import Events
from nba.data.history import Baskets
from nba.learn.alike.gathering import gathered, made_up
from nba.learn.alike.neighbours import Neighbours
from nba.learn.designs import Designs
from nba.ranges import distinct, lengths, offsets, starts
from nba.statistics.engines import local
from nba.statistics.pairs import PairSettings
from nba.statistics.portions import portions, tally
from nba.statistics.rows import Rows
from nba.vocabulary import EVENT_TYPES

_LOOK: Final = EVENT_TYPES.index("view_item")
_SMOOTHING: Final = 20.0
"""Pseudo-baskets of a category, spread over its designs by how often its baskets hold them."""
_DISCOVERY: Final = 0.1
"""Popularity exponent, as for bought together."""
_CUSTOMER_CAP: Final = 20
"""Sessions of one visitor that count towards a pair's weight."""
_CHANCE: Final = 0.1
"""Chance below which customers who have both are no coincidence."""
_AT_ONCE: Final = 1 << 20
"""Cells of a portion, about: each portion is asked for every pair once."""
_LAST: Final = np.datetime64(0, "us")
"""Baskets made up here stand at one instant: spells of them are not counted."""


def viewed_together(
    events: Events, designs: Designs, code: NDArray[np.integer], *, top_k: int, threads: int
) -> Neighbours:
    """Pair the designs of a category that one session viewed, by the score of `_paired`.

    Args:
        events: the shop's; those without a session or a product say nothing here.
        designs: of the products.
        code: the product code of each product code of `events`; -1 for one nobody knows.
        top_k: neighbours kept a design.
        threads: processors to use.

    Returns:
        Neighbours whose `support` counts the sessions that viewed any variant of both, and whose
        `customers` counts the people: those a session names, or the session where it names none.
    """
    views = (events.type == _LOOK) & (events.session >= 0) & (events.product >= 0)
    views[views] = code[events.product[views]] >= 0
    session = events.session[views].astype(np.int64)
    design = designs.design[code[events.product[views]]]
    # A session belongs to one person: of several that it names, the first by code.
    person = np.full(len(events.session_ids), len(events.customer_ids), np.int64)
    named = (events.session >= 0) & (events.customer >= 0)
    np.minimum.at(person, events.session[named], events.customer[named])
    unknown = person == len(events.customer_ids)
    person[unknown] += np.arange(int(unknown.sum()))
    cell = session * designs.category_count + designs.category[design]
    sessions = gathered(designs.ids, cell, design, person[session], _LAST)
    held = tally(sessions.product, len(designs))
    return _paired(sessions, held, designs, top_k=top_k, threads=threads)


def same_need(
    placed: Baskets, designs: Designs, *, top_k: int, threads: int, at_once: int = _AT_ONCE
) -> Neighbours:
    """Pair the designs of a category that the same customers buy, but not in the same order.

    Of the pairs that the score of `_paired` ranks highest those stay which

    - more customers have than chance gives: the upper Poisson tail of n_ij is below .1 where
      L n_i n_j are expected, n_i the customers of i, and L such that all pairs of the category
      together are expected as often as they are there (heavy buyers make every lift exceed 1);
    - fewer orders hold than chance gives: n_ij N < n_i n_j, counted in orders.

    Only proven customers count.

    Args:
        placed: the kept purchases.
        designs: of the products.
        top_k: neighbours kept a design.
        threads: processors to use.
        at_once: cells of the baskets that are looked at at a time.

    Returns:
        Neighbours whose `support` and `customers` count the customers with kept orders of any
        variant of both.
    """
    owners, held = _owners(placed, designs, at_once)
    pairs = _paired(owners, held, designs, top_k=2 * top_k, threads=threads)
    expected = _expected(owners, held, pairs, designs)
    pairs = pairs.where(pdtrc(pairs.support - 1, expected) < _CHANCE)
    del owners
    together = np.zeros(len(pairs.first), np.float32)
    orders, count = np.zeros(len(designs), np.int64), 0
    for _, every in portions(placed, at_once=at_once):
        some = every.where(every.proven)
        holders = _holders(some, designs)
        together += holders.products(pairs.first, pairs.second)
        orders += np.diff(holders.start)
        count += int(np.count_nonzero(some.size))
    seldom = together * count < orders[pairs.first] * orders[pairs.second]
    return pairs.where(seldom).best(top_k)


def _owners(placed: Baskets, designs: Designs, at_once: int) -> tuple[Baskets, NDArray[np.int64]]:
    """See what proven customers have of each category as baskets, of two designs or more.

    Returns:
        The baskets; and int64 per design: the customers who have it.
    """
    width, held = max(len(designs), 1), np.zeros(len(designs), np.int64)
    found = [[np.empty(0, np.int32)] * 3]
    for _, every in portions(placed, at_once=at_once):
        some, first = every.where(every.proven), int(every.customer[0])
        design = designs.design[some.product]
        owner = np.repeat((some.customer - first).astype(np.int64), some.size)
        cell = owner * designs.category_count + designs.category[design]
        cell, design = np.divmod(distinct(cell * width + design), width)
        held += np.bincount(design, minlength=len(designs))
        begins = starts(cell)
        size = lengths(begins, len(cell))
        # One design alone is no pair.
        several = size > 1
        columns = (
            cell[begins[several]] // designs.category_count + first,
            size[several],
            design[np.repeat(several, size)],
        )
        found.append([column.astype(np.int32) for column in columns])
    owners, sizes, members = (np.concatenate(column) for column in zip(*found, strict=True))
    return made_up(designs.ids, owners, offsets(sizes), members, _LAST), held


def _holders(some: Baskets, designs: Designs) -> Rows:
    """Give the baskets that hold each design."""
    width = max(len(some), 1)
    basket = np.repeat(np.arange(len(some)), some.size)
    cells = distinct(designs.design[some.product].astype(np.int64) * width + basket)
    design, basket = np.divmod(cells, width)
    start = np.searchsorted(design, np.arange(len(designs) + 1))
    return Rows(start, basket.astype(np.uint32), np.ones(len(basket), np.float32))


def _expected(
    owners: Baskets, held: NDArray[np.int64], pairs: Neighbours, designs: Designs
) -> NDArray[np.float64]:
    """Give how many customers would have each pair by chance, as `same_need` says."""
    width = designs.category_count
    size = owners.size.astype(np.float64)
    category = designs.category[owners.product[owners.start[:-1]]]
    found = np.bincount(category, size * (size - 1) / 2, width)
    total = np.bincount(designs.category, held, width)
    crossed = (total**2 - np.bincount(designs.category, held.astype(np.float64) ** 2, width)) / 2
    rate = found / np.maximum(crossed, 1.0)
    expected = rate[designs.category[pairs.first]] * held[pairs.first] * held[pairs.second]
    return np.asarray(expected, np.float64)


def _paired(
    baskets: Baskets, held: NDArray[np.int64], designs: Designs, *, top_k: int, threads: int
) -> Neighbours:
    """Rank what shares baskets, each of which holds designs of one category.

    `held` counts the baskets of each design, those included that hold nothing else.

    score(i -> j) = (w_ij + m p_j) p_j^-beta, with w_ij the baskets that hold both, each damped by
    1 / log2(1 + its designs), p_j the share of j among all that such baskets of its category
    hold, m = 20 and beta = .1.
    """
    of_category = np.bincount(designs.category, held, designs.category_count)
    share = held / np.maximum(of_category[designs.category], 1)
    gain = np.power(share, -_DISCOVERY, where=share > 0, out=np.zeros(len(share)))
    top = local.top_pairs(
        baskets,
        PairSettings(customer_cap=_CUSTOMER_CAP, spell_weight=0.0, spell_days=0),
        gain,
        gain * _SMOOTHING * share,
        top_k=top_k,
        min_orders=1,
        threads=threads,
    )
    return Neighbours(
        top.first().astype(np.int64),
        top.partner.astype(np.int64),
        top.score,
        top.orders.astype(np.int64),
        top.customers.astype(np.int64),
    )
