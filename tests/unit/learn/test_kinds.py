"""The kind of a product: the catalogue's word, that of its category, its repeat rate, in turn."""

from __future__ import annotations

import numpy as np
import pytest

import nba
from nba.learn.assortment import Assortment
from nba.learn.kinds import LEAST_BUYERS, YEAR_DAYS, find_durables
from tests.shops import catalog, history


def durable(products, orders=()):
    baskets = history(list(orders)).baskets(proving_days=0)
    listed = catalog(*products)
    ids = listed.product_ids.union(baskets.product_ids)
    listing = listed.over(ids)
    types = Assortment.of(listing.category, listing.product_group_id)
    found = find_durables(listing, baskets.over(ids), types)
    assert found.dtype == np.bool_
    return {one for one, is_durable in zip(ids, found, strict=True) if is_durable}


def row(name, category="", is_consumable=None):
    return {"product_id": name, "category": category, "is_consumable": is_consumable}


class TestCategory:
    def test_most_of_those_with_a_word_speak_for_the_others(self):
        shop = [row("a", "Pans", False), row("b", "Pans", False), row("c", "Pans", True)]
        assert durable([*shop, row("d", "Pans")]) == {"a", "b", "d"}

    def test_the_own_word_stands_against_the_category(self):
        shop = [row(f"tea {n}", "Tea", True) for n in range(5)]
        assert durable([*shop, row("tea egg", "Tea", False)]) == {"tea egg"}

    def test_a_category_without_a_word_listens_to_the_one_above(self):
        shop = [row("fridge", "Home > Large > Cold", False), row("soap", "Care", True)]
        shop += [row("oven", "Home > Large > Hot"), row("cream", "Care > Face")]
        assert durable(shop) == {"fridge", "oven"}

    def test_the_nearest_category_with_a_word_decides(self):
        shop = [row("bag", "Home > Cleaning > Bags", True), row("mop", "Home > Cleaning", True)]
        shop += [row(f"tv {n}", "Home > Television", False) for n in range(9)]
        shop += [row("pad", "Home > Cleaning > Pads"), row("lamp", "Home > Light")]
        assert "pad" not in durable(shop)
        assert "lamp" in durable(shop)

    def test_a_draw_is_left_to_the_category_above(self):
        shop = [row("a", "Home > Pans", False), row("b", "Home > Pans", True)]
        assert "c" not in durable([*shop, row("c", "Home > Pans")])
        assert "c" in durable([*shop, row("c", "Home > Pans"), row("d", "Home", False)])

    def test_a_category_is_not_above_one_that_only_begins_alike(self):
        assert durable([row("a", "Home", False), row("b", "Homemade jam")]) == {"a"}

    def test_products_without_a_category_learn_nothing_of_one_another(self):
        assert durable([row("a", "", False), row("b"), row("c", "Pans")]) == {"a"}


def owners(count, *, again=0, stay_days=YEAR_DAYS, again_after=200.0):
    """Customers who buy a pan, some of them another one, and tea at the end."""
    orders = []
    for number in range(count):
        who = f"c{number:03}"
        orders.append((f"{who}a", who, 0, ["pan"]))
        if number < again:
            orders.append((f"{who}b", who, again_after, ["wok"]))
        orders.append((f"{who}z", who, stay_days, ["tea"]))
    return orders


PANS = [row("pan", "Pans"), row("wok", "Pans"), row("tea", "Tea")]


class TestRepeatRate:
    def test_what_those_who_stay_do_not_buy_again_is_durable_with_all_of_its_category(self):
        assert durable(PANS, owners(LEAST_BUYERS)) == {"pan", "wok"}

    def test_too_few_owners_prove_nothing(self):
        assert durable(PANS, owners(LEAST_BUYERS - 1)) == set()

    def test_who_left_the_shop_says_nothing_of_its_products(self):
        assert durable(PANS, owners(500, stay_days=YEAR_DAYS - 1)) == set()

    def test_guests_say_nothing(self):
        orders = [(name, None, day, products) for name, _, day, products in owners(500)]
        assert durable(PANS, orders) == set()

    @pytest.mark.parametrize(("again", "found"), [(20, {"pan", "wok"}), (26, set())])
    def test_the_upper_limit_of_those_who_bought_again_decides(self, again, found):
        # Of 100: 20 buy again, with a limit of .278; 26 with one of .342.
        assert durable(PANS, owners(100, again=again)) == found

    def test_what_is_bought_again_every_year_is_no_durable(self):
        assert durable(PANS, owners(100, again=60, again_after=366.0)) == set()

    def test_a_second_order_of_the_same_day_is_not_buying_again(self):
        assert durable(PANS, owners(100, again=60, again_after=0.9)) == {"pan", "wok"}
        assert durable(PANS, owners(100, again=60, again_after=1.0)) == set()

    def test_the_catalogue_is_believed_before_the_orders(self):
        said = [row("pan", "Pans", True), row("wok", "Pans"), row("tea", "Tea")]
        assert durable(said, owners(500)) == set()


def test_without_evidence_everything_is_bought_again():
    assert durable([]) == set()
    assert durable([row("a"), row("b", "Pans")]) == set()
    assert durable([row("a")], [("o1", "ann", 0, ["a"]), ("o2", None, 3, ["a"])]) == set()


def test_what_owners_never_buy_again_is_not_offered_to_them():
    shop = nba.train(history(owners(100, stay_days=500)), catalog(*PANS))
    recommender = nba.Recommender(shop)
    assert "pan" not in recommender.buy_again("c000").product_ids
    assert "tea" in recommender.buy_again("c000").product_ids
    assert recommender.buy_again("c000").excluded == {"owned": 1}
