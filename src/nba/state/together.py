"""Several questions about some customers, answered of one instant and in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import orjson
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Text,
    any_,
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
from nba.state.engines import ask_postgres
from nba.state.tables import EVENTS, TEXT

_MANY: Final = 100
"""Customers are asked for one by one or so many at once: these two statements are kept."""

_SQLITE: Final = SQLiteDialect_pysqlite(paramstyle="named")
_POSTGRES: Final = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

Questions = Mapping[str, Select[Any]]
Among = Callable[[ColumnElement[str], ColumnElement[str]], ColumnElement[bool]]
"""Writes that a column holds one of the texts of a column of another table."""


class Together:
    """Questions about customers and all accounts that were ever merged with theirs.

    SQLite is asked one after the other without the way through SQLAlchemy, which takes longer than
    the asking. PostgreSQL answers in one statement, which sees one instant of the store whatever
    the transaction around it sees.
    """

    def __init__(self, ask: Callable[[CTE, Among], Questions]) -> None:
        """Take what writes the questions down.

        Args:
            ask: gives queries by name for a table of the accounts, which has the column `name`.
        """
        self._ask = ask

    def answers(
        self, connection: Connection, customers: Sequence[str], parameters: dict[str, Any]
    ) -> Iterator[dict[str, Batch]]:
        """Give the rows of each question, for as many customers as one round trip takes.

        Args:
            connection: to the store; on SQLite, of one that sees one instant.
            customers: ids.
            parameters: of the questions.

        Raises:
            DBAPIError: the database refuses.
        """
        answers = _sqlite_answers if connection.dialect.name == "sqlite" else _postgres_answers
        step = 1 if len(customers) == 1 else _MANY
        for first in range(0, len(customers), step):
            named = [*customers[first : first + step]]
            named += named[-1:] * (step - len(named))
            seeds: dict[str, Any] = {_seed(number): one for number, one in enumerate(named)}
            written = self._one if step == 1 else self._many
            yield answers(connection, written, seeds | parameters)

    @cached_property
    def _one(self) -> _Written:
        return _Written(self._ask, _accounts(1))

    @cached_property
    def _many(self) -> _Written:
        return _Written(self._ask, _accounts(_MANY))


class _Written:
    """Questions in the words of each database."""

    def __init__(self, ask: Callable[[CTE, Among], Questions], accounts: CTE) -> None:
        self._ask = ask
        self._accounts = accounts

    @cached_property
    def sqlite(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Name, statement and the values written into it, a question."""
        questions = self._ask(self._accounts, lambda one, other: one.in_(select(other)))
        written = {
            name: query.compile(dialect=_SQLITE, compile_kwargs={"render_postcompile": True})
            for name, query in questions.items()
        }
        return [(name, query.string, dict(query.params)) for name, query in written.items()]

    @cached_property
    def postgres(self) -> tuple[list[str], str, list[str], dict[str, Any]]:
        """Names, the one statement, its parameters in order, and the values written into it."""
        # As a list they are looked up by an index; of a table the planner thinks it is long.
        questions = self._ask(
            self._accounts,
            lambda one, other: one == any_(func.array(select(other).scalar_subquery())),
        )
        answers = []
        for name, query in questions.items():
            rows = query.subquery(f"the_{name}")
            answers.append(select(func.json_agg(func.json_build_array(*rows.c))).scalar_subquery())
        whole = select(cast(func.json_build_array(*answers), Text)).compile(
            dialect=_POSTGRES,
            compile_kwargs={"render_postcompile": True},
        )
        return [*questions], whole.string, list(whole.positiontup or ()), dict(whole.params)


def _sqlite_answers(
    connection: Connection, written: _Written, parameters: dict[str, Any]
) -> dict[str, Batch]:
    driver: Any = connection.connection.driver_connection
    return {
        name: driver.execute(statement, values | parameters).fetchall()
        for name, statement, values in written.sqlite
    }


def _postgres_answers(
    connection: Connection, written: _Written, parameters: dict[str, Any]
) -> dict[str, Batch]:
    names, statement, places, values = written.postgres
    known = values | parameters
    # PostgreSQL holds no text with a NUL, and NULL is nobody.
    told = [None if "\0" in str(known[name]) else known[name] for name in places]
    (answer,) = ask_postgres(connection, statement, told)
    return {
        name: [] if rows is None else rows
        for name, rows in zip(names, orjson.loads(answer), strict=True)
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
