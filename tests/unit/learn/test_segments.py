"""Bands, tiers, points and rules of customers, at their boundaries."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nba.artifacts.arrays import pack, unpack
from nba.artifacts.segments import KINDS, Segments
from nba.config import TrainConfig
from nba.domain import Texts
from nba.learn.segmenting.attributes import attribute
from nba.learn.segments import level
from nba.segmentation import SegmentsConfig
from tests.segmented import ids_of, profiles, replies, segmented

B2B = {"account_type": "b2b"}
TIERS = [{"id": "silver", "at_least": 300}, {"id": "gold", "at_least": 500}]


def band_of(spend, **config):
    told = profiles({"customer_id": "a", **B2B})
    found = segmented([("o1", "a", 0, ["p"])], config, told=told, price=spend)
    return ids_of(found, "a", "band"), found.progress_of(0)["next_band"]


@pytest.mark.parametrize(
    ("spend", "band", "missing"),
    [
        (0, "small", 10_000_000),
        (9_999_999, "small", 1),
        (10_000_000, "middle", 10_000_001),
        (20_000_000, "middle", 1),
        (20_000_001, "large", None),
    ],
)
def test_both_boundaries_of_100_000_and_200_000_belong_to_the_middle(spend, band, missing):
    found, following = band_of(spend)
    assert found == [band]
    assert (following and following["missing"]) == missing


def test_what_is_missing_to_the_next_band_is_named():
    _, following = band_of(12_345_678)
    assert following == {"id": "large", "at": 20_000_001, "missing": 7_654_323}


def test_only_the_account_types_of_the_recipe_have_bands():
    told = profiles(
        {"customer_id": "a", "account_type": "b2c"}, {"customer_id": "b", "account_type": "b2b"}
    )
    orders = [("o1", one, 0, ["p"]) for one in "abc"]
    found = segmented(orders, told=told)
    assert [ids_of(found, one, "band") for one in "abc"] == [[], ["small"], []]
    assert found.progress_of(0)["next_band"] is None
    everybody = segmented(orders, {"band_account_types": ()}, told=told)
    assert [ids_of(everybody, one, "band") for one in "abc"] == [["small"]] * 3


def test_whoever_is_below_the_first_band_has_none_and_hears_what_is_missing():
    look = {"label": "Any", "colour": "#112233", "icon": "a"}
    found, following = band_of(99, band=[{"id": "any", "at_least": 100, "look": look}])
    assert found == []
    assert following == {"id": "any", "at": 100, "missing": 1}


def test_the_period_begins_its_days_before_the_last_fact_to_the_microsecond():
    # The last fact is the order of day 30; it is known a microsecond later.
    orders = [("o1", "a", 20, ["p"]), ("o2", "a", 20 + 1e-9, ["p"]), ("o3", "b", 30, ["p"])]
    assert segmented(orders, {"period_days": 10}).spend.tolist() == [100, 100]
    assert segmented(orders, {"period_days": 11}).spend.tolist() == [200, 100]


@pytest.mark.parametrize(
    ("tier", "price", "following"),
    [
        ("", 299, {"id": "silver", "at": 300, "missing": 1}),
        ("", 300, {"id": "silver", "at": 300, "missing": 0}),
        ("silver", 300, {"id": "gold", "at": 500, "missing": 200}),
        ("silver", 100, {"id": "gold", "at": 500, "missing": 400}),
        ("gold", 100, None),
        ("Gold", 100, None),
        ("platinum", 100, None),
    ],
)
def test_the_next_tier_follows_that_of_the_shop(tier, price, following):
    told = profiles({"customer_id": "a", "tier": tier})
    found = segmented([("o1", "a", 0, ["p"])], {"tier": TIERS}, told=told, price=price)
    assert ids_of(found, "a", "tier") == ([tier] if tier else [])
    assert found.progress_of(0)["next_tier"] == following


def test_points_are_as_the_shop_says_and_null_where_it_does_not():
    told = profiles({"customer_id": "a", "points": 0}, {"customer_id": "b"})
    found = segmented([("o1", "c", 0, ["p"])], told=told)
    assert [found.progress_of(one)["points"] for one in range(3)] == [0, None, None]


def test_what_is_bought_at_or_after_an_instant_leaves_no_trace():
    orders = [*SHOP, ("o5", "c", 11, ["p"]), ("o6", "e", 12, ["p"])]
    cut, alone = segmented(orders, told=TOLD, as_of=11), segmented(SHOP, told=TOLD, as_of=11)
    arrays = pack("segments", alone)
    assert all(np.array_equal(array, arrays[name]) for name, array in pack("segments", cut).items())
    assert len(segmented(orders, told=TOLD)) == len(alone) + 1


def test_a_level_begins_with_its_floor():
    place, reached = level(np.array([-1, 0, 4, 5, 6]), [0, 5])
    assert place.tolist() == [0, 0, 0, 1, 1]
    assert reached.tolist() == [False, True, True, True, True]
    assert level(np.array([7]), [])[1].tolist() == [False]


def test_a_customer_without_purchases_is_there_with_what_the_shop_says():
    told = profiles({"customer_id": "b", "tier": "gold", **B2B})
    found = segmented([("o1", "a", 0, ["p"])], told=told)
    assert [one["kind"] for one in found.segments_of(1)] == ["band", "tier"]
    assert not found.has_bought[1]


def test_an_empty_shop_has_no_segments():
    found = segmented([])
    assert len(found) == 0
    assert len(segmented([("o1", None, 0, ["p"])])) == 0


SHOP = [
    ("o1", "a", 0, ["p", "q"]),
    ("o2", "a", 10, ["p"]),
    ("o3", "b", 10, ["p"]),
    ("o4", "c", 4, ["p"]),
]
TOLD = profiles(
    {
        "customer_id": "a",
        "tier": "gold",
        "locale": "uk-UA",
        "points": 5,
        "attributes": '{"vip": true, "city": "Kyiv", "age": 30, "tags": ["x"], "none": null}',
    },
    {"customer_id": "b", "tier": "Gold", "attributes": '{"vip": 1, "city": "Lviv", "age": "30"}'},
    {"customer_id": "d", "account_type": "b2b", "attributes": "{broken"},
)


def who(*where):
    config = {"rule": [{"id": "found", "where": list(where)}]}
    found = segmented(SHOP, config, told=TOLD, said=replies(("b", "review", 1)))
    return "".join(one for one in found.ids if ids_of(found, one, "rule"))


@pytest.mark.parametrize(
    ("condition", "members"),
    [
        ({"field": "orders", "at_least": 2}, "a"),
        ({"field": "orders", "at_least": 1}, "abc"),
        ({"field": "orders", "above": 1}, "a"),
        ({"field": "orders", "below": 1}, "d"),
        ({"field": "orders", "at_most": 1, "above": 0}, "bc"),
        ({"field": "orders", "is": [1, 2]}, "abc"),
        ({"field": "order_days", "is_not": [1]}, "ad"),
        ({"field": "revenue", "at_least": 300}, "a"),
        ({"field": "revenue", "at_least": 301}, ""),
        ({"field": "profit", "at_least": 90}, "a"),
        ({"field": "spend", "below": 1}, "d"),
        ({"field": "average_order", "above": 149}, "a"),
        ({"field": "average_order", "has": False}, "d"),
        ({"field": "days_since_last", "is": [0]}, "ab"),
        ({"field": "days_since_last", "at_least": 6}, "c"),
        ({"field": "days_since_first", "at_most": 6}, "bc"),
        ({"field": "r", "at_least": 1}, "abc"),
        ({"field": "f", "is": [1]}, "bc"),
        ({"field": "m", "above": 1}, "a"),
        ({"field": "segment", "has": True}, "abc"),
        ({"field": "segment", "is": ["hibernating"]}, "bc"),
        ({"field": "segment", "is_not": ["hibernating"]}, "a"),
        ({"field": "band", "is": ["small"]}, "d"),
        ({"field": "tier", "is": ["gold"]}, "a"),
        ({"field": "tier", "is_not": ["gold"]}, "b"),
        ({"field": "tier", "has": False}, "cd"),
        ({"field": "points", "at_least": 0}, "a"),
        ({"field": "points", "has": True}, "a"),
        ({"field": "account_type", "is": ["b2b", "b2c"]}, "d"),
        ({"field": "locale", "is": ["uk-UA"]}, "a"),
        ({"field": "timezone", "has": False}, "abcd"),
        ({"field": "fan", "is": [False]}, "abcd"),
        ({"field": "fan", "is": [True]}, ""),
        ({"field": "fan_score", "above": 0}, "ab"),
        ({"field": "reviews", "at_least": 1}, "b"),
        ({"field": "referrals", "above": 0}, ""),
        ({"field": "attributes.vip", "has": True}, "ab"),
        ({"field": "attributes.vip", "is": [True]}, "a"),
        ({"field": "attributes.vip", "is": [1]}, "b"),
        ({"field": "attributes.vip", "is_not": [1]}, "a"),
        ({"field": "attributes.city", "is": ["Kyiv", "Odesa"]}, "a"),
        ({"field": "attributes.city", "is_not": ["Kyiv"]}, "b"),
        ({"field": "attributes.city", "at_least": 0}, ""),
        ({"field": "attributes.age", "at_least": 30}, "a"),
        ({"field": "attributes.age", "is": ["30"]}, "b"),
        ({"field": "attributes.tags", "has": True}, ""),
        ({"field": "attributes.none", "has": False}, "abcd"),
        ({"field": "attributes.nobody", "is_not": [1]}, ""),
    ],
)
def test_a_condition_finds_those_who_meet_it(condition, members):
    assert who(condition) == members


@pytest.mark.parametrize("text", ['{"місто": "Київ"}', json.dumps({"місто": "Київ"})])
def test_an_attribute_is_found_however_its_letters_are_written(text):
    assert attribute(Texts.of(["", text, "{}"]), "місто") == {1: "Київ"}


def test_a_key_inside_a_value_is_no_attribute():
    texts = Texts.of(['{"a": {"b": 1}}', '["b"]', '{"a": "b"}', '"b"', '{"b": false}'])
    assert attribute(texts, "b") == {4: False}


@pytest.mark.parametrize("number", [f"1{'0' * 400}", f"-1{'0' * 400}", "1e999", "NaN", "-Infinity"])
def test_a_number_beyond_all_floats_says_nothing(number):
    rule = {"id": "old", "where": [{"field": "attributes.age", "at_least": 0}]}
    told = profiles(
        {"customer_id": "a", "attributes": f'{{"age": {number}}}'},
        {"customer_id": "b", "attributes": '{"age": 30}'},
    )
    found = segmented([], {"rule": [rule]}, told=told)
    assert [found.rules_of(customer) for customer in range(len(found))] == [[], [0]]


def test_all_conditions_of_a_rule_must_hold():
    assert who({"field": "orders", "at_least": 1}, {"field": "tier", "has": False}) == "c"


def test_a_rule_shows_its_conditions():
    where = [{"field": "tier", "is": ["gold"]}, {"field": "orders", "at_least": 1.0}]
    rule = {"id": "vip", "label": "VIP", "colour": "#aa3377", "icon": "♦", "where": where}
    found = segmented(SHOP, {"rule": [rule]}, told=TOLD)
    [shown] = [one for one in found.segments_of(0) if one["kind"] == "rule"]
    assert shown == {
        "id": "vip",
        "kind": "rule",
        "label": "VIP",
        "colour": "#aa3377",
        "icon": "♦",
        "evidence": {"where": where},
    }


def test_more_than_eight_rules_are_kept_apart():
    rules = [
        {"id": f"r{bound}", "where": [{"field": "revenue", "at_least": bound * 100}]}
        for bound in range(12)
    ]
    found = segmented(SHOP, {"rule": rules}, told=TOLD)
    assert found.rules.shape == (4, 2)
    assert found.rules_of(0) == [0, 1, 2, 3]
    assert found.rules_of(3) == [0]


def test_every_segment_is_json_and_has_colour_label_and_icon():
    rules = [{"id": "all", "where": [{"field": "orders", "at_least": 0}]}]
    fans = {"threshold": 0.001, "order_days": 1}
    config = {"rule": rules, "fans": fans, "band_account_types": (), "tier": TIERS}
    found = segmented(SHOP, config, told=TOLD)
    shown = [one for code in range(len(found)) for one in found.segments_of(code)]
    assert {one["kind"] for one in shown} == set(KINDS) - {"rhythm"}
    assert json.loads(json.dumps(shown)) == shown
    assert all(one["label"] and one["icon"] and one["colour"].startswith("#") for one in shown)


def test_looks_come_from_the_recipe():
    look = {"label": "Best", "colour": "#123456", "icon": "B"}
    found = segmented(
        SHOP, {"segment_looks": {"hibernating": look}, "rhythm_looks": {"lost": look}}
    )
    shown = found.segments_of(found.ids.find("c") or 0)[0]
    assert (shown["id"], shown["label"], shown["colour"]) == ("hibernating", "Best", "#123456")
    assert [found.look(KINDS.index("rhythm"), code)["label"] for code in range(3)] == [
        "Active",
        "At risk",
        "Best",
    ]


def test_segments_are_arrays_that_can_be_stored():
    found = segmented(SHOP, {"tier": TIERS}, told=TOLD)
    again = unpack(Segments, "segments", pack("segments", found))
    assert all(
        again.segments_of(code) == found.segments_of(code)
        and again.progress_of(code) == found.progress_of(code)
        for code in range(len(found))
    )
    assert not any(np.isnan(found.fan_score))


def test_a_recipe_may_hold_segments(tmp_path):
    recipe = tmp_path / "shop.toml"
    recipe.write_text("""
        [segments]
        period_days = 90
        [[segments.tier]]
        id = "silver"
        at_least = 100
        [[segments.rule]]
        id = "vip"
        where = [{field = "tier", is = ["gold"]}, {field = "attributes.age", at_least = 18}]
    """)
    config = TrainConfig.from_toml(recipe)
    assert config.segments.rule[0].where[0].is_ == ("gold",)
    assert TrainConfig.model_validate(config.model_dump(mode="json")) == config
    assert SegmentsConfig() == SegmentsConfig.model_validate(SegmentsConfig().model_dump())
