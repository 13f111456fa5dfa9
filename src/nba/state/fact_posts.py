"""Posted facts of one row each: events, consents, events of messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, Table

from nba import schema
from nba.checking import BadRow, Cells, Checker, without
from nba.state.erasure import Kind
from nba.state.intakes import Intake, Kept, Named
from nba.state.writing import add

_KINDS: Final[dict[str, Kind]] = {
    "customer_id": "customer",
    "session_id": "customer",
    "order_id": "order",
    "message_id": "message",
}


class FactIntake(Intake[Cells]):
    """Takes in facts that are appended: of rows with one key the first stays."""

    def __init__(self, contract: schema.Table, table: Table) -> None:
        """Prepare to check rows.

        Args:
            contract: which cells a row may have; `at` is by default when it was posted.
            table: where they go.
        """
        self._checker = Checker(without(contract, ["at"]))
        self._table = table
        self._named = [(name, kind) for name, kind in _KINDS.items() if name in contract.names]

    def check(
        self, rows: Sequence[object], at: int
    ) -> tuple[list[tuple[int, Cells]], list[BadRow]]:
        """Check rows; one without `at` happened when it was posted."""
        good, bad = self._checker.check_all(rows)
        blank = {**self._checker.blank, "at": at}
        return [(index, _filled(blank, cells)) for index, cells in good], bad

    def keep(self, connection: Connection, rows: Sequence[tuple[int, Cells]], at: int) -> Kept:
        """Write the rows whose key is new."""
        new = add(connection, self._table, [cells for _, cells in rows])
        return Kept(new, len(rows) - new)

    def names(self, row: Cells) -> Iterable[Named]:
        """Give whom, and what of theirs, a row names."""
        return [(kind, row[name]) for name, kind in self._named if row[name] is not None]


def _filled(blank: Cells, cells: Cells) -> Cells:
    filled = {**blank, **cells}
    if filled["at"] is None:
        filled["at"] = blank["at"]
    return filled
