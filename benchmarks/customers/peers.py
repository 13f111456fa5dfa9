"""What others would list for a customer, from the formulas of the papers.

Each learns from a cut and gives what ranks for its customers. Nothing is left out because it was
bought before.
"""

from __future__ import annotations

import numpy as np
from cuts import Answer, Cut
from numpy.typing import NDArray
from ranking import by_scores, some_only
from scipy import linalg, sparse

WIDEST_INVERSE = 8_000
"""Products of EASE, the most ordered ones: it inverts a matrix of all of them."""
WIDEST_WALK = 12_000
"""Products of RP3beta, the most ordered ones: all of Ta-Feng."""
WALKED = 200
"""Neighbours a product keeps in RP3beta."""


def tifu_knn(
    cut: Cut, neighbours: float, within: float, between: float, alpha: float, groups: float
) -> Answer:
    """TIFU-KNN (Hu et al. 2020): decayed frequency, blended with that of the nearest customers.

    Args:
        cut: what is known.
        neighbours: the nearest by Euclidean distance, the customer not among them.
        within: decay an order.
        between: decay a group of orders.
        alpha: weight of the customer's own.
        groups: runs of orders, nearly equally long, the longer ones last.
    """
    vectors = sparse.csr_array(cut.cells(_tifu_weight(cut, within, between, int(groups))))
    length = vectors.multiply(vectors).sum(axis=1)
    count = min(int(neighbours), vectors.shape[0] - 2)
    transposed = sparse.csr_array(vectors.T)

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        own = sparse.csr_array(vectors[customers])
        distance = length[None, :] - 2 * (own @ transposed).toarray()
        distance[np.arange(len(customers)), customers] = np.inf
        distance[:, -1] = np.inf  # nobody
        nearest = np.argpartition(distance, count, axis=1)[:, :count]
        start = np.arange(len(customers) + 1) * count
        shape = (len(customers), vectors.shape[0])
        means = sparse.csr_array(
            (np.full(nearest.size, 1 / count), nearest.ravel(), start), shape=shape
        )
        return some_only((alpha * own + (1 - alpha) * (means @ vectors)).toarray())

    return by_scores(cut, score)


def _tifu_weight(cut: Cut, within: float, between: float, groups: int) -> NDArray[np.float64]:
    """Weigh each order by within^orders after it, its group's decay, and the sizes of both."""
    placed, back = cut.placed, cut.back
    total = np.bincount(placed.customer)[placed.customer]
    place = total - 1 - back
    size, longer = total // groups, total % groups
    # The last `longer` groups hold one order more than those before.
    short = (groups - longer) * size
    group = np.where(
        place < short,
        place // np.maximum(size, 1),
        groups - longer + (place - short) // (size + 1),
    )
    length = np.where(place < short, size, size + 1).astype(np.float64)
    few = total < groups
    group, length = np.where(few, place, group), np.where(few, 1, length)
    # As in the authors' code, a short history counts from its first group, not from its last.
    decay = within**back * between ** (groups - 1.0 - group)
    return decay / length / np.minimum(total, groups)


def up_cf(cut: Cut, recency: float, asymmetry: float, locality: float) -> Answer:
    """UP-CF@r (Faggioli et al. 2020): recent popularity of products with customers alike.

    Args:
        cut: what is known.
        recency: orders of each customer that count as recent.
        asymmetry: |both| / (|one|^a |other|^(1 - a)) is how alike two customers are.
        locality: the power it is raised to.
    """
    placed, back = cut.placed, cut.back
    total = np.bincount(placed.customer)[placed.customer]
    recent = np.where(back < recency, 1 / np.minimum(total, recency), 0)
    popularity = sparse.csr_array(cut.cells(recent))
    bought = cut.counts.copy()
    bought.data[:] = 1
    size = np.maximum(bought.sum(axis=1), 1.0)
    transposed = sparse.csr_array(bought.T)

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        alike = (sparse.csr_array(bought[customers]) @ transposed).toarray()
        alike /= size[customers, None] ** asymmetry * size[None, :] ** (1 - asymmetry)
        return some_only(alike**locality @ popularity)

    return by_scores(cut, score)


def als(cut: Cut, factors: float, regularization: float, alpha: float) -> Answer:
    """Alternating least squares of implicit, over log(1 + orders)."""
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=int(factors),
            regularization=regularization,
            alpha=alpha,
            iterations=10,
            random_state=1,
            num_threads=1,
        )
        model.fit(sparse.csr_matrix(_dampened(cut), dtype=np.float32), show_progress=False)
    customer, product = model.user_factors, model.item_factors

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        return (customer[customers] @ product.T).astype(np.float64)

    return by_scores(cut, score)


def ease(cut: Cut, ridge: float) -> Answer:
    """EASE (Steck 2019), over log(1 + orders) of the most ordered products."""
    # B_ij = -P_ij / P_jj off the diagonal, with P = (X'X + ridge I)^-1.
    kept = np.argsort(-cut.popularity, kind="stable")[:WIDEST_INVERSE]
    bought = sparse.csr_array(_dampened(cut)[:, kept])
    gram = (bought.T @ bought).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += ridge
    factor, _ = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    weight = np.tril(inverse) + np.tril(inverse, -1).T
    weight /= -np.diag(inverse)[None, :]
    weight[np.diag_indices_from(weight)] = 0

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        scores = np.full((len(customers), cut.width), -np.inf)
        scores[:, kept] = sparse.csr_array(bought[customers]) @ weight
        return scores

    return by_scores(cut, score)


def rp3beta(cut: Cut, alpha: float, beta: float) -> Answer:
    """RP3beta (Paudel et al. 2016): a walk product, customer, product, over popularity."""
    kept = np.argsort(-cut.popularity, kind="stable")[:WIDEST_WALK]
    profile = sparse.csr_array(_dampened(cut)[:, kept])
    bought = profile.copy()
    bought.data[:] = 1
    holders = np.maximum(bought.sum(axis=0), 1.0)
    size = np.maximum(bought.sum(axis=1), 1.0)
    inward = sparse.diags_array(holders**-alpha) @ bought.T
    outward = sparse.diags_array(size**-alpha) @ bought @ sparse.diags_array(holders**-beta)
    walked = _nearest(sparse.csr_array(inward), sparse.csr_array(outward))

    def score(customers: NDArray[np.int32]) -> NDArray[np.float64]:
        scores = np.full((len(customers), cut.width), -np.inf)
        walks = sparse.csr_array(profile[customers]) @ walked
        scores[:, kept] = some_only(walks.toarray())
        return scores

    return by_scores(cut, score)


def _nearest(inward: sparse.csr_array, outward: sparse.csr_array) -> sparse.csr_array:
    """Multiply, a block of rows at a time, and keep the best of each row."""
    width, block = inward.shape[0], 512
    blocks = []
    for begin in range(0, width, block):
        rows = (sparse.csr_array(inward[begin : begin + block]) @ outward).toarray()
        kept = np.argpartition(-rows, min(WALKED, width - 1), axis=1)[:, :WALKED]
        start = np.arange(len(rows) + 1) * kept.shape[1]
        best = np.take_along_axis(rows, kept, axis=1)
        blocks.append(sparse.csr_array((best.ravel(), kept.ravel(), start), shape=rows.shape))
    walked = sparse.csr_array(sparse.vstack(blocks))
    walked.eliminate_zeros()
    return walked


def _dampened(cut: Cut) -> sparse.csr_array:
    dampened = sparse.csr_array(cut.counts)
    dampened.data = np.log1p(dampened.data)
    return dampened
