"""What the tables of a shop folder said before an instant, as views of a connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import SQL_TYPES, literal
from nba.data.conforming import conform
from nba.data.rows import AT, table_names
from nba.facts.letters import week_begin
from nba.facts.past import PASSING, PASSING_KEPT
from nba.facts.signals import BEGINNING, OPENING
from nba.schema import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    PRODUCT_STATES,
    Table,
)
from nba.vocabulary import CHANNELS, MESSAGE_WORDS

SIGNAL_TABLES: Final = (CONSENTS, CUSTOMERS, EVENTS, MESSAGE_EVENTS, MESSAGES, PRODUCT_STATES)
"""The tables of a shop that signals are read from."""

_ABOUT_ORDERS: Final = ("rating", "survey", "purchase")
"""The events of which it matters which order they name."""


def hold(
    connection: duckdb.DuckDBPyConnection, as_of: np.datetime64, customers: Sequence[str] | None
) -> None:
    """Make views of what the tables say, as known at an instant, of some customers.

    They are held_events, held_consents, held_messages, held_outcomes, held_profiles, held_states;
    held_merges is a table, of everybody.

    Args:
        connection: with those of `SIGNAL_TABLES` that there are.
        as_of: the instant.
        customers: ids, who bring whoever merges connect them with; None for everybody.

    Raises:
        DataError: a table breaks its contract.
    """
    names = table_names(connection)
    tables = {one.name: _view(connection, one, names) for one in SIGNAL_TABLES}
    instant = _instant(as_of)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE held_merges AS
        SELECT DISTINCT session_id AS guest, customer_id, "at" FROM {tables[EVENTS.name]}
        WHERE type = 'merge' AND "at" < {instant}
            AND session_id IS NOT NULL AND customer_id IS NOT NULL
    """)
    mine = "TRUE"
    if customers is not None:
        _link(connection, customers)
        mine = "customer_id IN (FROM linked)"
    passing = ", ".join(map(literal, PASSING))
    opening = ", ".join(map(literal, OPENING))
    ordered = ", ".join(map(literal, _ABOUT_ORDERS))
    views = {
        "events": f"""
            SELECT customer_id, is_session, type, "at", product_id, value,
                CASE WHEN type IN ({ordered}) THEN order_id END AS order_id,
                CASE WHEN type IN ({opening}) THEN event_id END AS event_id
            FROM (
                SELECT * REPLACE (coalesce(customer_id, session_id) AS customer_id),
                    customer_id IS NULL AS is_session
                FROM {tables[EVENTS.name]}
                WHERE "at" < {instant} AND (customer_id IS NOT NULL
                    OR session_id IN (SELECT guest FROM held_merges)))
            WHERE {mine} AND (type NOT IN ({passing}) OR "at" >= {_instant(as_of - PASSING_KEPT)})
        """,
        "consents": f"""
            SELECT customer_id, channel, granted, "at" FROM ({_stated(tables, names)})
            WHERE "at" < {instant} AND {mine}
        """,
        "messages": f"""
            SELECT message_id, customer_id, message, anchor, channel, holdout,
                CASE WHEN claimed_at < {instant} THEN claimed_at END AS claimed_at,
                CASE WHEN acked_at < {instant} THEN acked_at END AS acked_at
            FROM {tables[MESSAGES.name]} WHERE {mine}
        """,
        "outcomes": f"""
            SELECT message_id, customer_id, channel, type, "at", is_machine
            FROM {tables[MESSAGE_EVENTS.name]}
            WHERE "at" < {instant} AND type <> 'opened' AND ({mine}
                OR message_id IN (SELECT message_id FROM {tables[MESSAGES.name]} WHERE {mine}))
        """,
        "profiles": f"""
            SELECT customer_id, created_at, birthday, timezone, account_type, tier, points,
                CASE WHEN contains(attributes, 'points_expire_at') THEN attributes END AS attributes
            FROM {tables[CUSTOMERS.name]}
            WHERE (created_at < {instant} OR created_at IS NULL) AND {mine}
        """,
        "states": f"""
            SELECT * FROM {tables[PRODUCT_STATES.name]} WHERE "at" < {instant}
        """,
    }
    for name, query in views.items():
        connection.execute(f"CREATE OR REPLACE TEMP VIEW held_{name} AS {query}")


def _link(connection: duckdb.DuckDBPyConnection, customers: Sequence[str]) -> None:
    """Make a table `linked` of some customers and whoever merges connect them with."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE linked AS
        WITH RECURSIVE pairs AS (
            SELECT guest AS one, customer_id AS other FROM held_merges
            UNION ALL SELECT customer_id, guest FROM held_merges),
        found(id) AS (
            SELECT unnest(?::VARCHAR[])
            UNION SELECT pairs.other FROM found JOIN pairs ON pairs.one = found.id)
        SELECT id FROM found
        """,
        [list(customers)],
    )


def _view(connection: duckdb.DuckDBPyConnection, table: Table, names: Iterable[str]) -> str:
    """Give a view of a table as its contract has it; of one that is not there, without rows."""
    if table.name not in names:
        columns = ", ".join(f'"{one.name}" {SQL_TYPES[one.kind]}' for one in table.columns)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table.name} ({columns})")
    return conform(connection, table)


def _stated(tables: Mapping[str, str], names: Iterable[str]) -> str:
    """Give the SQL of the consents; where no table holds any, of those that customers' rows state.

    An import turns what these rows state into consents, which the rows as they are then, put
    together from several files, no longer tell.
    """
    if CONSENTS.name in names:
        return f"FROM {tables[CONSENTS.name]}"
    return " UNION ALL ".join(
        f"""
        SELECT customer_id, '{channel}' AS channel, consent_{channel} AS granted,
            coalesce(consent_at, {_instant(BEGINNING)}) AS "at"
        FROM {tables[CUSTOMERS.name]}
        WHERE consent_{channel} IS NOT NULL
            AND (consent_at IS NOT NULL OR NOT consent_{channel})
        """
        for channel in CHANNELS
    )


def week_counts(connection: duckdb.DuckDBPyConnection, as_of: np.datetime64) -> NDArray[np.int64]:
    """Count what left to anybody in the week of an instant, int64 per code of `MESSAGE_WORDS`.

    Args:
        connection: on which `hold` was called.
        as_of: the instant, itself excluded.
    """
    instant = _instant(as_of)
    found = connection.execute(f"""
        WITH sent AS (
            SELECT message_id, min("at") AS sent_at
            FROM conforming_{MESSAGE_EVENTS.name}
            WHERE type IN ('sent', 'delivered') AND "at" < {instant} GROUP BY message_id)
        SELECT m.message, count(DISTINCT m.message_id)
        FROM conforming_{MESSAGES.name} m LEFT JOIN sent USING (message_id)
        WHERE m.holdout IS NOT TRUE AND coalesce(
            sent_at,
            CASE WHEN acked_at < {instant} THEN acked_at END,
            CASE WHEN claimed_at < {instant} THEN claimed_at END) >= {_instant(week_begin(as_of))}
        GROUP BY m.message
    """).fetchall()
    counts = np.zeros(len(MESSAGE_WORDS), np.int64)
    for word, count in found:
        if word in MESSAGE_WORDS:
            counts[MESSAGE_WORDS.index(word)] = count
    return counts


def _instant(at: np.datetime64) -> str:
    return f"TIMESTAMP {literal(str(at.astype(AT)).replace('T', ' '))}"
