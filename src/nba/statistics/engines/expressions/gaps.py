"""Gap statistics as expressions over the table of cells: equal to `GapStats.of`.

Training asks for none, as it learns rhythms from the orders of each customer. Who asks studies
repurchases of a shop that no machine holds; that all engines agree is tested all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nba.domain import Ids
from nba.statistics.engines.connections.connection import fetched
from nba.statistics.engines.expressions.cells import NO_PRODUCT
from nba.statistics.engines.expressions.exact import element, one_if, whole_days
from nba.statistics.gaps import GapStats
from nba.statistics.lags import BUCKET_OF, LAG_DAYS

if TYPE_CHECKING:
    import ibis.expr.types as ir


def gap_stats(cells: ir.Table, product_ids: Ids, as_of: np.datetime64) -> GapStats:
    """Count gaps exactly; of each product come back as many rows as there are buckets, twice.

    Args:
        cells: the table of cells.
        product_ids: the ids of its product codes.
        as_of: the instant at which observation ends.
    """
    buckets = len(LAG_DAYS) - 1
    until = int(as_of.astype("datetime64[us]").astype(np.int64))
    rows = fetched(_ends(cells, until, buckets))
    shape = len(product_ids), buckets
    events, ended = np.zeros(shape, np.int64), np.zeros((shape[0], buckets + 1), np.int64)
    product, seen, gaps = rows["product"], rows["seen"], rows["gaps"]
    np.add.at(ended, (product, seen), gaps)
    again = rows["again"] > 0
    events[product[again], seen[again] - 1] = gaps[again]
    # A gap was at risk in every bucket that it was seen in.
    at_risk = ended[:, :0:-1].cumsum(axis=1)[:, ::-1]
    return GapStats(product_ids, as_of, events, np.ascontiguousarray(at_risk))


def _ends(cells: ir.Table, until: int, buckets: int) -> ir.Table:
    """Count gaps by product, by the buckets each was seen in, and by whether it ended in the last.

    Columns: product, seen, again, gaps.
    """
    import ibis

    bought = cells.filter(cells.named & cells.proven & (cells["product"] != NO_PRODUCT))
    of_product = ibis.window(group_by=["customer", "product"], order_by="basket")
    bought = bought.mutate(following=bought.ordered_at.lead().over(of_product))
    known, gap = until - bought.ordered_at, bought.following - bought.ordered_at
    gaps = bought.mutate(observed=_bucket(known), bucket=_bucket(gap).fill_null(buckets))
    again = gaps.following.notnull() & (gaps.bucket < gaps.observed)
    gaps = gaps.select(
        "product",
        again=one_if(again),
        seen=again.ifelse(gaps.bucket + 1, gaps.observed),
    )
    return gaps.group_by("product", "seen", "again").aggregate(gaps=gaps.count())


def _bucket(span: ir.IntegerValue) -> ir.IntegerValue:
    """Give the bucket that microseconds lie in, a null for none."""
    import ibis

    return element(BUCKET_OF, ibis.least(whole_days(span), len(BUCKET_OF) - 1))
