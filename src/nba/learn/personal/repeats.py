"""The chance to buy a product again: a hazard by weeks, fitted on the shop's last ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.habits import WEEK_DAYS
from nba.data.history import Baskets
from nba.domain import DAY
from nba.learn.assortment import Assortment
from nba.learn.personal.chance import drawn
from nba.learn.personal.habits import REPEAT_PRIOR, customers_at, untaught_until
from nba.learn.personal.logistic import fit
from nba.ranges import distinct

_ROWS: Final = 1_200_000
"""Rows fitted on, about: beyond, customers are drawn, and no further week is looked at."""
_WEEKS: Final = 4
_MOST_WEEKS: Final = 13
_ENOUGH: Final = 2_000
"""Weeks looked at, up to so many where they hold fewer repurchases than this."""
_STRENGTH: Final = 100.0
"""Pseudo-events for the formula: its terms are many and tell much the same, so that a few
purchases would bend them to anything."""
_LEAST_DAYS: Final = 28
"""Days of history before a week that is looked at."""


@dataclass(frozen=True, slots=True)
class Taught:
    """Coefficients, and how many rows and purchases they were fitted on."""

    coefficients: NDArray[np.float64]
    rows: int
    purchases: int


def teach_repeats(baskets: Baskets, types: Assortment, *, seed: int) -> Taught:
    """Fit the chance to buy a product again within a week.

    A row is a product that a customer bought before a week begins, with the terms of that instant
    and whether it was bought in the week; who never comes back is in every week as well, so that
    waiting counts. The last four weeks are looked at; more of them, up to a quarter of a year,
    where they hold few repurchases.

    Args:
        baskets: of the whole shop; weeks are counted back from where they end.
        types: categories of the products.
        seed: which customers are drawn, where there are too many.

    Returns:
        Coefficients for `Habits.repeat`; those of the formula where there is nothing to learn.
    """
    terms: list[NDArray[np.float64]] = []
    bought: list[NDArray[np.bool_]] = []
    purchases, row_count = 0, 0
    until = baskets.as_of
    first = baskets.at.min() if len(baskets) else until
    theirs, chosen = baskets, np.empty(0, np.int64)
    for week in range(1, _MOST_WEEKS + 1):
        cut = until - week * WEEK_DAYS * DAY
        enough = purchases >= _ENOUGH or row_count >= _ROWS
        if cut - first < _LEAST_DAYS * DAY or (week > _WEEKS and enough):
            break
        habits, cells = untaught_until(baskets, cut, types)
        if not terms:
            share = _ROWS / _WEEKS / max(cells, 1)
            chosen = drawn(len(baskets.customer_ids), share, seed, "repeats")
            theirs = of_customers(baskets, chosen)
        customers = customers_at(theirs.until(cut))
        cell, rows = habits.repeat_terms(
            customers, chosen, habits.shoppers(customers, chosen, cut), cut
        )
        owner = np.searchsorted(customers.start, cell, side="right") - 1
        happened = bought_in(theirs, cut, WEEK_DAYS, owner, customers.product[cell])
        terms.append(rows)
        bought.append(happened)
        purchases += int(happened.sum())
        row_count += len(rows)
    if not terms:
        return Taught(REPEAT_PRIOR.copy(), 0, 0)
    rows, happened = np.concatenate(terms), np.concatenate(bought)
    coefficients = fit(rows, happened, np.ones(len(rows)), REPEAT_PRIOR, strength=_STRENGTH)
    return Taught(coefficients, len(rows), purchases)


def of_customers(baskets: Baskets, chosen: NDArray[np.int64]) -> Baskets:
    """Leave out the baskets of all but some customers; the ids stay."""
    is_chosen = np.zeros(baskets.customer_count, np.bool_)
    is_chosen[chosen] = True
    return baskets.where(is_chosen[baskets.customer])


def bought_in(
    baskets: Baskets,
    since: np.datetime64,
    days: int,
    customer: NDArray[np.integer],
    product: NDArray[np.integer],
) -> NDArray[np.bool_]:
    """Tell, per pair of codes, whether the customer bought the product in the days from `since`."""
    found = bought_cells(baskets, since, days)
    asked = customer.astype(np.int64) * max(len(baskets.product_ids), 1) + product
    place = np.searchsorted(found, asked)
    return np.asarray(np.append(found, -1)[place] == asked, np.bool_)


def bought_cells(baskets: Baskets, since: np.datetime64, days: int) -> NDArray[np.int64]:
    """Give customer x products + product for what was bought in the days from `since`, sorted."""
    known = baskets.customer < len(baskets.customer_ids)
    within = baskets.where(known & (baskets.at >= since) & (baskets.at < since + days * DAY))
    customer = np.repeat(within.customer, within.size).astype(np.int64)
    cells = customer * max(len(baskets.product_ids), 1) + within.product
    return distinct(cells)
