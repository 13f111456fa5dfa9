"""One `[[file]]` entry of a mapping: which sources it is about, and how their rows become ours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from nba.data.expressions import Expression, Grammar, translated
from nba.errors import ConfigError
from nba.schema import FLAT, TABLES, Kind, Table

KEYS: Final = frozenset(
    """
    name table detect optional zone each only skip fill_down derive returns query refuse columns
    """.split()
)
# Files beside those of the zones: what they say depends on the machine, or is no civil time.
_OF_NO_PLACE: Final = ("localtime", "Factory", "posixrules", "posix/", "right/")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the source's columns.

    Attributes:
        sql: true of the rows that are meant.
        uses: the columns that it reads.
        because: why rows are left out, where the condition is one to skip them.
    """

    sql: str
    uses: frozenset[str]
    because: str = ""


@dataclass(frozen=True, slots=True)
class FillDown:
    """Cells that a source writes on the first of several rows only.

    Attributes:
        by: the column that holds the rows together; empty, it takes the value of the row above.
        columns: an empty cell of these takes the value from the rows above with the same `by`.
    """

    by: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one kind of file becomes one table. Capitals in names of columns make no difference.

    Attributes:
        table: the contract the rows must meet.
        columns: our column → the rule that fills it.
        detect: columns whose presence in a header means this kind of file; for a `query`, the
            tables whose presence means this kind of database.
        name: what people call this kind of file.
        optional: columns that some sources lack; they read as empty.
        zone: the zone of its timestamps, where they carry none.
        each: the column of a JSON array, every element of which is a row.
        fill_down: cells that are written once for several rows.
        only: rows that the entry is about; all by default.
        skip: rows that are left out on purpose.
        returns: rows that take back earlier purchases.
        query: the SQL that reads the rows from a database.
        derive: further columns, by name, each a rule over all rows of the source, those that
            `only` and `skip` leave out included; conditions and rules read them like the source's
            own. In order: each may read those before it, and make several rows of one.
        refuse: what to give instead of such a file, which holds nothing that can be read.
    """

    table: Table
    columns: Mapping[str, Expression]
    detect: frozenset[str] = frozenset()
    name: str = ""
    optional: frozenset[str] = frozenset()
    zone: str | None = None
    each: str | None = None
    fill_down: FillDown | None = None
    only: Condition | None = None
    skip: Sequence[Condition] = field(default=())
    returns: Condition | None = None
    query: str | None = None
    derive: Mapping[str, Expression] = field(default_factory=dict)
    refuse: str = ""

    @classmethod
    def identity(cls, table: Table, header: Collection[str]) -> FileMapping:
        """Take columns that already have our names."""
        found = {name.casefold(): name for name in header}
        columns = {name: Expression.column(found[name]) for name in table.names if name in found}
        return cls(table, columns, name=table.name)

    @property
    def assumes_status(self) -> bool:
        """Whether orders are made here and no column says how far they have come."""
        return self.table is FLAT and "status" not in self.columns

    @property
    def taken(self) -> frozenset[str]:
        """Name the source's columns that some column of ours takes."""
        found = frozenset([self.each] if self.each else [])
        return found | _read_by([*self.columns.values(), *self.derive.values()]) - set(self.derive)

    @property
    def needed(self) -> frozenset[str]:
        """Name the source's columns without which nothing can be read."""
        conditions = [one for one in (self.only, self.returns, *self.skip) if one is not None]
        found = self.taken.union(*(one.uses for one in conditions)) - set(self.derive)
        if self.fill_down is not None:
            found |= {self.fill_down.by, *self.fill_down.columns}
        optional = folded(self.optional)
        return frozenset(name for name in found if name.casefold() not in optional)

    def fits(self, header: Collection[str]) -> bool:
        """Whether a file with this header is of this kind."""
        return self.query is None and folded(self.detect) <= folded(header)

    def with_statuses(self, statuses: Mapping[str, str]) -> FileMapping:
        """Translate a platform's words for statuses."""
        kinds = {column.name: column.kind for column in self.table.columns}
        columns = {
            name: translated(rule, statuses) if kinds[name] is Kind.STATUS else rule
            for name, rule in self.columns.items()
        }
        return replace(self, columns=columns)


def folded(names: Collection[str]) -> frozenset[str]:
    """Give names without regard to capitals, as SQL compares them."""
    return frozenset(name.casefold() for name in names)


