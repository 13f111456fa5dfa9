"""The fold: neither the order of rows, nor their repetition, nor the future changes a fact."""

from __future__ import annotations

from dataclasses import fields
from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.facts.fold import Facts, fold
from nba.facts.histories import Columns
from nba.facts.rows import Rows
from nba.facts.signals import Signals
from nba.statuses import STATUSES
from nba.vocabulary import AVAILABILITIES, CHANNELS, EVENT_TYPES, MESSAGE_EVENT_TYPES
from tests.effort import times
from tests.shops import day
from tests.signals import columns

Row = dict[str, Any]
Tables = dict[str, list[Row]]

AS_OF = day(10)
PEOPLE = ["ann", "bob", "guest", None]
NAMES = [*PEOPLE[:-1], "s1", "nobody"]
DAYS = st.sampled_from([-70.0, -50.0, 1.0, 2.0, 2.0 - 1 / 24, 3.0, 9.999, 10.0, 11.0]).map(day)
"""Few instants, so that many are equal; some long ago, some not known yet."""
CHANNEL = st.sampled_from([*CHANNELS, None])
PRODUCT = st.sampled_from(["cup", "tea", "new", None])
ORDER = st.sampled_from(["o0", "o1", "o2", "gone", None])
ANCHOR = st.sampled_from(["o0", "o1/paid", "o2/cup", "e0", "e1", "2026-W01", "gone/x/y", "/", None])
WORDS = st.sampled_from(["accessories", "digest", "none", "unheard-of"])
FLAG = st.sampled_from([True, False, None])


def rows_of(table: dict[str, st.SearchStrategy[Any]], key: str) -> st.SearchStrategy[list[Row]]:
    """Draw rows with ids of their own, as primary keys are."""
    return st.lists(st.fixed_dictionaries(table), max_size=7).map(
        lambda rows: [row | {key: f"{key[0]}{n}"} for n, row in enumerate(rows)]
    )


orders = rows_of(
    {
        "customer_id": st.sampled_from(PEOPLE),
        "ordered_at": DAYS,
        "status": st.sampled_from(STATUSES),
        "status_at": st.one_of(st.none(), DAYS),
        "is_test": FLAG,
        "products": st.lists(st.sampled_from(["cup", "tea"]), min_size=1, max_size=2),
        "returned_quantity": st.sampled_from([None, 0, 1]),
    },
    "order_id",
)
statuses = st.lists(
    st.fixed_dictionaries({"order_id": ORDER, "status": st.sampled_from(STATUSES), "at": DAYS}),
    max_size=4,
)
events = rows_of(
    {
        "type": st.sampled_from(EVENT_TYPES),
        "at": DAYS,
        "customer_id": st.sampled_from(PEOPLE),
        "session_id": st.sampled_from(["s1", "guest", "bob", None]),
        "product_id": PRODUCT,
        "order_id": ORDER,
        "value": st.sampled_from([None, 0.0, 1.0, 5.0]),
    },
    "event_id",
)
messages = rows_of(
    {
        "customer_id": st.sampled_from(PEOPLE[:-1]),
        "message": WORDS,
        "anchor": ANCHOR,
        "channel": CHANNEL,
        "claimed_at": st.one_of(st.none(), DAYS),
        "acked_at": st.one_of(st.none(), DAYS),
        "holdout": FLAG,
    },
    "message_id",
)
outcomes = rows_of(
    {
        "message_id": st.sampled_from(["m0", "m1", "m2", "gone"]),
        "customer_id": st.sampled_from(PEOPLE),
        "channel": CHANNEL,
        "type": st.sampled_from(MESSAGE_EVENT_TYPES),
        "at": DAYS,
        "is_machine": FLAG,
    },
    "event_id",
)
consents = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from(PEOPLE[:-1]),
            "channel": st.sampled_from(CHANNELS),
            "granted": st.booleans(),
            "at": DAYS,
        }
    ),
    max_size=5,
)
profile = st.fixed_dictionaries(
    {
        "created_at": st.one_of(st.none(), DAYS),
        "timezone": st.sampled_from([None, "Europe/Kyiv", "europe/berlin", "Mars/Olympus"]),
        "tier": st.sampled_from([None, "gold", "silver"]),
        "points": st.sampled_from([None, 0, 7]),
        "birthday": st.sampled_from([None, "2000-02-29", "2001-02-29"]),
        "attributes": st.sampled_from([None, '{"points_expire_at": "2026-02-29"}', "{"]),
    }
)
profiles = st.dictionaries(st.sampled_from(PEOPLE[:-1]), profile, max_size=3).map(
    lambda told: [row | {"customer_id": name} for name, row in told.items()]
)
states = st.lists(
    st.fixed_dictionaries(
        {
            "product_id": st.sampled_from(["cup", "tea"]),
            "at": DAYS,
            "availability": st.sampled_from([None, *AVAILABILITIES]),
            "price": st.sampled_from([None, 80, 100]),
            "sale_price": st.sampled_from([None, 70, 100]),
            "sale_until": st.one_of(st.none(), DAYS),
            "stock": st.sampled_from([None, 3]),
        }
    ),
    max_size=6,
)
shops: st.SearchStrategy[Tables] = st.fixed_dictionaries(
    {
        "orders": orders,
        "order_statuses": statuses,
        "events": events,
        "messages": messages,
        "message_events": outcomes,
        "consents": consents,
        "customers": profiles,
        "product_states": states,
    }
)
BESIDE = ("events", "messages", "message_events", "consents", "customers", "product_states")


