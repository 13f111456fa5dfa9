"""What every learner owes, asked through the recommender: one suite over all lists."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest

import nba
from nba.artifacts.customers import LIKING_DECAY
from nba.errors import ConfigError, UnknownProductError
from nba.recommend.eligibility import Filters
from nba.vocabulary import ELIGIBLE_AVAILABILITIES, Source
from tests.shops import SIX_ORDERS, catalog, checkerboard, history, random_orders, shuffled

ORDERS = random_orders(3, customers=30, products=40, orders=400)
CONFIG = nba.TrainConfig(seed=11)
CATEGORIES = ("Tea", "Tea > Green", "Teapots")
LISTED = [
    {
        "product_id": f"p{i:04}",
        "category": CATEGORIES[i % 3],
        "price": 100 * (i + 1),
        "product_group_id": f"g{i // 2}" if i < 10 else "",
        "availability": "out_of_stock" if i % 7 == 6 else "in_stock",
        "is_consumable": i % 5 != 4,
    }
    for i in range(45)  # five more than were ever sold
]
CARDS = {row["product_id"]: row for row in LISTED}
ALL = 1000
BOARD_SIZE = 20

LISTS = {
    "bought together": lambda r, **kw: r.bought_together("p0000", **kw),
    "a basket's neighbours": lambda r, **kw: r.bought_together(["p0000", "p0003"], **kw),
    "neighbours filled up": lambda r, **kw: r.bought_together("p0030", fallback="popular", **kw),
    "picks": lambda r, **kw: r.picks("c0001", **kw),
    "picks alone": lambda r, **kw: r.picks("c0001", fallback=None, **kw),
    "picks of a stranger": lambda r, **kw: r.picks("nobody", **kw),
    "buy again": lambda r, **kw: r.buy_again("c0001", **kw),
    "popular": lambda r, **kw: r.popular(**kw),
}


def trained(orders=ORDERS, listed=LISTED, **kw):
    return nba.train(history(orders), catalog(*listed), CONFIG, **kw)


@pytest.fixture(scope="module")
def recommender():
    return nba.Recommender(trained())


@pytest.fixture(params=LISTS, scope="module")
def ask(request, recommender):
    return lambda **kw: LISTS[request.param](recommender, **kw)


@pytest.fixture(scope="module")
def board():
    return nba.Recommender(nba.train(history(checkerboard(BOARD_SIZE)), catalog()))


@pytest.fixture(scope="module")
def chance():
    return random_orders(5, customers=250, products=60, orders=3000, guests=0)


class TestEveryList:
    def test_has_some_of_everything_to_be_tested_on(self, ask):
        assert len(ask(n=ALL, filters=Filters(collapse=False))) >= 5

    @pytest.mark.parametrize("n", [0, 1, 2, 5, 7])
    def test_has_n_products_where_there_are_enough_and_never_more(self, ask, n):
        everything = ask(n=ALL).product_ids
        assert ask(n=n).product_ids == everything[:n]

    def test_of_a_negative_length_is_refused(self, ask):
        with pytest.raises(ConfigError, match="n is -1"):
            ask(n=-1)

    def test_names_products_by_text_and_each_once(self, ask):
        ids = ask(n=ALL).product_ids
        assert all(type(one) is str for one in ids)
        assert len(set(ids)) == len(ids)
        assert set(ids) <= set(CARDS)

    def test_is_ranked_from_one_by_falling_finite_scores(self, ask):
        items = ask(n=ALL)
        assert [item.rank for item in items] == list(range(1, len(items) + 1))
        scores = [item.score for item in items]
        assert all(type(score) is float and math.isfinite(score) for score in scores)
        assert scores == sorted(scores, reverse=True)
        assert min(scores) > 0

    def test_breaks_ties_by_id(self, ask):
        items = ask(n=ALL, filters=Filters(collapse=False)).items
        for one, other in pairwise(items):
            if one.score == other.score and one.source == other.source:
                assert one.product_id < other.product_id

    def test_is_json_without_nan_or_infinity(self, ask):
        text = json.dumps(ask(n=ALL).to_dict(), allow_nan=False)
        assert json.loads(text)["items"]

    def test_gives_every_product_a_source_a_reason_and_its_card(self, ask):
        for item in ask(n=ALL):
            assert item.source in set(Source)
            assert item.reason.text
            assert item.reason.evidence
            assert item.product["price"] == CARDS[item.product_id]["price"]

    def test_answers_the_same_question_the_same(self, ask):
        assert ask(n=9).to_dict() == ask(n=9).to_dict()

    def test_gives_other_questions_other_ids(self, ask):
        asked = [
            ask(n=9),
            ask(n=8),
            ask(n=9, filters=Filters(collapse=False)),
            ask(n=9, filters=Filters(min_price=0)),
            ask(n=9, filters=Filters(exclude=["p0001"])),
            ask(n=9, filters=Filters(in_basket=["p0001"])),
        ]
        assert len({slate.recommendation_id for slate in asked}) == len(asked)

    def test_can_be_bought(self, ask):
        for item in ask(n=ALL):
            assert item.product["availability"] in ELIGIBLE_AVAILABILITIES

    @pytest.mark.parametrize(
        ("filters", "passes"),
        [
            (
                Filters(exclude=["p0001", "p0002", "unheard of"], collapse=False),
                lambda card: card["product_id"] not in {"p0001", "p0002"},
            ),
            (
                Filters(in_basket={"p0001", "p0005"}, collapse=False),
                lambda card: card["product_id"] not in {"p0001", "p0005"},
            ),
            (
                Filters(category="Tea", collapse=False),
                lambda card: card["category"] in {"Tea", "Tea > Green"},
            ),
            (Filters(min_price=900, collapse=False), lambda card: card["price"] >= 900),
            (Filters(max_price=900, collapse=False), lambda card: card["price"] <= 900),
            (
                Filters(min_price=300, max_price=300, collapse=False),
                lambda card: card["price"] == 300,
            ),
        ],
        ids=["exclude", "in_basket", "category", "min_price", "max_price", "one price"],
    )
    def test_is_filtered_exactly(self, ask, filters, passes):
        everything = ask(n=ALL, filters=Filters(collapse=False)).product_ids
        allowed = [one for one in everything if passes(CARDS[one])]
        assert ask(n=ALL, filters=filters).product_ids == allowed
        assert ask(n=3, filters=filters).product_ids == allowed[:3]

    def test_shows_what_is_out_of_stock_only_if_asked(self, ask):
        for item in ask(n=ALL, filters=Filters(availability="out_of_stock")):
            assert item.product["availability"] == "out_of_stock"

    def test_shows_one_product_of_a_group(self, ask):
        groups = [CARDS[one]["product_group_id"] for one in ask(n=ALL).product_ids]
        named = [group for group in groups if group]
        assert len(set(named)) == len(named)

    def test_counts_what_the_rules_took_out(self, ask):
        slate = ask(n=ALL, filters=Filters(min_price=10**9))
        assert not len(slate)
        assert slate.fallback is None
        assert sum(slate.excluded.values()) > 0


class TestTraining:
    def test_the_same_input_gives_the_same_arrays_on_any_number_of_threads(self):
        first, again = trained(threads=1), trained(threads=2)
        assert first.manifest == again.manifest
        for name, array in first.arrays().items():
            np.testing.assert_array_equal(array, again.arrays()[name], err_msg=name)

    def test_the_order_of_the_rows_has_no_effect(self):
        assert trained(shuffled(ORDERS)).manifest == trained().manifest

    def test_another_seed_gives_another_model(self):
        other = nba.train(history(ORDERS), catalog(*LISTED), nba.TrainConfig(seed=12))
        assert other.manifest.digest != trained().manifest.digest

    def test_no_array_holds_nan_or_a_sentinel(self):
        for name, array in trained().arrays().items():
            if array.dtype.kind == "f":
                assert np.isfinite(array).all(), name
                assert np.abs(array).max(initial=0) < 1e6, name
            if array.dtype.kind == "i":
                assert array.min(initial=0) >= 0, name

    def test_what_the_caller_owns_stays_as_it_was(self):
        orders, listed = history(ORDERS), catalog(*LISTED)
        before = orders.rows.customer_ids.offsets.flags.writeable
        nba.train(orders, listed, CONFIG)
        assert orders.rows.customer_ids.offsets.flags.writeable == before
        assert listed.price.flags.writeable

    def test_a_snapshot_cannot_be_written_to(self):
        for name, array in trained().arrays().items():
            assert not array.flags.writeable, name


class TestBoughtTogether:
    def test_an_unknown_product_is_named_and_answered_with_nothing(self, recommender):
        slate = recommender.bought_together(["unheard of"])
        assert (slate.product_ids, slate.missing_ids) == ([], ("unheard of",))
        assert slate.fallback is None

    def test_an_unknown_product_beside_known_ones_is_named(self, recommender):
        slate = recommender.bought_together(["p0000", "unheard of"])
        assert slate.missing_ids == ("unheard of",)
        assert slate.product_ids == recommender.bought_together("p0000").product_ids

    def test_a_strict_question_about_an_unknown_product_is_an_error(self, recommender):
        with pytest.raises(UnknownProductError, match="unheard of"):
            recommender.bought_together("unheard of", strict=True)

    def test_an_unknown_fallback_is_an_error(self, recommender):
        with pytest.raises(ConfigError, match="expected popular"):
            recommender.bought_together("p0000", fallback="random")

    def test_what_fills_up_is_labelled_and_last(self, recommender):
        slate = recommender.bought_together("p0030", fallback="popular", n=30)
        sources = [item.source for item in slate]
        assert slate.fallback == "popular"
        assert sources == sorted(sources, key=[Source.PAIR, Source.POPULAR].index)
        assert set(sources) == {Source.PAIR, Source.POPULAR}

    def test_what_fills_up_repeats_no_group_of_the_list(self):
        orders = [(f"o{n}", f"c{n}", n, ["kettle", "cup-red"]) for n in range(3)]
        orders += [(f"x{n}", f"y{n}", n, ["cup-blue"]) for n in range(5)]
        cups = ({"product_id": one, "product_group_id": "cup"} for one in ("cup-blue", "cup-red"))
        recommender = nba.Recommender(nba.train(history(orders), catalog(*cups)))
        filled = recommender.bought_together("kettle", fallback="popular")
        assert filled.product_ids == ["cup-red"]
        assert filled.excluded == {"variant": 1}
        loose = Filters(collapse=False)
        filled = recommender.bought_together("kettle", fallback="popular", filters=loose)
        assert filled.product_ids == ["cup-red", "cup-blue"]

    def test_the_price_that_counts_is_the_one_to_pay(self):
        sold = {"product_id": "cup", "price": 500, "sale_price": 300}
        recommender = nba.Recommender(nba.train(history(SIX_ORDERS), catalog(sold)))
        for low, high, found in ((250, 350, ["cup"]), (450, 550, [])):
            slate = recommender.popular(filters=Filters(min_price=low, max_price=high))
            assert slate.product_ids == found

    def test_neither_the_given_products_nor_their_variants_are_offered(self, recommender):
        for fallback in (None, "popular"):
            ids = recommender.bought_together("p0000", n=ALL, fallback=fallback).product_ids
            assert not {"p0000", "p0001"} & set(ids)
        loose = recommender.bought_together("p0000", n=ALL, filters=Filters(collapse=False))
        assert not {"p0000", "p0001"} & set(loose.product_ids)

    def test_a_text_where_a_list_belongs_is_refused(self):
        with pytest.raises(ConfigError, match="list of product ids"):
            Filters(exclude="p0001")


class TestPersonalLists:
    def test_an_unknown_customer_gets_the_popular_list_labelled(self, recommender):
        slate = recommender.picks("nobody")
        assert slate.product_ids == recommender.popular().product_ids
        assert {item.source for item in slate} == {Source.POPULAR}
        assert (slate.fallback, slate.missing_ids) == ("popular", ("nobody",))

    def test_an_unknown_customer_has_nothing_to_buy_again(self, recommender):
        slate = recommender.buy_again("nobody")
        assert (slate.product_ids, slate.missing_ids) == ([], ("nobody",))

    def test_the_popular_list_is_no_fallback_when_it_was_asked_for(self, recommender):
        assert recommender.popular().fallback is None

    @pytest.mark.parametrize("kind", ["picks", "buy_again"])
    def test_durable_products_and_their_variants_are_not_sold_twice(self, kind):
        durable = [dict(row, is_consumable=False) for row in LISTED]
        bought = {p for _, customer, _, ps in ORDERS if customer == "c0001" for p in ps}
        groups = {CARDS[one]["product_group_id"] for one in bought} - {""}
        slate = getattr(nba.Recommender(trained(listed=durable)), kind)("c0001", n=ALL)
        assert not bought & set(slate.product_ids)
        assert not groups & {CARDS[one]["product_group_id"] for one in slate.product_ids}
        assert slate.excluded["owned"] > 0

    def test_buy_again_offers_only_what_was_bought(self, recommender):
        bought = {p for _, customer, _, ps in ORDERS if customer == "c0001" for p in ps}
        assert set(recommender.buy_again("c0001", n=ALL).product_ids) <= bought

    def test_buy_again_can_be_kept_to_the_products_of_an_order(self, recommender):
        known = recommender.buy_again("c0001", n=2).product_ids
        slate = recommender.buy_again("c0001", among=[*known[:1], "unheard of"])
        assert (slate.product_ids, slate.missing_ids) == (known[:1], ("unheard of",))


class TestCheckerboard:
    """Customer i bought every product of their colour but number i: that one is the answer."""

    def test_collaborative_filtering_finds_what_each_customer_lacks(self, board):
        for number in range(BOARD_SIZE):
            has = [f"p{j:02}" for j in range(number % 2, BOARD_SIZE, 2) if j != number]
            slate = board.picks(f"c{number:02}", n=1, filters=Filters(exclude=has))
            assert slate.product_ids == [f"p{number:02}"]
            assert slate[0].source == Source.COLLABORATIVE

    @pytest.mark.parametrize("model", ["rp3beta", "item-item", "together", "als", "ease"])
    def test_every_collaborative_model_likes_it_best_of_what_is_new(self, model):
        config = nba.TrainConfig.model_validate({"picks": {"models": [model]}})
        made = nba.train(history(checkerboard(BOARD_SIZE)), catalog(), config)
        for number in range(BOARD_SIZE):
            span = made.customers.span(number)
            has = made.customers.product[span]
            weight = made.customers.decayed[span, LIKING_DECAY]
            liking = made.collaborative.liking(has, made.customers.orders[span], weight)
            assert liking.sum() == pytest.approx(1)
            liking[has] = 0
            assert liking.argmax() == number

    def test_the_basket_of_each_customer_lacks_exactly_one_product(self, board):
        for number in range(BOARD_SIZE):
            has = [f"p{j:02}" for j in range(number % 2, BOARD_SIZE, 2) if j != number]
            assert board.bought_together(has, n=5).product_ids == [f"p{number:02}"]

    def test_products_go_with_all_others_of_their_colour_and_with_none_other(self, board):
        for number in range(BOARD_SIZE):
            colour = [f"p{j:02}" for j in range(number % 2, BOARD_SIZE, 2) if j != number]
            # All are equally close, so their ids decide.
            assert board.bought_together(f"p{number:02}", n=50).product_ids == colour


class TestNullData:
    """Baskets drawn independently of who buys: there is nothing to learn but popularity."""

    def test_no_personal_method_beats_popularity_by_more_than_noise(self, chance):
        result = nba.backtest(
            history(chance), catalog(), CONFIG, test_from="2026-03-12T00:00Z", n=5
        )
        popularity, *personal = result.methods
        assert popularity.method == "popularity"
        assert len(personal) == 3
        for method in personal:
            assert method.recall.mean <= popularity.recall.high, method.method
            assert method.ndcg.mean <= popularity.ndcg.high, method.method

    def test_neighbours_do_not_beat_popularity_by_more_than_noise(self, chance):
        early = [order for order in chance if order[2] < 70]
        late = [order for order in chance if order[2] >= 70 and len(order[3]) > 1]
        recommender = nba.Recommender(nba.train(history(early), catalog()))
        best_sellers = recommender.popular(n=6).product_ids

        def hits(shown, basket):
            return len(set(shown[:5]) & set(basket[1:]))

        gain = [
            hits(recommender.bought_together(basket[0], n=5).product_ids, basket)
            - hits([one for one in best_sellers if one != basket[0]], basket)
            for _, _, _, basket in late
        ]
        assert np.mean(gain) <= 2 * np.std(gain) / math.sqrt(len(gain))
