from __future__ import annotations

from dataclasses import replace

import pytest

from nba.measure.report import theme
from nba.measure.report.pictures import coverage
from nba.measure.report.pictures.coverage import Coverage
from nba.vocabulary import Relation
from tests.snapshots import Link, snapshot
from tests.unit.measure.report.sources import SCRIPT, source_of

# Ten products of 8, 4, 2, 1, 1 and no orders; only the first two are ever recommended.
ORDERS = {"a": 8, "b": 4, "c": 2, "d": 1, "e": 1} | dict.fromkeys("fghij", 0)
LISTS = ("ab", "ba", "ca", "cb", "fa")


def learned(orders=ORDERS, lists=LISTS):
    products = [{"id": one, "title": SCRIPT, "orders": sold} for one, sold in orders.items()]
    links = [Link(first, second, 1.0) for first, second in lists]
    return snapshot(products, {Relation.BOUGHT_TOGETHER: links})


def drawn(found):
    return coverage.draw(replace(source_of([]), snapshot=found))


def test_orders_and_places_are_those_of_a_hand_count():
    found = Coverage.of(learned())
    assert found.orders.tolist() == [8, 4, 2, 1, 1, 0, 0, 0, 0, 0]
    assert found.places.tolist() == [3, 2] + [0] * 8
    assert found.has_list.tolist() == [True] * 3 + [False] * 2 + [True] + [False] * 4
    assert found.head == 2
    assert found.taken(found.orders) == pytest.approx(12 / 16)
    assert found.taken(found.places) == 1


def test_only_the_first_ten_places_of_a_list_count():
    names = [f"p{number:02}" for number in range(13)]
    links = [Link("p00", one, 20 - number) for number, one in enumerate(names[1:])]
    links.append(Link("p12", "p11", 1))
    found = Coverage.of(snapshot(names, {Relation.BOUGHT_TOGETHER: links}))
    assert found.places.tolist() == [0] + [1] * 10 + [1, 0]


def test_curves_run_from_nothing_to_all_by_way_of_the_head():
    points = coverage.rows(Coverage.of(learned()))
    for curve, reached in (("purchases", 0.75), ("recommended places", 1.0)):
        mine = [(one["products"], one["taken"]) for one in points if one["curve"] == curve]
        assert mine[0] == (0, 0)
        assert mine[-1] == (1, 1)
        assert (0.2, reached) in mine
        assert mine == sorted(mine)


def test_the_reading_says_what_the_head_takes_and_who_is_reached():
    picture = drawn(learned())
    assert (
        "The 20\u202f% most ordered of 10 products take 75\u202f% of purchases" in picture.reading
    )
    assert "100\u202f% of the recommended places" in picture.reading
    # Of the five that were sold, a, b and c have a list and a and b are in one.
    assert "Of 5 products sold, 60\u202f% have a" in picture.reading
    assert "and 40\u202f% are recommended" in picture.reading
    assert "75\u202f% of purchases" in theme.svg(picture)


def test_a_shop_without_orders_or_lists_is_told_so():
    assert drawn(learned(dict.fromkeys("ab", 0), ())).chart is None
    assert drawn(snapshot([])).chart is None
    alone = drawn(learned({"a": 1}, ()))
    assert "No product has a bought-together list" in alone.reading
    assert "recommended places" not in theme.svg(alone)


def test_a_curve_of_many_products_has_few_points():
    found = Coverage.of(learned({f"p{one:05}": 30_000 - one for one in range(20_000)}, ()))
    assert len(coverage.rows(found)) < 250
