"""Mappings: which column of a source fills which column of ours, as one TOML file a platform."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

from nba.data.checks import literal, quoted
from nba.errors import ConfigError
from nba.schema import TABLES, Table

PRESETS: Final = "mappings"


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one kind of file becomes one table.

    Attributes:
        table: the contract the rows must meet.
        columns: our column → the SQL expression over the source's text columns.
        uses: the source's columns that the expressions read.
        detect: columns whose presence in a header means this kind of file.
        zone: the zone of its timestamps, where they carry none.
    """

    table: Table
    columns: Mapping[str, str]
    uses: frozenset[str]
    detect: frozenset[str]
    zone: str | None = None

    @classmethod
    def identity(cls, table: Table, header: Collection[str]) -> FileMapping:
        """Take columns that already have our names."""
        names = [name for name in table.names if name in header]
        return cls(table, {name: quoted(name) for name in names}, frozenset(names), frozenset())


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
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
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
        names = frozenset(header)
        return next((one for one in self.file_mappings if one.detect <= names), None)


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
    detect = frozenset(entry.get("detect", uses))
    return FileMapping(table, columns, frozenset(uses), detect, entry.get("zone"))


def _expression(rule: str | Mapping[str, Any]) -> tuple[str, set[str]]:
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
            # Words that are no columns of the source do no harm: see FileMapping.uses.
            return f"CAST({rule['sql']} AS VARCHAR)", set()
        case _:
            raise ConfigError(
                f"{rule!r} is no column rule; expected a column name, or a table with "
                "const, join (and by), or sql"
            )
