"""Posted events, consents and customers: idempotent by their ids, refused for the erased."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nba import schema
from nba.state.erasure import erase
from nba.state.posting import Parcel, post, post_together
from nba.state.store import Store
from nba.state.tables import CONSENTS, CUSTOMERS, EVENTS
from tests.unit.state.posted import AT, everything, hour, micros, order, rows_of

VIEW = {"event_id": "e1", "type": "view_item", "customer_id": "ann", "product_id": "kettle"}
LATER = AT + np.timedelta64(1, "D")


def at_of(instant: np.datetime64) -> int:
    return int(instant.astype(np.int64))


def test_an_event_counts_once_and_without_an_instant_happened_when_it_was_posted(
    either: Store,
) -> None:
    assert post(either, schema.EVENTS, [VIEW, VIEW], AT).accepted == 1
    assert post(either, schema.EVENTS, [VIEW], LATER).duplicates == 1
    assert [row["at"] for row in rows_of(either, EVENTS)] == [at_of(AT)]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (schema.EVENTS, VIEW),
        (schema.MESSAGE_EVENTS, {"event_id": "m", "message_id": "x", "type": "bounced"}),
        (schema.CONSENTS, {"customer_id": "ann", "channel": "email", "granted": True}),
    ],
)
def test_facts_that_were_posted_are_posted(either: Store, table: Any, row: Any) -> None:
    row = {**row, "at": hour(3)}
    first = post(either, table, [row], AT)
    again = post(either, table, [row, 5], LATER)
    assert (first.accepted, again.accepted, again.duplicates) == (1, 0, 1)
    assert [one.index for one in again.errors] == [1]


def test_a_customer_changes_only_the_fields_that_are_given(either: Store) -> None:
    first = {"customer_id": "ann", "tier": "gold", "timezone": "Europe/Kyiv"}
    post(either, schema.CUSTOMERS, [first], AT)
    post(either, schema.CUSTOMERS, [{"customer_id": "ann", "tier": None, "points": 7}], AT)
    (row,) = rows_of(either, CUSTOMERS)
    assert row == {"customer_id": "ann", "timezone": "Europe/Kyiv", "points": 7}


@pytest.mark.parametrize("granted", [True, False])
def test_a_consent_without_an_instant_holds_from_the_post_on(either: Store, granted: bool) -> None:
    row = {"customer_id": "ann", "consent_email": granted}
    post(either, schema.CUSTOMERS, [row], AT)
    (consent,) = rows_of(either, CONSENTS)
    assert (consent["granted"], consent["at"], consent["channel"]) == (granted, at_of(AT), "email")


def test_a_consent_with_an_instant_holds_from_then_on(store: Store) -> None:
    row = {"customer_id": "ann", "consent_sms": True, "consent_at": hour(2)}
    post(store, schema.CUSTOMERS, [row, row], AT)
    assert [one["at"] for one in rows_of(store, CONSENTS)] == [micros(hour(2))]


def test_a_consent_that_a_shop_only_repeats_brings_nobody_back(store: Store) -> None:
    row = {"customer_id": "ann", "consent_email": True}
    post(store, schema.CUSTOMERS, [row], AT)
    gone = {"customer_id": "ann", "channel": "email", "granted": False, "source": "link"}
    post(store, schema.CONSENTS, [gone], AT + np.timedelta64(1, "h"))
    assert post(store, schema.CUSTOMERS, [row], LATER).duplicates == 1
    assert [one["granted"] for one in rows_of(store, CONSENTS)] == [False, True]
    anew = [{**row, "consent_email": False}, row]
    post(store, schema.CUSTOMERS, anew[:1], LATER)
    post(store, schema.CUSTOMERS, anew[1:], LATER + np.timedelta64(1, "h"))
    assert [one["granted"] for one in rows_of(store, CONSENTS)].count(True) == 2


def test_rows_of_an_erased_customer_are_refused(either: Store) -> None:
    tables = {
        schema.EVENTS: {**VIEW, "at": hour(1)},
        schema.CUSTOMERS: {"customer_id": "ann"},
        schema.ORDERS: order(),
    }
    for table, row in tables.items():
        assert post(either, table, [row], AT).accepted == 1
    erase(either, "ann", AT)
    before = everything(either)
    for table, row in tables.items():
        other = {**row, "customer_id": "bob", "event_id": "e2", "order_id": "o2"}
        known = {name: cell for name, cell in other.items() if name in row}
        posted = post(either, table, [row, known], LATER)
        assert [(one.index, one.rule) for one in posted.errors] == [(0, "erased")]
        assert posted.accepted == 1
    assert all("ann" not in str(rows) for rows in everything(either).values())
    assert before != everything(either)


def test_parcels_together_are_told_apart(either: Store) -> None:
    parcels = [
        Parcel(schema.EVENTS, [VIEW, {}], AT),
        Parcel(schema.EVENTS, [VIEW], LATER),
        Parcel(schema.CUSTOMERS, [{"customer_id": "bob"}], AT),
        Parcel(schema.ORDERS, [], AT),
    ]
    first, second, third, last = post_together(either, parcels)
    assert (first.accepted, first.duplicates, len(first.errors)) == (1, 0, 1)
    assert (second.accepted, second.duplicates) == (0, 1)
    assert (third.accepted, last.accepted) == (1, 0)
