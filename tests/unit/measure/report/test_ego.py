from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from nba.errors import ConfigError
from nba.measure.report import theme
from nba.measure.report.partners import NODES, Kind, around, busiest
from nba.measure.report.pictures import ego
from nba.vocabulary import Relation, Source
from tests.snapshots import ORDERS, Link, snapshot
from tests.unit.measure.report.sources import SCRIPT, source_of

LETTER = 7.6
"""Pixels of a wide letter, of 11."""


def learned(together, others=(), *, orders=None, titles=None, names=()):
    """Give a snapshot of lists: product → (partner, orders with both), best first."""
    links = [
        Link(first, second, 100.0 - rank, support=support)
        for first, partners in together.items()
        for rank, (second, support) in enumerate(partners)
    ]
    known = {one for link in links for one in (link.first, link.second)} | set(names)
    known |= {one for _, first, second in others for one in (first, second)}
    graphs = {Relation.BOUGHT_TOGETHER: links}
    for relation, first, second in others:
        graphs.setdefault(relation, []).append(Link(first, second, 1.0, Source.CATEGORY_PAIR))
    products = [
        {"id": one, "orders": (orders or {}).get(one, 100), "title": (titles or {}).get(one, one)}
        for one in sorted(known)
    ]
    return snapshot(products, graphs)


def source(found):
    return replace(source_of([]), snapshot=found)


def many(partners, **more):
    others = [f"p{number:02}" for number in range(partners)]
    together = {"kettle": [(one, 40 - rank) for rank, one in enumerate(others)]}
    return learned(together, **more)


def test_the_best_seller_with_six_partners_stands_in_the_middle():
    six = [(one, 5) for one in "pqrstu"]
    found = learned({"a": six[:5], "b": six, "c": six}, orders={"a": 900, "b": 300, "c": 400})
    assert found.products.ids[busiest(found)] == "c"
    found = learned({"a": six[:1], "b": six[:3], "c": six[:3]}, orders={"a": 900})
    assert found.products.ids[busiest(found)] == "b"
    assert busiest(learned({}, names=["a"])) is None


def test_lines_are_as_wide_as_a_hand_count_of_the_lift():
    found = learned(
        {"kettle": [("tea", 20), ("cup", 40)], "tea": [("cup", 30)], "cup": [("tea", 30)]},
        orders={"kettle": 200, "tea": 50, "cup": 150},
    )
    shown = around(found, found.products.ids.find("kettle"))
    # Chance gives 200 x 50 / 1000 = 10 orders with tea, 30 with a cup; 5 hold both to it.
    assert ORDERS == 1000
    names = found.products.ids
    assert [(names[one.second], one.kind, one.lift) for one in shown.spokes] == [
        ("tea", Kind.TOGETHER, pytest.approx(25 / 15)),
        ("cup", Kind.TOGETHER, pytest.approx(45 / 35)),
    ]
    assert (
        shown.spokes[0].says
        == "20 orders with both, 1.7 times as often as by chance, counted cautiously"
    )
    (pair,) = shown.between
    assert {names[pair.first], names[pair.second]} == {"tea", "cup"}
    assert pair.lift == pytest.approx(35 / 12.5)


def test_accessories_and_replacements_are_told_from_partners():
    found = learned(
        {"phone": [("case", 30), ("charger", 20), ("rival", 10)]},
        [
            (Relation.ACCESSORIES, "phone", "case"),
            (Relation.SUCCESSORS, "phone", "phone-2"),
            (Relation.PARTS, "phone", "battery"),
            (Relation.SIMILAR, "phone", "rival"),
            (Relation.SIMILAR, "phone", "twin"),
        ],
    )
    shown = around(found, found.products.ids.find("phone"))
    kinds = {found.products.ids[one.second]: one.kind for one in shown.spokes}
    assert kinds == {
        "charger": Kind.TOGETHER,
        "rival": Kind.TOGETHER,
        "case": Kind.ACCESSORY,
        "phone-2": Kind.REPLACEMENT,
        "battery": Kind.REPLACEMENT,
        "twin": Kind.REPLACEMENT,
    }
    assert (shown.partner_count, shown.partners_shown) == (3, 3)
    (case,) = (one for one in shown.spokes if one.kind is Kind.ACCESSORY)
    assert case.lift == pytest.approx((30 + 5) / (10 + 5))
    drawn = theme.svg(ego.draw(source(found), product_id="phone"))
    for kind in Kind:
        assert drawn.count(f", {kind}: ") > 0


