"""Cells of the store as the numpy columns of `Rows`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants
from nba.facts.rows import Rows
from nba.state.tables import ORDER_LINES, ORDERS
from nba.statuses import STATUS_CODE

Cells = Sequence[Sequence[Any]]


def to_rows(orders: Cells, order_lines: Cells) -> Rows:
    """Build the rows of some orders; column by column, as one customer waits for the answer.

    Args:
        orders: in the column order of `tables.ORDERS`, sorted by id.
        order_lines: those of the same orders, likewise, sorted by order id and line number.
    """
    order = _by_name(ORDERS.columns.keys(), orders)
    line = _by_name(ORDER_LINES.columns.keys(), order_lines)
    order_code = {order_id: code for code, order_id in enumerate(order["order_id"])}
    customer_ids = Ids.of(one for one in order["customer_id"] if one is not None)
    customer_code = {customer_id: code for code, customer_id in enumerate(customer_ids)}
    product_ids = Ids.of(line["product_id"])
    product_code = {product_id: code for code, product_id in enumerate(product_ids)}
    guest = count(len(customer_code))
    return Rows(
        customer_ids,
        product_ids,
        Ids.of(order["order_id"]),
        np.array(
            [next(guest) if c is None else customer_code[c] for c in order["customer_id"]],
            np.int32,
        ),
        _instants(order["ordered_at"]),
        np.array([STATUS_CODE[name] for name in order["status"]], np.int8),
        _instants(order["status_at"]),
        _instants(order["delivered_at"]),
        _counts(order["discount"]),
        np.array([bool(one) for one in order["is_test"]], np.bool_),
        np.array([order_code[one] for one in line["order_id"]], np.int32),
        np.array([product_code[one] for one in line["product_id"]], np.int32),
        _counts(line["quantity"]),
        _counts(line["returned_quantity"]),
        _counts(line["unit_price"]),
        _counts(line["discount"]),
    )


def _by_name(names: Sequence[str], cells: Cells) -> dict[str, Sequence[Any]]:
    columns = zip(*cells, strict=True) if cells else ((),) * len(names)
    return dict(zip(names, columns, strict=True))


def _instants(microseconds: Sequence[int | None]) -> Instants:
    return np.array([one if one is not None else _NAT for one in microseconds], np.int64).view(
        "datetime64[us]"
    )


def _counts(numbers: Sequence[int | None]) -> NDArray[np.int64]:
    return np.array([one or 0 for one in numbers], np.int64)


_NAT = int(np.datetime64("NaT", "us").astype(np.int64))
