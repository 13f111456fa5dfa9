"""What serving knows of products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from nba.domain import Ids, Instants, Texts
from nba.vocabulary import AVAILABILITIES, ELIGIBLE_AVAILABILITIES

Card = dict[str, str | int | None]
_ORDERABLE: Final = [AVAILABILITIES.index(one) for one in ELIGIBLE_AVAILABILITIES]


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Catalogue and sold products together, sorted by id; the position is the product's code.

    Attributes:
        ids: the product ids.
        title, category, group, brand, currency, link, image_link: texts, empty where unknown.
        price: int64, minor units: the catalogue's, else the last one paid.
        has_price, has_sale_price: bool: whether the number beside it means anything.
        sale_price: int64, minor units.
        sale_until: datetime64[us]: when the sale ends; NaT where nobody said, or there is none.
        availability: int8, a code of `vocabulary.AVAILABILITIES`.
        published_day: int32: days from 1970 to its publication; 0 where the shop did not say.
        is_durable: bool: its owner keeps it, as the catalogue, its category or orders tell.
        orders, customers: int32: kept orders with it, and their distinct customers.
        group_orders, category_orders: int32: kept orders with any variant of its group, with any
            product of its category; those of the product itself where it has neither.
        popular: int32: codes of the most ordered products, best first.
        popular_orders: int32: orders of those within the popularity window.
        cycle_days: int32: days after its arrival at which it, or a part of it, is worn, as the
            shop says, else as orders of its spare parts tell; 0 = neither does.
        cards: the card of each product as JSON, ready to be put into an answer; empty for one
            whose texts are no Unicode, and for all where `with_cards` was not called.
    """

    ids: Ids
    title: Texts
    category: Texts
    group: Texts
    brand: Texts
    currency: Texts
    link: Texts
    image_link: Texts
    price: NDArray[np.int64]
    has_price: NDArray[np.bool_]
    sale_price: NDArray[np.int64]
    has_sale_price: NDArray[np.bool_]
    sale_until: Instants
    availability: NDArray[np.int8]
    published_day: NDArray[np.int32]
    is_durable: NDArray[np.bool_]
    orders: NDArray[np.int32]
    customers: NDArray[np.int32]
    group_orders: NDArray[np.int32]
    category_orders: NDArray[np.int32]
    popular: NDArray[np.int32]
    popular_orders: NDArray[np.int32]
    cycle_days: NDArray[np.int32]
    cards: Texts

    def can_be_ordered(self, codes: NDArray[np.integer] | int) -> NDArray[np.bool_]:
        """Tell which of some products can be ordered, now or in advance, bool per code."""
        return np.isin(self.availability[codes], _ORDERABLE)

    def to_pay(self) -> NDArray[np.float64]:
        """Give the price to pay of each product, minor units; NaN where it is not known."""
        saves = self.has_sale_price & (~self.has_price | (self.sale_price < self.price))
        price = np.where(saves, self.sale_price, self.price).astype(np.float64)
        return np.where(saves | self.has_price, price, np.nan)

    def card(self, code: int) -> Card:
        """Give what a shop shows of a product; None where it does not say."""
        return {
            "title": self.title[code],
            "category": self.category[code] or None,
            "price": int(self.price[code]) if self.has_price[code] else None,
            "sale_price": int(self.sale_price[code]) if self.has_sale_price[code] else None,
            "currency": self.currency[code] or None,
            "link": self.link[code] or None,
            "image_link": self.image_link[code] or None,
            "availability": str(AVAILABILITIES[int(self.availability[code])]),
        }

    def encoded_card(self, code: int) -> bytes:
        """Give a product's card as JSON; empty where its texts are no Unicode."""
        try:
            return orjson.dumps(self.card(code))
        except orjson.JSONEncodeError:
            return b""

    def with_cards(self) -> Self:
        """Copy with every card written down."""
        encoded = [self.encoded_card(code) for code in range(len(self))]
        data = np.frombuffer(b"".join(encoded), np.uint8)
        ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return replace(self, cards=Texts(data, ends))

    def __len__(self) -> int:
        """Count the products."""
        return len(self.ids)
