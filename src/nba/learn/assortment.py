"""The assortment: which category and which group of variants each product belongs to, as codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Texts

NONE = -1
"""The code of a product that belongs to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Assortment:
    """Categories and groups over the product codes of a training run.

    Attributes:
        categories: the distinct category paths.
        category: int32 per product: a code of `categories`; `NONE` where the shop names none.
        groups: the distinct ids of groups of variants.
        group: int32 per product: a code of `groups`; `NONE` for a product on its own.
    """

    categories: Ids
    category: NDArray[np.int32]
    groups: Ids
    group: NDArray[np.int32]

    @classmethod
    def of(cls, category: Texts, group: Texts) -> Self:
        """Code category paths and group ids, one text a product, empty where there is none."""
        categories, category_code = _coded(category)
        groups, group_code = _coded(group)
        return cls(categories, category_code, groups, group_code)

    def are_variants(
        self, first: NDArray[np.integer], second: NDArray[np.integer]
    ) -> NDArray[np.bool_]:
        """Tell, per pair of product codes, whether both are variants of one group."""
        group = self.group[first]
        return np.asarray((group != NONE) & (group == self.group[second]), np.bool_)


def _coded(texts: Texts) -> tuple[Ids, NDArray[np.int32]]:
    given = list(texts)
    names = Ids.of(one for one in given if one)
    code = {name: number for number, name in enumerate(names)} | {"": NONE}
    return names, np.fromiter((code[one] for one in given), np.int32, len(given))
