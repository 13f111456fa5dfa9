"""What the shop knows of its customers while a play goes on, as rows of its own tables."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from nba.data.simulator.consents import Consents
from nba.data.simulator.ordering import OrderColumns
from nba.data.simulator.shelf import Product
from nba.data.simulator.telling import SignalColumns
from nba.facts.rows import Rows
from nba.facts.signals import Signals
from nba.statuses import CANCELLED, DELIVERED, PLACED, RETURNED, STATUS_CODE, STATUSES

IDLE_AFTER_DAYS: Final = 90
TABLES: Final[Mapping[str, str]] = {
    "orders": "ordered_at",
    "order_lines": "ordered_at",
    "order_statuses": "at",
    "consents": "at",
    "messages": "decided_at",
    "message_events": "at",
    "events": "at",
}
"""Tables that a play adds to, each with the instant at which a row becomes known."""
STANDING: Final = ("customers", "product_states")
"""Tables that stay as they are."""
_IDLE_AFTER: Final = IDLE_AFTER_DAYS * 86_400_000_000

Row = dict[str, Any]


@dataclass(slots=True, eq=False)
class _Order:
    """An order; instants are microseconds.

    Attributes:
        row: of the table.
        ordered_at: when it was placed.
        flow: its statuses, sorted: instant and code.
        arrived: when it was first delivered, if ever.
        lines: rows of `order_lines`.
    """

    row: Row
    ordered_at: int
    flow: list[tuple[int, int]] = field(default_factory=list)
    arrived: int | None = None
    lines: list[Row] = field(default_factory=list)

    def status(self, as_of: int) -> tuple[int, int]:
        """Give since when the status of an instant held, and its code."""
        place = bisect_left(self.flow, (as_of,))
        return self.flow[place - 1] if place else (self.ordered_at, PLACED)

    def delivery(self, as_of: int) -> int | None:
        """Give when it arrived, if it had."""
        return None if self.arrived is None or self.arrived >= as_of else self.arrived


class Journal:
    """Facts of a sample of customers: those of the history, then those the play produces.

    Nobody sees the future here: whoever asks says as of when, and facts at or after that instant
    do not exist yet. Consents are asked for at instants that only go on.
    """

    def __init__(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Begin with copies of rows of the history."""
        self._tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self._order: dict[str, _Order] = {}
        self._orders: dict[str, list[_Order]] = {}
        self._consents = Consents()
        self._columns = OrderColumns()
        self._signals = SignalColumns(tables)
        self._standing = {name: list(tables.get(name, ())) for name in STANDING}
        ordered_at = {row["order_id"]: row["ordered_at"] for row in tables.get("orders", ())}
        for name in TABLES:
            for row in tables.get(name, ()):
                copy = dict(row)
                if name == "order_lines":
                    copy["ordered_at"] = ordered_at[row["order_id"]]
                self._keep(name, copy)
        self._begun = {name: len(rows) for name, rows in self._tables.items()}

    def place(
        self,
        order_id: str,
        customer_id: str,
        at: np.datetime64,
        products: Sequence[Product],
        transit: np.timedelta64,
    ) -> None:
        """Write an order: processing at once, shipped half way, delivered after `transit`."""
        order = {"order_id": order_id, "customer_id": customer_id, "ordered_at": at}
        self.note("orders", order | {"status": "processing", "status_at": at, "discount": 0})
        for number, one in enumerate(products, 1):
            line = {"order_id": order_id, "line_no": number, "product_id": one.product_id}
            self.note(
                "order_lines", line | {"quantity": 1, "unit_price": one.price, "ordered_at": at}
            )
        self.proceed(order_id, "processing", at)
        self.proceed(order_id, "shipped", at + transit / 2)
        self.proceed(order_id, "delivered", at + transit)

    def proceed(self, order_id: str, status: str, at: np.datetime64) -> None:
        """Give an order a further status; `at` may lie in the future."""
        self.note("order_statuses", {"order_id": order_id, "status": status, "at": at})

    def note(self, table: str, row: Row) -> None:
        """Write a row that the play produces."""
        self._keep(table, row)
        if table in ("events", "consents", "messages", "message_events"):
            self._signals.note(table, row)

    def seen(self, as_of: np.datetime64) -> Seen:
        """Give what a policy may see at an instant, itself excluded."""
        return Seen(self, as_of)

    def known(self, table: str, as_of: np.datetime64) -> list[Row]:
        """List the rows of a table known at an instant; orders in the status they had then."""
        if table == "orders":
            return [order for one in self._orders for order in self.orders_of(one, as_of)]
        if table in self._standing:
            return [dict(row) for row in self._standing[table]]
        instant = TABLES[table]
        return [row for row in self._tables[table] if row[instant] < as_of]

    def rows(self, as_of: np.datetime64, customers: Iterable[str] | None) -> Rows:
        """Give the orders known at an instant, and their lines and statuses, as columns."""
        return self._columns.known(as_of, customers)

    def signals(self, as_of: np.datetime64) -> Signals:
        """Give what else was known at an instant, as columns."""
        return self._signals.known(as_of)

    def orders_of(self, customer_id: str, as_of: np.datetime64) -> list[Row]:
        """List a customer's orders, in the status they had at an instant."""
        instant = _microseconds(as_of)
        return [
            _as_of(order, instant)
            for order in self._orders.get(customer_id, ())
            if order.ordered_at < instant
        ]

    def produced(self) -> dict[str, list[Row]]:
        """List what the play added to each table."""
        return {name: rows[self._begun[name] :] for name, rows in self._tables.items()}

    def bought(self, customer_id: str, as_of: np.datetime64) -> list[tuple[str, np.datetime64]]:
        """List the products a customer ordered and did not cancel, each with the instant."""
        instant = _microseconds(as_of)
        return [
            (line["product_id"], order.row["ordered_at"])
            for order in self._orders.get(customer_id, ())
            if order.ordered_at < instant and order.status(instant)[1] != CANCELLED
            for line in order.lines
        ]

    def last_order(self, customer_id: str) -> np.datetime64 | None:
        """Give the instant of a customer's latest order, or None."""
        orders = self._orders.get(customer_id, ())
        return max((order.row["ordered_at"] for order in orders), default=None)

    def under_way(self, customer_id: str, as_of: np.datetime64) -> list[Row]:
        """List the customer's orders that have neither arrived nor ended."""
        instant = _microseconds(as_of)
        return [order.row for order in self._pending(customer_id, instant)]

    def delivered_at(
        self, customer_id: str, order_id: str | None, as_of: np.datetime64
    ) -> np.datetime64:
        """Give when an order arrived, or the customer's latest delivery; NaT for neither.

        Args:
            customer_id: of the sample.
            order_id: an anchor: the id of an order, alone or before a slash.
            as_of: the instant.
        """
        instant = _microseconds(as_of)
        arrivals = {
            order.row["order_id"]: at
            for order in self._orders.get(customer_id, ())
            if (at := order.delivery(instant)) is not None
        }
        named = order_id if order_id in arrivals else (order_id or "").rpartition("/")[0]
        if named in arrivals:
            return np.datetime64(arrivals[named], "us")
        latest = max(arrivals.values(), default=None)
        return np.datetime64("NaT" if latest is None else latest, "us")

    def state(self, customer_id: str, as_of: np.datetime64, waiting: Collection[str]) -> str:
        """Give the state a customer is in: an order under way, a choice, the last news, or none.

        Args:
            customer_id: of the sample.
            as_of: the instant.
            waiting: kinds of the customer's open needs.
        """
        instant = _microseconds(as_of)
        if pending := self._pending(customer_id, instant):
            latest = max(pending, key=lambda one: (one.ordered_at, one.row["order_id"]))
            return f"ordered/{STATUSES[latest.status(instant)[1]]}"
        for kind, state in (("cart", "cart"), ("wish", "wishlist"), ("waitlist", "waitlist")):
            if kind in waiting:
                return f"choosing/{state}"
        news = [
            (at, STATUSES[code])
            for order in self._orders.get(customer_id, ())
            if order.ordered_at < instant
            for at, code in (order.status(instant),)
            if code in (DELIVERED, RETURNED)
        ]
        if not news:
            return "acquaintance/new"
        at, status = max(news)
        return "client/idle" if instant - at > _IDLE_AFTER else f"client/{status}"

    def granted(self, as_of: np.datetime64) -> Mapping[str, Set[str]]:
        """Give the channels each customer has granted; of equal instants the refusal holds."""
        return self._consents.until(as_of)

    def _pending(self, customer_id: str, as_of: int) -> list[_Order]:
        return [
            order
            for order in self._orders.get(customer_id, ())
            if order.ordered_at < as_of and order.status(as_of)[1] < DELIVERED
        ]

    def _keep(self, table: str, row: Row) -> None:
        self._tables[table].append(row)
        if table == "orders":
            order = _Order(row, _microseconds(row["ordered_at"]))
            self._order[row["order_id"]] = order
            self._orders.setdefault(row["customer_id"], []).append(order)
            self._columns.place(row)
            arrival = row.get("delivered_at")
            stated = row["status_at"] if row["status_at"] is not None else arrival
            self._tell(row, row["ordered_at"] if stated is None else stated)
            if arrival is not None:
                self._arrive(row["order_id"], arrival)
        elif table == "order_lines":
            self._order[row["order_id"]].lines.append(row)
            self._columns.hold(row)
        elif table == "order_statuses":
            self._tell(row, row["at"])
            if row["status"] == "delivered":
                self._arrive(row["order_id"], row["at"])
        elif table == "consents":
            self._consents.note(row)

    def _tell(self, row: Row, at: np.datetime64) -> None:
        code = STATUS_CODE[row["status"]]
        insort(self._order[row["order_id"]].flow, (_microseconds(at), code))
        self._columns.tell(row["order_id"], code, at)

    def _arrive(self, order_id: str, at: np.datetime64) -> None:
        order, arrived = self._order[order_id], _microseconds(at)
        order.arrived = arrived if order.arrived is None else min(order.arrived, arrived)
        self._columns.arrive(order_id, at)


class Seen:
    """The facts known at one instant: all that a policy is shown."""

    def __init__(self, journal: Journal, as_of: np.datetime64) -> None:
        """Look at a journal as of an instant, itself excluded."""
        self._journal = journal
        self.as_of = as_of

    def rows(self, customers: Iterable[str] | None = None) -> Rows:
        """Give the orders of some customers, by default of all, for the fold."""
        return self._journal.rows(self.as_of, customers)

    def signals(self) -> Signals:
        """Give what the shop knows beside orders, of all customers, for the fold."""
        return self._journal.signals(self.as_of)

    def table(self, name: str) -> list[Row]:
        """List the rows of a table of the shop, such as `messages`, `consents` or `events`."""
        return self._journal.known(name, self.as_of)


def _as_of(order: _Order, as_of: int) -> Row:
    at, code = order.status(as_of)
    arrival = order.delivery(as_of)
    return order.row | {
        "status": STATUSES[code],
        "status_at": np.datetime64(at, "us"),
        "delivered_at": None if arrival is None else np.datetime64(arrival, "us"),
    }


def _microseconds(at: np.datetime64) -> int:
    return int(at.astype("datetime64[us]").astype(np.int64))
