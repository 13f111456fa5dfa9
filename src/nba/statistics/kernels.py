"""The compiled loops. Importing this module compiles them once a machine; the cache is on disk.

Signatures are explicit and the loops release the GIL, so that threads share the work. Run
`python -m nba.statistics.kernels` to fill the cache beforehand.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_INTS = "int32[::1]"
_LONGS = "int64[::1]"


@njit(f"Tuple(({_LONGS}, {_INTS}))({_LONGS}, {_INTS}, int64)", cache=True, nogil=True)
def transpose(
    start: NDArray[np.int64], product: NDArray[np.int32], product_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """List the baskets of each product, ascending, by a counting sort.

    Returns:
        (visit_start int64[product_count + 1], visits int32): baskets of product p are
        visits[visit_start[p]:visit_start[p + 1]].
    """
    visit_start = np.zeros(product_count + 1, np.int64)
    for cell in range(len(product)):
        visit_start[product[cell] + 1] += 1
    for one in range(product_count):
        visit_start[one + 1] += visit_start[one]
    place = visit_start[:-1].copy()
    visits = np.empty(len(product), np.int32)
    for basket in range(len(start) - 1):
        for cell in range(start[basket], start[basket + 1]):
            visits[place[product[cell]]] = basket
            place[product[cell]] += 1
    return visit_start, visits


@njit(
    f"int64(int64, int64, {_LONGS}, {_INTS}, {_LONGS}, {_INTS}, {_INTS}, {_LONGS},"
    f" {_LONGS}, {_INTS}, {_INTS}, {_LONGS}, {_INTS})",
    cache=True,
    nogil=True,
)
def count_pairs(
    begin: int,
    end: int,
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    visit_start: NDArray[np.int64],
    visits: NDArray[np.int32],
    customer: NDArray[np.int32],
    weight: NDArray[np.int64],
    partners: NDArray[np.int64],
    partner_out: NDArray[np.int32],
    orders_out: NDArray[np.int32],
    weight_out: NDArray[np.int64],
    customers_out: NDArray[np.int32],
) -> int:
    """Count, for each product in begin:end, its baskets with every product of greater code.

    One product at a time (Gustavson's row-wise product with a dense accumulator); its baskets
    come in order of customer, so a remembered customer tells the distinct ones apart. The
    caller brings room for the answer: growing arrays in here doubles the time to compile.

    Baskets are `start`, `product` with products ascending, `customer` ascending and `weight`
    per basket; `visit_start`, `visits` come from `transpose`. Filled from the front:
    `partners`, int64[end - begin], with the number of partners of each product, and the
    `_out` arrays with one cell a pair, by product and partner.

    Returns:
        The number of pairs.
    """
    product_count = len(visit_start) - 1
    orders = np.zeros(product_count, np.int32)
    weights = np.zeros(product_count, np.int64)
    customers = np.zeros(product_count, np.int32)
    last = np.zeros(product_count, np.int32)
    touched = np.zeros(product_count, np.int32)
    used = 0
    for one in range(begin, end):
        found = 0
        for visit in range(visit_start[one], visit_start[one + 1]):
            basket = visits[visit]
            who = customer[basket]
            much = weight[basket]
            # Products ascend within a basket: walk back from its end until meeting `one`.
            cell = start[basket + 1] - 1
            while product[cell] > one:
                other = product[cell]
                if orders[other] == 0:
                    touched[found] = other
                    found += 1
                    last[other] = who
                    customers[other] = 1
                elif last[other] != who:
                    last[other] = who
                    customers[other] += 1
                orders[other] += 1
                weights[other] += much
                cell -= 1
        touched[:found].sort()
        for place in range(found):
            other = touched[place]
            partner_out[used] = other
            orders_out[used] = orders[other]
            weight_out[used] = weights[other]
            customers_out[used] = customers[other]
            used += 1
            orders[other] = 0
            weights[other] = 0
        partners[one - begin] = found
    return used
