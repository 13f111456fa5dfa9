"""Picks and buy again, asked of small shops whose customers have plain habits."""

from __future__ import annotations

import pytest

import nba
from nba.recommend.eligibility import Filters
from nba.vocabulary import ReasonCode, Source
from tests.shops import catalog, day, history

WEEKS = 26
TEAS = [f"tea {n}" for n in range(4)]
BOOKS = [f"book {n:02}" for n in range(40)]
END = f"{day(7 * WEEKS - 3)}Z"


def plain_shop():
    """Tea drinkers buy their tea every week, some until they leave; readers another book each time.

    Even readers buy of the first twenty books, odd ones of the others.
    """
    orders = []
    for week in range(WEEKS):
        for leaver in range(0, 24, 2):
            if week < leaver:
                who = f"leaver {leaver:02}"
                orders.append((f"l{leaver:02}w{week:02}", who, 7 * week + 1, [TEAS[leaver % 4]]))
        for one in range(24):
            tea = TEAS[one % 4]
            orders.append((f"t{one:02}w{week:02}", f"drinker {one:02}", 7 * week + one / 24, [tea]))
            side = 20 * (one % 2)
            book = BOOKS[side + (one * 3 + week) % 20] if week < 16 else None
            if book:
                orders.append(
                    (f"r{one:02}w{week:02}", f"reader {one:02}", 7 * (week + 10) - 0.5, [book])
                )
    return orders


def listed():
    return [
        *({"product_id": one, "category": "Tea"} for one in TEAS),
        *({"product_id": one, "category": "Books"} for one in BOOKS),
    ]


@pytest.fixture(scope="module")
def snapshot():
    return nba.train(history(plain_shop()), catalog(*listed()))


@pytest.fixture(scope="module")
def recommender(snapshot):
    return nba.Recommender(snapshot)


class TestOneShopTwoHabits:
    def test_who_repeats_everything_is_offered_that_first(self, recommender):
        for one in range(0, 24, 5):
            first = recommender.picks(f"drinker {one:02}", n=1)[0]
            assert (first.product_id, first.source) == (TEAS[one % 4], Source.OWN_ORDERS)

    def test_who_never_repeats_is_offered_what_is_new_to_them(self, recommender):
        for one in range(0, 24, 5):
            slate = recommender.picks(f"reader {one:02}", n=4)
            bought = recommender.buy_again(f"reader {one:02}", n=50).product_ids
            assert len(bought) == 16
            assert not set(slate.product_ids) & set(bought)
            assert {item.source for item in slate} == {Source.COLLABORATIVE}

    def test_what_is_new_comes_from_customers_alike(self, recommender):
        for one in range(2):
            books = set(BOOKS[20 * one : 20 * one + 20])
            assert set(recommender.picks(f"reader {one:02}", n=4).product_ids) <= books

    def test_the_two_are_chances_of_one_kind(self, recommender):
        drinker, reader = (recommender.picks(f"{one} 00", n=1)[0] for one in ("drinker", "reader"))
        often = drinker.reason.evidence["probability"]
        assert often > 0.8  # every week until the last
        assert often > reader.reason.evidence["probability"]


class TestReasons:
    def test_a_chance_is_told_as_it_is_whatever_variety_does_to_the_score(self, recommender):
        again = {
            item.product_id: item.reason.evidence["probability"]
            for item in recommender.buy_again("reader 03", n=50)
        }
        picks = [item for item in recommender.picks("reader 03", n=80) if item.product_id in again]
        assert len(picks) == 16
        for item in picks:
            assert item.reason.evidence["probability"] == again[item.product_id]
            assert item.score <= again[item.product_id]
        assert any(item.score < again[item.product_id] for item in picks)

    def test_what_was_bought_is_told_in_figures_of_the_customer(self, recommender):
        reason = recommender.buy_again("drinker 01")[0].reason
        assert reason.code == ReasonCode.BOUGHT_BEFORE
        assert (reason.evidence["orders_with"], reason.evidence["orders"]) == (WEEKS, WEEKS)
        assert reason.evidence["last_at"].startswith(str(day(7 * (WEEKS - 1) + 1 / 24))[:19])

    def test_what_is_new_is_told_in_figures_of_its_buyers(self, recommender):
        item = recommender.picks("reader 01", n=1)[0]
        buyers = {who for _, who, _, products in plain_shop() if item.product_id in products}
        orders = sum(item.product_id in products for *_, products in plain_shop())
        assert item.reason.code == ReasonCode.SIMILAR_CUSTOMERS
        assert item.reason.evidence["customers"] == len(buyers)
        assert item.reason.evidence["orders"] == orders


