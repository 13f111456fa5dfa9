"""Pieces and money beside the baskets, counted by hand."""

import numpy as np

from nba.data.history import OrderHistory
from nba.facts.rows import Rows

JUNE = np.datetime64("2026-06-01T00:00", "us")


def history(lines: list[dict[str, object]], discount: int = 0, **order: object) -> OrderHistory:
    orders = [
        {
            "order_id": name,
            "customer_id": "ann",
            "ordered_at": JUNE + day * np.timedelta64(1, "D"),
            "status": "delivered",
            "discount": discount,
        }
        | order
        for day, name in enumerate(sorted({str(line["order_id"]) for line in lines}))
    ]
    numbered = [line | {"line_no": number} for number, line in enumerate(lines)]
    return OrderHistory.from_rows(Rows.of(orders, numbered))


def line(order: str, product: str, quantity: int, price: int, **more: int) -> dict[str, object]:
    return {
        "order_id": order,
        "product_id": product,
        "quantity": quantity,
        "unit_price": price,
    } | more


def test_lines_of_one_product_in_one_order_are_one_purchase() -> None:
    found = history([line("1", "tea", 2, 300), line("1", "cup", 1, 900), line("1", "tea", 1, 250)])
    assert found.purchases().quantity.tolist() == [1, 3]
    assert found.purchases().revenue.tolist() == [900, 850]
    assert len(found.baskets().product) == 2


def test_pieces_that_came_back_are_neither_counted_nor_paid() -> None:
    found = history([line("1", "tea", 5, 100, returned_quantity=2), line("1", "cup", 1, 900)])
    assert found.purchases().quantity.tolist() == [1, 3]
    assert found.purchases().revenue.tolist() == [900, 300]


def test_the_discount_of_an_order_comes_off_its_lines_to_the_last_unit() -> None:
    found = history([line("1", product, 1, 100) for product in ("a", "b", "c")], discount=100)
    assert found.purchases().revenue.sum() == 200
    assert found.purchases().revenue.tolist() == [67, 66, 67]


def test_a_discount_beyond_the_order_leaves_nothing_rather_than_a_debt() -> None:
    found = history([line("1", "a", 1, 100), line("2", "b", 1, 900)], discount=500)
    assert found.purchases().revenue.tolist() == [0, 400]


def test_cells_stand_in_the_order_of_the_baskets() -> None:
    found = history(
        [line("2", "b", 4, 1), line("2", "a", 3, 1), line("1", "b", 2, 1), line("1", "a", 1, 1)]
    )
    assert found.baskets().product.tolist() == [0, 1, 0, 1]
    assert found.purchases().quantity.tolist() == [1, 2, 3, 4]


def test_a_shop_without_orders_has_no_purchases() -> None:
    assert len(OrderHistory.from_rows(Rows.of([], [])).purchases().quantity) == 0
