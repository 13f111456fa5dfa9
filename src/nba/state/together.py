"""Several questions about some customers, answered of one instant and in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import orjson
from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
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
"""PostgreSQL is asked for customers one by one or so many at once: two statements are kept."""
_SIZES: Final = (1, 4, 16, 64, 256)
"""SQLite is told so many texts at once, the last of them as often as it takes: few statements are
kept, and none has more places than the oldest SQLite takes, which are 999."""

_SQLITE: Final = SQLiteDialect_pysqlite(paramstyle="qmark")
_POSTGRES: Final = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

Questions = Mapping[str, Select[Any]]
Among = Callable[[ColumnElement[str], ColumnElement[str]], ColumnElement[bool]]
"""Writes that a column holds one of the texts of the one column of a named table."""
ACCOUNTS: Final = "accounts"
"""The answer that is always there: the names of the customers, and of whom was merged with them."""

_Part = list[str | None]
_Lists = dict[str, list[_Part]]
"""Texts by the name of their table, cut into as many as SQLite is told at once."""
_Query = Select[Any] | CompoundSelect[Any]
_Places = tuple[str, list[Any], list[tuple[int, str]], list[tuple[int, int]]]
"""A statement, its values where they are its own, where parameters go, where which lists begin."""


class Together:
    """Questions about customers and all accounts that were ever merged with theirs.

    SQLite is asked one after the other without the way through SQLAlchemy, which takes longer than
    the asking; what a question is among is read once and told to all of them. PostgreSQL answers
    in one statement, which sees one instant of the store whatever the transaction around it sees.
    """

    def __init__(self, ask: Callable[[CTE, Among], Questions]) -> None:
        """Take what writes the questions down.

        Args:
            ask: gives queries by name for a table of the accounts, which has the column `name`. A
                row may be among the answers of one question more than once.
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
        if connection.dialect.name == "sqlite":
            for first in range(0, len(customers), _SIZES[-1]):
                some = customers[first : first + _SIZES[-1]]
                yield self._sqlite.answers(connection, some, parameters)
            return
        step, written = (1, self._one) if len(customers) == 1 else (_MANY, self._many)
        for first in range(0, len(customers), step):
            named = [*customers[first : first + step]]
            named += named[-1:] * (step - len(named))
            yield _postgres_answers(connection, written, parameters | _seeds(named))

    @cached_property
    def _sqlite(self) -> _Sqlite:
        return _Sqlite(self._ask)

    @cached_property
    def _one(self) -> _Written:
        return _postgres(self._ask, 1)

    @cached_property
    def _many(self) -> _Written:
        return _postgres(self._ask, _MANY)


_Written = tuple[list[str], str, list[str], dict[str, Any]]
"""Names of questions, the one statement, its parameters in order, the values written into it."""


def _postgres(ask: Callable[[CTE, Among], Questions], count: int) -> _Written:
    """Write questions as one statement of PostgreSQL, for so many customers."""
    accounts = _accounts(count)
    # As a list they are looked up by an index; of a table the planner thinks it is long.
    questions = {
        ACCOUNTS: select(accounts.c.name),
        **ask(
            accounts, lambda one, other: one == any_(func.array(select(other).scalar_subquery()))
        ),
    }
    answers = []
    for name, query in questions.items():
        rows = query.subquery(f"the_{name}")
        answers.append(select(func.json_agg(func.json_build_array(*rows.c))).scalar_subquery())
    whole = select(cast(func.json_build_array(*answers), Text)).compile(
        dialect=_POSTGRES, compile_kwargs={"render_postcompile": True}
    )
    return [*questions], whole.string, list(whole.positiontup or ()), dict(whole.params)


def _postgres_answers(
    connection: Connection, written: _Written, parameters: dict[str, Any]
) -> dict[str, Batch]:
    names, statement, places, values = written
    known = values | parameters
    # PostgreSQL holds no text with a NUL, and NULL is nobody.
    told = [None if "\0" in str(known[name]) else known[name] for name in places]
    (answer,) = ask_postgres(connection, statement, told)
    return {
        name: [] if rows is None else rows
        for name, rows in zip(names, orjson.loads(answer), strict=True)
    }


