"""Lists of each relation, from graphs written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nba.errors import ConfigError, DataError, UnknownProductError
from nba.recommend.eligibility import Filters
from nba.recommend.recommender import Recommender
from nba.vocabulary import Relation, Source
from tests.snapshots import Link, snapshot

TOGETHER = Relation.BOUGHT_TOGETHER


def ask(*products, **graphs):
    return Recommender(
        snapshot(products, {Relation(name): links for name, links in graphs.items()})
    )


def test_a_list_names_the_evidence_of_each_item():
    recommender = ask(
        {
            "id": "a",
            "category": "X > A",
            "group": "ga",
            "group_orders": 200,
            "category_orders": 500,
        },
        {"id": "b"},
        {"id": "c"},
        {"id": "d", "group": "gd", "group_orders": 80},
        {"id": "e", "category": "X > E", "category_orders": 400, "orders": 7},
        {"id": "f", "category": "X > A"},
        {"id": "g"},
        bought_together=[
            Link("a", "b", 0.9),
            Link("a", "c", 0.8, Source.CUSTOMERS, 3, 3),
            Link("a", "d", 0.7, Source.GROUP, 40, 9),
            Link("a", "e", 0.6, Source.CATEGORY_PAIR, 100, 60),
            Link("a", "f", 0.5, Source.CONTENT, 0, 0),
            Link("a", "g", 0.4, Source.CATALOGUE_LINK, 0, 0),
        ],
    )
    slate = recommender.bought_together("a")
    assert slate.product_ids == ["b", "c", "d", "e", "f", "g"]
    assert [item.source for item in slate] == [
        "pair", "customers", "group", "category_pair", "content", "catalogue_link",
    ]  # fmt: skip
    assert [(item.reason.code, item.reason.text) for item in slate] == [
        ("BOUGHT_TOGETHER", "10 % of orders with A also had it"),
        ("SAME_CUSTOMERS", "bought within 90 days of A by the same customers"),
        ("GROUP_TOGETHER", "20 % of orders with a variant of A also had a variant of it"),
        ("CATEGORIES_TOGETHER", "20 % of orders with A also had E"),
        ("ALIKE", "shares the category A with A"),
        ("CATALOGUE_LINK", "the catalogue names it beside A"),
    ]
    evidence = [dict(item.reason.evidence) for item in slate]
    assert evidence[0] == {
        "from": "a", "orders_together": 10, "orders_from": 100, "orders_to": 100, "orders": 1000,
        "customers_together": 5, "confidence": 0.1, "lift": 1.0,
    }  # fmt: skip
    assert evidence[1] == {"from": "a", "customers_together": 3, "within_days": 90}
    assert evidence[2] == {
        "from": "a", "group_from": "ga", "group_to": "gd", "orders_together": 40,
        "orders_from": 200, "orders_to": 80, "orders": 1000, "customers_together": 9,
        "confidence": 0.2, "lift": 2.5,
    }  # fmt: skip
    assert evidence[3] == {
        "from": "a", "category_from": "X > A", "category_to": "X > E", "orders_together": 100,
        "orders_from": 500, "orders_to": 400, "orders": 1000, "customers_together": 60,
        "confidence": 0.2, "lift": 0.5, "orders_of_it": 7,
    }  # fmt: skip
    assert evidence[4] == {
        "from": "a", "category": "X > A", "brand": None, "words_shared": 0, "words_from": 1,
        "words_to": 1,
    }  # fmt: skip


def test_a_basket_takes_the_mean_and_the_reason_of_the_loudest():
    recommender = ask(
        "a", "b", "c", "d",
        bought_together=[
            Link("a", "c", 0.75, Source.CATEGORY_PAIR),
            Link("b", "c", 0.25),
            Link("b", "d", 0.5),
            Link("a", "b", 0.9),
        ],
    )  # fmt: skip
    slate = recommender.bought_together(["a", "b", "a", "?"])
    assert [(item.product_id, item.score) for item in slate] == [("c", 0.5), ("d", 0.25)]
    assert slate[0].source == Source.CATEGORY_PAIR
    assert slate[0].reason.evidence["from"] == "a"
    assert slate.missing_ids == ("?",)


def test_pairs_of_few_customers_are_hidden_and_what_rests_on_none_is_not():
    recommender = ask(
        "a", "b", "c", "d",
        bought_together=[
            Link("a", "b", 0.9, customers=3),
            Link("a", "c", 0.8, customers=2),
            Link("a", "d", 0.1, Source.CONTENT, 0, 0),
        ],
    )  # fmt: skip
    assert recommender.bought_together("a", min_customers=3).product_ids == ["b", "d"]
    assert recommender.bought_together("a", min_customers=3).request["min_customers"] == 3
    assert recommender.bought_together("a").product_ids == ["b", "c", "d"]


def test_an_accessory_says_who_came_back_for_it_and_when():
    phones, cases = "Phones", "Phones > phone case"
    made = snapshot(
        [
            {"id": "phone", "category": phones},
            {"id": "case", "category": cases},
            {"id": "new", "category": cases},
            "stand",
        ],
        {
            Relation.ACCESSORIES: [
                Link("phone", "case", 1.0, support=12, lag=7),
                Link("phone", "stand", 0.5, Source.CATALOGUE_LINK, 0, 0),
                Link("phone", "new", 0.2, Source.PREDECESSOR, 1, 9),
            ]
        },
        needs=[
            {"main": phones, "accessory": cases, "owners": 200, "buyers": 30}
            | {"lag_days": 7, "offer_day": 4, "window_days": 90}
        ],
    )
    case, stand, new = Recommender(made).accessories("phone")
    assert case.reason.code == "ACCESSORY"
    assert case.reason.text == (
        "15 % of purchases of Phones were followed by phone case, usually about 7 days on"
    )
    assert case.reason.evidence == {
        "from": "phone", "category_from": phones, "category_to": cases, "customers_together": 12,
        "window_days": 90, "owners": 200, "buyers": 30, "share": 0.15, "lag_days": 7,
        "offer_day": 4,
    }  # fmt: skip
    assert stand.reason.text == "the catalogue names it beside Phone"
    assert (new.source, new.reason.evidence["customers_of_predecessors"]) == ("predecessor", 9)
    hidden = Recommender(made).accessories("phone", min_customers=10)
    assert hidden.product_ids == ["stand"]


def test_what_is_similar_says_what_the_two_share():
    recommender = ask(
        {"id": "a", "title": "Steel kettle 1.7 l", "category": "K", "brand": "Arno"},
        {"id": "b", "title": "Glass kettle, 1.7 l", "category": "K", "brand": "Arno"},
        {"id": "c"},
        {"id": "d"},
        similar=[
            Link("a", "b", 0.9, Source.CONTENT, 0, 0),
            Link("a", "c", 0.8, Source.VIEWS, 12, 7),
            Link("a", "d", 0.7, Source.CUSTOMERS, 4, 4),
        ],
    )
    b, c, d = recommender.similar("a")
    assert b.reason.text == (
        "shares the category K, the brand Arno and 4 words of the title with Steel kettle 1.7 l"
    )
    assert b.reason.evidence["words_from"] == 5
    assert c.reason.evidence == {"from": "a", "sessions_together": 12, "people_together": 7}
    assert d.reason.evidence == {"from": "a", "customers_together": 4, "within_days": None}


def test_an_upsell_costs_more_but_not_much_more():
    prices = {"same": 1000, "up": 1001, "top": 1500, "over": 1501}
    recommender = ask(
        {"id": "old", "price": 1000, "currency": "EUR"},
        {"id": "none"},
        {"id": "dollars", "price": 1200, "currency": "USD"},
        {"id": "sale", "price": 2000, "sale_price": 1400, "currency": "EUR"},
        *({"id": one, "price": price, "currency": "EUR"} for one, price in prices.items()),
        similar=[
            Link("old", one, 1 - place / 10, Source.CONTENT)
            for place, one in enumerate((*prices, "none", "dollars", "sale"))
        ]
        + [Link("none", "up", 1.0)],
    )
    slate = recommender.upsell("old")
    assert slate.product_ids == ["up", "top", "sale"]
    assert [item.reason.code for item in slate] == ["UPSELL"] * 3
    assert slate[1].reason.text.startswith("50 % dearer: ")
    assert (slate[2].reason.evidence["price_from"], slate[2].reason.evidence["price"]) == (
        1000,
        1400,
    )
    assert len(recommender.upsell("none")) == 0


@pytest.mark.parametrize("kind", ["bought_together", "accessories", "similar", "upsell"])
def test_an_unknown_product_is_named_and_strictly_an_error(kind):
    question = getattr(ask("a"), kind)
    assert question("?").missing_ids == ("?",)
    assert len(question("?")) == 0
    with pytest.raises(UnknownProductError, match=r"no product \?"):
        question("?", strict=True)


def test_popular_products_fill_up_only_if_asked_and_outscore_nothing():
    made = snapshot(
        ["a", "b", "c", "d"], {TOGETHER: [Link("a", "b", 0.25)]}, popular=["d", "a", "b", "c"]
    )
    recommender = Recommender(made)
    assert recommender.bought_together("a").fallback is None
    slate = recommender.bought_together("a", fallback="popular", n=3)
    assert slate.product_ids == ["b", "d", "c"]
    assert slate.fallback == "popular"
    assert [item.score for item in slate] == [0.25, 0.25, 0.0625]
    assert [item.source for item in slate] == ["pair", "popular", "popular"]
    assert recommender.bought_together("a", fallback="popular", n=1).fallback is None


def test_what_was_owned_excluded_or_sold_out_is_counted_once():
    recommender = ask(
        "a",
        {"id": "b", "is_durable": True, "group": "g"},
        {"id": "b2", "group": "g"},
        "c",
        {"id": "d", "availability": "out_of_stock"},
        "e",
        bought_together=[Link("a", one, 0.5) for one in ("b", "b2", "c", "d", "e")],
    )
    slate = recommender.bought_together("a", owned=["b", "e"], filters=Filters(exclude=["c"]))
    assert slate.product_ids == ["e"]
    assert slate.excluded == {"excluded": 1, "out_of_stock": 1, "owned": 2}


@pytest.mark.parametrize("at", ["2026-01-01T00:00", "soon"])
def test_an_instant_needs_a_zone(at):
    with pytest.raises(DataError, match="2026-10-01T00:00Z"):
        ask("a").similar("a", at=at)


def test_negative_numbers_and_unknown_words_are_refused():
    with pytest.raises(ConfigError, match="n is -1"):
        ask("a").similar("a", n=-1)
    with pytest.raises(ConfigError, match="random"):
        ask("a").accessories("a", fallback="random")
    with pytest.raises(ConfigError, match="no replacements are called twin"):
        ask("a").replacements("a", kinds=["successor", "twin"])
    with pytest.raises(ConfigError, match="target_total is -5"):
        ask("a").complete_basket(["a"], target_total=-5)


def test_scores_fall_or_stay_through_every_list():
    random = np.random.default_rng(3)
    ids = [f"p{number:02}" for number in range(30)]
    made = snapshot(
        [{"id": one, "price": int(random.integers(100, 900)), "currency": "EUR"} for one in ids],
        {
            relation: [
                Link(first, second, float(random.random() * 10.0 ** random.integers(-3, 3)))
                for first in ids[:10]
                for second in random.choice(ids, 8, replace=False).tolist()
                if second != first
            ]
            for relation in Relation
        },
        rules=[
            {"kind": kind, "target": target, "source": source}
            for kind, target, source in (("pin", "p20", "p01"), ("link", "p21", "p02"))
        ],
        popular=ids,
    )
    recommender = Recommender(made)
    for one in ids[:10]:
        for slate in (
            recommender.bought_together([one, "p03"], fallback="popular", n=30),
            recommender.accessories(one, fallback="popular", n=30),
            recommender.similar(one),
            recommender.replacements(one),
            recommender.upsell(one),
            recommender.complete_basket([one, "p03"], target_total=1500, n=30),
        ):
            scores = [item.score for item in slate]
            assert scores == sorted(scores, reverse=True)
            assert len(set(slate.product_ids)) == len(slate)
            assert not {one} & set(slate.product_ids)
            assert [item.rank for item in slate] == list(range(1, len(slate) + 1))
