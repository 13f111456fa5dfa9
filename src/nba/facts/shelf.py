"""The products as they stood at an instant: in stock or not, on sale or not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import MICROSECOND, Ids, Instants
from nba.facts.histories import Columns
from nba.facts.signals import NEVER
from nba.facts.tables import StateRows
from nba.ranges import ranks, starts
from nba.vocabulary import AVAILABILITIES, ELIGIBLE_AVAILABILITIES

CAN_BE_ORDERED: Final = np.array([one in ELIGIBLE_AVAILABILITIES for one in AVAILABILITIES])
"""By the code of an availability: whether such a product can be ordered."""


@dataclass(frozen=True, slots=True, eq=False)
class Shelf(Columns):
    """Products of which a state is known, sorted by id; of others the snapshot's card holds.

    Attributes:
        product_ids: the ids.
        availability: int8, a code of `vocabulary.AVAILABILITIES`.
        in_stock_since: datetime64[us]: since when it can be ordered; NaT where it cannot, or could
            from the first known state on.
        price, sale_price: int64, minor units.
        has_price, has_sale_price: bool; a sale price holds now.
        sale_until: datetime64[us]: when the sale ends; NaT where nobody said, or there is none.
        dropped_at: datetime64[us]: when the price to pay last fell, and has not risen since; the
            end of a sale raises it.
        stock: int64, pieces.
        has_stock: bool.
        version: SHA-256 of all states told, so that a decision can name what it rested on; empty
            where none is.
    """

    product_ids: Ids
    availability: NDArray[np.int8]
    in_stock_since: Instants
    price: NDArray[np.int64]
    has_price: NDArray[np.bool_]
    sale_price: NDArray[np.int64]
    has_sale_price: NDArray[np.bool_]
    sale_until: Instants
    dropped_at: Instants
    stock: NDArray[np.int64]
    has_stock: NDArray[np.bool_]
    version: str = ""

    @classmethod
    def none(cls) -> Self:
        """Know the state of no product."""
        at, amount, no = np.empty(0, "datetime64[us]"), np.empty(0, np.int64), np.empty(0, np.bool_)
        return cls(Ids.of([]), np.empty(0, np.int8), at, amount, no, amount, no, at, at, amount, no)

    @classmethod
    def of(cls, states: StateRows, named: Ids, as_of: np.datetime64) -> Self:
        """Tell how products stood at an instant.

        Each state says all that holds from its instant on; a sale price does until its end.

        Args:
            states: earlier ones; of several of one instant the one of the greatest cells holds.
            named: what the states code.
            as_of: the instant.
        """
        if not len(states):
            return cls.none()
        states = _sorted(states)
        begins = starts(states.product)
        ends = np.append(begins[1:], len(states))
        last = ends - 1
        now = states.take(last)
        on_sale = _is_on_sale(now, as_of)
        shelf = cls(
            named if len(now) == len(named) else named.take(now.product),
            now.availability,
            _in_stock_since(states, begins),
            now.price,
            now.has_price,
            np.where(on_sale, now.sale_price, 0),
            on_sale,
            np.where(on_sale, now.sale_until, NEVER),
            _dropped_at(states, as_of),
            now.stock,
            now.has_stock,
        )
        return replace(shelf, version=_version(shelf))


def _sorted(states: StateRows) -> StateRows:
    """Sort states by product and instant, one each."""
    order = np.lexsort((states.at, states.product))
    at, product = states.at[order], states.product[order]
    if not ((product[1:] == product[:-1]) & (at[1:] == at[:-1])).any():
        return states.take(order)
    order = np.lexsort(
        (
            states.sale_until,
            states.sale_price,
            states.has_sale_price,
            states.price,
            states.has_price,
            states.stock,
            states.has_stock,
            states.availability,
            states.at,
            states.product,
        )
    )
    states = states.take(order)
    holds = np.ones(len(states), np.bool_)
    holds[:-1] = (states.product[1:] != states.product[:-1]) | (states.at[1:] != states.at[:-1])
    return states.take(holds)


def _is_on_sale(states: StateRows, at: Instants | np.datetime64) -> NDArray[np.bool_]:
    """Tell whether a sale price held at an instant; one that saves nothing is none."""
    saves = ~states.has_price | (states.sale_price < states.price)
    return states.has_sale_price & saves & ~(states.sale_until <= at)


def _in_stock_since(states: StateRows, begins: NDArray[np.int64]) -> Instants:
    """Give since when each product can be ordered; NaT where it cannot, or always could."""
    can = CAN_BE_ORDERED[states.availability]
    turned = np.zeros(len(states), np.bool_)
    turned[1:] = can[1:] & ~can[:-1] & (states.product[1:] == states.product[:-1])
    last = np.maximum.reduceat(np.where(turned, np.arange(len(states)), -1), begins)
    ends = np.append(begins[1:], len(states))
    return np.where(can[ends - 1] & (last >= 0), states.at[last], NEVER)


def _dropped_at(states: StateRows, as_of: np.datetime64) -> Instants:
    """Give when the price to pay of each product last fell; NaT where it rose since."""
    following = np.full(len(states), as_of + MICROSECOND)
    same = states.product[1:] == states.product[:-1]
    following[:-1][same] = states.at[1:][same]
    on_sale = _is_on_sale(states, states.at)
    # A sale that ends by itself is a step of its own, back to the price without it.
    over = np.flatnonzero(on_sale & (states.sale_until < following))
    at = np.concatenate([states.at, states.sale_until[over]])
    product = np.concatenate([states.product, states.product[over]])
    pay = np.concatenate([np.where(on_sale, states.sale_price, states.price), states.price[over]])
    known = np.concatenate([on_sale | states.has_price, states.has_price[over]])
    order = np.lexsort((at, product))
    at, product, pay, known = at[order], product[order], pay[order], known[order]
    begins = starts(product)
    follows = ranks(product) > 0
    before, knew = np.roll(pay, 1), np.roll(known, 1)
    fell = follows & known & knew & (pay < before)
    # Where the price is not known, what it once fell to no longer says anything.
    rose = ~known | (follows & knew & (pay > before))
    place = np.arange(len(at))
    last_fall = np.maximum.reduceat(np.where(fell, place, -1), begins)
    last_rise = np.maximum.reduceat(np.where(rose, place, -1), begins)
    return np.where(last_fall > last_rise, at[last_fall], NEVER)


def _version(shelf: Shelf) -> str:
    digest = hashlib.sha256(shelf.product_ids.data.tobytes())
    digest.update(shelf.product_ids.offsets.tobytes())
    for one in fields(shelf):
        if one.name not in ("product_ids", "version"):
            digest.update(np.ascontiguousarray(getattr(shelf, one.name)).tobytes())
    return digest.hexdigest()
