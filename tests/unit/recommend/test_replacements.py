"""Replacements: successors first, chains and loops followed, then substitutes, parts if asked."""

from __future__ import annotations

import pytest

from nba.recommend.recommender import Recommender
from nba.vocabulary import Relation, Source
from tests.snapshots import Link, snapshot

LINK = Source.CATALOGUE_LINK
GONE = "discontinued"


def gone(identifier, availability=GONE):
    return {"id": identifier, "availability": availability}


def ask(*products, successors=(), similar=(), parts=(), rules=(), needs=()):
    graphs = {
        Relation.SUCCESSORS: successors,
        Relation.SIMILAR: similar,
        Relation.PARTS: parts,
    }
    return Recommender(snapshot(products, graphs, rules=rules, needs=needs))


def test_a_chain_is_followed_to_what_can_be_ordered():
    recommender = ask(
        gone("v1"), gone("v2"), gone("v3", "out_of_stock"), gone("v4", "preorder"), gone("v5"),
        successors=[
            Link(f"v{one}", f"v{one + 1}", 1.0, source)
            for one, source in zip((1, 2, 3, 4), (LINK, Source.VERSION, LINK, LINK), strict=True)
        ],
    )  # fmt: skip
    (item,) = recommender.replacements("v1")
    assert item.product_id == "v4"
    assert item.source == Source.VERSION
    assert item.reason.code == "SUCCESSOR"
    assert item.reason.text == "the newer version of V1, by way of v2 and v3"
    assert item.reason.evidence == {"from": "v1", "via": "v2 → v3"}
    (item,) = recommender.replacements("v3")
    assert (item.product_id, item.source) == ("v4", LINK)
    assert item.reason.text == "succeeds V3 in the catalogue"
    assert item.reason.evidence["via"] is None


def test_the_newest_generation_stands_first_and_of_one_the_best_edge():
    recommender = ask(
        gone("old"), "a", "b", gone("c"), "d",
        successors=[
            Link("old", "a", 0.1), Link("old", "b", 0.9), Link("old", "c", 0.95),
            Link("c", "d", 1.0),
        ],
    )  # fmt: skip
    assert recommender.replacements("old").product_ids == ["d", "b", "a"]


def test_what_succeeds_a_successor_is_newer_however_short_the_way_to_it():
    recommender = ask(
        gone("a"), "b", "c",
        successors=[Link("a", "b", 0.9), Link("a", "c", 0.8), Link("b", "c", 1.0)],
    )  # fmt: skip
    first, second = recommender.replacements("a")
    assert (first.product_id, second.product_id) == ("c", "b")
    assert first.reason.evidence["via"] == "b"


@pytest.mark.parametrize("way_out", [False, True])
def test_loops_end(way_out):
    edges = [Link("a", "b", 1.0), Link("b", "c", 1.0), Link("c", "a", 1.0)]
    recommender = ask(
        gone("a"), gone("b"), gone("c"), "d",
        successors=edges + ([Link("c", "d", 0.5)] if way_out else []),
    )  # fmt: skip
    for one in "abc":
        assert recommender.replacements(one).product_ids == (["d"] if way_out else [])


def test_a_loop_that_leads_home_replaces_nothing():
    recommender = ask("a", gone("b"), successors=[Link("a", "b", 1.0), Link("b", "a", 1.0)])
    assert recommender.replacements("a").product_ids == []
    assert recommender.replacements("b").product_ids == ["a"]


def test_behind_the_successor_stand_substitutes_and_without_it_they_are_no_dead_end():
    similar = [Link("old", "x", 5.0, Source.CONTENT), Link("old", "y", 4.0, Source.VIEWS, 9, 8)]
    recommender = ask(
        gone("old"), "new", "x", "y", successors=[Link("old", "new", 1.0, LINK)], similar=similar
    )
    slate = recommender.replacements("old")
    assert slate.product_ids == ["new", "x", "y"]
    assert [item.reason.code for item in slate] == ["SUCCESSOR", "SUBSTITUTE", "SUBSTITUTE"]
    assert slate[2].reason.text == "can stand in: viewed in the same visits as Old"
    assert slate[2].reason.evidence["sessions_together"] == 9
    without = ask(gone("old"), "x", "y", similar=similar)
    assert without.replacements("old").product_ids == ["x", "y"]
    assert without.replacements("old", kinds="successor").product_ids == []
    assert recommender.replacements("old", kinds=["substitute", "successor"]).product_ids == [
        "x", "y", "new",
    ]  # fmt: skip


def test_a_banned_successor_is_passed_by():
    recommender = ask(
        gone("v1"), "v2", "v3",
        successors=[Link("v1", "v2", 1.0), Link("v2", "v3", 1.0)],
        rules=[{"kind": "ban", "source": "v1", "target": "v2", "relation": "replacements"}],
    )  # fmt: skip
    slate = recommender.replacements("v1")
    assert slate.product_ids == ["v3"]
    assert slate[0].reason.evidence["via"] == "v2"


def test_a_successor_may_be_a_variant():
    recommender = ask(
        {"id": "old", "group": "g", "availability": GONE},
        {"id": "new", "group": "g"},
        successors=[Link("old", "new", 1.0)],
    )
    assert recommender.replacements("old").product_ids == ["new"]


def test_spare_parts_and_refills_come_when_asked_with_their_age():
    products = [
        {"id": "razor", "category": "razor"},
        {"id": "blades", "category": "blades"},
        {"id": "battery", "category": "battery"},
    ]
    needs = [
        {"main": "razor", "accessory": "blades", "kind": "refill", "owners": 10, "buyers": 9}
        | {"lag_days": 60, "offer_day": 50, "window_days": 120},
        {"main": "razor", "accessory": "battery", "kind": "spare_part", "owners": 10, "buyers": 1}
        | {"lag_days": 0},
    ]
    recommender = ask(
        *products,
        parts=[Link("razor", "blades", 2.0, lag=60), Link("razor", "battery", 1.0)],
        needs=needs,
    )
    assert recommender.replacements("razor").product_ids == []
    (part,) = recommender.replacements("razor", kinds="spare_part")
    assert (part.product_id, part.reason.code) == ("battery", "SPARE_PART")
    assert part.reason.evidence["lag_days"] is None
    assert part.reason.evidence["offer_day"] is None
    slate = recommender.replacements("razor", kinds=("refill", "spare_part"))
    assert slate.product_ids == ["blades", "battery"]
    assert slate[0].reason.code == "REFILL"
    assert slate.request["kinds"] == ["refill", "spare_part"]


def test_a_product_nobody_knows_is_missing():
    slate = ask("a").replacements("?")
    assert (slate.product_ids, slate.missing_ids) == ([], ("?",))
