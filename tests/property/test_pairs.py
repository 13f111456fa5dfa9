"""Pair counts against a count in plain Python, and their arithmetic."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import log2

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nba.errors import DataError
from nba.statistics.engines import local
from nba.statistics.pairs import PairCounts
from nba.statuses import CANCELLED
from tests.shops import history

PRODUCTS = st.sampled_from([f"p{number}" for number in range(9)])
CUSTOMERS = st.one_of(st.none(), st.sampled_from(["ann", "bob", "cat", "dan"]))


@st.composite
def shops(draw):
    baskets = draw(
        st.lists(
            st.tuples(CUSTOMERS, st.integers(0, 9), st.lists(PRODUCTS, max_size=7)), max_size=25
        )
    )
    # The list may repeat a product, as two lines of one order do; it still counts once.
    return [(f"o{n:02}", who, day, products) for n, (who, day, products) in enumerate(baskets)]


def count(orders, threads: int = 1) -> PairCounts:
    return local.pair_counts(history(orders).baskets(), threads=threads)


def buyer(order) -> str:
    order_id, customer, _, _ = order
    return f"guest {order_id}" if customer is None else f"customer {customer}"


@given(shops())
def test_counts_equal_those_of_a_plain_loop(orders):
    pair_orders, pair_weight, pair_buyers = Counter(), Counter(), {}
    one_orders, one_weight, one_buyers = Counter(), Counter(), {}
    total_weight, buyers = 0, set()
    filled = [order for order in orders if order[3]]
    for order in filled:
        basket = sorted(set(order[3]))
        weight = round(65536 / log2(1 + len(basket)))
        total_weight += weight
        buyers.add(buyer(order))
        for product in basket:
            one_orders[product] += 1
            one_weight[product] += weight
            one_buyers.setdefault(product, set()).add(buyer(order))
        for pair in combinations(basket, 2):
            pair_orders[pair] += 1
            pair_weight[pair] += weight
            pair_buyers.setdefault(pair, set()).add(buyer(order))

    counts = count(orders)

    names = list(counts.product_ids)
    pairs = [(names[a], names[b]) for a, b in zip(counts.first, counts.second, strict=True)]
    assert names == sorted(one_orders)
    assert pairs == sorted(pair_orders)
    assert counts.orders.tolist() == [pair_orders[pair] for pair in pairs]
    assert counts.weight.tolist() == [pair_weight[pair] for pair in pairs]
    assert counts.customers.tolist() == [len(pair_buyers[pair]) for pair in pairs]
    assert counts.product_orders.tolist() == [one_orders[name] for name in names]
    assert counts.product_weight.tolist() == [one_weight[name] for name in names]
    assert counts.product_customers.tolist() == [len(one_buyers[name]) for name in names]
    assert (counts.order_count, counts.total_weight, counts.customer_count) == (
        len(filled),
        total_weight,
        len(buyers),
    )


@given(shops(), st.sets(st.sampled_from(["ann", "bob", "cat", "dan", None])))
def test_shards_by_customer_add_up_to_the_whole(orders, here):
    mine = count([order for order in orders if order[1] in here])
    theirs = count([order for order in orders if order[1] not in here])
    assert mine + theirs == count(orders)
    assert theirs + mine == mine + theirs


@given(shops(), st.sets(st.sampled_from(["ann", "bob", "cat", "dan", None])))
def test_a_shard_taken_away_leaves_the_rest(orders, here):
    mine = count([order for order in orders if order[1] in here])
    rest = count([order for order in orders if order[1] not in here])
    assert count(orders) - mine == rest


@given(shops())
def test_nothing_is_left_when_everything_is_taken_away(orders):
    assert count(orders) - count(orders) == count([])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shops())
def test_counts_come_back_from_a_file(tmp_path, orders):
    counts = count(orders)
    counts.save(tmp_path / "counts.npz")
    assert PairCounts.load(tmp_path / "counts.npz") == counts


@settings(max_examples=30)
@given(shops())
def test_two_threads_count_what_one_counts(orders):
    assert count(orders, threads=2) == count(orders, threads=1)


@given(shops(), shops())
def test_counts_are_equal_only_if_every_integer_is(some, others):
    pairs = [count(some), count(others)]
    described = [
        {
            name: value.tolist()
            if hasattr(value, "tolist")
            else list(value)
            if name == "product_ids"
            else value
            for name in PairCounts.__dataclass_fields__
            for value in [getattr(one, name)]
        }
        for one in pairs
    ]
    assert (pairs[0] == pairs[1]) == (described[0] == described[1])


def test_counts_equal_no_other_thing():
    assert count([]) != 0


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_a_file_that_holds_no_counts_is_refused(tmp_path, content):
    (tmp_path / "counts.npz").write_bytes(content)
    with pytest.raises(DataError, match="holds no pair counts"):
        PairCounts.load(tmp_path / "counts.npz")


def test_an_absent_file_of_counts_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no pair counts"):
        PairCounts.load(tmp_path / "counts.npz")


def test_large_baskets_weigh_as_the_largest_counted_size():
    bulk = [("o1", "ann", 0, [f"p{number:03}" for number in range(300)])]
    counts = count(bulk)
    assert len(counts) == 300 * 299 // 2
    assert set(counts.weight.tolist()) == {round(65536 / log2(201))}


def test_products_that_were_only_ever_cancelled_are_not_among_the_counted():
    kept = [("o1", "ann", 0, ["cup", "tea"])]
    gone = history([*kept, ("o2", "bob", 1, ["kettle", "tea"])])
    gone.rows.status[1] = CANCELLED
    assert local.pair_counts(gone.baskets()) == count(kept)
