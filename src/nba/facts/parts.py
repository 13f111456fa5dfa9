"""Rows some orders at a time, so that what is made of many never stands beside all of them.

What is known of an order depends on its own rows alone: any rule may be asked part by part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.facts.histories import LINE_COLUMNS, ORDER_COLUMNS, Statuses, Versions
from nba.facts.rows import Rows
from nba.facts.spools import Column, let_go

_DTYPES: Final[dict[str, str]] = {
    "customer": "int32",
    "status": "int8",
    "is_test": "bool",
    "line_order": "int32",
    "line_product": "int32",
    **dict.fromkeys(("ordered_at", "status_at", "delivered_at"), "datetime64[us]"),
    **dict.fromkeys(("discount", "line_discount", "unit_price"), "int64"),
    **dict.fromkeys(("quantity", "returned_quantity"), "int64"),
}
_STATUS_DTYPES: Final = {"order": "int32", "at": "datetime64[us]", "status": "int8"}


PART_LINES: Final = 1 << 21
"""Lines that are worked on at a time: some 200 MB."""


@dataclass(frozen=True, slots=True)
class Portions:
    """How many order lines are worked on, and held, at a time.

    Attributes:
        part_lines: lines that a rule is asked of at once, or one order if that has more.
        held_lines: lines beyond which the rows of a shop are kept in temporary files.
    """

    part_lines: int = PART_LINES
    held_lines: int = 1 << 22


def parts(rows: Rows, portions: Portions) -> Iterator[Rows]:
    """Give runs of consecutive orders, all with the codes of customers and products of `rows`.

    The guests of each are numbered anew; rows that are one part come as they are.
    """
    line_order, most = rows.line_order, portions.part_lines
    if len(line_order) <= most:
        yield rows
        return
    middle = np.unique(line_order[most::most])
    bounds = [0, *middle[middle > 0].tolist(), len(rows.customer)]
    for first, last in pairwise(bounds):
        yield rows.part(first, last)
        for array in _arrays(rows):
            let_go(array)


def _arrays(rows: Rows) -> Iterator[NDArray[Any]]:
    for told in (rows, rows.statuses):
        for field in fields(told):
            value = getattr(told, field.name)
            if isinstance(value, np.ndarray):
                yield value
    yield from (rows.order_ids.data, rows.order_ids.offsets)


class Collected:
    """Rows that come in runs of orders, put together as one."""

    def __init__(self, customer_ids: Ids, product_ids: Ids, *, in_files: bool) -> None:
        """Begin with no order.

        Args:
            customer_ids: those of every run.
            product_ids: likewise.
            in_files: keep all else in temporary files.
        """
        self._customer_ids, self._product_ids, self._in_files = customer_ids, product_ids, in_files
        self._columns = {name: self._column(kind) for name, kind in _DTYPES.items()}
        self._statuses = {name: self._column(kind) for name, kind in _STATUS_DTYPES.items()}
        self._ids = self._column("uint8"), self._column("int64")
        self._ids[1].add(np.zeros(1, np.int64))
        self._bytes = self._orders = self._guests = 0
        self._versions: list[Versions] = []
        self._bought = np.zeros(len(product_ids), np.bool_)
        self._buys = np.zeros(len(customer_ids), np.bool_)

    def add(self, rows: Rows) -> None:
        """Append orders, whose ids come after all those before.

        Raises:
            DataError: the folder of temporary files has no room.
        """
        is_guest = rows.customer >= len(self._customer_ids)
        self._buys[rows.customer[~is_guest]] = True
        self._bought[rows.line_product] = True
        for name in (*ORDER_COLUMNS, *LINE_COLUMNS):
            self._columns[name].add(getattr(rows, name))
        self._columns["customer"].add(rows.customer + is_guest * self._guests)
        self._columns["line_order"].add(rows.line_order + np.int32(self._orders))
        data, offsets = rows.order_ids.data, rows.order_ids.offsets
        self._ids[0].add(data)
        self._ids[1].add(offsets[1:] + self._bytes)
        self._statuses["order"].add(rows.statuses.order + np.int32(self._orders))
        self._statuses["at"].add(rows.statuses.at)
        self._statuses["status"].add(rows.statuses.status)
        if len(rows.versions):
            moved = rows.versions.order + np.int32(self._orders)
            self._versions.append(replace(rows.versions, order=moved))
        self._bytes += len(data)
        self._guests += int(np.count_nonzero(is_guest))
        self._orders += len(rows.customer)

    def rows(self, *, narrowed: bool = False) -> Rows:
        """Give all orders that were added; to be asked once.

        Args:
            narrowed: leave out the customers and the products that no order has.
        """
        customer_ids, product_ids = self._customer_ids, self._product_ids
        columns = {name: column.whole() for name, column in self._columns.items()}
        if narrowed:
            columns["customer"] = self._renumbered(columns["customer"], self._buys)
            columns["line_product"] = self._renumbered(columns["line_product"], self._bought)
            customer_ids = customer_ids.take(np.flatnonzero(self._buys))
            product_ids = product_ids.take(np.flatnonzero(self._bought))
        return Rows(
            customer_ids=customer_ids,
            product_ids=product_ids,
            order_ids=Ids(*(column.whole() for column in self._ids)),
            statuses=Statuses(**{name: one.whole() for name, one in self._statuses.items()}),
            versions=Versions.joined(self._versions),
            **columns,
        )

    def _column(self, dtype: str) -> Column:
        return Column(dtype, in_file=self._in_files)

    def _renumbered(self, code: NDArray[np.int32], used: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Name what is used by its place among that; codes beyond, of guests, follow as they do."""
        number = (np.cumsum(used) - 1).astype(np.int32)
        unused = np.int32(len(used) - np.count_nonzero(used))
        renumbered = self._column("int32")
        for first in range(0, len(code), PART_LINES):
            run = code[first : first + PART_LINES]
            beyond = run >= len(used)
            found = number[np.where(beyond, 0, run)] if len(used) else run
            renumbered.add(np.where(beyond, run - unused, found))
            let_go(code)
        return renumbered.whole()
