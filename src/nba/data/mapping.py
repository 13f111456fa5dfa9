"""Mappings: which column of a source fills which column of ours, as one TOML file a platform."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

import duckdb

from nba.data.checks import literal, quoted
from nba.errors import ConfigError
from nba.schema import FLAT, TABLES, Table

PRESETS: Final = "mappings"


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one kind of file becomes one table. Capitals in names of columns make no difference.

    Attributes:
        table: the contract the rows must meet.
        columns: our column → the SQL expression over the source's text columns.
        uses: the source's columns that the expressions read.
        detect: columns whose presence in a header means this kind of file.
        plain: our column → the source's column that fills it as it is.
        zone: the zone of its timestamps, where they carry none.
    """

    table: Table
    columns: Mapping[str, str]
    uses: frozenset[str]
    detect: frozenset[str]
    plain: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None

    @classmethod
    def identity(cls, table: Table, header: Collection[str]) -> FileMapping:
        """Take columns that already have our names."""
        found = {name.casefold(): name for name in header}
        plain = {name: found[name] for name in table.names if name in found}
        columns = {name: quoted(source) for name, source in plain.items()}
        return cls(table, columns, frozenset(plain.values()), frozenset(), plain)

    @property
    def assumes_status(self) -> bool:
        """Whether orders are made here and no column says how far they have come."""
        return self.table is FLAT and "status" not in self.columns

    def unused(self, header: Collection[str]) -> list[str]:
        """List the columns of a header that no expression reads."""
        used = folded(self.uses)
        return [name for name in header if name.casefold() not in used]


def folded(names: Collection[str]) -> frozenset[str]:
    """Give names without regard to capitals, as SQL compares them."""
    return frozenset(name.casefold() for name in names)


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """All the files of one platform; `package` holds them where they can be installed."""

    name: str
    title: str
    file_mappings: Sequence[FileMapping]
    package: str | None = None
    files: Sequence[str] = field(default=())

    @classmethod
    def preset(cls, name: str) -> Self:
        """Load a mapping that ships.

        Raises:
            ConfigError: there is no such preset.
        """
        folder = files("nba.data") / PRESETS
        names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir())
        if name not in names:
            raise ConfigError(f"there is no preset {name!r}; the presets are {', '.join(names)}")
        return cls._parse(name, (folder / f"{name}.toml").read_text("utf-8"))

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Load a user's own mapping.

        Raises:
            ConfigError: the file is absent or not a mapping; the message says where.
        """
        try:
            text = Path(path).read_text("utf-8")
        except OSError as error:
            raise ConfigError(f"the mapping {path} cannot be read: {error.strerror}") from None
        return cls._parse(Path(path).stem, text)

    @classmethod
    def _parse(cls, name: str, text: str) -> Self:
        try:
            document = tomllib.loads(text)
            mappings = [_file_mapping(entry) for entry in document["file"]]
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"mapping {name} is not valid: {error}") from None
        return cls(
            name,
            document.get("title", name),
            mappings,
            document.get("package"),
            tuple(document.get("files", ())),
        )

    def installed_files(self) -> list[Path]:
        """Find the files of an installed data package.

        Raises:
            ConfigError: this preset has none, or the package is not installed.
        """
        if self.package is None:
            raise ConfigError(f"preset {self.name} needs files: nba import FILES --as {self.name}")
        found = find_spec(self.package)
        if found is None or not found.submodule_search_locations:
            raise ConfigError(
                f"the package {self.package} is not installed; run: pip install 'nba[demo]'"
            )
        return [Path(found.submodule_search_locations[0]) / name for name in self.files]

    def match(self, header: Collection[str]) -> FileMapping | None:
        """Choose the kind of file a header belongs to."""
        names = folded(header)
        return next((one for one in self.file_mappings if folded(one.detect) <= names), None)


def _file_mapping(entry: Mapping[str, Any]) -> FileMapping:
    table = TABLES.get(entry["table"])
    if table is None:
        raise ConfigError(f"table {entry['table']!r} is unknown; known: {', '.join(TABLES)}")
    unknown = sorted(set(entry["columns"]) - set(table.names))
    if unknown:
        raise ConfigError(f"table {table.name} has no column {', '.join(unknown)}")
    columns: dict[str, str] = {}
    uses: set[str] = set()
    for name, rule in entry["columns"].items():
        columns[name], used = _expression(rule)
        uses |= used
    plain = {name: rule for name, rule in entry["columns"].items() if isinstance(rule, str)}
    detect = frozenset(entry.get("detect", uses))
    return FileMapping(table, columns, frozenset(uses), detect, plain, entry.get("zone"))


def _expression(rule: str | Mapping[str, Any]) -> tuple[str, set[str]]:
    """Turn a column rule into SQL, and name the source's columns it reads."""
    if isinstance(rule, str):
        return quoted(rule), {rule}
    match sorted(rule):
        case ["const"]:
            return literal(str(rule["const"])), set()
        case ["join"] | ["by", "join"]:
            cells = ", ".join(quoted(part) for part in rule["join"])
            joined = f"nullif(concat_ws({literal(rule.get('by', ' '))}, {cells}), '')"
            return joined, set(rule["join"])
        case ["sql"]:
            return f"CAST({rule['sql']} AS VARCHAR)", _columns_read(rule["sql"])
        case _:
            raise ConfigError(
                f"{rule!r} is no column rule; expected a column name, or a table with "
                "const, join (and by), or sql"
            )


def _columns_read(sql: str) -> set[str]:
    """Name the columns that an SQL expression reads.

    Raises:
        ConfigError: it is no expression.
    """
    with duckdb.connect() as connection:
        row = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {sql}"]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise ConfigError(f"{sql!r} is no SQL expression: {tree.get('error_message')}")
    return set(_references(tree))


def _references(tree: Any) -> Iterator[str]:  # noqa: ANN401 - a JSON value
    if isinstance(tree, list):
        for branch in tree:
            yield from _references(branch)
    elif isinstance(tree, dict):
        if tree.get("class") == "COLUMN_REF":
            yield tree["column_names"][-1]
        for branch in tree.values():
            yield from _references(branch)
