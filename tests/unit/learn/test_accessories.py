"""Accessories on shops whose needs are known, and lists of products by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from nba.artifacts.graph import ProductGraph
from nba.artifacts.needs import NEED_KINDS, Needs
from nba.config import AccessoriesConfig
from nba.learn.accessories import accessories
from nba.statistics.engines.this_machine import ThisMachine
from nba.vocabulary import SOURCES, Source
from tests.shops import Order
from tests.unit.learn.inputs import Inputs

Learned = tuple[Inputs, Needs, ProductGraph, ProductGraph]
Wave = Callable[[np.random.Generator], float]

DAYS = 700
CUSTOMERS = 900
DELIVERY = 3
PRICE = {"phone": 50_000, "case": 2_000, "bank": 3_000, "tea": 500, "soap": 400, "lamp": 4_000}
CATALOGUE: list[dict[str, Any]] = [
    {"product_id": kind, "category": f"Shop > {kind.title()}", "price": price, "priced": True}
    for kind, price in PRICE.items()
]


def lognormal(median: float, spread: float = 0.4) -> Wave:
    return lambda random: float(median * np.exp(random.normal(0, spread)))


def shop(
    needs: dict[tuple[str, str], tuple[float, Wave]], *, seed: int = 5, fans: float = 1.0
) -> list[Order]:
    """Simulate customers who order at random and what they need after what has arrived.

    Args:
        needs: (main, second) → share of arrivals and lag in days.
        seed: of the chances.
        fans: how much sooner a fifth of the customers choose a phone or a case.
    """
    random = np.random.default_rng(seed)
    kinds = np.array(list(PRICE))
    orders = []
    for customer in range(CUSTOMERS):
        joined, rate = random.uniform(0, DAYS), random.gamma(2, 0.006)
        liking = np.where(np.isin(kinds, ("phone", "case")) & (customer % 5 == 0), fans, 1.0)
        days = joined + np.cumsum(random.exponential(1 / rate, 40))
        waiting = [(float(day), str(random.choice(kinds, p=liking / liking.sum()))) for day in days]
        while waiting:
            day, kind = waiting.pop()
            if day >= DAYS:
                continue
            orders.append((f"o{len(orders):06}", f"c{customer:04}", round(day, 4), [kind]))
            for (main, second), (share, wave) in needs.items():
                if main == kind and random.random() < share:
                    waiting.append((day + DELIVERY + wave(random), second))
    return orders


def learn(
    orders: Sequence[Order],
    products: Sequence[dict[str, Any]] = CATALOGUE,
    links: Sequence[tuple[str, str]] = (),
    **settings: Any,
) -> Learned:
    """Learn; `links` are successors, (old, new)."""
    given = Inputs.of(products, orders)
    code = {one: number for number, one in enumerate(given.listing.product_ids)}
    old, new = (np.array([code[one[side]] for one in links], np.int64) for side in (0, 1))
    successors = ProductGraph.of(len(code), old, new, np.ones(len(links)), source=0)
    learned = accessories(
        given.placed,
        given.products,
        given.listing,
        given.types,
        given.fits,
        successors,
        AccessoriesConfig(**settings),
        ThisMachine(),
        delivery_days=DELIVERY,
    )
    return given, *learned


def found(needs: Needs) -> dict[tuple[str, str], int]:
    """Name the pairs of types: last steps of their paths → median lag."""
    name = [path.rpartition("> ")[2].lower() for path in needs.types]
    return {
        (name[main], name[second]): int(lag)
        for main, second, lag in zip(needs.main, needs.accessory, needs.lag_days, strict=True)
    }


SIBLINGS = {
    ("phone", "case"): (0.4, lognormal(6)),
    ("phone", "bank"): (0.35, lognormal(40)),
}


@cache
def siblings() -> Learned:
    return learn(shop(SIBLINGS))


@cache
def fitting() -> Learned:
    return learn(fitted(shop(SIBLINGS)), FITTING)


def test_needs_are_found_with_their_lags_and_siblings_are_not() -> None:
    _, needs, _, _ = siblings()
    lags = found(needs)
    assert set(lags) == {("phone", "case"), ("phone", "bank")}
    assert lags["phone", "case"] == pytest.approx(6, rel=0.25)
    assert lags["phone", "bank"] == pytest.approx(40, rel=0.25)


@pytest.mark.parametrize("fans", [1.0, 8.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_neither_chance_nor_taste_is_a_need(seed: int, fans: float) -> None:
    _, needs, accessory, parts = learn(shop({}, seed=seed, fans=fans))
    assert found(needs) == {}
    assert len(accessory) == len(parts) == 0


def test_what_is_needed_for_each_other_alike_is_believed_from_dear_to_cheap() -> None:
    both = {("phone", "case"): (0.3, lognormal(8)), ("case", "phone"): (0.3, lognormal(8))}
    _, needs, _, _ = learn(shop(both))
    assert ("phone", "case") in found(needs)


def test_a_late_need_is_a_part_and_no_accessory_while_there_are_others() -> None:
    parts_too = SIBLINGS | {("phone", "lamp"): (0.5, lognormal(200, 0.2))}
    given, needs, accessory, parts = learn(shop(parts_too))
    assert found(needs)["phone", "lamp"] == pytest.approx(200, rel=0.15)
    kinds = dict(zip(found(needs), (NEED_KINDS[kind] for kind in needs.kind), strict=True))
    assert kinds["phone", "lamp"] == "spare_part"
    assert kinds["phone", "case"] == "accessory"
    assert [one for one, _, _ in given.named(parts)["phone"]] == ["lamp"]
    assert {one for one, _, _ in given.named(accessory)["phone"]} == {"case", "bank"}


def test_what_is_used_up_is_a_refill_and_stands_in_both_lists() -> None:
    products = [row | {"is_consumable": row["product_id"] == "case"} for row in CATALOGUE]
    given, needs, accessory, parts = learn(shop(SIBLINGS), products)
    assert NEED_KINDS[needs.kind[list(found(needs)).index(("phone", "case"))]] == "refill"
    assert [one for one, _, _ in given.named(parts)["phone"]] == ["case"]
    assert "case" in {one for one, _, _ in given.named(accessory)["phone"]}


def test_quartiles_and_the_day_to_offer_stand_around_the_median() -> None:
    _, needs, _, _ = siblings()
    assert (needs.offer_day >= 1).all()
    assert (needs.offer_day <= needs.lag_low).all()
    assert (needs.lag_low <= needs.lag_days).all()
    assert (needs.lag_days <= needs.lag_high).all()
    assert (needs.window_days >= 2 * needs.lag_days).all()


def test_owners_and_buyers_are_the_sums_of_the_curve() -> None:
    _, needs, _, _ = siblings()
    np.testing.assert_array_equal(needs.events.sum(axis=1), needs.buyers)
    np.testing.assert_array_equal(needs.at_risk[:, 0], needs.owners)
    assert (needs.buyers > needs.expected).all()


def test_support_counts_the_customers_of_both_in_the_window() -> None:
    orders = shop(SIBLINGS)
    given, needs, accessory, _ = siblings()
    window = dict(zip(found(needs), needs.window_days.tolist(), strict=True))
    listed = {one: support for one, _, support in given.named(accessory)["phone"]}
    of_customer = defaultdict(list)
    for _, customer, day, held in orders:
        of_customer[customer].append((day, *held))
    for second, support in listed.items():
        who = {
            customer
            for customer, mine in of_customer.items()
            for day, kind in mine
            for later, other in mine
            if (kind, other) == ("phone", second) and 0 <= later - day <= window["phone", second]
        }
        assert support == len(who)


FITTING: list[dict[str, Any]] = [
    *(row for row in CATALOGUE if row["product_id"] not in ("phone", "case")),
    {"product_id": "phone-x", "title": "Phone X1", "category": "Shop > Phone", "price": 50_000},
    {"product_id": "phone-y", "title": "Phone Y1", "category": "Shop > Phone", "price": 40_000},
    {"product_id": "phone-z", "title": "Phone Z1", "category": "Shop > Phone", "price": 45_000},
    {"product_id": "case-x", "category": "Shop > Case", "price": 2_000, "compatible_with": "X1"},
    {"product_id": "case-y", "category": "Shop > Case", "price": 2_000, "compatible_with": "Y1"},
    {"product_id": "case-z", "category": "Shop > Case", "price": 2_500, "accessory_for": "phone-z"},
    {
        "product_id": "case-z-red",
        "category": "Shop > Case",
        "price": 1_500,
        "compatible_with": "Z1",
    },
    {"product_id": "case-any", "category": "Shop > Case", "price": 2_000},
    {"product_id": "rug", "category": "Shop > Rug", "price": 9_000, "accessory_for": "tea"},
]


def fitted(orders: Sequence[Order]) -> list[Order]:
    """Let every second phone be an x, the others a y, and each case that of the customer."""
    return [
        (
            order,
            customer,
            day,
            [
                f"{kind}-{'xy'[int(str(customer)[1:]) % 2]}" if kind in ("phone", "case") else kind
                for kind in held
            ],
        )
        for order, customer, day, held in orders
    ]


def test_lists_hold_what_fits_and_nothing_of_the_same_category() -> None:
    given, _, accessory, _ = fitting()
    lists = given.named(accessory)
    assert lists["phone-x"][0][:2] == ("case-x", Source.PAIR)
    for phone, case in (("phone-x", "case-x"), ("phone-y", "case-y")):
        held = {one for one, _, _ in lists[phone]}
        assert held & {"case-x", "case-y", "case-z"} == {case}
        assert {"case-any", "bank"} <= held
        assert not any(one.startswith("phone") for one in held)
    first, second = accessory.first(), accessory.neighbours
    assert given.fits.belongs(first, second).all()
    assert (given.types.category[first] != given.types.category[second]).all()


def test_a_product_nobody_bought_has_the_list_of_its_type_and_links_lead_theirs() -> None:
    given, _, accessory, _ = fitting()
    listed = [(one, source) for one, source, _ in given.named(accessory)["phone-z"]]
    assert ("case-z-red", Source.CATEGORY_PAIR) in listed
    place = {one: number for number, (one, _) in enumerate(listed)}
    assert listed[place["case-z"]][1] == Source.CATALOGUE_LINK
    assert place["case-z"] < min(place["case-any"], place["case-z-red"])
    assert ("bank", Source.CATEGORY_PAIR) in listed


def test_a_link_is_listed_whatever_was_learned() -> None:
    given, _, accessory, _ = learn([], FITTING)
    assert given.named(accessory) == {
        "phone-z": [("case-z", Source.CATALOGUE_LINK, 0)],
        "tea": [("rug", Source.CATALOGUE_LINK, 0)],
    }


def test_a_new_product_inherits_from_the_one_it_replaces() -> None:
    products = [
        *FITTING,
        {"product_id": "phone-w", "title": "W", "category": "Shop > Phone", "price": 50_000},
    ]
    given, _, accessory, _ = learn(fitted(shop(SIBLINGS)), products, [("phone-x", "phone-w")])
    listed = given.named(accessory)
    assert ("bank", Source.PREDECESSOR, 0) in listed["phone-w"]
    place = [one for one, _, _ in listed["phone-w"]].index("bank")
    old = {one: support for one, _, support in listed["phone-x"]}
    code = list(given.listing.product_ids).index("phone-w")
    assert accessory.customers[accessory.indptr[code] + place] == old["bank"]


def test_variants_of_one_group_yield_to_other_products() -> None:
    products = [
        *FITTING,
        *(
            {
                "product_id": f"case-any-{one}",
                "category": "Shop > Case",
                "price": 2_000,
                "product_group_id": "ANY",
            }
            for one in "abc"
        ),
        {"product_id": "case-other", "category": "Shop > Case", "price": 9_000},
    ]
    given, _, accessory, _ = learn(fitted(shop(SIBLINGS)), products)
    listed = [one for one, _, _ in given.named(accessory)["phone-x"]]
    assert listed.index("case-any-a") < listed.index("case-other") < listed.index("case-any-b")


def test_scores_fall_along_every_list_and_lists_keep_to_their_length() -> None:
    given, _, accessory, _ = learn(fitted(shop(SIBLINGS)), FITTING, top_k=3)
    length = np.diff(accessory.indptr)
    assert length.max() == 3
    same = np.diff(accessory.first()) == 0
    assert (np.diff(accessory.score)[same] <= 0).all()
    assert set(accessory.source) <= set(range(len(SOURCES)))
    assert given.named(accessory)


def test_a_shop_without_orders_or_categories_learns_nothing() -> None:
    for products in ([], [{"product_id": "a"}, {"product_id": "b"}]):
        _, needs, accessory, parts = learn([], products)
        assert len(needs) == len(accessory) == len(parts) == 0
    _, needs, accessory, _ = learn(shop(SIBLINGS)[:400], [{"product_id": "phone"}])
    assert len(needs) == len(accessory) == 0
