"""The product table of a shop: catalogue rows, and what order lines say of other products."""

from __future__ import annotations

from typing import Final

from nba.data.checks import quoted
from nba.data.intake import HELD, TOLD_BY_ORDERS, TOLD_CELLS, Intake, one
from nba.schema import ORDER_LINES, PRODUCTS

_TOLD: Final = (*TOLD_CELLS, "currency")


def resolve_products(intake: Intake) -> int:
    """Make the table `products` from `products_in`, `orders` and `order_lines`.

    A catalogue cell holds until a later import fills it anew. A cell no catalogue filled takes
    what the newest order line says, and a title at last the product id; `told_by_orders` names
    those cells, so that they give way to a catalogue and to newer lines.

    Returns:
        How many catalogue rows were left out, because their product has another one.
    """
    connection = intake.connection
    names = [*PRODUCTS.names[1:], *intake.kept(PRODUCTS)]
    spelled = {name.casefold(): f"l.{quoted(name)}" for name in intake.kept(ORDER_LINES)}
    said = spelled | {"currency": "o.currency"}
    newest = ", ".join(
        f"arg_max({cell}, (ordered_at, {cell})) AS {name}"
        for name, cell in ((name, said.get(name, "CAST(NULL AS VARCHAR)")) for name in _TOLD)
    )
    connection.execute(f"""
        CREATE TEMP TABLE told AS
        SELECT product_id, {newest} FROM order_lines l JOIN orders o USING (order_id)
        GROUP BY product_id
    """)
    connection.execute(f"CREATE TEMP VIEW new_products AS FROM products_in WHERE _n_set <> {HELD}")
    repeated = one(connection, "SELECT count(*) - count(DISTINCT product_id) FROM new_products")
    chosen = "FROM new_products"
    if repeated:
        by_content = ", ".join(quoted(name) for name in names)
        chosen = f"SELECT DISTINCT ON (product_id) * {chosen} ORDER BY product_id, {by_content}"
    catalogue = ", ".join(
        f"coalesce(n.{quoted(name)}, {_held(name)}) AS {quoted(name)}" for name in names
    )
    connection.execute(f"""
        CREATE TEMP TABLE catalogue AS
        WITH n AS ({chosen}), h AS (FROM products_in WHERE _n_set = {HELD})
        SELECT product_id, {catalogue} FROM n FULL JOIN h USING (product_id)
    """)
    shown = ", ".join(
        f"coalesce(c.{name}, t.{name}) AS {name}" if name in _TOLD else f"c.{quoted(name)}"
        for name in names
        if name != "title"
    )
    by_orders = ", ".join(
        f"CASE WHEN c.{name} IS NULL AND {filled} THEN '{name}' END"
        for name, filled in (
            (name, "TRUE" if name == "title" else f"t.{name} IS NOT NULL") for name in _TOLD
        )
    )
    connection.execute(f"""
        CREATE TEMP TABLE products AS
        SELECT product_id, coalesce(c.title, t.title, product_id) AS title, {shown},
            nullif(concat_ws(',', {by_orders}), '') AS {TOLD_BY_ORDERS}
        FROM (SELECT * FROM catalogue WHERE title IS NOT NULL) c FULL JOIN told t USING (product_id)
    """)
    return repeated


def _held(name: str) -> str:
    cell = f"h.{quoted(name)}"
    if name not in _TOLD:
        return cell
    return (
        f"CASE WHEN NOT coalesce(list_contains(string_split(h.{TOLD_BY_ORDERS}, ','), '{name}'), "
        f"FALSE) THEN {cell} END"
    )
