from collections import defaultdict

import numpy as np
import pytest

from nba.domain import DAY
from nba.learn.repurchase.gaps import Gaps
from nba.learn.repurchase.trips import Trips
from tests.shops import history, random_orders, shuffled


def recount(orders, products, as_of_day):
    """Count gaps one by one: (customer, product, day, days until the next or the end, ended)."""
    days = defaultdict(set)
    for _, customer, day, bought in orders:
        for product in bought:
            if customer is not None and product in products:
                days[customer, product].add(int(day))
    rows = []
    for (customer, product), bought in sorted(days.items()):
        ordered = sorted(bought)
        for day, after in zip(ordered, [*ordered[1:], None], strict=True):
            end = as_of_day if after is None else after
            rows.append((customer, product, day, max(end - day, 1), after is not None))
    return rows


@pytest.mark.parametrize("seed", range(5))
def test_gaps_are_those_counted_one_by_one(seed):
    orders = random_orders(seed)
    known = history(shuffled(orders, seed), as_of=120)
    placed = known.baskets(proving_days=0)
    ids = list(placed.product_ids)
    wanted = np.arange(len(ids)) % 4 != 0
    gaps = Gaps.of(placed, known.purchases(), wanted, Trips.of(placed, horizon_days=365))
    end = int(placed.as_of.astype("datetime64[D]").astype(int))
    first = end - 120

    assert [
        (list(placed.customer_ids)[customer], ids[product], since - first, round(days), ended)
        for customer, product, since, days, ended in zip(
            gaps.customer.tolist(),
            gaps.product.tolist(),
            gaps.since.tolist(),
            np.exp(gaps.log_days).tolist(),
            gaps.ended.tolist(),
            strict=True,
        )
    ] == recount(
        orders, {one for one, is_wanted in zip(ids, wanted, strict=True) if is_wanted}, 120
    )


@pytest.mark.parametrize("seed", range(3))
def test_evidence_is_the_gaps_before_and_trips_are_days(seed):
    known = history(random_orders(seed, products=6), as_of=120)
    placed = known.baskets(proving_days=0)
    trips = Trips.of(placed, horizon_days=60)
    gaps = Gaps.of(placed, known.purchases(), np.ones(len(placed.product_ids), np.bool_), trips)

    for cell in np.unique(gaps.cell).tolist():
        evidence = gaps.evidence[gaps.cell == cell]
        assert evidence.tolist() == [0, 1, 2, 2, *[3] * len(evidence)][: len(evidence)]
    days = (placed.at - placed.at.min()) // DAY
    for code in range(len(placed.customer_ids)):
        assert trips.last_day[code] == placed.at[placed.customer == code].max().astype(
            "M8[D]"
        ).astype(int)
        # As many trips of the latest days as there will be, or fewer.
        own = np.unique(placed.at[placed.customer == code].astype("M8[D]"))
        assert trips.ahead[code] <= len(own) * 60 / min(60, int(days.max()) // 2) + 1e-6
