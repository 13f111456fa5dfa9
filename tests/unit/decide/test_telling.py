"""Columns of decisions, and prices of capacity, on a simulated shop."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import nba
from nba.config import shipped
from nba.data.shop import Shop
from nba.data.simulator.generate import simulate
from nba.decide.playbooks.sections import Explore, Holdout
from nba.decide.policy import Policy
from nba.decide.telling import COLUMNS
from nba.facts.fold import Facts
from nba.recommend.flat import PRODUCT_COLUMNS

AT = "2026-03-10T11:00Z"
NAMES = (*COLUMNS, *PRODUCT_COLUMNS)
CHANGED = {"holdout": Holdout(share=0.2, salt="x"), "explore": Explore(rate=0.3)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("told") / "shop"
    simulate(folder, orders=2_500, seed=5)
    return nba.read_shop(folder)


@pytest.fixture(scope="module")
def facts(shop: Shop) -> Facts:
    return shop.facts(as_of=AT)


@pytest.fixture(scope="module")
def snapshot(shop: Shop) -> nba.Snapshot:
    return nba.train(shop.history, shop.catalog, as_of=AT)


def playbook(name: str, **changes: Any) -> nba.Playbook:
    return nba.Playbook.from_toml(shipped("playbooks", name)).model_copy(update=changes)


def row(decision: dict[str, Any]) -> dict[str, Any]:
    """Write the row of a table from a whole answer."""
    message, experiment = decision["message"] or {}, decision["experiment"]
    told = {name: decision.get(name, message.get(name)) for name in COLUMNS}
    shown = [item["product_id"] for items in message.get("slots", {}).values() for item in items]
    merge = message.get("merge", {})
    return told | {
        "message": message.get("id", "none"),
        "order_id": merge.get("order_id"),
        "delivery_assumed": merge.get("delivery_assumed"),
        "product_ids": " ".join(shown) if message else None,
        "expected": message.get("score", {}).get("expected"),
        **{name: experiment[name] for name in ("arm", "propensity", "holdout")},
        **cards(message),
    }


def cards(message: dict[str, Any]) -> dict[str, str | None]:
    """Write the columns of the first products of a message."""
    told: dict[str, str | None] = dict.fromkeys(PRODUCT_COLUMNS)
    items = [item for items in message.get("slots", {}).values() for item in items]
    for place, item in enumerate(items[:4], 1):
        card = item["product"]
        paid = min(one for one in (card["price"], card["sale_price"]) if one is not None)
        told |= {f"product_{place}_{name}": card[name] for name in ("title", "link", "image_link")}
        told[f"product_{place}_id"] = item["product_id"]
        told[f"product_{place}_price"] = f"{paid // 100}.{paid % 100:02} {card['currency']}"
    return told


@pytest.mark.parametrize("name", ["owox_2011", "plus_3_7_30"])
@pytest.mark.parametrize("changes", [{}, CHANGED], ids=["plain", "tried"])
def test_a_table_says_of_every_customer_what_the_whole_answer_says(
    snapshot: nba.Snapshot, facts: Facts, name: str, changes: dict[str, Any]
) -> None:
    policy = Policy(snapshot, playbook(name, **changes))
    pieces = list(policy.columns(facts, AT))
    rows = [
        dict(zip(NAMES, cells, strict=True))
        for piece in pieces
        for cells in zip(*(piece[column] for column in NAMES), strict=True)
    ]
    assert rows == [row(one.to_dict()) for one in policy.stream(facts.customer_ids, facts, AT)]
    messages = Counter(one["message"] for one in rows)
    assert len(messages) > 4
    assert max(sum(one[f"product_{place}_id"] is not None for one in rows) for place in (1, 4)) > 9
    assert [one["customer_id"] for one in rows] == sorted(facts.customer_ids)


def test_with_prices_no_more_go_out_through_a_channel_than_may(
    snapshot: nba.Snapshot, facts: Facts
) -> None:
    book = playbook("owox_2011")
    free = Policy(snapshot, book).plan_capacity(facts, AT, {})
    assert free.wanted == free.sent
    capacity = {name: count // 3 for name, count in free.wanted.items()}
    plan = Policy(snapshot, book).plan_capacity(facts, AT, capacity)
    priced = Policy(snapshot, book, prices=plan.prices)
    sent = Counter(channel for piece in priced.columns(facts, AT) for channel in piece["channel"])
    kinds = [kind for piece in priced.columns(facts, AT) for kind in piece["kind"]]
    for name, count in capacity.items():
        assert sent[name] == plan.sent[name]
        assert sent[name] <= max(count, kinds.count("transactional"))
    assert sum(sent[name] for name in capacity) > 0


def test_a_group_of_customers_is_told_as_all_are(snapshot: nba.Snapshot, facts: Facts) -> None:
    policy = Policy(snapshot, playbook("owox_2011"))
    (whole,) = policy.columns(facts, AT)
    some = np.arange(3, 40, 5)
    part = facts.take(some, tuple(facts.customer_ids[one] for one in some.tolist()))
    (told,) = policy.columns(part, AT)
    for name in NAMES:
        assert told[name] == [whole[name][one] for one in some.tolist()]
