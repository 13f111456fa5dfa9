"""Tables that an engine makes of expressions and keeps while it is counted from.

The `cache` of Ibis 12 drops a table without naming it, and DuckDB 2 refuses what it makes one with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis


class Scratch:
    """Temporary tables of one engine, to be dropped together."""

    def __init__(self) -> None:
        """Begin without any."""
        self._held: dict[str, tuple[Any, list[str]]] = {}

    def keep(self, table: ibis.Table) -> ibis.Table:
        """Run an expression once, and give the table of what came out."""
        engine = table.get_backend()
        # Engines sum integers into wider ones and number rows with narrower ones than Ibis tells.
        cells = ", ".join(
            f"CAST(counted.{name} AS {engine.compiler.type_mapper.to_string(kind)}) AS {name}"
            for name, kind in table.schema().items()
        )
        query = f"SELECT {cells} FROM ({engine.compile(table)}) AS counted"
        if engine.name == "pyspark":
            return self._checkpointed(table, query)
        kept = self._made(table, "CREATE TEMPORARY TABLE", query, ("DROP TABLE",))
        if engine.name == "postgres":
            # Nobody else looks at a temporary table, and joins are planned by what was seen.
            _run(engine, f"ANALYZE {kept.get_name()}")
        return kept

    def _checkpointed(self, table: ibis.Table, query: str) -> ibis.Table:
        """Keep rows of Spark without what they were made by.

        A cached table carries the plan of each table that it was made from, as often as that was
        joined: rounds that each join the one before three times would have plans of 3^k.
        """
        import ibis
        from ibis.expr.operations import DatabaseTable

        engine, name = table.get_backend(), ibis.util.gen_name("nba")
        engine.raw_sql(query).localCheckpoint().createOrReplaceTempView(name)
        self._held[name] = engine, [f"DROP VIEW {name}"]
        return DatabaseTable(name, schema=table.schema(), source=engine).to_expr()

    def name(self, table: ibis.Table) -> ibis.Table:
        """Give an expression a name in the engine, so that what reads it is short to say."""
        query = table.get_backend().compile(table)
        return self._made(table, "CREATE TEMPORARY VIEW", query, ("DROP VIEW",))

    def _made(
        self, table: ibis.Table, making: str, query: str, dropping: tuple[str, ...]
    ) -> ibis.Table:
        import ibis
        from ibis.expr.operations import DatabaseTable

        engine, name = table.get_backend(), ibis.util.gen_name("nba")
        _run(engine, f"{making} {name} AS {query}")
        self._held[name] = engine, [f"{one} {name}" for one in dropping]
        return DatabaseTable(name, schema=table.schema(), source=engine).to_expr()

    def drop(self, *tables: ibis.Table) -> None:
        """Drop some of them."""
        for table in tables:
            self._drop(table.get_name())

    def close(self) -> None:
        """Drop all, what reads others before them."""
        while self._held:
            self._drop(next(reversed(self._held)))

    def _drop(self, name: str) -> None:
        engine, statements = self._held.pop(name)
        for statement in statements:
            _run(engine, statement)


def _run(engine: Any, statement: str) -> None:  # noqa: ANN401 - a backend of Ibis
    """Run a statement that gives nothing back."""
    if engine.name == "pyspark":
        engine.raw_sql(statement)
    else:
        # The way of Ibis leaves a cursor of PostgreSQL open.
        engine.con.execute(statement)
