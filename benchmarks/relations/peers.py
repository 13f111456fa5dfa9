"""What others would list beside a product: every method of the ladder, over the same pairs.

Each method gives a score for every pair of products that share an order (none other is listed by
any method, as `min_customers` = 1 asks); its 50 best a product are its lists, ties by popularity.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg, sparse

from nba.data.history import Baskets
from nba.learn import affinity

TOP_K = 50
TRIALS = 20

Setting = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Seen:
    """The pairs of a training cut.

    Attributes:
        orders: csr[orders, products] of ones.
        start, second: rows of products: partners of p are second[start[p]:start[p + 1]].
        first: int32 per pair.
        both, alone, other: float64 per pair: orders with both, with the first, with the second.
    """

    orders: sparse.csr_array
    start: NDArray[np.int64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    both: NDArray[np.float64]
    alone: NDArray[np.float64]
    other: NDArray[np.float64]

    @classmethod
    def of(cls, placed: Baskets) -> Seen:
        """Count the pairs of training orders."""
        shape = len(placed), len(placed.product_ids)
        ones = np.ones(len(placed.product))
        orders = sparse.csr_array((ones, placed.product, placed.start), shape=shape)
        both = together(orders)
        count = np.bincount(placed.product, minlength=shape[1]).astype(np.float64)
        first = np.repeat(np.arange(shape[1], dtype=np.int32), np.diff(both.indptr))
        return cls(
            orders,
            both.indptr.astype(np.int64),
            first,
            both.indices.astype(np.int32),
            both.data,
            count[first],
            count[both.indices],
        )

    @property
    def every(self) -> int:
        """Count the orders."""
        return int(self.orders.shape[0])

    def lists(self, score: NDArray[np.float64]) -> NDArray[np.int32]:
        """Cut scores to the 50 best partners a product; -1 behind the last."""
        return _best(self.start, self.second, score, self.other, TOP_K)

    def at_pairs(self, matrix: sparse.csr_array) -> NDArray[np.float64]:
        """Read a sparse matrix at the pairs; -inf where it has no entry."""
        matrix = sparse.csr_array(matrix)
        matrix.sort_indices()
        width = len(self.start) - 1
        row = np.repeat(np.arange(width), np.diff(matrix.indptr))
        keys = row * width + matrix.indices
        wanted = self.first.astype(np.int64) * width + self.second
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, matrix.data[place], -np.inf)


def together(
    orders: sparse.csr_array, weight: NDArray[np.float64] | None = None
) -> sparse.csr_array:
    """Count pairs, each order by its weight; no product with itself."""
    weighed = orders if weight is None else sparse.diags_array(weight) @ orders
    pairs = sparse.csr_array(orders.T @ weighed)
    pairs.setdiag(0)
    pairs.eliminate_zeros()
    pairs.sort_indices()
    return pairs


@njit(cache=True)
def _best(start, second, score, tie, top_k):  # noqa: ANN001, ANN202 - compiled
    out = np.full((len(start) - 1, top_k), -1, np.int32)
    held = np.empty(top_k, np.int64)
    for row in range(len(start) - 1):
        count = 0
        for pair in range(start[row], start[row + 1]):
            if score[pair] == -np.inf:
                continue
            place = count
            while place > 0 and (
                score[held[place - 1]] < score[pair]
                or (score[held[place - 1]] == score[pair] and tie[held[place - 1]] < tie[pair])
            ):
                if place < top_k:
                    held[place] = held[place - 1]
                place -= 1
            if place < top_k:
                held[place] = pair
                count = min(count + 1, top_k)
        for place in range(count):
            out[row, place] = second[held[place]]
    return out


def count(seen: Seen) -> NDArray[np.float64]:
    """Orders with both, that is P(j | i)."""
    return seen.both


def jaccard(seen: Seen, least: float) -> NDArray[np.float64]:
    return _enough(seen, least, affinity.jaccard(seen.both, seen.alone, seen.other))


def lift(seen: Seen, least: float) -> NDArray[np.float64]:
    return _enough(seen, least, affinity.lift(seen.both, seen.alone, seen.other, seen.every))


def cosine(seen: Seen, asymmetry: float) -> NDArray[np.float64]:
    return affinity.cosine(seen.both, seen.alone, seen.other, asymmetry=asymmetry)


def log_likelihood(seen: Seen, least: float) -> NDArray[np.float64]:
    ratio = affinity.log_likelihood_ratio(seen.both, seen.alone, seen.other, seen.every)
    return _enough(seen, least, ratio)


def bm25(seen: Seen, k1: float, b: float) -> NDArray[np.float64]:
    """BM25Recommender of implicit."""
    from implicit.nearest_neighbours import BM25Recommender

    model = BM25Recommender(K=300, K1=k1, B=b, num_threads=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it converts what it made itself
        model.fit(sparse.csr_matrix(seen.orders), show_progress=False)
    return seen.at_pairs(model.similarity)


def implicit_cosine(seen: Seen) -> NDArray[np.float64]:
    """CosineRecommender of implicit."""
    from implicit.nearest_neighbours import CosineRecommender

    model = CosineRecommender(K=300, num_threads=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(sparse.csr_matrix(seen.orders), show_progress=False)
    return seen.at_pairs(model.similarity)


def als(
    seen: Seen, factors: float, regularization: float, alpha: float, norm: float
) -> NDArray[np.float64]:
    """Factors of products in orders by implicit; norm 0 = their product, 1 = their cosine."""
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=int(factors),
            regularization=regularization,
            alpha=alpha,
            iterations=10,
            random_state=1,
            num_threads=2,
        )
        model.fit(sparse.csr_matrix(seen.orders, dtype=np.float32), show_progress=False)
    vector = model.item_factors
    length = np.maximum(np.linalg.norm(vector, axis=1), 1e-12) ** norm
    return _products(seen, vector / length[:, None])


def ease(seen: Seen, ridge: float) -> NDArray[np.float64]:
    """Steck 2019, orders as users: B_ij = -P_ij / P_jj with P = (X'X + ridge I)^-1."""
    gram = (seen.orders.T @ seen.orders).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += ridge
    factor, _ = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    # Only the lower triangle is filled.
    low, high = np.minimum(seen.first, seen.second), np.maximum(seen.first, seen.second)
    return -inverse[high, low] / np.diag(inverse)[seen.second]


def rp3beta(seen: Seen, alpha: float, beta: float) -> NDArray[np.float64]:
    """Paudel 2016: a walk product → order → product, over the popularity of where it ends."""
    size = np.diff(seen.orders.indptr).astype(np.float64)
    walked = together(seen.orders, size**-alpha)
    return walked.data * seen.other**-beta


@dataclass(frozen=True)
class Peer:
    """A method and the settings it is tuned over, `TRIALS` at most."""

    name: str
    score: Callable[..., NDArray[np.float64]]
    grid: Mapping[str, tuple[float, ...]]

    def settings(self) -> Iterator[Setting]:
        """Give what it is tuned over."""
        return islice(
            (dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())),
            TRIALS,
        )


