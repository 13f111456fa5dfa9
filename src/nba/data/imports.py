"""The import of files into a shop folder, and the report that accounts for every row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from nba.data.checks import SQL_TYPES, quoted
from nba.data.intake import TABLES_HELD, TOLD_BY_ORDERS, Intake, kept_names
from nba.data.mapping import FileMapping, SourceMapping, folded
from nba.data.quarantine import judge, locate, sentence
from nba.data.readers import Raw, connect, read_file
from nba.data.records import Rejected
from nba.data.resolve import Resolved, resolve
from nba.data.shop import STORED, shop_tables, write_tables
from nba.errors import ConfigError, DataError
from nba.schema import QUARANTINE, closest_table
from nba.statuses import STATUSES

Announce = Callable[[str], None]
DEFAULT_MAX_BAD: Final = 0.05
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class FileReport:
    """The account of one file: rows_read = rows_loaded + rows_quarantined."""

    source: str
    table: str
    rows_read: int
    rows_loaded: int
    rows_quarantined: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The account of one import.

    Attributes:
        files: one account a file.
        rules: broken rule → rows, over all files.
        examples: a few quarantined rows, as sentences.
        orders, order_lines, products, customers, guest_orders: what the shop holds now.
        products_without_catalogue: sold, but in no catalogue row; their title is their id.
        repeated_lines: lines that repeat another line of their order to the letter (kept).
        merged_lines: rows that repeat a line, its number included, to the letter; one is kept.
        repeated_products: catalogue rows of a product that has another in the same import; the
            one whose content sorts first is kept.
        superseded_orders: versions of orders that gave way to a later one.
        status_assumed: True where the source has no status and `delivered` was assumed.
        unmapped_columns: source columns that no column of ours takes, by file; they are kept as
            text in the table the file fills.
    """

    files: Sequence[FileReport]
    rules: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[str] = ()
    orders: int = 0
    order_lines: int = 0
    products: int = 0
    customers: int = 0
    guest_orders: int = 0
    products_without_catalogue: int = 0
    repeated_lines: int = 0
    merged_lines: int = 0
    repeated_products: int = 0
    superseded_orders: int = 0
    status_assumed: bool = False
    unmapped_columns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def rows_read(self) -> int:
        """Rows of all files."""
        return sum(one.rows_read for one in self.files)

    @property
    def rows_quarantined(self) -> int:
        """Rejected rows of all files."""
        return sum(one.rows_quarantined for one in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON values."""
        return asdict(self) | {
            "rows_read": self.rows_read,
            "rows_quarantined": self.rows_quarantined,
        }


def import_files(
    paths: Sequence[Path],
    shop: Path,
    *,
    mapping: SourceMapping | None = None,
    zone: str | None = None,
    max_bad: float = DEFAULT_MAX_BAD,
    announce: Announce = lambda _: None,
) -> ImportReport:
    """Read files, quarantine bad rows, and merge the good ones into a shop folder.

    Args:
        paths: CSV or Parquet files; which table each holds is told by its header.
        shop: the folder to fill; what it already holds is kept or replaced order by order.
        mapping: the platform the files come from; by default they have our column names.
        zone: the zone of timestamps that carry none, such as `Europe/Kyiv`.
        max_bad: the share of bad rows, between 0 and 1, above which nothing is loaded.
        announce: called with the name of each step as it begins.

    Raises:
        DataError: a file cannot be read, lacks required columns or holds no row, or more than
            `max_bad` of the rows are bad; then only the quarantine is written.
        ConfigError: no such zone, or `max_bad` is no share.
    """
    if not 0 <= max_bad <= 1:
        raise ConfigError(f"--max-bad is {max_bad}; expected a share between 0 and 1")
    if zone is not None:
        _check_zone(zone)
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
        self._files: list[_File] = []

    def run(self, paths: Sequence[Path], max_bad: float) -> ImportReport:
        for number, path in enumerate(paths):
            self._announce(f"reading {path.name}")
            self._files.append(self._read(path, number))
        existing = shop_tables(self._shop)
        self._take_held(existing)
        self._announce("resolving orders and products")
        resolved = resolve(self._intake)
        self._reject("line_no", "line_conflict", resolved.line_conflicts)
        self._reject("order_id", "unknown_order", resolved.orphans)
        report = self._account(resolved)
        self._write_quarantine(existing.get("quarantine"))
        if report.rows_quarantined > max_bad * report.rows_read:
            write_tables(self._connection, self._shop, ["quarantine"])
            raise DataError(
                f"{report.rows_quarantined} of {report.rows_read} rows are bad, more than the "
                f"{max_bad:.0%} allowed; nothing was loaded, the rows are in "
                f"{self._shop / 'quarantine.parquet'}",
                *report.examples,
                _advice(report),
            )
        self._announce("writing the shop")
        write_tables(self._connection, self._shop, STORED)
        return self._count_shop(report)

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

    def _read(self, path: Path, number: int) -> _File:
        """Read one file, set its bad rows aside and take in the good ones."""
        raw = read_file(self._connection, path, f"raw_{number}")
        if raw.row_count + len(raw.rejects) == 0:
            raise DataError(f"{raw.source} has a header and no row; expected one row an order line")
        mapping = self._mapping_of(raw)
        unused = mapping.unused(raw.columns)
        kept = kept_names(mapping.table, unused)
        good = f"good_{number}"
        zone = self._zone or mapping.zone
        rejected = judge(self._connection, raw, mapping, zone, good, kept)
        clashing = self._intake.add(mapping.table, good, kept=kept, file=number)
        file = _File(raw, mapping, unused, rejected)
        file.reject(self._connection, "order_id", "order_conflict", clashing)
        return file

    def _mapping_of(self, raw: Raw) -> FileMapping:
        if self._mapping is not None:
            found = self._mapping.match(raw.columns)
            if found is None:
                raise DataError(
                    f"{raw.source} is no file of {self._mapping.name}: its columns are "
                    f"{', '.join(raw.columns)}"
                )
            return found
        table = closest_table(folded(raw.columns))
        missing = table.lacks(folded(raw.columns))
        if missing:
            raise DataError(
                f"{raw.source} lacks the column {', '.join(missing)} of a {table.name} file; "
                f"it has {', '.join(raw.columns)}; rename its columns, or map them with --map"
            )
        return FileMapping.identity(table, raw.columns)

    def _reject(self, column: str, rule: str, rows: Sequence[tuple[int, int]]) -> None:
        """Reject rows, as (file, row), that turned out bad beside those of other files."""
        for number, file in enumerate(self._files):
            file.reject(
                self._connection, column, rule, [row for found, row in rows if found == number]
            )

    def _account(self, resolved: Resolved) -> ImportReport:
        rejected = [(file.raw.source, row) for file in self._files for row in file.rejected]
        return ImportReport(
            [file.account() for file in self._files],
            dict(Counter(rule for _, (_, _, rule, _, _) in rejected).most_common()),
            [sentence(source, row) for source, row in rejected[:_EXAMPLES]],
            merged_lines=resolved.merged_lines,
            repeated_products=resolved.repeated_products,
            superseded_orders=resolved.superseded_orders,
            status_assumed=any(file.mapping.assumes_status for file in self._files),
            unmapped_columns={file.raw.source: file.unused for file in self._files if file.unused},
        )

    def _write_quarantine(self, existing: str | None) -> None:
        """Make the table `quarantine` of these rejected rows and those of earlier imports."""
        cells = ", ".join(f"{quoted(c.name)} {SQL_TYPES[c.kind]}" for c in QUARANTINE.columns)
        self._connection.execute(f"CREATE TEMP TABLE rejected ({cells})")
        rejected = [(file.raw.source, *row) for file in self._files for row in file.rejected]
        if rejected:
            columns = [list(column) for column in zip(*rejected, strict=True)]
            unnested = ", ".join("unnest(?)" for _ in columns)
            self._connection.execute(f"INSERT INTO rejected SELECT {unnested}", columns)
        if existing is not None:
            self._connection.execute(f"INSERT INTO rejected BY NAME {existing}")
        # The same file read twice has the same bad rows, not twice as many.
        self._connection.execute("CREATE TEMP VIEW quarantine AS SELECT DISTINCT * FROM rejected")

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
class _File:
    """One file that was read: its rows, how they were mapped, and which were rejected."""

    raw: Raw
    mapping: FileMapping
    unused: Sequence[str]
    rejected: list[Rejected]

    def reject(
        self,
        connection: duckdb.DuckDBPyConnection,
        column: str,
        rule: str,
        rows: Sequence[int],
    ) -> None:
        self.rejected += locate(connection, self.raw, self.mapping, column, rule, rows)

    def account(self) -> FileReport:
        read, bad = self.raw.row_count + len(self.raw.rejects), len(self.rejected)
        return FileReport(self.raw.source, self.mapping.table.name, read, read - bad, bad)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"{zone!r} is no time zone; expected a name such as Europe/Kyiv"
        ) from None


_ADVICE: Final = {
    "naive_timestamp": "timestamps without a zone: add it, or name it with --zone Europe/Kyiv",
    "not_an_instant": "instants are written 2026-10-01T08:00:00Z, or with an offset such as +02:00",
    "not_utf8": "text in another encoding: save the file as UTF-8",
    "not_a_number": "numbers are written with a decimal point and no thousands mark: 1039.90",
    "negative": "a return goes into returned_quantity; quantities and prices are never negative",
    "unknown_status": f"the statuses are {', '.join(STATUSES)}",
}


def _advice(report: ImportReport) -> str:
    """Say how to mend the most frequent fault."""
    share = math.ceil(100 * report.rows_quarantined / max(report.rows_read, 1))
    rule = max(report.rules, key=lambda name: report.rules[name], default="")
    return f"{_ADVICE.get(rule, 'mend the file')}; or load the rest with --max-bad {share}%"
