"""Whom a message is for: every condition of `when`, met and not met, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import nba
from nba.config import shipped
from nba.decide.deciding import Rulebook
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.policy import Policy
from nba.decide.triggering.admission import admitted, stage_table
from nba.facts.stages import STAGES
from nba.palette import BAND_LOOKS
from tests.facts_of import event, facts, instant, order, profile
from tests.segmented import profiles, replies, segmented
from tests.shops import Order, catalog, history
from tests.unit.decide.catalogue.shop import FOLLOW_UP, shop

AT = 200
WHO = ("ann", "bob", "cat", "dan")
ORDERS: list[Order] = [
    *((f"a{n}", "ann", 40 * n, ["tea"]) for n in range(5)),
    ("b0", "bob", 20, ["tea"]),
    ("b1", "bob", 190, ["tea"]),
    *((f"x{n}", f"x{n}", 10 * n, ["tea"]) for n in range(8)),
]
"""Ann bought five times, Bob once in winter and once lately, Cat and Dan never."""
CONFIG = {
    "band": [
        {"id": "small", "at_least": 0, "look": BAND_LOOKS["small"]},
        {"id": "large", "at_least": 40_000, "look": BAND_LOOKS["large"]},
    ],
    "band_account_types": [],
    "tier": [{"id": "silver", "at_least": 0}, {"id": "gold", "at_least": 90_000}],
    "rule": [{"id": "tea-lovers", "where": [{"field": "orders", "at_least": 5}]}],
}


@cache
def rulebook() -> Rulebook:
    known = segmented(
        ORDERS,
        CONFIG,
        told=profiles({"customer_id": "ann", "tier": "silver"}),
        said=replies(*(("ann", "review", 160 + n) for n in range(3))),
        price=9_600,
        as_of=AT,
    )
    playbook = Playbook.from_toml(shipped("playbooks", FOLLOW_UP))
    return Rulebook.of(replace(shop(), segments=known), playbook, None)


def meant(when: Mapping[str, Any], context: Mapping[str, str] | None = None) -> list[str] | None:
    """Name who meets the conditions; None where there is none."""
    told = facts(
        as_of=AT,
        orders=[
            order(at, *products, id=name, customer=who, price=9_600)
            for name, who, at, products in ORDERS
            if who in WHO
        ],
        events=[event("add_to_cart", 199, "mouse", customer="cat")],
        profiles=[
            profile(customer="ann", tier="silver", points=100),
            profile(customer="bob", tier="Silver", account_type="b2b"),
            profile(customer="cat", points=0),
        ],
        who=WHO,
    )
    found = admitted(rulebook().situation(told, instant(AT)), message(when), context or {})
    if found is None:
        return None
    return [one for one, is_meant in zip(WHO, found, strict=True) if is_meant]


def message(when: Mapping[str, Any], stage: str | list[str] = "client") -> Message:
    return Message.model_validate(
        {"id": "content", "tier": 5, "stage": stage, "kind": "personal", "channels": ["email"]}
        | {"trigger": {"on": "week", "within": "1d"}, "value_share": 1.0, "response": 0.1}
        | {"unsubscribe_risk": 0.0, "why": "", "when": when}
    )


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ({"account_type": ["b2b"]}, ["bob"]),
        ({"account_type": "b2c"}, ["ann", "cat", "dan"]),
        ({"account_type": ["b2b", "b2c"]}, None),
        ({"tier": ["silver"]}, ["ann"]),
        ({"tier": ["silver", "Silver"]}, ["ann", "bob"]),
        ({"tier": ["gold"]}, []),
        ({"min_orders": 1}, ["ann", "bob"]),
        ({"min_orders": 3}, ["ann"]),
        ({"min_orders": 5}, ["ann"]),
        ({"min_orders": 6}, []),
        ({"min_orders": 0}, ["ann", "bob", "cat", "dan"]),
        ({"max_orders": 0}, ["cat", "dan"]),
        ({"max_orders": 2}, ["bob", "cat", "dan"]),
        ({"min_orders": 1, "max_orders": 2}, ["bob"]),
        ({"has_points": True}, ["ann", "cat"]),
        ({"has_points": False}, ["bob", "dan"]),
        ({"is_fan": True}, ["ann"]),
        ({"is_fan": False}, ["bob", "cat", "dan"]),
        ({"states": ["choosing/cart"]}, ["cat"]),
        ({"states": ["client/*"]}, ["ann", "bob"]),
        ({"states": ["client/*", "choosing/cart"]}, ["ann", "bob", "cat"]),
        ({"states": "acquaintance/new"}, ["dan"]),
        ({"segments": ["large"]}, ["ann"]),
        ({"segments": ["small", "large"]}, ["ann", "bob"]),
        ({"segments": ["silver"]}, ["ann"]),
        ({"segments": ["fan"]}, ["ann"]),
        ({"segments": ["tea-lovers"]}, ["ann"]),
        ({"segments": ["no such segment"]}, []),
        ({"rhythm": ["active", "at_risk", "lost"]}, []),
        ({}, None),
        ({"min_orders": 1, "account_type": "b2b"}, ["bob"]),
        ({"min_orders": 3, "account_type": "b2b"}, []),
    ],
    ids=str,
)
def test_a_condition_lets_in_who_meets_it(when: Mapping[str, Any], who: list[str] | None) -> None:
    assert meant(when) == who


def test_segments_of_history_let_in_who_is_in_one_of_them() -> None:
    found = rulebook().snapshot.segments
    codes = {one: found.ids.find(one) for one in ("ann", "bob")}
    named = {one: str(list(found.look_id)[int(found.segment[code])]) for one, code in codes.items()}
    assert meant({"segments": [named["ann"]]}) == [
        one for one in ("ann", "bob") if named[one] == named["ann"]
    ]
    assert meant({"segments": sorted(set(named.values()))}) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("context", "is_met"),
    [
        ({"place": "Kyiv", "hour": "18"}, True),
        ({"place": "Kyiv", "hour": "19", "device": "phone"}, True),
        ({"place": "Lviv", "hour": "18"}, False),
        ({"place": "Kyiv"}, False),
        ({}, False),
    ],
)
def test_a_request_must_say_all_that_a_context_asks_for(
    context: dict[str, str], is_met: bool
) -> None:
    when = {"context": {"place": ["Kyiv", "Odesa"], "hour": [18, 19]}}
    assert meant(when, context) == (None if is_met else [])


@pytest.mark.parametrize(
    "stages", [["acquaintance"], ["choosing", "client"], [str(one) for one in STAGES]]
)
def test_a_message_is_for_the_stages_it_names(stages: list[str]) -> None:
    table = stage_table(message({}, stages))
    assert [str(one) for one, is_meant in zip(STAGES, table, strict=True) if is_meant] == stages


def test_a_rhythm_lets_in_who_has_it_and_nobody_of_whom_none_is_known() -> None:
    orders: list[Order] = [
        *((f"o{n}-{k}", f"often-{n}", n + 10 * k, ["tea"]) for n in range(20) for k in range(20)),
        *((f"r{n}-{k}", f"rare-{n}", n + 100 * k, ["tea"]) for n in range(20) for k in range(5)),
    ]
    quick = nba.TrainConfig.model_validate({"collaborative": {"factors": 2, "iterations": 1}})
    trained = nba.train(history(orders), catalog("tea"), quick, threads=1)
    policy = Policy(trained, Playbook.from_toml(shipped("playbooks", FOLLOW_UP)))
    book = Rulebook.of(policy.snapshot, policy.playbook, None)
    who = ["often-1", "rare-1", "nobody"]
    told = facts(
        as_of=420,
        orders=[order(at, *p, id=name, customer=one) for name, one, at, p in orders if one in who],
        who=who,
    )
    now = book.situation(told, instant(420))
    names = [policy.decide(one, told, instant(420)).rhythm for one in who]
    assert names[0] in ("at_risk", "lost")
    assert names[1] == "active"
    for rhythm in ("active", "at_risk", "lost"):
        found = admitted(now, message({"rhythm": rhythm}), {})
        assert found is not None
        assert found.tolist() == [one == rhythm for one in names]
