"""A customer leaves a shop folder: every file is written anew without what is theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import duckdb

from nba.data.checks import literal
from nba.data.conforming import ADVICE
from nba.data.quarantine import write_quarantine_csv
from nba.data.readers import connect
from nba.data.retelling import retold_cells
from nba.data.shop import ALWAYS, shop_tables, write_tables
from nba.data.tombstones import KINDS, Kind, Tombstones
from nba.errors import DataError
from nba.mentions import spellings

_THEIRS: Final = "{0} IN (SELECT id FROM gone WHERE kind = '{1}')"
_ACCOUNT: Final = _THEIRS.format("customer_id", "customer")
_SESSION: Final = _THEIRS.format("session_id", "customer")
_ORDER: Final = _THEIRS.format("order_id", "order")
_MESSAGE: Final = _THEIRS.format("message_id", "message")
_REMOVED: Final = {
    "order_lines": _ORDER,
    "order_statuses": _ORDER,
    "message_events": _MESSAGE,
    "consents": _ACCOUNT,
    "customers": _ACCOUNT,
    "messages": _ACCOUNT,
    "order_versions": f"{_ACCOUNT} OR {_ORDER}",
    "orders": _ORDER,
    "events": f"{_ACCOUNT} OR (coalesce(customer_id, '') = '' AND ({_SESSION} OR {_ORDER}))",
}
"""Table → which of its rows are removed. What tells whose a row is comes after what is found by
it, so that a process killed in between can be asked again."""
_UNNAMED: Final = {
    "events": {"session_id": (_SESSION, "NULL"), "order_id": (_ORDER, "NULL")},
}
"""Cells of others' rows that may name what is theirs: whether one does, and what stays there."""
_NOTHING: Final[Mapping[str, tuple[str, str]]] = {}
_TOLD_BY: Final = {
    "orders": "order_id",
    "order_versions": "order_id",
    "messages": "message_id",
    "message_events": "message_id",
}
"""Tables of which a row with the customer's id tells an id that is theirs."""
_ADDRESS: Final = re.compile(r"[^\s\"',:;<>\\]+@[^\s\"',:;<>\\]+")


def accounts_of(shop: Path, customer: str) -> list[str]:
    """Give a customer, and every account and session that a shop folder says is theirs too.

    Raises:
        DataError: the folder is no shop.
    """
    with _erasing(shop, customer) as erasing:
        return erasing.accounts()


def erase_customer(shop: Path, customer: str) -> dict[str, int]:
    """Remove a customer, with every account merged with theirs, from a shop folder.

    Tombstones stay, which imports obey. Asked again, what a killed process left is removed.

    Args:
        shop: the folder.
        customer: an id; nobody need know it.

    Returns:
        Table → rows removed, or rid of their ids; tables without any are left out.

    Raises:
        DataError: the folder is no shop, or cannot be written.
    """
    with _erasing(shop, customer) as erasing:
        return erasing.run()


@contextmanager
def _erasing(shop: Path, customer: str) -> Iterator[_Erasing]:
    sources = shop_tables(shop)
    if not sources:
        raise DataError(f"{shop} is no shop folder; expected one that nba import filled")
    try:
        with connect() as connection:
            yield _Erasing(connection, shop, customer, sources)
    except duckdb.Error as error:
        problem = str(error).splitlines()[0]
        raise DataError(
            f"{shop} is not a shop this version can read: {problem}; {ADVICE}"
        ) from None
    except OSError as error:
        raise DataError(f"{shop} cannot be written: {error.strerror}") from None


