"""Tables that an engine makes of an expression and keeps while it is counted from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from nba.statistics.engines.connections.connection import Connection

_MADE: Final = "CREATE TEMPORARY TABLE {name} AS {query}"
_MADE_BY: Final = {"spark": "CACHE TABLE {name} AS {query}"}
_AFTERWARDS: Final = {"postgresql": "ANALYZE {name}"}
"""Nobody else looks at temporary tables."""
_DROPPED: Final = ("DROP TABLE IF EXISTS {name}",)
_DROPPED_BY: Final = {"spark": ("UNCACHE TABLE IF EXISTS {name}", "DROP VIEW IF EXISTS {name}")}


@contextmanager
def held(connection: Connection, table: ir.Table) -> Iterator[ir.Table]:
    """Run an expression once, and give the table of its rows until it is dropped in the end.

    The `cache` of Ibis 12 drops a table without naming it, and DuckDB 2 refuses what it makes
    one with.
    """
    import ibis
    from ibis.expr.operations import DatabaseTable

    name = ibis.util.gen_name("nba")
    query = connection.backend.compile(table)

    def run(statement: str) -> None:
        connection.backend.raw_sql(statement.format(name=name, query=query))

    try:
        run(_MADE_BY.get(connection.name, _MADE))
        if connection.name in _AFTERWARDS:
            run(_AFTERWARDS[connection.name])
        yield DatabaseTable(name, schema=table.schema(), source=connection.backend).to_expr()
    finally:
        for statement in _DROPPED_BY.get(connection.name, _DROPPED):
            run(statement)
