"""Slots: where the products of a message come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from nba.artifacts.snapshot import Snapshot
from nba.decide.coding import Coder
from nba.decide.playbooks.messages import Message
from nba.decide.slots import Filled, FilledSlot, SlotFilling
from nba.facts.fold import fold
from nba.recommend.many.ground import Ground
from nba.recommend.many.lists import Found
from nba.vocabulary import Relation, Source
from tests.shops import Order, day, rows
from tests.signals import signals
from tests.snapshots import Link, snapshot

ORDERS: Sequence[Order] = (
    ("o0", "ann", 0, ["mouse"]),
    ("o1", "ann", 10, ["laptop", "printer"]),
    ("o2", "ann", 20, ["ink"]),
)
LAPTOP, PRINTER, INK = "laptop", "printer", "ink"


def made(rules: Sequence[Mapping[str, object]] = ()) -> Snapshot:
    return snapshot(
        [
            {"id": "laptop", "category": LAPTOP, "availability": "discontinued"},
            {"id": "printer", "category": PRINTER},
            {"id": "ink", "category": INK},
            *("mouse", "sleeve", "paper", "cable", "laptop-2", "laptop-x", "printer-x"),
        ],
        {
            Relation.BOUGHT_TOGETHER: [Link("laptop", "cable", 0.5), Link("laptop", "mouse", 0.9)],
            Relation.ACCESSORIES: [
                Link("laptop", "mouse", 0.9),
                Link("laptop", "sleeve", 0.8),
                Link("printer", "paper", 0.1),
                Link("printer", "ink", 0.01),
            ],
            Relation.SIMILAR: [
                Link("laptop", "laptop-x", 1.0, Source.CONTENT),
                Link("printer", "printer-x", 9.0, Source.CONTENT),
            ],
            Relation.SUCCESSORS: [Link("laptop", "laptop-2", 1.0, Source.CATALOGUE_LINK)],
            Relation.PARTS: [Link("printer", "ink", 1.0)],
        },
        needs=[
            {"main": PRINTER, "accessory": INK, "kind": "refill", "owners": 9, "buyers": 3}
            | {"lag_days": 60, "window_days": 120}
        ],
        rules=rules,
        popular=["cable", "mouse"],
    )


def filled(
    source: str | list[str],
    *,
    rules: Sequence[Mapping[str, object]] = (),
    until: int = 3,
    n: int = 5,
) -> list[str] | None:
    """Fill a slot of a message about ann's second order, of which the first `until` are known."""
    message = Message.model_validate(
        {
            "id": "accessories", "tier": 2, "stage": "client", "kind": "personal",
            "channels": ["email"], "trigger": {"on": "delivered", "after": "5d", "within": "9d"},
            "once_per": "order", "value_share": 1.0, "response": 0.1, "unsubscribe_risk": 0.0,
            "why": "", "slots": [{"name": "main", "source": source, "n": n}],
        }
    )  # fmt: skip
    facts = fold(rows(ORDERS[:until]), as_of=day(30), customers=["ann"])
    trained = made(rules)
    filling = SlotFilling(Ground(trained), facts, Coder(trained).code(facts), day(30))
    none = np.array([-1])
    answer = filling.fill(message, np.array([0]), np.array([1]), none, none)
    if not answer.filled[0]:
        return None
    slots = filling.explain(message, answer, 0, 0)
    assert [item.rank for item in slots["main"]] == list(range(1, len(slots["main"]) + 1))
    return [item.product_id for item in slots["main"]]


@pytest.mark.parametrize(
    ("source", "products"),
    [
        ("bought_together", ["cable"]),
        ("accessories", ["sleeve", "paper"]),
        ("similar", ["laptop-x", "printer-x"]),
        ("replacements", ["laptop-2"]),
        ("popular", ["cable", "mouse"]),
    ],
)
def test_each_source_asks_its_relation_about_the_order_and_offers_nothing_owned(source, products):
    assert filled(source) == products


def test_a_part_is_offered_unless_it_was_bought_since():
    assert filled("parts", until=2) == ["ink"]
    assert filled("parts") is None


def test_the_first_source_with_enough_products_fills_the_slot():
    assert filled(["parts", "accessories", "bought_together"]) == ["sleeve", "paper"]
    assert filled(["replacements", "accessories"]) == ["laptop-2"]


def test_several_products_take_turns_and_no_more_than_asked_are_shown():
    assert filled("similar", n=1) == ["laptop-x"]


def test_only_a_successor_is_a_replacement_worth_a_message():
    # The printer has something similar, which would be no reason to write.
    assert filled("replacements") == ["laptop-2"]
    ban = {"kind": "ban", "target": "laptop-2"}
    assert filled("replacements", rules=[ban]) is None


def test_the_rules_of_the_shop_hold_at_the_instant_of_the_decision():
    ban = {"kind": "ban", "target": "sleeve", "relation": "accessories"}
    assert filled("accessories", rules=[ban]) == ["paper"]
    assert filled("accessories", rules=[ban | {"valid_until": 30}]) == ["sleeve", "paper"]
    link = {"kind": "link", "source": "laptop", "target": "cable", "relation": "accessories"}
    assert "cable" in filled("accessories", rules=[link])
    assert "cable" not in filled("accessories", rules=[link | {"valid_until": 30}])


def test_a_pin_is_no_reason_to_write_to_anybody():
    pin = {"kind": "pin", "target": "cable"}
    for source in ("accessories", "replacements", "parts"):
        assert filled(source, rules=[pin]) == filled(source)


def test_the_cheapest_of_all_slots_is_what_a_row_costs():
    def slot(lengths: list[int], products: list[int]) -> FilledSlot:
        row = np.repeat(np.arange(len(lengths)), lengths)
        none, nought = np.full(len(row), -1), np.zeros(len(row))
        found = Found(row, np.array(products), nought, none.astype(np.int8), nought, none, none)
        return FilledSlot(np.append(0, np.cumsum(lengths)), found, np.zeros(3, np.int8))

    price, rows = np.array([5.0, 3.0, 9.0, np.nan]), np.zeros(3)
    shown = {"main": slot([2, 1, 0], [0, 2, 3]), "more": slot([1, 0, 0], [1])}
    answer = Filled(shown, np.ones(3, np.bool_), np.zeros(3, np.bool_), rows)
    assert np.array_equal(answer.cheapest(price), [3.0, np.nan, np.nan], equal_nan=True)


def test_a_shelf_goes_before_the_snapshot_in_what_is_to_pay():
    trained = snapshot([{"id": "tea", "price": 700}, {"id": "cup", "price": 900}, "pot"])
    told = signals(
        product_states=[
            {"product_id": "tea", "at": day(1), "availability": "in_stock", "price": 650},
            {"product_id": "pot", "at": day(1), "availability": "in_stock"},
        ]
    )
    plain = fold(rows(ORDERS), as_of=day(30), customers=["ann"])
    shelved = fold(rows(ORDERS), as_of=day(30), customers=["ann"], signals=told)
    code = [trained.products.ids.find(one) for one in ("tea", "cup")]
    assert Coder(trained).code(plain).to_pay[code].tolist() == [700, 900]
    assert Coder(trained).code(shelved).to_pay[code].tolist() == [650, 900]
