"""The rows of the store as a shop folder has them, for training on what was posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, func, select

from nba.state.asking import Batch
from nba.state.tables import PRODUCT_STATES, folder_columns

_ROWS_A_BATCH: Final = 50_000


def dump(connection: Connection, table: Table) -> Iterator[Batch]:
    """Give the rows of a table in batches, their cells in the order of `folder_columns`.

    Of the states of a product at one instant a shop folder has one: what was stated, else what
    was left after every order of that instant.

    Args:
        connection: of `Store.reading`; what it gives for several tables is of one instant.
        table: one of `tables.SHARED`.
    """
    chosen = _states() if table is PRODUCT_STATES else _all_of(table)
    streamed = connection.execute(chosen.execution_options(yield_per=_ROWS_A_BATCH))
    yield from streamed.partitions()


def _all_of(table: Table) -> Select[Any]:
    return select(*(table.c[name] for name in folder_columns(table)))


def _states() -> Select[Any]:
    states = PRODUCT_STATES.c
    place = func.row_number().over(
        partition_by=(states.product_id, states.at),
        order_by=(states.order_id != "", states.stock, states.order_id),
    )
    names = folder_columns(PRODUCT_STATES)
    ranked = select(*(states[name] for name in names), place.label("place")).subquery()
    return select(*(ranked.c[name] for name in names)).where(ranked.c.place == 1)
