"""Pair counts against a count in plain Python, and their arithmetic."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import fields, replace
from itertools import combinations
from math import log2

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nba.data.history import Baskets
from nba.domain import Ids
from nba.errors import DataError
from nba.statistics.engines import local
from nba.statistics.pairs import PairCounts, PairSettings
from nba.statuses import CANCELLED
from tests.shops import history

PRODUCTS = [f"p{number}" for number in range(9)]
NAMED = ["ann", "bob", "cat", "dan"]
CUSTOMERS = st.sampled_from([None, *NAMED])
ASKED = st.builds(
    PairSettings,
    customer_cap=st.integers(1, 4),
    # The last fills a packed sum within five visits, so that most products are counted in parts.
    spell_weight=st.sampled_from([0.0, 0.5, 10_000.0]),
    spell_days=st.integers(0, 6),
)
DOUBTED = st.sets(st.sampled_from(NAMED))
"""Customers who are not proven."""


@st.composite
def shops(draw):
    baskets = draw(
        st.lists(
            st.tuples(
                CUSTOMERS, st.integers(0, 9), st.lists(st.sampled_from(PRODUCTS), max_size=7)
            ),
            max_size=25,
        )
    )
    # The list may repeat a product, as two lines of one order do; it still counts once.
    return [(f"o{n:02}", who, day, products) for n, (who, day, products) in enumerate(baskets)]


def baskets_of(orders, doubted=frozenset()) -> Baskets:
    baskets = history(orders).baskets().over(Ids.of(PRODUCTS))
    names = [*baskets.customer_ids]
    proven = [code >= len(names) or names[code] not in doubted for code in baskets.customer]
    return replace(baskets, proven=np.array(proven, np.bool_))


def count(orders, asked=None, doubted=frozenset(), threads: int = 1) -> PairCounts:
    return local.pair_counts(baskets_of(orders, doubted), asked or PairSettings(), threads=threads)


def buyer(order) -> str:
    order_id, customer, _, _ = order
    return f"guest {order_id}" if customer is None else customer


def damped(size: int) -> int:
    return round(65536 / log2(1 + size))


def spells(baskets, asked):
    """Give the products of each spell of one customer, by a plain loop."""
    waiting = sorted(baskets)
    while waiting and asked.spell_days and asked.spell_weight:
        began = waiting[0][0]
        spell = [basket for basket in waiting if basket[0] <= began + asked.spell_days]
        waiting = waiting[len(spell) :]
        if len(spell) > 1:
            yield set().union(*(products for _, _, products in spell))


@given(shops(), ASKED, DOUBTED)
def test_counts_equal_those_of_a_plain_loop(orders, asked, doubted):
    pair_orders, pair_weight, pair_buyers = Counter(), Counter(), Counter()
    one_orders, one_weight, one_buyers = Counter(), Counter(), Counter()
    by_buyer = defaultdict(list)
    for order in orders:
        if order[3]:
            by_buyer[buyer(order)].append((order[2], order[0], sorted(set(order[3]))))
    for who, baskets in by_buyer.items():
        weighed = [(damped(len(products)), products) for _, _, products in sorted(baskets)]
        for _, products in weighed:
            one_orders.update(products)
            pair_orders.update(combinations(products, 2))
        if who in doubted:
            continue
        for weight, products in weighed:
            one_weight.update(dict.fromkeys(products, weight))
        one_buyers.update({product for _, products in weighed for product in products})
        weighed += [
            (round(asked.spell_weight * damped(len(products))), sorted(products))
            for products in spells(baskets, asked)
        ]
        met = Counter()
        for weight, products in weighed:
            for pair in combinations(products, 2):
                met[pair] += 1
                if met[pair] <= asked.customer_cap:
                    pair_weight[pair] += weight
        pair_buyers.update(met.keys())

    counts = count(orders, asked, doubted)

    pairs = [(PRODUCTS[a], PRODUCTS[b]) for a, b in zip(counts.first, counts.second, strict=True)]
    assert pairs == sorted({*pair_orders, *pair_weight})
    assert counts.orders.tolist() == [pair_orders[pair] for pair in pairs]
    assert counts.weight.tolist() == [pair_weight[pair] for pair in pairs]
    assert counts.customers.tolist() == [pair_buyers[pair] for pair in pairs]
    products = counts.products
    assert products.product_orders.tolist() == [one_orders[name] for name in PRODUCTS]
    assert products.product_weight.tolist() == [one_weight[name] for name in PRODUCTS]
    assert products.product_customers.tolist() == [one_buyers[name] for name in PRODUCTS]
    trusted = by_buyer.keys() - doubted
    assert (products.order_count, products.total_weight, products.customer_count) == (
        sum(len(baskets) for baskets in by_buyer.values()),
        sum(damped(len(products)) for who in trusted for _, _, products in by_buyer[who]),
        len(trusted),
    )


@given(shops(), ASKED, DOUBTED, st.sets(CUSTOMERS))
def test_shards_by_customer_add_up_to_the_whole(orders, asked, doubted, here):
    mine = count([order for order in orders if order[1] in here], asked, doubted)
    theirs = count([order for order in orders if order[1] not in here], asked, doubted)
    assert mine + theirs == count(orders, asked, doubted)
    assert theirs + mine == mine + theirs


@given(shops(), ASKED, DOUBTED, st.sets(CUSTOMERS))
def test_a_shard_taken_away_leaves_the_rest(orders, asked, doubted, here):
    mine = count([order for order in orders if order[1] in here], asked, doubted)
    rest = count([order for order in orders if order[1] not in here], asked, doubted)
    assert count(orders, asked, doubted) - mine == rest


def test_counts_over_other_products_add_up_by_their_ids():
    some, others = [("o1", "ann", 0, ["cup", "tea"])], [("o2", "bob", 0, ["kettle", "tea"])]
    counts = [
        local.pair_counts(history(orders).baskets(), PairSettings())
        for orders in (some, others, some + others)
    ]
    assert counts[0] + counts[1] == counts[2]
    left = counts[2] - counts[1]
    assert (len(left), [*left.products.product_ids]) == (1, ["cup", "kettle", "tea"])
    assert left.products.product_orders.tolist() == [1, 0, 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shops())
def test_counts_come_back_from_a_file(tmp_path, orders):
    counts = count(orders)
    counts.save(tmp_path / "counts.npz")
    assert PairCounts.load(tmp_path / "counts.npz") == counts


@settings(max_examples=30)
@given(shops(), ASKED, DOUBTED)
def test_two_threads_count_what_one_counts(orders, asked, doubted):
    assert count(orders, asked, doubted, 2) == count(orders, asked, doubted)


def described(counts) -> list:
    values = [getattr(counts, field.name) for field in fields(counts)]
    return [
        described(value)
        if hasattr(value, "product_ids")
        else list(value)
        if hasattr(value, "__len__")
        else value
        for value in values
    ]


@given(shops(), shops())
def test_counts_are_equal_only_if_every_integer_is(some, others):
    one, other = count(some), count(others)
    assert (one == other) == (described(one) == described(other))


def test_counts_equal_no_other_thing():
    assert count([]) != 0
    assert count([]).products != 0


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_a_file_that_holds_no_counts_is_refused(tmp_path, content):
    (tmp_path / "counts.npz").write_bytes(content)
    with pytest.raises(DataError, match="holds no pair counts"):
        PairCounts.load(tmp_path / "counts.npz")


def test_an_absent_file_of_counts_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no pair counts"):
        PairCounts.load(tmp_path / "counts.npz")


BULK = [f"p{number:03}" for number in range(300)]


def test_large_baskets_weigh_as_the_largest_counted_size():
    counts = local.pair_counts(history([("o1", "ann", 0, BULK)]).baskets(), PairSettings())
    assert len(counts) == 300 * 299 // 2
    assert set(counts.weight.tolist()) == {round(65536 / log2(201))}


@pytest.mark.parametrize(("together", "pairs"), [(200, 200 * 199 // 2), (202, 2 * 101 * 100 // 2)])
def test_a_spell_of_more_products_than_the_largest_counted_size_says_nothing(together, pairs):
    half = together // 2
    orders = [("o1", "ann", 0, BULK[:half]), ("o2", "ann", 1, BULK[half:together])]
    asked = PairSettings(spell_weight=1.0, spell_days=90)
    assert len(local.pair_counts(history(orders).baskets(), asked)) == pairs


def test_products_that_were_only_ever_cancelled_have_no_orders():
    gone = history([("o1", "ann", 0, ["cup", "tea"]), ("o2", "bob", 1, ["kettle", "tea"])])
    gone.rows.status[1] = CANCELLED
    counts = local.pair_counts(gone.baskets(), PairSettings())
    assert counts.products.product_orders.tolist() == [1, 0, 1]
    assert len(counts) == 1
