"""Posted orders: each with its lines and, where the shop tells them, its statuses so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from nba import schema
from nba.checking import BadRow, Cells, Checker, shown, without
from nba.schema import Table
from nba.state.asking import NAMES, parts
from nba.state.intakes import SHELF_LOCK, Intake, Kept, Named
from nba.state.resolving import named_lines
from nba.state.stock import Change, pieces_of, restate, show
from nba.state.tables import ORDER_STATUSES
from nba.state.versions import Version, name_of, numbered, settle, shown_versions
from nba.state.writing import bump, put

_STATUS_CELLS: Final = ("reason", "tracking")
_TOLD: Final = select(ORDER_STATUSES).where(ORDER_STATUSES.c.order_id.in_(NAMES))
Told = dict[tuple[str, int, str], Cells]
"""Rows of statuses by order, instant and status."""


@dataclass(frozen=True, slots=True)
class PostedOrder:
    """A checked row.

    Attributes:
        cells: all of the order's; of a row that only tells statuses, the id alone.
        lines: numbered, with all cells, products as they were given; empty where only statuses
            are told.
        statuses: rows of `order_statuses`.
    """

    cells: Cells
    lines: Sequence[Cells]
    statuses: Sequence[Cells]


class OrderIntake(Intake[PostedOrder]):
    """Takes in orders: one replaces the order whole, if it is the later version."""

    def __init__(self, *, only_new: bool = False) -> None:
        """Prepare to check rows.

        Args:
            only_new: leave orders alone that are known already, by whomever they were told.
        """
        self._only_new = only_new
        self._order = Checker(schema.ORDERS)
        self._id = Checker(Table("orders", schema.ORDERS.columns[:1], ("order_id",)))
        self._line = Checker(_inside(schema.ORDER_LINES, "line_no"))
        self._status = Checker(_inside(schema.ORDER_STATUSES))

    def check(
        self, rows: Sequence[object], at: int
    ) -> tuple[list[tuple[int, PostedOrder]], list[BadRow]]:
        """Check rows, their lines and their statuses."""
        good: list[tuple[int, PostedOrder]] = []
        bad: list[BadRow] = []
        for index, row in enumerate(rows):
            checked = self._checked(row, index)
            if isinstance(checked, BadRow):
                bad.append(checked)
            else:
                good.append((index, checked))
        return good, bad

    def keep(
        self, connection: Connection, rows: Sequence[tuple[int, PostedOrder]], at: int
    ) -> Kept:
        """Write what is new about each order, and what it takes from the stock."""
        ids = list(dict.fromkeys(row.cells["order_id"] for _, row in rows))
        before, told = shown_versions(connection, ids), _told(connection, ids)
        kept = Kept()
        wanted = [
            row for _, row in rows if not (self._only_new and row.cells["order_id"] in before)
        ]
        kept.duplicates = len(rows) - len(wanted)
        posted = _versions(connection, [row for row in wanted if row.lines])
        settled = settle(connection, posted, before)
        is_new, later = iter(settled.is_new), dict(told)
        for row in wanted:
            says_more = _join(later, row.statuses)
            kept.count(is_new=(bool(row.lines) and next(is_new)) or says_more)
        put(connection, ORDER_STATUSES, _changed(told, later), _STATUS_CELLS)
        changes = _changes(before, {**before, **settled.after}, told, later)
        if latest := restate(connection, changes):
            show(connection, latest)
            bump(connection, "products", latest)
        return kept

    def names(self, row: PostedOrder) -> Iterable[Named]:
        """Give the order, and its customer."""
        customer = row.cells.get("customer_id")
        order: Named = ("order", row.cells["order_id"])
        return [order, ("customer", customer)] if customer else [order]

    def locks(self, rows: Iterable[PostedOrder]) -> Iterable[str]:
        """Give the shelf, and the customers, as a version's rank depends on what is there."""
        customers = (row.cells.get("customer_id") for row in rows)
        return [SHELF_LOCK, *(one for one in customers if one)]

    def _checked(self, row: object, index: int) -> PostedOrder | BadRow:
        if not isinstance(row, dict):
            return BadRow(index, None, "not_an_object", f"found {shown(row)}; expected an object")
        head = {name: cell for name, cell in row.items() if name not in ("lines", "statuses")}
        only_statuses = bool(row.get("statuses")) and set(row) == {"order_id", "statuses"}
        checker = self._id if only_statuses else self._order
        cells = checker.check(head, index)
        if isinstance(cells, BadRow):
            return cells
        statuses = self._inner(row.get("statuses") or [], "statuses", self._status, index)
        lines = self._inner(row.get("lines") or [], "lines", self._line, index)
        if isinstance(statuses, BadRow):
            return statuses
        if isinstance(lines, BadRow):
            return lines
        if only_statuses:
            return PostedOrder(cells, [], _of_order(cells, statuses))
        if not lines:
            problem = "found none; an order comes with its lines, or with its statuses alone"
            return BadRow(index, "lines", "missing_value", problem)
        ordered = numbered(_of_order(cells, lines))
        if isinstance(ordered, int):
            problem = f"two lines bear the number {ordered}; number them anew, or not at all"
            return BadRow(index, "lines", "line_conflict", problem)
        return PostedOrder(self._order.filled(cells), ordered, _of_order(cells, statuses))

    def _inner(self, rows: object, name: str, checker: Checker, index: int) -> list[Cells] | BadRow:
        """Check the rows inside a cell."""
        if not isinstance(rows, list):
            return BadRow(index, name, "not_a_list", f"found {shown(rows)}; expected a list")
        found: list[Cells] = []
        for place, row in enumerate(rows):
            checked = checker.check(row)
            if isinstance(checked, BadRow):
                return checked.moved(index, f"{name}.{place}")
            found.append(checker.filled(checked))
        return found


