"""How relevant the products of a message are: whether one of them meets a need that is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.assortment import TYPES
from nba.data.simulator.calendar import DAY
from nba.data.simulator.campaigns import CALENDAR, SHOWN, Candidates
from nba.data.simulator.catalogue import Catalogue
from nba.data.simulator.chance import Codes, Floats
from nba.data.simulator.columns import CAUSES, Needs
from nba.data.simulator.responses import NEAR_DAYS, NEAR_RELEVANCE, Responses

MOST_NEEDS: Final = 12
"""Needs of one customer and type that are looked at, from the one that opened last backwards."""


@dataclass(frozen=True, slots=True, eq=False)
class Relevance:
    """What the products of messages are worth to their customers, one row a message.

    Attributes:
        value: float64, 0..1.
        broadcast: float64: the same where no need is met.
        need: int64, the row of `Needs` that a shown product meets; -1 where none does.
        product: int32, that product, else the first one shown; -1 where none is shown.
    """

    value: Floats
    broadcast: Floats
    need: NDArray[np.int64]
    product: NDArray[np.int32]


def weigh(
    catalogue: Catalogue, needs: Needs, candidates: Candidates, responses: Responses
) -> Relevance:
    """Weigh the products of each message.

    1 where a shown product meets an open need of a kind the message is about; 0.35 where the
    product does not fit, or the need opens within 14 days; else the message's broadcast relevance.

    Args:
        catalogue: of the products.
        needs: of all customers.
        candidates: the messages.
        responses: which kinds of needs each message is about.
    """
    order = np.lexsort((needs.opens_at, needs.type, needs.customer))
    needs = needs.take(order)
    key = needs.customer.astype(np.int64) * len(TYPES) + needs.type
    about = np.array(
        [
            [kind in responses.rows[responses.find(name, "*")].needs for kind in CAUSES]
            for name in CALENDAR
        ]
    )
    base = np.array(
        [responses.rows[responses.find(name, "*")].broadcast_relevance for name in CALENDAR]
    )
    broadcast = base[candidates.message]
    value = broadcast.copy()
    met = np.full(len(candidates), -1, np.int64)
    product = candidates.shown[:, 0].copy()
    for slot in range(SHOWN):
        rows = np.flatnonzero(candidates.shown[:, slot] >= 0)
        shown, at = candidates.shown[rows, slot], candidates.at[rows]
        asked = candidates.customer[rows].astype(np.int64) * len(TYPES) + catalogue.type[shown]
        start = np.searchsorted(key, asked, side="left")
        found = np.searchsorted(key, asked, side="right")
        for _ in range(MOST_NEEDS):
            found = found - 1
            more = found >= start
            rows, shown, at, start, found = (
                column[more] for column in (rows, shown, at, start, found)
            )
            if not len(rows):
                break
            is_about = about[candidates.message[rows], needs.kind[found]]
            open_now = (needs.opens_at[found] <= at) & (at < needs.closes_at[found])
            opens_at = needs.opens_at[found]
            opens_soon = (opens_at > at) & (opens_at <= at + NEAR_DAYS * DAY)
            fits = _fits(catalogue, shown, needs.main[found])
            meets = is_about & open_now & fits & (met[rows] < 0)
            met[rows[meets]] = found[meets]
            product[rows[meets]] = shown[meets]
            near = is_about & (open_now | opens_soon)
            value[rows[near]] = np.maximum(value[rows[near]], NEAR_RELEVANCE)
    value[met >= 0] = 1.0
    return Relevance(value, broadcast, np.where(met >= 0, order[met], -1), product)


def _fits(catalogue: Catalogue, product: Codes, main: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell whether a product that names models names the main product's."""
    asked = np.where(main >= 0, catalogue.model[main], -1)
    free = (catalogue.fit_model[product] < 0) | (asked < 0)
    first, second = catalogue.fit_model[product] == asked, catalogue.fits_too[product] == asked
    return np.asarray(free | first | second)
