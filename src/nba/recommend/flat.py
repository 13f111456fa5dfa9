"""Products as flat cells of text, as tables for other tools have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from nba.vocabulary import decimals

Card = Mapping[str, str | int | None]
PLACES: Final = 4
"""Products of a message that have columns of their own."""
PARTS: Final = ("id", "title", "link", "image_link", "price")
PRODUCT_COLUMNS: Final = tuple(
    f"product_{place}_{part}" for place in range(1, PLACES + 1) for part in PARTS
)
"""Columns of the first products of a message, by rank."""

Cells = tuple[str | None, ...]
"""What `PARTS` names of a product, in order."""


def amount_to_pay(card: Card) -> int | None:
    """Give the price to pay for a product, minor units; None where nobody knows it."""
    price, reduced = card["price"], card["sale_price"]
    known = [one for one in (price, reduced) if isinstance(one, int)]
    return min(known) if known else None


def decimal_of(amount: int, currency: str) -> Decimal:
    """Give minor units as units of a currency, with as many digits as it has."""
    return Decimal(amount).scaleb(-decimals(currency))


def price_of(card: Card) -> str | None:
    """Give the price to pay with its currency, such as `30.00 EUR`; None where it is not known."""
    amount, currency = amount_to_pay(card), str(card["currency"] or "")
    return None if amount is None else f"{decimal_of(amount, currency)} {currency}".rstrip()


def cells_of(product_id: str, card: Card) -> Cells:
    """Give what `PARTS` names of a product."""
    title, link, image = (card[name] for name in ("title", "link", "image_link"))
    texts = [None if one is None else str(one) for one in (title, link, image)]
    return (product_id, texts[0], texts[1], texts[2], price_of(card))


def product_cells(products: Sequence[Cells]) -> dict[str, str | None]:
    """Give a cell for each of `PRODUCT_COLUMNS`, of the products of one message by rank."""
    cells = [cell for one in products[:PLACES] for cell in one]
    return dict(zip(PRODUCT_COLUMNS, [*cells, *[None] * len(PRODUCT_COLUMNS)], strict=False))
