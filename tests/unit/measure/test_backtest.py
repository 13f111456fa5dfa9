"""Honest splits and the backtest, on shops whose answer is planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import nba
from nba.config import PicksConfig, PopularConfig, TrainConfig
from nba.data.history import OrderHistory
from nba.domain import to_instant
from nba.errors import DataError
from nba.facts.rows import Rows
from nba.measure.backtest import JUDGED
from nba.measure.split import split_at
from nba.statuses import CANCELLED
from tests.shops import catalog, day, history, random_orders, rows

CUT = "2026-03-12T12:00Z"  # noon of day 70
CONFIG = nba.TrainConfig(seed=3)


def rebuyers(customers: int = 60, each: int = 3):
    """Everybody buys their own three products every week and nobody else does."""
    return [
        (
            f"o{customer:02}-{week:02}",
            f"c{customer:02}",
            7 * week + customer % 7,
            [f"p{customer:02}-{number}" for number in range(each)],
        )
        for customer in range(customers)
        for week in range(14)
    ]


@pytest.fixture(scope="module")
def planted():
    return nba.backtest(history(rebuyers()), catalog(), CONFIG, test_from=CUT, n=3)


class TestSplit:
    def test_the_truth_is_what_was_bought_in_the_window(self):
        orders = [
            ("o1", "ann", 0, ["tea"]),
            ("o2", "ann", 69.999, ["cup"]),
            ("o3", "ann", 70, ["kettle", "tea"]),
            ("o4", "ann", 97, ["filter"]),
            ("o5", "ann", 98, ["spoon"]),
            ("o6", None, 80, ["tea"]),
            ("o7", "bob", 97.999, ["cup"]),
        ]
        split = split_at(history(orders), to_instant(CUT), horizon_days=28)
        assert split.truth == {
            "ann": frozenset({"kettle", "tea", "filter"}),
            "bob": frozenset({"cup"}),
        }
        assert list(split.train.rows.order_ids) == ["o1", "o2"]
        assert split.train.as_of == split.test_from == day(70)

    def test_cancelled_orders_and_tests_are_no_truth(self):
        orders = history([("o1", "ann", 0, ["tea"]), ("o2", "ann", 71, ["cup"])])
        orders.rows.status[1] = CANCELLED
        with pytest.raises(DataError, match="earlier --test-from"):
            split_at(orders, to_instant(CUT))

    def test_a_cut_before_the_first_order_is_refused(self):
        with pytest.raises(DataError, match="later --test-from"):
            split_at(history([("o1", "ann", 70, ["tea"])]), to_instant(CUT))

    def test_a_cut_after_the_last_order_is_refused(self):
        with pytest.raises(DataError, match="earlier --test-from"):
            split_at(history([("o1", "ann", 69, ["tea"])]), to_instant(CUT))


class TestTheFuture:
    """Whatever happens at or after the cut, what is trained before it stays byte-equal."""

    ORDERS = random_orders(9, customers=25, products=20, orders=250)

    def futures(self):
        known = rows(self.ORDERS)
        later = known.ordered_at >= day(70)
        before = np.flatnonzero(~later)
        yield "as it was", known
        yield "nothing later", rows([one for one in self.ORDERS if one[2] < 70])
        yield (
            "all later orders buy something new",
            rows([one if one[2] < 70 else (*one[:3], ["unheard of"]) for one in self.ORDERS]),
        )
        yield (
            "later customers are others",
            rows([one if one[2] < 70 else (one[0], "aaron", *one[2:]) for one in self.ORDERS]),
        )
        yield "earlier orders are cancelled later", cancelled(known, before[::2], day(70))
        yield "earlier orders come back later", returned(known, before[::2], day(71))

    def test_does_not_reach_the_snapshot(self):
        digests = {
            name: nba.train(
                split_train(OrderHistory.from_rows(future)), catalog(), CONFIG
            ).manifest.digest
            for name, future in self.futures()
        }
        assert set(digests.values()) == {digests["as it was"]}, digests

    def test_does_not_reach_a_snapshot_trained_as_of_the_cut(self):
        digests = {
            nba.train(OrderHistory.from_rows(one), catalog(), CONFIG, as_of=CUT).manifest.digest
            for _, one in self.futures()
        }
        assert len(digests) == 1

    def test_the_past_does_reach_it(self):
        known = rows(self.ORDERS)
        early = np.flatnonzero(known.ordered_at < day(70))
        changed = cancelled(known, early[::2], day(69))
        digests = {
            nba.train(OrderHistory.from_rows(one), catalog(), CONFIG, as_of=CUT).manifest.digest
            for one in (known, changed)
        }
        assert len(digests) == 2


def split_train(orders: OrderHistory) -> OrderHistory:
    return orders.until(to_instant(CUT))


def cancelled(known: Rows, which, at) -> Rows:
    status, status_at = known.status.copy(), known.status_at.copy()
    status[which], status_at[which] = CANCELLED, at
    return replace(known, status=status, status_at=status_at)


def returned(known: Rows, which, at) -> Rows:
    status_at, back = known.status_at.copy(), known.returned_quantity.copy()
    status_at[which] = at
    back[np.isin(known.line_order, which)] = 1
    return replace(known, status_at=status_at, returned_quantity=back)


class TestPlantedShop:
    def method(self, result, name):
        return next(one for one in result.methods if one.method == name)

    @pytest.mark.parametrize("name", ["personal frequency", "picks"])
    def test_personal_methods_find_what_everybody_always_buys(self, planted, name):
        assert self.method(planted, name).recall.mean == pytest.approx(1)
        assert self.method(planted, name).ndcg.mean == pytest.approx(1)
        assert self.method(planted, name).coverage == pytest.approx(1)

    def test_popularity_finds_next_to_nothing(self, planted):
        assert self.method(planted, "popularity").recall.mean <= 1 / 20
        assert self.method(planted, "popularity").coverage == pytest.approx(3 / 180)

    def test_intervals_contain_their_mean(self, planted):
        for one in planted.methods:
            assert one.recall.low <= one.recall.mean <= one.recall.high
            assert one.ndcg.low <= one.ndcg.mean <= one.ndcg.high

    def test_it_says_what_was_measured(self, planted):
        assert (planted.customer_count, planted.new_customer_count) == (60, 0)
        document = planted.to_dict()
        assert document["test_from"] == "2026-03-12T12:00:00Z"
        assert list(document["methods"]) == [
            "popularity",
            "personal frequency",
            "collaborative",
            "picks",
        ]
        assert document["methods"]["picks"]["recall@3"] == {"mean": 1, "low": 1, "high": 1}

    def test_the_same_seed_measures_the_same_on_any_number_of_threads(self, planted):
        again = nba.backtest(history(rebuyers()), catalog(), CONFIG, test_from=CUT, n=3, threads=1)
        assert again.to_dict() == planted.to_dict()


def test_a_result_is_shown_as_a_table(planted):
    told, header, *rows = repr(planted).splitlines()
    assert told.startswith("60 customers who bought in the 28 days from 2026-03-12T12:00:00Z (0 of")
    assert header.split() == ["recall@3", "95", "%", "NDCG@3", "95", "%", "coverage"]
    assert [len(one) for one in rows] == [len(header)] * 4
    assert rows[3] == "picks                 1.0000  1.0000-1.0000  1.0000  1.0000-1.0000   100.00%"


def test_a_backtest_depends_on_no_other_section_of_a_recipe_than_it_says():
    orders, listed = history(random_orders(4, customers=30, products=15, orders=300)), catalog()
    assert set(TrainConfig.model_fields) >= JUDGED

    def measured(**changed):
        config = CONFIG.model_copy(update=changed)
        return nba.backtest(orders, listed, config, test_from=CUT, n=3).to_dict()

    as_it_is = measured()
    others = {
        "default_delivery_days": 9,
        "default_margin": 0.9,
        "copurchase": {"discovery": 1, "proving_days": 60, "spell_days": 0, "trend": 2},
        "accessories": {"window_days": 7, "discovery": 1, "min_lift": 3},
        "similar": {"views": 0, "customers": 0},
        "replacements": {"price_band": 1.1, "upsell_band": 1.1},
        "rhythm": {"at_risk_below": 0.9, "discount": 1, "lost_alive": 0.9},
        "segments": {},
        "repurchase": {"horizon_days": 20, "passed_share": 0.9},
        "responses": {"uplift_days": 1},
    }
    assert others.keys() == TrainConfig.model_fields.keys() - JUDGED
    changed = TrainConfig.model_validate({"seed": CONFIG.seed} | others)
    assert nba.backtest(orders, listed, changed, test_from=CUT, n=3).to_dict() == as_it_is
    assert measured(popular=PopularConfig(window_days=1, top_k=1)) != as_it_is
    assert measured(picks=PicksConfig(models=("als",))) != as_it_is


def test_new_customers_get_the_popular_list_from_every_method():
    known = [(f"o{n}", "ann", n, ["tea"] if n % 3 else ["cup"]) for n in range(20)]
    fresh = [("x1", "bob", 71, ["tea"]), ("x2", "cat", 72, ["kettle"])]
    result = nba.backtest(history([*known, *fresh]), catalog(), CONFIG, test_from=CUT, n=1)
    assert (result.customer_count, result.new_customer_count) == (2, 2)
    assert [one.recall.mean for one in result.methods] == [0.5] * 4


def test_products_nobody_had_bought_before_the_cut_are_no_candidates():
    listed = catalog(*(f"a{number}" for number in range(50)))
    result = nba.backtest(history(rebuyers(6)), listed, CONFIG, test_from=CUT, n=30)
    for one in result.methods:
        assert one.coverage <= 1
