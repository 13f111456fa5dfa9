"""A shop of sixty orders over four months of 2026, small enough to be counted by hand.

Every order is one of five baskets; money is in minor units, a margin of 0.3 is assumed for tea,
of which nobody said the cost.

basket  lines            revenue  profit
A       1 kettle            4000    1500
B       2 filter            2000    1200
C       4 tea               2000     600
D       1 kettle 1 filter   5000    2100
E       2 cup               1600    1000

Seven orders are no kept purchases: four cancelled, two that came back whole, one test. Order o02
has a discount of 500, the line of o20 one of 200, and one of the two filters of o29 came back.
Orders are placed at noon but for o30, two hours after o18 of the same customer and day; each has
its last status a day later. A customer `None` is a guest.

month     orders  kept  revenue  profit  new customers
January       15    14    43100   18200  c01 to c12
February      15    13    33000   14540  c13 to c16
March         15    13    31600   14500  c17 to c19
April         15    13    28200   13700  c20
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.domain import DAY
from nba.facts.rows import Rows
from tests.shops import catalog

AS_OF: Final = np.datetime64("2026-05-01T00:00:00", "us")
MARGIN: Final = 0.3

PRICES: Final = {"kettle": 4000, "filter": 1000, "tea": 500, "cup": 800}
COSTS: Final = {"kettle": 2500, "filter": 400, "cup": 300}
BASKETS: Final = {
    "A": (("kettle", 1),),
    "B": (("filter", 2),),
    "C": (("tea", 4),),
    "D": (("kettle", 1), ("filter", 1)),
    "E": (("cup", 2),),
}

# Order, customer, when it was placed, basket, last status.
PLACED: Final[Sequence[tuple[str, str | None, str, str, str]]] = (
    ("o01", "c01", "2026-01-01T12", "A", "delivered"),
    ("o02", "c02", "2026-01-03T12", "D", "delivered"),
    ("o03", "c03", "2026-01-05T12", "A", "delivered"),
    ("o04", "c04", "2026-01-07T12", "B", "delivered"),
    ("o05", "c05", "2026-01-09T12", "C", "delivered"),
    ("o06", "c06", "2026-01-11T12", "A", "delivered"),
    ("o07", "c07", "2026-01-13T12", "B", "delivered"),
    ("o08", "c08", "2026-01-15T12", "C", "delivered"),
    ("o09", "c09", "2026-01-17T12", "D", "delivered"),
    ("o10", "c10", "2026-01-19T12", "A", "delivered"),
    ("o11", "c11", "2026-01-21T12", "E", "delivered"),
    ("o12", "c12", "2026-01-23T12", "B", "delivered"),
    ("o13", None, "2026-01-25T12", "A", "delivered"),
    ("o14", "c01", "2026-01-27T12", "B", "delivered"),
    ("o15", "c13", "2026-01-29T12", "A", "cancelled"),
    ("o16", "c01", "2026-02-01T12", "B", "delivered"),
    ("o17", "c02", "2026-02-03T12", "B", "delivered"),
    ("o18", "c03", "2026-02-05T12", "B", "delivered"),
    ("o19", "c04", "2026-02-07T12", "C", "delivered"),
    ("o20", "c05", "2026-02-09T12", "C", "delivered"),
    ("o21", "c13", "2026-02-11T12", "A", "delivered"),
    ("o22", "c14", "2026-02-13T12", "A", "delivered"),
    ("o23", "c15", "2026-02-15T12", "D", "delivered"),
    ("o24", "c16", "2026-02-17T12", "E", "delivered"),
    ("o25", None, "2026-02-19T12", "A", "delivered"),
    ("o26", "c02", "2026-02-21T12", "C", "delivered"),
    ("o27", "c06", "2026-02-23T12", "A", "returned"),
    ("o28", "c07", "2026-02-25T12", "A", "delivered"),
    ("o29", "c08", "2026-02-27T12", "B", "delivered"),
    ("o30", "c03", "2026-02-05T14", "E", "delivered"),
    ("o31", "c01", "2026-03-01T12", "B", "delivered"),
    ("o32", "c02", "2026-03-03T12", "B", "delivered"),
    ("o33", "c03", "2026-03-05T12", "C", "delivered"),
    ("o34", "c09", "2026-03-07T12", "B", "delivered"),
    ("o35", "c10", "2026-03-09T12", "B", "delivered"),
    ("o36", "c17", "2026-03-11T12", "A", "delivered"),
    ("o37", "c18", "2026-03-13T12", "A", "delivered"),
    ("o38", "c19", "2026-03-15T12", "E", "delivered"),
    ("o39", None, "2026-03-17T12", "C", "delivered"),
    ("o40", "c13", "2026-03-19T12", "B", "delivered"),
    ("o41", "c14", "2026-03-21T12", "C", "delivered"),
    ("o42", "c04", "2026-03-23T12", "A", "cancelled"),
    ("o43", "c05", "2026-03-25T12", "B", "delivered"),
    ("o44", "c01", "2026-03-27T12", "A", "delivered"),
    ("o45", "c20", "2026-03-29T12", "B", "cancelled"),
    ("o46", "c01", "2026-04-01T12", "B", "delivered"),
    ("o47", "c02", "2026-04-03T12", "C", "delivered"),
    ("o48", "c11", "2026-04-05T12", "C", "delivered"),
    ("o49", "c17", "2026-04-07T12", "B", "delivered"),
    ("o50", "c18", "2026-04-09T12", "B", "delivered"),
    ("o51", "c20", "2026-04-11T12", "D", "delivered"),
    ("o52", "c15", "2026-04-13T12", "C", "delivered"),
    ("o53", None, "2026-04-15T12", "E", "delivered"),
    ("o54", "c03", "2026-04-17T12", "B", "delivered"),
    ("o55", "c06", "2026-04-19T12", "B", "delivered"),
    ("o56", "c07", "2026-04-21T12", "B", "cancelled"),
    ("o57", "c12", "2026-04-23T12", "E", "delivered"),
    ("o58", "c19", "2026-04-25T12", "C", "returned"),
    ("o59", "c16", "2026-04-27T12", "C", "delivered"),
    ("o60", "c10", "2026-04-29T12", "B", "delivered"),
)
TESTS: Final = frozenset({"o28"})
ORDER_DISCOUNTS: Final = {"o02": 500}
LINE_DISCOUNTS: Final = {"o20": 200}
RETURNED: Final = {"o29": 1, "o58": 4}
"""Pieces of the first line that came back; o27 came back whole by its status alone."""

ACQUISITION_COSTS: Final = {
    **{f"c{number:02}": 700 for number in range(1, 13)},
    **{f"c{number:02}": 1000 for number in range(13, 17)},
    **{f"c{number:02}": 2000 for number in range(17, 20)},
}
"""Minor units; nobody said what c20 cost."""

# Day, channel, visits, spend in minor units; nobody pays for direct visits.
TRAFFIC: Final[Sequence[tuple[str, str, int, int | None]]] = (
    ("2026-01-10", "direct", 500, None),
    ("2026-01-10", "paid", 900, 9000),
    ("2026-02-10", "direct", 500, None),
    ("2026-02-10", "paid", 800, 8000),
    ("2026-03-10", "direct", 400, None),
    ("2026-03-10", "paid", 600, 6000),
    ("2026-04-10", "direct", 400, None),
    ("2026-04-30", "paid", 900, 9000),
)


def order_rows() -> list[dict[str, Any]]:
    """Give the rows of the orders."""
    return [
        {
            "order_id": order,
            "customer_id": customer,
            "ordered_at": np.datetime64(at, "us"),
            "status": status,
            "status_at": np.datetime64(at, "us") + DAY,
            "discount": ORDER_DISCOUNTS.get(order, 0),
            "is_test": order in TESTS,
        }
        for order, customer, at, _, status in PLACED
    ]


def line_rows() -> list[dict[str, Any]]:
    """Give the rows of their lines."""
    return [
        {
            "order_id": order,
            "line_no": number,
            "product_id": product,
            "quantity": quantity,
            "unit_price": PRICES[product],
            "discount": LINE_DISCOUNTS.get(order, 0),
            "returned_quantity": RETURNED.get(order, 0) if number == 1 else 0,
        }
        for order, _, _, basket, _ in PLACED
        for number, (product, quantity) in enumerate(BASKETS[basket], 1)
    ]


def shop_history() -> OrderHistory:
    """Give the orders as known at the end of April."""
    return OrderHistory.from_rows(Rows.of(order_rows(), line_rows()), as_of=AS_OF)


def shop_catalog() -> Catalog:
    """Give the products with what a piece costs the shop, where it said so."""
    return catalog(
        *(
            {"product_id": product, "price": price}
            | ({"cost": COSTS[product]} if product in COSTS else {})
            for product, price in PRICES.items()
        )
    )
