"""A snapshot's products as they stand on a shelf: what the shop said since goes before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.facts.shelf import Shelf


def put_on_shelf(
    products: Products, shelf: Shelf, code: NDArray[np.integer], at: np.datetime64
) -> Products:
    """Give products with the availability and the prices that hold at an instant.

    A product that the shelf does not know keeps its own; so do the prices of one whose price the
    shelf does not know. A sale of the snapshot's ends by itself.

    Args:
        products: the snapshot's.
        shelf: of the instant.
        code: int per product of the shelf: its code among `products`, negative for none.
        at: the instant.
    """
    has_ended = products.has_sale_price & (products.sale_until <= at)
    known = np.flatnonzero(code >= 0)
    priced = known[(shelf.has_price | shelf.has_sale_price)[known]]
    if not len(known) and not has_ended.any():
        return products
    availability = products.availability.copy()
    availability[code[known]] = shelf.availability[known]
    price, has_price = products.price.copy(), products.has_price.copy()
    told = priced[shelf.has_price[priced]]
    price[code[told]], has_price[code[told]] = shelf.price[told], True
    sale_price, sale_until = products.sale_price.copy(), products.sale_until.copy()
    has_sale_price = products.has_sale_price & ~has_ended
    sale_price[code[priced]] = shelf.sale_price[priced]
    sale_until[code[priced]] = shelf.sale_until[priced]
    has_sale_price[code[priced]] = shelf.has_sale_price[priced]
    return replace(
        products,
        availability=availability,
        price=price,
        has_price=has_price,
        sale_price=sale_price,
        has_sale_price=has_sale_price,
        sale_until=sale_until,
    )


def differing(before: Products, now: Products) -> NDArray[np.int64]:
    """Give the codes of the products whose cards are not what they were, ascending."""
    if before is now:
        return np.empty(0, np.int64)
    differs = before.availability != now.availability
    for name in ("price", "sale_price"):
        had, has = getattr(before, f"has_{name}"), getattr(now, f"has_{name}")
        differs |= (had != has) | (has & (getattr(before, name) != getattr(now, name)))
    return np.flatnonzero(differs)
