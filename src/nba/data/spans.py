"""Order tables read some orders at a time: spans of order ids, each found without a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from nba.data.checks import literal
from nba.data.readers import file_literal
from nba.schema import ORDERS

_SAMPLED: Final = 64
"""Order ids a span that are looked at, about, to find where spans end."""


@dataclass(frozen=True, slots=True)
class Span:
    """Orders from one id on and before another; None where there is no bound."""

    first: str | None
    end: str | None

    def holds(self, column: str) -> str:
        """Give the SQL that tells whether an order id lies in the span."""
        bounds = ((">=", self.first), ("<", self.end))
        told = [f"{column} {sign} {literal(one)}" for sign, one in bounds if one is not None]
        return " AND ".join(told) or "TRUE"


@contextmanager
def in_spans(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, str], count: int
) -> Iterator[tuple[list[Span], Mapping[str, str]]]:
    """Divide order tables into spans of about as many orders each.

    A Parquet file sorted by order id, as those of a shop are, says which of its row groups a span
    lies in. A table that is not is written to such a file first, which ends with the context.

    Args:
        connection: of the views.
        tables: by the name of its contract, a view of each table; all have an `order_id`.
        count: of the spans; there may be fewer.

    Returns:
        The spans in order of ids, and the views to read them from.
    """
    if count <= 1:
        yield [Span(None, None)], tables
        return
    every = max(row_count(connection, tables[ORDERS.name]) // (count * _SAMPLED), 1)
    seen = {name: _sample(connection, view, every) for name, view in tables.items()}
    ids = sorted(seen[ORDERS.name])
    ends = sorted({ids[len(ids) * number // count] for number in range(1, count) if ids})
    with TemporaryDirectory(prefix="nba-") as folder:
        read = {
            name: view
            if seen[name] == sorted(seen[name])
            else _sorted(connection, view, Path(folder) / f"{name}.parquet")
            for name, view in tables.items()
        }
        yield [Span(*bounds) for bounds in pairwise([None, *ends, None])], read


def _sample(connection: duckdb.DuckDBPyConnection, view: str, every: int) -> list[str]:
    """Give the order ids of one order in `every`, as their rows follow one another."""
    found = connection.execute(
        f"SELECT order_id FROM {view} WHERE hash(order_id) % {every} = 0"
    ).fetchall()
    return [one for (one,) in found]


def _sorted(connection: duckdb.DuckDBPyConnection, view: str, path: Path) -> str:
    connection.execute(
        f"COPY (SELECT * FROM {view} ORDER BY order_id) TO {literal(str(path))} (FORMAT parquet)"
    )
    name = f"sorted_{view}"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet({file_literal(path)})"
    )
    return name


def row_count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    """Count the rows of a table or view."""
    [(count,)] = connection.execute(f"SELECT count(*) FROM {view}").fetchall()
    return int(count)
