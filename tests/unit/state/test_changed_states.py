"""Of the states of products those written since are read again, and nothing is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nba import schema
from nba.state import shelves
from nba.state.posting import post
from nba.state.store import Store
from nba.state.writing import bump, changed_since, revision
from tests.databases import DATABASES, database_url
from tests.shops import day

LATER = day(50)
PRODUCTS = st.sampled_from("abcd")
ROW = st.fixed_dictionaries(
    {"product_id": PRODUCTS},
    optional={
        "at": st.integers(0, 60).map(lambda number: str(day(number)) + "Z"),
        "stock": st.integers(0, 3),
        "price": st.integers(1, 9),
        "sale_price": st.integers(1, 9),
    },
)


def order(number: int, product: str, status: str) -> dict[str, Any]:
    line = {"line_no": 1, "product_id": product, "quantity": 1, "unit_price": 5}
    at = str(day(20 + number)) + "Z"
    told = {"order_id": f"o{number}", "ordered_at": at, "status": status, "status_at": at}
    return {**told, "lines": [line]}


ORDER = st.builds(order, st.integers(0, 5), PRODUCTS, st.sampled_from(["paid", "cancelled"]))


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = Store(database_url(request.param, tmp_path))
    yield made
    made.close()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(ROW, max_size=3) | st.lists(ORDER, max_size=2), max_size=6))
def test_the_shelf_is_that_of_who_reads_everything_after_every_post(
    store: Store, posts: list[list[dict[str, Any]]]
) -> None:
    for rows in posts:
        table = schema.ORDERS if any("lines" in row for row in rows) else schema.PRODUCTS
        post(store, table, rows, LATER)
        with store.reading() as connection:
            whole = shelves.Shelves().at(connection, revision(connection, "products"), day(70))
        assert store.shelf(day(70)) == whole


def test_one_product_written_is_one_product_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything: list[int] = []
    read: Callable[..., Any] = shelves.all_states
    monkeypatch.setattr(
        shelves, "all_states", lambda connection: everything.append(1) or read(connection)
    )
    many = [{"product_id": f"p{number}", "stock": 5} for number in range(20)]
    post(store, schema.PRODUCTS, many, LATER)
    assert len(store.shelf(day(70)).product_ids) == 20
    for stock in (4, 3):
        post(store, schema.PRODUCTS, [{"product_id": "p7", "stock": stock}], LATER + (9 - stock))
        assert store.shelf(day(70)).stock[store.shelf(day(70)).product_ids.find("p7")] == stock
    assert len(everything) == 1


def test_who_does_not_say_what_changed_makes_everything_change(store: Store) -> None:
    with store.writing() as connection:
        bump(connection, "things", ["a", "b"])
        bump(connection, "things", ["b", "c/d"])
        assert sorted(changed_since(connection, "things", 0) or ()) == ["a", "b", "c/d"]
        assert sorted(changed_since(connection, "things", 1) or ()) == ["b", "c/d"]
        assert changed_since(connection, "things", 2) == []
        bump(connection, "things")
        assert changed_since(connection, "things", 2) is None
        assert changed_since(connection, "things", 3) == []
        assert changed_since(connection, "thing", 0) == []
        assert revision(connection, "things") == np.int64(3)
