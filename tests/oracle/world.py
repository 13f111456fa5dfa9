"""The rows of a small shop as they come in, and the facts that the product makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from nba.facts.signals import Signals
from nba.schema import TABLES
from tests.oracle.book import Book
from tests.oracle.due import Case, Delivery
from tests.oracle.people import Row, accounts, person, rank
from tests.oracle.shelf import Shelf

SIGNALS = ("events", "consents", "messages", "message_events", "customers", "product_states")
CELLS = "order_id customer_id ordered_at status status_at delivered_at is_test".split()


class World:
    """Tables of rows, instants in microseconds; orders are kept in all their versions."""

    def __init__(self, cards: Mapping[str, Row], delivery: Delivery) -> None:
        self.cards = cards
        self.delivery = delivery
        names = ("versions", "order_statuses", *SIGNALS)
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in names}

    def add(self, table: str, **cells: Any) -> dict[str, Any]:
        row = {name: cells.get(name) for name in TABLES[table].names} if table in TABLES else cells
        self.tables[table].append(row)
        return row

    def next_id(self, table: str) -> str:
        return f"{table[0]}{len(self.tables[table]):04}"

    def event(self, kind: str, at: int, customer: str, **cells: Any) -> dict[str, Any]:
        return self.add(
            "events",
            event_id=self.next_id("events"),
            type=kind,
            at=at,
            customer_id=customer,
            **cells,
        )

    @property
    def orders(self) -> list[str]:
        return sorted({one["order_id"] for one in self.tables["versions"]})

    def order(self, number: int) -> dict[str, Any]:
        """The last version of one of the orders."""
        return self.latest()[self.orders[number % len(self.orders)]]

    def latest(self) -> dict[str, dict[str, Any]]:
        """The version of each order that nothing superseded."""
        found: dict[str, dict[str, Any]] = {}
        for row in sorted(self.tables["versions"], key=rank):
            found[row["order_id"]] = row
        return found

    def case(self, book: Book, customer: str, at: int) -> Case:
        mine = accounts(self.tables, customer, at)
        told = person(self.tables, customer, mine, at)
        return Case(book, told, Shelf(self.tables, self.cards, at), self.delivery, at)

    def facts(self, at: int, customers: Sequence[str]) -> Facts:
        signals = Signals.of_columns(
            {
                name: {cell: [row[cell] for row in rows] for cell in TABLES[name].names}
                for name in SIGNALS
                if (rows := self.tables[name])
            }
        )
        return fold(
            self._rows(), as_of=np.datetime64(at, "us"), customers=customers, signals=signals
        )

    def _rows(self) -> Rows:
        latest = self.latest()
        return Rows.of(
            [_cells(one) for one in latest.values()],
            [
                {"order_id": one["order_id"], "line_no": number, **line}
                for one in latest.values()
                for number, line in enumerate(one["lines"], 1)
            ],
            [{**row, "at": _instant(row["at"])} for row in self.tables["order_statuses"]],
            [
                {**_cells(one), "version": one["version"], "line_no": number, **line}
                for one in self.tables["versions"]
                if one is not latest[one["order_id"]]
                for number, line in enumerate(one["lines"], 1)
            ],
        )


def _cells(version: Row) -> dict[str, Any]:
    cells = {name: version[name] for name in CELLS}
    return cells | {name: _instant(cells[name]) for name in cells if name.endswith("_at")}


def _instant(at: int | None) -> np.datetime64 | None:
    return None if at is None else np.datetime64(at, "us")
