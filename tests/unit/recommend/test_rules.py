"""Pins, bans and links: what a shop decides by hand, and until when."""

from __future__ import annotations

import pytest

from nba.recommend.eligibility import Filters
from nba.recommend.recommender import Recommender
from nba.vocabulary import Relation, Source
from tests.shops import day
from tests.snapshots import Link, snapshot

GRAPH = [
    Link("a", "b", 0.9),
    Link("a", "c", 0.8),
    Link("a", "d", 0.3, Source.CATEGORY_PAIR),
    Link("a", "e", 0.2, Source.CONTENT),
    Link("z", "b", 0.9),
]
PRODUCTS = ("a", "b", "c", "d", "e", "f", "g", "z")


def ask(*rules, products=PRODUCTS, graph=GRAPH, relation=Relation.BOUGHT_TOGETHER, **more):
    return Recommender(snapshot(products, {relation: graph}, rules=rules, **more))


def test_pins_stand_first_by_id_whatever_was_counted():
    slate = ask(
        {"kind": "pin", "target": "g", "source": "a"}, {"kind": "pin", "target": "f"}
    ).bought_together("a")
    assert slate.product_ids == ["f", "g", "b", "c", "d", "e"]
    f, g, b = slate[:3]
    assert (f.source, f.reason.code) == (Source.RULE, "PINNED")
    assert (f.reason.evidence, g.reason.evidence) == ({"from": None}, {"from": "a"})
    assert f.score == g.score == b.score == pytest.approx(0.9)


def test_a_pin_of_what_stands_there_anyway_lifts_it_once():
    slate = ask({"kind": "pin", "target": "d", "source": "a"}).bought_together("a")
    assert slate.product_ids == ["d", "b", "c", "e"]
    assert slate[0].source == Source.RULE


def test_pins_obey_stock_exclusions_the_basket_and_what_was_asked_about():
    products = (*PRODUCTS, {"id": "y", "availability": "out_of_stock"})
    recommender = ask(*({"kind": "pin", "target": one} for one in "afgyz"), products=products)
    slate = recommender.bought_together(["a"], filters=Filters(exclude=["f"], in_basket=["g"]))
    assert slate.product_ids == ["z", "b", "c", "d", "e"]
    assert slate.excluded == {"excluded": 1, "in_basket": 1, "out_of_stock": 1}


def test_a_product_that_nobody_knows_has_no_list_to_pin_to():
    slate = ask({"kind": "pin", "target": "b"}).bought_together("?")
    assert (slate.product_ids, slate.missing_ids) == ([], ("?",))


def test_an_answer_is_named_by_all_that_it_depends_on():
    recommender = ask(
        {"kind": "ban", "target": "b", "valid_from": 120},
        products=(*PRODUCTS[:-1], {"id": "z", "is_durable": True}),
    )
    now, later = "2026-04-01T00:00Z", "2026-06-01T00:00Z"
    names = [
        recommender.bought_together("a", at=now).recommendation_id,
        recommender.bought_together("a", at=later).recommendation_id,
        recommender.bought_together("a", at=now, owned=["z"]).recommendation_id,
    ]
    assert len(set(names)) == 3
    assert recommender.bought_together("a").recommendation_id == names[0]
    assert len({recommender.popular(at=at).recommendation_id for at in (now, later)}) == 2


def test_a_pin_fills_a_list_of_an_unsold_product():
    assert ask({"kind": "pin", "target": "b", "source": "g"}).bought_together("g").product_ids == [
        "b"
    ]


def test_a_ban_holds_even_against_a_pin_a_link_and_the_fallback():
    recommender = ask(
        {"kind": "ban", "target": "b", "source": "a"},
        {"kind": "pin", "target": "b"},
        {"kind": "link", "target": "b", "source": "a"},
        popular=["b", "g"],
    )
    slate = recommender.bought_together("a", fallback="popular")
    assert slate.product_ids == ["c", "d", "e", "g"]
    assert slate.excluded == {"banned": 1}
    assert recommender.bought_together(["z", "a"]).excluded["banned"] == 1
    # The ban is about the lists of a.
    assert recommender.bought_together("z").product_ids == ["b"]


