"""Posted products and what orders take from their stock."""

from __future__ import annotations

from typing import Any

import pytest

from nba import schema
from nba.state.posting import post
from nba.state.store import Store
from nba.state.tables import PRODUCT_STATES, PRODUCTS
from nba.state.writing import revision
from tests.unit.state.posted import (
    AT,
    hour,
    order,
    post_orders,
    post_products,
    rows_of,
    stock_of,
)

KETTLE = {"product_id": "kettle", "title": "Kettle", "price": 3000, "stock": 5, "at": hour(1)}


def products_revision(store: Store) -> int:
    with store.reading() as connection:
        return revision(connection, "products")


def kettles(number: str, quantity: int, at: float, **cells: Any) -> dict[str, Any]:
    line = {"product_id": "kettle", "quantity": quantity, "unit_price": 3000}
    return order(number, line, **{"ordered_at": hour(at), **cells})


def test_a_product_changes_only_the_fields_that_are_given(either: Store) -> None:
    post_products(either, {**KETTLE, "brand": "Acme", "compatible_with": ["a", "b"]})
    post_products(either, {"product_id": "kettle", "price": 2500, "at": hour(2)})
    (row,) = rows_of(either, PRODUCTS)
    assert (row["title"], row["brand"], row["compatible_with"]) == ("Kettle", "Acme", "a,b")
    assert (row["price"], row["stock"], row["availability"]) == (2500, 5, "in_stock")
    states = rows_of(either, PRODUCT_STATES)
    assert [(row["price"], row["stock"]) for row in states] == [(3000, 5), (2500, 5)]


def test_a_product_posted_again_appends_nothing(either: Store) -> None:
    for row in (KETTLE, {"product_id": "kettle", "stock": 5}, {"product_id": "kettle"}):
        post_products(either, row)
        before = rows_of(either, PRODUCT_STATES), products_revision(either)
        assert post_products(either, row, row).duplicates == 2
        assert (rows_of(either, PRODUCT_STATES), products_revision(either)) == before


@pytest.mark.parametrize(
    ("row", "accepted"),
    [
        ({"product_id": "new", "stock": 3}, 1),
        ({"product_id": "new", "brand": "Acme"}, 0),
        ({"product_id": "new", "title": "New", "brand": "Acme"}, 1),
        ({"product_id": "kettle", "title": None}, 0),
        ({"product_id": "kettle", "brand": "Acme"}, 1),
        ({"product_id": "kettle", "price": 30.0}, 0),
    ],
)
def test_what_is_in_the_catalogue_has_a_title(
    store: Store, row: dict[str, Any], accepted: int
) -> None:
    post_products(store, KETTLE)
    posted = post_products(store, row)
    assert posted.accepted == accepted
    assert len(posted.errors) == 1 - accepted


@pytest.mark.parametrize(
    ("first", "then", "availability"),
    [
        ({"stock": 5}, {"stock": 0}, "out_of_stock"),
        ({"stock": 0}, {"stock": 1}, "in_stock"),
        ({"availability": "backorder"}, {"stock": 0}, "backorder"),
        ({"availability": "preorder"}, {"stock": 9}, "preorder"),
        ({"availability": "discontinued"}, {"stock": 9}, "discontinued"),
        ({"stock": 5}, {"stock": 5, "availability": "out_of_stock"}, "out_of_stock"),
        ({"availability": "out_of_stock"}, {"price": 100}, "out_of_stock"),
    ],
)
def test_a_count_says_whether_a_product_can_be_ordered(
    store: Store, first: dict[str, Any], then: dict[str, Any], availability: str
) -> None:
    for hours, cells in enumerate((first, then)):
        post_products(store, {"product_id": "kettle", "at": hour(hours), **cells})
    assert stock_of(store)[-1][2] == availability


def test_states_that_come_late_leave_what_states_in_order_leave(either: Store) -> None:
    told = [
        {**KETTLE, "at": hour(1)},
        {"product_id": "kettle", "stock": 3, "at": hour(2)},
        {"product_id": "kettle", "price": 2000, "at": hour(3)},
        {"product_id": "kettle", "availability": "preorder", "at": hour(4)},
        {"product_id": "kettle", "stock": 0, "at": hour(5)},
    ]
    for row in [told[0], *reversed(told)]:
        post_products(either, row)
    states = sorted(rows_of(either, PRODUCT_STATES), key=lambda row: row["at"])
    assert [(row["price"], row["stock"], row["availability"]) for row in states] == [
        (3000, 5, "in_stock"),
        (3000, 3, "in_stock"),
        (2000, 3, "in_stock"),
        (2000, 3, "preorder"),
        (2000, 0, "preorder"),
    ]


def test_what_the_catalogue_said_is_the_first_state(store: Store) -> None:
    post_products(store, {"product_id": "kettle", "title": "Kettle"})
    assert stock_of(store) == []
    post_products(store, {"product_id": "kettle", "stock": 4, "at": hour(3)})
    assert stock_of(store) == [("", None, None), ("", 4, "in_stock")]


def test_an_order_lowers_the_stock_and_the_last_piece_is_the_last(either: Store) -> None:
    post_products(either, KETTLE)
    post_orders(either, kettles("o1", 2, at=10))
    post_orders(either, kettles("o2", 4, at=11))
    assert stock_of(either) == [
        ("", 5, "in_stock"),
        ("o1", 3, "in_stock"),
        ("o2", 0, "out_of_stock"),
    ]
    (product,) = rows_of(either, PRODUCTS)
    assert (product["stock"], product["availability"]) == (0, "out_of_stock")