class _Sqlite:
    """Questions in the words of SQLite, and the lists that they are among."""

    def __init__(self, ask: Callable[[CTE, Among], Questions]) -> None:
        lists: dict[str, _Statement] = {}

        def among(one: ColumnElement[str], other: ColumnElement[str]) -> ColumnElement[bool]:
            table = other.table
            if table.name not in lists and table.name != ACCOUNTS:
                # A table is among others that were written down before.
                lists[table.name] = _Statement(table.element, (ACCOUNTS, *lists))
            return one.in_(bindparam(table.name, expanding=True))

        questions = ask(_accounts(1), among)
        self._lists = lists
        self._questions = {
            name: _Statement(query, (ACCOUNTS, *lists)) for name, query in questions.items()
        }
        self._accounts = {size: _Statement(select(_accounts(size).c.name), ()) for size in _SIZES}

    def answers(
        self, connection: Connection, customers: Sequence[str], parameters: dict[str, Any]
    ) -> dict[str, Batch]:
        """Give the rows of each question."""
        driver: Any = connection.connection.driver_connection
        (named,) = _cut(customers)
        accounts = self._accounts[len(named)].rows(driver, {}, _seeds(named))
        lists = {ACCOUNTS: _cut([name for (name,) in accounts])}
        for name, one in self._lists.items():
            lists[name] = _cut([text for (text,) in one.rows(driver, lists, parameters)])
        return {
            ACCOUNTS: accounts,
            **{name: one.rows(driver, lists, parameters) for name, one in self._questions.items()},
        }


class _Statement:
    """A query of SQLite that is among lists: a text for each of the lengths that these may have."""

    def __init__(self, query: _Query, lists: Iterable[str]) -> None:
        self._compiled = query.compile(dialect=_SQLITE)
        self._lists = [name for name in lists if name in self._compiled.params]
        self._written: dict[tuple[int, ...], _Places] = {}

    def rows(self, driver: Any, lists: _Lists, parameters: Mapping[str, Any]) -> list[Any]:  # noqa: ANN401 - the driver's own type
        """Give the rows; where lists were cut, one may come twice."""
        parts = [lists[name] for name in self._lists]
        rows: list[Any] = []
        for number in range(max(map(len, parts), default=1)):
            # A list that is over is told once more: of an empty one nothing would be outside.
            told = [part[min(number, len(part) - 1)] for part in parts]
            lengths = tuple(map(len, told))
            if lengths not in self._written:
                self._written[lengths] = self._places(dict(zip(self._lists, told, strict=True)))
            statement, blank, named, filled = self._written[lengths]
            values = blank.copy()
            for place, name in named:
                values[place] = parameters[name]
            for place, one in filled:
                values[place : place + lengths[one]] = told[one]
            rows += driver.execute(statement, values).fetchall()
        return rows

    def _places(self, told: Mapping[str, _Part]) -> _Places:
        written = self._compiled.construct_expanded_state(told)
        places, held = written.positiontup or (), written.parameters
        expanded = written.parameter_expansion
        first = {expanded[name][0]: number for number, name in enumerate(self._lists)}
        listed = {one for name in self._lists for one in expanded[name]}
        return (
            written.statement,
            [held[one] for one in places],
            [
                (place, one)
                for place, one in enumerate(places)
                if held[one] is None and one not in listed
            ],
            [(place, first[one]) for place, one in enumerate(places) if one in first],
        )


def _cut(texts: Sequence[str | None]) -> list[_Part]:
    """Cut a list into parts of `_SIZES`; without any text it is one of nobody's."""
    most, parts = _SIZES[-1], []
    for first in range(0, max(len(texts), 1), most):
        some: _Part = list(texts[first : first + most]) or [None]
        size = next(one for one in _SIZES if len(some) <= one)
        parts.append(some + some[-1:] * (size - len(some)))
    return parts


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


def _seeds(customers: Sequence[str | None]) -> dict[str, Any]:
    return {_seed(number): one for number, one in enumerate(customers)}


def _seed(number: int) -> str:
    return f"customer_{number}"
