"""The trial of models on what was new to customers, and the model it chooses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.artifacts.customers import LIKING_DECAY
from nba.artifacts.habits import chance
from nba.config import TrainConfig
from nba.errors import ConfigError
from nba.learn.personal.discoveries import Trial, Tried, learners, matrix_of, try_models
from nba.learn.personal.habits import DISCOVERY_PRIOR, customers_at, untaught
from nba.statistics.engines.this_machine import ThisMachine
from tests.shops import day
from tests.unit.learn.personal.shop import DEGENERATE, placed

HERE = ThisMachine()


def config(**picks):
    return TrainConfig.model_validate({"picks": picks, "collaborative": {"factors": 8}})


def clubs(*, days=180, customers=90, pace=6, size=16, clubs=5):
    """Customers who now and then buy another product of their own club, never one twice."""
    random = np.random.default_rng(3)
    orders = []
    for one in range(customers):
        shelf = [f"{one % clubs}-{n:02}" for n in random.permutation(size)]
        at = float(random.uniform(0, days / 3))
        for product in shelf:
            if at >= days:
                break
            orders.append((f"o{len(orders):05}", f"c{one:03}", at, [product]))
            at += random.exponential(pace)
    return orders


class TestLearners:
    def test_those_of_the_recipe_are_tried_in_its_order(self):
        assert list(learners(10, config(models=["als", "rp3beta"]), HERE, HERE, threads=1)) == [
            "als",
            "rp3beta",
        ]
        assert list(learners(10, config(), HERE, HERE, threads=1)) == [
            "rp3beta",
            "item-item",
            "als",
            "ease",
        ]

    def test_a_catalogue_too_large_to_invert_is_not_given_to_ease(self):
        assert "ease" in learners(50, config(ease_products=50), HERE, HERE, threads=1)
        assert "ease" not in learners(51, config(ease_products=50), HERE, HERE, threads=1)

    def test_something_is_tried_where_ease_alone_is_wanted_and_cannot_be(self):
        assert list(
            learners(51, config(models=["ease"], ease_products=50), HERE, HERE, threads=1)
        ) == ["rp3beta"]

    def test_factors_that_spark_fits_need_spark(self):
        known, types = placed(clubs())
        with pytest.raises(ConfigError, match="train with --engine spark"):
            try_models(known, types, config(models=["spark-als"]), HERE)


class TestTrial:
    def test_models_are_far_better_than_chance_where_customers_keep_to_a_club(self):
        tried = try_models(*placed(clubs()), config(ease_ridge=5.0), HERE)
        assert [one.model for one in tried.trials] == ["rp3beta", "item-item", "als", "ease"]
        # Ten of eighty products by chance would have an NDCG below .1.
        for one in tried.trials:
            assert 0.3 < one.ndcg <= 1, one.model
            assert one.coefficients[1] > 0  # of liking

    def test_the_greatest_ndcg_is_chosen_and_of_equals_the_first(self):
        trials = [Trial(name, ndcg, DISCOVERY_PRIOR) for name, ndcg in (("a", 0.1), ("b", 0.2))]
        assert Tried(tuple(trials), 9, 7).best.model == "b"
        equal = Trial("c", 0.2, DISCOVERY_PRIOR)
        assert Tried((*trials, equal), 9, 7).best.model == "b"

    def test_one_product_that_all_new_buyers_take_is_found_by_everybody(self):
        orders = [(f"a{n:03}", f"c{n:03}", n / 4, [f"old {n % 3}"]) for n in range(200)]
        orders += [(f"b{n:03}", f"c{n:03}", 58 + n / 100, ["new"]) for n in range(0, 40)]
        orders += [(f"d{n:03}", f"c{n:03}", 40 + n / 100, ["new"]) for n in range(40, 190)]
        tried = try_models(*placed(orders), config(models=["rp3beta"]), HERE)
        assert (tried.customers, tried.window_days) == (40, 7)
        assert tried.best.ndcg == 1

    def test_chances_are_those_of_a_week_whatever_the_window(self):
        baskets, types = placed(clubs(days=150, pace=14))
        known = baskets.until(day(143))
        tried = try_models(known, types, config(models=["item-item"]), HERE)
        assert tried.window_days == 28
        customers = customers_at(known)
        habits = replace(untaught(known, customers, types), discovery=tried.best.coefficients)
        model = learners(80, config(), HERE, HERE, threads=1)["item-item"](
            known, matrix_of(known, customers)
        )
        expected = 0.0
        for customer in range(len(customers)):
            span = customers.span(customer)
            bought = customers.product[span]
            liked = model.liking(
                bought, customers.orders[span], customers.decayed[span, LIKING_DECAY]
            )
            new = np.setdiff1d(np.arange(80), bought)
            shoppers = habits.shoppers(customers, np.array([customer]), day(143))
            terms = habits.discovery_terms(new, liked[new], shoppers)
            expected += chance(terms, habits.discovery).sum()
        happened = ((baskets.at >= day(143)) & (baskets.at < day(150))).sum()
        assert happened > 20
        assert 0.5 < expected / happened < 2

    def test_no_more_customers_are_looked_at_than_asked(self):
        tried = try_models(
            *placed(clubs()), config(models=["rp3beta"], validation_customers=10), HERE
        )
        assert tried.customers == 10

    def test_the_future_changes_nothing(self):
        baskets, types = placed(clubs())
        cut = day(120)
        other = baskets.where((baskets.at < cut) | (baskets.at > day(150)))
        recipe = config(models=["rp3beta"])
        one, two = (try_models(some.until(cut), types, recipe, HERE) for some in (baskets, other))
        assert one.best.ndcg == two.best.ndcg
        assert one.best.coefficients.tobytes() == two.best.coefficients.tobytes()
        assert try_models(baskets, types, recipe, HERE).best.ndcg != one.best.ndcg

    def test_any_number_of_threads_gives_the_same(self):
        one, two = (try_models(*placed(clubs()), config(), HERE, threads=count) for count in (1, 3))
        for first, second in zip(one.trials, two.trials, strict=True):
            assert first.ndcg == second.ndcg
            assert first.coefficients.tobytes() == second.coefficients.tobytes()


class TestWindow:
    @pytest.mark.parametrize(
        ("days", "window"),
        # Twice the window must remain before it: else the next shorter one is taken.
        [(60, 7), (83, 7), (85, 28), (272, 28), (274, 91), (400, 91)],
    )
    def test_little_that_is_new_is_looked_for_in_more_days(self, days, window):
        orders = [
            ("first", "c000", 0, ["p0"]),
            *((f"o{n:04}", f"c{n % 60:03}", days - 8 + n / 50, [f"p{n % 7}"]) for n in range(399)),
            ("last", "c001", days, ["p1"]),
        ]
        assert try_models(*placed(orders), config(models=["item-item"]), HERE).window_days == window

    def test_a_week_with_enough_of_it_is_enough(self):
        # Three hundred customers known before buy four products each that are new to them.
        orders = [(f"a{n:04}", f"c{n:03}", n / 10, ["known"]) for n in range(300)]
        orders += [
            (f"b{n:04}", f"c{n:03}", 296 + n / 100, [f"p{(n + k) % 9}" for k in range(4)])
            for n in range(300)
        ]
        tried = try_models(*placed(orders), config(models=["item-item"]), HERE)
        assert (tried.window_days, tried.customers) == (7, 300)


class TestNothingToTry:
    @pytest.mark.parametrize("name", DEGENERATE)
    def test_the_first_model_stands_untried_with_the_coefficients_of_the_formula(self, name):
        tried = try_models(*placed(DEGENERATE[name]), config(models=["item-item", "als"]), HERE)
        assert [one.model for one in tried.trials] == ["item-item"]
        assert (tried.best.ndcg, tried.customers) == (0, 0)
        assert tried.best.coefficients.tolist() == DISCOVERY_PRIOR.tolist()
