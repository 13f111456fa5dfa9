"""The tables of a shop folder beside its orders, read as signals for the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import literal, quoted
from nba.data.conforming import conform
from nba.data.held import SIGNAL_TABLES, hold, week_counts
from nba.data.product_states import STATED_CELLS
from nba.data.rows import AT, column, table_names
from nba.domain import Ids
from nba.facts.cells import instants
from nba.facts.signals import Signals, expiry, is_company, zone_name
from nba.facts.tables import (
    ConsentRows,
    EventRows,
    MergeRows,
    MessageRows,
    OutcomeRows,
    ProfileRows,
    StateRows,
)
from nba.schema import ORDER_STATUSES, ORDER_VERSIONS, ORDERS, Kind, Table
from nba.vocabulary import CHANNELS, EVENT_TYPES, MESSAGE_EVENT_TYPES, MESSAGE_WORDS

_TEXTS_A_ROW: Final = 50_000
_OF_AN_ORDER: Final = (ORDER_STATUSES.name, ORDER_VERSIONS.name)
_AHEAD: Final = ("sale_until",)
"""Instants that say what will be."""

T = TypeVar("T")


def read_signals(
    connection: duckdb.DuckDBPyConnection,
    *,
    as_of: np.datetime64,
    customers: Sequence[str] | None = None,
) -> Signals:
    """Read what was known before an instant.

    Args:
        connection: with those of `SIGNAL_TABLES` that there are, as tables or views.
        as_of: the instant; later rows are left out, and so are passing events of long ago.
        customers: read what is theirs, and of whoever was merged with them; by default everything.

    Raises:
        DataError: a table breaks its contract.
    """
    hold(connection, as_of, customers)
    merged = "SELECT guest AS id FROM held_merges UNION ALL SELECT customer_id FROM held_merges"
    tables = ("events", "consents", "messages", "outcomes", "profiles")
    people = " UNION ALL ".join(f"SELECT customer_id FROM held_{one}" for one in tables)
    customer_ids = _coded(connection, "customer", f"{merged} UNION ALL {people}")
    product_ids = _coded(
        connection,
        "product",
        "SELECT product_id AS id FROM held_events UNION ALL SELECT product_id FROM held_states",
    )
    order_ids = _coded(connection, "order", "SELECT order_id AS id FROM held_events")
    event_ids = _coded(connection, "event", "SELECT event_id AS id FROM held_events")
    message_ids = _coded(
        connection,
        "message",
        "SELECT message_id AS id FROM held_messages UNION ALL SELECT message_id FROM held_outcomes",
    )
    anchors = _coded(connection, "anchor", "SELECT anchor AS id FROM held_messages")
    tiers = _coded(connection, "tier", "SELECT tier AS id FROM held_profiles")
    profiles, zones = _profiles(connection)
    return Signals(
        customer_ids=customer_ids,
        product_ids=product_ids,
        order_ids=order_ids,
        event_ids=event_ids,
        message_ids=message_ids,
        anchors=anchors,
        zones=zones,
        tiers=tiers,
        events=_events(connection),
        merges=_merges(connection),
        consents=_consents(connection),
        messages=_messages(connection),
        outcomes=_outcomes(connection),
        profiles=profiles,
        states=_states(connection),
        week_counts=None if customers is None else week_counts(connection, as_of),
    )


def last_signal(connection: duckdb.DuckDBPyConnection) -> np.datetime64:
    """Give the latest instant that a table beside the orders speaks of; NaT where there is none.

    Args:
        connection: with those of `SIGNAL_TABLES` that there are, as tables or views.

    Raises:
        DataError: a table breaks its contract.
    """
    return last_told(connection, SIGNAL_TABLES)


def last_told(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> np.datetime64:
    """Give the latest instant that some tables speak of; NaT where there is none.

    Args:
        connection: with those of them that there are, as tables or views.
        tables: what may be there; rows that wait for an order say nothing yet.

    Raises:
        DataError: a table breaks its contract.
    """
    names = table_names(connection)
    told = [
        f"SELECT max({quoted(column.name)}) AS last FROM {rows}"
        for table in tables
        if table.name in names
        for rows in (_speaking(connection, table),)
        for column in table.columns
        if column.kind is Kind.INSTANT and column.name not in _AHEAD
    ]
    if not told:
        return np.datetime64("NaT", "us")
    query = f"SELECT epoch_us(max(last)) FROM ({' UNION ALL '.join(told)})"
    found = connection.execute(query).fetchone()
    last = None if found is None else found[0]
    return np.datetime64("NaT" if last is None else last, "us")


def _speaking(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Give the SQL of a table's rows, of statuses and versions those whose order is there."""
    rows = conform(connection, table)
    if table.name not in _OF_AN_ORDER:
        return rows
    return f"{rows} SEMI JOIN {conform(connection, ORDERS)} USING (order_id)"


