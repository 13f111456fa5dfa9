"""The methods whose cost is compared: coded arrays in, for each product its 50 best partners out.

Each is prepared outside the clock, with the arrays in the form it likes to be given them in, and
gives a function that does the work and returns columns (product, partner, count, score).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from lines import Lines
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

TOP_K: Final = 50
MIN_ORDERS: Final = 2
THREADS: Final = 2

Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
Work = Callable[[], Columns]


def ours_shipped(lines: Lines) -> Work:
    """Rank by the score we ship: smoothed share, distinct proven customers, a cap a customer."""
    from nba.config import CoPurchaseConfig
    from nba.learn.evidence.partners import rank_partners
    from nba.statistics import pair_kernels  # noqa: F401 - loaded outside the clock, as the others
    from nba.statistics.engines.this_machine import ThisMachine

    baskets, engine = lines.baskets(), ThisMachine(THREADS)

    def work() -> Columns:
        top = rank_partners("products", baskets, CoPurchaseConfig(), engine, top_k=TOP_K).top
        return top.first(), top.partner, top.orders, top.score

    return work


def ours_llr(lines: Lines) -> Work:
    """Rank by the log-likelihood ratio."""
    from nba.statistics import pair_kernels  # noqa: F401 - loaded outside the clock, as the others
    from nba.statistics.engines import local

    baskets = lines.baskets()

    def work() -> Columns:
        top = local.top_llr(baskets, top_k=TOP_K, min_orders=MIN_ORDERS, threads=THREADS)
        return top.first(), top.partner, top.orders, top.score

    return work


SQL: Final = f"""
WITH alone AS (SELECT product, count(*)::DOUBLE AS n FROM lines GROUP BY product),
orders AS (SELECT count(DISTINCT basket)::DOUBLE AS n FROM lines),
together AS (
    SELECT one.product AS a, two.product AS b, count(*) AS k
    FROM lines one JOIN lines two ON one.basket = two.basket AND one.product < two.product
    GROUP BY ALL HAVING count(*) >= {MIN_ORDERS}
),
cells AS (
    SELECT a, b, k, k::DOUBLE AS k11, one.n - k AS k12, two.n - k AS k21,
        orders.n - one.n - two.n + k AS k22, one.n AS n1, two.n AS n2, orders.n AS n
    FROM together, orders, alone one, alone two
    WHERE one.product = a AND two.product = b AND k::DOUBLE * orders.n > one.n * two.n
),
scored AS (
    SELECT a, b, k, 2 * (
        (k11 * ln(k11 * n / (n1 * n2))
            + CASE WHEN k22 > 0 THEN k22 * ln(k22 * n / ((n - n1) * (n - n2))) ELSE 0 END)
        + (CASE WHEN k12 > 0 THEN k12 * ln(k12 * n / (n1 * (n - n2))) ELSE 0 END
            + CASE WHEN k21 > 0 THEN k21 * ln(k21 * n / ((n - n1) * n2)) ELSE 0 END)
    ) AS llr FROM cells
),
both_ways AS (
    SELECT a AS product, b AS partner, k, llr FROM scored
    UNION ALL SELECT b, a, k, llr FROM scored
)
SELECT product, partner, k, llr FROM both_ways
QUALIFY row_number() OVER (PARTITION BY product ORDER BY llr DESC, partner) <= {TOP_K}
ORDER BY product, llr DESC, partner
"""


def duckdb_llr(lines: Lines) -> Work:
    """Rank by the log-likelihood ratio in SQL."""
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    columns = {"basket": lines.basket(), "product": lines.product}
    connection.register("given", columns)
    connection.execute("CREATE TABLE lines AS SELECT basket, product FROM given")
    connection.unregister("given")

    def work() -> Columns:
        found = connection.execute(SQL).fetchnumpy()
        return found["product"], found["partner"], found["k"], found["llr"]

    return work


def polars_llr(lines: Lines) -> Work:
    """Rank by the log-likelihood ratio, lazily, in the streaming engine."""
    import polars as pl

    given = pl.DataFrame({"basket": lines.basket(), "product": lines.product}).lazy()
    count = float(len(lines.customer))

    def cell(observed: pl.Expr, expected: pl.Expr) -> pl.Expr:
        ratio = (observed * count / expected).log()
        return pl.when(observed > 0).then(observed * ratio).otherwise(0.0)

    def work() -> Columns:
        alone = given.group_by("product").agg(pl.len().cast(pl.Float64).alias("n"))
        together = (
            given.join(given, on="basket")
            .filter(pl.col("product") < pl.col("product_right"))
            .group_by("product", "product_right")
            .agg(pl.len().alias("k"))
            .filter(pl.col("k") >= MIN_ORDERS)
        )
        both = pl.col("k").cast(pl.Float64)
        one, two = pl.col("n"), pl.col("n_right")
        scored = (
            together.join(alone, on="product")
            .join(alone, left_on="product_right", right_on="product")
            .filter(both * count > one * two)
            .with_columns(
                llr=2
                * (
                    cell(both, one * two)
                    + cell(count - one - two + both, (count - one) * (count - two))
                    + (
                        cell(one - both, one * (count - two))
                        + cell(two - both, (count - one) * two)
                    )
                )
            )
        )
        forth = scored.select("product", pl.col("product_right").alias("partner"), "k", "llr")
        back = scored.select(
            pl.col("product_right").alias("product"), pl.col("product").alias("partner"), "k", "llr"
        )
        found = (
            pl.concat([forth, back])
            .sort(["product", "llr", "partner"], descending=[False, True, False])
            .group_by("product", maintain_order=True)
            .head(TOP_K)
            .collect(engine="streaming")
        )
        return tuple(found[name].to_numpy() for name in ("product", "partner", "k", "llr"))

    return work


def _matrix(lines: Lines) -> csr_matrix:
    shape = (len(lines.customer), lines.product_count)
    ones = np.ones(len(lines.product), np.float32)
    return csr_matrix((ones, lines.product, lines.start), shape=shape)


def scipy_llr(lines: Lines) -> Work:
    """Multiply in slices of products, score each slice with numpy, cut it."""

    def work() -> Columns:
        matrix = _matrix(lines)
        turned = matrix.T.tocsr()
        alone = np.diff(turned.indptr).astype(np.float64)
        count = float(len(lines.customer))
        parts = []
        for begin in range(0, lines.product_count, 1_000):
            cells = (turned[begin : begin + 1_000] @ matrix).tocoo()
            first, second = cells.row + begin, cells.col
            both = cells.data.astype(np.float64)
            keep = (both >= MIN_ORDERS) & (first != second)
            keep &= both * count > alone[first] * alone[second]
            first, second, both = first[keep], second[keep], both[keep]
            score = _llr(both, alone[first], alone[second], count)
            order = np.lexsort((second, -score, first))
            rank = np.arange(len(order)) - np.searchsorted(first[order], first[order])
            order = order[rank < TOP_K]
            parts.append((first[order], second[order], both[order].astype(np.int64), score[order]))
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    return work


def _llr(
    both: NDArray[np.float64], one: NDArray[np.float64], two: NDArray[np.float64], count: float
) -> NDArray[np.float64]:
    def cell(observed: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
        some = np.maximum(observed, 1.0)
        return np.where(observed > 0, observed * np.log(some * count / expected), 0.0)

    same = cell(both, one * two) + cell(count - one - two + both, (count - one) * (count - two))
    apart = cell(one - both, one * (count - two)) + cell(two - both, (count - one) * two)
    return 2 * (same + apart)


def sparse_dot_topn_count(lines: Lines) -> Work:
    """Count alone, no score: the 50 greatest counts, and the product itself."""
    from sparse_dot_topn import sp_matmul_topn

    def work() -> Columns:
        matrix = _matrix(lines)
        found = sp_matmul_topn(matrix.T.tocsr(), matrix, TOP_K + 1, sort=True, n_threads=THREADS)
        return _counted(found.indptr, found.indices, found.data)

    return work


def implicit_count(lines: Lines) -> Work:
    """Count alone, no score."""
    from implicit.nearest_neighbours import all_pairs_knn

    def work() -> Columns:
        found = all_pairs_knn(
            _matrix(lines).astype(np.float64), TOP_K + 1, THREADS, show_progress=False
        ).tocsr()
        return _counted(found.indptr, found.indices, found.data)

    return work


def rusket_count(lines: Lines) -> Work:
    """Count alone, no score."""
    from rusket import ItemKNN

    def work() -> Columns:
        model = ItemKNN(method="count", k=TOP_K + 1).fit(_matrix(lines))
        return _counted(model.w_indptr, model.w_indices, model.w_data)

    return work


def _counted(indptr: NDArray[Any], partner: NDArray[Any], count: NDArray[Any]) -> Columns:
    first = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return first, partner, count, count


METHODS: Final[dict[str, Callable[[Lines], Work]]] = {
    "ours, the score we ship": ours_shipped,
    "ours, LLR": ours_llr,
    "DuckDB SQL, LLR": duckdb_llr,
    "Polars, LLR": polars_llr,
    "scipy and numpy, LLR": scipy_llr,
    "sparse_dot_topn, counts only": sparse_dot_topn_count,
    "implicit all_pairs_knn, counts only": implicit_count,
    "rusket ItemKNN, counts only": rusket_count,
}
