"""Versions of posted orders: the latest known is shown, all others are kept for replays.

A version bears the name that an import would give it: a hash of the order's cells, a hyphen, and a
hash of its lines as they were given. Of two versions the one known later holds, then the one
further in the flow of statuses, then the one whose name is greater: when it was posted decides
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from nba.checking import EPOCH, Cells
from nba.schema import ORDER_LINES as LINE_CONTRACT
from nba.schema import ORDERS as ORDER_CONTRACT
from nba.schema import Kind
from nba.state.asking import NAMES, parts
from nba.state.tables import ORDER_LINES, ORDER_VERSIONS, ORDERS
from nba.state.writing import put
from nba.statuses import STATUS_CODE

_INSTANTS: Final = frozenset(one.name for one in ORDER_CONTRACT.columns if one.kind is Kind.INSTANT)
_BY_CONTENT: Final = tuple(one for one in LINE_CONTRACT.names if one not in ("order_id", "line_no"))
_HASHED: Final = 16
"""Characters of a hash that stand in a name."""
_CELL, _LINE = "\x1f", "\x1e"
"""What stands between the cells, and the lines, that are hashed."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an order.

    Attributes:
        name: of its content.
        cells: the order's, all of them.
        lines: numbered, each with a product.
        is_live: the order was met by a post first, so that it takes from the stock.
    """

    name: str
    cells: Cells
    lines: Sequence[Cells]
    is_live: bool = True

    @property
    def order_id(self) -> str:
        """The order's id."""
        return str(self.cells["order_id"])

    @property
    def rank(self) -> tuple[int, int, str]:
        """Of two versions the greater one holds."""
        return *standing_of(self.cells), self.name


def standing_of(cells: Cells) -> tuple[int, int]:
    """Give since when the status of an order is known, and how far in the flow it is."""
    known_at = cells["status_at"] or cells["delivered_at"] or cells["ordered_at"]
    return known_at, STATUS_CODE[cells["status"]]


def numbered(lines: Iterable[Cells]) -> list[Cells] | int:
    """Give each line a number: those without one follow the others, sorted by their content.

    Returns:
        The lines, each number once; or a number that two different lines have.
    """
    told: dict[int, Cells] = {}
    others = []
    for line in lines:
        number = line["line_no"]
        if number is None:
            others.append(line)
        elif told.setdefault(number, line) != line:
            return int(number)
    first = max(told, default=0) + 1
    others.sort(key=lambda line: [(line[one] is None, line[one] or 0) for one in _BY_CONTENT])
    return [*told.values(), *({**line, "line_no": n} for n, line in enumerate(others, first))]


def name_of(order: Cells, lines: Sequence[Cells]) -> str:
    """Name a version by its content.

    Args:
        order: all cells of the order.
        lines: its lines with all their cells, products only as they were given.
    """
    body = sorted(_content(LINE_CONTRACT.names, line) for line in lines)
    head = _hash(_content(ORDER_CONTRACT.names, order))
    return f"{head}-{_hash(_LINE.join(body)) if body else ''}"


def _hash(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:_HASHED]


def _content(names: Iterable[str], cells: Cells) -> str:
    filled = (one for one in names if cells[one] is not None)
    return _CELL.join(f"{one}={_written(one, cells[one])}" for one in filled)


def _written(name: str, cell: Any) -> str:  # noqa: ANN401 - a cell is of any type
    """Write a cell as DuckDB, which names the versions of files, does."""
    if name in _INSTANTS:
        at = EPOCH + timedelta(microseconds=cell)
        fraction = f".{at.microsecond:06}".rstrip("0") if at.microsecond else ""
        return f"{at:%Y-%m-%d %H:%M:%S}{fraction}"
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def shown_versions(connection: Connection, orders: Sequence[str]) -> dict[str, Version]:
    """Give the versions that the store shows of some orders; unknown ones have none."""
    found: dict[str, Version] = {}
    for part in parts(orders):
        lines: dict[str, list[Cells]] = {}
        for row in connection.execute(_LINES, {"names": part}).mappings():
            lines.setdefault(row["order_id"], []).append(dict(row))
        for row in connection.execute(_ORDERS, {"names": part}).mappings():
            cells = {name: row[name] for name in ORDER_CONTRACT.names}
            its_lines = lines.get(row["order_id"], [])
            name = row["version"] or name_of(cells, its_lines)
            found[row["order_id"]] = Version(name, cells, its_lines, bool(row["is_live"]))
    return found


_ORDERS: Final = select(ORDERS).where(ORDERS.c.order_id.in_(NAMES))
_LINES: Final = select(ORDER_LINES).where(ORDER_LINES.c.order_id.in_(NAMES))
_NAMED: Final = (
    select(ORDER_VERSIONS.c.order_id, ORDER_VERSIONS.c.version)
    .where(ORDER_VERSIONS.c.order_id.in_(NAMES))
    .distinct()
)
_WITHOUT_LINES: Final = delete(ORDER_LINES).where(ORDER_LINES.c.order_id == bindparam("gone"))


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of posted versions.

    Attributes:
        is_new: whether each had never been met before.
        after: order → what the store shows of it now; only of orders that changed.
    """

    is_new: Sequence[bool]
    after: Mapping[str, Version]


def settle(
    connection: Connection, posted: Sequence[Version], before: Mapping[str, Version]
) -> Settled:
    """Show the latest version of each order, and keep those that give way to it.

    Args:
        connection: of `Store.writing`.
        posted: any number an order.
        before: order → what the store shows of it; without those that it does not know.
    """
    orders = list(dict.fromkeys(one.order_id for one in posted))
    known = {(order_id, one.name) for order_id, one in before.items()}
    for part in parts(orders):
        known |= {(row[0], row[1]) for row in connection.execute(_NAMED, {"names": part})}
    shown, given_way = dict(before), []
    is_new = []
    for one in posted:
        is_new.append((one.order_id, one.name) not in known)
        if not is_new[-1]:
            continue
        known.add((one.order_id, one.name))
        held = shown.get(one.order_id)
        if held is None or one.rank > held.rank:
            is_live = one.is_live if held is None else held.is_live
            shown[one.order_id] = Version(one.name, one.cells, one.lines, is_live)
            given_way += [held] if held else []
        else:
            given_way.append(one)
    after = {key: one for key, one in shown.items() if before.get(key) is not one}
    _write(connection, list(after.values()), before, given_way)
    return Settled(is_new, after)


def _write(
    connection: Connection,
    shown: Sequence[Version],
    before: Mapping[str, Version],
    given_way: Sequence[Version],
) -> None:
    replaced = [{"gone": one.order_id} for one in shown if one.order_id in before]
    if replaced:
        connection.execute(_WITHOUT_LINES, replaced)
    put(
        connection,
        ORDERS,
        [{**one.cells, "version": one.name, "is_live": one.is_live} for one in shown],
        [*ORDER_CONTRACT.names[1:], "version"],
    )
    lines = [line for one in shown for line in one.lines]
    if lines:
        connection.execute(insert(ORDER_LINES), lines)
    superseded = [row for one in given_way for row in _superseded(one)]
    if superseded:
        connection.execute(insert(ORDER_VERSIONS), superseded)


def _superseded(version: Version) -> list[Cells]:
    """Give the rows of `order_versions`, where `discount` is the order's."""
    head = {**version.cells, "version": version.name}
    # One that came without lines has a row without them.
    lines = version.lines or [dict.fromkeys(LINE_CONTRACT.names)]
    return [{**line, "line_discount": line["discount"], **head} for line in lines]
