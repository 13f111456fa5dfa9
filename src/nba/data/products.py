"""The products of a shop: catalogue rows, their states, and what order lines say of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nba.data.checks import EARLIEST, quoted
from nba.data.intake import HELD, RESOLVED_BY, TOLD_BY_ORDERS, TOLD_CELLS, Intake, one
from nba.schema import ORDER_LINES, PRODUCT_STATES, PRODUCTS

_TOLD: Final = ("title", *TOLD_CELLS, "currency")
_STATE_CELLS: Final = PRODUCT_STATES.names[2:]
_BEGINNING: Final = f"TIMESTAMP '{EARLIEST}'"
"""When the state begins that a catalogue without instants gives."""
UNRESOLVED: Final = "nothing"
"""`resolved_by` of a line whose product is in no catalogue."""
LISTED: Final = 1000
"""Unresolved products that a report lists, those of most lines first."""


@dataclass(frozen=True, slots=True)
class Found:
    """How order lines that name no product id were given one.

    Attributes:
        lines: `resolved_by` → lines: `sku` (a product's SKU or id), `variant_title` (a product's
            whole title), `title` (a title without the variant after its last ` - `), `nothing`.
        unresolved: (SKU, title, lines) of what was not found; at most `LISTED`.
    """

    lines: Mapping[str, int]
    unresolved: Sequence[tuple[str | None, str | None, int]]


def gather_catalogue(intake: Intake) -> int:
    """Make the table `catalogue` of what catalogues say of each product.

    A cell holds until a later import fills it anew. Where the shop holds states of a product, the
    cells a catalogue gave stand in its first state.

    Returns:
        How many catalogue rows were left out, because their product has another one.
    """
    connection = intake.connection
    names = [*PRODUCTS.names[1:], *intake.kept(PRODUCTS)]
    connection.execute(f"CREATE TEMP VIEW new_products AS FROM products_in WHERE _n_set <> {HELD}")
    repeated = one(connection, "SELECT count(*) - count(DISTINCT product_id) FROM new_products")
    chosen = "FROM new_products"
    if repeated:
        by_content = ", ".join(quoted(name) for name in names)
        chosen = f"SELECT DISTINCT ON (product_id) * {chosen} ORDER BY product_id, {by_content}"
    first_state = ", ".join(
        f"CASE WHEN s.product_id IS NULL THEN p.{name} ELSE s.{name} END AS {name}"
        for name in _STATE_CELLS
    )
    cells = ", ".join(
        f"coalesce(n.{quoted(name)}, {_held(name)}) AS {quoted(name)}" for name in names
    )
    connection.execute(f"""
        CREATE TEMP TABLE catalogue AS
        WITH n AS ({chosen}),
            s AS (FROM product_states_in WHERE _n_set = {HELD} AND "at" = {_BEGINNING}),
            h AS (
                SELECT p.* REPLACE ({first_state})
                FROM products_in p LEFT JOIN s USING (product_id) WHERE p._n_set = {HELD})
        SELECT product_id, {cells} FROM n FULL JOIN h USING (product_id)
    """)
    return repeated


def find_products(intake: Intake) -> Found:
    """Make `order_lines` and `order_versions`, each line with a product id.

    A line that names none is looked up by its SKU, then by its title; one that is not found takes
    its SKU, else a stable id made of its title.
    """
    connection = intake.connection
    connection.execute("""
        CREATE TEMP TABLE unnamed AS
        SELECT DISTINCT sku, title FROM (
            SELECT product_id, sku, title FROM lines_shown
            UNION ALL SELECT product_id, sku, title FROM versions_kept)
        WHERE product_id IS NULL AND coalesce(sku, title) IS NOT NULL
    """)
    sources = (("order_lines", "lines_shown"), ("order_versions", "versions_kept"))
    if not one(connection, "SELECT count(*) FROM unnamed"):
        for name, source in sources:
            connection.execute(
                f"CREATE TEMP VIEW {name} AS "
                f"SELECT *, CAST(NULL AS VARCHAR) AS {RESOLVED_BY} FROM {source}"
            )
        return Found({}, [])
    _look_up(intake)
    for name, source in sources:
        connection.execute(f"""
            CREATE TEMP TABLE {name} AS
            SELECT l.* REPLACE (coalesce(l.product_id, k.product_id) AS product_id),
                CASE WHEN l.product_id IS NULL THEN k.{RESOLVED_BY} END AS {RESOLVED_BY}
            FROM {source} l LEFT JOIN known k
                ON l.sku IS NOT DISTINCT FROM k.sku AND l.title IS NOT DISTINCT FROM k.title
        """)
    lines = connection.execute(f"""
        SELECT {RESOLVED_BY}, count(*) FROM order_lines WHERE {RESOLVED_BY} IS NOT NULL
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    unresolved = connection.execute(f"""
        SELECT sku, title, count(*) FROM order_lines WHERE {RESOLVED_BY} = '{UNRESOLVED}'
        GROUP BY ALL ORDER BY count(*) DESC, sku, title LIMIT {LISTED}
    """).fetchall()
    return Found(dict(lines), unresolved)