class _Erasing:
    """One erasure: the connection, and the table `gone` of the ids that go."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        shop: Path,
        customer: str,
        sources: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._shop = shop
        self._customer = customer
        self._sources = sources

        self._find_accounts()

    def accounts(self) -> list[str]:
        """List the customer's accounts."""
        return self._gone("customer")

    def run(self) -> dict[str, int]:
        """Leave tombstones and remove the rows; count them by table."""
        self._find_belongings()
        self._find_rejected_orders()
        tombstones = Tombstones.read(self._shop)
        for kind in KINDS:
            tombstones = tombstones.adding(kind, self._gone(kind))
        tombstones.write(self._shop)
        for left in [*self._shop.glob("*.parquet.new"), *self._shop.glob("*.csv.new")]:
            left.unlink()
        unnamed = {**_UNNAMED, "customers": self._retold()}
        counts = {"quarantine": self._clear_quarantine()}
        for name, condition in _REMOVED.items():
            counts[name] = self._clear(name, condition, unnamed.get(name, _NOTHING))
        return {name: count for name, count in counts.items() if count}

    def _find_accounts(self) -> None:
        """Make the table `gone` of (kind, id), with the customer and whoever was merged."""
        merges = f"({self._cells('events', 'session_id', 'customer_id', 'type')})"
        self._connection.execute(
            f"""
            CREATE TEMP TABLE gone AS
            WITH RECURSIVE merges(one, other) AS (
                SELECT session_id, customer_id FROM {merges} WHERE type = 'merge'
                UNION ALL SELECT customer_id, session_id FROM {merges} WHERE type = 'merge'),
            linked(id) AS (
                SELECT ?::VARCHAR
                UNION SELECT other FROM linked JOIN merges ON one = id WHERE other IS NOT NULL)
            SELECT 'customer' AS kind, id FROM linked
            """,
            [self._customer],
        )

    def _find_belongings(self) -> None:
        """Add the orders and messages of the accounts to `gone`."""
        told = {
            name: f"SELECT {one} FROM ({self._cells(name, one, 'customer_id')}) WHERE {_ACCOUNT}"
            for name, one in _TOLD_BY.items()
        }
        # An order that somebody else has now is not theirs to take along.
        self._connection.execute(f"""
            INSERT INTO gone
            SELECT 'order', * FROM ({told["orders"]} UNION (
                {told["order_versions"]} EXCEPT {self._cells("orders", "order_id")}))
            UNION ALL
            SELECT 'message', * FROM ({told["messages"]} UNION {told["message_events"]})
        """)

    def _find_rejected_orders(self) -> None:
        """Add the orders that were rejected as theirs, whose lines then had no order."""
        if "quarantine" not in self._sources:
            return
        held = f"({self._sources['quarantine']})"
        theirs = self._connection.execute(f"SELECT raw FROM {held} WHERE {self._mentioned()}")
        cells = {cell for (raw,) in theirs.fetchall() for cell in _cells_of(raw)}
        orphans = self._connection.execute(
            f"SELECT DISTINCT value FROM {held} WHERE rule = 'unknown_order'"
        )
        self._connection.execute(
            "INSERT INTO gone SELECT 'order', unnest(?::VARCHAR[])",
            [sorted(cells & {value for (value,) in orphans.fetchall()})],
        )

    def _retold(self) -> dict[str, tuple[str, str]]:
        """Give what is told of others with the accounts, as `_UNNAMED` has it of a table."""
        if "customers" not in self._sources:
            return {}
        others = f"({self._sources['customers']})"
        return retold_cells(self._connection, others, self._gone("customer"))

    def _mentioned(self) -> str:
        """Give the condition of rejected rows in which one of the ids or addresses stands."""
        words = "|".join(map(re.escape, spellings([*self._gone(), *self._addresses()])))
        pattern = literal(f"(^|[^0-9A-Za-z])({words})($|[^0-9A-Za-z])")
        cells = (f"coalesce(regexp_matches({name}, {pattern}), FALSE)" for name in ("value", "raw"))
        return f"({' OR '.join(cells)})"

    def _cells(self, name: str, *columns: str) -> str:
        """Give the SQL that reads columns of a table; of one that is not there, no rows."""
        if name in self._sources:
            return f"SELECT {', '.join(columns)} FROM ({self._sources[name]})"
        cells = ", ".join(f"NULL::VARCHAR AS {column}" for column in columns)
        return f"SELECT {cells} WHERE FALSE"

    def _gone(self, kind: Kind | None = None) -> list[str]:
        where = "" if kind is None else f"WHERE kind = {literal(kind)}"
        found = self._connection.execute(f"SELECT id FROM gone {where} ORDER BY ALL").fetchall()
        return [one for (one,) in found]

    def _addresses(self) -> list[str]:
        """List the e-mail addresses that stand in what the shop keeps of the customer."""
        if "customers" not in self._sources:
            return []
        rows = self._connection.execute(
            f"SELECT to_json(kept)::VARCHAR FROM ({self._sources['customers']}) AS kept "
            f"WHERE {_ACCOUNT}"
        ).fetchall()
        return sorted({address for (row,) in rows for address in _ADDRESS.findall(row)})

    def _clear_quarantine(self) -> int:
        """Remove the rejected rows that are theirs."""
        if "quarantine" not in self._sources:
            return 0
        count = self._clear("quarantine", self._mentioned())
        # A process that was killed may have left the one of before.
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW quarantine AS {self._sources['quarantine']}"
        )
        write_quarantine_csv(self._connection, self._shop)
        return count

    def _clear(
        self, name: str, condition: str, cells: Mapping[str, tuple[str, str]] = _NOTHING
    ) -> int:
        """Write a table anew without some rows; give how many were removed or changed."""
        if name not in self._sources:
            return 0
        source = self._sources[name]
        named = " OR ".join(f"coalesce({one}, FALSE)" for one, _ in cells.values()) or "FALSE"
        removed = f"coalesce({condition}, FALSE)"
        (count,) = self._connection.execute(
            f"SELECT count(*) FROM ({source}) WHERE {removed} OR {named}"
        ).fetchall()[0]
        if not count:
            return 0
        replaced = ", ".join(
            f"CASE WHEN {one} THEN {left} ELSE {cell} END AS {cell}"
            for cell, (one, left) in cells.items()
        )
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS "
            f"SELECT * {f'REPLACE ({replaced})' if cells else ''} FROM ({source}) "
            f"WHERE NOT {removed}"
        )
        left = self._connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
        if left is None and name not in ALWAYS:
            with suppress(FileNotFoundError):
                (self._shop / f"{name}.parquet").unlink()
        else:
            write_tables(self._connection, self._shop, [name])
        return int(count)


def _cells_of(raw: str | None) -> set[str]:
    """Give the cells of a rejected row; of one that could not be split there are none."""
    try:
        row = json.loads(raw or "")
    except ValueError:
        return set()
    return {str(cell) for cell in row.values()} if isinstance(row, dict) else set()
