"""Signals for tests, written as rows: dictionaries of columns, instants as days or datetime64."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nba.facts.signals import Signals
from nba.schema import TABLES

Row = Mapping[str, Any]


def signals(**tables: Iterable[Row]) -> Signals:
    """Build signals of rows, table by table; a column that no row has is not there."""
    return Signals.of_columns({name: columns(name, list(rows)) for name, rows in tables.items()})


def columns(table: str, rows: list[Row]) -> dict[str, list[Any]]:
    """Turn rows into columns of cells."""
    names = [name for name in TABLES[table].names if any(name in row for row in rows)]
    return {name: [_cell(row.get(name)) for row in rows] for name in names}


def _cell(cell: object) -> object:
    if isinstance(cell, np.datetime64):
        return int(cell.astype("datetime64[us]").astype(np.int64))
    return cell
