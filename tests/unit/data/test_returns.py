"""Returns undo the latest earlier purchases of their customer and product, unit by unit."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest

from nba.data.readers import connect
from nba.data.returns import RETURNED_ORDERS, take_back

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - a DuckDB TIMESTAMP, UTC by agreement


@pytest.fixture
def connection():
    opened = connect()
    yield opened
    opened.close()


def flat(connection, name, lines):
    """A table of checked flat rows: (order, customer, minute, product, quantity, is a return)."""
    connection.execute(f"""
        CREATE TABLE {name} (_n_row BIGINT, order_id VARCHAR, customer_id VARCHAR,
            ordered_at TIMESTAMP, product_id VARCHAR, sku VARCHAR, title VARCHAR,
            quantity BIGINT, returned_quantity BIGINT, _n_returns BOOLEAN)""")
    for row, (order, customer, minute, product, quantity, returns) in enumerate(lines, 1):
        at = NOON + timedelta(minutes=minute)
        values = [row, order, customer, at, product, quantity, returns]
        connection.execute(f"INSERT INTO {name} VALUES (?,?,?,?,?,NULL,NULL,?,NULL,?)", values)
    return name


def returned(connection, name):
    found = connection.execute(
        f"SELECT order_id, returned_quantity FROM {name} WHERE returned_quantity > 0 ORDER BY ALL"
    )
    return found.fetchall()


def test_units_come_off_the_latest_lines_first(connection):
    name = flat(
        connection,
        "good",
        [
            ("a", "ann", 0, "cup", 3, False),
            ("b", "ann", 1, "cup", 2, False),
            ("R", "ann", 2, "cup", 4, True),
            ("c", "ann", 3, "cup", 9, False),
        ],
    )
    assert take_back(connection, [name]) == []
    assert returned(connection, name) == [("a", 2), ("b", 2)]
    assert connection.execute(f"SELECT count(*) FROM {name}").fetchone() == (3,)
    assert connection.execute(
        f'SELECT order_id, status, "at", reason FROM {RETURNED_ORDERS} ORDER BY ALL'
    ).fetchall() == [
        ("a", "returned", NOON + timedelta(minutes=2), "R"),
        ("b", "returned", NOON + timedelta(minutes=2), "R"),
    ]


def test_a_purchase_at_the_instant_of_the_return_is_an_earlier_one(connection):
    name = flat(
        connection, "good", [("R", "ann", 0, "cup", 1, True), ("a", "ann", 0, "cup", 1, False)]
    )
    assert take_back(connection, [name]) == []
    assert returned(connection, name) == [("a", 1)]


def test_purchases_of_another_file_are_found(connection):
    names = [
        flat(connection, "old", [("a", "ann", 0, "cup", 1, False)]),
        flat(connection, "new", [("R", "ann", 1, "cup", 1, True)]),
    ]
    assert take_back(connection, names) == []
    assert returned(connection, "old") == [("a", 1)]


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        ([("a", "ann", 2, "cup", 1, False), ("R", "ann", 1, "cup", 1, True)], 1),
        ([("a", "bob", 0, "cup", 1, False), ("R", "ann", 1, "cup", 1, True)], 1),
        ([("a", "ann", 0, "mug", 1, False), ("R", "ann", 1, "cup", 1, True)], 1),
        ([("a", None, 0, "cup", 1, False), ("R", None, 1, "cup", 1, True)], 1),
        ([("a", "ann", 0, "cup", 1, False), ("R", "ann", 1, "cup", 3, True)], 2),
    ],
)
def test_what_was_not_bought_before_is_given_back(connection, lines, missing):
    (unmatched,) = take_back(connection, [flat(connection, "good", lines)])
    assert (unmatched.product, unmatched.quantity, unmatched.missing) == (
        "cup",
        lines[1][4],
        missing,
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_naive_search_finds_the_same(connection, seed):
    rng = np.random.default_rng(seed)
    lines = [
        (
            f"o{number:03}",
            f"c{rng.integers(3)}",
            int(minute),
            f"p{rng.integers(3)}",
            int(rng.integers(1, 6)),
            bool(rng.random() < 0.3),
        )
        for number, minute in enumerate(rng.permutation(200))
    ]
    unmatched = take_back(connection, [flat(connection, "good", lines)])
    left = {order: quantity for order, *_, quantity, returns in lines if not returns}
    taken, missing = defaultdict(int), 0
    for _, customer, minute, product, quantity, returns in sorted(lines, key=lambda one: one[2]):
        if not returns:
            continue
        earlier = [one for one in lines if one[1:4:2] == (customer, product) and one[2] < minute]
        for order, *_, is_return in sorted(earlier, key=lambda one: -one[2]):
            units = 0 if is_return else min(quantity, left[order])
            quantity, taken[order] = quantity - units, taken[order] + units
            left[order] = left.get(order, 0) - units
        missing += quantity
    expected = sorted((order, units) for order, units in taken.items() if units)
    assert returned(connection, "good") == expected
    assert sum(one.missing for one in unmatched) == missing
