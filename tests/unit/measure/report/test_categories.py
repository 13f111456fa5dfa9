from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.measure.report import theme
from nba.measure.report.lift import shrunk_lift
from nba.measure.report.pictures import categories
from nba.measure.report.pictures.categories import Together
from tests import shops
from tests.snapshots import snapshot
from tests.unit.measure.report.sources import SCRIPT, source_of

CATEGORY = {
    "kettle": "Kitchen > Kettles",
    "jug": "Kitchen > Kettles",
    "filter": "Kitchen > Filters",
    "tea": "Food > Tea",
    "card": "",
}
# Ten orders: kettles in six, filters in five, tea in three; both of the first in four.
BASKETS = (
    *(["kettle", "jug", "filter"], ["jug", "filter"], ["kettle", "filter", "card"]),
    *(["kettle", "filter", "tea"], ["kettle"], ["jug", "tea"], ["filter"]),
    *(["tea"], ["card"], ["card"]),
)


def source(baskets=BASKETS, category=CATEGORY):
    orders = [(f"o{n:03}", None, n, products) for n, products in enumerate(baskets)]
    learned = [{"id": one, "category": path} for one, path in category.items()]
    return replace(source_of(shops.history(orders)), snapshot=snapshot(learned))


def together(shop, **more):
    return Together.of(shop.history.baskets(), shop.snapshot.products, **more)


def cells(found):
    return {(one["row"], one["column"]): one for one in categories.rows(found)}


def test_orders_together_are_those_of_a_hand_count():
    found = together(source())
    alone = dict(zip(found.names, found.alone.tolist(), strict=True))
    assert alone == {"Kitchen > Kettles": 6, "Kitchen > Filters": 5, "Food > Tea": 3}
    both = {pair: one["orders"] for pair, one in cells(found).items()}
    assert len(both) == 6
    assert both["Kitchen > Kettles", "Kitchen > Filters"] == 4
    assert both["Kitchen > Filters", "Kitchen > Kettles"] == 4
    assert both["Kitchen > Kettles", "Food > Tea"] == 2
    assert both["Kitchen > Filters", "Food > Tea"] == 1
    assert (found.order_count, found.category_count) == (10, 3)
    # Of all purchases with a category: those of the card have none.
    assert found.share == 1


def test_the_lift_is_held_to_chance_by_five_orders():
    found = cells(together(source()))
    # Chance gives 6 x 5 / 10 = 3 orders with kettles and filters.
    lift = found["Kitchen > Kettles", "Kitchen > Filters"]["lift"]
    assert lift == pytest.approx((4 + 5) / (3 + 5))
    one = shrunk_lift(np.array([1, 100]), np.array([1, 100]), np.array([1, 100]), 1000)
    assert one == pytest.approx([6 / 5.001, 105 / 15])


def test_related_categories_stand_beside_one_another():
    # a meets c, b meets d; a is ordered most.
    baskets = [["a", "c"]] * 30 + [["b", "d"]] * 20 + [["a"]] * 9 + [["b"]] * 5 + [["c", "d"]]
    found = together(source(baskets, {one: f"Cat {one}" for one in "abcd"}))
    assert [one[-1] for one in found.names] in (["a", "c", "d", "b"], ["c", "a", "b", "d"])


def test_a_level_above_is_drawn_where_the_deepest_one_is_too_fine():
    # Ten ranges of forty types each, of which any fifteen hold less than a quarter.
    category = {f"p{n:03}": f"Range {n % 10} > Type {n:03}" for n in range(400)}
    baskets = [[f"p{n:03}", f"p{(n * 7 + 3) % 400:03}"] for n in range(400)]
    found = together(source(baskets, category))
    assert sorted(found.names) == [f"Range {n}" for n in range(10)]
    # But not where that level tells next to nothing apart.
    category = {one: path.replace("Range ", "All > Range ") for one, path in category.items()}
    found = together(source(baskets, category))
    assert sorted(found.names) == [f"All > Range {n}" for n in range(10)]
    category = {f"p{n:03}": f"Range {n % 2} > Type {n:03}" for n in range(400)}
    assert len(together(source(baskets, category)).names) == 15


def test_labels_tell_categories_apart():
    names = ("A > Cables", "B > Cables", "Tea", "Very long names of > " + "x" * 40, "x" * 41)
    assert categories.labels(names) == [
        "Cables (A)",
        "Cables (B)",
        "Tea",
        "x" * 23 + "…",
        "x" * 23 + "… (2)",
    ]


def test_the_picture_reads_on_every_cell_and_says_the_orders():
    picture = categories.draw(source())
    drawn = theme.svg(picture)
    assert "“Kettles” and “Filters” are in one order 1.1 times" in picture.reading.replace(
        "“Filters” and “Kettles”", "“Kettles” and “Filters”"
    )
    assert "(4 orders)" in picture.reading
    assert drawn.count("4 orders together, 1.1 times as often as by chance") == 4


def test_a_name_that_looks_like_markup_stays_text():
    picture = categories.draw(source(category=CATEGORY | {"tea": SCRIPT}))
    assert "<script" not in theme.svg(picture)


@pytest.mark.parametrize(
    ("baskets", "category", "lacks"),
    [
        ([], CATEGORY, "orders"),
        (BASKETS, dict.fromkeys(CATEGORY, ""), "column category"),
        (BASKETS, dict.fromkeys(CATEGORY, "All"), "two categories"),
        ([["card"], ["kettle", "jug"]], CATEGORY, "two categories"),
    ],
)
def test_a_shop_with_too_little_is_told_what_is_missing(baskets, category, lacks):
    picture = categories.draw(source(baskets, category))
    assert picture.chart is None
    assert lacks in picture.reading


def test_two_categories_are_enough():
    picture = categories.draw(source([["kettle", "tea"]]))
    assert "“Tea”" in picture.reading
    assert theme.svg(picture)


def test_products_that_the_snapshot_does_not_know_are_left_out():
    found = together(source([*BASKETS, ["new"], ["new", "tea"]]))
    assert found.order_count == 12
    assert found.category_count == 3


def test_a_category_named_as_a_part_of_the_renderers_language_is_drawn():
    paths = {"kettle": "__proto__ > constructor", "jug": "__proto__ > constructor"}
    picture = categories.draw(source(category=CATEGORY | paths | {"tea": "__proto__ > x"}))
    drawn = theme.svg(picture)
    assert drawn.count("__proto__ &gt; constructor and __proto__ &gt; x: 2 orders together") >= 1
    assert theme.svg(categories.draw(source(category=CATEGORY | {"tea": "__proto__"})))
