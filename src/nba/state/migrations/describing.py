"""Tables of a revision, described in words so that each is seen at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "text": sa.String().with_variant(sa.String(collation="C"), "postgresql"),
    "string": sa.String(),
    "integer": sa.BigInteger(),
    "number": sa.Double(),
    "float": sa.Float(),
    "truth": sa.Boolean(),
    "bytes": sa.LargeBinary(),
}


def create(tables: Mapping[str, str]) -> None:
    """Create tables.

    Args:
        tables: name → its columns as words `name:type`, and behind the type `*` for a column of
            the key, `!` for one that is never null, `=` for one that is empty by default.
    """
    for name, words in tables.items():
        columns = [_column(word) for word in words.split()]
        has_key = any(column.primary_key for column in columns)
        op.create_table(name, *columns, sqlite_with_rowid=not has_key)


def create_indexes(indexes: Mapping[str, tuple[str, str]], *, unique: bool = False) -> None:
    """Create indexes: name → the table, and its columns as words."""
    for name, (table, columns) in indexes.items():
        op.create_index(name, table, columns.split(), unique=unique)


def rebuild(tables: Mapping[str, str], kept: Mapping[str, str]) -> None:
    """Create tables anew that are there, and keep the rows.

    Args:
        tables: as `create` takes them.
        kept: name → the columns of the table that is there, described likewise.
    """
    for name, words in kept.items():
        columns = ", ".join(word.split(":")[0] for word in words.split())
        op.execute(f"CREATE TEMPORARY TABLE rows_aside AS SELECT {columns} FROM {name}")
        op.drop_table(name)
        create({name: tables[name]})
        op.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM rows_aside")
        op.execute("DROP TABLE rows_aside")


def _column(word: str) -> sa.Column[Any]:
    name, told = word.split(":")
    return sa.Column(
        name,
        _TYPES[told.rstrip("*!=")],
        primary_key="*" in told,
        nullable="*" not in told and "!" not in told,
        server_default="" if "=" in told else None,
    )
