"""Erasing a customer from the store, and handing them what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, insert, select

from nba import schema
from nba.errors import ErasedCustomerError
from nba.state.erasure import bury, erase, is_erased, refuse_replay
from nba.state.export import export, export_tables
from nba.state.idempotency import KeptAnswer, Turn, begin, keep
from nba.state.ledger import claim
from nba.state.posting import post
from nba.state.store import Store
from nba.state.tables import (
    CUSTOMERS,
    EVENTS,
    IDEMPOTENCY_KEYS,
    METADATA,
    ORDER_VERSIONS,
    ORDERS,
    PRODUCT_STATES,
    TOMBSTONES,
)
from nba.state.writing import revision
from tests.unit.state.decisions import NOON, Policy

AT = np.datetime64("2026-03-01T12:00", "us")
T = 1_770_000_000_000_000
ANNAS = ("anna-k", "sess-anna", "tab-anna")


def order(order_id: str, customer: str | None) -> dict[str, Any]:
    return {"order_id": order_id, "customer_id": customer, "ordered_at": T, "status": "paid"}


def event(event_id: str, kind: str, **cells: Any) -> dict[str, Any]:
    return {"event_id": event_id, "type": kind, "at": T, **cells}


def version(order_id: str, customer: str) -> dict[str, Any]:
    return order(order_id, customer) | {"version": "v1"}


def message(name: str, customer: str) -> dict[str, Any]:
    return {
        "message_id": f"msg-{name}",
        "decision_id": f"dec-{name}",
        "customer_id": customer,
        "message": "welcome",
        "decided_at": T,
        "eligible": '["welcome"]',
    }


def heard(event_id: str, message_id: str, **cells: Any) -> dict[str, Any]:
    return {"event_id": event_id, "message_id": message_id, "type": "sent", "at": T, **cells}


def state(product: str, order_id: str, stock: int) -> dict[str, Any]:
    return {"product_id": product, "at": T, "stock": stock, "order_id": order_id}


def answer(key: str, body: bytes | None) -> dict[str, Any]:
    return {"caller": "k1", "key": key, "request_hash": "h", "body": body, "begun_at": T}


ROWS: dict[str, list[dict[str, Any]]] = {
    "orders": [
        order("ord-anna-1", "anna-k"),
        order("ord-anna-2", "tab-anna"),
        order("ord-bert", "bert"),
        order("ord-given", "bert"),
        order("ord-guest", None),
    ],
    "order_lines": [
        {"order_id": one, "line_no": 1, "product_id": "kettle", "quantity": 1}
        for one in ("ord-anna-1", "ord-anna-2", "ord-bert", "ord-guest")
    ],
    "order_statuses": [
        {"order_id": one, "status": "shipped", "at": T} for one in ("ord-anna-1", "ord-bert")
    ],
    "order_versions": [
        version("ord-anna-1", "anna-k"),
        version("ord-anna-gone", "anna-k"),
        version("ord-given", "anna-k"),
        version("ord-bert", "bert"),
    ],
    "customers": [
        {"customer_id": "anna-k", "created_at": T, "attributes": '{"mail": "anna@mail.example"}'},
        {"customer_id": "bert", "created_at": T, "attributes": None},
        {"customer_id": "carl", "attributes": '{"referred_by":"tab-anna","city":"Bern"}'},
        {"customer_id": "emil", "attributes": '{"referred_by": "anna-k"}'},
    ],
    "consents": [
        {"customer_id": one, "channel": "email", "granted": granted, "at": T}
        for one, granted in (("anna-k", True), ("anna-k", False), ("bert", True))
    ],
    "events": [
        event("e1", "merge", customer_id="anna-k", session_id="sess-anna"),
        event("e2", "merge", customer_id="anna-k", session_id="tab-anna"),
        event("e3", "view_item", session_id="sess-anna", product_id="cup"),
        event("e4", "view_item", session_id="sess-anna", product_id="cup", customer_id="bert"),
        event("e5", "refund", order_id="ord-anna-1"),
        event("e6", "view_item", customer_id="bert", product_id="cup"),
    ],
    "messages": [message("anna", "anna-k"), message("bert", "bert")],
    "message_events": [
        heard("me1", "msg-anna"),
        heard("me2", "msg-anna-old", customer_id="anna-k"),
        heard("me3", "msg-bert"),
    ],
    "webhook_events": [
        {"event_id": "w1", "provider": "ses", "type": "x", "message_id": "msg-anna", "at": T},
        {"event_id": "w2", "provider": "ses", "type": "x", "message_id": None, "at": T},
    ],
    "product_states": [
        state("kettle", "", 10) | {"at": T - 1},
        state("kettle", "ord-anna-1", 9),
        state("cup", "", 4),
        state("cup", "ord-anna-2", 3),
        state("tea", "ord-bert", 7),
    ],
    "idempotency_keys": [
        answer("k-1", b'{"customer_id":"anna-k"}'),
        answer("k-2", b'{"message_id":"msg-anna"}'),
        answer("claim/anna-k", None),
        answer("k-3", b'{"customer_id":"anna-karin"}'),
        answer("k-4", b'{"customer_id":"anna-k-2", "order":"xord-anna-1"}'),
    ],
}
"""Orders, events and so on of anna, who has three accounts, and of others."""


@pytest.fixture
def filled(either: Store) -> Store:
    with either.writing() as connection:
        for name, rows in ROWS.items():
            cells = {column for row in rows for column in row}
            connection.execute(
                insert(METADATA.tables[name]),
                [{column: row.get(column) for column in cells} for row in rows],
            )
    return either


def rows_naming(store: Store, *words: str) -> list[str]:
    """List the rows of any table in which one of some words stands."""
    with store.reading() as connection:
        rows = [
            f"{table.name}: {tuple(row)}"
            for table in METADATA.sorted_tables
            for row in connection.execute(select(table))
        ]
    return [row for row in rows if any(f"'{word}'" in row or f'"{word}"' in row for word in words)]


def test_no_row_of_any_table_names_an_erased_customer(filled):
    theirs = (*ANNAS, "ord-anna-1", "ord-anna-2", "ord-anna-gone", "msg-anna", "msg-anna-old")
    assert rows_naming(filled, *theirs, "claim/anna-k", "dec-anna")
    erase(filled, "anna-k", AT)
    assert rows_naming(filled, *theirs, "claim/anna-k", "dec-anna") == []


def test_it_is_counted_what_was_removed_and_nothing_is_the_second_time(filled):
    erased = erase(filled, "tab-anna", AT)
    assert sorted(erased.accounts) == sorted(ANNAS)
    assert erased.counts == {
        "customers": 3,
        "consents": 2,
        "order_versions": 3,
        "events": 5,
        "order_lines": 2,
        "order_statuses": 1,
        "orders": 2,
        "webhook_events": 1,
        "message_events": 2,
        "messages": 1,
        "product_states": 2,
        "idempotency_keys": 4,
    }
    assert erase(filled, "tab-anna", AT).counts == {}
    assert erase(filled, "anna-k", AT).counts == {}


def test_everybody_elses_rows_stay(filled):
    before = export_tables(filled, "bert")
    erase(filled, "anna-k", AT)
    after = export_tables(filled, "bert")
    # What bert did in a session that was anna's too no longer names it.
    unnamed = [row | {"session_id": None} for row in before["events"]]
    assert after == {**before, "events": unnamed}
    with filled.reading() as connection:
        assert connection.execute(
            select(ORDERS.c.order_id).order_by(ORDERS.c.order_id)
        ).scalars().all() == ["ord-bert", "ord-given", "ord-guest"]
        assert connection.execute(select(ORDER_VERSIONS.c.order_id)).scalars().all() == ["ord-bert"]
        keys = select(IDEMPOTENCY_KEYS.c.key)
        assert set(connection.execute(keys).scalars()) == {"k-3"}


def test_whom_an_erased_customer_brought_is_told_without_naming_them(filled):
    def told() -> dict[str, str | None]:
        with filled.reading() as connection:
            columns = CUSTOMERS.c.customer_id, CUSTOMERS.c.attributes
            return {one: cell for one, cell in connection.execute(select(*columns))}

    erase(filled, "anna-k", AT)
    assert told() == {"bert": None, "carl": '{"city":"Bern"}', "emil": None}
    again = [
        {"customer_id": "carl", "attributes": {"city": "Bern", "referred_by": "anna-k"}},
        {"customer_id": "emil", "attributes": '{"referred_by": "bert", "n": 1, "x": [2]}'},
        {"customer_id": "bert", "attributes": "no JSON"},
    ]
    posted = post(filled, schema.CUSTOMERS, again, AT)
    assert (posted.accepted, posted.duplicates, posted.errors) == (2, 1, [])
    assert told()["carl"] == '{"city":"Bern"}'
    assert told()["emil"] == '{"referred_by": "bert", "n": 1, "x": [2]}'
    assert rows_naming(filled, *ANNAS) == []


def test_stock_stays_as_orders_left_it_without_naming_them(filled):
    with filled.reading() as connection:
        revised = revision(connection, "products")
    erase(filled, "anna-k", AT)
    columns = PRODUCT_STATES.c
    with filled.reading() as connection:
        found = connection.execute(
            select(columns.product_id, columns.at, columns.order_id, columns.stock).order_by(
                columns.product_id, columns.at, columns.order_id
            )
        ).all()
        assert revision(connection, "products") > revised
    assert [tuple(row) for row in found] == [
        ("cup", T, "", 4),
        ("kettle", T - 1, "", 10),
        ("kettle", T, "", 9),
        ("tea", T, "ord-bert", 7),
    ]


def test_an_erased_customer_is_known_by_a_hash_that_tells_nobody_who_it_is(filled):
    with filled.reading() as connection:
        assert is_erased(connection, ANNAS) == set()
    erase(filled, "anna-k", AT)
    with filled.reading() as connection:
        assert is_erased(connection, [*ANNAS, "bert", "ord-anna-1"]) == set(ANNAS)
        assert is_erased(connection, ["ord-anna-1", "ord-given"], kind="order") == {"ord-anna-1"}
        assert is_erased(connection, ["msg-anna", "msg-bert"], kind="message") == {"msg-anna"}
        stored = [str(row) for row in connection.execute(select(TOMBSTONES))]
        assert revision(connection, "tombstones") == 1
    assert not any("anna" in row for row in stored)


def test_burying_alone_removes_nothing_and_erasing_goes_on_from_there(filled):
    theirs = bury(filled, "anna-k", AT)
    assert set(theirs.accounts) == set(ANNAS)
    assert rows_naming(filled, "anna-k")
    assert bury(filled, "anna-k", AT) == theirs
    erase(filled, "anna-k", AT)
    assert rows_naming(filled, "anna-k") == []


def test_of_an_erased_customer_the_past_is_refused_and_the_present_is_not(filled):
    earlier, later = AT - np.timedelta64(1, "D"), AT + np.timedelta64(1, "D")
    refuse_replay(filled, "anna-k", earlier)
    erase(filled, "anna-k", AT)
    with pytest.raises(ErasedCustomerError, match="2026-03-01T12:00:00Z"):
        refuse_replay(filled, "anna-k", earlier)
    with pytest.raises(ErasedCustomerError):
        refuse_replay(filled, "sess-anna", earlier)
    for customer, at in (("anna-k", AT), ("anna-k", later), ("bert", earlier), ("x", earlier)):
        refuse_replay(filled, customer, at)
    assert filled.facts(["anna-k"], later).order_start[-1] == 0


def test_a_customer_whom_nobody_knows_is_kept_out_all_the_same(filled):
    assert erase(filled, "dora", AT).counts == {}
    with filled.reading() as connection:
        assert is_erased(connection, ["dora"]) == {"dora"}


def test_a_claim_for_an_erased_customer_gives_nothing_and_writes_nothing(filled):
    erase(filled, "anna-k", AT)
    for account in ANNAS:
        assert claim(filled, account, Policy(), NOON).permit is None
    assert rows_naming(filled, *ANNAS) == []
    assert claim(filled, "bert", Policy(), NOON).permit is not None


def test_an_answer_that_was_under_way_is_not_kept(filled):
    asked = ("k1", "k-9")
    assert begin(filled, *asked, "h", AT) is Turn.FIRST
    erase(filled, "anna-k", AT)
    keep(filled, *asked, AT, KeptAnswer(200, None, b'{"customer_id":"anna-k"}'))
    assert rows_naming(filled, "anna-k") == []
    assert begin(filled, *asked, "h", AT) is Turn.BUSY
    later = AT + np.timedelta64(61, "s")
    assert begin(filled, *asked, "h", later) is Turn.FIRST
    keep(filled, *asked, later, KeptAnswer(200, None, b"{}"))
    assert begin(filled, *asked, "h", later) == KeptAnswer(200, None, b"{}")


def test_of_more_orders_than_one_query_takes_all_go(filled):
    with filled.writing() as connection:
        connection.execute(insert(ORDERS), [order(f"many-{n:04}", "anna-k") for n in range(1200)])
    assert erase(filled, "anna-k", AT).counts["orders"] == 1202
    with filled.reading() as connection:
        many = [f"many-{n:04}" for n in range(1200)]
        assert is_erased(connection, many, kind="order") == set(many)
        count = select(func.count()).select_from(EVENTS)
        assert connection.execute(count).scalar_one() == 2


def test_an_export_holds_every_row_that_erasing_removes(filled):
    exported = export_tables(filled, "tab-anna")
    counts = erase(filled, "tab-anna", AT).counts
    for name in ("consents", "order_lines", "order_statuses", "orders", "messages"):
        assert len(exported[name]) == counts[name]
    # The rows of two whom they brought lose the id alone.
    assert len(exported["customers"]) == counts["customers"] - 2
    assert len(exported["message_events"]) == counts["message_events"]
    assert len(exported["order_versions"]) == counts["order_versions"]
    assert not any(export_tables(filled, "tab-anna").values())


def test_an_export_is_one_document_with_an_order_and_all_of_it_together(filled):
    document = export(filled, "anna-k")
    assert document["customer_id"] == "anna-k"
    assert sorted(document["accounts"]) == sorted(ANNAS)
    assert document["customers"][0]["attributes"] == {"mail": "anna@mail.example"}
    assert document["customers"][0]["created_at"] == "2026-02-02T02:40:00Z"
    assert [row["granted"] for row in document["consents"]] == [False, True]
    orders = {one["order_id"]: one for one in document["orders"]}
    assert list(orders) == ["ord-anna-1", "ord-anna-2", "ord-anna-gone", "ord-given"]
    first = orders["ord-anna-1"]
    assert (first["status"], first["ordered_at"]) == ("paid", "2026-02-02T02:40:00Z")
    assert [len(first[word]) for word in ("lines", "statuses", "versions")] == [1, 1, 1]
    # Of what is theirs no longer the version that was.
    assert "status" not in orders["ord-given"]
    assert [one["customer_id"] for one in orders["ord-given"]["versions"]] == ["anna-k"]
    assert document["messages"][0]["eligible"] == ["welcome"]
    assert {one["event_id"] for one in document["message_events"]} == {"me1", "me2"}


def test_of_one_nobody_knows_an_export_is_empty(filled):
    document = export(filled, "dora")
    assert (document.pop("customer_id"), document.pop("accounts")) == ("dora", ["dora"])
    assert not any(document.values())
