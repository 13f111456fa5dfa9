"""All that is learned of single customers, and the account of it in the manifest."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nba
from nba.artifacts.habits import DISCOVERY_TERMS, REPEAT_TERMS
from nba.artifacts.neighbourhood import Neighbourhood
from nba.config import TrainConfig
from nba.learn.personal.teaching import teach
from nba.statistics.engines.this_machine import ThisMachine
from tests.shops import catalog, history, random_orders
from tests.unit.learn.personal.shop import DEGENERATE, placed

ORDERS = random_orders(5, customers=50, products=30, orders=900)

HERE = ThisMachine()


def config(**picks):
    return TrainConfig.model_validate({"picks": picks, "collaborative": {"factors": 8}})


@pytest.fixture(scope="module")
def manifest():
    return nba.train(history(ORDERS), catalog(), config()).manifest


class TestAccount:
    def test_says_which_model_was_chosen_and_what_the_others_reached(self, manifest):
        account = manifest.picks["discovery"]
        assert set(account["tried"]) == {"rp3beta", "item-item", "als", "ease"}
        assert account["tried"][account["chosen"]] == max(account["tried"].values())
        assert account["customers"] > 0
        assert account["window_days"] in (7, 28, 91)

    def test_names_every_coefficient(self, manifest):
        for name, terms in (("repeat", REPEAT_TERMS), ("discovery", DISCOVERY_TERMS)):
            found = manifest.picks[name]["coefficients"]
            assert list(found) == ["intercept", *terms]
            assert np.isfinite(list(found.values())).all()

    def test_says_on_how_much_they_rest(self, manifest):
        repeats = manifest.picks["repeat"]
        assert 0 < repeats["purchases"] < repeats["rows"]

    def test_does_not_name_a_model_too_large_to_try(self):
        trained = nba.train(history(ORDERS), catalog(), config(ease_products=29))
        assert "ease" not in trained.manifest.picks["discovery"]["tried"]


class TestChosen:
    @pytest.mark.parametrize("model", ["rp3beta", "item-item", "together", "als", "ease"])
    def test_a_recipe_of_one_model_gets_it(self, model):
        taught = teach(*placed(ORDERS), config(models=[model]), HERE)
        assert taught.account["discovery"]["chosen"] == model
        assert isinstance(taught.collaborative, Neighbourhood) == (model != "als")

    def test_the_best_is_taken_wherever_it_stands_in_the_recipe(self):
        best = teach(*placed(ORDERS), config(), HERE).account["discovery"]["chosen"]
        others = [one for one in ("rp3beta", "item-item", "als", "ease") if one != best]
        taught = teach(*placed(ORDERS), config(models=[*others, best]), HERE)
        alone = teach(*placed(ORDERS), config(models=[best]), HERE)
        assert taught.account["discovery"]["chosen"] == best
        for array in ("products",) if best == "als" else ("start", "neighbour", "score"):
            found, expected = (getattr(one.collaborative, array) for one in (taught, alone))
            assert found.tobytes() == expected.tobytes()

    def test_it_is_fitted_on_all_that_is_known(self):
        baskets, types = placed([*ORDERS, ("last", "c0001", 100, ["brand new", "p0000"])])
        found = teach(baskets, types, config(models=["item-item"]), HERE).collaborative
        new = baskets.product_ids.find("brand new")
        assert found.start[new + 1] > found.start[new]

    def test_any_number_of_threads_gives_the_same_bytes(self):
        one, two = (teach(*placed(ORDERS), config(), HERE, threads=count) for count in (1, 2))
        assert one.account == two.account
        assert one.habits.repeat.tobytes() == two.habits.repeat.tobytes()
        assert one.habits.discovery.tobytes() == two.habits.discovery.tobytes()


class TestDegenerateShops:
    @pytest.mark.parametrize("name", DEGENERATE)
    def test_teach_without_a_warning_and_account_in_json(self, name):
        taught = teach(*placed(DEGENERATE[name]), config(), HERE)
        json.dumps(taught.account, allow_nan=False)
        known = any(customer for _, customer, _, _ in DEGENERATE[name])
        assert (taught.collaborative is not None) == known

    @pytest.mark.parametrize("name", DEGENERATE)
    def test_answer_every_customer_with_chances(self, name):
        recommender = nba.Recommender(nba.train(history(DEGENERATE[name]), catalog(), config()))
        for customer in ("ann", "c0", "c1", "nobody"):
            for slate in (
                recommender.picks(customer),
                recommender.picks(customer, session=["cup"]),
                recommender.buy_again(customer),
            ):
                for item in slate:
                    assert 0 <= item.reason.evidence.get("probability", 0) <= 1
            looking = recommender.picks(customer, session=["cup"])
            assert "cup" not in looking.product_ids

    def test_of_one_order_offer_it_again(self):
        recommender = nba.Recommender(nba.train(history(DEGENERATE["one order"]), catalog()))
        assert set(recommender.buy_again("ann").product_ids) == {"cup", "tea"}

    def test_of_one_customer_offer_all_that_was_bought(self):
        orders = DEGENERATE["one customer"]
        recommender = nba.Recommender(nba.train(history(orders), catalog()))
        assert set(recommender.buy_again("ann").product_ids) == {f"p{n}" for n in range(9)}