class TestTime:
    def orders(self):
        """Zoe buys milk weekly; oil she bought once, long ago; wax as often as milk, but before."""
        others = plain_shop()
        mine = [(f"z{n:02}", "zoe", 7.0 * n, ["milk"]) for n in range(14, WEEKS)]
        mine += [(f"y{n:02}", "zoe", 7.0 * n, ["wax"]) for n in range(12)]
        return [*others, *mine, ("x0", "zoe", 1.0, ["oil"])]

    def test_what_is_due_weekly_ranks_above_what_was_bought_long_ago(self):
        recommender = nba.Recommender(nba.train(history(self.orders()), catalog(*listed())))
        due, *others = recommender.buy_again("zoe")
        assert due.product_id == "milk"
        assert due.score > 0.5 > 5 * max(item.score for item in others)
        assert recommender.picks("zoe", n=1).product_ids == ["milk"]

    def test_a_long_silence_lowers_every_chance(self, recommender):
        now, later = (
            recommender.buy_again("drinker 02", at=f"{day(7 * WEEKS + more)}Z")[0].score
            for more in (0, 120)
        )
        assert later < now / 2

    def test_an_instant_before_the_last_order_counts_as_that_of_the_last_order(self, recommender):
        early, until = (
            recommender.buy_again("drinker 02", at=at).product_ids
            for at in (f"{day(3)}Z", recommender.snapshot.manifest.data_until)
        )
        assert early == until


class TestSession:
    def test_what_a_visitor_looks_at_says_what_they_like_and_is_not_offered(self, recommender):
        for looked, others in ((BOOKS[:3], BOOKS[:20]), (BOOKS[20:23], BOOKS[20:])):
            slate = recommender.picks("nobody", n=5, session=looked, fallback=None)
            assert set(slate.product_ids) <= set(others) - set(looked)
            assert {item.source for item in slate} == {Source.COLLABORATIVE}
            assert slate.missing_ids == ("nobody",)
            assert slate.request["session"] == looked

    def test_it_is_not_offered_by_the_popular_list_that_fills_up_either(self, recommender):
        popular = recommender.popular(n=3).product_ids
        for customer in ("nobody", "drinker 00"):
            slate = recommender.picks(customer, n=60, session=popular)
            assert slate.product_ids
            assert not set(slate.product_ids) & set(popular)

    def test_it_is_folded_into_what_a_customer_is_known_for(self, recommender):
        plain = recommender.picks("drinker 00", n=5).product_ids
        looking = recommender.picks("drinker 00", n=5, session=BOOKS[:2]).product_ids
        assert plain != looking
        assert not set(looking) & set(BOOKS[:2])
        assert len(set(looking) & set(BOOKS[:20])) >= 3

    def test_a_product_looked_at_twice_or_unknown_changes_nothing(self, recommender):
        once = recommender.picks("nobody", session=BOOKS[:2])
        twice = recommender.picks("nobody", session=[*BOOKS[:2], BOOKS[0], "?"])
        assert twice.product_ids == once.product_ids
        assert twice.missing_ids == ("nobody", "?")

    def test_what_was_looked_at_takes_no_place_from_others_of_its_category(self):
        orders = [
            (f"o{n:03}", f"c{n:03}", float(n), ["star", f"new {n % 4}", f"new {(n + 1) % 4}"])
            for n in range(60)
        ]
        ids = ("star", *(f"new {n}" for n in range(4)))
        listed = catalog(*({"product_id": one, "category": "All"} for one in ids))
        recommender = nba.Recommender(nba.train(history(orders), listed))
        # The star is the likeliest of all, but it is looked at.
        first = recommender.picks("nobody", n=1, session=["star", "new 0"])[0]
        assert first.score == first.reason.evidence["probability"]


