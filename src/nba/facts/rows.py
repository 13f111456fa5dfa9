"""The rows of a shop as numpy columns: the only input of the fold and of a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants
from nba.facts.cells import amounts, instants
from nba.facts.histories import LINE_COLUMNS, ORDER_COLUMNS, Statuses, Versions, status_instant
from nba.ranges import is_all
from nba.statuses import STATUS_CODE


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Orders and their lines, coded by the sorted ids beside them, and what came before.

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
        statuses: earlier and later status rows of these orders.
        versions: the versions of these orders that gave way to the one above.
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
    statuses: Statuses = field(default_factory=Statuses.none)
    versions: Versions = field(default_factory=Versions.none)

    @classmethod
    def of(
        cls,
        orders: Sequence[Mapping[str, Any]],
        lines: Sequence[Mapping[str, Any]],
        statuses: Sequence[Mapping[str, Any]] = (),
        versions: Sequence[Mapping[str, Any]] = (),
    ) -> Self:
        """Build from few rows, such as one customer's, given as dictionaries of columns.

        Args:
            orders: order_id, customer_id, ordered_at, status and, optionally, status_at,
                delivered_at, discount, is_test; instants are datetime64 or None.
            lines: order_id, line_no, product_id, quantity and, optionally, unit_price, discount,
                returned_quantity.
            statuses: order_id, status, at.
            versions: one row a line of a superseded version, or one for a version without lines:
                the cells of its order, `version`, and those of the line with its discount as
                `line_discount`; line_no is None where there is no line.
        """
        return cls.of_columns(
            _columns(orders, _ORDER_CELLS, ("order_id",)),
            _columns(lines, _LINE_CELLS, ("order_id", "line_no")),
            _columns(statuses, _STATUS_CELLS, ("order_id",)),
            _columns(versions, _VERSION_CELLS, ("order_id", "version", "line_no")),
        )

    @classmethod
    def of_columns(
        cls,
        order: Mapping[str, Sequence[Any]],
        line: Mapping[str, Sequence[Any]],
        status: Mapping[str, Sequence[Any]] | None = None,
        version: Mapping[str, Sequence[Any]] | None = None,
    ) -> Self:
        """Code columns of cells; column by column, as one customer waits for the answer.

        Args:
            order: the columns of `of`, sorted by order id; instants in microseconds or None.
            line: those of the same orders, sorted by order id and line number.
            status: those of status rows in any order; rows of other orders have no effect.
            version: those of superseded versions, sorted by order id, version and line number;
                versions of other orders have no effect.
        """
        order_ids, product_ids = Ids.of(order["order_id"]), Ids.of(line["product_id"])
        customer_ids = Ids.of(one for one in order["customer_id"] if one is not None)
        order_code, product_code = order_ids.codes(), product_ids.codes()
        customer_code, guest = customer_ids.codes(), count(len(customer_ids))
        return cls(
            customer_ids,
            product_ids,
            order_ids,
            np.array(
                [next(guest) if c is None else customer_code[c] for c in order["customer_id"]],
                np.int32,
            ),
            instants(order["ordered_at"]),
            np.array([STATUS_CODE[name] for name in order["status"]], np.int8),
            instants(order["status_at"]),
            instants(order["delivered_at"]),
            amounts(order["discount"]),
            np.array(order["is_test"], np.bool_),
            np.array([order_code[one] for one in line["order_id"]], np.int32),
            np.array([product_code[one] for one in line["product_id"]], np.int32),
            amounts(line["quantity"]),
            amounts(line["returned_quantity"]),
            amounts(line["unit_price"]),
            amounts(line["discount"]),
            Statuses.none() if status is None else _statuses(order_code, status),
            Versions.none() if version is None else _versions(order_code, version),
        )

    @property
    def guest_count(self) -> int:
        """Orders without a customer id."""
        return int((self.customer >= len(self.customer_ids)).sum())

    def status_instant(self) -> Instants:
        """When the status of each order was set: status_at, else delivered_at, else ordered_at."""
        return status_instant(self.status_at, self.delivered_at, self.ordered_at)

    def part(self, first: int, last: int) -> Self:
        """See consecutive orders, with all codes of customers and products; guests count anew."""
        count = np.int32(len(self.customer_ids))
        begin, end = self.line_order.searchsorted(np.array([first, last], np.int32))
        customer = self.customer[first:last]
        is_guest = customer >= count
        if np.count_nonzero(is_guest):
            customer = customer.copy()
            customer[is_guest] = count + np.arange(np.count_nonzero(is_guest), dtype=np.int32)
        columns = {name: getattr(self, name)[first:last] for name in ORDER_COLUMNS}
        columns |= {name: getattr(self, name)[begin:end] for name in LINE_COLUMNS}
        return type(self)(
            customer_ids=self.customer_ids,
            product_ids=self.product_ids,
            order_ids=self.order_ids.take(slice(first, last)),
            customer=customer,
            line_order=self.line_order[begin:end] - np.int32(first),
            statuses=self.statuses.part(first, last),
            versions=self.versions.part(first, last),
            **columns,
        )

    def only(self, order: NDArray[np.bool_]) -> Self:
        """Keep some orders and the histories that are theirs, with all codes; guests count anew."""
        line = order[self.line_order]
        customer = self.customer[order]
        is_guest = customer >= len(self.customer_ids)
        customer[is_guest] = len(self.customer_ids) + np.arange(np.count_nonzero(is_guest))
        columns = {name: getattr(self, name)[order] for name in ORDER_COLUMNS}
        columns |= {name: getattr(self, name)[line] for name in LINE_COLUMNS}
        return type(self)(
            customer_ids=self.customer_ids,
            product_ids=self.product_ids,
            order_ids=self.order_ids.take(np.flatnonzero(order)),
            customer=customer,
            line_order=(np.cumsum(order) - 1)[self.line_order[line]].astype(np.int32),
            statuses=self.statuses.of_orders(order),
            versions=self.versions.of_orders(order),
            **columns,
        )

    def select(self, order: NDArray[np.bool_]) -> Self:
        """Keep some orders, and the customers, products and histories that are theirs."""
        kept = self.only(order)
        is_guest = kept.customer >= len(kept.customer_ids)
        customers = np.unique(kept.customer[~is_guest])
        products = np.unique(kept.line_product)
        customer = np.searchsorted(customers, kept.customer)
        customer[is_guest] = len(customers) + np.arange(np.count_nonzero(is_guest))
        return replace(
            kept,
            customer_ids=self.customer_ids.take(customers),
            product_ids=self.product_ids.take(products),
            customer=customer.astype(np.int32),
            line_product=np.searchsorted(products, kept.line_product).astype(np.int32),
        )


_ORDER_CELLS: Final = ("order_id", "customer_id", *ORDER_COLUMNS)
_LINE_CELLS: Final = (
    "order_id",
    "product_id",
    "quantity",
    "returned_quantity",
    "unit_price",
    "discount",
)
_STATUS_CELLS: Final = ("order_id", "status", "at")
_VERSION_CELLS: Final = (
    *_ORDER_CELLS,
    "version",
    "line_no",
    "product_id",
    "quantity",
    "returned_quantity",
    "unit_price",
    "line_discount",
)
_INSTANTS: Final = frozenset(("ordered_at", "status_at", "delivered_at", "at"))


def _columns(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], key: Sequence[str]
) -> dict[str, Sequence[Any]]:
    """Sort rows by their key and give their columns, instants in microseconds."""
    # A version without lines has no line number, and one row only.
    rows = sorted(rows, key=lambda row: tuple(row[name] or 0 for name in key))
    columns: dict[str, Sequence[Any]] = {name: [row.get(name) for row in rows] for name in names}
    for name in _INSTANTS.intersection(names):
        columns[name] = [None if at is None else _microseconds(at) for at in columns[name]]
    return columns


def _statuses(order_code: Mapping[str, int], cells: Mapping[str, Sequence[Any]]) -> Statuses:
    if not cells["order_id"]:
        return Statuses.none()
    order = _codes(cells["order_id"], order_code)
    at = instants(cells["at"])
    status = np.array([STATUS_CODE[name] for name in cells["status"]], np.int8)
    held = order >= 0
    if is_all(held):
        return Statuses.of(order, at, status)
    return Statuses.of(order[held], at[held], status[held])


def _versions(order_code: Mapping[str, int], cells: Mapping[str, Sequence[Any]]) -> Versions:
    if not cells["order_id"]:
        return Versions.none()
    customer_ids = Ids.of(one for one in cells["customer_id"] if one is not None)
    product_ids = Ids.of(one for one in cells["product_id"] if one is not None)
    customer = _codes(cells["customer_id"], customer_ids.codes())
    product = _codes(cells["product_id"], product_ids.codes())
    order = _codes(cells["order_id"], order_code)
    held = order >= 0
    named = list(zip(cells["order_id"], cells["version"], strict=True))
    begins = np.array([row == 0 or named[row] != named[row - 1] for row in range(len(named))])
    columns: dict[str, NDArray[Any]] = {
        "order": order,
        "customer": np.where(customer < 0, len(customer_ids), customer).astype(np.int32),
        "status": np.array([STATUS_CODE[name] for name in cells["status"]], np.int8),
        "is_test": np.array([bool(one) for one in cells["is_test"]], np.bool_),
        "line_product": product,
        **{name: instants(cells[name]) for name in ("ordered_at", "status_at", "delivered_at")},
        **{
            name: amounts(cells[name])
            for name in ("discount", "quantity", "returned_quantity", "unit_price", "line_discount")
        },
    }
    is_line = np.array([one is not None for one in cells["line_no"]], np.bool_)
    return Versions.of_rows(
        customer_ids,
        product_ids,
        begins[held],
        is_line[held],
        {name: column[held] for name, column in columns.items()},
    )


def _codes(ids: Sequence[str | None], code: Mapping[str, int]) -> NDArray[np.int32]:
    """Code ids; -1 stands for one that nobody named."""
    return np.array([-1 if one is None else code.get(one, -1) for one in ids], np.int32)


def _microseconds(at: np.datetime64) -> int:
    return int(at.astype("datetime64[us]").astype(np.int64))
