"""What a history holds beside its orders: events of sessions, and what a shop decides by hand."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from nba.data.events import ABSENT
from nba.data.history import OrderHistory
from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.errors import DataError
from nba.vocabulary import EVENT_TYPES, RULE_KINDS

ORDERS = pd.DataFrame(
    {
        "order_id": ["o1"],
        "ordered_at": ["2026-01-01T10:00:00Z"],
        "product_id": ["cup"],
        "quantity": [1],
    }
)
EVENTS = pd.DataFrame(
    [
        ("e4", "view_item", "2026-01-03T00:00:00Z", "s2", "tea", "bob"),
        ("e1", "view_item", "2026-01-01T00:00:00Z", "s1", "tea", None),
        ("e2", "view_item", "2026-01-01T00:00:01Z", "s1", "cup", None),
        ("e3", "merge", "2026-01-02T00:00:00Z", "s1", None, "ann"),
        ("e5", "view_item", "2026-01-03T00:00:00Z", None, "cup", "cat"),
    ],
    columns=["event_id", "type", "at", "session_id", "product_id", "customer_id"],
)
RULES = pd.DataFrame(
    [
        ("ban", None, "tea", "Bought-Together", None, "2026-02-01T00:00:00Z"),
        ("pin", "cup", "lemon", "accessory", "2026-01-01T00:00:00Z", None),
    ],
    columns=[
        "kind",
        "source_product_id",
        "target_product_id",
        "relation",
        "valid_from",
        "valid_until",
    ],
)


def test_events_of_sessions_are_read_in_order_of_session_and_instant():
    events = OrderHistory.from_frame(ORDERS, events=EVENTS).events
    told = [
        (
            events.session_ids[int(session)],
            EVENT_TYPES[int(kind)],
            None if product == ABSENT else events.product_ids[int(product)],
            None if customer == ABSENT else events.customer_ids[int(customer)],
        )
        for session, kind, product, customer in zip(
            events.session, events.type, events.product, events.customer, strict=True
        )
    ]
    assert told == [
        ("s1", "view_item", "tea", None),
        ("s1", "view_item", "cup", None),
        ("s1", "merge", None, "ann"),
        ("s2", "view_item", "tea", "bob"),
    ]
    assert list(events.customer_ids) == ["ann", "bob"]


def test_what_happens_at_or_after_an_instant_leaves_no_trace_in_events():
    whole = OrderHistory.from_frame(ORDERS, events=EVENTS)
    early = EVENTS[EVENTS["at"] < "2026-01-02"]
    assert whole.until("2026-01-02T00:00:00Z").events == (
        OrderHistory.from_frame(ORDERS, events=early).events
    )
    assert list(whole.until("2026-01-03T00:00:00Z").events.customer_ids) == ["ann"]


def test_a_cut_history_can_be_cut_again():
    whole = OrderHistory.from_frame(ORDERS, events=EVENTS)
    twice = whole.until("2026-01-03T00:00:00Z").until("2026-01-02T00:00:00Z")
    assert twice.events == whole.until("2026-01-02T00:00:00Z").events


def test_events_of_a_folder_are_read_when_they_are_asked_for(write, shop):
    files = [write("orders.csv", ORDERS.to_csv(index=False))]
    import_files([*files, write("events.csv", EVENTS.to_csv(index=False))], shop)
    (shop / "events.parquet").write_bytes(b"no Parquet")
    found = read_shop(shop).history
    assert len(found.baskets()) == 1
    with pytest.raises(DataError, match="is not a shop this version can read"):
        _ = found.events


def test_an_import_quarantines_a_rule_about_a_list_that_does_not_exist(write, shop):
    rules = RULES.assign(relation=["togetherness", "Bought together"])
    files = {"orders": ORDERS, "rules": rules}
    paths = [write(f"{name}.csv", frame.to_csv(index=False)) for name, frame in files.items()]
    report = import_files(paths, shop, max_bad=0.5)
    assert report.rules == {"unknown_relation": 1}
    assert list(read_shop(shop).history.rules.relation) == ["bought_together"]


def test_a_folder_may_spell_a_list_in_its_own_way_but_not_invent_one(write, shop):
    import_files([write("orders.csv", ORDERS.to_csv(index=False))], shop)
    told = "SELECT 'pin' AS kind, 'cup' AS target_product_id, '{}' AS relation"
    with duckdb.connect() as connection:
        path = shop / "rules.parquet"
        connection.execute(f"COPY ({told.format('Bought-Together')}) TO '{path}'")
        assert list(read_shop(shop).history.rules.relation) == ["bought_together"]
        connection.execute(f"COPY ({told.format('togetherness')}) TO '{path}'")
    with pytest.raises(DataError, match=r"relation 'togetherness'.*write one of bought_together"):
        read_shop(shop)


def test_events_change_neither_the_baskets_nor_their_instant():
    alone = OrderHistory.from_frame(ORDERS)
    told = OrderHistory.from_frame(ORDERS, events=EVENTS, rules=RULES)
    assert told.as_of == alone.as_of
    assert list(told.baskets().product_ids) == list(alone.baskets().product_ids)


def test_rules_keep_their_windows_whatever_the_instant():
    rules = OrderHistory.from_frame(ORDERS, rules=RULES).until("2025-01-01T00:00:00Z").rules
    assert [RULE_KINDS[int(kind)] for kind in rules.kind] == ["pin", "ban"]
    assert list(rules.target_product_id) == ["lemon", "tea"]
    assert list(rules.source_product_id) == ["cup", ""]
    assert list(rules.relation) == ["accessories", "bought_together"]
    assert np.isnat(rules.valid_from).tolist() == [False, True]
    assert np.isnat(rules.valid_until).tolist() == [True, False]


def test_a_rule_of_two_winters_stands_twice_and_one_told_twice_once(write, shop):
    winters = [(f"{year}-11-01T00:00:00Z", f"{year + 1}-02-01T00:00:00Z") for year in (2025, 2026)]
    rules = pd.DataFrame(
        [("pin", "cup", "lemon", "similar", *winter) for winter in (*winters, winters[0])],
        columns=RULES.columns,
    )
    files = {"orders": ORDERS, "rules": rules}
    import_files(
        [write(f"{name}.csv", frame.to_csv(index=False)) for name, frame in files.items()], shop
    )
    read = read_shop(shop).history.rules
    assert np.datetime_as_string(read.valid_from, "D").tolist() == ["2025-11-01", "2026-11-01"]
    assert np.datetime_as_string(read.valid_until, "D").tolist() == ["2026-02-01", "2027-02-01"]


def test_a_rule_about_a_list_that_does_not_exist_is_refused_by_name():
    with pytest.raises(DataError, match="rules line 1: relation unknown_relation"):
        OrderHistory.from_frame(ORDERS, rules=RULES.assign(relation="togetherness"))


def test_a_shop_without_events_and_rules_has_none():
    history = OrderHistory.from_frame(ORDERS)
    assert (len(history.events), len(history.rules)) == (0, 0)


def test_a_folder_holds_them_as_frames_do(tmp_path):
    files = {"orders": ORDERS, "events": EVENTS, "rules": RULES}
    for name, frame in files.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    import_files([tmp_path / f"{name}.csv" for name in files], tmp_path / "shop")
    told = read_shop(tmp_path / "shop").history
    framed = OrderHistory.from_frame(ORDERS, events=EVENTS, rules=RULES)
    assert told.events == framed.events
    assert told.rules == framed.rules
