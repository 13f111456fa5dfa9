"""Posted products: their cells in the catalogue, and their stock and prices from an instant on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select

from nba import schema
from nba.checking import BadRow, Cells, Checker, without
from nba.schema import Column, Kind
from nba.state.asking import NAMES, parts
from nba.state.intakes import SHELF_LOCK, Intake, Kept, Named
from nba.state.stock import STATED, Change, last_before, overlaid, restate, show, stated_at
from nba.state.tables import PRODUCTS
from nba.state.writing import bump, put

_OTHERS: Final = tuple(
    one for one in schema.PRODUCTS.names if one not in ("product_id", "title", *STATED)
)
_HELD: Final = select(PRODUCTS).where(PRODUCTS.c.product_id.in_(NAMES))


class ProductIntake(Intake[Cells]):
    """Takes in products: a row changes only the cells that it gives.

    Availability, stock and prices change from its `at` on, by default when it was posted.
    """

    def __init__(self) -> None:
        """Prepare to check rows."""
        at = Column("at", Kind.INSTANT)
        self._checker = Checker(without(schema.PRODUCTS, ["title"], at))

    def check(
        self, rows: Sequence[object], at: int
    ) -> tuple[list[tuple[int, Cells]], list[BadRow]]:
        """Check rows."""
        return self._checker.check_all(rows)

    def keep(self, connection: Connection, rows: Sequence[tuple[int, Cells]], at: int) -> Kept:
        """Write what is new about each product."""
        kept = Kept()
        for together in _apart(rows):
            self._keep_apart(connection, together, at, kept)
        if kept.accepted:
            bump(connection, "products", {cells["product_id"] for _, cells in rows})
        return kept

    def names(self, row: Cells) -> Iterable[Named]:
        """Give nobody."""
        return ()

    def locks(self, rows: Iterable[Cells]) -> Iterable[str]:
        """Give the shelf: what a row changes depends on what is there."""
        return [SHELF_LOCK]

    def _keep_apart(
        self, connection: Connection, rows: Sequence[tuple[int, Cells]], at: int, kept: Kept
    ) -> None:
        """Write rows about different products."""
        held = {
            row["product_id"]: dict(row)
            for part in parts([cells["product_id"] for _, cells in rows])
            for row in connection.execute(_HELD, {"names": part}).mappings()
        }
        changes: dict[str, Change] = {}
        catalogue: list[Cells] = []
        for index, cells in rows:
            before = held.get(cells["product_id"])
            if (error := _lacks_title(cells, before, index)) is not None:
                kept.errors.append(error)
                continue
            row = _catalogued(cells, before)
            change = _restated(connection, cells, before, at)
            if row is not None:
                catalogue.append(row)
            if change is not None:
                changes[cells["product_id"]] = change
            kept.count(is_new=row is not None or change is not None)
        # What the catalogue said until now is the first state of a product.
        latest = restate(connection, changes)
        put(connection, PRODUCTS, catalogue, PRODUCTS.c.keys()[1:])
        show(connection, latest)


def _apart(rows: Sequence[tuple[int, Cells]]) -> Iterator[list[tuple[int, Cells]]]:
    """Cut rows into parts in which no product stands twice, each after those it follows."""
    left = list(rows)
    while left:
        first: dict[str, tuple[int, Cells]] = {}
        for one in left:
            first.setdefault(one[1]["product_id"], one)
        yield list(first.values())
        left = [one for one in left if first[one[1]["product_id"]] is not one]


def _lacks_title(cells: Cells, before: Cells | None, index: int) -> BadRow | None:
    is_cleared = "title" in cells and cells["title"] is None
    is_described = any(name in cells for name in _OTHERS)
    lacks = is_cleared or (before is None and "title" not in cells and is_described)
    problem = "found none; a product of the catalogue must have a title"
    return BadRow(index, "title", "missing_value", problem) if lacks else None


def _catalogued(cells: Cells, before: Cells | None) -> Cells | None:
    """Give the row of the catalogue, or None where nothing changes."""
    if before is None and "title" not in cells:
        return None
    given = {name: cells[name] for name in ("title", *_OTHERS) if name in cells}
    row = {**(before or dict.fromkeys(schema.PRODUCTS.names)), **given}
    row["product_id"] = cells["product_id"]
    return None if row == before else row


def _restated(
    connection: Connection, cells: Cells, catalogue: Cells | None, posted_at: int
) -> Change | None:
    """Give what a row changes about the states of its product; None where that is nothing."""
    told = {name: cells[name] for name in STATED if name in cells}
    if not told:
        return None
    product, at = cells["product_id"], cells.get("at") or posted_at
    already = stated_at(connection, product, at)
    if already is not None and _says(already, told):
        return None
    held = last_before(connection, product, at + 1)
    before = held or catalogue
    if not cells.get("at") and held is not None and _holds(held, told):
        return None
    uncounted = "stock" in told and (before is None or before["stock"] is None)
    return Change(at, {at: _joined(already, told)}, set(), uncounted)


def _holds(held: Cells, told: Cells) -> bool:
    """Tell whether a state says what is told; what orders left is no count of anybody."""
    if held["order_id"] and "stock" in told:
        return False
    state = overlaid(held, told, ",".join(told))
    return all(state[name] == held[name] for name in STATED)


def _says(already: Cells, told: Cells) -> bool:
    """Tell whether a row of the same instant gave all that is told."""
    given = STATED if already["given"] is None else already["given"].split(",")
    return all(name in given and already[name] == cell for name, cell in told.items())


def _joined(already: Cells | None, told: Cells) -> tuple[Cells, str | None]:
    """Put what is told to what a row of the same instant gave; with the names of both."""
    if already is None:
        return told, ",".join(told)
    if already["given"] is None:
        return {**already, **told}, None
    given = already["given"].split(",")
    names = [name for name in STATED if name in told or name in given]
    return {**already, **told}, ",".join(names)
