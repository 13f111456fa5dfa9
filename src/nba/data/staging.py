"""The rows of one source that one entry of its mapping is about, ready for its column rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import orjson
from numpy.typing import NDArray

from nba.data.checks import literal, quoted
from nba.data.documents import Columns, flatten, load_rows, text
from nba.data.entries import FileMapping, FillDown, folded
from nba.data.mapping import SourceMapping
from nba.data.readers import Raw
from nba.errors import ConfigError, DataError

Places = NDArray[np.int64]
"""Row numbers of a source, from 1."""


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows of a source for one entry.

    Attributes:
        raw: the source.
        mapping: the entry.
        view: the DuckDB table of the columns below as text, `_n_row` (its own number), `_n_place`
            (the row of the source) and `_n_returns` (whether it takes back a purchase).
        columns: the source's columns, those of the elements of `each` included.
        skipped: reason → the rows of the source left out for it.
        instants: columns that the source typed as instants → whether they have a zone.
        personal: those of the columns that must not be stored, and derived ones that read them.
    """

    raw: Raw
    mapping: FileMapping
    view: str
    columns: tuple[str, ...]
    skipped: Mapping[str, Places] = field(default_factory=dict)
    instants: Mapping[str, bool] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()

    @classmethod
    def whole(cls, raw: Raw, mapping: FileMapping) -> Staged:
        """Take every row as it is."""
        view = f"(SELECT *, _n_row AS _n_place, FALSE AS _n_returns FROM {raw.view})"
        return cls(raw, mapping, view, raw.columns, instants=raw.instants)

    def skipped_cells(self, column: str) -> str:
        """Give the query of what our column says in rows that are skipped, and `because`."""
        return (
            f"SELECT {self.mapping.columns[column].sql} AS {column}, _n_because AS because "
            f"FROM {self.view}_meant WHERE _n_because IS NOT NULL"
        )


def stage(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    mapping: FileMapping,
    source: SourceMapping,
    name: str,
) -> Staged:
    """Fill cells down, take arrays apart, and leave out the rows that are not meant.

    Args:
        connection: where the source is.
        raw: the source.
        mapping: the entry.
        source: the mapping that it belongs to.
        name: begins the names of the tables that are made.

    Raises:
        DataError: the source lacks a column that the entry reads or our table must have.
        ConfigError: a condition does not fit the source.
    """
    try:
        return _Stage(connection, raw, mapping, name).run(source)
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(
            f"the mapping of {raw.source} does not fit it: {problem}; mend its SQL, for example "
            "with TRY_CAST"
        ) from None