def test_a_ban_from_every_list_holds_for_personal_and_popular_ones_too():
    recommender = ask({"kind": "ban", "target": "b"}, popular=["b", "g"])
    assert recommender.popular().product_ids == ["g"]
    assert recommender.picks("nobody").product_ids == ["g"]
    one_list = {"kind": "ban", "target": "b", "relation": "similar"}
    assert ask(one_list, popular=["b", "g"]).popular().product_ids == ["b", "g"]


def test_a_link_stands_behind_pairs_and_before_what_was_not_counted_for_the_two():
    slate = ask(
        {"kind": "link", "target": "g", "source": "a"},
        {"kind": "link", "target": "e", "source": "a"},
        {"kind": "link", "target": "c", "source": "a"},
        {"kind": "link", "target": "a", "source": "a"},
    ).bought_together("a")
    assert slate.product_ids == ["b", "c", "e", "g", "d"]
    assert [item.source for item in slate] == ["pair", "pair", "rule", "rule", "category_pair"]
    assert slate[2].reason.code == "CATALOGUE_LINK"
    assert slate[2].reason.text == "the shop links it beside A"
    assert slate[2].reason.evidence == {"from": "a"}


def test_a_link_stands_before_a_pair_that_does_not_head_the_list():
    graph = [Link("a", "b", 0.5), Link("a", "d", 0.4, Source.CATEGORY_PAIR), Link("a", "e", 0.1)]
    rules = [{"kind": "link", "target": one, "source": "a"} for one in "ef"]
    slate = ask(*rules, graph=graph).bought_together("a")
    assert slate.product_ids == ["b", "e", "f", "d"]


def test_links_alone_make_a_list_and_count_in_a_basket():
    recommender = ask({"kind": "link", "target": "g"}, graph=[Link("a", "d", 0.4, Source.GROUP)])
    assert recommender.bought_together("f").product_ids == ["g"]
    assert recommender.bought_together(["a", "f"]).product_ids == ["g", "d"]


@pytest.mark.parametrize(
    ("relation", "asked"),
    [
        ("bought_together", "bought_together"),
        ("accessories", "accessories"),
        ("similar", "similar"),
        ("replacements", "replacements"),
        ("upsell", "upsell"),
    ],
)
def test_a_rule_of_one_relation_leaves_the_others_alone(relation, asked):
    recommender = ask({"kind": "pin", "target": "g", "relation": relation})
    for kind in ("bought_together", "accessories", "similar", "replacements", "upsell"):
        found = getattr(recommender, kind)("f").product_ids
        assert found == (["g"] if kind == asked else [])


def test_a_basket_is_completed_under_the_rules_of_both_its_relations():
    recommender = ask(
        {"kind": "pin", "target": "g", "relation": "accessories"},
        {"kind": "ban", "target": "b", "relation": "bought_together"},
        {"kind": "ban", "target": "c", "relation": "similar"},
    )
    assert recommender.complete_basket(["a"]).product_ids == ["g", "c", "d", "e"]


def test_a_rule_holds_from_its_first_instant_to_before_its_last():
    recommender = ask({"kind": "pin", "target": "g", "valid_from": 10, "valid_until": 20})
    for at, holds in ((9.99, False), (10, True), (19.99, True), (20, False), (None, False)):
        moment = None if at is None else day(at)
        found = recommender.bought_together("a", at=moment).product_ids
        assert (found[0] == "g") is holds
    # Without an instant rules hold as of the snapshot's last fact, day 100.
    assert (
        ask({"kind": "pin", "target": "g", "valid_from": 100}).bought_together("a")[0].product_id
        == "g"
    )
