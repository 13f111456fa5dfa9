"""The rows of a shop as numpy columns: the only input of the fold and of a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants
from nba.statuses import CANCELLED, DELIVERED, PLACED, RETURNED, STATUS_CODE


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Orders and their lines, coded by the sorted ids beside them.

    Attributes:
        customer_ids, product_ids, order_ids: order k of `order_ids` is row k of the order columns.
        customer: int32 per order; guests are their own customers, numbered from
            len(customer_ids) on in order of order id.
        ordered_at, status_at, delivered_at: datetime64[us]; the last two may be NaT.
        status: int8 per order, a code of `statuses.STATUSES`.
        discount: int64 per order, minor units.
        is_test: bool per order.
        line_order, line_product: int32 per line, sorted by (order, line number).
        quantity, returned_quantity: int64 per line.
        unit_price, line_discount: int64 per line, minor units.
    """

    customer_ids: Ids
    product_ids: Ids
    order_ids: Ids
    customer: NDArray[np.int32]
    ordered_at: Instants
    status: NDArray[np.int8]
    status_at: Instants
    delivered_at: Instants
    discount: NDArray[np.int64]
    is_test: NDArray[np.bool_]
    line_order: NDArray[np.int32]
    line_product: NDArray[np.int32]
    quantity: NDArray[np.int64]
    returned_quantity: NDArray[np.int64]
    unit_price: NDArray[np.int64]
    line_discount: NDArray[np.int64]

    @classmethod
    def of(cls, orders: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]) -> Self:
        """Build from few rows, such as one customer's, given as dictionaries of columns.

        Args:
            orders: order_id, customer_id, ordered_at, status and, optionally, status_at,
                delivered_at, discount, is_test; instants are datetime64 or None.
            lines: order_id, line_no, product_id, quantity and, optionally, unit_price, discount,
                returned_quantity.
        """
        orders = sorted(orders, key=lambda row: row["order_id"])
        order_ids = Ids.of(row["order_id"] for row in orders)
        codes = {order_id: code for code, order_id in enumerate(order_ids)}
        lines = sorted(lines, key=lambda row: (codes[row["order_id"]], row["line_no"]))
        customer_ids = Ids.of(
            row["customer_id"] for row in orders if row["customer_id"] is not None
        )
        known = {customer_id: code for code, customer_id in enumerate(customer_ids)}
        guests = iter(range(len(known), len(known) + len(orders)))
        product_ids = Ids.of(row["product_id"] for row in lines)
        products = {product_id: code for code, product_id in enumerate(product_ids)}

        def instants(name: str) -> Instants:
            return np.array([row.get(name) or "NaT" for row in orders], "datetime64[us]")

        def counts(rows: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.int64]:
            return np.array([row.get(name) or 0 for row in rows], np.int64)

        return cls(
            customer_ids,
            product_ids,
            order_ids,
            np.array(
                [
                    next(guests) if r["customer_id"] is None else known[r["customer_id"]]
                    for r in orders
                ],
                np.int32,
            ),
            instants("ordered_at"),
            np.array([STATUS_CODE[row["status"]] for row in orders], np.int8),
            instants("status_at"),
            instants("delivered_at"),
            counts(orders, "discount"),
            np.array([bool(row.get("is_test")) for row in orders], np.bool_),
            np.array([codes[row["order_id"]] for row in lines], np.int32),
            np.array([products[row["product_id"]] for row in lines], np.int32),
            counts(lines, "quantity"),
            counts(lines, "returned_quantity"),
            counts(lines, "unit_price"),
            counts(lines, "discount"),
        )

    @property
    def guest_count(self) -> int:
        """Orders without a customer id."""
        return int((self.customer >= len(self.customer_ids)).sum())

    def status_instant(self) -> Instants:
        """When the status of each order was set: status_at, else delivered_at, else ordered_at."""
        stated = np.where(np.isnat(self.status_at), self.delivered_at, self.status_at)
        return np.where(np.isnat(stated), self.ordered_at, stated)

    def arrival(self) -> Instants:
        """When each order was delivered: delivered_at, else the instant of its status `delivered`.

        Returns:
            datetime64[us] per order; NaT where neither is stated.
        """
        stated = np.where(self.status == DELIVERED, self.status_at, np.datetime64("NaT"))
        return np.where(np.isnat(self.delivered_at), stated, self.delivered_at)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What `rows` say as of an instant: facts at or after it have no effect.

    Attributes:
        order: bool per order: it had been placed.
        settled: bool per order: its status had been set.
        status: int8 per order: that status; before it was set, delivered if it had arrived, else
            the status every order begins with, since no earlier one is stored.
        status_at: datetime64[us] per order: since when that holds.
        delivered_at: datetime64[us] per order; NaT where it had not been delivered, or nobody
            said when.
        kept: bool per order: placed, no test, and as far as known neither cancelled nor returned
            whole.
        kept_line: bool per line: of a kept order, and not itself fully returned.
        revenue: int64 per line, minor units: price x (quantity - returned) - line discount.
    """

    order: NDArray[np.bool_]
    settled: NDArray[np.bool_]
    status: NDArray[np.int8]
    status_at: Instants
    delivered_at: Instants
    kept: NDArray[np.bool_]
    kept_line: NDArray[np.bool_]
    revenue: NDArray[np.int64]

    @classmethod
    def at(cls, rows: Rows, as_of: np.datetime64) -> Self:
        """Cut the rows at an instant, itself excluded."""
        order = rows.ordered_at < as_of
        set_at = rows.status_instant()
        settled = order & (set_at < as_of)
        arrival = rows.arrival()
        arrived = arrival < as_of
        status = np.where(settled, rows.status, np.where(arrived, DELIVERED, PLACED))
        status_at = np.where(settled, set_at, np.where(arrived, arrival, rows.ordered_at))
        returned = np.where(settled[rows.line_order], rows.returned_quantity, 0)
        line_is_back = (returned > 0) & (returned >= rows.quantity)
        kept = order & ~rows.is_test & ~_gone(rows, status, returned, line_is_back)
        return cls(
            order,
            settled,
            status.astype(np.int8),
            status_at.astype("datetime64[us]"),
            np.where(arrived, arrival, np.datetime64("NaT")).astype("datetime64[us]"),
            kept,
            kept[rows.line_order] & ~line_is_back,
            np.maximum(rows.unit_price * (rows.quantity - returned) - rows.line_discount, 0),
        )


def _gone(
    rows: Rows,
    status: NDArray[np.int64],
    returned: NDArray[np.int64],
    line_is_back: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Tell the orders of which nothing stayed with the customer."""
    count = len(status)
    lines = np.bincount(rows.line_order, minlength=count)
    every_line = (lines > 0) & (np.bincount(rows.line_order, line_is_back, count) == lines)
    # Marked returned without any returned quantity, an order came back whole.
    whole = (status == RETURNED) & (np.bincount(rows.line_order, returned, count) == 0)
    return np.asarray((status == CANCELLED) | whole | every_line, np.bool_)
