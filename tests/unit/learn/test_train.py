"""Training as a whole: what `as_of` forgets, what the cards hold, what is counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nba
from nba.data.catalog import Catalog
from nba.errors import ConfigError, DataError
from nba.statuses import CANCELLED
from tests.shops import SIX_ORDERS, catalog, checkerboard, day, history, random_orders


def card(snapshot, product_id: str) -> dict:
    recommender = nba.Recommender(snapshot)
    return recommender.card(snapshot.products.ids.find(product_id))


def test_orders_at_or_after_the_instant_leave_no_trace():
    cut = nba.train(history(SIX_ORDERS), catalog(), as_of="2026-01-21T12:00:00Z")  # noon of day 20
    short = nba.train(history(SIX_ORDERS[:4]), catalog(), as_of="2026-01-21T12:00:00Z")
    assert cut.manifest == short.manifest
    assert "cup" not in list(cut.products.ids)
    assert list(cut.customers.ids) == ["ann", "bob"]


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(DataError, match="no zone"):
        nba.train(history(SIX_ORDERS), catalog(), as_of="2026-01-21T12:00:00")


CHANGING = Catalog.from_frame(
    pd.DataFrame(
        {
            "product_id": ["cup", "tea"],
            "title": ["Cup", "Tea"],
            "price": [100, 300],
            "published_at": [None, "2026-03-01T00:00:00Z"],
        }
    ),
    pd.DataFrame(
        {
            "product_id": ["cup", "cup"],
            "at": ["2026-01-10T00:00:00Z", "2026-02-20T00:00:00Z"],
            "price": [200, 400],
        }
    ),
)


@pytest.mark.parametrize(
    ("as_of", "price"),
    [
        ("2026-01-10T00:00:00Z", 100),
        ("2026-01-31T12:00:00.000001Z", 200),
        ("2026-02-10T00:00:00Z", 200),
        ("2026-03-09T00:00:00Z", 400),
    ],
)
def test_the_catalogue_is_the_one_of_the_instant(as_of, price):
    whole = history(SIX_ORDERS)
    snapshot = nba.train(whole, CHANGING, as_of=as_of)
    assert card(snapshot, "cup")["price"] == price
    assert ("Tea" in list(snapshot.products.title)) == (as_of > "2026-03-01")


def test_a_history_cut_before_training_cuts_the_catalogue_too():
    cut = history(SIX_ORDERS).until("2026-02-10T00:00:00Z")
    assert card(nba.train(cut, CHANGING), "cup")["price"] == 200
    expected = nba.train(history(SIX_ORDERS), CHANGING, as_of="2026-02-10T00:00:00Z")
    assert nba.train(cut, CHANGING).manifest.digest == expected.manifest.digest


def test_without_an_instant_the_newest_state_holds_though_the_last_order_is_older():
    now = nba.train(history(SIX_ORDERS), CHANGING)
    assert (card(now, "cup")["price"], card(now, "tea")["title"]) == (400, "Tea")
    assert now.manifest.data_until == "2026-01-31T12:00:00.000001Z"
    assert card(nba.train(history([]), CHANGING), "cup")["price"] == 400


def test_ages_count_from_the_last_fact_so_a_pause_empties_no_list():
    now = nba.train(history(SIX_ORDERS), catalog())
    later = nba.train(history(SIX_ORDERS), catalog(), as_of="2027-06-01T00:00:00Z")
    assert later.manifest.digest == now.manifest.digest
    assert later.manifest.data_until == now.manifest.data_until == "2026-01-31T12:00:00.000001Z"
    assert nba.Recommender(later).popular().product_ids[0] == "kettle"


def test_popular_forgets_what_lies_before_its_window():
    orders = [("o1", "ann", 0, ["old"]), ("o2", "bob", 1, ["old"]), ("o3", "cat", 100, ["new"])]
    recommender = nba.Recommender(nba.train(history(orders), catalog()))
    assert recommender.popular().product_ids == ["new"]
    assert recommender.popular()[0].reason.text == "in 1 order of the last 90 days"


def test_cancelled_orders_teach_nothing():
    orders = history([("o1", "ann", 0, ["cup", "tea"]), ("o2", "bob", 1, ["kettle", "tea"])])
    orders.rows.status[1] = CANCELLED
    snapshot = nba.train(orders, catalog())
    assert snapshot.manifest.counts["kept_orders"] == 1
    assert snapshot.manifest.counts["sold_products"] == 2
    assert snapshot.products.orders.tolist() == [1, 0, 1]  # cup, kettle, tea
    assert nba.Recommender(snapshot).popular().product_ids == ["cup", "tea"]


def test_a_card_shows_the_catalogue_first():
    listed = {
        "product_id": "cup",
        "title": "Tasse à thé",
        "category": "Tea > Cups",
        "price": 300,
        "sale_price": 250,
        "currency": "EUR",
        "link": "shop.example/cup",
        "image_link": "shop.example/cup.png",
        "availability": "preorder",
    }
    snapshot = nba.train(history(SIX_ORDERS), catalog(listed, {"product_id": "tea", "title": ""}))
    assert card(snapshot, "cup") == {key: listed[key] for key in listed if key != "product_id"}
    assert card(snapshot, "tea") == {
        "title": "tea",  # an empty title is none
        "category": None,
        "price": 100,  # the last one paid
        "sale_price": None,
        "currency": None,
        "link": None,
        "image_link": None,
        "availability": "in_stock",
    }


def test_texts_of_a_large_catalogue_stand_by_their_products():
    ids = [f"p{number:04}" for number in range(0, 60, 3)]
    listed = catalog(*({"product_id": one, "title": f"№ {one} ü"} for one in ids))
    snapshot = nba.train(history(random_orders(2)), listed)
    for code, product_id in enumerate(snapshot.products.ids):
        wanted = f"№ {product_id} ü" if product_id in ids else product_id
        assert snapshot.products.title[code] == wanted
        assert snapshot.products.brand[code] == ""


def test_the_last_price_paid_is_the_latest_orders():
    orders = history([("o1", "ann", 5, ["cup"]), ("o2", "bob", 3, ["cup"])])
    orders.rows.unit_price[:] = [500, 300]
    assert card(nba.train(orders, catalog()), "cup")["price"] == 500


def test_a_gift_has_no_price():
    orders = history([("o1", "ann", 5, ["cup"])])
    orders.rows.unit_price[:] = 0
    assert card(nba.train(orders, catalog()), "cup")["price"] is None


class TestSuccessors:
    def successors(self, *listed) -> dict[str, str]:
        recommender = nba.Recommender(nba.train(history([]), catalog(*listed)))
        found = {
            one: recommender.replacements(one, kinds=("successor",)).product_ids
            for one in recommender.snapshot.products.ids
        }
        return {old: newest[0] for old, newest in found.items() if newest}

    def test_a_chain_is_followed_to_its_end(self):
        assert self.successors(
            "one",
            {"product_id": "two", "successor_of": "one"},
            {"product_id": "three", "successor_of": "two"},
        ) == {"one": "three", "two": "three"}

    def test_a_chain_ends_at_the_newest_product_that_can_be_ordered(self):
        assert self.successors(
            "one",
            {"product_id": "two", "successor_of": "one"},
            {"product_id": "three", "successor_of": "two", "availability": "discontinued"},
        ) == {"one": "two"}

    def test_a_dead_link_is_stepped_over(self):
        assert self.successors(
            "one",
            {"product_id": "two", "successor_of": "one", "availability": "discontinued"},
            {"product_id": "three", "successor_of": "two"},
        ) == {"one": "three", "two": "three"}

    def test_one_product_may_replace_several(self):
        assert self.successors(
            "one", "two", {"product_id": "new", "successor_of": "one, two, gone"}
        ) == {"one": "new", "two": "new"}

    def test_of_two_successors_the_first_by_id_holds(self):
        assert self.successors(
            "old",
            {"product_id": "b", "successor_of": "old"},
            {"product_id": "a", "successor_of": "old"},
        ) == {"old": "a"}

    def test_a_loop_ends_and_leads_nobody_to_themselves(self):
        found = self.successors(
            {"product_id": "a", "successor_of": "c"},
            {"product_id": "b", "successor_of": "a"},
            {"product_id": "c", "successor_of": "b"},
            {"product_id": "self", "successor_of": "self"},
        )
        assert found == {"a": "c", "b": "a", "c": "b"}


class TestCopurchase:
    def trained(self, orders, **copurchase) -> nba.Recommender:
        config = nba.TrainConfig.model_validate({"copurchase": copurchase})
        return nba.Recommender(nba.train(history(orders), catalog(), config))

    def test_no_more_neighbours_are_kept_than_asked_and_the_best_of_them(self):
        orders = random_orders(4, products=25, orders=600)
        all_, few = self.trained(orders), self.trained(orders, top_k=3)
        for number in range(25):
            product = f"p{number:04}"
            kept = few.bought_together(product, n=50)
            assert [item.to_dict() for item in kept] == [
                item.to_dict() for item in all_.bought_together(product, n=3)
            ]

    def test_of_equally_good_neighbours_the_first_by_id_are_kept_and_stored_in_order(self):
        graph = self.trained(checkerboard(20), top_k=3).snapshot.graphs["bought_together"]
        for product in range(20):
            colour = [other for other in range(product % 2, 20, 2) if other != product]
            assert graph.neighbours[graph.span(product)].tolist() == colour[:3]

    def test_every_pair_counts_when_the_floor_is_one_order(self):
        graph = self.trained(SIX_ORDERS, min_orders=1).snapshot.graphs["bought_together"]
        assert np.diff(graph.indptr).tolist() == [3, 3, 3, 3]

    def test_a_pair_below_the_floor_only_fills_a_short_list(self):
        filled = self.trained(SIX_ORDERS, min_orders=4).bought_together("kettle")
        assert filled.product_ids[0] == "filter"
        assert {"tea", "cup"} <= set(filled.product_ids)
        bare = self.trained(SIX_ORDERS, min_orders=4, fill_to=0)
        assert bare.bought_together("kettle").product_ids == ["filter"]
        assert len(bare.bought_together("tea")) == 0

    def test_discovery_prefers_what_is_special(self):
        # Tea is in everything; a lemon only in half of the orders with honey.
        orders = [(f"h{n}", f"a{n}", 0, ["honey", "tea", "lemon"][: 2 + n % 2]) for n in range(20)]
        orders += [(f"t{n}", f"b{n}", 0, ["tea", "cup"]) for n in range(200)]
        assert self.trained(orders, discovery=0).bought_together("honey").product_ids[0] == "tea"
        assert self.trained(orders, discovery=1).bought_together("honey").product_ids[0] == "lemon"

    def test_a_large_basket_says_less_than_a_small_one(self):
        bulk = ["kettle", "brick", *(f"x{n}" for n in range(60))]
        orders = [
            *((f"b{n}", f"a{n}", 0, bulk) for n in range(3)),
            *((f"s{n}", f"b{n}", 0, ["kettle", "tea"]) for n in range(3)),
        ]
        assert self.trained(orders).bought_together("kettle", n=1).product_ids == ["tea"]

    def test_smoothing_pulls_towards_what_is_popular(self):
        orders = [
            *((f"k{n}", f"a{n}", 0, ["kettle", "rare"]) for n in range(3)),
            *((f"l{n}", f"b{n}", 0, ["kettle", "tea"]) for n in range(2)),
            *((f"t{n}", f"c{n}", 0, ["tea"]) for n in range(200)),
        ]
        plain = self.trained(orders, discovery=0, smoothing=0)
        smooth = self.trained(orders, discovery=0, smoothing=200, smoothing_share=1)
        assert plain.bought_together("kettle").product_ids == ["rare", "tea"]
        assert smooth.bought_together("kettle").product_ids == ["tea", "rare"]


ALS = {"picks": {"models": ["als"]}}


class TestCollaborative:
    def test_what_nobody_bought_has_no_factors(self):
        orders = history([*SIX_ORDERS, ("o7", None, 31, ["guests only"])])
        config = nba.TrainConfig.model_validate(ALS)
        snapshot = nba.train(orders, catalog("never sold"), config)
        for product in ("never sold", "guests only"):
            assert not snapshot.collaborative.products[snapshot.products.ids.find(product)].any()

    def test_a_model_that_diverges_names_the_setting(self):
        config = nba.TrainConfig.model_validate(ALS | {"collaborative": {"alpha": 1e38}})
        with pytest.raises(DataError, match=r"collaborative\.regularization"):
            nba.train(history(random_orders(1)), catalog(), config)

    def test_fewer_customers_than_factors_are_no_trouble(self):
        config = nba.TrainConfig.model_validate(ALS | {"collaborative": {"factors": 256}})
        nba.train(history(SIX_ORDERS), catalog(), config)


@pytest.mark.parametrize("text", ["seed = -1", "sed = 1", "[picks]\nvariety = 1", "seed ="])
def test_a_recipe_that_makes_no_sense_is_refused(tmp_path, text):
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(ConfigError, match="is not valid"):
        nba.TrainConfig.from_toml(tmp_path / "recipe.toml")


def test_a_sale_that_ended_or_saves_nothing_is_no_price_to_pay():
    sales = [
        {"product_id": name, "price": 1000, "sale_price": sale, "sale_until": until}
        for name, sale, until in (
            ("over", 500, day(5)),
            ("on", 500, day(50)),
            ("open", 500, None),
            ("dearer", 1500, None),
        )
    ]
    products = nba.train(history([("o1", "ann", 10, ["on"])]), catalog(*sales)).products
    found = dict(zip(products.ids, products.has_sale_price.tolist(), strict=True))
    assert found == {"over": False, "on": True, "open": True, "dearer": False}


def test_a_rule_of_a_product_about_itself_is_not_one_about_every_product():
    orders = pd.DataFrame(
        [("o1", "2026-01-01T10:00:00Z", name, 1) for name in ("cup", "tea")],
        columns=["order_id", "ordered_at", "product_id", "quantity"],
    )
    rules = pd.DataFrame(
        [("ban", "tea", "tea"), ("pin", None, "cup")],
        columns=["kind", "source_product_id", "target_product_id"],
    )
    known = nba.OrderHistory.from_frame(orders, rules=rules)
    recommender = nba.Recommender(nba.train(known, catalog()))
    assert recommender.snapshot.manifest.counts["rules"] == 1
    assert recommender.popular().product_ids == ["cup", "tea"]
    assert [item.reason.code for item in recommender.bought_together("tea")] == ["PINNED"]
