"""Posts in any order, any grouping and any repetition leave the same tables."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nba import schema
from nba.schema import Table
from nba.state.posting import post
from nba.state.store import Store
from nba.statuses import STATUSES
from tests.unit.state.posted import AT, everything, hour

EXAMPLES = 400 if os.environ.get("NBA_FAULTS") else 25
PRODUCTS = ("p0", "p1", "p2")
Post = tuple[Table, dict[str, Any]]

lines = st.lists(
    st.builds(
        lambda product, quantity, price: {
            "product_id": product,
            "quantity": quantity,
            "unit_price": price,
        },
        st.sampled_from(PRODUCTS),
        st.integers(0, 4),
        st.sampled_from([None, 100, 250]),
    ),
    min_size=1,
    max_size=3,
)
status = st.builds(
    lambda status, at, tracking: {"status": status, "at": hour(at), "tracking": tracking},
    st.sampled_from(STATUSES),
    st.integers(0, 12),
    st.sampled_from([None, "T1", "T2"]),
)
orders = st.builds(
    lambda number, customer, at, status, status_at, lines, statuses: {
        "order_id": f"o{number}",
        "customer_id": customer,
        # Versions of one order may disagree about when it was placed.
        "ordered_at": hour(at),
        "status": status,
        "status_at": None if status_at is None else hour(status_at),
        "lines": lines,
        "statuses": statuses,
    },
    st.integers(0, 3),
    st.sampled_from(["ann", "bob", None]),
    st.integers(0, 8),
    st.sampled_from(STATUSES),
    st.none() | st.integers(0, 12),
    lines,
    st.lists(status, max_size=2),
)
alone = st.builds(
    lambda number, statuses: {"order_id": f"o{number}", "statuses": statuses},
    st.integers(0, 3),
    st.lists(status, min_size=1, max_size=2),
)
stated = {
    "stock": st.none() | st.integers(0, 6),
    "price": st.none() | st.sampled_from([100, 200]),
    "availability": st.sampled_from(["in_stock", "out_of_stock", "backorder"]),
}


@st.composite
def states(draw: st.DrawFn) -> list[Post]:
    """Give states of products, each of an instant of its own."""
    told = st.tuples(st.sampled_from(PRODUCTS), st.integers(0, 12))
    return [
        (
            schema.PRODUCTS,
            {
                "product_id": product,
                "at": hour(at),
                **draw(st.fixed_dictionaries({}, optional=stated).filter(bool)),
            },
        )
        for product, at in draw(st.lists(told, unique=True, max_size=5))
    ]


@st.composite
def all_posts(draw: st.DrawFn) -> list[Post]:
    """Give posts of orders, statuses, states and events."""
    events = [
        (
            schema.EVENTS,
            {"event_id": f"e{n}", "type": "view_item", "at": hour(n), "customer_id": "ann"},
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    told = draw(st.lists(orders | alone, min_size=1, max_size=6))
    return [*((schema.ORDERS, row) for row in told), *events, *draw(states())]


def post_all(store: Store, posts: list[Post], together: int) -> None:
    """Post rows, as many of one table at once as follow each other."""
    groups: list[tuple[Table, list[dict[str, Any]]]] = []
    for table, row in posts:
        if groups and groups[-1][0] is table and len(groups[-1][1]) < together:
            groups[-1][1].append(row)
        else:
            groups.append((table, [row]))
    for table, rows in groups:
        assert post(store, table, rows, AT).errors == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("posts")


NUMBERS = count()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_posts_in_any_order_and_repeated_leave_the_same_tables(
    folder: Path, data: st.DataObject
) -> None:
    posts = data.draw(all_posts())
    repeated = posts + data.draw(st.lists(st.sampled_from(posts), max_size=4))
    shuffled = data.draw(st.permutations(repeated))
    found = []
    for told, together in ((posts, 1), (shuffled, data.draw(st.integers(1, 5)))):
        store = Store(f"sqlite:///{folder / f'{next(NUMBERS)}.db'}")
        post_all(store, told, together)
        found.append(everything(store))
        store.close()
    assert found[0] == found[1]
