"""The account of an import: what became of every row that was read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from nba.data.records import Rejected
from nba.data.sniffing import Recognised
from nba.data.staging import Places
from nba.statuses import STATUSES

UNUSED: Final = "of no table"
"""Why a row is skipped that no entry of the mapping is about."""

_UNSEEN, _SKIPPED, _LOADED, _RETURNED, _QUARANTINED = range(5)


@dataclass(frozen=True, slots=True)
class FileReport:
    """The account of one source.

    rows_read = rows_loaded + rows_quarantined + rows_returned + rows_skipped; a row that fills
    several tables, or an order of several lines, counts once.

    Attributes:
        source: its name.
        table: the tables it fills.
        rows_read: rows, or JSON records.
        rows_loaded: those in the shop.
        rows_quarantined: those of which some part broke a rule.
        rows_returned: those that take back earlier purchases.
        skipped: reason → those left out on purpose.
    """

    source: str
    table: str
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_returned: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows_skipped(self) -> int:
        """Rows left out on purpose."""
        return sum(self.skipped.values())


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The account of one import.

    Attributes:
        files: one account a source.
        rules: broken rule → rows, over all files.
        examples: a few quarantined rows, as sentences.
        orders, order_lines, products, customers, guest_orders: what the shop holds now.
        products_without_catalogue: sold, but in no catalogue row; their title is their id.
        repeated_lines: lines that repeat another line of their order to the letter (kept).
        merged_lines: rows that repeat a line, its number included, to the letter; one is kept.
        repeated_products: catalogue rows of a product that has another in the same import; the
            one whose content sorts first is kept.
        superseded_orders: versions of orders that gave way to a later one; they are kept.
        repeated_rows: table → rows whose key another row of the import has; they became one row.
        resolved_lines: what found the product of lines that name no id → lines.
        unresolved_products: (SKU, title, lines) of those that no catalogue row matches, those of
            most lines first.
        ignored_consents: grants without an instant.
        illegal_jumps: `status → next status` that no flow allows → how often.
        waiting_statuses: statuses of orders that the shop does not hold yet.
        returns_unmatched: rows that take back more than was bought before.
        returns_examples: a few of them, as sentences.
        status_assumed: True where the source has no status and `delivered` was assumed.
        unknown_statuses: word → rows, of statuses that nobody knows.
        unmapped_columns: source columns that no column of ours takes, by file; they are kept as
            text in the table the file fills.
        personal_columns: source columns that are personal and were not stored, by file.
        recognised: what each source was taken for.
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
    repeated_rows: Mapping[str, int] = field(default_factory=dict)
    resolved_lines: Mapping[str, int] = field(default_factory=dict)
    unresolved_products: Sequence[tuple[str | None, str | None, int]] = ()
    ignored_consents: int = 0
    illegal_jumps: Mapping[str, int] = field(default_factory=dict)
    waiting_statuses: int = 0
    returns_unmatched: int = 0
    returns_examples: Sequence[str] = ()
    status_assumed: bool = False
    unknown_statuses: Mapping[str, int] = field(default_factory=dict)
    unmapped_columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    personal_columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    recognised: Sequence[Recognised] = ()

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
            "files": [asdict(one) | {"rows_skipped": one.rows_skipped} for one in self.files],
            "recognised": [row for one in self.recognised for row in one.to_rows()],
            "rows_read": self.rows_read,
            "rows_quarantined": self.rows_quarantined,
        }

    def advice(self) -> str:
        """Say how to mend the most frequent fault."""
        share = math.ceil(100 * self.rows_quarantined / max(self.rows_read, 1))
        # A line whose order is bad is bad for that alone: it says nothing of the fault.
        rule = max(
            self.rules, key=lambda name: (name != "unknown_order", self.rules[name]), default=""
        )
        return f"{_ADVICE.get(rule, 'mend the file')}; or load the rest with --max-bad {share}%"


class Fates:
    """What became of each row of a source; of two parts of a row the graver fate is the row's."""

    def __init__(self, row_count: int) -> None:
        """Know nothing of any row."""
        self._fate = np.full(row_count + 1, _UNSEEN, np.int8)
        self._reason = np.zeros(row_count + 1, np.int32)
        self._reasons = [UNUSED]
        self.rejected: dict[int, Rejected] = {}

    def load(self, places: Places) -> None:
        """Note rows that are taken in."""
        self._fate[places] = np.maximum(self._fate[places], _LOADED)

    def take_back(self, places: Places) -> None:
        """Note rows that take back purchases."""
        self._fate[places] = np.maximum(self._fate[places], _RETURNED)

    def skip(self, because: str, places: Places) -> None:
        """Note rows left out on purpose."""
        if because not in self._reasons:
            self._reasons.append(because)
        self._fate[places] = np.maximum(self._fate[places], _SKIPPED)
        self._reason[places] = np.where(
            self._reason[places] == 0, self._reasons.index(because), self._reason[places]
        )

    def reject(self, place: int, row: Rejected) -> None:
        """Note a bad row; the rule that was broken first names it."""
        self._fate[place] = _QUARANTINED
        self.rejected.setdefault(place, row)

    def account(self, source: str, table: str, unreadable: int) -> FileReport:
        """Count the rows by fate; `unreadable` could not even be split into cells."""
        count = np.bincount(self._fate[1:], minlength=_QUARANTINED + 1)
        left_out = self._reason[1:][self._fate[1:] <= _SKIPPED]
        skipped = {
            because: int((left_out == number).sum()) for number, because in enumerate(self._reasons)
        }
        return FileReport(
            source,
            table,
            len(self._fate) - 1 + unreadable,
            int(count[_LOADED]),
            int(count[_QUARANTINED]) + unreadable,
            int(count[_RETURNED]),
            {because: rows for because, rows in skipped.items() if rows},
        )


_ADVICE: Final = {
    "naive_timestamp": "timestamps without a zone: add it, or name it with --zone Europe/Kyiv",
    "not_an_instant": "instants are written 2026-10-01T08:00:00Z, or with an offset such as +02:00",
    "not_utf8": "text in another encoding: save the file as UTF-8",
    "not_a_number": "numbers are written with a decimal point and no thousands mark: 1039.90",
    "negative": "a return goes into returned_quantity; quantities and prices are never negative",
    "unknown_status": (
        f"the statuses are {', '.join(STATUSES)}; give the shop's own words in a TOML file with "
        "[statuses] (and extends = the preset), and import with --map"
    ),
}