def test_what_rests_on_other_evidence_has_the_thinnest_line():
    links = [Link("a", "b", 1.0, Source.CATEGORY_PAIR, support=90)]
    found = snapshot(["a", "b"], {Relation.BOUGHT_TOGETHER: links})
    (tie,) = around(found, 0).spokes
    assert tie.lift is None
    assert tie.says == "90 orders with products of both categories"
    assert busiest(found) is None
    assert "rest on its variants" in ego.draw(source(found), product_id="a").reading


def test_partners_that_only_chance_brought_are_called_so():
    found = learned({"kettle": [("tea", 5)]}, orders={"kettle": 500, "tea": 200})
    reading = ego.draw(source(found)).reading
    assert (
        reading
        == "No product is in one order with “kettle” (500 orders) more often than by chance."
    )


def test_a_handful_of_orders_is_not_called_beyond_chance():
    # Chance gives 10 x 2 / 1000 orders with tea: two are a hundred times as often, and yet few.
    few = learned({"kettle": [("tea", 2), ("cup", 9)]}, orders={"kettle": 10, "tea": 2, "cup": 9})
    reading = ego.draw(source(few)).reading
    assert reading == (
        "“kettle” (10 orders) was most often in one order with “cup” (9 orders with both); "
        "“tea” (2 orders with both): fewer than 10 orders, which may be chance."
    )
    both = learned(
        {"kettle": [("tea", 2), ("cup", 10)]}, orders={"kettle": 12, "tea": 2, "cup": 90}
    )
    assert ego.draw(source(both)).reading == (
        "Beyond chance, “kettle” (12 orders) goes most with “cup” "
        "(10 orders with both, 2.5 times as often as by chance, counted cautiously)."
    )


def test_thirty_products_are_drawn_at_most():
    found = many(50)
    shown = around(found, found.products.ids.find("kettle"))
    assert len(shown.spokes) == NODES - 1
    assert shown.partner_count == 50
    picture = ego.draw(source(found))
    assert "Of the 50 products on its bought-together list, 29 are shown." in picture.reading
    assert len(theme.svg(picture)) < 250_000


@pytest.mark.parametrize("number", range(1, NODES))
def test_no_label_meets_another_or_a_mark(number):
    boxes = [(-ego.MARK, ego.MARK, -ego.MARK, ego.MARK)]
    for one in ego.places(number):
        boxes.append((one.x - ego.MARK, one.x + ego.MARK, one.y - ego.MARK, one.y + ego.MARK))
        near, far = one.x + ego.ASIDE, one.x + ego.ASIDE + ego.LABEL * LETTER
        if one.is_left:
            near, far = one.x - ego.ASIDE - ego.LABEL * LETTER, one.x - ego.ASIDE
        boxes.append((near, far, one.y - 8, one.y + 8))
        assert -ego.WIDE / 2 <= near < far <= ego.WIDE / 2
    assert len(boxes) == 1 + 2 * number
    for (left, right, top, low), (left2, right2, top2, low2) in combinations(boxes, 2):
        assert right <= left2 or right2 <= left or low <= top2 or low2 <= top


def test_labels_of_like_titles_can_be_told_apart():
    titles = ["Olvik coffee beans 002 double pack", "Olvik coffee beans 002 single pack"]
    titles += ["Bananas, 40 lb, national"] * 2 + ["Tea"]
    found = ego.labels(titles, ["1", "2", "1082185", "1082186", "5"])
    assert found == [
        "Olvik coffe…double pack",
        "Olvik coffe…single pack",
        "Bananas, 40… 1082185",
        "Bananas, 40… 1082186",
        "Tea",
    ]
    assert all(len(one) <= ego.LABEL for one in found)


def test_a_product_can_be_chosen_and_an_unknown_one_is_named():
    found = many(8)
    picture = ego.draw(source(found), product_id="p03")
    assert picture.chart is None
    assert "p03" in picture.title
    with pytest.raises(ConfigError, match="no product 'nix'"):
        ego.draw(source(found), product_id="nix")


def test_a_shop_in_which_nothing_is_bought_together_is_told_so():
    for nothing in (snapshot([]), snapshot(["a"])):
        picture = ego.draw(source(nothing))
        assert picture.chart is None
        assert "orders of two products" in picture.reading


def test_a_title_that_looks_like_markup_stays_text():
    titles = {"kettle": SCRIPT, "p00": SCRIPT, "p01": ""}
    drawn = theme.svg(ego.draw(source(many(2, titles=titles))))
    assert "<script" not in drawn
    assert "&lt;script" in drawn