def read_entry(entry: Mapping[str, Any], place: str, grammar: Grammar) -> FileMapping:
    """Read a `[[file]]` entry.

    Args:
        entry: as TOML has it.
        place: the mapping and the number of the entry, for messages.
        grammar: what reads its rules.

    Raises:
        ConfigError: a key is unknown, missing or of another type; the message says which.
    """
    name = text_of(entry, "name", place) or ""
    place = f"{place} ({name})" if name else place
    refuse_unknown(entry, KEYS, place)
    if "refuse" in entry:
        return _refused(entry, name, place)
    table = TABLES.get(text_of(entry, "table", place) or "")
    if table is None:
        raise ConfigError(
            f"{place}: table is {entry.get('table')!r}; expected one of {', '.join(TABLES)}"
        )
    rules = entry.get("columns")
    if not isinstance(rules, dict) or not rules:
        raise ConfigError(f"{place}: expected [file.columns] with a rule for each column of ours")
    unknown = sorted(set(rules) - set(table.names))
    if unknown:
        raise ConfigError(
            f"{place}: table {table.name} has no column {', '.join(unknown)}; "
            f"it has {', '.join(table.names)}"
        )
    columns = {
        column: grammar.rule(rule, f"{place}, columns.{column}") for column, rule in rules.items()
    }
    derive = _derived(entry.get("derive", {}), place, grammar)
    query = text_of(entry, "query", place)
    if query is not None and "detect" not in entry:
        raise ConfigError(f"{place}: a query needs detect, the names of the tables it reads")
    if "returns" in entry and table is not FLAT:
        raise ConfigError(f"{place}: returns is about table flat; this entry fills {table.name}")
    used = _read_by([*columns.values(), *derive.values()]) - set(derive)
    optional = frozenset(texts_of(entry, "optional", place))
    return FileMapping(
        table,
        columns,
        frozenset(texts_of(entry, "detect", place)) if "detect" in entry else used - optional,
        name or table.name,
        optional,
        checked_zone(text_of(entry, "zone", place), f"{place}, zone"),
        text_of(entry, "each", place),
        _fill_down(entry.get("fill_down"), f"{place}, fill_down"),
        _condition(entry.get("only"), f"{place}, only", grammar),
        _skips(entry.get("skip", []), f"{place}, skip", grammar),
        _condition(entry.get("returns"), f"{place}, returns", grammar),
        query,
        derive,
    )


def _refused(entry: Mapping[str, Any], name: str, place: str) -> FileMapping:
    """Read an entry that says which files are not to be read."""
    refuse = text_of(entry, "refuse", place)
    detect = frozenset(texts_of(entry, "detect", place))
    if not refuse or not detect or set(entry) - {"name", "detect", "refuse"}:
        raise ConfigError(
            f"{place}: expected refuse, what to give instead of the file, beside detect (and name)"
        )
    return FileMapping(FLAT, {}, detect, name, refuse=refuse)


def refuse_unknown(document: Mapping[str, Any], keys: Collection[str], place: str) -> None:
    """Refuse keys that mean nothing.

    Raises:
        ConfigError: naming them and those that are known.
    """
    unknown = sorted(set(document) - set(keys))
    if unknown:
        raise ConfigError(
            f"{place}: unknown key {', '.join(unknown)}; expected {', '.join(sorted(keys))}"
        )


def text_of(document: Mapping[str, Any], key: str, place: str) -> str | None:
    """Give the text under a key; None where it is absent.

    Raises:
        ConfigError: it is no text.
    """
    value = document.get(key)
    if value is None or isinstance(value, str):
        return value
    raise ConfigError(f"{place}: {key} is {value!r}; expected a text")


def texts_of(document: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    """Give the list of texts under a key; empty where it is absent.

    Raises:
        ConfigError: it is no list of texts.
    """
    value = document.get(key, [])
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ConfigError(f"{place}: {key} is {value!r}; expected a list of texts")


def checked_zone(zone: str | None, place: str) -> str | None:
    """Give back the name of a zone, if it is one.

    Raises:
        ConfigError: there is no such zone.
    """
    if zone is None:
        return None
    try:
        is_known = not zone.startswith(_OF_NO_PLACE) and bool(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        is_known = False
    if not is_known:
        raise ConfigError(f"{place} {zone!r} is no time zone; expected a name such as Europe/Kyiv")
    return zone


def _read_by(rules: Iterable[Expression]) -> frozenset[str]:
    return frozenset[str]().union(*(one.uses for one in rules))


def _derived(rules: object, place: str, grammar: Grammar) -> dict[str, Expression]:
    if not isinstance(rules, dict):
        raise ConfigError(f"{place}: derive is {rules!r}; expected [file.derive] with name = rule")
    return {name: grammar.rule(rule, f"{place}, derive.{name}") for name, rule in rules.items()}


def _condition(sql: object, place: str, grammar: Grammar, because: str = "") -> Condition | None:
    if sql is None:
        return None
    if not isinstance(sql, str):
        raise ConfigError(f"{place} is {sql!r}; expected an SQL condition as a text")
    return Condition(sql, grammar.columns_of(sql, place), because)


def _skips(entries: object, place: str, grammar: Grammar) -> tuple[Condition, ...]:
    skips = []
    for entry in entries if isinstance(entries, list) else [entries]:
        match entry:
            case {"where": str(where), "because": str(because), **rest} if because and not rest:
                found = _condition(where, place, grammar, because)
            case _:
                found = None
        if found is None:
            raise ConfigError(
                f"{place}: {entry!r}; expected a list of {{ where = SQL, because = reason }}"
            )
        skips.append(found)
    return tuple(skips)


def _fill_down(entry: object, place: str) -> FillDown | None:
    match entry:
        case None:
            return None
        case {"by": str(by), "columns": [*columns], **rest} if not rest and all(
            isinstance(one, str) for one in columns
        ):
            return FillDown(by, tuple(columns))
        case _:
            raise ConfigError(
                f"{place}: {entry!r}; expected {{ by = column, columns = [columns] }}"
            )
