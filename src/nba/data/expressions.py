"""Column rules of a mapping: each becomes SQL over a source's text columns, and words for people.

A rule is a column name, or one of `{const}`, `{join, by}`, `{sql}`, `{hash}`, `{map, to}` and
`{first}`; the last three take rules within rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from nba.data.checks import literal, quoted
from nba.errors import ConfigError

EXPECTED: Final = (
    "a column name, or a table with const, join (and by), sql, hash, map (and to) or first"
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A column rule that is ready to run.

    Attributes:
        sql: text from the source's text columns.
        uses: the source's columns that it reads.
        shows: those of them whose text may show in the outcome.
        words: the rule as people say it.
        plain: the source's column, where the rule is no more than that.
    """

    sql: str
    uses: frozenset[str]
    shows: frozenset[str]
    words: str
    plain: str | None = None

    @classmethod
    def column(cls, name: str) -> Expression:
        """Take a column of the source as it is."""
        return cls(quoted(name), frozenset([name]), frozenset([name]), name, name)


class Grammar:
    """Reads column rules and SQL conditions; one connection parses the SQL of a whole mapping."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep the connection; nothing is run on it."""
        self._connection = connection

    def rule(self, rule: object, place: str) -> Expression:
        """Turn a column rule into SQL.

        Args:
            rule: as TOML has it.
            place: where it stands, for messages.

        Raises:
            ConfigError: it is none; the message names the place and what was expected.
        """
        match rule:
            case str():
                return Expression.column(rule)
            case {"const": str() | int() | float() as value, **rest} if not rest:
                text = _text(value)
                return Expression(literal(text), frozenset(), frozenset(), f"always {text!r}")
            case {"join": [*parts], **rest} if set(rest) <= {"by"}:
                return self._join(parts, str(rest.get("by", " ")), place)
            case {"sql": str(sql), **rest} if not rest:
                uses = self.columns_of(sql, place)
                return Expression(f"CAST({sql} AS VARCHAR)", uses, uses, f"SQL: {sql}")
            case {"hash": inner, **rest} if not rest:
                of = self.rule(inner, place)
                digest = f"left(sha256(lower(trim({of.sql}))), 32)"
                return Expression(digest, of.uses, frozenset(), f"hash of {of.words}")
            case {"map": inner, "to": dict() as words, **rest} if not rest:
                return translated(self.rule(inner, place), words)
            case {"first": [*rules], **rest} if rules and not rest:
                parts = [self.rule(one, place) for one in rules]
                sql = ", ".join(part.sql for part in parts)
                said = ", else ".join(part.words for part in parts)
                return _combined(f"coalesce({sql})", parts, f"the first filled of: {said}")
            case _:
                raise ConfigError(f"{place}: {rule!r} is no column rule; expected {EXPECTED}")

    def columns_of(self, sql: str, place: str) -> frozenset[str]:
        """Name the columns that an SQL expression reads.

        Raises:
            ConfigError: it is no expression, or names a dotted column without quotes.
        """
        row = self._connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {sql}"]).fetchone()
        tree = json.loads(row[0]) if row else {"error": True}
        if tree["error"]:
            problem = tree.get("error_message")
            raise ConfigError(f"{place}: {sql!r} is no SQL expression: {problem}")
        own = set(_own_names(tree))
        references = [names for names in _references(tree) if names[0] not in own]
        dotted = [".".join(names) for names in references if len(names) > 1]
        if dotted:
            raise ConfigError(
                f'{place}: write "{dotted[0]}" between double quotes: it names one column'
            )
        return frozenset(name for (name,) in references)

    def _join(self, columns: Sequence[Any], by: str, place: str) -> Expression:
        parts = [self.rule(column, place) for column in columns]
        cells = ", ".join(part.sql for part in parts)
        said = f" {by!r} ".join(part.words for part in parts)
        return _combined(f"nullif(concat_ws({literal(by)}, {cells}), '')", parts, said)


def translated(of: Expression, words: Mapping[str, Any]) -> Expression:
    """Let a cell be translated by a list of words, without regard to capitals.

    A word that is not listed stays as it is; one listed with an empty target becomes null.
    """
    if not words:
        return of
    cases = " ".join(
        f"WHEN {literal(word.casefold())} THEN {literal(_text(to)) if _text(to) else 'NULL'}"
        for word, to in words.items()
    )
    listed = ", ".join(f"{word} → {_text(to) or 'nothing'}" for word, to in words.items())
    sql = f"CASE lower({of.sql}) {cases} ELSE {of.sql} END"
    return _combined(sql, [of], f"{of.words} ({listed})")


def _combined(sql: str, parts: Iterable[Expression], words: str) -> Expression:
    found = list(parts)
    return Expression(
        sql,
        frozenset().union(*(part.uses for part in found)),
        frozenset().union(*(part.shows for part in found)),
        words,
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _references(tree: Any) -> Iterator[list[str]]:  # noqa: ANN401 - a JSON value
    """Give every column reference of a parsed expression, as the parts of its name."""
    if isinstance(tree, list):
        for branch in tree:
            yield from _references(branch)
    elif isinstance(tree, dict):
        if tree.get("class") == "COLUMN_REF":
            yield tree["column_names"]
        for branch in tree.values():
            yield from _references(branch)


def _own_names(tree: Any) -> Iterator[str]:  # noqa: ANN401 - a JSON value
    """Give the names that an expression makes itself: lambda parameters and aliases."""
    if isinstance(tree, list):
        for branch in tree:
            yield from _own_names(branch)
    elif isinstance(tree, dict):
        if tree.get("class") == "LAMBDA":
            yield from (name for names in _references(tree["lhs"]) for name in names)
        if tree.get("alias"):
            yield tree["alias"]
        yield from tree.get("column_name_alias", ())
        for branch in tree.values():
            yield from _own_names(branch)
