"""The score of bought together: by hand, and each of its terms on its own."""

from __future__ import annotations

from math import log2

import pytest

from nba.config import CoPurchaseConfig
from nba.data.history import Baskets
from nba.learn.evidence.partners import rank_partners
from nba.statistics.engines.this_machine import ThisMachine
from tests.shops import SIX_ORDERS, history

PLAIN = CoPurchaseConfig(trend=0.0, discovery=0.0, smoothing=0.0, spell_weight=0.0)


def placed(orders, *, proving_days: int = 0) -> Baskets:
    return history(orders).baskets(proving_days=proving_days)


def scores(baskets: Baskets, config: CoPurchaseConfig) -> dict[str, dict[str, float]]:
    top = rank_partners("products", baskets, config, ThisMachine(), top_k=50).top
    ids = list(baskets.product_ids)
    found: dict[str, dict[str, float]] = {}
    for first, second, score in zip(top.first(), top.partner, top.score, strict=True):
        found.setdefault(ids[first], {})[ids[second]] = float(score)
    return found


def pairs(*days: float, together: tuple[str, ...] = ("kettle", "filter")) -> list:
    return [(f"o{day}{together[1]}", f"c{day}", day, list(together)) for day in days]


def test_without_any_term_it_is_the_damped_share_of_orders():
    # Orders of the kettle have 2, 3, 2, 2, 4 products; the filter lacks in the third.
    damped = [1 / log2(1 + size) for size in (2, 3, 2, 2, 4)]
    both = sum(damped) - damped[2]
    found = scores(placed(SIX_ORDERS), PLAIN)
    assert found["kettle"]["filter"] == pytest.approx(both / sum(damped), rel=1e-4)
    assert found["filter"]["kettle"] == pytest.approx(1, rel=1e-4)


def test_every_term_by_hand():
    config = CoPurchaseConfig(
        trend=0.0, discovery=0.2, smoothing=100.0, smoothing_share=0.5, spell_weight=0.0
    )
    damped = [1 / log2(1 + size) for size in (2, 3, 2, 2, 4)]
    pseudo_orders, share = 3.0, 4 / 14  # half of six orders; four of fourteen lines
    together = sum(damped) - damped[2]
    by_hand = (together + pseudo_orders * share) / (sum(damped) + pseudo_orders) * share**-0.2
    assert scores(placed(SIX_ORDERS), config)["kettle"]["filter"] == pytest.approx(by_hand, 1e-4)


def test_smoothing_has_a_ceiling_that_a_small_shop_never_meets():
    few = CoPurchaseConfig(smoothing=0.03, smoothing_share=0.005)
    ample = CoPurchaseConfig(smoothing=1000.0, smoothing_share=0.005)
    assert scores(placed(SIX_ORDERS), few) == scores(placed(SIX_ORDERS), ample)


def convincing(orders) -> set[tuple[str, str]]:
    baskets = placed(orders)
    smooth = CoPurchaseConfig(smoothing_share=0.5)
    found = rank_partners("products", baskets, smooth, ThisMachine(), top_k=50)
    ids = baskets.product_ids
    told = found.convincing()
    return {
        (ids[first], ids[second])
        for first, second in zip(found.top.first()[told], found.top.partner[told], strict=True)
    }


def crowd(count: int) -> list:
    """Fifteen best sellers, each in orders of its own."""
    return [
        (f"x{n}", f"x{n}", n % 90, [f"best-{n % 15:02}", f"also-{n % 15:02}"]) for n in range(count)
    ]


def test_what_met_once_does_not_convince_and_what_met_by_rule_does():
    told = convincing([*crowd(600), *pairs(1, 2, 3), *pairs(4, together=("kettle", "cup"))])
    assert ("kettle", "filter") in told
    assert ("kettle", "cup") not in told


def test_two_meetings_of_a_best_seller_do_not_convince():
    told = convincing([*crowd(600), *pairs(1, 2, together=("best-01", "cup")), *pairs(3, 4, 5)])
    assert ("kettle", "filter") in told
    assert ("best-01", "cup") not in told


def test_in_a_small_shop_any_second_meeting_convinces():
    assert convincing([*pairs(1, 2)]) == {("kettle", "filter"), ("filter", "kettle")}


def test_what_sells_lately_stands_before_what_used_to():
    orders = [
        *pairs(1, 2, 3, 61, 62, 63),
        *pairs(*(day + 0.5 for day in (1, 2, 3, 4, 5, 6)), together=("kettle", "cup")),
    ]
    ever = scores(placed(orders), CoPurchaseConfig(trend=0.0))["kettle"]
    lately = scores(placed(orders), CoPurchaseConfig(trend=0.5))["kettle"]
    assert ever["filter"] == pytest.approx(ever["cup"])
    assert lately["filter"] > lately["cup"]


def test_one_spell_counts_where_customers_order_seldom_and_not_where_often():
    spell = [("o1", "ann", 0, ["kettle", "tea"]), ("o2", "ann", 9, ["filter", "tea"])]
    assert "filter" in scores(placed(spell), CoPurchaseConfig(min_orders=1))["kettle"]
    assert (
        "filter"
        not in scores(placed(spell), CoPurchaseConfig(min_orders=1, spell_orders=2))["kettle"]
    )
    assert (
        "filter"
        not in scores(placed(spell), CoPurchaseConfig(min_orders=1, spell_days=8))["kettle"]
    )


def test_guests_are_not_asked_how_often_they_order():
    guests = [(f"g{n}", None, n, ["kettle", "cup"]) for n in range(30)]
    regular = [("o1", "ann", 0, ["kettle", "tea"]), ("o2", "ann", 9, ["filter", "tea"])]
    asked = CoPurchaseConfig(min_orders=1, spell_orders=2)
    assert "filter" not in scores(placed([*guests, *regular]), asked)["kettle"]


def test_orders_of_a_customer_beyond_the_cap_add_nothing():
    def found(count: int) -> float:
        orders = [(f"o{n}", "ann", n, ["kettle", "filter"]) for n in range(count)]
        others = [("x", "bob", 0, ["kettle", "cup"])]
        config = PLAIN.model_copy(update={"customer_cap": 3, "min_orders": 1})
        lists = scores(placed([*orders, *others]), config)
        return lists["kettle"]["filter"] / lists["kettle"]["cup"]

    assert found(2) == pytest.approx(2)
    assert [found(3), found(9)] == pytest.approx([3, 3])


def test_who_is_not_proven_is_no_evidence():
    orders = [*pairs(0, 40), *pairs(79, 80, together=("kettle", "cup"))]
    assert "cup" in scores(placed(orders), CoPurchaseConfig())["kettle"]
    assert "cup" not in scores(placed(orders, proving_days=7), CoPurchaseConfig())["kettle"]
    assert "cup" not in scores(placed(orders, proving_days=7), CoPurchaseConfig())


def test_a_shop_without_orders_has_no_partners():
    assert scores(placed([]), CoPurchaseConfig()) == {}
