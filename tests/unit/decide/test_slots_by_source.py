"""Slots: what each further source shows, and what no message shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nba.artifacts.fits import Fits
from nba.decide.coding import Coder
from nba.decide.playbooks.messages import Message
from nba.decide.slots import Filled, SlotFilling
from nba.domain import Ids, Texts
from nba.facts.fold import Facts, fold
from nba.facts.intents import Intents
from nba.facts.shelf import Shelf
from nba.recommend.many.ground import Ground
from nba.vocabulary import AVAILABILITIES, INTENT_KINDS, Relation, Source
from tests.shops import Order, day, rows
from tests.snapshots import Link, snapshot

ORDERS: Sequence[Order] = (("o1", "ann", 10, ["phone", "tea"]), ("o2", "bob", 11, ["tea"]))
PUBLISHED = int(day(20).astype("datetime64[D]").astype(np.int64))


def catalogue() -> list[Any]:
    return [
        {"id": "phone", "category": "phones", "is_durable": True, "group": "phone"},
        {"id": "phone-red", "category": "phones", "group": "phone"},
        {"id": "case-old", "category": "cases"},
        {"id": "mug-1", "category": "mugs", "group": "mug", "orders": 9},
        {"id": "mug-2", "category": "mugs", "group": "mug", "price": 90, "sale_price": 80},
        {"id": "tea", "category": "teas"},
        {"id": "tea-new", "category": "teas", "published_day": PUBLISHED, "orders": 1},
        {"id": "pot-new", "category": "pots", "published_day": PUBLISHED, "orders": 5},
        {"id": "pot", "category": "pots", "published_day": PUBLISHED - 60},
        {"id": "tea-sale", "category": "teas", "price": 90, "sale_price": 80, "orders": 3},
        {"id": "tea-gone", "category": "teas", "availability": "out_of_stock"},
        {"id": "tea-dear", "category": "teas", "price": 90, "sale_price": 90},
    ]


TEA = [Link("tea", one, 9 - at) for at, one in enumerate(("case-old", "mug-1", "mug-2", "pot"))]


def known(
    intents: Sequence[tuple[str, str]] = (), shelf: Shelf | None = None, orders: Any = ORDERS
) -> Facts:
    """Fold the orders; ann has intents (kind, product), each an hour later than the one before."""
    facts = fold(rows(orders), as_of=day(30), customers=["ann", "bob"])
    ids = facts.product_ids.union(Ids.of(one["id"] for one in catalogue()))
    product = ids.codes_of(facts.product_ids)[facts.product].astype(np.int32)
    at = day(20) + np.arange(len(intents)) * np.timedelta64(1, "h")
    told = Intents(
        np.array([0, len(intents), len(intents)]),
        np.array([INTENT_KINDS.index(kind) for kind, _ in intents], np.int8),
        np.array([ids.find(one) for _, one in intents], np.int32),
        at.astype("datetime64[us]"),
        at.astype("datetime64[us]"),
        np.full(len(intents), -1, np.int32),
        Texts.of([f"e{number}" for number in range(len(intents))]),
    )
    shelf = facts.shelf if shelf is None else shelf
    return replace(facts, product_ids=ids, product=product, intents=told, shelf=shelf)


def standing(product: str, availability: str, sale_price: int | None = None) -> Shelf:
    never, none = np.array(["NaT"], "datetime64[us]"), np.array([0])
    return Shelf(
        Ids.of([product]),
        np.array([AVAILABILITIES.index(availability)], np.int8),
        never,
        np.array([90]),
        np.array([True]),
        np.array([sale_price or 0]),
        np.array([sale_price is not None]),
        never,
        never,
        none,
        none > 0,
    )


def asked(
    slots: Sequence[tuple[str, int, int]], facts: Facts, fits: Fits | None = None, **row: int
) -> tuple[list[list[str]] | None, Filled]:
    """Fill slots (source, n, require) for one row; give the product ids of each, or None."""
    told = Message.model_validate(
        {
            "id": "accessories", "tier": 2, "stage": "client", "kind": "personal",
            "channels": ["email"], "trigger": {"on": "delivered", "after": "5d", "within": "9d"},
            "once_per": "order", "value_share": 1.0, "response": 0.1, "unsubscribe_risk": 0.0,
            "why": "",
            "slots": [
                {"name": f"s{place}", "source": source, "n": n, "require": require}
                for place, (source, n, require) in enumerate(slots)
            ],
        }
    )  # fmt: skip
    trained = snapshot(
        catalogue(),
        {Relation.BOUGHT_TOGETHER: TEA, Relation.SIMILAR: [Link("tea", "tea-sale", 1.0)]},
        popular=["phone-red", "mug-1", "mug-2", "tea", "case-old"],
        fits=fits,
    )
    filling = SlotFilling(Ground(trained), facts, Coder(trained).code(facts), day(30))
    places = {"customer": 0, "order": -1, "intent": -1, "product": -1} | row
    answer = filling.fill(told, *(np.array([one]) for one in places.values()))
    if not answer.filled[0]:
        return None, answer
    items = filling.explain(told, answer, 0, places["customer"])
    return [[item.product_id for item in one] for one in items.values()], answer


def test_a_cart_is_shown_whole_the_latest_first_without_what_is_owned():
    facts = known([("cart", "pot"), ("cart", "mug-1"), ("cart", "phone-red"), ("wish", "tea-new")])
    found, answer = asked([("anchor", 5, 1)], facts, intent=0)
    assert found == [["mug-1", "pot"]]
    assert answer.strength.tolist() == [1.0]
    assert answer.slots["s0"].found.origin.tolist() == [list(Source).index(Source.INTENT)] * 2
    assert asked([("anchor", 5, 1)], facts, intent=3)[0] == [["tea-new"]]


def test_two_variants_of_one_group_never_stand_in_one_message():
    facts = known([("cart", "mug-1"), ("cart", "mug-2")])
    assert asked([("anchor", 5, 1)], facts, intent=0)[0] == [["mug-2"]]
    assert asked([("popular", 9, 1)], facts)[0] == [["mug-1", "tea", "case-old"]]
    slots = [("anchor", 1, 1), ("popular", 9, 1)]
    assert asked(slots, facts, intent=0)[0] == [["mug-2"], ["tea", "case-old"]]


def test_what_cannot_be_ordered_says_so_and_the_shelf_goes_before_the_snapshot():
    facts = known([("wait", "tea-gone")])
    found, answer = asked([("anchor", 1, 1)], facts, intent=0)
    assert (found, answer.is_out_of_stock.tolist()) == (None, [True])
    facts = known([("wait", "tea-gone")], standing("tea-gone", "in_stock"))
    assert asked([("anchor", 1, 1)], facts, intent=0)[0] == [["tea-gone"]]
    facts = known([("wait", "pot")], standing("pot", "discontinued"))
    assert asked([("anchor", 1, 1)], facts, intent=0)[1].is_out_of_stock.tolist() == [True]
    found, answer = asked([("accessories", 1, 1)], facts, order=0)
    assert (found, answer.is_out_of_stock.tolist()) == (None, [False])


def test_what_was_ordered_is_shown_whatever_the_stock():
    facts = known(shelf=standing("tea", "out_of_stock"))
    assert asked([("ordered", 5, 1)], facts, order=0)[0] == [["phone", "tea"]]


def test_only_a_price_really_lowered_is_on_sale():
    assert asked([("on_sale", 5, 1)], known(), order=0)[0] == [["tea-sale"]]
    assert asked([("similar_on_sale", 5, 1)], known(), order=0)[0] == [["tea-sale"]]
    ended = known(shelf=standing("tea-sale", "in_stock"))
    assert asked([("on_sale", 5, 1)], ended, order=0)[0] is None
    begun = known(shelf=standing("tea-new", "in_stock", 80))
    assert asked([("on_sale", 5, 1)], begun, order=0)[0] == [["tea-sale", "tea-new"]]


def test_what_is_new_is_ranked_by_what_the_customer_buys():
    assert asked([("new", 5, 1)], known())[0] == [["tea-new", "pot-new"]]
    assert asked([("new", 5, 1)], known(), customer=1)[1].strength.tolist() == [1.0]
    assert asked([("new", 5, 1)], known(orders=[("o2", "bob", 1, ["pot"])]))[0] == [
        ["pot-new", "tea-new"]
    ]


def test_nothing_that_does_not_fit_the_order_stands_in_a_message_about_it():
    # The old case is for another phone; beside tea alone nothing speaks against it.
    ids = sorted(one["id"] for one in catalogue())
    case, red = ids.index("case-old"), ids.index("phone-red")
    specific, named = (np.array([one == of for one in ids]) for of in ("case-old", "phone-red"))
    named |= np.array([one == "phone" for one in ids])
    start = np.zeros(len(ids) + 1, np.int64)
    start[case + 1 :] = 1
    fits = Fits(start, np.array([red]), specific, named)
    for source in ("bought_together", "popular"):
        found, _ = asked([(source, 9, 1)], known(), fits, order=0)
        assert found is not None
        assert "case-old" not in found[0]
        found, _ = asked([(source, 9, 1)], known(), fits, customer=1, order=1)
        assert found is not None
        assert "case-old" in found[0]


def test_a_slot_that_requires_nothing_may_stay_empty():
    found, answer = asked([("accessories", 3, 0), ("popular", 1, 1)], known(), order=0)
    assert found == [[], ["mug-1"]]
    assert answer.filled.tolist() == [True]
