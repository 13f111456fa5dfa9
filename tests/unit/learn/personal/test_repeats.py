"""The chance to buy again: its rows counted by hand, its coefficients, and no look ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.artifacts.habits import chance
from nba.domain import DAY
from nba.learn.personal.chance import drawn
from nba.learn.personal.habits import REPEAT_PRIOR, customers_at, untaught
from nba.learn.personal.repeats import bought_cells, bought_in, teach_repeats
from tests.shops import day, random_orders
from tests.unit.learn.personal.shop import DEGENERATE, placed


class TestBought:
    ORDERS = (
        ("o1", "ann", 0, ["cup", "tea"]),
        ("o2", "ann", 3, ["tea"]),
        ("o3", None, 4, ["cup"]),
        ("o4", "bob", 7, ["tea"]),
    )

    def test_days_begin_at_their_instant_and_end_before_the_next(self):
        baskets, _ = placed(self.ORDERS)
        assert bought_cells(baskets, day(0), 3).tolist() == [0, 1]  # ann x cup, ann x tea
        assert bought_cells(baskets, day(3), 4).tolist() == [1]
        assert bought_cells(baskets, day(3), 5).tolist() == [1, 3]  # and bob x tea

    def test_a_pair_bought_twice_is_one(self):
        baskets, _ = placed(self.ORDERS)
        assert bought_cells(baskets, day(0), 30).tolist() == [0, 1, 3]

    def test_every_pair_asked_is_answered(self):
        baskets, _ = placed(self.ORDERS)
        customer, product = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
        found = bought_in(baskets, day(1), 30, customer, product)
        assert found.tolist() == [False, True, False, True]
        assert not bought_in(baskets, day(50), 7, customer, product).any()


class TestRows:
    def test_a_row_is_a_product_known_when_a_week_begins(self):
        # Known until day 40: weeks begin on days 33 and 26, and 28 days must lie before them.
        orders = [
            ("o1", "ann", 0, ["cup", "tea"]),
            ("o2", "bob", 20, ["tea"]),
            ("o3", "ann", 35, ["tea", "pot"]),
            ("o4", None, 35, ["cup"]),
            ("o5", "bob", 40, ["pot"]),
        ]
        taught = teach_repeats(*placed(orders), seed=1)
        assert (taught.rows, taught.purchases) == (3, 1)

    def test_four_weeks_are_looked_at_and_more_of_them_where_they_hold_little(self):
        orders = [(f"o{n}", "ann", 7.0 * n, ["tea"]) for n in range(60)]
        taught = teach_repeats(*placed(orders), seed=1)
        assert (taught.rows, taught.purchases) == (13, 13)

    @pytest.mark.parametrize("name", ["no order", "one order", "five orders", "one instant"])
    def test_a_short_history_teaches_nothing(self, name):
        taught = teach_repeats(*placed(DEGENERATE[name]), seed=1)
        assert (taught.rows, taught.purchases) == (0, 0)
        assert taught.coefficients.tolist() == REPEAT_PRIOR.tolist()

    @pytest.mark.parametrize("name", DEGENERATE)
    def test_any_shop_has_finite_coefficients(self, name):
        assert np.isfinite(teach_repeats(*placed(DEGENERATE[name]), seed=1).coefficients).all()


def rhythmical(seed, customers=400, weeks=30):
    """Customers with a rate of their own for each of their three products, some of whom leave."""
    random = np.random.default_rng(seed)
    orders = []
    for one in range(customers):
        leaves = random.exponential(40 * 7)
        for product in random.choice(12, 3, replace=False):
            wait = random.choice([10.0, 25.0, 70.0])
            at = random.uniform(0, 30)
            while at < min(leaves, 7 * weeks):
                orders.append((f"o{len(orders):05}", f"c{one:03}", at, [f"p{product:02}"]))
                at += random.exponential(wait)
    return orders


class TestTruth:
    def test_chances_of_the_next_week_come_true(self):
        baskets, types = placed(rhythmical(1))
        cut = day(7 * 29)
        known = baskets.until(cut)
        taught = teach_repeats(known, types, seed=1)
        customers = customers_at(known)
        habits = replace(untaught(known, customers, types), repeat=taught.coefficients)
        everybody = np.arange(len(customers))
        shoppers = habits.shoppers(customers, everybody, cut)
        cell, terms = habits.repeat_terms(customers, everybody, shoppers, cut)
        owner = np.searchsorted(customers.start, cell, side="right") - 1
        happened = bought_in(baskets, cut, 7, owner, customers.product[cell])
        expected = chance(terms, habits.repeat)
        spread = np.sqrt((expected * (1 - expected)).sum())
        assert abs(expected.sum() - happened.sum()) < 3 * spread
        # A third of all is what the likeliest fifth is bought, and more.
        best = np.argsort(-expected)[: len(expected) // 5]
        assert happened[best].sum() > 0.45 * happened.sum()

    def test_the_future_changes_nothing(self):
        orders = rhythmical(2, customers=60)
        cut = 7.0 * 25
        baskets, types = placed(orders)
        known = baskets.until(day(cut))
        other = baskets.where((baskets.at < day(cut)) | (baskets.at >= day(cut + 20)))
        one = teach_repeats(known, types, seed=1)
        two = teach_repeats(other.until(day(cut)), types, seed=1)
        assert one.coefficients.tobytes() == two.coefficients.tobytes()
        whole = teach_repeats(baskets, types, seed=1)
        assert whole.coefficients.tobytes() != one.coefficients.tobytes()

    def test_what_was_bought_in_the_week_is_no_term_of_it(self):
        baskets, types = placed(random_orders(9, customers=20, orders=200))
        cut = baskets.as_of - 7 * DAY
        inside = baskets.where(baskets.at < cut)
        for one in (baskets, inside):
            known = one.until(cut)
            customers = customers_at(known)
            habits = untaught(known, customers, types)
            everybody = np.arange(len(customers))
            shoppers = habits.shoppers(customers, everybody, cut)
            terms = habits.repeat_terms(customers, everybody, shoppers, cut)[1]
            if one is baskets:
                expected = terms
        assert expected.tobytes() == terms.tobytes()


class TestDraws:
    def test_a_share_of_one_or_more_is_everybody(self):
        assert drawn(5, 1.0, 7, "x").tolist() == drawn(5, 9.0, 7, "x").tolist() == [0, 1, 2, 3, 4]

    def test_others_are_distinct_ascending_and_of_that_share(self):
        found = drawn(1000, 0.1, 7, "x")
        assert len(found) == 100
        assert (np.diff(found) > 0).all()
        assert found[0] >= 0
        assert found[-1] < 1000

    def test_seed_and_name_decide(self):
        first = drawn(1000, 0.1, 7, "x")
        assert first.tolist() == drawn(1000, 0.1, 7, "x").tolist()
        assert first.tolist() != drawn(1000, 0.1, 8, "x").tolist()
        assert first.tolist() != drawn(1000, 0.1, 7, "y").tolist()

    def test_somebody_is_always_drawn_if_there_is_anybody(self):
        assert len(drawn(3, 0.001, 7, "x")) == 1
        assert len(drawn(0, 0.001, 7, "x")) == 0
