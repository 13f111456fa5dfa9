"""The six-order shop of `tests/shops.py`, counted by hand.

o1  ann    filter kettle
o2  ann    filter kettle tea
o3  bob           kettle tea
o4  guest  filter kettle
o5  cat                  tea
o6  bob    filter kettle tea cup
"""

from __future__ import annotations

import pytest

import nba
from nba.statistics.engines import local
from nba.statistics.pairs import PairSettings, basket_weights
from tests.shops import SIX_ORDERS, catalog, history

# 65536 / log2(1 + size), rounded, for baskets of one to four products.
ONE, TWO, THREE, FOUR = 65536, 41349, 32768, 28225


# What a hand can follow: few pseudo-orders, no trend, no spells, lists of pairs alone.
BY_HAND = nba.TrainConfig.model_validate(
    {
        "copurchase": {
            "smoothing": 0.03,
            "discovery": 0.1,
            "trend": 0,
            "spell_days": 0,
            "fill_to": 0,
        }
    }
)


@pytest.fixture(scope="module")
def counts():
    return local.pair_counts(history(SIX_ORDERS).baskets(), PairSettings())


@pytest.fixture(scope="module")
def recommender():
    listed = catalog("cup", "filter", "kettle", "tea", "spoon")
    return nba.Recommender(nba.train(history(SIX_ORDERS), listed, BY_HAND))


def test_a_basket_weighs_less_the_more_products_it_has():
    assert basket_weights()[:5].tolist() == [0, ONE, TWO, THREE, FOUR]
    assert basket_weights()[200] == round(65536 / 7.651051691178929)
    assert len(basket_weights()) == 201


def test_every_pair_is_counted(counts):
    names = list(counts.products.product_ids)
    found = {
        (names[first], names[second]): (int(orders), int(weight), int(customers))
        for first, second, orders, weight, customers in zip(
            counts.first,
            counts.second,
            counts.orders,
            counts.weight,
            counts.customers,
            strict=True,
        )
    }
    assert found == {
        ("cup", "filter"): (1, FOUR, 1),
        ("cup", "kettle"): (1, FOUR, 1),
        ("cup", "tea"): (1, FOUR, 1),
        ("filter", "kettle"): (4, TWO + THREE + TWO + FOUR, 3),
        ("filter", "tea"): (2, THREE + FOUR, 2),
        ("kettle", "tea"): (3, THREE + TWO + FOUR, 2),
    }


def test_pairs_stand_sorted(counts):
    assert counts.first.tolist() == [0, 0, 0, 1, 1, 2]
    assert counts.second.tolist() == [1, 2, 3, 2, 3, 3]


def test_every_marginal_is_counted(counts):
    assert list(counts.products.product_ids) == ["cup", "filter", "kettle", "tea"]
    assert counts.products.product_orders.tolist() == [1, 4, 5, 4]
    assert counts.products.product_customers.tolist() == [1, 3, 3, 3]
    assert counts.products.product_weight.tolist() == [
        FOUR,
        TWO + THREE + TWO + FOUR,
        TWO + THREE + TWO + TWO + FOUR,
        THREE + TWO + ONE + FOUR,
    ]


def test_every_total_is_counted_and_the_guest_is_a_customer(counts):
    assert counts.products.order_count == 6
    assert counts.products.customer_count == 4
    assert counts.products.total_weight == TWO + THREE + TWO + TWO + ONE + FOUR


def test_what_goes_with_a_kettle_is_scored_by_the_formula(recommender):
    slate = recommender.bought_together("kettle")
    assert slate.product_ids == ["filter", "tea"]  # the cup shared one order only, the floor is two
    # p = 4 of 14 order lines, for filter and tea alike.
    m, p, beta = 0.03, 4 / 14, 0.1
    alone = (3 * TWO + THREE + FOUR) / 65536
    with_filter, with_tea = (2 * TWO + THREE + FOUR) / 65536, (TWO + THREE + FOUR) / 65536
    assert [item.score for item in slate] == pytest.approx(
        [
            (with_filter + m * p) / (alone + m) * p**-beta,
            (with_tea + m * p) / (alone + m) * p**-beta,
        ],
        rel=1e-6,  # scores are stored as float32
    )
    assert [item.score for item in slate] == pytest.approx([0.8743, 0.6237], abs=5e-5)


