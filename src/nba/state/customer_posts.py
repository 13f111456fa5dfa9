"""Posted customers: what a shop maintains of them, and the consents stated in passing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, select

from nba import schema
from nba.checking import BadRow, Cells, Checker
from nba.mentions import unnaming, values_in
from nba.state.asking import NAMES, parts
from nba.state.erasure import is_erased
from nba.state.intakes import Intake, Kept, Named
from nba.state.tables import CONSENTS, CUSTOMERS
from nba.state.writing import add, put
from nba.vocabulary import CHANNELS

_SHORT_FORM: Final = "customers"
"""Source of a consent that a row of `customers` states."""
_HELD: Final = select(CUSTOMERS).where(CUSTOMERS.c.customer_id.in_(NAMES))


class CustomerIntake(Intake[Cells]):
    """Takes in customers: a row changes only the cells that it gives."""

    def __init__(self) -> None:
        """Prepare to check rows."""
        self._checker = Checker(schema.CUSTOMERS)

    def check(
        self, rows: Sequence[object], at: int
    ) -> tuple[list[tuple[int, Cells]], list[BadRow]]:
        """Check rows."""
        return self._checker.check_all(rows)

    def keep(self, connection: Connection, rows: Sequence[tuple[int, Cells]], at: int) -> Kept:
        """Write what is new about each customer, and the consents that follow from it."""
        ids = list(dict.fromkeys(cells["customer_id"] for _, cells in rows))
        held = {
            row["customer_id"]: dict(row)
            for part in parts(ids)
            for row in connection.execute(_HELD, {"names": part}).mappings()
        }
        rows = _without_erased(connection, rows)
        kept, changed = Kept(), set()
        consents: list[Cells] = []
        for _, cells in rows:
            one = cells["customer_id"]
            before = held.get(one)
            consents += stated_consents(cells, before, at)
            held[one] = {**(before or self._checker.blank), **cells}
            is_new = held[one] != before
            changed |= {one} if is_new else set()
            kept.count(is_new=is_new)
        put(connection, CUSTOMERS, [held[one] for one in sorted(changed)], CUSTOMERS.c.keys()[1:])
        add(connection, CONSENTS, consents)
        return kept

    def names(self, row: Cells) -> Iterable[Named]:
        """Give the customer."""
        return [("customer", row["customer_id"])]

    def locks(self, rows: Iterable[Cells]) -> Iterable[str]:
        """Give the customers: what a row changes depends on what is there."""
        return [row["customer_id"] for row in rows]


def _without_erased(
    connection: Connection, rows: Sequence[tuple[int, Cells]]
) -> list[tuple[int, Cells]]:
    """Give rows without the ids of erased customers, such as of who brought whom."""
    told = [cells["attributes"] for _, cells in rows if cells.get("attributes")]
    gone = is_erased(connection, {value for one in told for value in values_in(one)})
    if not gone:
        return [*rows]
    unnamed = unnaming(gone)
    return [
        (index, {**cells, "attributes": unnamed(cells["attributes"])})
        if cells.get("attributes")
        else (index, cells)
        for index, cells in rows
    ]


def stated_consents(cells: Cells, before: Cells | None, at: int) -> list[Cells]:
    """Give the consents that a row of a customer states.

    With `consent_at` each holds from then on. Without it a consent that is another one than the
    shop said before holds from the post on; one that the shop only repeats says nothing new, so
    that a nightly copy of all customers does not bring back whom a link took off the list.

    Args:
        cells: of the row.
        before: the customer as the shop told of them before.
        at: int64 microseconds: when the row was posted.
    """
    dated = cells.get("consent_at")
    return [
        {
            "customer_id": cells["customer_id"],
            "channel": str(channel),
            "granted": cells[name],
            "at": dated or at,
            "source": _SHORT_FORM,
        }
        for channel in CHANNELS
        if cells.get(name := f"consent_{channel}") is not None
        and (dated or before is None or before[name] != cells[name])
    ]