class _Stage:
    """The steps of one staging; each reads the table that the one before made."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, raw: Raw, mapping: FileMapping, name: str
    ) -> None:
        self._connection = connection
        self._raw = raw
        self._mapping = mapping
        self._name = name
        self._rows = f"(SELECT *, _n_row AS _n_place FROM {raw.view})"
        self._columns = list(raw.columns)
        self._instants = dict(raw.instants)

    def run(self, source: SourceMapping) -> Staged:
        mapping = self._mapping
        fields = [name for name in (*mapping.needed, *mapping.optional) if self._is_field(name)]
        require_columns(self._raw.source, [*self._columns, *fields], mapping)
        there = folded([*self._columns, *fields])
        self._add_empty([name for name in mapping.optional if name.casefold() not in there])
        self._respell(self._columns)
        if mapping.fill_down is not None:
            self._fill_down(mapping.fill_down)
        if mapping.each is not None:
            self._take_apart(mapping.each, sorted(fields))
        self._derive()
        personal = {name for name in self._columns if source.is_personal(name)}
        for name, rule in mapping.derive.items():
            if folded(rule.shows) & folded(personal):
                personal.add(name)
        return Staged(
            self._raw,
            mapping,
            self._name,
            tuple(self._columns),
            self._select(),
            self._instants,
            frozenset(personal),
        )

    def _respell(self, columns: Sequence[str]) -> None:
        """Let columns be read as the entry spells them: SQL folds the capitals of ASCII alone."""
        spelled = {name.casefold(): name for name in columns if not name.isascii()}
        cells = "".join(
            f", {quoted(spelled[name.casefold()])} AS {quoted(name)}"
            for name in sorted({*self._mapping.needed, *self._mapping.optional} - {*columns})
            if name.casefold() in spelled
        )
        if cells:
            self._rows = f"(SELECT *{cells} FROM {self._rows})"

    def _is_field(self, name: str) -> bool:
        """Whether a column is one that the elements of `each` have."""
        each = self._mapping.each
        return each is not None and name.casefold().startswith(f"{each}.".casefold())

    def _take_apart(self, each: str, fields: Sequence[str]) -> None:
        """Give every element of an array a row of its own beside the cells of its record."""
        records, parts = f"{self._name}_records", f"{self._name}_parts"
        self._connection.execute(f"CREATE TEMP TABLE {records} AS SELECT * FROM {self._rows}")
        found = self._connection.execute(
            f"SELECT _n_row, {quoted(each)} FROM {records} "
            f"WHERE {quoted(each)} IS NOT NULL ORDER BY _n_row"
        )
        columns = Columns()

        def rows() -> Iterator[dict[str, Any]]:
            count = 0
            for count, row in enumerate(_elements(found, each, columns), 1):
                yield {**row, "_n_row": count}
            self._complete(columns, [each, *fields], is_empty=count == 0)

        load_rows(self._connection, rows(), columns, parts, "_n_place", "_n_row")
        self._rows = (
            f"(SELECT r.* EXCLUDE ({quoted(each)}, _n_row), p.* EXCLUDE (_n_place) "
            f"FROM {parts} p JOIN {records} r USING (_n_place))"
        )
        self._columns = [name for name in self._columns if name.casefold() != each.casefold()]
        self._columns += columns.of.values()
        self._respell([*columns.of.values()])

    def _complete(self, columns: Columns, fields: Sequence[str], *, is_empty: bool) -> None:
        """Let fields that no element has read as empty, where they may be absent."""
        there = folded(columns.of.values())
        absent = [name for name in fields if name.casefold() not in there]
        needed = self._mapping.needed - {self._mapping.each}
        lacking = [name for name in absent if name in needed]
        if lacking and not is_empty:
            raise DataError(
                f"{self._raw.source}: no element of {self._mapping.each} has "
                f"{', '.join(lacking)}; its columns are {', '.join(columns.of.values())}"
            )
        for name in absent:
            columns.name(name)

    def _add_empty(self, names: Sequence[str]) -> None:
        if not names:
            return
        cells = ", ".join(f"CAST(NULL AS VARCHAR) AS {quoted(name)}" for name in names)
        self._rows = f"(SELECT *, {cells} FROM {self._rows})"

    def _fill_down(self, fill: FillDown) -> None:
        by = quoted(fill.by)
        breaks = [] if self._raw.records is None else self._raw.records.rows_after_rejects()
        # A record that cannot be read may have begun a group: nothing is carried over it.
        self._connection.execute(
            f"CREATE TEMP TABLE {self._name}_breaks AS SELECT unnest(?::BIGINT[]) AS place",
            [breaks],
        )
        is_break = f"(_n_place IN (SELECT place FROM {self._name}_breaks))::INTEGER"
        above = "ORDER BY _n_row ROWS UNBOUNDED PRECEDING"
        run = f"sum({is_break}) OVER ({above})"
        held = f"last_value({by} IGNORE NULLS) OVER (PARTITION BY _n_run {above})"
        cells = ", ".join(
            f"coalesce({cell}, last_value({cell} IGNORE NULLS) "
            f"OVER (PARTITION BY _n_run, {by} {above})) AS {cell}"
            for cell in map(quoted, fill.columns)
        )
        self._rows = f"""(
            SELECT * EXCLUDE (_n_run) REPLACE ({cells}) FROM (
                SELECT * REPLACE ({held} AS {by})
                FROM (SELECT *, {run} AS _n_run FROM {self._rows})))"""
        filled = folded([fill.by, *fill.columns])
        self._instants = {
            name: zone for name, zone in self._instants.items() if name.casefold() not in filled
        }

    def _derive(self) -> None:
        """Add the derived columns one after the other, and number the rows that this makes."""
        derive = self._mapping.derive
        taken = sorted(folded(derive) & folded(self._columns))
        if taken:
            raise ConfigError(
                f"the mapping derives {', '.join(taken)}, but {self._raw.source} has a column of "
                "that name; give the derived one another"
            )
        for name, rule in derive.items():
            self._rows = f"(SELECT *, {rule.sql} AS {quoted(name)} FROM {self._rows})"
        if derive:
            number = "row_number() OVER (ORDER BY _n_row)"
            self._rows = f"(SELECT * REPLACE ({number} AS _n_row) FROM {self._rows})"

    def _select(self) -> dict[str, Places]:
        """Make the view of the rows that are meant; give back those left out on purpose."""
        mapping = self._mapping
        only = "" if mapping.only is None else f"WHERE ({mapping.only.sql})"
        returns = "FALSE" if mapping.returns is None else f"coalesce({mapping.returns.sql}, FALSE)"
        skip = " ".join(f"WHEN {one.sql} THEN {literal(one.because)}" for one in mapping.skip)
        reason = f"CASE {skip} END" if skip else "CAST(NULL AS VARCHAR)"
        is_plain = not (
            only or skip or mapping.each or mapping.fill_down or mapping.derive or mapping.returns
        )
        self._connection.execute(
            f"CREATE TEMP {'VIEW' if is_plain else 'TABLE'} {self._name}_meant AS "
            f"SELECT *, {reason} AS _n_because, {returns} AS _n_returns FROM {self._rows} {only}"
        )
        self._connection.execute(
            f"CREATE TEMP VIEW {self._name} AS SELECT * EXCLUDE (_n_because) "
            f"FROM {self._name}_meant WHERE _n_because IS NULL"
        )
        if not skip:
            return {}
        return {
            because: self._connection.execute(
                f"SELECT _n_place FROM {self._name}_meant WHERE _n_because = ?", [because]
            ).fetchnumpy()["_n_place"]
            for because in dict.fromkeys(one.because for one in mapping.skip)
        }


def require_columns(source: str, columns: Sequence[str], mapping: FileMapping) -> None:
    """See that a source has what an entry reads, and fills what our table must have.

    Raises:
        DataError: naming the columns that are not there.
    """
    header = folded(columns)
    unfilled = mapping.table.lacks(mapping.columns)
    absent = sorted(name for name in mapping.needed if name.casefold() not in header)
    if unfilled or absent:
        raise DataError(
            f"{source} lacks the column {', '.join(unfilled or absent)} of a "
            f"{mapping.table.name} file; it has {', '.join(columns)}"
        )


def _elements(
    found: duckdb.DuckDBPyConnection, each: str, columns: Columns
) -> Iterator[dict[str, Any]]:
    while batch := found.fetchmany(10_000):
        for place, array in batch:
            for element in _parsed(array):
                flat = (
                    flatten(element, columns, f"{each}.")
                    if isinstance(element, dict)
                    else {columns.name(each): text(element)}
                )
                yield {**flat, "_n_place": place}


def _parsed(array: str) -> list[Any]:
    """Read a JSON array; a single value stands for an array of it."""
    try:
        elements = orjson.loads(array)
    except orjson.JSONDecodeError:
        elements = array
    return elements if isinstance(elements, list) else [elements]