_LEAST = {"least": (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150)}
PEERS = (
    Peer("raw count, P(j given i)", count, {}),
    Peer("jaccard (SAR)", jaccard, _LEAST),
    Peer("lift (SAR)", lift, _LEAST),
    Peer("log-likelihood ratio", log_likelihood, _LEAST),
    Peer(
        "cosine, asymmetric",
        cosine,
        {"asymmetry": tuple(round(0.5 + 0.025 * step, 3) for step in range(20))},
    ),
    Peer("implicit cosine", implicit_cosine, {}),
    Peer("implicit BM25", bm25, {"k1": (0.05, 0.2, 1.2, 20, 100), "b": (0, 0.02, 0.1, 0.4)}),
    Peer(
        "implicit ALS",
        als,
        {
            "factors": (16, 64),
            "regularization": (0.05, 1),
            "alpha": (1, 3, 10),
            "norm": (0, 1),
        },
    ),
    # Inverting takes a minute a setting here, and what lies between these changes little.
    # Each ridge inverts a matrix of all products, a minute or more: four that span what helps.
    Peer("EASE", ease, {"ridge": (1e4, 1e5, 1e6, 1e7)}),
    Peer(
        "RP3beta",
        rp3beta,
        {"alpha": (0.1, 0.25, 0.5, 0.75, 1), "beta": (0, 0.03, 0.06, 0.1)},
    ),
)


def _enough(seen: Seen, least: float, score: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(seen.both >= least, score, -np.inf)


def _products(seen: Seen, vector: NDArray[np.float32]) -> NDArray[np.float64]:
    score = np.empty(len(seen.first))
    for begin in range(0, len(score), 1 << 20):
        some = slice(begin, begin + (1 << 20))
        score[some] = np.einsum("ij,ij->i", vector[seen.first[some]], vector[seen.second[some]])
    return score
