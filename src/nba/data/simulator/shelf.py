"""The products of a simulated shop: what fits what, and which one a need takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nba.vocabulary import ELIGIBLE_AVAILABILITIES


@dataclass(frozen=True, slots=True)
class Product:
    """One product as the truth knows it; money in minor units.

    Attributes:
        nature: `durable`, `consumable`, `accessory` or `spare_part`.
        names: what others may call it in `compatible_with`: id, group, model.
        fits: what it says it fits; empty where it fits anything.
        weight: popularity within its type.
        on_sale: it can be ordered.
    """

    product_id: str
    type: str
    nature: str
    names: frozenset[str]
    fits: frozenset[str]
    price: int
    cost: int
    weight: float
    on_sale: bool

    @property
    def margin(self) -> int:
        """Price less cost."""
        return self.price - self.cost

    @property
    def is_owned_once(self) -> bool:
        """Whether who has one wants no second: all but consumables."""
        return self.nature != "consumable"


class Shelf:
    """All products of a shop, by id and by type."""

    def __init__(self, products: Iterable[Product]) -> None:
        """Sort the products by id and note what can be ordered of each type."""
        in_order = sorted(products, key=lambda one: one.product_id)
        self._product = {one.product_id: one for one in in_order}
        self._of_type: dict[str, list[Product]] = {}
        for one in in_order:
            if one.on_sale:
                self._of_type.setdefault(one.type, []).append(one)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Build from rows of `products` joined with their truth."""
        return cls(
            Product(
                row["product_id"],
                row["type"],
                row["nature"],
                frozenset(
                    name
                    for name in (row["product_id"], row["product_group_id"], row["model"])
                    if name
                ),
                frozenset(
                    part.strip()
                    for part in (row["compatible_with"] or "").split(",")
                    if part.strip()
                ),
                row["price"],
                row["cost"],
                row["weight"] or 0.0,
                row["availability"] in ELIGIBLE_AVAILABILITIES,
            )
            for row in rows
        )

    def __len__(self) -> int:
        """Count the products."""
        return len(self._product)

    def __getitem__(self, product_id: str) -> Product:
        """Give a product the shop has."""
        return self._product[product_id]

    def get(self, product_id: str | None) -> Product | None:
        """Give a product, or None where nobody knows it."""
        return None if product_id is None else self._product.get(product_id)

    def fits(self, product: Product, main_product_id: str | None) -> bool:
        """Tell whether a product goes with a main one; one that names nothing fits anything.

        Where the main one is of the product's own type, as what is used up or worn out, the two
        must fit the same.
        """
        main = self.get(main_product_id)
        if main is None or not product.fits:
            return True
        wanted = main.fits if main.type == product.type else main.names
        return not wanted or bool(product.fits & wanted)

    def mean_margin(self, product_type: str) -> float:
        """Average the margins of the products of a type that can be ordered, by popularity."""
        able = self._of_type.get(product_type, ())
        weight = sum(one.weight for one in able)
        if weight > 0:
            return sum(one.margin * one.weight for one in able) / weight
        return sum(one.margin for one in able) / len(able) if able else 0.0

    def draw(
        self, product_type: str, main_product_id: str | None, owned: Set[str], chance: float
    ) -> Product | None:
        """Choose by popularity among the products of a type that fit and are not owned.

        Args:
            product_type: of the product wanted.
            main_product_id: what it is for, or None.
            owned: ids that are not wanted again.
            chance: 0 <= chance < 1.

        Returns:
            None where no product will do.
        """
        able = [
            one
            for one in self._of_type.get(product_type, ())
            if one.product_id not in owned and self.fits(one, main_product_id)
        ]
        if not able:
            return None
        return able[drawn(np.array([one.weight for one in able]), chance)]


def drawn(weights: NDArray[np.float64], chance: float) -> int:
    """Choose a position in proportion to its weight; evenly where all weigh nothing."""
    total = np.cumsum(weights if weights.sum() > 0 else np.ones(len(weights)))
    return min(int(np.searchsorted(total, chance * total[-1], "right")), len(weights) - 1)
