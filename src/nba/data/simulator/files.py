"""The files of a shop that can be played: which columns they must have, checked on opening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from nba.data.checks import literal, quoted
from nba.errors import DataError

Table = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its DuckDB type, and whether a row may leave it empty."""

    type: str
    may_be_empty: bool = False


def _columns(words: str) -> dict[str, Column]:
    """Read a contract written as `name:kind` words; `?` marks what may be empty."""
    types = {
        "t": "VARCHAR",
        "f": "DOUBLE",
        "i": "BIGINT",
        "at": "TIMESTAMP",
        "b": "BOOLEAN",
        "d": "DATE",
    }
    pairs = (word.split(":") for word in words.split())
    return {name: Column(types[kind.removesuffix("?")], kind.endswith("?")) for name, kind in pairs}


TRUTH_COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    "world": _columns("version:i ends_at:at currency:t margin_share:f"),
    "products": _columns("product_id:t type:t nature:t model:t? cost:i? weight:f"),
    "together": _columns("first_type:t second_type:t share:f"),
    "customers": _columns(
        "customer_id:t orders_per_week:f regularity:f joined_at:at lost_at:at? responsiveness:f "
        "annoyance:f favourite_type:t? channel:t"
    ),
    "owners": _columns("customer_id:t product_id:t since:at ended_at:at?"),
    "needs": _columns(
        "customer_id:t product_type:t kind:t main_product_id:t? opens_at:at closes_at:at due_at:at"
    ),
    "causes": _columns("order_id:t line_no:i cause:t"),
    "responses": _columns(
        "message:t state:t useful_rate:f broadcast_relevance:f needs:t? unsubscribe_rate:f "
        "peak_days:f? spread_days:f?"
    ),
    "fatigue": _columns("half_life_days:f useful_slope:f unsubscribe_slope:f channel_mismatch:f"),
}
"""What the loop reads of `truth/`, by column."""

SHOP_COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    "products": _columns(
        "product_id:t product_group_id:t? price:i? sale_price:i? sale_until:at? availability:t? "
        "compatible_with:t?"
    ),
    "orders": _columns(
        "order_id:t customer_id:t? ordered_at:at status:t status_at:at? delivered_at:at? "
        "discount:i? is_test:b?"
    ),
    "order_lines": _columns(
        "order_id:t line_no:i product_id:t quantity:i unit_price:i? discount:i? "
        "returned_quantity:i?"
    ),
    "order_statuses": _columns("order_id:t status:t at:at"),
    "consents": _columns("customer_id:t channel:t granted:b at:at"),
    "messages": _columns(
        "message_id:t customer_id:t message:t anchor:t? channel:t? decided_at:at "
        "claimed_at:at? acked_at:at?"
    ),
    "message_events": _columns("event_id:t message_id:t customer_id:t? type:t at:at"),
    "events": _columns("event_id:t type:t at:at customer_id:t? product_id:t? order_id:t?"),
}
"""What the loop reads of the shop's own tables."""

BESIDE: Final[Mapping[str, Mapping[str, Column]]] = {
    "messages": _columns("decision_id:t? arm:t? propensity:f? eligible:t? products:t? holdout:b?"),
    "message_events": _columns("channel:t? is_machine:b?"),
    "events": _columns("session_id:t? value:f?"),
    "customers": _columns(
        "customer_id:t created_at:at? birthday:d? timezone:t? account_type:t? tier:t? points:i? "
        "attributes:t? consent_email:b? consent_sms:b? consent_push:b? consent_call:b? "
        "consent_at:at?"
    ),
    "product_states": _columns(
        "product_id:t at:at availability:t? stock:i? price:i? sale_price:i? sale_until:at?"
    ),
}
"""What a policy may see where a shop has it: columns of tables above, and further tables."""


def open_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make a view of each file: the shop's by their names, those of `truth/` as `true_<name>`.

    Raises:
        DataError: a file or column is missing or of another type; the message names it.
    """
    for name in dict.fromkeys((*SHOP_COLUMNS, *BESIDE)):
        path, beside = folder / f"{name}.parquet", BESIDE.get(name, {})
        if name in SHOP_COLUMNS:
            _open(connection, path, name, SHOP_COLUMNS[name], beside)
        elif path.is_file():
            _open(connection, path, name, {}, beside)
        else:
            nothing = ", ".join(f"NULL::{one.type} AS {quoted(at)}" for at, one in beside.items())
            connection.execute(f"CREATE TEMP VIEW {name} AS SELECT {nothing} WHERE FALSE")
    for name, columns in TRUTH_COLUMNS.items():
        _open(connection, folder / "truth" / f"{name}.parquet", f"true_{name}", columns, {})


def read_rows(connection: duckdb.DuckDBPyConnection, query: str) -> Table:
    """Fetch rows as dictionaries; an instant is a datetime64, an absent cell None."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, map(_cell, row), strict=True)) for row in cursor.fetchall()]


def _cell(value: object) -> object:
    return np.datetime64(value, "us") if isinstance(value, datetime) else value


def _open(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    columns: Mapping[str, Column],
    beside: Mapping[str, Column],
) -> None:
    """Make a view of a file with the columns of its contract, typed; those beside may lack."""
    if not path.is_file():
        raise DataError(
            f"there is no {path}; a shop that can be played has it "
            "(nba simulate --out DIR makes such a shop)"
        )
    source = f"read_parquet({literal(str(path))})"
    try:
        found = {row[0]: row[1] for row in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
    except duckdb.Error as error:
        raise DataError(f"{path} is no Parquet file: {str(error).splitlines()[0]}") from None
    missing = [column for column in columns if column not in found]
    if missing:
        raise DataError(
            f"{path} lacks the column {', '.join(missing)}; found {', '.join(found)}; "
            f"expected {', '.join(columns)}"
        )
    cells = {
        column: _typed(column, wanted, found.get(column))
        for column, wanted in {**columns, **beside}.items()
    }
    typed = ", ".join(f"{cell} AS {quoted(column)}" for column, cell in cells.items())
    connection.execute(f"CREATE TEMP VIEW {name} AS SELECT {typed} FROM {source}")
    for column, wanted in columns.items():
        if wanted.may_be_empty and found[column] == wanted.type:
            continue
        try:
            empty = connection.execute(
                f"SELECT count(*) FILTER ({quoted(column)} IS NULL) FROM {name}"
            ).fetchone()
        except duckdb.Error as error:
            raise DataError(
                f"{path}: column {column} is {found[column]}, expected {wanted.type}: "
                f"{str(error).splitlines()[0]}"
            ) from None
        if empty is not None and empty[0] and not wanted.may_be_empty:
            raise DataError(f"{path}: column {column} is empty in {empty[0]} rows; fill them")


def _typed(column: str, wanted: Column, found: str | None) -> str:
    """Write the expression of a column in its type; `found` is None where the file lacks it."""
    if found is None:
        return f"NULL::{wanted.type}"
    # A list of ids may be text or a list.
    if found.endswith("[]"):
        return f"array_to_string({quoted(column)}, ',')"
    return f"CAST({quoted(column)} AS {wanted.type})"
