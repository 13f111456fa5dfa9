"""Lags counted by SQL engines are those of the kernel, to the last integer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data.history import Baskets
from nba.domain import Ids
from nba.statistics import lag_pairs
from nba.statistics.engines.connections.connection import Connection, fetched
from nba.statistics.engines.connections.holding import Scratch
from nba.statistics.engines.expressions.cells import Orders
from nba.statistics.engines.expressions.lags import lag_counts
from nba.statistics.lags import Followed, LagCounts, shared_customers
from nba.statistics.lags import lag_counts as counted_here
from tests.contract.counters import of_all
from tests.engines import ENGINES, reached
from tests.shops import day

NAMED = 6
"""Customers with an id; one of a higher code is a guest."""
TYPES = Ids.of(["case", "cover", "glass", "phone", "tea"])
CODE = np.array([0, 1, 2, 3, 4, 4, -1, 3], np.int32)
"""Products 4 and 5 are of one type, 3 and 7 of another, and 6 is of none."""
DELIVERY = 3
END = 420

Order = tuple[int, float, Sequence[int], float | None]
"""(customer, day, products, days to the delivery or None)."""


def baskets_of(orders: Sequence[Order], *, unproven: Sequence[int] = ()) -> Baskets:
    """Put orders of codes in the order of customers and days, ties as they are given."""
    orders = sorted(orders, key=lambda order: order[:2])
    customer = np.array([order[0] for order in orders], np.int32)
    late = [None if order[3] is None else day(order[1] + order[3]) for order in orders]
    products = [sorted(set(order[2])) for order in orders]
    return Baskets(
        Ids.of([f"p{number}" for number in range(len(CODE))]),
        Ids.of([f"c{number}" for number in range(NAMED)]),
        NAMED + int((np.unique(customer) >= NAMED).sum()),
        customer,
        np.array([day(order[1]) for order in orders], "datetime64[us]"),
        np.array(late, "datetime64[us]"),
        ~np.isin(customer, unproven),
        np.append(0, np.cumsum([len(held) for held in products])).astype(np.int64),
        np.array([one for held in products for one in held], np.int32),
        day(END),
    )


def drawn(seed: int, count: int) -> Baskets:
    """Draw orders at few hours, so that many are at one instant or whole days apart.

    Deliveries are unknown, before the order, on a later day, or after the end.
    """
    random = np.random.default_rng(seed)
    waits = [None, None, -1.0, 0.0, 0.5, 2.0, 2.0 + 1e-6 / 86_400, 9.0, 500.0]
    orders = [
        (
            # Some customers order much more often than others.
            int(NAMED * random.random() ** 2.5) if random.random() < 0.9 else NAMED + number,
            float(random.integers(2 * END) / 2),
            random.choice(len(CODE), size=random.integers(1, 4), replace=False).tolist(),
            waits[random.integers(len(waits))],
        )
        for number in range(count)
    ]
    return baskets_of(orders, unproven=[1])


def spread(baskets: Baskets, times: int) -> Baskets:
    """Let many customers share the orders that a few would make."""
    named = baskets.customer < NAMED
    part = np.arange(len(baskets)) % times
    customer = np.where(named, baskets.customer * times + part, baskets.customer * times)
    order = np.lexsort((np.arange(len(baskets)), customer))
    cells = np.repeat(np.argsort(order), baskets.size)
    return replace(
        baskets,
        customer_ids=Ids.of([f"c{number:05}" for number in range(NAMED * times)]),
        customer=customer[order].astype(np.int32),
        at=baskets.at[order],
        delivered_at=baskets.delivered_at[order],
        proven=baskets.proven[order],
        start=np.append(0, np.cumsum(baskets.size[order])).astype(np.int64),
        product=baskets.product[np.argsort(cells, kind="stable")],
    )


@pytest.fixture(scope="module")
def sample() -> Baskets:
    return spread(drawn(11, 2000), 40)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Connection]:
    with reached(request.param) as connection:
        yield connection


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Connection]:
    with reached("duckdb") as connection:
        yield connection


def followed(baskets: Baskets) -> Followed:
    return Followed.of(baskets.coarsened(CODE, TYPES), delivery_days=DELIVERY)


def counted_there(connection: Connection, baskets: Baskets, **options) -> LagCounts:
    with connection.uploaded(Orders.of(baskets).batches()) as cells:
        about = CODE, TYPES, baskets.as_of
        asked = of_all(followed(baskets)) | options
        return lag_counts(connection, cells, *about, delivery_days=DELIVERY, **asked)


def assert_equal(found: LagCounts, expected: LagCounts) -> None:
    assert found.types == expected.types
    assert found.as_of == expected.as_of
    for field in fields(LagCounts):
        if field.name not in ("types", "as_of"):
            one, other = getattr(found, field.name), getattr(expected, field.name)
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other, field.name)


OPTIONS = {
    "min_shared": 3,
    "mains": np.array([True, True, False, True, True]),
}


@pytest.mark.parametrize("options", [{}, OPTIONS], ids=["all", "some"])
def test_lags_of_2000_baskets_are_those_of_the_kernel(engine, sample, options) -> None:
    expected = counted_here(followed(sample), **options)
    assert len(sample) == 2000
    assert all(getattr(expected, one.name).any() for one in fields(LagCounts)[2:])
    assert_equal(counted_there(engine, sample, **options), expected)


def test_what_lies_at_a_bound_is_on_the_same_side_of_it_everywhere(engine) -> None:
    moment = 1e-6 / 86_400
    orders = [
        # An event on the day of the arrival, a moment before it, and at its very instant.
        *[(0, 0, [3], 2), (0, 2, [0], None), (0, 2 - moment, [1], None), (0, 9, [2], None)],
        # Two orders at one instant: the second was never at risk, nor is the first ended soon.
        *[(1, 5, [3], 0), (1, 5, [0], 0), (1, 5, [3, 1], 0), (1, 80, [0, 3], None)],
        # Delivered before it was ordered, and after all was over.
        *[(2, 50, [3], -9), (2, 60, [0], 1000), (2, 61, [1], 0)],
        # The middle of a bucket at the bound of a period, and a moment beside it.
        *[(3, END - 28.5, [3], 0), (3, END - 28.5 + moment, [0], 0), (3, END - 56.5, [1], 0)],
        # Followed through whole buckets, and a moment less; ordered at the end.
        *[(4, END - 10, [3], 0), (4, END - 8 + moment, [0], 0), (4, END - moment, [1], 0)],
        # An order of nothing that has a type counts as an order all the same.
        *[(5, 1, [6], None), (5, 2, [3, 7], None), (5, 3, [6], None), (5, 30, [4, 5], None)],
    ]
    baskets = baskets_of(orders)
    assert_equal(counted_there(engine, baskets), counted_here(followed(baskets)))


def test_nobody_to_follow_counts_nothing(engine) -> None:
    nobody = baskets_of([(0, 1, [3], None), (NAMED, 9, [0], None)], unproven=[0])
    found = counted_there(engine, nobody)
    assert_equal(found, counted_here(followed(nobody)))
    assert not found.owners.any()


def test_no_orders_and_no_types_count_nothing(duckdb) -> None:
    nothing = baskets_of([])
    assert_equal(counted_there(duckdb, nothing), counted_here(followed(nothing)))
    with duckdb.uploaded(Orders.of(nothing).batches()) as cells:
        about = np.full(len(CODE), -1, np.int32), Ids.of([]), nothing.as_of
        asked = {"min_shared": 1, "mains": np.ones(0, np.bool_), "shared": np.zeros((0, 0), int)}
        assert not len(lag_counts(duckdb, cells, *about, delivery_days=DELIVERY, **asked))


@given(
    st.lists(
        st.tuples(
            st.integers(0, NAMED),
            st.integers(0, 4 * END - 1).map(lambda quarter: quarter / 4),
            st.sets(st.integers(0, len(CODE) - 1), min_size=1, max_size=4),
            st.none() | st.integers(-4, 60).map(lambda quarter: quarter / 4),
        ),
        max_size=40,
    ),
    st.integers(0, 3),
)
@settings(max_examples=5, deadline=None)
def test_lags_of_any_history_are_those_of_the_kernel(duckdb, orders, min_shared) -> None:
    baskets = baskets_of(orders, unproven=[2])
    expected = counted_here(followed(baskets), min_shared=min_shared)
    assert_equal(counted_there(duckdb, baskets, min_shared=min_shared), expected)


def test_of_too_many_pairs_those_of_most_customers_are_kept_ties_by_code(
    duckdb, sample, monkeypatch
) -> None:
    monkeypatch.setattr(lag_pairs, "PAIR_LIMIT", 7)
    expected = counted_here(followed(sample))
    assert len(expected) == 7
    assert_equal(counted_there(duckdb, sample), expected)


def test_orders_may_come_coarsened_and_shared_customers_counted(duckdb, sample) -> None:
    orders = followed(sample)
    assert (np.diff(orders.start) == 0).any()
    shared, code = shared_customers(orders) // 2, np.arange(len(TYPES), dtype=np.int32)
    least = int(np.median(shared[shared > 0]))
    expected = counted_here(orders, min_shared=least, shared=shared)
    assert 0 < len(expected) < len(counted_here(orders, min_shared=least))
    with duckdb.uploaded(Orders.followed(orders).batches()) as cells:
        about = code, TYPES, sample.as_of
        asked = of_all(orders) | {"min_shared": least, "shared": shared}
        assert_equal(lag_counts(duckdb, cells, *about, delivery_days=0, **asked), expected)


def test_a_table_that_was_held_is_gone_in_the_end_whatever_happened(engine, sample) -> None:
    with engine.uploaded(Orders.of(sample).batches()) as cells:
        rows = cells.group_by("customer").aggregate(orders=cells.basket.nunique())
        names = []

        def count() -> None:
            with closing(Scratch()) as scratch:
                table = scratch.keep(rows)
                names.append(table.get_name())
                assert len(fetched(table)["orders"]) == len(np.unique(sample.customer))
                raise LookupError

        with pytest.raises(LookupError):
            count()
        with pytest.raises(Exception, match=names[0]):
            engine.backend.raw_sql(f"SELECT * FROM {names[0]}")
