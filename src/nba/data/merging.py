"""Rows of one key become one row, in every table but orders, their lines and products.

Facts are appended: rows of one key fill each other's empty cells, and of two values the greater
holds, so that neither order nor repetition matters. What a shop maintains (customers, rules,
traffic) is updated: a cell that a later import fills replaces what was held.
"""

from __future__ import annotations

from typing import Final

from nba.data.checks import EARLIEST, literal, quoted
from nba.data.intake import HELD, Intake, collected, one
from nba.schema import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    ORDER_STATUSES,
    PRODUCT_STATES,
    RULES,
    TRAFFIC,
    Table,
)
from nba.vocabulary import CHANNELS

APPENDED: Final = (ORDER_STATUSES, PRODUCT_STATES, CONSENTS, EVENTS, MESSAGES, MESSAGE_EVENTS)
UPDATED: Final = (CUSTOMERS, RULES, TRAFFIC)
_SHORT_FORM: Final = "customers"
"""Source of a consent that a row of `customers` states."""


def merge_tables(intake: Intake) -> dict[str, int]:
    """Make the tables of facts and of what a shop maintains, under their names.

    Returns:
        Table → rows of this import whose key another row of it has; tables without any are left
        out.
    """
    repeated = {}
    for table in (*APPENDED, *UPDATED):
        others = [
            quoted(name) for name in (*table.names, *intake.kept(table)) if name not in table.key
        ]
        key, rows = ", ".join(quoted(name) for name in table.key), collected(table)
        target = f"{table.name}_merged" if table is PRODUCT_STATES else table.name
        surplus = f"SELECT count(*) - count(DISTINCT ({key})) FROM {rows}"
        if one(intake.connection, surplus):
            cells = ", ".join([key, *(f"{_merged(cell, table)} AS {cell}" for cell in others)])
            made = f"TABLE {target} AS SELECT {cells} FROM {rows} GROUP BY {key}"
        else:
            made = f"VIEW {target} AS SELECT {', '.join([key, *others])} FROM {rows}"
        intake.connection.execute(f"CREATE TEMP {made}")
        stated = f" AND source IS DISTINCT FROM '{_SHORT_FORM}'" if table is CONSENTS else ""
        found = one(intake.connection, f"{surplus} WHERE _n_set <> {HELD}{stated}")
        if found:
            repeated[table.name] = found
    return repeated


def _merged(cell: str, table: Table) -> str:
    if table in APPENDED:
        return f"max({cell})"
    # Of two consents that contradict each other the refusal holds.
    pick = "min" if cell.startswith('"consent_') and cell != '"consent_at"' else "max"
    new, held = (f"{pick}({cell}) FILTER (_n_set {sign} {HELD})" for sign in ("<>", "="))
    return f"coalesce({new}, {held})"


def merge_consents(intake: Intake) -> int:
    """Turn the consents that rows of `customers` state into rows of `consents`.

    A refusal without an instant holds from the beginning.

    Returns:
        Grants without an instant, which count for nothing.
    """
    ignored = 0
    for channel in CHANNELS:
        stated = f"consent_{channel}"
        intake.connection.execute(f"""
            INSERT INTO {collected(CONSENTS)} BY NAME
            SELECT customer_id, '{channel}' AS channel, {stated} AS granted,
                coalesce(consent_at, TIMESTAMP '{EARLIEST}') AS "at",
                {literal(_SHORT_FORM)} AS source, _n_set
            FROM {collected(CUSTOMERS)}
            WHERE _n_set <> {HELD} AND (consent_at IS NOT NULL OR NOT {stated})
                AND {stated} IS NOT NULL
        """)
        ignored += one(
            intake.connection,
            f"SELECT count(*) FROM {collected(CUSTOMERS)} "
            f"WHERE _n_set <> {HELD} AND {stated} AND consent_at IS NULL",
        )
    return ignored
