"""A basket completed up to a total."""

from __future__ import annotations

import pytest

from nba.recommend.recommender import Recommender
from nba.vocabulary import Relation
from tests.snapshots import Link, snapshot

PRICES = {"kettle": 3000, "tea": 400, "cup": 700, "cosy": 1000, "tray": 1100, "urn": 9000}


def ask(rules=(), **more):
    products = [{"id": one, "price": price} for one, price in PRICES.items()]
    return Recommender(
        snapshot(
            [*products, "gift", {"id": "set", "price": 5000, "sale_price": 900}, *more.values()],
            {
                Relation.BOUGHT_TOGETHER: [
                    Link("kettle", one, score)
                    for one, score in (("tea", 0.9), ("gift", 0.8), ("urn", 0.7), ("cup", 0.2))
                ],
                Relation.ACCESSORIES: [
                    Link("kettle", one, score)
                    for one, score in (("cosy", 50.0), ("set", 40.0), ("tray", 30.0), ("cup", 20.0))
                ],
            },
            rules=rules,
        )
    )


def test_without_a_total_both_relations_speak():
    slate = ask().complete_basket(["kettle"])
    assert slate.type == "complete_basket"
    assert slate.product_ids == ["cosy", "tea", "gift", "set", "urn", "cup", "tray"]
    assert slate.request == {"product_ids": ["kettle"], "limit": 10}


def test_what_closes_the_gap_stands_first_by_score():
    # 3,800 - 3,000 = 800 are missing; the band is the greater of 240 and 380.
    slate = ask().complete_basket(["kettle"], target_total=3800)
    assert (slate.request["gap"], slate.request["band"]) == (800, 380)
    assert slate.product_ids == ["cosy", "set", "tray", "tea", "gift", "urn", "cup"]
    closing = [item for item in slate if "gap" in item.reason.evidence]
    assert [item.product_id for item in closing] == ["cosy", "set", "tray"]
    assert [item.reason.evidence["price"] for item in closing] == [1000, 900, 1100]
    assert closing[0].reason.text.endswith("; brings the basket to the total")


@pytest.mark.parametrize("total", range(3000, 13000, 250))
def test_the_price_of_what_closes_lies_between_gap_and_band(total):
    slate = ask().complete_basket(["kettle"], target_total=total)
    gap, band = slate.request["gap"], slate.request["band"]
    assert band >= max(0.3 * gap, 0.1 * total) - 1
    closing = [item for item in slate if "gap" in item.reason.evidence]
    assert slate[: len(closing)] == tuple(closing)
    for item in closing:
        price = item.product["sale_price"] or item.product["price"]
        assert gap <= price <= gap + band
        assert item.reason.evidence["price"] == price
    everything = {one: price for one, price in PRICES.items() if one != "kettle"} | {"set": 900}
    assert {item.product_id for item in closing} == {
        one for one, price in everything.items() if gap and gap <= price <= gap + band
    }


@pytest.mark.parametrize("total", [0, 2999, 3000])
def test_a_basket_that_reaches_the_total_has_no_gap(total):
    slate = ask().complete_basket(["kettle"], target_total=total)
    assert slate.request["gap"] == 0
    assert slate.product_ids == ask().complete_basket(["kettle"]).product_ids


def test_a_product_that_stands_twice_is_paid_twice_and_one_on_sale_for_less():
    asked = ask().complete_basket(["tea", "tea", "set"], target_total=2000)
    assert asked.request["gap"] == 2000 - 400 - 400 - 900
    assert asked.request["product_ids"] == ["tea", "tea", "set"]


def test_what_is_unknown_or_has_no_price_is_said():
    slate = ask().complete_basket(["kettle", "gift", "?"], target_total=4000)
    assert slate.request["gap"] == 1000
    assert slate.request["unpriced_ids"] == ["gift"]
    assert slate.missing_ids == ("?",)


def test_prices_in_other_currencies_neither_count_nor_close():
    products = [
        {"id": "kettle", "price": 1000, "currency": "EUR"},
        {"id": "yen", "price": 3000, "currency": "JPY"},
        {"id": "cosy", "price": 3100, "currency": "EUR"},
    ]
    links = [Link("kettle", "yen", 0.9), Link("kettle", "cosy", 0.1)]
    recommender = Recommender(
        snapshot(products, {Relation.BOUGHT_TOGETHER: links, Relation.ACCESSORIES: []})
    )
    slate = recommender.complete_basket("kettle", target_total=4000)
    assert slate.product_ids == ["cosy", "yen"]
    slate = recommender.complete_basket(["kettle", "yen"], target_total=4000)
    assert (slate.request["gap"], slate.request["unpriced_ids"]) == (3000, ["yen"])


def test_a_pin_stands_first_among_those_that_close_the_gap_or_behind_them():
    for target, expected in (("tray", "tray"), ("tea", "cosy")):
        pin = {"kind": "pin", "target": target}
        slate = ask([pin]).complete_basket(["kettle"], target_total=3800)
        assert slate[0].product_id == expected
    assert slate.product_ids[:4] == ["cosy", "set", "tray", "tea"]


def test_an_empty_basket_has_no_complement():
    slate = ask().complete_basket([], target_total=500)
    assert (slate.product_ids, slate.request["gap"]) == ([], 500)
