"""The orders of a play as growing columns, and what of them was known at an instant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.growing import GrowingTable, Names
from nba.domain import Instants
from nba.facts.histories import Statuses
from nba.facts.rows import Rows
from nba.statuses import PLACED

_AT: Final = "datetime64[us]"


class OrderColumns:
    """Orders in the order in which they were written; their place there is their number."""

    def __init__(self) -> None:
        """Begin without orders."""
        self._ids, self._customers, self._products = Names(), Names(), Names()
        self._orders = GrowingTable.empty(
            {"customer": np.int32, "ordered_at": _AT, "discount": np.int64, "is_test": np.bool_}
        )
        self._lines = GrowingTable.empty(
            {"order": np.int32, "line_no": np.int64, "product": np.int32}
            | dict.fromkeys(("quantity", "returned", "unit_price", "discount"), np.int64)
        )
        self._statuses = GrowingTable.empty({"order": np.int32, "at": _AT, "status": np.int8})
        self._arrivals = GrowingTable.empty({"order": np.int32, "at": _AT})

    def place(self, row: dict[str, Any]) -> None:
        """Write a row of `orders`; its status and its arrival are told besides."""
        self._ids.add(row["order_id"])
        customer = self._customers.add(row["customer_id"])
        discount, is_test = row.get("discount") or 0, bool(row.get("is_test"))
        self._orders.append(customer, row["ordered_at"], discount, is_test)

    def hold(self, row: dict[str, Any]) -> None:
        """Write a row of `order_lines`."""
        self._lines.append(
            self._ids.add(row["order_id"]),
            row["line_no"],
            self._products.add(row["product_id"]),
            row["quantity"],
            row.get("returned_quantity") or 0,
            row.get("unit_price") or 0,
            row.get("discount") or 0,
        )

    def tell(self, order_id: str, status: int, at: np.datetime64) -> None:
        """Write a status, a code of `statuses.STATUSES`, from `at` on."""
        self._statuses.append(self._ids.add(order_id), at, status)

    def arrive(self, order_id: str, at: np.datetime64) -> None:
        """Write a delivery; of several the first counts."""
        self._arrivals.append(self._ids.add(order_id), at)

    def known(self, as_of: np.datetime64, customers: Iterable[str] | None) -> Rows:
        """Give the orders placed before an instant, in the status they had.

        Args:
            as_of: the instant, itself excluded.
            customers: whose; by default everybody's.
        """
        orders, lines = self._orders, self._lines
        is_known = orders["ordered_at"] < as_of
        if customers is not None:
            found = (self._customers.find(one) for one in customers)
            asked = np.zeros(len(self._customers), np.bool_)
            asked[[one for one in found if one is not None]] = True
            is_known &= asked[orders["customer"]]
        number = np.flatnonzero(is_known).astype(np.int32)
        order_ids, place = self._ids.coding(number)
        number = number[np.argsort(place[number])]
        line = np.flatnonzero(place[lines["order"]] >= 0)
        line = line[np.lexsort((lines["line_no"][line], place[lines["order"][line]]))]
        customer_ids, customer = self._customers.coding(orders["customer"][number])
        product_ids, product = self._products.coding(lines["product"][line])
        statuses = self._known_statuses(place, as_of)
        status = np.full(len(number), PLACED, np.int8)
        status_at = orders["ordered_at"][number]
        last = statuses.last()
        status[last.order], status_at[last.order] = last.status, last.at
        return Rows(
            customer_ids,
            product_ids,
            order_ids,
            customer[orders["customer"][number]],
            orders["ordered_at"][number],
            status,
            status_at,
            self._known_arrivals(place, len(number), as_of),
            orders["discount"][number],
            orders["is_test"][number],
            place[lines["order"][line]],
            product[lines["product"][line]],
            lines["quantity"][line],
            lines["returned"][line],
            lines["unit_price"][line],
            lines["discount"][line],
            statuses,
        )

    def _known_statuses(self, place: NDArray[np.int32], as_of: np.datetime64) -> Statuses:
        order, at = self._statuses["order"], self._statuses["at"]
        kept = (place[order] >= 0) & (at < as_of)
        return Statuses.of(place[order[kept]], at[kept], self._statuses["status"][kept])

    def _known_arrivals(
        self, place: NDArray[np.int32], count: int, as_of: np.datetime64
    ) -> Instants:
        order, at = self._arrivals["order"], self._arrivals["at"]
        kept = (place[order] >= 0) & (at < as_of)
        order, at = place[order[kept]], at[kept]
        arrived = np.full(count, np.datetime64("NaT", "us"))
        # The first of each order is written last.
        latest_first = np.argsort(at)[::-1]
        arrived[order[latest_first]] = at[latest_first]
        return arrived
