"""Products as the storefront shows them: what a template needs, and no more."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from nba.recommend.flat import amount_to_pay
from nba.recommend.results import Recommendation
from nba.recommend.wording import leaf
from nba.vocabulary import ELIGIBLE_AVAILABILITIES, Availability
from nba_api.shop.visit import Visit
from nba_api.shop.writing import price

_INITIAL: Final = re.compile(r"\b[^\W_]")
TINTS: Final = 6
"""Backgrounds of a product without a picture, as `shop.css` has them."""
_WORDS: Final[Mapping[str, str]] = {
    Availability.OUT_OF_STOCK: "out of stock",
    Availability.PREORDER: "can be ordered in advance",
    Availability.BACKORDER: "comes later",
    Availability.DISCONTINUED: "sold no more",
}


@dataclass(frozen=True, slots=True)
class Card:
    """A product on a page.

    Attributes:
        product_id: the product.
        title: the id where the shop gave no title.
        path: its category; empty where it has none.
        kind: the last level of that.
        address: of its page in the storefront.
        paid: what it costs now, minor units; None where nobody knows.
        currency: of the price; None where nobody said.
        price, was: the price to pay, and before the sale; empty where there is none.
        image: address of a picture; empty where there is none that a page may show.
        letters, tint: what stands in place of a picture.
        stock: a word about availability; empty where there is nothing to say.
        can_be_ordered: now or in advance.
        reason, snapshot_id: why it is recommended, and by which snapshot; empty where it is not.
        due: when the customer needs it again; empty where nobody knows.
    """

    product_id: str
    title: str
    path: str
    kind: str
    address: str
    paid: int | None
    currency: str | None
    price: str
    was: str
    image: str
    letters: str
    tint: int
    stock: str
    can_be_ordered: bool
    reason: str = ""
    snapshot_id: str = ""
    due: str = ""

    @classmethod
    def of(
        cls,
        product_id: str,
        told: Mapping[str, str | int | None],
        visit: Visit,
        *,
        reason: str = "",
        snapshot_id: str = "",
        due: str = "",
    ) -> Self:
        """Write a product's card, as `Products.card` tells it."""
        full, paid, currency = told["price"], amount_to_pay(told), _text(told["currency"])
        title, path = _text(told["title"]) or product_id, _text(told["category"])
        kind = leaf(path)
        image, availability = _text(told["image_link"]), _text(told["availability"])
        return cls(
            product_id,
            title,
            path,
            kind,
            visit.address("product", {"id": product_id}),
            paid,
            currency or None,
            "" if paid is None else price(paid, currency),
            price(full, currency) if isinstance(full, int) and full != paid else "",
            image if image.startswith("https://") else "",
            "".join(_INITIAL.findall(title)[:2]).upper(),
            zlib.crc32((kind or title).encode("utf-8", "replace")) % TINTS,
            _WORDS.get(availability, ""),
            availability in ELIGIBLE_AVAILABILITIES,
            reason,
            snapshot_id,
            due,
        )

    @classmethod
    def of_recommended(
        cls, one: Recommendation, visit: Visit, snapshot_id: str, due: str = ""
    ) -> Self:
        """Write the card of a recommended product, with the reason."""
        return cls.of(
            one.product_id,
            one.product,
            visit,
            reason=one.reason.text,
            snapshot_id=snapshot_id,
            due=due,
        )


def _text(value: str | int | None) -> str:
    return value if isinstance(value, str) else ""
