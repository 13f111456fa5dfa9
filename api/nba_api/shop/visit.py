"""A visit: all that the storefront knows of who looks stands in the address of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlencode

from nba.checking import trimmed
from nba_api.queries import MAX_BASKET, MAX_ID

HOME: Final = "/shop"
MODEL: Final = "model"
BLOCKS: Final = (MODEL, "popular", "off")
"""What the blocks of the pages show: what was learned, best sellers, nothing."""
MAX_LINES: Final = 40
"""Products of a basket: more would make addresses that servers refuse."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """What the address of a page says of the visitor.

    Attributes:
        customer: whom the visitor chose to be; None for nobody.
        blocks: one of `BLOCKS`.
        basket: pieces by product id, at most `MAX_LINES` products and `MAX_BASKET` pieces.
    """

    customer: str | None = None
    blocks: str = MODEL
    basket: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Pairs) -> Self:
        """Read a visit from the fields of an address or a form; what makes no sense is left out."""
        customer, blocks, lines = None, MODEL, []
        for name, value in said:
            if name == "customer" and len(value) <= MAX_ID:
                customer = trimmed(value) or None
            elif name == "blocks" and value in BLOCKS:
                blocks = value
            elif name == "line":
                pieces, _, product = value.partition(":")
                lines.append((product, _count(pieces)))
        return cls(customer, blocks, _basket(lines))

    def fields(self, others: Mapping[str, str] = NOTHING) -> list[tuple[str, str]]:
        """Give what a link or a form has to carry so that the visit goes on, after other fields."""
        said = [("customer", self.customer)] if self.customer else []
        said += [] if self.blocks == MODEL else [("blocks", self.blocks)]
        lines = [("line", f"{pieces}:{product}") for product, pieces in self.basket.items()]
        return [*others.items(), *said, *lines]

    def address(self, page: str = "", asked: Mapping[str, str] = NOTHING) -> str:
        """Give the address of a page of the shop, on which the visit goes on.

        Args:
            page: below `HOME`; by default that one.
            asked: what the page asks for besides.
        """
        fields = self.fields(asked)
        # Half of a character is none in an address either.
        query = urlencode(fields, encoding="utf-8", errors="replace")
        return "".join((HOME, page and f"/{page}", query and f"?{query}"))

    def showing(self, blocks: str) -> Self:
        """Give the same visit with other blocks."""
        return replace(self, blocks=blocks)

    def being(self, customer: str | None) -> Self:
        """Give the same visit of another customer, or of nobody."""
        return replace(self, customer=customer)

    def holding(self, changes: Iterable[tuple[str, int]]) -> Self:
        """Give the same visit with other pieces of some products; of 0 there is none."""
        return replace(self, basket=_basket([*self.basket.items(), *changes]))

    def adding(self, products: Iterable[str], pieces: int = 1) -> Self:
        """Give the same visit with so many more pieces of each product."""
        return self.holding((one, self.basket.get(one, 0) + pieces) for one in products)

    def pieces(self) -> list[str]:
        """List the products of the basket, each as often as there are pieces of it."""
        return [product for product, count in self.basket.items() for _ in range(count)]


def changes_in(said: Pairs) -> list[tuple[str, int]]:
    """Read how many pieces of which products a form of the basket asks for."""
    products, pieces = (
        [value for name, value in said if name == field] for field in ("product", "pieces")
    )
    return [(one, _count(count)) for one, count in zip(products, pieces, strict=False)]


def pieces_in(said: Pairs) -> int:
    """Read how many pieces to add; 1 where that is not said."""
    return next((_count(value) for name, value in said if name == "pieces"), 1)


def _basket(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Lay lines in a basket until it is full; of a product the last line holds."""
    asked = {product: pieces for product, pieces in lines if 0 < len(product) <= MAX_ID}
    basket: dict[str, int] = {}
    room = MAX_BASKET
    for product, pieces in asked.items():
        if pieces and room and len(basket) < MAX_LINES:
            basket[product] = min(pieces, room)
            room -= basket[product]
    return basket


def _count(text: str) -> int:
    """Read a count of pieces; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
