"""Bought together, rung by rung: what fills a list, what it is called, what never enters it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nba.artifacts.graph import ProductGraph
from nba.config import CoPurchaseConfig
from nba.learn.copurchase import bought_together
from nba.statistics.engines.this_machine import ThisMachine
from nba.vocabulary import SOURCES, Source
from tests.shops import SIX_ORDERS, Order, random_orders
from tests.unit.learn.inputs import Inputs

Lists = dict[str, list[tuple[str, str, int]]]


def trained(
    products: Sequence[dict[str, Any]],
    orders: Sequence[Order],
    *,
    alike: Sequence[tuple[str, str]] = (),
    threads: int = 1,
    **settings: Any,
) -> tuple[Lists, ProductGraph]:
    shop = Inputs.of(products, orders)
    ids = shop.listing.product_ids
    first, second = (np.array([ids.find(pair[at]) for pair in alike], np.int32) for at in (0, 1))
    similar = ProductGraph.of(
        len(ids), first, second, np.ones(len(alike)), source=SOURCES.index(Source.CONTENT)
    )
    graph = bought_together(
        shop.placed,
        shop.products,
        shop.types,
        shop.fits,
        similar,
        CoPurchaseConfig(**settings),
        ThisMachine(threads),
    )
    return shop.named(graph), graph


def listed(products: Sequence[dict[str, Any]], orders: Sequence[Order], **given: Any) -> Lists:
    return trained(products, orders, **given)[0]


def product(name: str, category: str = "", **columns: Any) -> dict[str, Any]:
    return {"product_id": name, "category": category, **columns}


def test_pairs_of_six_orders_with_the_orders_that_have_both():
    lists = listed([], SIX_ORDERS, spell_weight=0.0)
    assert set(lists["kettle"]) == {
        ("filter", "pair", 4),
        ("tea", "pair", 3),
        ("cup", "pair", 1),
    }


def test_who_bought_both_in_two_orders_is_counted_as_a_customer():
    orders = [("o1", "ann", 0, ["kettle"]), ("o2", "ann", 9, ["filter"])]
    assert listed([], orders)["kettle"] == [("filter", "customers", 1)]


def test_a_variant_without_orders_has_what_goes_with_its_group():
    variants = [
        product("mug-red", product_group_id="mug"),
        product("mug-blue", product_group_id="mug"),
    ]
    orders = [(f"o{n}", f"c{n}", n, ["mug-red", "tea"]) for n in range(3)]
    lists = listed(variants, orders)
    assert lists["mug-blue"] == [("tea", "group", 3)]
    assert lists["tea"] == [("mug-red", "pair", 3)]


def test_variants_never_stand_beside_each_other():
    variants = [product(f"mug-{one}", "Cups", product_group_id="mug") for one in ("red", "blue")]
    orders = [(f"o{n}", f"c{n}", n, ["mug-red", "mug-blue"]) for n in range(3)]
    lists = listed(variants, orders, alike=[("mug-red", "mug-blue")])
    assert lists == {}


def test_a_product_without_orders_has_what_sells_beside_its_category():
    shop = [product(f"kettle-{n}", "Kettles") for n in range(3)]
    shop += [product(f"filter-{n}", "Filters") for n in range(3)]
    orders = [(f"o{n}", f"c{n}", n, ["kettle-0", f"filter-{n % 2}"]) for n in range(3)]
    lists = listed(shop, orders)
    # All three orders hold both categories; filter-0 has two customers, filter-1 one.
    assert lists["kettle-2"] == [
        ("filter-0", "category_pair", 3),
        ("filter-1", "category_pair", 3),
    ]


def test_lower_rungs_offer_only_what_can_be_ordered():
    shop = [
        product("kettle-0", "Kettles"),
        product("kettle-1", "Kettles"),
        product("filter-0", "Filters", availability="out_of_stock"),
        product("filter-1", "Filters"),
    ]
    orders = [(f"o{n}", f"c{n}", n, ["kettle-0", f"filter-{n % 2}"]) for n in range(4)]
    lists = listed(shop, orders)
    assert [one for one, _, _ in lists["kettle-1"]] == ["filter-1"]
    assert ("filter-0", "pair", 2) in lists["kettle-0"]


def test_what_does_not_fit_is_left_out_of_every_rung():
    shop = [
        product("ax15", "Phones", title="Phone AX15"),
        product("ax16", "Phones", title="Phone AX16"),
        product("case-15", "Cases", compatible_with="AX15"),
        product("case-16", "Cases", compatible_with="AX16"),
    ]
    orders = [(f"o{n}", f"c{n}", n, ["ax15", "case-15", "case-16"]) for n in range(3)]
    lists = listed(shop, orders, alike=[("case-16", "ax15")])
    assert lists["ax15"] == [("case-15", "pair", 3)]
    assert lists["ax16"] == [("case-16", "category_pair", 3)]
    # Of the phones it fits none was sold, so that only the catalogue speaks of one.
    assert lists["case-16"] == [("ax16", "catalogue_link", 0)]


def test_a_shop_without_orders_lists_its_links_and_then_what_is_alike():
    shop = [product("kettle"), product("jug"), product("filter", accessory_for="kettle")]
    lists = listed(shop, [], alike=[("kettle", "jug"), ("jug", "kettle")])
    assert lists == {
        "filter": [("kettle", "catalogue_link", 0)],
        "jug": [("kettle", "content", 0)],
        "kettle": [("filter", "catalogue_link", 0)],
    }


def test_a_product_like_no_other_has_what_the_category_above_its_own_holds():
    shop = [
        product("kettle", "Kitchen > Kettles"),
        product("knife", "Kitchen > Knives"),
        product("hammer", "Tools > Hammers"),
        product("gift"),
    ]
    assert listed(shop, []) == {
        "kettle": [("knife", "content", 0)],
        "knife": [("kettle", "content", 0)],
    }


def test_a_list_is_filled_no_further_than_asked():
    shop = [product(f"kettle-{n}", "Kettles") for n in range(3)]
    shop += [product(f"filter-{n}", "Filters") for n in range(9)]
    orders = [
        (f"o{n}-{again}", f"c{n}-{again}", n, ["kettle-0", f"filter-{n}"])
        for n in range(9)
        for again in range(2)
    ]
    lists = listed(shop, orders, fill_to=4)
    assert [source for _, source, _ in lists["kettle-0"]] == ["pair"] * 9
    assert [source for _, source, _ in lists["kettle-1"]] == ["category_pair"] * 4
    assert "kettle-1" not in listed(shop, orders, fill_to=0)


def test_what_met_once_stands_below_what_is_known_of_categories():
    shop = [product("kettle", "Kettles"), product("jug", "Jugs"), product("cup")]
    orders = [
        *((f"o{n}", f"c{n}", n, ["kettle", "jug"]) for n in range(3)),
        ("once", "ann", 5, ["kettle", "cup"]),
    ]
    assert listed(shop, orders)["kettle"] == [("jug", "pair", 3), ("cup", "pair", 1)]
    shop[1] |= {"product_id": "jug-2"}
    assert listed(shop, [*orders, ("two", "bob", 6, ["kettle", "jug-2"])])["kettle"][0] == (
        "jug",
        "pair",
        3,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_scores_fall_and_threads_change_nothing(seed):
    shop = [product(f"p{n:04}", f"Shelf {n % 5}") for n in range(40)]
    orders = random_orders(seed, customers=60, products=30, orders=150)
    one, graph = trained(shop, orders)
    two, again = trained(shop, orders, threads=2)
    assert one == two
    assert np.array_equal(graph.score, again.score)
    starts = np.zeros(len(graph), np.bool_)
    starts[graph.indptr[:-1][np.diff(graph.indptr) > 0]] = True
    assert (np.diff(graph.score)[~starts[1:]] <= 0).all()
    assert set(one) == {one["product_id"] for one in shop}


def test_an_empty_shop_has_no_lists():
    assert listed([], []) == {}


@pytest.mark.parametrize("needs", ["accessory_for", "compatible_with"])
def test_of_a_design_the_variant_that_fits_is_listed_and_not_the_one_that_sells(needs):
    products = [
        product("phone-a", "phones"),
        product("phone-b", "phones"),
        product("case-a", "cases", product_group_id="case", **{needs: "phone-a"}),
        product("case-b", "cases", product_group_id="case", **{needs: "phone-b"}),
    ]
    orders = [(f"o{n}", f"c{n}", n, ["phone-b", "case-b"]) for n in range(9)]
    lists = listed(products, [*orders, ("x", "ann", 1, ["phone-a"])])
    assert [name for name, *_ in lists["phone-a"]][:1] == ["case-a"]


def test_of_a_group_the_variant_that_fits_is_listed_and_not_the_one_that_sells():
    products = [
        product("phone-a-red", "phones", product_group_id="phone-a"),
        product("phone-a-blue", "phones", product_group_id="phone-a"),
        product("phone-b", "phones"),
        product("case-a", "cases", product_group_id="case", compatible_with="phone-a"),
        product("case-b", "cases", product_group_id="case", compatible_with="phone-b"),
    ]
    orders = [(f"o{n}", f"c{n}", n, ["phone-b", "case-b"]) for n in range(9)]
    orders += [(f"r{n}", f"d{n}", n, ["phone-a-red", "case-a"]) for n in range(4)]
    lists = listed(products, [*orders, ("x", "ann", 1, ["phone-a-blue"])])
    assert ("case-a", "group", 4) in lists["phone-a-blue"]
