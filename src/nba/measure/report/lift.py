"""How much more often two things are in one order than chance would put them there."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

PRIOR_ORDERS: Final = 5
"""Orders' worth of belief that two things have nothing to do with one another."""
DEFINITION: Final = (
    f"(orders with both + {PRIOR_ORDERS}) / (orders with both that chance gives + {PRIOR_ORDERS}), "
    "chance being orders with the one x orders with the other / all kept orders; "
    f"the {PRIOR_ORDERS} draw what rests on few orders towards 1, which is as often as chance"
)


def shrunk_lift(
    together: NDArray[np.integer],
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    orders: int,
) -> NDArray[np.float64]:
    """Give the lift of pairs, held to 1 by `PRIOR_ORDERS`, as `DEFINITION` says.

    The mean of a Poisson rate with a gamma prior of mean 1, in units of what chance gives.

    Args:
        together: orders with both.
        first: orders with the one.
        second: orders with the other.
        orders: all of them, 1 or more.
    """
    chance = np.asarray(first, np.float64) * np.asarray(second, np.float64) / orders
    return np.asarray((together + PRIOR_ORDERS) / (chance + PRIOR_ORDERS), np.float64)
