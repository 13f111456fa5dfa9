"""The import of files into a shop folder, and the report that accounts for every row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from nba.data import resolve
from nba.data.mapping import FileMapping, SourceMapping
from nba.data.quarantine import Rejected, judge, raw_texts, sentence
from nba.data.readers import Raw, connect, read_file
from nba.data.shop import shop_tables, write_tables
from nba.errors import ConfigError, DataError
from nba.schema import FLAT, ORDER_LINES, TABLES

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
        status_assumed: True where the source has no status and `delivered` was assumed.
        unmapped_columns: source columns that no column of ours takes, by file.
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
        self._files: list[FileReport] = []
        self._rejected: list[tuple[str, Rejected]] = []
        self._unmapped: dict[str, Sequence[str]] = {}
        self._status_assumed = False

    def run(self, paths: Sequence[Path], max_bad: float) -> ImportReport:
        resolve.create_inputs(self._connection)
        existing = shop_tables(self._shop)
        for number, path in enumerate(paths):
            self._announce(f"reading {path.name}")
            self._load(read_file(self._connection, path, f"raw_{number}"), f"good_{number}")
        self._announce("resolving orders and products")
        resolve.resolve(self._connection, existing)
        self._reject_orphans()
        report = ImportReport(
            self._files,
            dict(Counter(rule for _, (_, _, rule, _, _) in self._rejected).most_common()),
            [sentence(source, row) for source, row in self._rejected[:_EXAMPLES]],
        )
        self._write_quarantine(existing.get("quarantine"))
        if report.rows_read and report.rows_quarantined > max_bad * report.rows_read:
            write_tables(self._connection, self._shop, ["quarantine"])
            raise DataError(
                f"{report.rows_quarantined} of {report.rows_read} rows are bad, more than the "
                f"{max_bad:.0%} allowed; nothing was loaded, the rows are in "
                f"{self._shop / 'quarantine.parquet'}",
                *report.examples,
                _advice(report.rules),
            )
        self._announce("writing the shop")
        write_tables(
            self._connection, self._shop, ["products", "orders", "order_lines", "quarantine"]
        )
        return self._counted(report)

    def _load(self, raw: Raw, good: str) -> None:
        mapping = self._mapping_of(raw)
        bad = judge(self._connection, raw, mapping, self._zone or mapping.zone, good)
        if mapping.table is FLAT:
            conflicts = resolve.add_flat(self._connection, good)
            bad += self._conflicts(raw, conflicts)
            self._status_assumed |= "status" not in mapping.columns
        else:
            resolve.add_rows(self._connection, mapping.table, good)
        read = raw.row_count + len(raw.rejects)
        if read == 0:
            raise DataError(f"{raw.source} has a header and no row; expected one row an order line")
        self._rejected += [(raw.source, row) for row in bad]
        self._files.append(
            FileReport(raw.source, mapping.table.name, read, read - len(bad), len(bad))
        )
        unmapped = [name for name in raw.columns if name not in mapping.uses]
        if unmapped:
            self._unmapped[raw.source] = unmapped

    def _mapping_of(self, raw: Raw) -> FileMapping:
        if self._mapping is not None:
            found = self._mapping.match(raw.columns)
            if found is None:
                raise DataError(
                    f"{raw.source} is no file of {self._mapping.name}: its columns are "
                    f"{', '.join(raw.columns)}"
                )
            return found
        for table in TABLES.values():
            if set(table.required) <= set(raw.columns):
                return FileMapping.identity(table, raw.columns)
        closest = min(TABLES.values(), key=lambda t: len(set(t.required) - set(raw.columns)))
        missing = [name for name in closest.required if name not in raw.columns]
        raise DataError(
            f"{raw.source} lacks the column {', '.join(missing)} of a {closest.name} file; "
            f"it has {', '.join(raw.columns)}"
        )

    def _conflicts(self, raw: Raw, rows: Sequence[int]) -> list[Rejected]:
        texts = raw_texts(self._connection, raw.view, rows)
        return [
            (line, "order_id", "order_conflict", json.loads(texts[row]).get("order_id"), texts[row])
            for row, line in zip(rows, raw.lines_of(rows), strict=True)
        ]

    def _reject_orphans(self) -> None:
        """Quarantine the lines of orders that neither the files nor the shop hold."""
        orphans = self._connection.execute("""
            SELECT l.* EXCLUDE (_version), to_json(l) FROM lines_in l
            WHERE order_id NOT IN (SELECT order_id FROM orders) ORDER BY order_id, line_no
        """).fetchall()
        if not orphans:
            return
        source = next(one.source for one in self._files if one.table == ORDER_LINES.name)
        self._rejected += [
            (source, (0, "order_id", "unknown_order", row[0], row[-1])) for row in orphans
        ]
        self._files = [
            replace(
                one,
                rows_loaded=one.rows_loaded - len(orphans),
                rows_quarantined=one.rows_quarantined + len(orphans),
            )
            if one.source == source and one.table == ORDER_LINES.name
            else one
            for one in self._files
        ]

    def _write_quarantine(self, existing: str | None) -> None:
        self._connection.execute(
            'CREATE TEMP TABLE quarantine (source VARCHAR, line BIGINT, "column" VARCHAR, '
            "rule VARCHAR, value VARCHAR, raw VARCHAR)"
        )
        if existing is not None:
            self._connection.execute(f"INSERT INTO quarantine BY NAME {existing}")
        if self._rejected:
            self._connection.executemany(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)",
                [(source, *row) for source, row in self._rejected],
            )

    def _counted(self, report: ImportReport) -> ImportReport:
        def one(query: str) -> int:
            row = self._connection.execute(query).fetchone()
            return int(row[0]) if row else 0

        return ImportReport(
            self._files,
            report.rules,
            report.examples,
            orders=one("SELECT count(*) FROM orders"),
            order_lines=one("SELECT count(*) FROM order_lines"),
            products=one("SELECT count(*) FROM products"),
            customers=one("SELECT count(DISTINCT customer_id) FROM orders"),
            guest_orders=one("SELECT count(*) FROM orders WHERE customer_id IS NULL"),
            products_without_catalogue=one(
                "SELECT count(*) FROM products WHERE title = product_id"
            ),
            repeated_lines=one("""
                SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM order_lines
                GROUP BY order_id, product_id, quantity, unit_price, discount HAVING n > 1)"""),
            status_assumed=self._status_assumed,
            unmapped_columns=self._unmapped,
        )


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"{zone!r} is no time zone; expected a name such as Europe/Kyiv"
        ) from None


def _advice(rules: Mapping[str, int]) -> str:
    if "naive_timestamp" in rules:
        return "timestamps without a zone: add it, or name the shop's with --zone Europe/Kyiv"
    return "mend the file, or allow more with --max-bad 20%"
