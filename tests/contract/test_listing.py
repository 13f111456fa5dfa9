"""What pages ask of a store beside the facts: the same of every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nba.state.latest import last_fact, latest_rows
from nba.state.listing import list_customers
from nba.state.locales import locale_of
from nba.state.store import Store
from nba.state.tables import CUSTOMERS, EVENTS
from nba.state.writing import add
from tests.databases import DATABASES, database_url
from tests.unit.state.cells import DAY_US, write

# Ids that sort differently by byte and by locale.
IDS = ("B", "a", "a/b", "\u00e4", "\uffee", "\U0001f4e6")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = Store(database_url(request.param, tmp_path))
    with store.writing() as connection:
        add(connection, CUSTOMERS, [{"customer_id": one, "locale": "uk_UA"} for one in IDS[1:]])
        told = {"event_id": "e1", "type": "merge", "at": DAY_US, "session_id": "a"}
        add(connection, EVENTS, [{**told, "customer_id": "B"}])
    write(store, "orders", ("o1", "B", 2 * DAY_US, "paid", None, None, None, None))
    yield store
    store.close()


def test_customers_are_listed_in_the_order_of_their_bytes_without_the_merged(store: Store) -> None:
    assert list_customers(store, "", 10).customers == [one for one in IDS if one != "a"]
    first = list_customers(store, "", 2)
    assert (first.customers, first.last) == (["B"], "a")
    rest = list_customers(store, "a", 4)
    assert (rest.customers, rest.last) == (list(IDS[2:]), IDS[-1])
    assert list_customers(store, IDS[-1], 4).last is None


def test_customers_are_listed_by_the_beginning_of_an_id(store: Store) -> None:
    assert list_customers(store, "", 10, prefix="a").customers == ["a/b"]
    assert list_customers(store, "", 10, prefix="\U0001f4e6").customers == ["\U0001f4e6"]
    assert list_customers(store, "", 10, prefix="\0").customers == []


def test_a_locale_is_that_of_the_customer_alone(store: Store) -> None:
    told = {one: locale_of(store, one) for one in ("a/b", "B", "nobody", "a\0b")}
    assert told == {"a/b": "uk_UA", "B": None, "nobody": None, "a\0b": None}


def test_the_latest_rows_are_found(store: Store) -> None:
    assert last_fact(store) == np.datetime64("1970-01-03")
    found = {name: at for name, at in latest_rows(store).items() if at is not None}
    assert found == {"orders": np.datetime64("1970-01-03"), "events": np.datetime64("1970-01-02")}