def test_what_goes_with_a_kettle_is_explained_by_counted_orders(recommender):
    filters, tea = recommender.bought_together("kettle")
    assert filters.reason.evidence == {
        "from": "kettle",
        "orders_together": 4,
        "orders_from": 5,
        "orders_to": 4,
        "orders": 6,
        "customers_together": 3,
        "confidence": 0.8,
        "lift": 1.2,
    }
    assert tea.reason.evidence == {
        "from": "kettle",
        "orders_together": 3,
        "orders_from": 5,
        "orders_to": 4,
        "orders": 6,
        "customers_together": 2,
        "confidence": 0.6,
        "lift": 0.9,
    }
    assert filters.reason.text == "80 % of orders with Kettle also had it"


def test_the_same_pair_looks_different_from_its_other_end(recommender):
    kettle, tea = recommender.bought_together("filter")
    assert (kettle.product_id, tea.product_id) == ("kettle", "tea")
    assert kettle.reason.evidence["confidence"] == 1.0
    assert kettle.reason.evidence["lift"] == 1.2


def test_a_pair_of_too_few_customers_can_be_hidden(recommender):
    assert recommender.bought_together("kettle", min_customers=3).product_ids == ["filter"]


def test_a_basket_is_scored_by_the_mean_and_never_offers_itself(recommender):
    tea = recommender.bought_together(["kettle", "filter"])
    assert tea.product_ids == ["tea"]
    alone = [recommender.bought_together(one) for one in ("kettle", "filter")]
    scores = [item.score for slate in alone for item in slate if item.product_id == "tea"]
    assert tea[0].score == pytest.approx(sum(scores) / 2, rel=1e-6)
    assert tea[0].reason.evidence["from"] == "kettle"  # 0.62 speaks louder than 0.48


def test_bob_buys_again_what_he_bought_often_and_lately(recommender):
    slate = recommender.buy_again("bob")
    assert slate.product_ids == ["kettle", "tea", "filter", "cup"]
    evidence = slate[0].reason.evidence
    assert evidence["probability"] == slate[0].score
    assert (evidence["orders_with"], evidence["orders"]) == (2, 2)
    assert evidence["last_at"] == "2026-01-31T12:00:00Z"
    assert slate[2].reason.evidence["orders_with"] == 1
    # A month teaches nothing, so the chance is the formula's. Of the shop's 4 repurchases in 128
    # days since first purchases, 2 in 49 were of kettles, shrunk with 200 days at the shop's rate.
    kettles_a_day = (2 + 200 * 4 / 128) / (49 + 200)
    exposure = 19 + 0.5 / kettles_a_day
    assert slate[0].score == pytest.approx(1 - (exposure / (exposure + 7)) ** 1.5, rel=1e-6)


def test_popular_is_what_most_orders_of_the_window_hold(recommender):
    slate = recommender.popular()
    assert slate.product_ids == ["kettle", "filter", "tea", "cup"]
    assert [item.score for item in slate] == [5, 4, 4, 1]
    assert slate[0].reason.evidence == {
        "orders": 5,
        "window_days": 90,
        "until": "2026-01-31T12:00:00.000001Z",
    }


def test_the_snapshot_counts_the_shop(recommender):
    assert recommender.snapshot.manifest.counts == {
        "orders": 6,
        "kept_orders": 6,
        "order_lines": 14,
        "customers": 3,
        "guest_orders": 1,
        "products": 5,
        "sold_products": 4,
        # Kettle, filter and tea each with the two others.
        "bought_together_edges": 6,
        "accessories_edges": 0,
        "parts_edges": 0,
        "similar_edges": 20,
        "successors_edges": 0,
        "needs": 0,
        "rules": 0,
    }
