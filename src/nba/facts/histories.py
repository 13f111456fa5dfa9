"""What came before: the status rows of orders, and the versions that gave way to newer ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants
from nba.facts.cells import nevers
from nba.ranges import changes, is_all, ranges
from nba.statuses import DELIVERED


class Columns:
    """Columns that are equal when their cells are."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Compare cell by cell; a missing instant equals another."""
        if type(other) is not type(self):
            return NotImplemented
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))  # type: ignore[arg-type]
        return all(
            np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "M")
            if isinstance(mine, np.ndarray)
            else mine == theirs
            for mine, theirs in pairs
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class Statuses(Columns):
    """Status rows beside the one that each order carries itself.

    Attributes:
        order: int32 per row, a code of the order ids.
        at: datetime64[us] per row; rows are distinct and sorted by order, instant and flow.
        status: int8 per row, a code of `statuses.STATUSES`.
    """

    order: NDArray[np.int32]
    at: Instants
    status: NDArray[np.int8]

    @classmethod
    def none(cls) -> Self:
        """No rows at all."""
        return cls(np.empty(0, np.int32), np.empty(0, "datetime64[us]"), np.empty(0, np.int8))

    @classmethod
    def of(cls, order: NDArray[np.int32], at: Instants, status: NDArray[np.int8]) -> Self:
        """Sort rows given in any order and drop repetitions."""
        place = np.lexsort((status, at, order))
        order, at, status = order[place], at[place], status[place]
        new = changes(order) | changes(at) | changes(status)
        return cls(order, at, status) if is_all(new) else cls(order[new], at[new], status[new])

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.order)

    def before(self, as_of: np.datetime64) -> Self:
        """Keep the rows of earlier instants."""
        early = self.at < as_of
        return self if is_all(early) else self._take(early)

    def of_status(self, code: int) -> Self:
        """Keep the rows of one status."""
        return self._take(self.status == code)

    def of_orders(self, kept: NDArray[np.bool_]) -> Self:
        """Keep the rows of some orders, coded as those that remain."""
        mine = self._take(kept[self.order])
        return type(self)(_recoded(mine.order, kept), mine.at, mine.status)

    def part(self, first: int, last: int) -> Self:
        """See the rows of consecutive orders, coded from the first of them on."""
        if not len(self):
            return self
        begin, end = self.order.searchsorted(np.array([first, last], np.int32))
        order = self.order[begin:end] - np.int32(first)
        return type(self)(order, self.at[begin:end], self.status[begin:end])

    def first(self, order_count: int) -> Instants:
        """Give the instant of the first row of each order; NaT where it has none."""
        instants = nevers(order_count)
        if len(self):
            leading = changes(self.order)
            instants[self.order[leading]] = self.at[leading]
        return instants

    def last(self) -> Self:
        """Keep the last row of each order: at equal instants the later in the flow."""
        trailing = np.ones(len(self), np.bool_)
        trailing[:-1] = self.order[1:] != self.order[:-1]
        return self._take(trailing)

    def _take(self, kept: NDArray[np.bool_]) -> Self:
        return type(self)(self.order[kept], self.at[kept], self.status[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Versions(Columns):
    """Versions of orders that gave way, from the one known first to the one known last.

    Attributes:
        customer_ids, product_ids: those of these versions, which the shop may name nowhere else.
        order: int32 per version, a code of the order ids; ascending.
        customer: int32 per version, a code of `customer_ids`, or their number for a guest.
        ordered_at, status_at, delivered_at: datetime64[us] per version; the last two may be NaT.
        status: int8 per version; of versions known from one instant, the later in the flow, then
            the one with the greater id, comes later.
        discount, is_test: int64 in minor units and bool per version.
        line_start: int64 per version + 1: its lines, none where it came without.
        line_product: int32 per line, a code of `product_ids`.
        quantity, returned_quantity, unit_price, line_discount: int64 per line; minor units.
    """

    customer_ids: Ids
    product_ids: Ids
    order: NDArray[np.int32]
    customer: NDArray[np.int32]
    ordered_at: Instants
    status: NDArray[np.int8]
    status_at: Instants
    delivered_at: Instants
    discount: NDArray[np.int64]
    is_test: NDArray[np.bool_]
    line_start: NDArray[np.int64]
    line_product: NDArray[np.int32]
    quantity: NDArray[np.int64]
    returned_quantity: NDArray[np.int64]
    unit_price: NDArray[np.int64]
    line_discount: NDArray[np.int64]

    @classmethod
    def none(cls) -> Self:
        """No versions at all."""
        code, amount = np.empty(0, np.int32), np.empty(0, np.int64)
        at, status, truth = (
            np.empty(0, "datetime64[us]"),
            np.empty(0, np.int8),
            np.empty(0, np.bool_),
        )
        return cls(
            customer_ids=Ids.of(()),
            product_ids=Ids.of(()),
            order=code,
            customer=code,
            ordered_at=at,
            status=status,
            status_at=at,
            delivered_at=at,
            discount=amount,
            is_test=truth,
            line_start=np.zeros(1, np.int64),
            line_product=code,
            quantity=amount,
            returned_quantity=amount,
            unit_price=amount,
            line_discount=amount,
        )

    @classmethod
    def of_rows(
        cls,
        customer_ids: Ids,
        product_ids: Ids,
        begins: NDArray[np.bool_],
        is_line: NDArray[np.bool_],
        columns: dict[str, NDArray[Any]],
    ) -> Self:
        """Build from one row a line of a version, or one row for a version without lines.

        Args:
            customer_ids: every customer of the rows.
            product_ids: every product of the rows.
            begins: bool per row, which are sorted by order, version id and line number: the
                first row of its version.
            is_line: bool per row: it holds a line.
            columns: the other attributes by name, one value a row.
        """
        first = np.flatnonzero(begins)
        line = np.flatnonzero(is_line)
        owner = np.cumsum(begins)[line] - 1
        cells = {name: columns[name][first] for name in _CELLS}
        lines = {name: columns[name][line] for name in LINE_COLUMNS}
        start = np.searchsorted(owner, np.arange(len(first) + 1))
        versions = cls(customer_ids, product_ids, **cells, line_start=start, **lines)
        known_from = versions.known_from()
        return versions.take(np.lexsort((versions.status, known_from, versions.order)))

    @classmethod
    def joined(cls, several: Sequence[Versions]) -> Versions:
        """Put together versions of ever later orders, and the ids that they name."""
        if len(several) < 2:
            return several[0] if several else cls.none()
        customer_ids = Ids.of(one for told in several for one in told.customer_ids)
        product_ids = Ids.of(one for told in several for one in told.product_ids)
        columns: dict[str, list[NDArray[Any]]] = {name: [] for name in (*_CELLS, *LINE_COLUMNS)}
        for told in several:
            own = np.append(customer_ids.codes_of(told.customer_ids), len(customer_ids))
            coded = {
                "customer": own[told.customer].astype(np.int32),
                "line_product": product_ids.codes_of(told.product_ids)[told.line_product],
            }
            for name, column in columns.items():
                column.append(coded.get(name, getattr(told, name)))
        line_count = np.concatenate([np.diff(told.line_start) for told in several])
        return cls(
            customer_ids,
            product_ids,
            line_start=np.append(0, np.cumsum(line_count)).astype(np.int64),
            **{name: np.concatenate(column) for name, column in columns.items()},
        )

    def __len__(self) -> int:
        """Count the versions."""
        return len(self.order)

    def known_from(self) -> Instants:
        """Give the instant from which each version was known, which is that of its status."""
        return status_instant(self.status_at, self.delivered_at, self.ordered_at)

    def statuses(self) -> Statuses:
        """Give the status of each version as a row."""
        return Statuses.of(self.order, self.known_from(), self.status)

    def arrivals(self) -> Statuses:
        """Give the statuses `delivered` that state an instant: that of ordering is no arrival."""
        arrived_at = status_instant(self.status_at, self.delivered_at, self.delivered_at)
        told = (self.status == DELIVERED) & ~np.isnat(arrived_at)
        return Statuses.of(self.order[told], arrived_at[told], self.status[told])

    def take(self, places: NDArray[np.integer]) -> Self:
        """Keep some versions, in the given order, and the ids that they name."""
        line = ranges(self.line_start[places], self.line_start[places + 1])
        cells = {name: getattr(self, name)[places] for name in _CELLS}
        lines = {name: getattr(self, name)[line] for name in LINE_COLUMNS}
        identified = cells["customer"] < len(self.customer_ids)
        customers = np.unique(cells["customer"][identified])
        products = np.unique(lines["line_product"])
        customer = np.where(
            identified, np.searchsorted(customers, cells["customer"]), len(customers)
        )
        cells["customer"] = customer.astype(np.int32)
        lines["line_product"] = np.searchsorted(products, lines["line_product"]).astype(np.int32)
        line_count = self.line_start[places + 1] - self.line_start[places]
        return type(self)(
            self.customer_ids.take(customers),
            self.product_ids.take(products),
            **cells,
            line_start=np.append(0, np.cumsum(line_count)).astype(np.int64),
            **lines,
        )

    def part(self, first: int, last: int) -> Self:
        """Keep the versions of consecutive orders, coded from the first of them on."""
        if not len(self):
            return self
        begin, end = self.order.searchsorted(np.array([first, last], np.int32))
        mine = self.take(np.arange(begin, end))
        return replace(mine, order=mine.order - np.int32(first))

    def of_orders(self, kept: NDArray[np.bool_]) -> Self:
        """Keep the versions of some orders, coded as those that remain."""
        if not len(self):
            return self
        mine = self.take(np.flatnonzero(kept[self.order]))
        columns = {one.name: getattr(mine, one.name) for one in fields(mine)}
        return type(self)(**columns | {"order": _recoded(mine.order, kept)})


ORDER_COLUMNS = ("ordered_at", "status", "status_at", "delivered_at", "discount", "is_test")
"""What versions and rows say of an order under the same names, besides its customer."""
LINE_COLUMNS = ("line_product", "quantity", "returned_quantity", "unit_price", "line_discount")
"""What both say of a line."""
_CELLS = ("order", "customer", *ORDER_COLUMNS)


def status_instant(status_at: Instants, delivered_at: Instants, ordered_at: Instants) -> Instants:
    """Say when statuses were set: status_at, else delivered_at, else ordered_at."""
    for other in (delivered_at, ordered_at):
        missing = np.isnat(status_at)
        if not np.count_nonzero(missing):
            break
        status_at = np.where(missing, other, status_at)
    return status_at


def _recoded(order: NDArray[np.int32], kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Code orders by their place among those kept."""
    return (np.cumsum(kept) - 1)[order].astype(np.int32)
