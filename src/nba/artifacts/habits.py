"""How likely a customer buys a product again, or a new one: the terms, and what was learned.

The same terms are computed here for training and for answers, at any instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.customers import DECAY_DAYS, PACE_DAYS, Customers
from nba.domain import DAY, Instants
from nba.ranges import distinct, listed, starts

WEEK_DAYS: Final = 7
"""Days within which the chances below are meant."""
REPEAT_TERMS: Final = (
    "orders",
    "silence",
    "age",
    "silence_over_gap",
    "bought_once",
    *(f"decayed_{days}" for days in DECAY_DAYS),
    "returning",
    "rate",
    "repeat_ratio",
    "pace",
    "size",
    "visits",
    "silence_of_type",
    "recent",
    "share",
    "formula",
)
"""Terms of the chance to buy a product again; `Habits.repeat_terms` says what they are."""
DISCOVERY_TERMS: Final = ("liking", "recent", "share", "repeat_ratio", "novelty", "size", "pace")
"""Terms of the chance to buy a product for the first time; see `Habits.discovery_terms`."""
_PRIOR_LINES: Final = 10.0
"""Lines of the average customer beside those of a customer's own repeat ratio."""
_BLEND: Final = 0.1
"""Share of popularity in what a customer is said to like, so that nothing is impossible."""


