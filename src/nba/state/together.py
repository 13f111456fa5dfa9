"""Several questions about some customers, answered of one instant and in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import orjson
from sqlalchemy import (
    CTE,
    Compiled,
    Connection,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from nba.state.asking import Batch
from nba.state.tables import EVENTS, TEXT

_MANY: Final = 100
"""Customers are asked for one by one or so many at once: these two statements are kept."""

Questions = Mapping[str, Select[Any]]


class Together:
    """Questions about customers and all accounts that were ever merged with theirs.

    SQLite is asked one after the other without the way through SQLAlchemy, which takes longer than
    the asking. PostgreSQL answers in one statement, which sees one instant of the store whatever
    the transaction around it sees.
    """

    def __init__(self, ask: Callable[[CTE], Questions]) -> None:
        """Take what writes the questions down.

        Args:
            ask: gives queries by name for a table of the accounts, which has the column `name`.
        """
        self._ask = ask

    def answers(
        self, connection: Connection, customers: Sequence[str], parameters: Mapping[str, Any]
    ) -> Iterator[dict[str, Batch]]:
        """Give the rows of each question, for as many customers as one round trip takes.

        Args:
            connection: to the store; on SQLite, of one that sees one instant.
            customers: ids.
            parameters: of the questions.
        """
        ask = _of_sqlite if connection.dialect.name == "sqlite" else _of_postgres
        step = 1 if len(customers) == 1 else _MANY
        for first in range(0, len(customers), step):
            named = [*customers[first : first + step]]
            named += named[-1:] * (step - len(named))
            seeds = {_seed(number): one for number, one in enumerate(named)}
            compiled = self._one if step == 1 else self._many
            yield ask(connection, compiled, seeds | parameters)

    @cached_property
    def _one(self) -> _Written:
        return _Written(self._ask(_accounts(1)))

    @cached_property
    def _many(self) -> _Written:
        return _Written(self._ask(_accounts(_MANY)))


class _Written:
    """Questions in the words of each database."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    @cached_property
    def sqlite(self) -> dict[str, Compiled]:
        dialect = SQLiteDialect_pysqlite(paramstyle="named")
        return {
            name: query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
            for name, query in self._questions.items()
        }

    @cached_property
    def postgres(self) -> Compiled:
        """One statement that gives a JSON list a question."""
        answers = []
        for name, query in self._questions.items():
            rows = query.subquery(f"the_{name}")
            answers.append(select(func.json_agg(func.json_build_array(*rows.c))).scalar_subquery())
        whole = select(cast(func.json_build_array(*answers), Text))
        return whole.compile(
            dialect=PGDialect_psycopg(), compile_kwargs={"render_postcompile": True}
        )

    @property
    def names(self) -> list[str]:
        return list(self._questions)


def _of_sqlite(
    connection: Connection, written: _Written, parameters: Mapping[str, Any]
) -> dict[str, Batch]:
    driver: Any = connection.connection.driver_connection
    return {
        name: driver.execute(query.string, query.params | parameters).fetchall()
        for name, query in written.sqlite.items()
    }


def _of_postgres(
    connection: Connection, written: _Written, parameters: Mapping[str, Any]
) -> dict[str, Batch]:
    query = written.postgres
    # PostgreSQL holds no such text, and NULL is nobody.
    held = {
        name: None if isinstance(one, str) and "\0" in one else one
        for name, one in parameters.items()
    }
    told = connection.exec_driver_sql(query.string, query.params | held).scalar_one()
    return {
        name: [] if rows is None else rows
        for name, rows in zip(written.names, orjson.loads(told), strict=True)
    }


def _accounts(count: int) -> CTE:
    """Write the accounts of so many customers: whoever is a merge away from one of them is too."""
    seeds = (cast(bindparam(_seed(number), None, TEXT), TEXT) for number in range(count))
    named = union_all(*(select(one.label("name")) for one in seeds)).cte("customers_asked_for")
    found = select(named.c.name).cte("accounts", recursive=True)
    other = case(
        (EVENTS.c.customer_id == found.c.name, EVENTS.c.session_id), else_=EVENTS.c.customer_id
    )
    return found.union(
        select(other).where(
            EVENTS.c.type == "merge",
            or_(EVENTS.c.customer_id == found.c.name, EVENTS.c.session_id == found.c.name),
            other.is_not(None),
        )
    )


def _seed(number: int) -> str:
    return f"customer_{number}"