def _inside(table: Table, *optional: str) -> Table:
    """Give the contract of a row inside an order, which names the order for it."""
    columns = tuple(one for one in without(table, optional).columns if one.name != "order_id")
    return Table(f"{table.name} of an order", columns, table.key, table.either)


def _of_order(order: Cells, rows: Iterable[Cells]) -> list[Cells]:
    return [{"order_id": order["order_id"], **row} for row in rows]


def _versions(connection: Connection, rows: Sequence[PostedOrder]) -> list[Version]:
    """Make versions of orders, each line with its product."""
    named = iter(named_lines(connection, [line for row in rows for line in row.lines]))
    return [
        Version(name_of(row.cells, row.lines), row.cells, [next(named) for _ in row.lines])
        for row in rows
    ]


def _told(connection: Connection, orders: Sequence[str]) -> Told:
    return {
        (row["order_id"], row["at"], row["status"]): dict(row)
        for part in parts(orders)
        for row in connection.execute(_TOLD, {"names": part}).mappings()
    }


def _join(told: Told, rows: Iterable[Cells]) -> bool:
    """Put rows of statuses to those that are known, and tell whether any says more.

    Rows of one key fill each other's empty cells, and of two texts the greater holds.
    """
    says_more = False
    for row in rows:
        key = row["order_id"], row["at"], row["status"]
        held = told.get(key, row)
        filled = {one: max(row[one] or "", held[one] or "") or None for one in _STATUS_CELLS}
        joined = {**row, **filled}
        says_more |= joined != told.get(key)
        told[key] = joined
    return says_more


def _changed(before: Told, after: Told) -> list[Cells]:
    return [after[key] for key in sorted(after) if before.get(key) != after[key]]


def _changes(
    before: Mapping[str, Version], after: Mapping[str, Version], told: Told, later: Told
) -> dict[str, Change]:
    """Give what changed about the stock: product → since when, and by which orders."""
    changes: dict[str, Change] = {}
    taken_before, taken_after = _taken(before, told), _taken(after, later)
    for order_id, now in taken_after.items():
        then = taken_before.get(order_id, (now[0], {}))
        if now == then:
            continue
        for product in sorted({*now[1], *then[1]}):
            since = min(now[0], then[0])
            change = changes.setdefault(product, Change(since))
            change.since = min(change.since, since)
            change.orders.add(order_id)
    return changes


def _taken(orders: Mapping[str, Version], told: Told) -> dict[str, tuple[int, Mapping[str, int]]]:
    """Give when each live order was placed, and what it takes from the stock."""
    statuses: dict[str, list[tuple[int, str]]] = {}
    for order_id, at, status in told:
        statuses.setdefault(order_id, []).append((at, status))
    return {
        one: (order.cells["ordered_at"], pieces_of(order.cells, order.lines, statuses.get(one, [])))
        for one, order in orders.items()
        if order.is_live
    }
