"""What the queries of the store have in common: names, columns and instants as it holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import BindParameter, bindparam

Batch = Sequence[Sequence[Any]]
"""Rows in the column order of a table."""
NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
"""The ids that a query is about."""
_NAMES_A_QUERY: Final = 500


def parts(names: Sequence[str]) -> list[Sequence[str]]:
    """Cut ids into as many as one query takes."""
    return [names[first : first + _NAMES_A_QUERY] for first in range(0, len(names), _NAMES_A_QUERY)]


def columns_of(names: Sequence[str], cells: Batch) -> dict[str, Sequence[Any]]:
    """Turn rows into their named columns."""
    columns = zip(*cells, strict=True) if cells else ((),) * len(names)
    return dict(zip(names, columns, strict=True))


def joined(answers: Sequence[Batch]) -> Batch:
    """Put the rows of several answers together, each once."""
    if len(answers) == 1:
        return answers[0]
    return list(dict.fromkeys(tuple(row) for rows in answers for row in rows))


def microseconds(at: np.datetime64 | np.timedelta64) -> int:
    """Give an instant since 1970, or a span, as the store holds it."""
    unit = "timedelta64[us]" if isinstance(at, np.timedelta64) else "datetime64[us]"
    return int(at.astype(unit).astype(np.int64))
