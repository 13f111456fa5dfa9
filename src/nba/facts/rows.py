"""The rows of a shop as numpy columns: the only input of the fold and of a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Self

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
        lines = sorted(lines, key=lambda row: (row["order_id"], row["line_no"]))
        order = {name: [row.get(name) for row in orders] for name in _ORDER_CELLS}
        for name in ("ordered_at", "status_at", "delivered_at"):
            order[name] = [None if at is None else _microseconds(at) for at in order[name]]
        return cls.of_columns(
            order, {name: [row.get(name) for row in lines] for name in _LINE_CELLS}
        )

    @classmethod
    def of_columns(
        cls, order: Mapping[str, Sequence[Any]], line: Mapping[str, Sequence[Any]]
    ) -> Self:
        """Code columns of cells; column by column, as one customer waits for the answer.

        Args:
            order: the columns of `of`, sorted by order id; instants in microseconds or None.
            line: those of the same orders, sorted by order id and line number.
        """
        order_code = {order_id: code for code, order_id in enumerate(order["order_id"])}
        customer_ids = Ids.of(one for one in order["customer_id"] if one is not None)
        customer_code = {customer_id: code for code, customer_id in enumerate(customer_ids)}
        product_ids = Ids.of(line["product_id"])
        product_code = {product_id: code for code, product_id in enumerate(product_ids)}
        guest = count(len(customer_code))
        return cls(
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


_ORDER_CELLS: Final = (
    "order_id",
    "customer_id",
    "ordered_at",
    "status",
    "status_at",
    "delivered_at",
    "discount",
    "is_test",
)
_LINE_CELLS: Final = (
    "order_id",
    "product_id",
    "quantity",
    "returned_quantity",
    "unit_price",
    "discount",
)


def _microseconds(at: np.datetime64) -> int:
    return int(at.astype("datetime64[us]").astype(np.int64))


_NAT: Final = _microseconds(np.datetime64("NaT", "us"))


def _instants(microseconds: Sequence[int | None]) -> Instants:
    filled = [_NAT if one is None else one for one in microseconds]
    return np.array(filled, np.int64).view("datetime64[us]")


def _counts(numbers: Sequence[int | None]) -> NDArray[np.int64]:
    return np.array([one or 0 for one in numbers], np.int64)


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
    order_count = len(status)
    lines = np.bincount(rows.line_order, minlength=order_count)
    every_line = (lines > 0) & (np.bincount(rows.line_order, line_is_back, order_count) == lines)
    # Marked returned without any returned quantity, an order came back whole.
    whole = (status == RETURNED) & (np.bincount(rows.line_order, returned, order_count) == 0)
    return np.asarray((status == CANCELLED) | whole | every_line, np.bool_)
