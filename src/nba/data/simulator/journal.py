"""What the shop knows of its customers while a play goes on, as rows of its own tables."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from nba.data.simulator.shelf import Product
from nba.facts.rows import Rows
from nba.statuses import DELIVERED, RETURNED, STATUS_CODE, STATUSES

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
"""Tables of a journal, each with the instant at which a row becomes known."""

Row = dict[str, Any]


class Journal:
    """Facts of a sample of customers: those of the history, then those the play produces.

    Nobody sees the future here: whoever asks says as of when, and facts at or after that instant
    do not exist yet.
    """

    def __init__(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Begin with copies of rows of the history."""
        self._tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self._orders: dict[str, list[Row]] = {}
        # Per order, sorted: (microseconds, status code); and when it arrived.
        self._flow: dict[str, list[tuple[int, int]]] = {}
        self._arrived: dict[str, int] = {}
        self._lines: dict[str, list[Row]] = {}
        ordered_at = {row["order_id"]: row["ordered_at"] for row in tables.get("orders", ())}
        for name in TABLES:
            for row in tables.get(name, ()):
                copy = dict(row)
                if name == "order_lines":
                    copy["ordered_at"] = ordered_at[row["order_id"]]
                self._note(name, copy)
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
        self._note("orders", order | {"status": "processing", "status_at": at, "discount": 0})
        for number, one in enumerate(products, 1):
            line = {"order_id": order_id, "line_no": number, "product_id": one.product_id}
            self._note(
                "order_lines", line | {"quantity": 1, "unit_price": one.price, "ordered_at": at}
            )
        self.proceed(order_id, "processing", at)
        self.proceed(order_id, "shipped", at + transit / 2)
        self.proceed(order_id, "delivered", at + transit)

    def proceed(self, order_id: str, status: str, at: np.datetime64) -> None:
        """Give an order a further status; `at` may lie in the future."""
        self._note("order_statuses", {"order_id": order_id, "status": status, "at": at})

    def note(self, table: str, row: Row) -> None:
        """Write a row of `consents`, `messages`, `message_events` or `events`."""
        self._note(table, row)

    def seen(self, as_of: np.datetime64) -> Seen:
        """Give what a policy may see at an instant, itself excluded."""
        return Seen(self, as_of)

    def known(self, table: str, as_of: np.datetime64) -> list[Row]:
        """List the rows of a table known at an instant; orders in the status they had then."""
        if table == "orders":
            return [order for one in self._orders for order in self.orders_of(one, as_of)]
        instant = TABLES[table]
        return [row for row in self._tables[table] if row[instant] < as_of]

    def orders_of(self, customer_id: str, as_of: np.datetime64) -> list[Row]:
        """List a customer's orders, in the status they had at an instant."""
        return [
            self._as_of(order, as_of)
            for order in self._orders.get(customer_id, ())
            if order["ordered_at"] < as_of
        ]

    def lines_of(self, order_id: str) -> list[Row]:
        """List the lines of an order."""
        return self._lines.get(order_id, [])

    def produced(self) -> dict[str, list[Row]]:
        """List what the play added to each table."""
        return {name: rows[self._begun[name] :] for name, rows in self._tables.items()}

    def bought(self, customer_id: str, as_of: np.datetime64) -> list[tuple[str, np.datetime64]]:
        """List the products a customer ordered and did not cancel, each with the instant."""
        return [
            (line["product_id"], order["ordered_at"])
            for order in self._orders.get(customer_id, ())
            if order["ordered_at"] < as_of and self._status(order, as_of)[0] != "cancelled"
            for line in self._lines.get(order["order_id"], ())
        ]

    def last_order(self, customer_id: str) -> np.datetime64 | None:
        """Give the instant of a customer's latest order, or None."""
        return max((row["ordered_at"] for row in self._orders.get(customer_id, ())), default=None)

    def under_way(self, customer_id: str, as_of: np.datetime64) -> list[Row]:
        """List the customer's orders that have neither arrived nor ended."""
        return [
            order
            for order in self._orders.get(customer_id, ())
            if order["ordered_at"] < as_of
            and STATUS_CODE[self._status(order, as_of)[0]] < DELIVERED
        ]

    def delivered_at(
        self, customer_id: str, order_id: str | None, as_of: np.datetime64
    ) -> np.datetime64:
        """Give when an order arrived, or the customer's latest delivery; NaT for neither."""
        arrivals = {
            order["order_id"]: at
            for order in self._orders.get(customer_id, ())
            if not np.isnat(at := self._delivery(order, as_of))
        }
        if order_id in arrivals:
            return arrivals[order_id]
        return max(arrivals.values(), default=np.datetime64("NaT", "us"))

    def state(self, customer_id: str, as_of: np.datetime64, waiting: Iterable[str]) -> str:
        """Give the state a customer is in: an order under way, a choice, the last news, or none.

        Args:
            customer_id: of the sample.
            as_of: the instant.
            waiting: kinds of the customer's open needs.
        """
        if pending := self.under_way(customer_id, as_of):
            latest = max(pending, key=lambda row: (row["ordered_at"], row["order_id"]))
            return f"ordered/{self._status(latest, as_of)[0]}"
        for kind, state in (("cart", "cart"), ("wish", "wishlist"), ("waitlist", "waitlist")):
            if kind in set(waiting):
                return f"choosing/{state}"
        news = [
            (at, status)
            for order in self._orders.get(customer_id, ())
            if order["ordered_at"] < as_of
            for status, at in (self._status(order, as_of),)
            if STATUS_CODE[status] in (DELIVERED, RETURNED)
        ]
        if not news:
            return "acquaintance/new"
        at, status = max(news)
        if as_of - at > np.timedelta64(IDLE_AFTER_DAYS, "D"):
            return "client/idle"
        return f"client/{status}"

    def granted(self, as_of: np.datetime64) -> dict[str, set[str]]:
        """Give the channels each customer has granted; of equal instants the refusal holds."""
        latest: dict[tuple[str, str], tuple[np.datetime64, bool]] = {}
        for row in self.known("consents", as_of):
            key = row["customer_id"], row["channel"]
            told = row["at"], not row["granted"]
            latest[key] = max(latest.get(key, told), told)
        channels: dict[str, set[str]] = {}
        for (customer_id, channel), (_, refused) in latest.items():
            if not refused:
                channels.setdefault(customer_id, set()).add(channel)
        return channels

    def _note(self, table: str, row: Row) -> None:
        self._tables[table].append(row)
        if table == "orders":
            self._orders.setdefault(row["customer_id"], []).append(row)
            arrival = row.get("delivered_at")
            stated = row["status_at"] if row["status_at"] is not None else arrival
            self._tell(row, row["ordered_at"] if stated is None else stated)
            if arrival is not None:
                self._arrive(row["order_id"], arrival)
        elif table == "order_lines":
            self._lines.setdefault(row["order_id"], []).append(row)
        elif table == "order_statuses":
            self._tell(row, row["at"])
            if row["status"] == "delivered":
                self._arrive(row["order_id"], row["at"])

    def _tell(self, row: Row, at: np.datetime64) -> None:
        told = _microseconds(at), STATUS_CODE[row["status"]]
        insort(self._flow.setdefault(row["order_id"], []), told)

    def _arrive(self, order_id: str, at: np.datetime64) -> None:
        arrived = _microseconds(at)
        self._arrived[order_id] = min(self._arrived.get(order_id, arrived), arrived)

    def _status(self, order: Row, as_of: np.datetime64) -> tuple[str, np.datetime64]:
        """Give the status of an order at an instant, and since when it holds."""
        flow = self._flow[order["order_id"]]
        place = bisect_left(flow, (_microseconds(as_of),))
        if not place:
            return "pending_confirmation", order["ordered_at"]
        at, code = flow[place - 1]
        return STATUSES[code], np.datetime64(at, "us")

    def _delivery(self, order: Row, as_of: np.datetime64) -> np.datetime64:
        arrived = self._arrived.get(order["order_id"])
        if arrived is None or arrived >= _microseconds(as_of):
            return np.datetime64("NaT", "us")
        return np.datetime64(arrived, "us")

    def _as_of(self, order: Row, as_of: np.datetime64) -> Row:
        status, at = self._status(order, as_of)
        arrival = self._delivery(order, as_of)
        return order | {
            "status": status,
            "status_at": at,
            "delivered_at": None if np.isnat(arrival) else arrival,
        }


class Seen:
    """The facts known at one instant: all that a policy is shown."""

    def __init__(self, journal: Journal, as_of: np.datetime64) -> None:
        """Look at a journal as of an instant, itself excluded."""
        self._journal = journal
        self.as_of = as_of

    def rows(self, customers: Iterable[str]) -> Rows:
        """Give the orders of some customers and their lines, for the fold."""
        orders = [order for one in customers for order in self._journal.orders_of(one, self.as_of)]
        lines = [line for order in orders for line in self._journal.lines_of(order["order_id"])]
        return Rows.of(orders, lines)

    def table(self, name: str) -> list[Row]:
        """List the rows of a table of the shop, such as `messages`, `consents` or `events`."""
        return self._journal.known(name, self.as_of)


def _microseconds(at: np.datetime64) -> int:
    return int(at.astype("datetime64[us]").astype(np.int64))
