"""The import of files into a shop folder: read, recognise, judge, take in, resolve, write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import duckdb

from nba.data.accounts import Fates, FileReport, ImportReport
from nba.data.checks import SQL_TYPES, quoted
from nba.data.entries import checked_zone, folded
from nba.data.intake import TABLES_HELD, TOLD_BY_ORDERS, Intake, collected, kept_names
from nba.data.mapping import SourceMapping
from nba.data.quarantine import judge, locate, sentence, write_quarantine_csv
from nba.data.readers import Raw, connect
from nba.data.records import Rejected
from nba.data.resolve import Resolved, resolve
from nba.data.retelling import silenced, unname
from nba.data.returns import RETURNED_ORDERS, Unmatched, take_back
from nba.data.shop import STORED, shop_tables, write_tables
from nba.data.skipping import leave_out_lines
from nba.data.sniffing import Recognised
from nba.data.sources import Source, open_sources
from nba.data.staging import Places, Staged, stage
from nba.data.tombstones import Tombstones, leaving_out
from nba.errors import ConfigError, DataError
from nba.schema import CUSTOMERS, FLAT, ORDER_LINES, ORDER_STATUSES, ORDERS, QUARANTINE

Announce = Callable[[str], None]
DEFAULT_MAX_BAD: Final = 0.05
_EXAMPLES: Final = 5


def import_files(
    paths: Sequence[Path | str],
    shop: Path,
    *,
    mapping: SourceMapping | None = None,
    zone: str | None = None,
    max_bad: float = DEFAULT_MAX_BAD,
    announce: Announce = lambda _: None,
) -> ImportReport:
    """Read files, quarantine bad rows, and merge the good ones into a shop folder.

    Args:
        paths: CSV, JSON or Parquet files, what each holds is told by its header; or URLs of
            databases, as texts.
        shop: the folder to fill; what it already holds is kept or replaced order by order.
        mapping: the platform the files come from; by default each is recognised.
        zone: the zone of timestamps that carry none, such as `Europe/Kyiv`.
        max_bad: the share of bad rows, between 0 and 1, above which nothing is loaded.
        announce: called with the name of each step as it begins.

    Raises:
        DataError: a file cannot be read or recognised, lacks required columns or holds no row, or
            more than `max_bad` of the rows are bad; then only the quarantine is written.
        ConfigError: no such zone, or `max_bad` is no share, or the mapping does not fit.
    """
    if not 0 <= max_bad <= 1:
        raise ConfigError(f"--max-bad is {max_bad}; expected a share between 0 and 1")
    checked_zone(zone, "--zone")
    connection = connect()
    try:
        return _Import(connection, shop, mapping, zone, announce).run(paths, max_bad)
    finally:
        connection.close()


class _Import:
    """One import: the connection and what has been found so far."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        shop: Path,
        mapping: SourceMapping | None,
        zone: str | None,
        announce: Announce,
    ) -> None:
        self._connection = connection
        self._shop = shop
        self._mapping = mapping
        self._zone = zone
        self._announce = announce
        self._intake = Intake(connection)
        self._tombstones = Tombstones.read(shop)
        self._sources: list[_Account] = []
        self._parts: list[_Part] = []
        self._unmatched: list[Unmatched] = []

    def run(self, paths: Sequence[Path | str], max_bad: float) -> ImportReport:
        if self._tombstones.hashes:
            self._tombstones.obey(self._connection)
        for number, given in enumerate(paths):
            self._announce(f"reading {given.name if isinstance(given, Path) else 'a database'}")
            for source in open_sources(self._connection, given, self._mapping, f"raw_{number}"):
                self._read(source)
        self._take_back()
        self._leave_out()
        self._take_in()
        existing = shop_tables(self._shop)
        self._take_held(existing)
        self._announce("resolving orders and products")
        resolved = resolve(self._intake)
        self._reject("line_no", "line_conflict", resolved.line_conflicts)
        self._reject("order_id", "unknown_order", resolved.orphans)
        report = self._account(resolved)
        self._write_quarantine(existing.get("quarantine"))
        if report.rows_quarantined > max_bad * report.rows_read:
            self._write(["quarantine"])
            raise DataError(
                f"{report.rows_quarantined} of {report.rows_read} rows are bad, more than the "
                f"{max_bad:.0%} allowed; nothing was loaded, the rows are in "
                f"{self._shop / 'quarantine.parquet'}",
                *report.examples,
                report.advice(),
            )
        self._announce("writing the shop")
        self._write(STORED)
        return self._count_shop(report)

    def _read(self, given: Source) -> None:
        """Set the bad rows of a source aside, and type the good ones."""
        raw, mapping, entries = given.raw, given.mapping, given.entries
        source = _Account(raw, mapping, given.recognised, Fates(raw.row_count))
        self._sources.append(source)
        taken = folded(frozenset().union(*(entry.taken for entry in entries)))
        for entry in entries:
            number = len(self._parts)
            if self._tombstones.hashes:
                entry = leaving_out(entry)
            staged = stage(self._connection, raw, entry, mapping, f"rows_{number}")
            spare = [
                name
                for name in staged.columns
                if name.casefold() not in taken and name not in staged.personal
            ]
            # Of several tables that a source fills, the first one keeps what no column takes.
            taken |= folded(spare)
            source.unused += spare
            source.personal += [name for name in staged.columns if name in staged.personal]
            part = _Part(source, staged, f"good_{number}", kept_names(entry.table, spare))
            zone = self._zone or entry.zone
            for place, row in judge(self._connection, staged, zone, part.good, part.kept):
                source.fates.reject(place, row)
            for because, places in staged.skipped.items():
                source.fates.skip(because, places)
            self._parts.append(part)

    def _take_back(self) -> None:
        """Let the rows that take back purchases do so."""
        goods = [part for part in self._parts if part.staged.mapping.table is FLAT]
        returning = [part for part in goods if part.staged.mapping.returns is not None]
        if not returning:
            return
        for part in returning:
            part.source.fates.take_back(self._places(part.good, "WHERE _n_returns"))
        self._unmatched = take_back(self._connection, [part.good for part in goods])
        self._intake.add(ORDER_STATUSES, RETURNED_ORDERS)

    def _leave_out(self) -> None:
        """Leave out the lines of orders that were left out, for the same reason."""
        orders = [part for part in self._parts if part.staged.mapping.table is ORDERS]
        lines = [part for part in self._parts if part.staged.mapping.table is ORDER_LINES]
        sources = {part.good: part.source for part in lines}
        for good, because, places in leave_out_lines(
            self._connection, [(part.staged, part.good) for part in orders], list(sources)
        ):
            sources[good].fates.skip(because, places)

    def _say_unmatched(self, one: Unmatched) -> str:
        part = next(part for part in self._parts if part.good == one.good)
        found = self._connection.execute(
            f"SELECT _n_place FROM {part.staged.view} WHERE _n_row = ?", [one.row]
        ).fetchone()
        line = part.source.raw.lines_of(found or ())[0]
        return (
            f"{part.source.raw.source} line {line}: {one.missing} of {one.quantity} x "
            f"{one.product} were not bought before"
        )

    def _places(self, good: str, condition: str = "") -> Places:
        found = self._connection.execute(f"SELECT _n_place FROM {good} {condition}").fetchnumpy()
        return found["_n_place"]

    def _take_in(self) -> None:
        """Take in the good rows of all sources."""
        for number, part in enumerate(self._parts):
            part.source.fates.load(self._places(part.good))
            table = part.staged.mapping.table
            clashing = self._intake.add(table, part.good, kept=part.kept, file=number)
            self._reject("order_id", "order_conflict", [(number, row) for row in clashing])
        if self._tombstones.hashes:
            unname(self._connection, collected(CUSTOMERS), self._tombstones)

    def _take_held(self, existing: Mapping[str, str]) -> None:
        """Take in what the shop already holds."""
        try:
            for table in TABLES_HELD:
                if table.name in existing:
                    self._intake.add_held(table, existing[table.name])
        except duckdb.Error as error:
            problem = str(error).splitlines()[0]
            raise DataError(
                f"{self._shop} is not a shop this version can read: {problem}; "
                "import into another folder, or remove it and import all its files again"
            ) from None

    def _reject(self, column: str, rule: str, rows: Sequence[tuple[int, int]]) -> None:
        """Reject rows, as (part, row), that turned out bad beside others."""
        for number, part in enumerate(self._parts):
            mine = [row for found, row in rows if found == number]
            for place, row in locate(self._connection, part.staged, column, rule, mine):
                part.source.fates.reject(place, row)

    def _account(self, resolved: Resolved) -> ImportReport:
        rejected = [(one.raw.source, row) for one in self._sources for row in one.rejected()]
        unknown = [row[3] or "" for _, row in rejected if row[2] == "unknown_status"]
        return ImportReport(
            [one.account() for one in self._sources],
            dict(Counter(rule for _, (_, _, rule, _, _) in rejected).most_common()),
            [sentence(source, row) for source, row in rejected[:_EXAMPLES]],
            merged_lines=resolved.merged_lines,
            repeated_products=resolved.repeated_products,
            superseded_orders=resolved.superseded_orders,
            repeated_rows=resolved.repeated_rows,
            resolved_lines=resolved.found.lines,
            unresolved_products=resolved.found.unresolved,
            ignored_consents=resolved.ignored_consents,
            illegal_jumps={
                f"{before} → {status}": times
                for (before, status), times in resolved.illegal_jumps.items()
            },
            waiting_statuses=resolved.waiting_statuses,
            returns_unmatched=len(self._unmatched),
            returns_examples=[self._say_unmatched(one) for one in self._unmatched[:_EXAMPLES]],
            status_assumed=any(part.staged.mapping.assumes_status for part in self._parts),
            unknown_statuses=dict(Counter(unknown).most_common()),
            unmapped_columns={one.raw.source: one.unused for one in self._sources if one.unused},
            personal_columns={
                one.raw.source: list(dict.fromkeys(one.personal))
                for one in self._sources
                if one.personal
            },
            recognised=[one.recognised for one in self._sources],
        )

    def _write_quarantine(self, existing: str | None) -> None:
        """Make the table `quarantine` of these rejected rows and those of earlier imports."""
        cells = ", ".join(f"{quoted(c.name)} {SQL_TYPES[c.kind]}" for c in QUARANTINE.columns)
        self._connection.execute(f"CREATE TEMP TABLE rejected ({cells})")
        rows = [(one.raw.source, row) for one in self._sources for row in one.rejected()]
        if self._tombstones.hashes:
            rows = [(source, silenced(row, self._tombstones)) for source, row in rows]
        rejected = [(source, *row) for source, row in rows]
        if rejected:
            columns = [list(column) for column in zip(*rejected, strict=True)]
            unnested = ", ".join("unnest(?)" for _ in columns)
            self._connection.execute(f"INSERT INTO rejected SELECT {unnested}", columns)
        if existing is not None:
            self._connection.execute(f"INSERT INTO rejected BY NAME {existing}")
        # The same file read twice has the same bad rows, not twice as many.
        self._connection.execute("CREATE TEMP VIEW quarantine AS SELECT DISTINCT * FROM rejected")

    def _write(self, names: Sequence[str]) -> None:
        write_tables(self._connection, self._shop, names)
        write_quarantine_csv(self._connection, self._shop)

    def _count_shop(self, report: ImportReport) -> ImportReport:
        def one(query: str) -> int:
            row = self._connection.execute(query).fetchone()
            return int(row[0]) if row else 0

        return replace(
            report,
            orders=one("SELECT count(*) FROM orders"),
            order_lines=one("SELECT count(*) FROM order_lines"),
            products=one("SELECT count(*) FROM products"),
            customers=one("SELECT count(DISTINCT customer_id) FROM orders"),
            guest_orders=one("SELECT count(*) FROM orders WHERE customer_id IS NULL"),
            products_without_catalogue=one(
                "SELECT count(*) FROM products "
                f"WHERE title = product_id AND {TOLD_BY_ORDERS} LIKE 'title%'"
            ),
            repeated_lines=one("""
                SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM order_lines
                GROUP BY order_id, product_id, quantity, unit_price, discount HAVING n > 1)"""),
        )


@dataclass(slots=True)
class _Account:
    """One source that was read, and what became of its rows."""

    raw: Raw
    mapping: SourceMapping
    recognised: Recognised
    fates: Fates
    unused: list[str] = field(default_factory=list)
    personal: list[str] = field(default_factory=list)

    def rejected(self) -> list[Rejected]:
        """List the rejected rows by line; of those that cannot be read, nothing personal."""
        hidden = bool(self.mapping.personal)
        unreadable = [
            (line, column, rule, None, None) if hidden else (line, column, rule, value, raw)
            for line, column, rule, value, raw in self.raw.rejects
        ]
        return sorted([*unreadable, *self.fates.rejected.values()], key=lambda row: row[0])

    def account(self) -> FileReport:
        """Count the rows by what became of them."""
        tables = " + ".join(dict.fromkeys(table for _, table, _ in self.recognised.entries))
        return self.fates.account(self.raw.source, tables, len(self.raw.rejects))


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of a source for one table: the good ones are in the DuckDB table `good`."""

    source: _Account
    staged: Staged
    good: str
    kept: Mapping[str, str]
