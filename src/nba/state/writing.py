"""Writing rows so that writing them again changes nothing, in the words of every database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from nba.state.tables import REVISIONS

Row = Mapping[str, Any]
_ANYTHING: Final = ""
_INSERTS: Final[Mapping[str, Callable[[Table], postgresql.Insert | sqlite.Insert]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def add(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Add rows of which none with the same key is there; give how many were new.

    Args:
        connection: of `Store.writing`.
        table: has a primary key.
        rows: column → cell, all with the same columns.
    """
    if not rows:
        return 0
    statement = _INSERTS[connection.dialect.name](table).on_conflict_do_nothing()
    # One statement a row within one call of the driver: SQLite counts what they changed together.
    counted = {"preserve_rowcount": True}
    result = connection.execute(statement, _in_order(table, rows), execution_options=counted)
    return max(result.rowcount, 0)


def put(
    connection: Connection, table: Table, rows: Sequence[Row], changes: Collection[str]
) -> None:
    """Add rows, and where one with the same key is there, change it.

    Args:
        connection: of `Store.writing`.
        table: has a primary key.
        rows: column → cell, all with the same columns.
        changes: the columns that a row that is there takes over.
    """
    if not rows:
        return
    statement = _INSERTS[connection.dialect.name](table)
    taken = {name: statement.excluded[name] for name in changes}
    keys = [column.name for column in table.primary_key]
    changing = statement.on_conflict_do_update(index_elements=keys, set_=taken)
    connection.execute(changing, _in_order(table, rows))


def bump(connection: Connection, topic: str, names: Collection[str] | None = None) -> None:
    """Tell every process that what it keeps in memory of a topic is to be read again.

    Args:
        connection: of `Store.writing`.
        topic: what is kept.
        names: the ids of what changed; by default anything may have.
    """
    statement = _INSERTS[connection.dialect.name](REVISIONS).values(topic=topic, revision=1)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["topic"], set_={"revision": REVISIONS.c.revision + 1}
        )
    )
    now, changed = revision(connection, topic), [_ANYTHING] if names is None else names
    marks = [{"topic": f"{topic}/{one}", "revision": now} for one in changed]
    put(connection, REVISIONS, marks, ["revision"])


def changed_since(connection: Connection, topic: str, seen: int) -> list[str] | None:
    """Give the ids of what of a topic was written after a revision; None for anything."""
    marked = REVISIONS.c.topic
    # The sign after the slash ends what begins with it.
    asked = select(marked).where(
        marked >= f"{topic}/", marked < f"{topic}0", REVISIONS.c.revision > seen
    )
    names = [one.removeprefix(f"{topic}/") for one in connection.execute(asked).scalars()]
    return None if _ANYTHING in names else names


def revision(connection: Connection, topic: str) -> int:
    """Give how often a topic was written."""
    asked = select(func.coalesce(func.max(REVISIONS.c.revision), 0)).where(
        REVISIONS.c.topic == topic
    )
    return int(connection.execute(asked).scalar_one())


def _in_order(table: Table, rows: Sequence[Row]) -> Sequence[Row]:
    """Sort rows by key: of two who write the same rows neither waits for the other in a circle."""
    keys = [column.name for column in table.primary_key if column.name in rows[0]]
    return sorted(rows, key=lambda row: [row[name] for name in keys])