class TestNobodyKnown:
    def test_without_a_session_the_popular_list_is_given_and_labelled(self, recommender):
        slate = recommender.picks("nobody")
        assert slate.product_ids == recommender.popular().product_ids
        assert slate.fallback == "popular"
        assert {item.source for item in slate} == {Source.POPULAR}
        assert len(recommender.picks("nobody", fallback=None)) == 0

    def test_a_customer_whose_orders_were_all_cancelled_is_one_of_them(self):
        orders = history([("o1", "ann", 0, ["tea"]), ("o2", "bob", 1, ["tea", "cup"])])
        orders.rows.status[:1] = history([("o", "x", 0, ["tea"])], status="cancelled").rows.status
        slate = nba.Recommender(nba.train(orders, catalog())).picks("ann")
        assert slate.missing_ids == ()
        assert {item.source for item in slate} == {Source.POPULAR}
        assert slate.fallback == "popular"


class TestVariety:
    def orders(self):
        """Everybody buys teas more often than cups, and each of these about as often."""
        orders = []
        for n in range(60):
            products = [f"tea {n % 5}", f"tea {(n + 1) % 5}", f"cup {n % 5}"]
            orders.append((f"o{n}", f"c{n % 20:02}", float(n), products))
        return orders

    def categories(self, variety):
        kinds = [
            {"product_id": f"{kind} {n}", "category": kind}
            for kind in ("tea", "cup")
            for n in range(5)
        ]
        config = nba.TrainConfig.model_validate({"picks": {"variety": variety}})
        recommender = nba.Recommender(nba.train(history(self.orders()), catalog(*kinds), config))
        picked = recommender.picks("c00", n=6)
        return [item.product["category"] for item in picked]

    def test_makes_categories_alternate(self):
        plain, varied = self.categories(0), self.categories(0.9)
        assert plain != varied
        for place in range(0, 6, 2):
            assert set(varied[place : place + 2]) == {"tea", "cup"}


class TestOwned:
    SHOP = (
        *({"product_id": one, "category": "Tea"} for one in TEAS),
        *({"product_id": one, "category": "Books", "is_consumable": False} for one in BOOKS),
    )

    @pytest.mark.parametrize("kind", ["picks", "buy_again"])
    def test_durables_of_the_customer_and_their_variants_stay_out(self, kind):
        shop = [
            row | {"product_group_id": f"pair {number // 2}" if number >= 4 else ""}
            for number, row in enumerate(self.SHOP)
        ]
        recommender = nba.Recommender(nba.train(history(plain_shop()), catalog(*shop)))
        slate = getattr(recommender, kind)("reader 00", n=60, filters=Filters(collapse=False))
        bought = {product for _, who, _, ps in plain_shop() for product in ps if who == "reader 00"}
        pairs = {BOOKS.index(one) // 2 for one in bought}
        assert not [
            one for one in slate.product_ids if one in BOOKS and BOOKS.index(one) // 2 in pairs
        ]
        assert slate.excluded["owned"] >= len(bought)
        if kind == "picks":
            assert set(slate.product_ids) & set(TEAS)


@pytest.mark.parametrize("model", ["rp3beta", "item-item", "als", "ease"])
def test_every_model_offers_a_visitor_books_of_the_half_they_look_at(model):
    config = nba.TrainConfig.model_validate(
        {"picks": {"models": [model], "ease_ridge": 5.0}, "collaborative": {"factors": 4}}
    )
    snapshot = nba.train(history(plain_shop()), catalog(*listed()), config)
    assert snapshot.manifest.picks["discovery"]["chosen"] == model
    recommender = nba.Recommender(snapshot)
    for books in (BOOKS[:20], BOOKS[20:]):
        assert set(recommender.picks("nobody", n=4, session=books[:4]).product_ids) <= set(books)