@dataclass(frozen=True, slots=True, eq=False)
class Shoppers:
    """Of customers, what their chances share whatever the product.

    Attributes:
        repeat_ratio: float64: share of their order lines whose product they had bought before,
            with ten lines of the average customer added.
        size: float64: order lines an order.
        pace: float64: orders, each counted exp(-age / PACE_DAYS).
    """

    repeat_ratio: NDArray[np.float64]
    size: NDArray[np.float64]
    pace: NDArray[np.float64]

    def take(self, row: NDArray[np.int64]) -> Self:
        """Repeat or leave out customers."""
        return type(self)(self.repeat_ratio[row], self.size[row], self.pace[row])


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """What the shop's customers taught about buying again and anew.

    Attributes:
        type: int32 per product: a code of its category; products without one share a code.
        returning: float32 per product: share of its buyers who bought it again, shrunk to that of
            its type, and that to the shop's.
        rate: float32 per product: repurchases per day since a customer's first, shrunk alike.
        recent: float32 per product: share of late order lines (decay 14 days), never 0.
        share: float32 per product: share of all order lines, never 0.
        repeat_ratio: float64[1]: share of order lines that are repeats.
        size: float64[1]: order lines an order.
        repeat: float64[1 + REPEAT_TERMS]: intercept and coefficients, for WEEK_DAYS.
        discovery: float64[1 + DISCOVERY_TERMS]: the same.
    """

    type: NDArray[np.int32]
    returning: NDArray[np.float32]
    rate: NDArray[np.float32]
    recent: NDArray[np.float32]
    share: NDArray[np.float32]
    repeat_ratio: NDArray[np.float64]
    size: NDArray[np.float64]
    repeat: NDArray[np.float64]
    discovery: NDArray[np.float64]

    def shoppers(
        self, customers: Customers, chosen: NDArray[np.int64], at: np.datetime64
    ) -> Shoppers:
        """Look at customers at an instant, not before `customers.as_of`.

        Args:
            customers: what they bought.
            chosen: int64, codes of those to look at.
            at: the instant.
        """
        row, cell = listed(customers.start, chosen)
        lines = np.bincount(row, customers.orders[cell], len(chosen))
        products = np.diff(customers.start)[chosen]
        repeats = lines - products + _PRIOR_LINES * self.repeat_ratio[0]
        since = float((at - customers.as_of[0]) / DAY)
        return Shoppers(
            repeats / (lines + _PRIOR_LINES),
            np.maximum(lines, 1) / np.maximum(customers.order_count[chosen], 1),
            customers.pace[chosen] * np.exp(-since / PACE_DAYS),
        )

    def anybody(self) -> Shoppers:
        """Give the average customer, who orders every PACE_DAYS."""
        return Shoppers(self.repeat_ratio, self.size, np.ones(1))

    def repeat_terms(
        self,
        customers: Customers,
        chosen: NDArray[np.int64],
        shoppers: Shoppers,
        at: np.datetime64,
        places: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Describe what customers bought before, as the chance to buy it again depends on it.

        The terms, with k the customer's orders of the product, t and T the days since the last and
        the first of them, and g = (T - t) / (k - 1): ln k; ln(1 + t); ln(1 + T); ln(1 + t / g), 0
        for k = 1; 1 for k = 1; ln(.01 + sum of exp(-age / d)) for each d of DECAY_DAYS; ln of
        `returning`, of `rate`, of the customer's repeat ratio, of .2 + pace, of the order lines an
        order and of the orders; ln(1 + days since the customer's last order of any product of its
        type); ln of `recent` and of `share`; and ln(p / (1 - p)) of the chance
        p = 1 - (B / (B + WEEK_DAYS))^A, A = k - 1/2, B = T + 1/2 / rate, of a Poisson process
        whose rate has a gamma prior (Bhagat et al. 2018).

        Args:
            customers: what they bought.
            chosen: int64, codes of those to look at.
            shoppers: what is known of these at that instant.
            at: not before `customers.as_of`.
            places: int64, ascending, which of all their purchases to describe; by default all.

        Returns:
            int64: the purchases, one row each, in the order of `chosen`; float64[rows, terms].
        """
        row, cell = listed(customers.start, chosen)
        kind = self.type[customers.product[cell]]
        of_type = row * (int(kind.max(initial=0)) + 2) + kind
        asked = slice(None) if places is None else places
        if places is not None:
            # What else they bought of these types says how long they have been silent there.
            near = _among(distinct(of_type[places]), of_type)
            row, cell, of_type = row[near], cell[near], of_type[near]
            asked = np.searchsorted(near, places)
        silence_of_type = _least_of_each(of_type, _ages(customers.last_at[cell], at))[asked]
        row, cell = row[asked], cell[asked]
        product, orders = customers.product[cell], customers.orders[cell].astype(np.float64)
        silence, age = _ages(customers.last_at[cell], at), _ages(customers.first_at[cell], at)
        once = orders == 1
        gap = np.maximum((age - silence) / np.maximum(orders - 1, 1), 1.0)
        since = float((at - customers.as_of[0]) / DAY)
        decayed = customers.decayed[cell] * np.exp(-since / np.array(DECAY_DAYS))
        rate = self.rate[product].astype(np.float64)
        shape, exposure = orders - 0.5, age + 0.5 / rate
        # ln(p / (1 - p)) with 1 - p = (B / (B + W))^A, without the loss of digits of 1 - small.
        survival = -shape * np.log1p(WEEK_DAYS / exposure)
        formula = np.log(-np.expm1(survival)) - survival
        terms = np.empty((len(cell), len(REPEAT_TERMS)))
        columns = (
            np.log(orders),
            np.log1p(silence),
            np.log1p(age),
            np.where(once, 0.0, np.log1p(silence / gap)),
            once,
            *np.log(0.01 + decayed).T,
            np.log(self.returning[product]),
            np.log(rate),
            np.log(shoppers.repeat_ratio)[row],
            np.log(0.2 + shoppers.pace)[row],
            np.log(shoppers.size)[row],
            np.log(np.maximum(customers.order_count[chosen], 1))[row],
            np.log1p(silence_of_type),
            np.log(self.recent[product]),
            np.log(self.share[product]),
            formula,
        )
        for number, column in enumerate(columns):
            terms[:, number] = column
        return cell, terms

    def discovery_terms(
        self, product: NDArray[np.integer], liking: NDArray[np.floating], shoppers: Shoppers
    ) -> NDArray[np.float64]:
        """Describe products that are new to customers.

        The terms are logarithms: of the liking with a tenth of popularity blended in; of the
        product's `recent` and `share`; and of the customer's repeat ratio, of 1 less it, of the
        order lines an order, and of .2 + pace.

        Args:
            product: codes.
            liking: the share of each in all that the collaborative model gives the customer.
            shoppers: one customer for all, or one a product.

        Returns:
            float64[products given, terms].
        """
        recent = self.recent[product].astype(np.float64)
        terms = np.empty((len(product), len(DISCOVERY_TERMS)))
        columns = (
            np.log((1 - _BLEND) * liking + _BLEND * recent),
            np.log(recent),
            np.log(self.share[product]),
            np.log(shoppers.repeat_ratio),
            np.log1p(-shoppers.repeat_ratio),
            np.log(shoppers.size),
            np.log(0.2 + shoppers.pace),
        )
        for number, column in enumerate(columns):
            terms[:, number] = column
        return terms


def chance(terms: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give 1 / (1 + exp(-(c_0 + terms · c))), the same for one row as among many.

    Returns:
        float64 per row.
    """
    # Not a BLAS product, whose sums depend on how many rows there are.
    score = coefficients[0] + (terms * coefficients[1:]).sum(axis=1)
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -500, 500))), np.float64)


def _ages(instants: Instants, at: np.datetime64) -> NDArray[np.float64]:
    return np.asarray(np.maximum((at - instants) / DAY, 0.0), np.float64)


def _among(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the places of numbers that are among ascending keys."""
    if not len(keys):
        return np.empty(0, np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.flatnonzero(keys[place] == wanted)


def _least_of_each(key: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the least value among those of the same key."""
    if not len(key):
        return value
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begins = starts(ordered)
    least = np.minimum.reduceat(value[order], begins)
    answer = np.empty(len(key))
    answer[order] = np.repeat(least, np.diff(np.append(begins, len(ordered))))
    return answer
