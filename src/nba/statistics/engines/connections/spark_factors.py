"""Latent factors fitted by Spark, for matrices that no one machine holds twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nba.config import CollaborativeConfig
from nba.statistics.interactions import InteractionMatrix

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BLOCKS: Final = 16
"""Blocks of customers and of products: as many on any cluster, as the start depends on them."""


def product_factors(
    session: SparkSession, matrix: InteractionMatrix, config: CollaborativeConfig, *, seed: int
) -> NDArray[np.float32]:
    """Fit factors of products by Spark's alternating least squares on implicit feedback.

    Hu, Koren, Volinsky 2008, as in `learn.collaborative`, with two differences: a cell weighs
    1 + alpha log(1 + orders), and Spark multiplies the regularization of a row by its cells (Zhou
    et al. 2008). The same seed gives the same factors on the same cluster.

    Args:
        session: of Spark.
        matrix: with one cell or more.
        config: the model's settings.
        seed: of the start.

    Returns:
        float32[products, factors]; a product nobody bought is all zeros.
    """
    import pyarrow as pa
    from pyspark.ml.recommendation import ALS

    owner = np.repeat(np.arange(len(matrix.customer_ids), dtype=np.int32), np.diff(matrix.start))
    orders = np.log1p(matrix.orders).astype(np.float32)
    cells = session.createDataFrame(
        pa.table({"customer": owner, "product": matrix.product, "orders": orders})
    )
    solver = ALS(
        rank=config.factors,
        maxIter=config.iterations,
        regParam=config.regularization,
        alpha=config.alpha,
        implicitPrefs=True,
        seed=seed,
        numUserBlocks=_BLOCKS,
        numItemBlocks=_BLOCKS,
        userCol="customer",
        itemCol="product",
        ratingCol="orders",
    )
    found = solver.fit(cells).itemFactors.toArrow()
    factors = np.zeros((len(matrix.product_ids), config.factors), np.float32)
    values = found["features"].combine_chunks().flatten().to_numpy()
    factors[found["id"].to_numpy()] = values.reshape(len(found), config.factors)
    return factors
