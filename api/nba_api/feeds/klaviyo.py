"""Klaviyo's custom catalogue: a flat JSON list of products, in parts of the size it likes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, Field, RootModel

from nba import __version__
from nba.artifacts.products import Card, Products
from nba.artifacts.snapshot import Snapshot
from nba.recommend.flat import amount_to_pay, decimal_of
from nba.vocabulary import AVAILABILITIES, ELIGIBLE_AVAILABILITIES
from nba_api.feeds.links import web_address

PART_BYTES: Final = 50_000_000
"""What Klaviyo recommends a file to stay below; it takes none above twice that."""
_CHUNK_BYTES: Final = 1 << 16
_TRACKED, _ALWAYS = 1, 2
"""Klaviyo's words: hide it when there is none; show it whatever the quantity."""
_UNCODED: Final = "text"
_DISCONTINUED: Final = AVAILABILITIES.index("discontinued")
_MOVING: Final = ("availability", "price", "has_price", "sale_price", "has_sale_price")
"""What the shop says between two trainings; all else of a product is the snapshot's."""


class CatalogueItem(BaseModel, extra="forbid"):
    """A product as Klaviyo has it; what the shop does not say is not there."""

    id: str
    title: str
    link: str
    description: str = Field(description="title and category")
    image_link: str
    price: float = Field(0, description="to pay, in units of the currency")
    regular_price: float = Field(0, description="before the sale, while there is one")
    currency: str = ""
    categories: list[str] = Field([], description="each step of the path, written from the top")
    inventory_policy: int = Field(description="1: hide it when there is none; 2: always show it")
    inventory_quantity: int = Field(0, description="0 of what cannot be ordered")


class CatalogueAnswer(RootModel[list[CatalogueItem]]):
    """What sells, first."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How a catalogue divides.

    Attributes:
        starts: the first place of each part in the order of the catalogue, and where the last ends.
        sizes: bytes of each part.
        counts: products in each part.
        left_out: the required value that is missing → products without it, in all parts together.
    """

    starts: Sequence[int]
    sizes: Sequence[int]
    counts: Sequence[int]
    left_out: Mapping[str, int]


class Catalogue:
    """The products of a snapshot as they stand on the shelf; what sells stands first."""

    def __init__(self, snapshot: Snapshot, part_bytes: int = PART_BYTES) -> None:
        """Look at nothing yet.

        Args:
            snapshot: with its products as they stand.
            part_bytes: how large a part may be.
        """
        self._products = snapshot.products
        self._snapshot_id = snapshot.id
        self._part_bytes = part_bytes

    def version(self) -> bytes:
        """Name the content of the catalogue: the same for the same snapshot, shelf and release."""
        told = sha256(f"{__version__}/{self._snapshot_id}".encode())
        for name in _MOVING:
            told.update(getattr(self._products, name).tobytes())
        return told.digest()

    def measured(self) -> Measured:
        """Write it once for nobody, to know its parts and what it lacks."""
        left_out: Counter[str] = Counter()
        starts, sizes, counts = [0], [2], [0]
        order = self._order()
        for place, code in enumerate(order.tolist()):
            line = line_of(self._products, code)
            if isinstance(line, str):
                left_out[line] += 1
                continue
            if counts[-1] and sizes[-1] + len(line) + 1 > self._part_bytes:
                starts.append(place)
                sizes.append(2)
                counts.append(0)
            sizes[-1] += len(line) + (1 if counts[-1] else 0)
            counts[-1] += 1
        return Measured([*starts, len(order)], sizes, counts, dict(sorted(left_out.items())))

    def part(self, first: int, end: int) -> Iterator[bytes]:
        """Write a part, some products at a time.

        Args:
            first: place of the first product.
            end: place behind the last one.
        """
        chunk, separator = bytearray(b"["), b""
        for code in self._order()[first:end].tolist():
            line = line_of(self._products, code)
            if isinstance(line, str):
                continue
            chunk += separator + line
            separator = b","
            if len(chunk) >= _CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
        yield bytes(chunk + b"]")

    def _order(self) -> NDArray[np.int64]:
        """Give the products that are not discontinued: popular ones, then by orders, then by id."""
        products = self._products
        rank = np.full(len(products), len(products.popular), np.int64)
        rank[products.popular] = np.arange(len(products.popular))
        order = np.lexsort((np.arange(len(products)), -products.orders, rank)).astype(np.int64)
        kept: NDArray[np.int64] = order[products.availability[order] != _DISCONTINUED]
        return kept


class Measures:
    """How the catalogue divides that was asked for last: it is written for that once, not twice."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._last: tuple[bytes, Measured] | None = None
        self._writing = threading.Lock()

    def of(self, version: bytes, catalogue: Catalogue) -> Measured:
        """Give how a catalogue divides; `version` is its own."""
        # One reference is read and written as a whole, whatever other threads do.
        last = self._last
        if last is None or last[0] != version:
            # Who asks meanwhile waits for this one; each would take the same seconds again.
            with self._writing:
                last = self._last
                if last is None or last[0] != version:
                    last = version, catalogue.measured()
                    self._last = last
        return last[1]


def line_of(products: Products, code: int) -> bytes | str:
    """Give a product as Klaviyo has it, or the name of a required value that it lacks."""
    card = products.card(code)
    told = _required(products.ids[code], card)
    if missing := next((name for name, value in told.items() if not value), None):
        return missing
    try:
        return orjson.dumps(told | _optional(card))
    except orjson.JSONEncodeError:
        return _UNCODED


def _required(product_id: str, card: Card) -> dict[str, str | None]:
    """Give what Klaviyo never takes blank."""
    title = str(card["title"] or "").strip()
    category = card["category"]
    return {
        "id": product_id,
        "title": title,
        "link": web_address(card["link"]),
        # The shop tells no description, so its own words of the product stand there.
        "description": f"{title} ({category})" if category else title,
        "image_link": web_address(card["image_link"]),
    }


def _optional(card: Card) -> dict[str, Any]:
    told: dict[str, Any] = {}
    amount, currency = amount_to_pay(card), str(card["currency"] or "")
    if amount is not None:
        told["price"] = float(decimal_of(amount, currency))
        if amount != card["price"] and isinstance(card["price"], int):
            told["regular_price"] = float(decimal_of(card["price"], currency))
        told["currency"] = currency
    if card["category"]:
        steps = str(card["category"]).split(" > ")
        told["categories"] = [" > ".join(steps[: end + 1]) for end in range(len(steps))]
    # How many there are is nobody's business who has the address; that there is none, they see.
    can_be_ordered = card["availability"] in ELIGIBLE_AVAILABILITIES
    told["inventory_policy"] = _ALWAYS if can_be_ordered else _TRACKED
    if not can_be_ordered:
        told["inventory_quantity"] = 0
    return told
