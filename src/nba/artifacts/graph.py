"""A graph of one relation: for each product its neighbours, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ProductGraph:
    """Neighbours as a ragged array.

    Attributes:
        indptr: int64[products + 1]: neighbours of product p are at indptr[p]:indptr[p + 1].
        neighbours: int32, product codes, best score first, ties by code (that is, by id).
        score: float32; comparable within one product's list.
        source: int8, a code of `vocabulary.SOURCES`: which evidence the edge rests on.
        support: int32: how much of it there is; what is counted depends on the source (orders
            with both products, customers with both, sessions with both).
        customers: int32: distinct customers behind it; 0 where nobody is.
        lag: int32: median days from the first product to the second; 0 where none was learned.
    """

    indptr: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    score: NDArray[np.float32]
    source: NDArray[np.int8]
    support: NDArray[np.int32]
    customers: NDArray[np.int32]
    lag: NDArray[np.int32]

    @classmethod
    def empty(cls, product_count: int) -> Self:
        """A graph in which no product has a neighbour."""
        none = np.empty(0, np.int32)
        return cls(
            np.zeros(product_count + 1, np.int64),
            none,
            none.astype(np.float32),
            none.astype(np.int8),
            none,
            none,
            none,
        )

    @classmethod
    def of(
        cls,
        product_count: int,
        first: NDArray[np.integer],
        second: NDArray[np.integer],
        score: NDArray[np.floating],
        *,
        source: NDArray[np.integer] | int,
        support: NDArray[np.integer] | int = 0,
        customers: NDArray[np.integer] | int = 0,
        lag: NDArray[np.integer] | int = 0,
        top_k: int | None = None,
        rung: NDArray[np.integer] | int = 0,
    ) -> Self:
        """Sort edges into a graph.

        Args:
            product_count: how many codes there are.
            first: product code per edge.
            second: the neighbour's; no edge is given twice.
            score: greater is better, among the edges of one rung.
            source: as the attribute; here and below one number stands for all edges.
            support: as the attribute.
            customers: as the attribute.
            lag: as the attribute.
            top_k: edges kept a product; by default all.
            rung: edges of a lower rung stand before all those of a higher one.
        """
        width = len(first)
        wide = {
            name: np.broadcast_to(np.asarray(value), width)
            for name, value in (
                ("source", source),
                ("support", support),
                ("customers", customers),
                ("lag", lag),
                ("rung", rung),
            )
        }
        score = np.asarray(score, np.float32)
        order = _best_first(first, second, score, wide["rung"])
        length = np.bincount(first, minlength=product_count)
        if top_k is not None:
            begin = np.repeat(np.cumsum(length) - length, length)
            order = order[np.arange(width) - begin < top_k]
            length = np.minimum(length, top_k)
        return cls(
            np.append(0, np.cumsum(length)).astype(np.int64),
            second[order].astype(np.int32),
            score[order],
            wide["source"][order].astype(np.int8),
            wide["support"][order].astype(np.int32),
            wide["customers"][order].astype(np.int32),
            wide["lag"][order].astype(np.int32),
        )

    def __len__(self) -> int:
        """Count the edges."""
        return len(self.neighbours)

    def span(self, product: int) -> slice:
        """Where a product's neighbours stand."""
        return slice(int(self.indptr[product]), int(self.indptr[product + 1]))

    def first(self) -> NDArray[np.int32]:
        """Give the source product of every edge, int32."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))


def _best_first(
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    score: NDArray[np.float32],
    rung: NDArray[np.integer],
) -> NDArray[np.int64]:
    """Give the order of edges by first product, rung, falling score and second product."""
    # Bits of floats that are not negative ascend as the floats do, those of others descend; to
    # add zero takes the sign from -0.
    bits = (score + np.float32(0)).view(np.uint32)
    falling = np.where(score < 0, bits, np.uint32(0x7FFFFFFF) - bits)
    row = first.astype(np.int64) << 32
    # Once edges stand by their first product, sorting within the rows is quick.
    order = np.arange(len(first))
    for key in (second, falling, rung):
        order = order[np.argsort((row | key)[order], kind="stable")]
    return order
