"""What an import is given, opened and recognised: a file is one source, a database several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from nba.data.entries import FileMapping, folded
from nba.data.mapping import SourceMapping, preset_names
from nba.data.readers import Database, Raw, connect, read_file
from nba.data.sniffing import OURS, Recognised, recognise
from nba.errors import DataError
from nba.schema import TABLES


@dataclass(frozen=True, slots=True)
class Source:
    """Rows as text, and the entries of a mapping by which they are read."""

    raw: Raw
    mapping: SourceMapping
    entries: Sequence[FileMapping]
    recognised: Recognised


def open_sources(
    connection: duckdb.DuckDBPyConnection,
    given: Path | str,
    mapping: SourceMapping | None,
    name: str,
) -> Iterator[Source]:
    """Read a file, or each query of a database that a mapping has.

    Args:
        connection: where the rows are put.
        given: the path of a file, or the URL of a database.
        mapping: the mapping it must belong to; by default it is recognised.
        name: begins the names of the DuckDB tables that are made.

    Raises:
        DataError: it cannot be read, is not recognised, or is a file without rows.
        ConfigError: the URL is none, or its driver is not installed.
    """
    if isinstance(given, Path):
        raw = read_file(connection, given, name)
        if raw.row_count + len(raw.rejects) == 0:
            raise DataError(f"{raw.source} has a header and no row; expected one row an order line")
        found, entries, known = recognise(raw.source, raw.columns, mapping)
        yield Source(raw, found.narrowed(entries), entries, known)
        return
    with closing(Database(given)) as database:
        tables = database.tables()
        found, entries = _queries(tables, mapping, database.source)
        for number, entry in enumerate(entries):
            raw = database.read(connection, entry.query or "", entry.name, f"{name}_{number}")
            known = Recognised(
                raw.source,
                found.name,
                found.title,
                [(entry.name, entry.table.name, sorted(entry.detect))],
            )
            yield Source(raw, found.narrowed([entry]), [entry], known)


def recognise_sources(
    given: Sequence[Path | str], mapping: SourceMapping | None
) -> list[tuple[SourceMapping, Sequence[FileMapping], Recognised]]:
    """Say by which mapping and entries each source would be read."""
    with closing(connect()) as connection:
        return [
            (source.mapping, source.entries, source.recognised)
            for number, one in enumerate(given)
            for source in open_sources(connection, one, mapping, f"raw_{number}")
        ]


def _queries(
    tables: dict[str, list[str]], given: SourceMapping | None, source: str
) -> tuple[SourceMapping, list[FileMapping]]:
    """Choose the mapping whose queries read most of the tables that are there.

    Raises:
        DataError: no mapping reads any of them.
    """
    there = folded(tables)
    candidates = [given] if given else [SourceMapping.preset(name) for name in preset_names()]
    best, most = OURS, 0
    for mapping in candidates:
        read = {name for entry in _fitting(mapping, there) for name in folded(entry.detect)}
        if len(read) > most:
            best, most = mapping, len(read)
    if most:
        return best, _fitting(best, there)
    own = [] if given and given.entries else _own_tables(tables, given or OURS)
    if own:
        return given or OURS, own
    raise DataError(
        f"the database {source} has no tables that {given.name if given else 'a platform'} reads; "
        f"it has {', '.join(tables) or 'none'}; give a mapping with a query: --map mine.toml"
    )


def _fitting(mapping: SourceMapping, tables: frozenset[str]) -> list[FileMapping]:
    return [
        entry
        for entry in mapping.entries
        if entry.query is not None and folded(entry.detect) <= tables
    ]


def _own_tables(tables: dict[str, list[str]], mapping: SourceMapping) -> list[FileMapping]:
    """Read the tables that are ours by name and columns."""
    return [
        replace(
            mapping.over_own_names(TABLES[name], columns),
            query=f"SELECT * FROM {name}",
            detect=frozenset([name]),
        )
        for name, columns in tables.items()
        if name in TABLES and not TABLES[name].lacks(folded(columns))
    ]
