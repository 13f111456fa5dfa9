"""The terms of both chances, worked out by hand for customers of a small shop."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from nba.artifacts.habits import DISCOVERY_TERMS, REPEAT_TERMS, chance
from nba.learn.assortment import Assortment
from nba.learn.personal.habits import customers_at, untaught
from nba.ranges import listed
from tests.shops import catalog, day, history

# Ann orders on days 0, 10 and 40, Bob once on day 20; everything is known up to day 50.
ORDERS = [
    ("o1", "ann", 0, ["black tea", "cup"]),
    ("o2", "ann", 10, ["black tea"]),
    ("o3", "ann", 40, ["black tea", "green tea"]),
    ("o4", "bob", 20, ["cup"]),
]
LISTED = [
    {"product_id": "black tea", "category": "Tea"},
    {"product_id": "cup", "category": ""},
    {"product_id": "green tea", "category": "Tea"},
    {"product_id": "pot", "category": ""},
]
BLACK, CUP, GREEN, POT = range(4)
ANN, BOB = 0, 1
END = 50


def shop(orders=ORDERS, until=END):
    listed = catalog(*LISTED)
    baskets = history(orders).baskets(proving_days=0).over(listed.product_ids)
    baskets = replace(baskets, as_of=day(until))
    customers = customers_at(baskets)
    types = Assortment.of(listed.category, listed.product_group_id)
    return customers, untaught(baskets, customers, types)


def terms(at, chosen=(ANN,), product=BLACK, **changes):
    customers, habits = shop(**changes)
    codes = np.array(chosen)
    shoppers = habits.shoppers(customers, codes, day(at))
    cell, rows = habits.repeat_terms(customers, codes, shoppers, day(at))
    place = np.flatnonzero(customers.product[cell] == product)[0]
    return dict(zip(REPEAT_TERMS, rows[place].tolist(), strict=True))


class TestRates:
    def test_the_share_of_returning_buyers_leans_on_its_type_and_that_on_the_shop(self):
        _, habits = shop()
        # One of four pairs of customer and product came back: black tea.
        of_tea = (1 + 10 * 1 / 4) / (2 + 10)
        of_rest = (0 + 10 * 1 / 4) / (2 + 10)
        expected = [(1 + 10 * of_tea) / 11, 10 * of_rest / 12, 10 * of_tea / 11, of_rest]
        np.testing.assert_allclose(habits.returning, expected, rtol=1e-6)

    def test_the_rate_counts_repurchases_a_day_since_the_first(self):
        _, habits = shop()
        # Exposure in days: black tea 50, green tea 10, the cup 50 + 30; two repurchases of tea.
        of_shop = 2 / 140
        of_tea = (2 + 200 * of_shop) / (60 + 200)
        of_rest = 200 * of_shop / (80 + 200)
        expected = [
            (2 + 200 * of_tea) / 250,
            200 * of_rest / 280,
            200 * of_tea / 210,
            of_rest,
        ]
        np.testing.assert_allclose(habits.rate, expected, rtol=1e-6)

    def test_shares_of_order_lines_sum_to_one_and_none_is_nothing(self):
        _, habits = shop()
        sold = np.array([3, 2, 1, 0]) + 0.1
        np.testing.assert_allclose(habits.share, sold / sold.sum(), rtol=1e-6)
        late = np.array(
            [
                exp(-50 / 14) + exp(-40 / 14) + exp(-10 / 14),
                exp(-50 / 14) + exp(-30 / 14),
                exp(-10 / 14),
                0,
            ]
        )
        expected = (late + 5 * sold / sold.sum()) / (late.sum() + 5)
        np.testing.assert_allclose(habits.recent, expected, rtol=1e-6)

    def test_products_without_a_category_share_a_type_of_their_own(self):
        _, habits = shop()
        assert habits.type[BLACK] == habits.type[GREEN] != habits.type[CUP] == habits.type[POT]

    def test_the_average_customer_is_that_of_all_orders(self):
        _, habits = shop()
        # Six order lines, two of them repeats, in four orders.
        np.testing.assert_allclose(habits.repeat_ratio, (2 + 0.1) / (6 + 1))
        np.testing.assert_allclose(habits.size, 6 / 4)


class TestShoppers:
    def test_who_a_customer_is_says_their_orders(self):
        customers, habits = shop()
        found = habits.shoppers(customers, np.array([BOB, ANN]), day(END))
        mean = 2.1 / 7
        np.testing.assert_allclose(
            found.repeat_ratio, [10 * mean / 11, (2 + 10 * mean) / 15], rtol=1e-6
        )
        np.testing.assert_allclose(found.size, [1, 5 / 3])
        np.testing.assert_allclose(
            found.pace,
            [exp(-30 / 28), exp(-50 / 28) + exp(-40 / 28) + exp(-10 / 28)],
            rtol=1e-6,
        )

    def test_pace_slows_down_as_time_passes(self):
        customers, habits = shop()
        now, later = (
            habits.shoppers(customers, np.array([ANN]), day(at)).pace for at in (END, END + 28)
        )
        np.testing.assert_allclose(later, now / np.e, rtol=1e-6)


class TestRepeatTerms:
    @pytest.mark.parametrize("at", [END, END + 25])
    def test_are_those_worked_out_by_hand(self, at):
        since_first, since_last, since_second = at, at - 40, at - 10
        gap = 40 / 2
        _, habits = shop()
        rate = float(habits.rate[BLACK])
        survival = (1 + 7 / (since_first + 0.5 / rate)) ** -2.5
        mean = 2.1 / 7
        expected = {
            "orders": log(3),
            "silence": log(1 + since_last),
            "age": log(1 + since_first),
            "silence_over_gap": log(1 + since_last / gap),
            "bought_once": 0.0,
            **{
                f"decayed_{days}": log(
                    0.01 + sum(exp(-age / days) for age in (since_first, since_second, since_last))
                )
                for days in (14, 30, 60, 90, 180)
            },
            "returning": log(float(habits.returning[BLACK])),
            "rate": log(rate),
            "repeat_ratio": log((2 + 10 * mean) / 15),
            "pace": log(
                0.2 + sum(exp(-age / 28) for age in (since_first, since_second, since_last))
            ),
            "silence_of_type": log(1 + since_last),
            "formula": log((1 - survival) / survival),
        }
        found = terms(at)
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-5, abs=1e-7), name

    def test_what_was_bought_once_has_no_gap(self):
        found = terms(END, chosen=(BOB,), product=CUP)
        assert (found["orders"], found["silence_over_gap"], found["bought_once"]) == (0, 0, 1)
        assert found["silence"] == found["age"] == pytest.approx(log(31))

    def test_another_product_of_the_type_ends_the_silence_of_the_type(self):
        orders = [*ORDERS, ("o5", "ann", 45, ["green tea"]), ("o6", "bob", 49, ["black tea"])]
        found = terms(END, orders=orders)
        assert found["silence_of_type"] == pytest.approx(log(6))
        assert found["silence"] == pytest.approx(log(11))

    def test_an_instant_before_the_last_order_knows_no_negative_ages(self):
        found = terms(30)
        assert (found["silence"], found["age"]) == (0, pytest.approx(log(31)))

    def test_a_customer_s_rows_are_the_same_alone_and_among_others(self):
        customers, habits = shop()
        both = np.array([BOB, ANN])
        cell, rows = habits.repeat_terms(
            customers, both, habits.shoppers(customers, both, day(END)), day(END)
        )
        assert customers.product[cell].tolist() == [CUP, BLACK, CUP, GREEN]
        for place, code in ((slice(0, 1), BOB), (slice(1, 4), ANN)):
            one = np.array([code])
            shoppers = habits.shoppers(customers, one, day(END))
            _, alone = habits.repeat_terms(customers, one, shoppers, day(END))
            assert alone.tobytes() == rows[place].tobytes()
            assert chance(alone, habits.repeat).tobytes() == (
                chance(rows, habits.repeat)[place].tobytes()
            )

    def test_some_purchases_are_described_as_among_all_of_them(self):
        customers, habits = shop()
        both = np.array([BOB, ANN])
        shoppers = habits.shoppers(customers, both, day(END))
        cell, rows = habits.repeat_terms(customers, both, shoppers, day(END))
        for some in ([], [1], [0, 3], [0, 1, 2, 3]):
            places = np.array(some, np.int64)
            fewer, told = habits.repeat_terms(customers, both, shoppers, day(END), places)
            assert fewer.tolist() == cell[places].tolist()
            assert told.tobytes() == rows[places].tobytes()

    def test_untaught_chances_are_those_of_the_formula(self):
        customers, habits = shop()
        one = np.array([ANN])
        shoppers = habits.shoppers(customers, one, day(END))
        _, rows = habits.repeat_terms(customers, one, shoppers, day(END))
        expected = 1 - (1 + 7 / (END + 0.5 / float(habits.rate[BLACK]))) ** -2.5
        assert chance(rows, habits.repeat)[0] == pytest.approx(expected)


class TestDiscoveryTerms:
    def test_are_those_worked_out_by_hand(self):
        customers, habits = shop()
        liking = np.array([0.25, 0.0])
        shoppers = habits.shoppers(customers, np.array([ANN]), day(END))
        rows = habits.discovery_terms(np.array([POT, CUP]), liking, shoppers)
        recent, share = float(habits.recent[POT]), float(habits.share[POT])
        ratio = (2 + 10 * 2.1 / 7) / 15
        expected = {
            "liking": log(0.9 * 0.25 + 0.1 * recent),
            "recent": log(recent),
            "share": log(share),
            "repeat_ratio": log(ratio),
            "novelty": log(1 - ratio),
            "size": log(5 / 3),
            "pace": log(0.2 + exp(-50 / 28) + exp(-40 / 28) + exp(-10 / 28)),
        }
        assert set(expected) == set(DISCOVERY_TERMS)
        found = dict(zip(DISCOVERY_TERMS, rows[0].tolist(), strict=True))
        assert found == pytest.approx(expected, rel=1e-5)
        assert np.isfinite(rows).all()

    def test_somebody_unknown_is_the_average_customer_who_orders_every_four_weeks(self):
        _, habits = shop()
        anybody = habits.anybody()
        assert anybody.pace == 1
        assert (anybody.repeat_ratio, anybody.size) == (habits.repeat_ratio, habits.size)


class TestChance:
    def test_is_the_logistic_function_of_intercept_and_terms(self):
        rows = np.array([[1.0, 2.0], [0.0, 0.0]])
        found = chance(rows, np.array([-1.0, 0.5, 0.25]))
        np.testing.assert_allclose(found, [0.5, 1 / (1 + np.e)])

    def test_stays_above_nothing_and_finite_however_far_off(self):
        found = chance(np.array([[1e9], [-1e9]]), np.array([0.0, 1.0]))
        assert found[0] == 1
        assert 0 < found[1] < 1e-200


def test_purchases_of_customers_are_listed_in_the_order_asked():
    customers, _ = shop()
    row, cell = listed(customers.start, np.array([BOB, ANN, BOB]))
    assert (cell.tolist(), row.tolist()) == ([3, 0, 1, 2, 3], [0, 1, 1, 1, 2])


def test_a_shop_without_orders_has_finite_habits():
    customers, habits = shop(orders=[], until=0)
    assert len(customers.product) == 0
    for values in (habits.returning, habits.rate, habits.recent, habits.share):
        assert np.isfinite(values).all()
        assert (values > 0).all()
    nobody = np.empty(0, np.int64)
    shoppers = habits.shoppers(customers, nobody, day(0))
    _, rows = habits.repeat_terms(customers, nobody, shoppers, day(0))
    assert rows.shape == (0, len(REPEAT_TERMS))
