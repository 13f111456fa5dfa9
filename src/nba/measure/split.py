"""Honest splits: one instant for everybody; what lies after it is the truth to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nba.data.history import OrderHistory
from nba.domain import DAY, iso
from nba.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class TimeSplit:
    """A history cut in two.

    Attributes:
        train: what was known before `test_from`.
        truth: customer id → ids of the products bought in [test_from, test_until).
        test_from, test_until: the window.
    """

    train: OrderHistory
    truth: Mapping[str, frozenset[str]]
    test_from: np.datetime64
    test_until: np.datetime64


def split_at(
    history: OrderHistory, test_from: np.datetime64, *, horizon_days: int = 28
) -> TimeSplit:
    """Cut at one instant for all customers.

    Args:
        history: kept purchases of identified customers become the truth.
        test_from: the first instant of the truth.
        horizon_days: its length.

    Raises:
        DataError: nothing was bought before, or nothing after.
    """
    test_until = test_from + horizon_days * DAY
    train = history.until(test_from)
    if not len(train):
        raise DataError(f"no order before {iso(test_from)}; choose a later --test-from")
    baskets = history.baskets()
    tested = (
        (baskets.at >= test_from)
        & (baskets.at < test_until)
        & (baskets.customer < len(baskets.customer_ids))
    )
    truth: dict[str, set[str]] = {}
    for basket in np.flatnonzero(tested).tolist():
        products = baskets.product[baskets.start[basket] : baskets.start[basket + 1]]
        bought = truth.setdefault(baskets.customer_ids[int(baskets.customer[basket])], set())
        bought.update(baskets.product_ids[int(code)] for code in products)
    if not truth:
        raise DataError(
            f"nobody with an id bought in the {horizon_days} days from {iso(test_from)}; "
            "choose an earlier --test-from"
        )
    frozen = {customer: frozenset(truth[customer]) for customer in sorted(truth)}
    return TimeSplit(train, frozen, test_from, test_until)
