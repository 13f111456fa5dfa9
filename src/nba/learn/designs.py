"""Designs: a product with all its colours and sizes taken as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.learn.assortment import NONE, Assortment


@dataclass(frozen=True, slots=True, eq=False)
class Designs:
    """Groups of variants, and products on their own, as one kind of thing.

    Codes follow the first product of each design, so that ties break by product id.

    Attributes:
        ids: the id of the first product of each design.
        design: int32 per product: its design.
        variants: int32: products sorted by design, then code.
        start: int64 per design + 1: its products are variants[start[d]:start[d + 1]].
        category: int32 per design: the category of its first product; 0 where there is none, so
            that products without a category are alike in that.
        category_count: one more than the greatest category.
    """

    ids: Ids
    design: NDArray[np.int32]
    variants: NDArray[np.int32]
    start: NDArray[np.int64]
    category: NDArray[np.int32]
    category_count: int

    @classmethod
    def of(cls, ids: Ids, types: Assortment) -> Self:
        """Gather the products of `ids` by their group."""
        product = np.arange(len(ids))
        key = np.where(types.group == NONE, -1 - product, types.group)
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        by_product = np.sort(first)
        design = np.searchsorted(by_product, first)[place].astype(np.int32)
        return cls(
            ids.take(by_product),
            design,
            np.argsort(design, kind="stable").astype(np.int32),
            np.append(0, np.cumsum(np.bincount(design, minlength=len(first)))).astype(np.int64),
            (types.category[by_product] + 1).astype(np.int32),
            len(types.categories) + 1,
        )

    def __len__(self) -> int:
        """Count the designs."""
        return len(self.ids)
