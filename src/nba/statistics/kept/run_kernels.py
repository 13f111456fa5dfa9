"""The compiled loop that adds up runs of pairs; importing this module compiles it once a machine.

A run is the pairs of ascending rows, each pair once, in no order within a row.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from nba.statistics.basket_kernels import LONG, LONGS, PLACES, compiled
from nba.statistics.record_types import PARTNERS
from nba.statistics.records import Partners

_TABLE = types.Array(LONG, 2, "C")


@compiled(LONG(_TABLE, PARTNERS, LONG, LONG, _TABLE, PLACES, LONGS, PARTNERS))
def sum_rows(
    start: NDArray[np.int64],
    cells: Partners,
    least: int,
    least_weight: int,
    sums: NDArray[np.int64],
    touched: NDArray[np.uint32],
    length: NDArray[np.int64],
    pairs: Partners,
) -> int:
    """Add up the pairs of some rows over several runs.

    Args:
        start: int64[runs, rows + 1]: run r has the cells start[r, i]:start[r, i + 1] of row i.
        cells: of all runs; those of one that is taken away have its signs turned.
        least: orders or customers from which on a pair is kept; 0 keeps every pair of which a sum
            is not zero, below zero or above.
        least_weight: weight from which on a pair is kept, unless `least` is 0.
        sums: int64[partners, 3]: room to add up in, all zero, and left so.
        touched: uint32: room for as many as the longest row has cells, over all runs.
        length: filled with the pairs kept of each row.
        pairs: filled from the front with these; has room for one more than there are cells.

    Returns:
        The number of pairs kept; -1 where a sum is below zero and may not be: `sums` is spoiled.
    """
    used = 0
    for row in range(start.shape[1] - 1):
        opened, found = used, 0
        for run in range(start.shape[0]):
            for cell in range(start[run, row], start[run, row + 1]):
                other = cells.row[cell]
                # A partner is noted again if its sums came to nothing in between: they are 0 then.
                one = sums[other]
                if one[0] == 0 and one[1] == 0 and one[2] == 0:
                    touched[found] = other
                    found += 1
                one[0] += cells.orders[cell]
                one[1] += cells.weight[cell]
                one[2] += cells.customers[cell]
        for place in range(found):
            other = touched[place]
            orders, weight, customers = sums[other, 0], sums[other, 1], sums[other, 2]
            sums[other] = 0
            pairs.row[used] = other
            pairs.orders[used] = orders
            pairs.weight[used] = weight
            pairs.customers[used] = customers
            if least == 0:
                used += (orders != 0) | (weight != 0) | (customers != 0)
            elif min(orders, weight, customers) < 0:
                return -1
            else:
                used += (max(orders, customers) >= least) & (weight >= least_weight)
        length[row] = used - opened
    return used
