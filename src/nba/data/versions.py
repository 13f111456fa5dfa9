"""Versions of orders: the latest known is shown, all others are kept for replays.

A version is an order's cells with its lines. Its name is a hash of the cells, a hyphen, and a hash
of the lines, empty where it came without lines. Of two versions the one known later holds, then
the one further in the flow of statuses, then the one whose name is greater: when a file was
received decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from nba.data.checks import literal, quoted
from nba.data.intake import CANONICAL, FLOW, HELD, KNOWN_AT, LINES_VERSION, Intake, one
from nba.schema import ORDER_LINES, ORDER_VERSIONS, ORDERS

_LATEST_FIRST: Final = f"{KNOWN_AT} DESC, {FLOW} DESC, _n_name DESC"
_LINE_NAMES: Final = ORDER_LINES.names[1:]
_PARTED: Final = 1 << 20
"""Sets of the second and further versions of an order in one import; of flat files are fewer."""
_IN_VERSIONS: Final = {
    name: "line_discount" if name == "discount" else name for name in _LINE_NAMES
}
"""A line's column → its name in `order_versions`, where `discount` is the order's."""


def choose_versions(intake: Intake) -> int:
    """Make `orders`, `lines_shown` and `versions_kept` of `orders_in`, `lines` and earlier ones.

    Returns:
        How many versions gave way that had not before.
    """
    connection = intake.connection
    order_cells = [quoted(name) for name in (*ORDERS.names, *intake.kept(ORDERS))]
    line_cells = [quoted(name) for name in (*ORDER_LINES.names, *intake.kept(ORDER_LINES))]
    orders, lines = select(order_cells), select(line_cells)
    connection.execute(f"""
        CREATE TEMP TABLE contested AS
        SELECT order_id FROM orders_in GROUP BY order_id HAVING count(*) > 1
        UNION (
            SELECT order_id FROM lines WHERE _n_set = {CANONICAL}
            EXCEPT SELECT order_id FROM orders_in WHERE _n_set = {CANONICAL})
    """)
    kept = select([quoted(name) for name in ORDER_VERSIONS.names])
    if not one(connection, "SELECT count(*) FROM contested"):
        connection.execute(
            f"CREATE TEMP VIEW orders AS SELECT {orders}, {LINES_VERSION} FROM orders_in"
        )
        connection.execute(f"CREATE TEMP VIEW lines_shown AS SELECT {lines} FROM lines")
        connection.execute(
            f"CREATE TEMP VIEW versions_kept AS SELECT {kept} FROM order_versions_in"
        )
        return 0
    _recall_versions(intake)
    _part_headers(intake, order_cells)
    _adopt_lines(intake)
    _name_versions(intake, order_cells, line_cells)
    connection.execute(f"""
        CREATE TEMP TABLE shown AS
        SELECT order_id, _n_name, _n_set, _n_has_lines FROM versions
        QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY {_LATEST_FIRST}) = 1
    """)
    # An order that came without lines has those of its latest version that has some.
    connection.execute(f"""
        CREATE TEMP TABLE with_lines AS
        SELECT order_id, _n_name, _n_set FROM versions WHERE _n_has_lines
        QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY {_LATEST_FIRST}) = 1
    """)
    connection.execute(f"""
        CREATE TEMP TABLE orders AS
        SELECT {orders}, {LINES_VERSION} FROM orders_in ANTI JOIN contested USING (order_id)
        UNION ALL
        SELECT {select(order_cells, of="v.")},
            CASE WHEN NOT s._n_has_lines THEN w._n_name END AS {LINES_VERSION}
        FROM versions v JOIN shown s USING (order_id, _n_name)
            LEFT JOIN with_lines w USING (order_id)
    """)
    connection.execute(f"""
        CREATE TEMP TABLE lines_shown AS
        SELECT {lines} FROM lines ANTI JOIN contested USING (order_id)
        UNION ALL SELECT {lines} FROM lines SEMI JOIN with_lines USING (order_id, _n_set)
    """)
    of_line = ", ".join(f"l.{quoted(name)} AS {ours}" for name, ours in _IN_VERSIONS.items())
    connection.execute(f"""
        CREATE TEMP TABLE versions_kept AS
        SELECT {kept} FROM order_versions_in ANTI JOIN contested USING (order_id)
        UNION ALL BY NAME
        SELECT {_order_part("v", but="version")}, _n_name AS version, {of_line}
        FROM versions v ANTI JOIN shown USING (order_id, _n_name)
            LEFT JOIN lines l ON l.order_id = v.order_id AND l._n_set = v._n_set
    """)
    named = "SELECT count(DISTINCT (order_id, version)) FROM"
    return one(connection, f"{named} versions_kept") - one(connection, f"{named} order_versions_in")


def _recall_versions(intake: Intake) -> None:
    """Bring back the earlier versions of contested orders, each as a set of its own."""
    connection = intake.connection
    connection.execute(f"""
        CREATE TEMP TABLE earlier AS
        SELECT *, {HELD} - dense_rank() OVER (PARTITION BY order_id ORDER BY version) AS set_no
        FROM order_versions_in SEMI JOIN contested USING (order_id)
    """)
    connection.execute(f"""
        INSERT INTO orders_in BY NAME
        SELECT DISTINCT {_order_part("e", but="version")}, version AS _n_version, set_no AS _n_set
        FROM earlier e
    """)
    # Lines shown on behalf of an earlier version are that version's, with all their columns.
    connection.execute(f"""
        UPDATE lines SET _n_set = e.set_no FROM orders_in o, earlier e
        WHERE lines._n_set = {HELD} AND o._n_set = {HELD} AND o.order_id = lines.order_id
            AND e.order_id = o.order_id AND e.version = o.{LINES_VERSION}
    """)
    cells = ", ".join(f"e.{ours} AS {quoted(name)}" for name, ours in _IN_VERSIONS.items())
    connection.execute(f"""
        INSERT INTO lines BY NAME
        SELECT order_id, {cells}, set_no AS _n_set
        FROM earlier e WHERE line_no IS NOT NULL AND NOT EXISTS (
            FROM lines l WHERE l.order_id = e.order_id AND l._n_set = e.set_no)
    """)


def _part_headers(intake: Intake, order_cells: list[str]) -> None:
    """Let the lines of one import belong to the first version of an order that it gives."""
    intake.connection.execute(f"""
        UPDATE orders_in SET _n_set = {_PARTED} + later.place FROM (
            SELECT rowid AS row, row_number() OVER (
                PARTITION BY order_id ORDER BY {KNOWN_AT}, {FLOW}, {content(order_cells)}) AS place
            FROM orders_in SEMI JOIN contested USING (order_id) WHERE _n_set = {CANONICAL}) later
        WHERE orders_in.rowid = later.row AND later.place > 1
    """)


def _adopt_lines(intake: Intake) -> None:
    """Give lines that came without their order the order's cells as known from elsewhere.

    They are another version of the one whose lines are shown; where none has any, they are the
    lines of the first.
    """
    intake.connection.execute(f"""
        INSERT INTO orders_in
        SELECT * EXCLUDE (_n_sign) REPLACE ({CANONICAL} AS _n_set, NULL AS {LINES_VERSION},
            split_part(_n_version, '-', 1) AS _n_version)
        FROM (
            SELECT o.*, CASE WHEN l._n_set IS NULL THEN 1 ELSE -1 END AS _n_sign
            FROM orders_in o SEMI JOIN contested USING (order_id) LEFT JOIN (
                SELECT DISTINCT order_id, _n_set FROM lines) l USING (order_id, _n_set))
        WHERE order_id IN (SELECT order_id FROM lines WHERE _n_set = {CANONICAL})
            AND order_id NOT IN (SELECT order_id FROM orders_in WHERE _n_set = {CANONICAL})
        QUALIFY row_number() OVER (PARTITION BY order_id
            ORDER BY _n_sign, _n_sign * epoch_us({KNOWN_AT}), _n_sign * {FLOW}, _n_set) = 1
    """)


def _name_versions(intake: Intake, order_cells: list[str], line_cells: list[str]) -> None:
    """Make the table `versions`: one row a distinct version of a contested order."""
    intake.connection.execute(f"""
        CREATE TEMP TABLE versions AS
        WITH bodies AS (
            SELECT order_id, _n_set, md5(string_agg(_n_line, chr(30) ORDER BY _n_line)) AS _n_body
            FROM (SELECT order_id, _n_set, {content(line_cells)} AS _n_line
                  FROM lines SEMI JOIN contested USING (order_id))
            GROUP BY order_id, _n_set),
        named AS (
            SELECT o.*, CASE WHEN contains(_n_version, '-') THEN _n_version
                ELSE coalesce(_n_version, left(md5({content(order_cells)}), 16)) || '-'
                    || coalesce(left(_n_body, 16), '') END AS _n_name
            FROM orders_in o SEMI JOIN contested USING (order_id)
                LEFT JOIN bodies USING (order_id, _n_set)),
        distinct_ones AS (
            SELECT DISTINCT ON (order_id, _n_name) *, NOT ends_with(_n_name, '-') AS _n_has_lines
            FROM named ORDER BY order_id, _n_name, _n_set)
        SELECT * FROM distinct_ones
        -- One without lines says nothing beside the same order with lines.
        QUALIFY _n_has_lines OR NOT bool_or(_n_has_lines)
            OVER (PARTITION BY order_id, split_part(_n_name, '-', 1))
    """)


def _order_part(alias: str, *, but: str = "") -> str:
    """Select the cells of `order_versions` that belong to the order."""
    ours = (name for name in ORDER_VERSIONS.names if name not in _IN_VERSIONS.values())
    return ", ".join(f"{alias}.{quoted(name)}" for name in ours if name != but)


def content(cells: Iterable[str]) -> str:
    """Write filled cells as one text that does not depend on which empty columns there are."""
    named = (f"{literal(cell[1:-1].casefold() + '=')} || {cell}" for cell in cells)
    return f"concat_ws(chr(31), {', '.join(named)})"


def select(cells: Iterable[str], *, of: str = "") -> str:
    """Select cells under the names they have here, whatever the capitals in the table."""
    return ", ".join(f"{of}{cell} AS {cell}" for cell in cells)