def test_an_order_that_comes_late_lowers_what_came_after_it(store: Store) -> None:
    post_products(store, KETTLE)
    post_orders(store, kettles("o2", 2, at=11))
    post_orders(store, kettles("o1", 1, at=10))
    assert [(by, stock) for by, stock, _ in stock_of(store)] == [("", 5), ("o1", 4), ("o2", 2)]


def test_orders_of_one_instant_are_shown_together(store: Store) -> None:
    post_products(store, {**KETTLE, "at": hour(10)})
    post_orders(store, kettles("o1", 2, at=10), kettles("o2", 1, at=10))
    assert [(by, stock) for by, stock, _ in stock_of(store)] == [("", 5), ("o1", 2), ("o2", 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled", "status_at": hour(20)},
        {"status": "returned", "status_at": hour(20)},
        {"is_test": True, "status_at": hour(20)},
    ],
)
def test_an_order_that_is_taken_back_gives_its_pieces_back(
    either: Store, change: dict[str, Any]
) -> None:
    post_products(either, KETTLE)
    post_orders(either, kettles("o1", 5, at=10), kettles("o2", 1, at=11))
    post_orders(either, kettles("o1", 5, at=10, **change))
    assert stock_of(either) == [("", 5, "in_stock"), ("o2", 4, "in_stock")]


def test_a_status_alone_takes_an_order_back(store: Store) -> None:
    post_products(store, KETTLE)
    post_orders(store, kettles("o1", 2, at=10))
    post_orders(store, {"order_id": "o1", "statuses": [{"status": "cancelled", "at": hour(12)}]})
    assert stock_of(store) == [("", 5, "in_stock")]


def test_an_edited_order_takes_what_it_has_now(store: Store) -> None:
    post_products(store, KETTLE)
    post_orders(store, kettles("o1", 2, at=10))
    post_orders(store, kettles("o1", 4, at=10, status_at=hour(20)))
    assert [(by, stock) for by, stock, _ in stock_of(store)] == [("", 5), ("o1", 1)]


def test_a_step_of_an_order_changes_no_stock(store: Store) -> None:
    post_products(store, KETTLE)
    post_orders(store, kettles("o1", 2, at=10))
    before = products_revision(store)
    post_orders(store, kettles("o1", 2, at=10, status="shipped", status_at=hour(20)))
    assert products_revision(store) == before


def test_a_count_stated_later_holds_from_its_instant_on(either: Store) -> None:
    post_products(either, KETTLE, {"product_id": "kettle", "stock": 9, "at": hour(12)})
    post_orders(either, kettles("o1", 2, at=10), kettles("o2", 1, at=13))
    cancelled = {"status": "cancelled", "status_at": hour(20)}
    assert [stock for _, stock, _ in stock_of(either)] == [5, 3, 9, 8]
    post_orders(either, kettles("o1", 2, at=10, **cancelled))
    assert [stock for _, stock, _ in stock_of(either)] == [5, 9, 8]


def test_a_price_stated_after_an_order_keeps_the_stock_that_the_order_left(store: Store) -> None:
    post_products(store, KETTLE)
    post_orders(store, kettles("o1", 2, at=10))
    post_products(store, {"product_id": "kettle", "price": 2000, "at": hour(11)})
    assert [stock for _, stock, _ in stock_of(store)] == [5, 3, 3]
    post_orders(store, kettles("o1", 2, at=10, status="cancelled", status_at=hour(20)))
    assert [stock for _, stock, _ in stock_of(store)] == [5, 5]


def test_orders_placed_before_anybody_counted_are_found_when_a_count_comes_late(
    store: Store,
) -> None:
    post_orders(store, kettles("o1", 2, at=10))
    assert stock_of(store) == []
    post_products(store, KETTLE)
    assert [stock for _, stock, _ in stock_of(store)] == [5, 3]


def test_the_stock_of_a_catalogue_without_instants_is_lowered_too(store: Store) -> None:
    post_products(store, {"product_id": "kettle", "title": "Kettle"})
    with store.writing() as connection:
        connection.execute(PRODUCTS.update().values(stock=3))
    post_orders(store, kettles("o1", 1, at=10))
    assert [stock for _, stock, _ in stock_of(store)] == [3, 2]


def test_an_order_that_was_loaded_takes_nothing_when_it_is_posted_on(store: Store) -> None:
    post_orders(store, kettles("o1", 2, at=10))
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE orders SET version = NULL, is_live = NULL")
    post_products(store, KETTLE)
    post_orders(store, kettles("o1", 2, at=10, status="shipped", status_at=hour(20)))
    assert stock_of(store) == [("", 5, "in_stock")]


def test_counts_and_orders_of_many_products_are_told_apart(store: Store) -> None:
    names = [f"p{number}" for number in range(30)]
    post_products(store, *({"product_id": one, "stock": 5, "at": hour(1)} for one in names))
    lines = [{"product_id": one, "quantity": n % 7} for n, one in enumerate(names)]
    post_orders(store, order("o1", *lines))
    left = {one: stock_of(store, one)[-1][1] for one in names}
    assert left == {one: max(5 - n % 7, 0) for n, one in enumerate(names)}


def test_a_count_that_agrees_with_what_orders_left_is_news(store: Store) -> None:
    post_products(store, KETTLE)
    post_orders(store, kettles("o1", 2, at=10))
    assert post(store, schema.PRODUCTS, [{"product_id": "kettle", "stock": 3}], AT).accepted == 1
    post_orders(store, kettles("o1", 2, at=10, status="cancelled", status_at=hour(20)))
    assert [stock for _, stock, _ in stock_of(store)] == [5, 3]
