"""Shops with next to nothing in them train, publish, open and answer, if with nothing."""

from __future__ import annotations

import json

import pytest

import nba
from nba.artifacts.registry import open_snapshot
from nba.recommend.eligibility import Filters
from nba.vocabulary import Source
from tests.shops import catalog, history, rows

TWO = {"product_id": "cup", "price": 300}, {"product_id": "cup-2", "successor_of": "cup"}

SHOPS = {
    "nothing at all": ([], []),
    "a catalogue and no order": ([], TWO),
    "one order": ([("o1", "ann", 0, ["cup", "tea"])], []),
    "one order of one product": ([("o1", "ann", 0, ["cup"])], TWO),
    "one product in many orders": ([(f"o{i}", f"c{i}", i, ["cup"]) for i in range(9)], []),
    "guests only": ([(f"o{i}", None, i, ["cup", "tea"]) for i in range(9)], TWO),
    "one customer": ([(f"o{i}", "ann", i, ["cup", "tea"][: 1 + i % 2]) for i in range(9)], []),
    "orders without lines": ([("o1", "ann", 0, []), ("o2", None, 1, [])], TWO),
    "nothing but cancelled orders": ("cancelled", [("o1", "ann", 0, ["cup", "tea"])]),
}


def shop(name):
    first, second = SHOPS[name]
    if first == "cancelled":
        return history(second, status="cancelled"), catalog()
    return history(first), catalog(*second)


@pytest.fixture(params=SHOPS)
def name(request):
    return request.param


def test_every_question_has_an_answer(name, tmp_path):
    trained = nba.train(*shop(name))
    trained.publish(tmp_path)
    opened = open_snapshot(tmp_path)
    assert opened.manifest.digest == trained.manifest.digest
    recommender = nba.Recommender(opened)
    for filters in (Filters(), Filters(category="Tea", min_price=1, exclude=["tea"])):
        for slate in (
            recommender.bought_together("cup", filters=filters),
            recommender.bought_together(["cup", "tea", "?"], filters=filters, fallback="popular"),
            recommender.bought_together([], filters=filters),
            recommender.replacements("cup", filters=filters),
            recommender.picks("ann", filters=filters),
            recommender.picks("?", filters=filters),
            recommender.picks("", filters=filters, fallback=None),
            recommender.buy_again("ann", filters=filters),
            recommender.buy_again("ann", filters=filters, among=["cup", "?"]),
            recommender.popular(filters=filters),
        ):
            json.dumps(slate.to_dict(), allow_nan=False)
            assert (slate.fallback is None) == (
                slate.type == "popular" or not any(item.source == Source.POPULAR for item in slate)
            )


def test_unknown_customers_get_the_popular_list_of_any_shop(name):
    recommender = nba.Recommender(nba.train(*shop(name)))
    popular = recommender.popular()
    assert recommender.picks("?").product_ids == popular.product_ids
    assert recommender.picks("?").fallback == ("popular" if len(popular) else None)


def test_any_shop_gives_one_digest_on_one_and_two_threads(name):
    digests = {nba.train(*shop(name), threads=count).manifest.digest for count in (1, 2)}
    assert len(digests) == 1


def test_a_shop_without_orders_knows_its_catalogue():
    recommender = nba.Recommender(nba.train(*shop("a catalogue and no order")))
    assert recommender.snapshot.manifest.counts["products"] == 2
    assert recommender.bought_together("cup").missing_ids == ()
    assert recommender.replacements("cup").product_ids == ["cup-2"]
    assert recommender.snapshot.collaborative is None


def test_guests_teach_what_goes_together_and_are_no_customers():
    recommender = nba.Recommender(nba.train(*shop("guests only")))
    assert recommender.bought_together("cup").product_ids == ["tea"]
    evidence = recommender.bought_together("cup")[0].reason.evidence
    # Of nine days the orders of the last quarter have not stood long enough to prove anybody.
    assert (evidence["orders_together"], evidence["customers_together"]) == (9, 7)
    assert len(recommender.snapshot.customers) == 0


def test_training_up_to_the_first_order_is_training_on_nothing():
    orders = history([("o1", "ann", 0, ["cup", "tea"])])
    snapshot = nba.train(orders, catalog(), as_of="2026-01-01T12:00:00Z")
    assert snapshot.manifest.counts["orders"] == 0
    assert snapshot.manifest.data_from is None
    assert snapshot.manifest.data_until == "2026-01-01T12:00:00Z"


def test_rows_of_nothing_are_rows():
    assert len(rows([]).order_ids) == 0
