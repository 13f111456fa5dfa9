"""Rankers that are asked for the products beside one, and how their answers are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nba.artifacts.graph import ProductGraph
from nba.data.history import Baskets

SHOWN = 10
BOOTSTRAPS = 1_000

Ranker = Callable[[int], list[int]]
"""Gives the best products beside one, at most ten."""


def counts(baskets: Baskets, by: NDArray[np.integer]) -> csr_array:
    """Count, for pairs of products, the different values of `by` (per basket) that hold both."""
    holder = np.repeat(by, baskets.size)
    cells = (np.ones(len(holder)), (holder, baskets.product))
    held = csr_array(cells, shape=(int(by.max()) + 1, len(baskets.product_ids)))
    held.data[:] = 1
    return csr_array(held.T @ held)


def within(matrix: csr_array, category: NDArray[np.int32]) -> csr_array:
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = matrix.copy()
    kept.data = np.where(category[row] == category[matrix.indices], matrix.data, 0)
    return kept


def scaled(matrix: csr_array, power: float) -> csr_array:
    """Divide counts by the popularity of both products to a power: .5 is the cosine."""
    held = matrix.diagonal()
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = matrix.copy()
    kept.data = matrix.data / np.maximum(held[row] * held[matrix.indices], 1) ** power
    return kept


def listed(graph: ProductGraph) -> Ranker:
    return lambda product: graph.neighbours[graph.span(product)][:SHOWN].tolist()


def by_row(scores: csr_array, fallback: NDArray[np.int64]) -> Ranker:
    """Rank by the scores of a row, ties by what comes first in the fallback, which fills up."""
    place = np.empty(len(fallback), np.int64)
    place[fallback] = np.arange(len(fallback))

    def rank(product: int) -> list[int]:
        row = slice(scores.indptr[product], scores.indptr[product + 1])
        known = (scores.indices[row] != product) & (scores.data[row] > 0)
        others, score = scores.indices[row][known], scores.data[row][known]
        best = others[np.lexsort((place[others], -score))][:SHOWN].tolist()
        for one in fallback[: 2 * SHOWN + 1].tolist():
            if len(best) < SHOWN and one != product and one not in best:
                best.append(one)
        return best

    return rank


def bootstrap(hits: NDArray[np.float64], block: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give means of resamples of whole blocks: float64[BOOTSTRAPS, methods]."""
    random = np.random.default_rng(7)
    blocks = int(block.max()) + 1
    size = np.bincount(block, minlength=blocks)
    total = np.stack([np.bincount(block, column, blocks) for column in hits.T], axis=1)
    means = np.empty((BOOTSTRAPS, hits.shape[1]))
    for number in range(BOOTSTRAPS):
        drawn = np.bincount(random.integers(blocks, size=blocks), minlength=blocks)
        means[number] = drawn @ total / (drawn @ size)
    return means


def compare(
    methods: Mapping[str, Ranker],
    asked: NDArray[np.int64],
    wanted: list[set[int]],
    block: NDArray[np.int64],
    width: int,
) -> None:
    """Print HR@10, NDCG@10 and coverage of each method, and its distance to the last one."""
    hits = np.empty((len(asked), len(methods)))
    gains = np.empty_like(hits)
    shown: list[set[int]] = []
    for column, rank in enumerate(methods.values()):
        answers = {product: rank(product) for product in set(asked.tolist())}
        shown.append({one for answer in answers.values() for one in answer})
        for row, (product, found) in enumerate(zip(asked.tolist(), wanted, strict=True)):
            met = [one in found for one in answers[product]]
            ideal = sum(1 / np.log2(2 + place) for place in range(min(len(found), SHOWN)))
            hits[row, column] = any(met)
            gains[row, column] = (
                sum(1 / np.log2(2 + at) for at, hit in enumerate(met) if hit) / ideal
            )
    means = bootstrap(hits, block)
    print(
        "| method | HR@10 | less than the last row by | NDCG@10 | coverage |\n|---|---|---|---|---|"
    )
    for column, name in enumerate(methods):
        low, high = np.quantile(means[:, -1] - means[:, column], [0.025, 0.975])
        low_hr, high_hr = np.quantile(means[:, column], [0.025, 0.975])
        print(
            f"| {name} | {hits[:, column].mean():.4f} ({low_hr:.4f} to {high_hr:.4f}) "
            f"| {low:.4f} to {high:.4f} | {gains[:, column].mean():.4f} "
            f"| {len(shown[column]) / width:.3f} |"
        )
