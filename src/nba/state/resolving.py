"""The products of order lines that name none by its id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, or_, select

from nba.checking import Cells
from nba.state.asking import NAMES, parts
from nba.state.tables import PRODUCTS

_P: Final = PRODUCTS.c
_BY_SKU: Final = select(_P.product_id, _P.sku).where(
    or_(_P.product_id.in_(NAMES), _P.sku.in_(NAMES))
)
_TITLES: Final = select(_P.product_id, _P.title)
_VARIANT: Final = re.compile(r"(.*) - .*\Z")
_HASHED: Final = 16


def named_lines(connection: Connection, lines: Iterable[Cells]) -> list[Cells]:
    """Give each line a product id, as an import does.

    A line that names none is looked up by its SKU, then by its title, whole or without the variant
    after its last ` - `; an SKU or a title that several products share finds none of them. One
    that is not found takes its SKU, else a stable id made of its title.
    """
    told = list(lines)
    unnamed = [line for line in told if line["product_id"] is None]
    if not unnamed:
        return told
    skus = _skus(connection, {line["sku"] for line in unnamed if line["sku"]})
    is_titled = any(line["title"] and line["sku"] not in skus for line in unnamed)
    titles = _titles(connection) if is_titled else {}
    return [
        line if line["product_id"] else {**line, "product_id": _found(line, skus, titles)}
        for line in told
    ]


def _found(line: Cells, skus: Mapping[str, str], titles: Mapping[str, str]) -> str:
    sku = line["sku"]
    whole = _folded(line["title"]) if line["title"] else None
    if sku in skus:
        return skus[sku]
    if whole is None:
        return str(sku)
    base = _VARIANT.match(whole)
    found = titles.get(whole) or (titles.get(base[1]) if base else None)
    return found or sku or title_id(whole)


def _skus(connection: Connection, skus: Iterable[str]) -> dict[str, str]:
    """Give SKU, or id in its place → product, of those that mean one product alone."""
    meant: dict[str, set[str]] = {sku: set() for sku in skus}
    for part in parts(list(meant)):
        for product, sku in connection.execute(_BY_SKU, {"names": part}):
            for name in (product, sku):
                if name in meant:
                    meant[name].add(product)
    return {sku: min(products) for sku, products in meant.items() if len(products) == 1}


def _titles(connection: Connection) -> dict[str, str]:
    """Give title → product of all titles that one product alone has."""
    meant: dict[str, list[str]] = {}
    for product, title in connection.execute(_TITLES):
        meant.setdefault(_folded(title), []).append(product)
    return {title: products[0] for title, products in meant.items() if len(products) == 1}


def title_id(title: str) -> str:
    """Give the stable id of a product that only its title names."""
    return f"t_{_hash(_folded(title))}"


def _folded(title: str) -> str:
    return title.strip(" ").lower()


def _hash(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:_HASHED]