def _coded(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> Ids:
    """Number the distinct texts of a query in a table `coded_…`, and give them."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE coded_{name} AS
        SELECT id, CAST(row_number() OVER (ORDER BY id) - 1 AS INTEGER) AS code
        FROM (SELECT DISTINCT id FROM ({query}) WHERE id IS NOT NULL)
    """)
    # Joined in the database, since a Python text each takes ten times as long.
    parts = connection.execute(f"""
        SELECT string_agg(id, '' ORDER BY code) FROM coded_{name}
        GROUP BY code // {_TEXTS_A_ROW} ORDER BY code // {_TEXTS_A_ROW}
    """).fetchall()
    lengths = connection.execute(f"SELECT strlen(id) AS n FROM coded_{name} ORDER BY code")
    data = b"".join(part.encode() for (part,) in parts)
    offsets = np.append(0, np.cumsum(lengths.fetchnumpy()["n"])).astype(np.int64)
    return Ids(np.frombuffer(data, np.uint8), offsets)


def _code(name: str, cell: str) -> tuple[str, str]:
    """Give the SQL of a text's code, and of the join that finds it."""
    table = f"{name}_of_{cell}"
    return (
        f"coalesce({table}.code, -1) AS {name}_code",
        f"LEFT JOIN coded_{name} {table} ON {table}.id = t.{cell}",
    )


def _fetch(
    connection: duckdb.DuckDBPyConnection, table: str, cells: str, codes: Mapping[str, str]
) -> dict[str, Any]:
    """Fetch cells of a held table, and the codes of some of its texts.

    Args:
        connection: with the tables `coded_…` of these texts.
        table: what it is called after `held_`.
        cells: SQL.
        codes: the coding of each text → the text's column.
    """
    found = [_code(name, cell) for name, cell in codes.items()]
    selected = ", ".join([*(cell for cell, _ in found), cells])
    joins = " ".join(join for _, join in found)
    return connection.execute(f"SELECT {selected} FROM held_{table} t {joins}").fetchnumpy()


def _words(cell: str, words: Iterable[str]) -> str:
    """Give the SQL of the place of a word among some; -1 for none of them."""
    cases = " ".join(f"WHEN {literal(word)} THEN {code}" for code, word in enumerate(words))
    return f"CAST(CASE {cell} {cases} ELSE -1 END AS TINYINT) AS {cell}"


_CUSTOMER: Final = {"customer": "customer_id"}


def _events(connection: duckdb.DuckDBPyConnection) -> EventRows:
    rows = _fetch(
        connection,
        "events",
        f"""is_session, {_words("type", EVENT_TYPES)}, "at",
            coalesce(value, 'nan'::DOUBLE) AS value""",
        _CUSTOMER | {"product": "product_id", "order": "order_id", "event": "event_id"},
    )
    return EventRows(
        customer=column(rows, "customer_code", np.int32),
        is_session=column(rows, "is_session", np.bool_),
        type=column(rows, "type", np.int8),
        at=column(rows, "at", AT),
        product=column(rows, "product_code", np.int32),
        order=column(rows, "order_code", np.int32),
        value=column(rows, "value", np.float64),
        event=column(rows, "event_code", np.int32),
    )


def _merges(connection: duckdb.DuckDBPyConnection) -> MergeRows:
    rows = connection.execute("""
        SELECT g.code AS guest_code, c.code AS customer_code, "at"
        FROM held_merges m JOIN coded_customer g ON g.id = m.guest
            JOIN coded_customer c ON c.id = m.customer_id
    """).fetchnumpy()
    return MergeRows(
        column(rows, "guest_code", np.int32),
        column(rows, "customer_code", np.int32),
        column(rows, "at", AT),
    )


