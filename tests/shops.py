"""Small shops for tests: orders written as tuples, catalogues as names or dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.data.product_states import ProductStates
from nba.domain import DAY, Ids, Texts
from nba.facts.rows import Rows
from nba.vocabulary import AVAILABILITIES

Order = tuple[str, str | None, float, Sequence[str]]
"""(order id, customer id or None for a guest, day, product ids)."""

DAY_ZERO = np.datetime64("2026-01-01T12:00:00", "us")

SIX_ORDERS: Sequence[Order] = (
    ("o1", "ann", 0, ["kettle", "filter"]),
    ("o2", "ann", 10, ["filter", "kettle", "tea"]),
    ("o3", "bob", 11, ["kettle", "tea"]),
    ("o4", None, 12, ["kettle", "filter"]),
    ("o5", "cat", 20, ["tea"]),
    ("o6", "bob", 30, ["cup", "kettle", "tea", "filter"]),
)


def day(number: float) -> np.datetime64:
    """Give noon of a day, counted from the first of January 2026."""
    return DAY_ZERO + np.timedelta64(round(number * (DAY // np.timedelta64(1, "us"))), "us")


def rows(orders: Iterable[Order], *, price: int = 100, **order_columns: Any) -> Rows:
    """Build rows: delivered orders, one piece a line; `order_columns` holds for every order."""
    orders = list(orders)
    return Rows.of(
        [
            {"order_id": o, "customer_id": c, "ordered_at": day(d), "status": "delivered"}
            | order_columns
            for o, c, d, _ in orders
        ],
        [
            {"order_id": o, "line_no": n, "product_id": p, "quantity": 1, "unit_price": price}
            for o, _, _, products in orders
            for n, p in enumerate(products, 1)
        ],
    )


def history(
    orders: Iterable[Order], *, as_of: float | None = None, **order_columns: Any
) -> OrderHistory:
    """Build a history, known up to the day `as_of`, by default just after the last order."""
    return OrderHistory.from_rows(
        rows(orders, **order_columns), as_of=None if as_of is None else day(as_of)
    )


def catalog(*products: str | Mapping[str, Any]) -> Catalog:
    """Build a catalogue from ids, or dictionaries of the columns of `products`."""
    given = [{"product_id": one} if isinstance(one, str) else dict(one) for one in products]
    given.sort(key=lambda row: row["product_id"])
    columns: dict[str, Any] = {"product_ids": Ids.of(row["product_id"] for row in given)}
    for row in given:
        row.setdefault("title", row["product_id"].title())
        row |= {"priced": "price" in row, "on_sale": "sale_price" in row, "stocked": "stock" in row}
        row |= {"costed": "cost" in row}
        row["availability"] = AVAILABILITIES.index(row.get("availability", "in_stock"))
        row["is_consumable"] = {True: 1, False: 0, None: 2}[row.get("is_consumable")]
    exact = {"availability": np.int8, "is_consumable": np.int8, "replacement_cycle_days": np.int32}
    for field in fields(Catalog):
        if field.type == "Texts":
            columns[field.name] = Texts.of(row.get(field.name, "") for row in given)
        elif field.type == "Instants":
            columns[field.name] = np.array([row.get(field.name) for row in given], "datetime64[us]")
        elif field.name == "states":
            columns[field.name] = ProductStates.none()
        elif field.name != "product_ids":
            kind = np.bool_ if "bool" in str(field.type) else np.int64
            columns[field.name] = np.array(
                [row.get(field.name, 0) for row in given], exact.get(field.name, kind)
            )
    return Catalog(**columns)


def checkerboard(size: int) -> list[Order]:
    """Customers buy products of their own colour (i % 2 == j % 2), except the one of their number.

    Each purchase of a customer is in one order a day, all together; ids are `c00` and `p00`.
    """
    return [
        (
            f"o{customer:02}",
            f"c{customer:02}",
            0,
            [f"p{j:02}" for j in range(customer % 2, size, 2) if j != customer],
        )
        for customer in range(size)
    ]


def random_orders(
    seed: int, *, customers: int = 40, products: int = 30, orders: int = 200, guests: float = 0.1
) -> list[Order]:
    """Draw orders of one to six products, some greater sellers than others, over 100 days."""
    random = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, products + 1)
    return [
        (
            f"o{number:05}",
            None if random.random() < guests else f"c{random.integers(customers):04}",
            float(random.integers(100)),
            [
                f"p{one:04}"
                for one in random.choice(
                    products,
                    size=min(int(random.integers(1, 7)), products),
                    replace=False,
                    p=popularity / popularity.sum(),
                )
            ],
        )
        for number in range(orders)
    ]


def shuffled(orders: Iterable[Order], seed: int = 1) -> list[Order]:
    """Give the same orders in another order, their lines too."""
    random = np.random.default_rng(seed)
    mixed = [(o, c, d, list(random.permutation(list(ps)))) for o, c, d, ps in orders]
    return [mixed[place] for place in random.permutation(len(mixed))]
