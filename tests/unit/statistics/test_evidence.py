"""What counts as evidence: orders, spells of orders, and whose they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.errors import ConfigError
from nba.statistics.engines import local
from nba.statistics.evidence import Evidence
from nba.statistics.pairs import PairSettings, basket_weights
from tests.shops import history

ONE, TWO, THREE = basket_weights()[1:4].tolist()
ORDERS = [
    ("o1", "ann", 0, ["cup"]),
    ("o2", "ann", 20, ["tea", "cup"]),
    ("o3", "ann", 31, ["kettle"]),
    ("o4", "ann", 40, ["kettle", "tea"]),
    ("o5", "bob", 0, ["cup"]),
    ("o6", "bob", 31, ["tea"]),
    ("o7", None, 0, ["cup"]),
]


def seen(evidence, names) -> list[tuple[bool, set[str], int]]:
    spans = zip(evidence.start[:-1], evidence.start[1:], strict=True)
    held = [{names[code] for code in evidence.product[slice(*span)]} for span in spans]
    return list(zip(evidence.is_order.tolist(), held, evidence.weight.tolist(), strict=True))


def test_orders_alone_are_the_baskets_as_they_are():
    baskets = history(ORDERS).baskets()
    evidence = Evidence.of(baskets, PairSettings())
    assert evidence.product is baskets.product
    assert len(evidence) == 7
    assert evidence.weight.tolist() == [ONE, TWO, ONE, TWO, ONE, ONE, ONE]


def test_orders_within_the_days_of_the_first_make_a_spell_behind_the_customers_orders():
    baskets = history(ORDERS).baskets()
    evidence = Evidence.of(baskets, PairSettings(spell_weight=0.5, spell_days=30))
    assert seen(evidence, baskets.product_ids) == [
        (True, {"cup"}, ONE),
        (True, {"cup", "tea"}, TWO),
        (True, {"kettle"}, ONE),
        (True, {"kettle", "tea"}, TWO),
        (False, {"cup", "tea"}, round(TWO / 2)),
        (False, {"kettle", "tea"}, round(TWO / 2)),
        (True, {"cup"}, ONE),
        (True, {"tea"}, ONE),
        (True, {"cup"}, ONE),
    ]
    assert evidence.customer.tolist() == [0] * 6 + [1] * 2 + [2]


def test_who_is_not_proven_has_orders_without_weight_and_no_spells():
    baskets = history(ORDERS).baskets()
    doubted = replace(baskets, proven=baskets.customer > 0)
    evidence = Evidence.of(doubted, PairSettings(spell_weight=1.0, spell_days=31))
    assert seen(evidence, baskets.product_ids)[:4] == [
        (True, {"cup"}, 0),
        (True, {"cup", "tea"}, 0),
        (True, {"kettle"}, 0),
        (True, {"kettle", "tea"}, 0),
    ]
    assert evidence.is_order.tolist() == [True] * 6 + [False, True]


def test_a_spell_of_a_day_holds_the_orders_of_one_instant():
    orders = [("o1", "ann", 0, ["cup"]), ("o2", "ann", 0, ["tea"]), ("o3", "ann", 1.5, ["cup"])]
    baskets = history(orders).baskets()
    evidence = Evidence.of(baskets, PairSettings(spell_weight=1.0, spell_days=1))
    assert evidence.is_order.tolist() == [True, True, True, False]


def test_baskets_of_nothing_are_evidence_of_nothing():
    baskets = history([*ORDERS, ("o8", "bob", 32, ["lid"])]).baskets()
    codes = np.where(np.array([*baskets.product_ids]) == "lid", -1, np.arange(4)).astype(np.int32)
    evidence = Evidence.of(baskets.coarsened(codes, baskets.product_ids), PairSettings())
    assert (len(evidence), evidence.weight[6]) == (8, 0)


@pytest.mark.parametrize(
    "given",
    [{"customer_cap": 0}, {"spell_days": -1}, {"spell_weight": -0.1}, {"spell_weight": 10_001}],
)
def test_numbers_that_mean_nothing_are_refused(given):
    with pytest.raises(ConfigError, match="no way to count pairs"):
        PairSettings(**given)


def test_orders_of_products_are_counted_among_the_baskets_asked_for():
    baskets = history(ORDERS).baskets()
    anns = local.product_orders(baskets, baskets.customer == 0)
    counted = dict(zip(baskets.product_ids, anns.tolist(), strict=True))
    assert counted == {"cup": 2, "kettle": 2, "tea": 2}