def orders_of(shop: Tables) -> Rows:
    """Build the rows; of these an order is one row, whoever writes them."""
    lines = [
        {"order_id": row["order_id"], "line_no": n, "product_id": product, "quantity": 1}
        | {"unit_price": 100, "returned_quantity": row["returned_quantity"]}
        for row in shop["orders"]
        for n, product in enumerate(row["products"])
    ]
    told = [row for row in shop["order_statuses"] if row["order_id"] is not None]
    return Rows.of(shop["orders"], lines, told)


def signals_of(shop: Tables) -> Signals:
    return Signals.of_columns({name: columns(name, shop[name]) for name in BESIDE})


def facts_of(shop: Tables, customers: list[str] | None = None) -> Facts:
    return fold(orders_of(shop), as_of=AS_OF, customers=customers, signals=signals_of(shop))


def assert_equal(one: Facts, other: Facts) -> None:
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, Columns):
            assert mine == theirs, field.name
        elif isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype, field.name
            assert mine.tobytes() == theirs.tobytes(), field.name
        else:
            assert mine == theirs, field.name


@given(shops, st.randoms(use_true_random=False))
@settings(max_examples=times(60, 1_000), deadline=None)
def test_neither_the_order_of_rows_nor_repetition_changes_a_fact(
    shop: Tables, random: Random
) -> None:
    mixed = {name: random.sample(shop[name] * 2, 2 * len(shop[name])) for name in BESIDE}
    mixed["orders"] = random.sample(shop["orders"], len(shop["orders"]))
    told = shop["order_statuses"]
    mixed["order_statuses"] = random.sample(told * 2, 2 * len(told))
    assert_equal(facts_of(mixed), facts_of(shop))
    assert_equal(facts_of(mixed, NAMES), facts_of(shop, NAMES))


def known(row: Row) -> bool:
    """Tell whether a row was known by the instant; of a message nobody says since when."""
    at = row.get("at", row.get("ordered_at", row.get("created_at")))
    return at is None or bool(at < AS_OF)


def told_later(row: Row) -> Row:
    """Take out of a message what was told of it later."""
    return {
        name: None if isinstance(cell, np.datetime64) and cell >= AS_OF else cell
        for name, cell in row.items()
    }


@given(shops)
@settings(max_examples=times(60, 1_000), deadline=None)
def test_what_comes_at_or_after_the_instant_changes_no_fact(shop: Tables) -> None:
    early = shop | {name: [row for row in shop[name] if known(row)] for name in BESIDE}
    early["messages"] = [told_later(row) for row in early["messages"]]
    assert_equal(facts_of(early, NAMES), facts_of(shop, NAMES))
    assert facts_of(early).customer_ids == facts_of(shop).customer_ids


@given(shops)
@settings(max_examples=times(60, 1_000), deadline=None)
def test_every_customer_folded_alone_has_the_facts_of_all_folded_at_once(shop: Tables) -> None:
    rows, signals = orders_of(shop), signals_of(shop)
    listed = facts_of(shop)
    asked = fold(rows, as_of=AS_OF, customers=NAMES, signals=signals)
    for whole in (listed, asked):
        for row, name in enumerate(whole.customer_ids):
            alone = fold(rows, as_of=AS_OF, customers=[name], signals=signals)
            assert alone.version(0) == whole.version(row)
            assert alone.week_counts.tolist() == whole.week_counts.tolist()
            assert alone.shelf == whole.shelf