def _consents(connection: duckdb.DuckDBPyConnection) -> ConsentRows:
    cells = f"""{_words("channel", CHANNELS)}, granted, "at" """
    rows = _fetch(connection, "consents", cells, _CUSTOMER)
    return ConsentRows(
        column(rows, "customer_code", np.int32),
        column(rows, "channel", np.int8),
        column(rows, "granted", np.bool_),
        column(rows, "at", AT),
    )


def _messages(connection: duckdb.DuckDBPyConnection) -> MessageRows:
    rows = _fetch(
        connection,
        "messages",
        f"""{_words("message", MESSAGE_WORDS)}, {_words("channel", CHANNELS)}, claimed_at, acked_at,
            coalesce(holdout, FALSE) AS is_held""",
        _CUSTOMER | {"message": "message_id", "anchor": "anchor"},
    )
    return MessageRows(
        id=column(rows, "message_code", np.int32),
        customer=column(rows, "customer_code", np.int32),
        message=column(rows, "message", np.int16),
        anchor=column(rows, "anchor_code", np.int32),
        channel=column(rows, "channel", np.int8),
        claimed_at=column(rows, "claimed_at", AT),
        acked_at=column(rows, "acked_at", AT),
        is_held=column(rows, "is_held", np.bool_),
    )


def _outcomes(connection: duckdb.DuckDBPyConnection) -> OutcomeRows:
    rows = _fetch(
        connection,
        "outcomes",
        f"""{_words("channel", CHANNELS)}, {_words("type", MESSAGE_EVENT_TYPES)}, "at",
            coalesce(is_machine, FALSE) AS is_machine""",
        _CUSTOMER | {"message": "message_id"},
    )
    return OutcomeRows(
        message=column(rows, "message_code", np.int32),
        customer=column(rows, "customer_code", np.int32),
        channel=column(rows, "channel", np.int8),
        type=column(rows, "type", np.int8),
        at=column(rows, "at", AT),
        is_machine=column(rows, "is_machine", np.bool_),
    )


def _profiles(connection: duckdb.DuckDBPyConnection) -> tuple[ProfileRows, Ids]:
    rows = _fetch(
        connection,
        "profiles",
        """created_at, birthday, timezone, account_type, attributes, coalesce(points, 0) AS points,
            points IS NOT NULL AS has_points""",
        _CUSTOMER | {"tier": "tier"},
    )
    zone, names = _read(rows["timezone"], zone_name)
    zones = Ids.of(name for name in names if name is not None)
    code = np.array([-1 if name is None else zones.find(name) for name in names], np.int32)
    kind, companies = _read(rows["account_type"], is_company)
    told, expiries = _read(rows["attributes"], expiry)
    expire_at = instants(expiries)
    profiles = ProfileRows(
        customer=column(rows, "customer_code", np.int32),
        created_at=column(rows, "created_at", AT),
        birthday=column(rows, "birthday", "datetime64[D]"),
        zone=code[zone],
        is_company=np.array(companies, np.bool_)[kind],
        tier=column(rows, "tier_code", np.int32),
        points=column(rows, "points", np.int64),
        has_points=column(rows, "has_points", np.bool_),
        points_expire_at=expire_at[told],
    )
    return profiles, zones


def _read(
    texts: NDArray[Any], read: Callable[[str | None], T]
) -> tuple[NDArray[np.int64], list[T]]:
    """Read each distinct text once.

    Returns:
        int64 per text, a place in what was read; and what was read, the last of it from no text.
    """
    cells = np.ma.filled(texts, None).tolist() if np.ma.isMaskedArray(texts) else texts.tolist()
    place: dict[str | None, int] = {}
    places = [place.setdefault(cell, len(place)) for cell in cells]
    return np.array(places, np.int64), [read(cell) for cell in place]


def _states(connection: duckdb.DuckDBPyConnection) -> StateRows:
    rows = _fetch(connection, "states", f'"at", {STATED_CELLS}', {"product": "product_id"})
    return StateRows(
        product=column(rows, "product_code", np.int32),
        at=column(rows, "at", AT),
        availability=column(rows, "availability", np.int8),
        stock=column(rows, "stock", np.int64),
        has_stock=column(rows, "stocked", np.bool_),
        price=column(rows, "price", np.int64),
        has_price=column(rows, "priced", np.bool_),
        sale_price=column(rows, "sale_price", np.int64),
        has_sale_price=column(rows, "on_sale", np.bool_),
        sale_until=column(rows, "sale_until", AT),
    )