def _look_up(intake: Intake) -> None:
    """Make the table `known`: (SKU, title) of unnamed lines → product id, and what found it.

    An SKU or a title that several products share finds none of them.
    """
    intake.connection.execute(rf"""
        CREATE TEMP TABLE known AS
        WITH listed AS (FROM catalogue WHERE title IS NOT NULL),
        skus AS (
            SELECT sku, max(product_id) AS id
            FROM (
                SELECT product_id AS sku, product_id FROM listed
                UNION ALL SELECT sku, product_id FROM listed WHERE sku IS NOT NULL)
            GROUP BY sku HAVING count(DISTINCT product_id) = 1),
        titles AS (
            SELECT lower(trim(title)) AS title, max(product_id) AS id FROM listed
            GROUP BY ALL HAVING count(*) = 1),
        lines AS (
            SELECT *, lower(trim(title)) AS whole,
                regexp_replace(whole, '^(.*) - .*$', '\1') AS base FROM unnamed)
        SELECT l.sku, l.title,
            coalesce(s.id, w.id, b.id, l.sku, 't_' || left(md5(whole), 16)) AS product_id,
            CASE WHEN s.id IS NOT NULL THEN 'sku' WHEN w.id IS NOT NULL THEN 'variant_title'
                WHEN b.id IS NOT NULL THEN 'title' ELSE '{UNRESOLVED}' END AS {RESOLVED_BY}
        FROM lines l LEFT JOIN skus s ON l.sku = s.sku
            LEFT JOIN titles w ON w.title = whole LEFT JOIN titles b ON b.title = base
    """)


def make_product_states(intake: Intake) -> None:
    """Make the table `product_states`.

    Of a product that has states, what catalogues gave is its first state, even where that is
    nothing, so that an earlier instant sees it after `products` has moved on to the latest.
    """
    given = ", ".join(
        f"CASE WHEN g.product_id IS NULL THEN c.{name} ELSE g.{name} END" for name in _STATE_CELLS
    )
    others = "".join(
        f", CAST(NULL AS VARCHAR) AS {quoted(name)}" for name in intake.kept(PRODUCT_STATES)
    )
    intake.connection.execute(f"""
        CREATE TEMP TABLE product_states AS
        WITH told AS (FROM product_states_merged WHERE "at" <> {_BEGINNING}),
            g AS (
                SELECT DISTINCT ON (product_id) * FROM product_states_in
                WHERE _n_set <> {HELD} AND "at" = {_BEGINNING}
                ORDER BY product_id, {", ".join(_STATE_CELLS)}),
            first_states AS (SELECT product_id FROM g UNION SELECT product_id FROM told)
        FROM told
        UNION ALL
        SELECT product_id, {_BEGINNING} AS "at", {given}{others}
        FROM first_states LEFT JOIN catalogue c USING (product_id) LEFT JOIN g USING (product_id)
    """)


def make_products(intake: Intake) -> None:
    """Make the table `products` of `catalogue`, the latest states, `orders` and `order_lines`.

    A cell no catalogue filled takes what the newest order line says, and a title at last the
    product id; `told_by_orders` names those cells, so that they give way to a catalogue and to
    newer lines.
    """
    connection = intake.connection
    names = [*PRODUCTS.names[1:], *intake.kept(PRODUCTS)]
    spelled = {name.casefold(): f"l.{quoted(name)}" for name in intake.kept(ORDER_LINES)}
    said = spelled | {"title": "l.title", "currency": "o.currency"}
    newest = ", ".join(
        f"arg_max({cell}, (o.ordered_at, {cell})) AS {name}"
        for name, cell in ((name, said.get(name, "CAST(NULL AS VARCHAR)")) for name in _TOLD)
    )
    connection.execute(f"""
        CREATE TEMP TABLE told AS
        SELECT product_id, {newest} FROM order_lines l JOIN orders o USING (order_id)
        GROUP BY product_id
    """)
    shown = ", ".join(_shown(name) for name in names if name != "title")
    by_orders = ", ".join(
        f"CASE WHEN c.{name} IS NULL AND {filled} THEN '{name}' END"
        for name, filled in (
            (name, "TRUE" if name == "title" else f"t.{name} IS NOT NULL") for name in _TOLD
        )
    )
    connection.execute(f"""
        CREATE TEMP TABLE products AS
        WITH c AS (FROM catalogue WHERE title IS NOT NULL),
            s AS (
                FROM product_states
                QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY "at" DESC) = 1)
        SELECT product_id, coalesce(c.title, t.title, product_id) AS title, {shown},
            nullif(concat_ws(',', {by_orders}), '') AS {TOLD_BY_ORDERS}
        FROM c FULL JOIN told t USING (product_id) LEFT JOIN s USING (product_id)
    """)


def _shown(name: str) -> str:
    """Give a cell of a product: of its latest state, of the catalogue, or as orders tell it."""
    if name in _STATE_CELLS:
        return f"CASE WHEN s.product_id IS NULL THEN c.{name} ELSE s.{name} END AS {name}"
    return f"coalesce(c.{name}, t.{name}) AS {name}" if name in _TOLD else f"c.{quoted(name)}"


def _held(name: str) -> str:
    cell = f"h.{quoted(name)}"
    if name not in _TOLD:
        return cell
    return (
        f"CASE WHEN NOT coalesce(list_contains(string_split(h.{TOLD_BY_ORDERS}, ','), '{name}'), "
        f"FALSE) THEN {cell} END"
    )
