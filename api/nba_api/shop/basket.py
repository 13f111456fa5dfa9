"""The basket: its lines, what they cost, and what is missing to free delivery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nba.artifacts.products import Products
from nba.recommend.completion import Gap
from nba.recommend.eligibility import Filters
from nba.recommend.recommender import Recommender
from nba_api.shop.blocks import SHOWN, Block, best_sellers, listed
from nba_api.shop.cards import Card
from nba_api.shop.floor import Delivery
from nba_api.shop.visit import MODEL, Visit
from nba_api.shop.writing import price


@dataclass(frozen=True, slots=True)
class Line:
    """A product of the basket.

    Attributes:
        card: the product.
        pieces: at least 1.
        total: what they cost; empty where nobody knows.
        without: address of the basket without it.
    """

    card: Card
    pieces: int
    total: str
    without: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a basket is from free delivery, in minor units and in words."""

    paid: int
    total: int
    words: str


@dataclass(frozen=True, slots=True)
class Basket:
    """What the visitor chose.

    Attributes:
        lines: products that the shop knows.
        unknown: ids of others.
        total: what the lines cost, by currency; empty where no price is known.
        unpriced: titles of products without a price, which the total leaves out.
        progress: None where there is no free delivery in the basket's currency.
    """

    lines: Sequence[Line]
    unknown: Sequence[str]
    total: str
    unpriced: Sequence[str]
    progress: Progress | None

    @classmethod
    def of(cls, recommender: Recommender, visit: Visit, delivery: Delivery | None) -> Self:
        """Add up the basket of a visit."""
        products = recommender.snapshot.products
        lines, unknown, sums = [], [], Counter[str]()
        for product, pieces in visit.basket.items():
            card = card_of(products, product, visit)
            if card is None:
                unknown.append(product)
                continue
            if card.paid is not None:
                sums[card.currency or ""] += card.paid * pieces
            total = "" if card.paid is None else price(card.paid * pieces, card.currency)
            without = visit.holding([(product, 0)]).address("basket")
            lines.append(Line(card, pieces, total, without))
        return cls(
            lines,
            unknown,
            " + ".join(price(amount, currency) for currency, amount in sorted(sums.items())),
            [one.card.title for one in lines if one.card.paid is None],
            _progress(recommender, visit, delivery) if lines else None,
        )


def card_of(products: Products, product: str, visit: Visit) -> Card | None:
    """Give the card of a product, as it stands now; None where nobody knows it."""
    code = products.ids.find(product)
    return None if code is None else Card.of(product, products.card(code), visit)


def basket_blocks(
    recommender: Recommender,
    visit: Visit,
    basket: Basket,
    delivery: Delivery | None,
    owned: Sequence[str],
    at: np.datetime64,
) -> list[Block]:
    """Give what completes a basket, first what closes the gap to free delivery if anything does.

    Args:
        recommender: what answers.
        visit: who looks, and which blocks they want.
        basket: theirs.
        delivery: when it is free; None where it never is.
        owned: ids of what they have by now.
        at: the instant.
    """
    held = [one.card.product_id for one in basket.lines]
    if visit.blocks != MODEL or not held:
        popular = best_sellers(recommender, visit, held)
        return [popular] if visit.blocks != "off" and popular.cards else []
    pieces = [one for one in visit.pieces() if one in held]
    is_missing = basket.progress is not None and basket.progress.paid < basket.progress.total
    target = delivery.total if delivery is not None and is_missing else None
    filters = Filters(exclude=owned)
    slate = recommender.complete_basket(
        pieces, target_total=target, n=SHOWN, filters=filters, at=at
    )
    asked = {"relation": "complete", "basket": listed(pieces), "placement": "basket_page"}
    asked |= {"exclude": ",".join(owned)} if owned else {}
    asked |= {"target": str(target)} if target is not None else {}
    block = Block.of("complete", "Complete the basket", slate, visit, widget=asked)
    return [block] if block.cards else []


def _progress(recommender: Recommender, visit: Visit, delivery: Delivery | None) -> Progress | None:
    if delivery is None:
        return None
    found = recommender.snapshot.products.ids.find
    codes = [code for code in map(found, visit.pieces()) if code is not None]
    gap = Gap.of(recommender.snapshot, codes, delivery.total)
    if gap.currency != delivery.currency:
        return None
    free = price(delivery.total, delivery.currency)
    missing = price(gap.amount, gap.currency)
    words = f"{missing} more, and delivery is free: it is from {free} on."
    if not gap.amount:
        words = f"Delivery is free: the basket has reached {free}."
    return Progress(delivery.total - gap.amount, delivery.total, words)
