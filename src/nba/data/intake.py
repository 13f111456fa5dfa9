"""The intake of an import: what its files say, table by table, and what the shop already holds.

An order in a file replaces that order whole. So every row of `orders_in` and `lines_in` carries
the number of the set it came in (`_n_set`): a flat file is one set, and where it gives an order
twice, a set a version; the files of orders and of order lines are one set together; what the shop
shows now is another, and so is each version that gave way earlier. `nba.data.resolve` then chooses
one set an order. Rows of all other tables meet by their keys, in `nba.data.merging`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import duckdb

from nba.data.checks import SQL_TYPES, literal, quoted
from nba.schema import FLAT, ORDER_LINES, ORDER_VERSIONS, ORDERS, TABLES, Table
from nba.statuses import STATUSES

_OWNER: Final = ("order_id", "customer_id", "ordered_at")
"""What all versions of an order have in common."""
ORDER_CELLS: Final = tuple(name for name in ORDERS.names if name in FLAT.names)
LINE_CELLS: Final = tuple(
    name
    for name in ORDER_LINES.names
    if name in FLAT.names and name not in ("order_id", "discount")
)
TOLD_CELLS: Final = ("category", "brand")
"""What a line of a flat file says of its product, beside the title."""
TOLD_BY_ORDERS: Final = "told_by_orders"
"""Column of `products` that names the cells that order lines filled, not a catalogue."""
RESOLVED_BY: Final = "resolved_by"
"""Column of `order_lines`: what found the product of a line that named none by its id."""
LINES_VERSION: Final = "lines_version"
"""Column of `orders`: the earlier version whose lines are shown, as the order itself had none."""
TABLES_HELD: Final = (
    *(table for table in TABLES.values() if table is not FLAT),
    ORDER_VERSIONS,
)

CANONICAL, HELD = 0, -1
ASSUMED_STATUS: Final = "delivered"

KNOWN_AT: Final = "coalesce(status_at, delivered_at, ordered_at)"
FLOW: Final = f"list_position([{','.join(literal(status) for status in STATUSES)}], status)"

_INTERNAL: Final = {
    "orders": f", {LINES_VERSION} VARCHAR, _n_version VARCHAR",
    "order_lines": f", {RESOLVED_BY} VARCHAR, _n_file INTEGER, _n_row BIGINT",
    "order_versions": f", {RESOLVED_BY} VARCHAR",
    "products": f", {TOLD_BY_ORDERS} VARCHAR",
}
_OURS: Final = {
    "orders": {LINES_VERSION},
    "order_lines": {RESOLVED_BY},
    "order_versions": {RESOLVED_BY},
    "products": {TOLD_BY_ORDERS},
}


def collected(table: Table) -> str:
    """Name the DuckDB table in which the rows of a table are collected."""
    return "lines_in" if table is ORDER_LINES else f"{table.name}_in"


class Intake:
    """What has been taken in so far, as the DuckDB tables that `collected` names."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the empty tables."""
        self.connection = connection
        self._next_set = 1
        self._kept: dict[str, dict[str, str]] = {table.name: {} for table in TABLES_HELD}
        for table in TABLES_HELD:
            columns = ", ".join(
                f"{quoted(column.name)} {SQL_TYPES[column.kind]}" for column in table.columns
            )
            connection.execute(
                f"CREATE TEMP TABLE {collected(table)} "
                f"({columns}{_INTERNAL.get(table.name, '')}, _n_set INTEGER)"
            )

    def kept(self, table: Table) -> list[str]:
        """List the columns beyond the contract that a table has, sorted."""
        spelled = self._kept[table.name]
        return [spelled[name] for name in sorted(spelled)]

    def add(
        self, table: Table, good: str, *, kept: Collection[str] = (), file: int = 0
    ) -> list[int]:
        """Take in the checked rows of one file or frame.

        Args:
            table: what they are; rows of FLAT are split into orders and lines.
            good: the DuckDB table of the rows: the columns of `table`, `kept` and `_n_row`.
            kept: columns beyond the contract.
            file: a number that stands for the file; lines remember it.

        Returns:
            The `_n_row` numbers of those left out, because their order id also stands for another
            customer or another instant. The version with the later status is taken.
        """
        if table is FLAT:
            return self._add_flat(good, kept, file)
        held_as = self._widen(table, kept)
        clashing = []
        if table is ORDERS and self._has_repeated_orders(good):
            clashing = self._take_clashes(good)
        place = f", {file} AS _n_file, _n_row" if table is ORDER_LINES else ""
        self.connection.execute(f"""
            INSERT INTO {collected(table)} BY NAME
            SELECT {_items([_columns(table.names), *_renamed(held_as)])},
                {CANONICAL} AS _n_set{place}
            FROM {good}
        """)
        return clashing

    def add_held(self, table: Table, query: str) -> None:
        """Take in what the shop already holds of a table."""
        held = [name for name, *_ in self.connection.execute(f"DESCRIBE {query}").fetchall()]
        known = {*table.names, *_OURS.get(table.name, ())}
        held_as = self._widen(table, [name for name in held if name not in known])
        cells = _items([_columns(name for name in held if name in known), *_renamed(held_as)])
        if RESOLVED_BY in held:
            # What a catalogue resolved, another may resolve otherwise: only what was given counts.
            given = f"CASE WHEN {RESOLVED_BY} IS NULL THEN product_id END AS product_id"
            query = f"SELECT * REPLACE ({given}) FROM ({query})"
        self.connection.execute(
            f"INSERT INTO {collected(table)} BY NAME "
            f"SELECT {cells}, {HELD} AS _n_set FROM ({query})"
        )

    def _add_flat(self, good: str, kept: Collection[str], file: int) -> list[int]:
        others = [*(name for name in TOLD_CELLS if self._is_filled(good, name)), *kept]
        held_as = self._widen(ORDER_LINES, others)
        self._gather_orders(good)
        clashing, version = [], "0"
        if self._has_repeated_orders():
            self._fill_order_cells(good)
            clashing = self._take_clashes(good)
            version = self._number_versions(good)
            self._gather_orders(good, version)
        first = self._next_set
        self.connection.execute(f"""
            INSERT INTO orders_in BY NAME
            SELECT * EXCLUDE (version)
                REPLACE (coalesce(status, {literal(ASSUMED_STATUS)}) AS status),
                {first} + version AS _n_set
            FROM gathered
        """)
        self.connection.execute(f"""
            INSERT INTO lines_in BY NAME
            SELECT {_items(["order_id", _columns(LINE_CELLS), *_renamed(held_as)])},
                line_discount AS discount,
                {first} + {version} AS _n_set, {file} AS _n_file, _n_row
            FROM {good}
        """)
        self._next_set += 1 + one(self.connection, "SELECT max(version) FROM gathered")
        return clashing

    def _gather_orders(self, good: str, version: str = "0") -> None:
        """Make the table `gathered` of the distinct order cells of a flat file."""
        self.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE gathered AS
            SELECT DISTINCT {_columns(ORDER_CELLS)}, {version} AS version FROM {good}
        """)

    def _has_repeated_orders(self, orders: str = "gathered") -> bool:
        """Make the table `repeated` of order ids that stand there more than once."""
        self.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE repeated AS
            SELECT order_id FROM {orders} GROUP BY order_id HAVING count(*) > 1
        """)
        return bool(one(self.connection, "SELECT count(*) FROM repeated"))

    def _fill_order_cells(self, good: str) -> None:
        """Fill empty order cells from other lines of the order, where those agree.

        Many exports write the cells of an order on its first line only.
        """
        names = [name for name in ORDER_CELLS if name not in ("order_id", "ordered_at")]
        agreed = ", ".join(
            f"CASE WHEN min({name}) = max({name}) THEN max({name}) END AS {name}" for name in names
        )
        filled = ", ".join(f"{name} = coalesce(g.{name}, agreed.{name})" for name in names)
        self.connection.execute(f"""
            UPDATE {good} g SET {filled} FROM (
                SELECT order_id, {agreed} FROM {good} SEMI JOIN repeated USING (order_id)
                GROUP BY order_id) agreed
            WHERE g.order_id = agreed.order_id
        """)
        self.connection.execute(
            f"UPDATE {good} SET status = {literal(ASSUMED_STATUS)} WHERE status IS NULL"
        )

    def _take_clashes(self, good: str) -> list[int]:
        """Take out rows whose order id stands for another customer or instant than the one kept."""
        found = self.connection.execute(f"""
            SELECT _n_row FROM (
                SELECT _n_row, (customer_id, ordered_at) AS owner, first_value(owner) OVER (
                    PARTITION BY order_id
                    ORDER BY {KNOWN_AT} DESC, {FLOW} DESC, ordered_at DESC, customer_id) AS holder
                FROM {good} SEMI JOIN repeated USING (order_id))
            WHERE owner IS DISTINCT FROM holder ORDER BY _n_row
        """).fetchall()
        clashing = [row for (row,) in found]
        if clashing:
            self.connection.execute(
                f"DELETE FROM {good} WHERE _n_row IN (SELECT unnest(?))", [clashing]
            )
        return clashing

    def _number_versions(self, good: str) -> str:
        """Number the versions of each order, from 0, and name the column of the numbers.

        Lines known from one instant are one version, though each may have a status of its own; of
        other cells in which they differ, the greater holds.
        """
        rank = f"CASE status WHEN 'cancelled' THEN 0 ELSE {FLOW} END"
        cells = [name for name in ORDER_CELLS if name not in (*_OWNER, "status")]
        united = ", ".join(f"{name}: max({name})" for name in cells)
        self.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE united AS
            SELECT order_id, {KNOWN_AT} AS known_at,
                row_number() OVER (PARTITION BY order_id ORDER BY known_at) - 1 AS version,
                min(status) <> max(status) AS has_several,
                {{status: arg_max(status, {rank}), {united}}} AS cells
            FROM {good} SEMI JOIN repeated USING (order_id) GROUP BY order_id, known_at
        """)
        self.connection.execute(f"ALTER TABLE {good} ADD COLUMN _n_version INTEGER DEFAULT 0")
        # A line that came back, or was never sent, while others of its order were kept.
        is_gone = "has_several AND status IN ('cancelled', 'returned')"
        changed = ", ".join(f"{name} = united.cells.{name}" for name in ("status", *cells))
        self.connection.execute(f"""
            UPDATE {good} g SET _n_version = united.version, {changed}, returned_quantity =
                CASE WHEN {is_gone} THEN coalesce(returned_quantity, quantity)
                    ELSE returned_quantity END
            FROM united WHERE g.order_id = united.order_id AND {KNOWN_AT} = united.known_at
        """)
        return "_n_version"

    def _is_filled(self, good: str, name: str) -> bool:
        return bool(one(self.connection, f"SELECT count({quoted(name)}) FROM {good}"))

    def _widen(self, table: Table, names: Iterable[str]) -> dict[str, str]:
        """Make room for columns beyond the contract; of two spellings the lesser one names it.

        SQL folds the capitals of ASCII alone, so every other spelling has to be said anew.

        Returns:
            Name → that of the column that holds it.
        """
        spelled = self._kept[table.name]
        held_as = {}
        for name in names:
            there = spelled.get(name.casefold())
            altered = f"ALTER TABLE {collected(table)}"
            if there is None:
                self.connection.execute(f"{altered} ADD COLUMN {quoted(name)} VARCHAR")
            elif name < there:
                self.connection.execute(
                    f"{altered} RENAME COLUMN {quoted(there)} TO {quoted(name)}"
                )
            held_as[name] = spelled[name.casefold()] = min(name, there or name)
        return held_as


def one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Give the one number a query finds; 0 for none."""
    row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def kept_names(table: Table, unused: Sequence[str]) -> dict[str, str]:
    """Give the name under which each unused column of a source is kept: its own, if that is free.

    Returns:
        Name → the source's column.
    """
    taken = {*table.names, *(FLAT.names if table is FLAT else ())}
    if table is FLAT:
        taken |= set(ORDER_LINES.names)
    taken |= {name for names in _OURS.values() for name in names}
    names: dict[str, str] = {}
    for source in unused:
        name = source
        while name.casefold() in taken or name[0] in "_@~=":
            name = f"source_{name}"
        taken.add(name.casefold())
        names[name] = source
    return names


def _columns(names: Iterable[str]) -> str:
    return _items(quoted(name) for name in names)


def _renamed(held_as: Mapping[str, str]) -> list[str]:
    return [f"{quoted(name)} AS {quoted(held)}" for name, held in held_as.items()]


def _items(items: Iterable[str]) -> str:
    return ", ".join(items)
