"""Mappings: how the files of a platform become our tables, as one TOML file a platform."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

import duckdb

from nba.data.entries import FileMapping, folded, read_entry, refuse_unknown, text_of, texts_of
from nba.data.expressions import Grammar
from nba.errors import ConfigError
from nba.schema import Table
from nba.statuses import STATUSES

PRESETS: Final = "mappings"
KEYS: Final = frozenset("title extends personal keep statuses package files file".split())


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """All the files of one platform.

    Attributes:
        name: what `--as` takes, or the stem of the file.
        title: for people.
        entries: the kinds of files; empty where the files have our own column names.
        statuses: the platform's word, in lower case → canonical status.
        personal: names or `*` patterns, in lower case, of columns that are never stored.
        keep: names or `*` patterns, in lower case, of columns that are stored though no rule reads
            them; empty where all are. With it, what nobody thought of counts as personal.
        package: the installable package that holds files of this platform.
        files: their paths in the package.
    """

    name: str
    title: str
    entries: Sequence[FileMapping] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    personal: Sequence[str] = ()
    keep: Sequence[str] = ()
    package: str | None = None
    files: Sequence[str] = ()

    @classmethod
    @cache
    def preset(cls, name: str) -> Self:
        """Load a mapping that ships, once a process.

        Raises:
            ConfigError: there is no such preset.
        """
        return cls._parse(name, preset_text(name))

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
        except UnicodeDecodeError:
            raise ConfigError(f"the mapping {path} is not UTF-8; save it as UTF-8") from None
        return cls._parse(Path(path).stem, text)

    @classmethod
    def _parse(cls, name: str, text: str) -> Self:
        read = cls._read(name, text)
        return replace(read, entries=[entry.with_statuses(read.statuses) for entry in read.entries])

    @classmethod
    def _read(cls, name: str, text: str) -> Self:
        """Read a mapping whose entries do not translate statuses yet.

        So a mapping that extends this one may say otherwise of a word.
        """
        place = f"mapping {name}"
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{place} is no TOML: {error}") from None
        refuse_unknown(document, KEYS, place)
        extended = text_of(document, "extends", place)
        base = cls(name, name)
        if extended is not None:
            base = cls._read(extended, preset_text(extended))
        statuses = {**base.statuses, **_statuses(document.get("statuses", {}), place)}
        with duckdb.connect() as connection:
            grammar = Grammar(connection)
            entries = [
                read_entry(entry, f"{place}, file {number}", grammar)
                for number, entry in enumerate(_entries(document, place), 1)
            ]
        named = {entry.name for entry in entries}
        kept = [entry for entry in base.entries if entry.name not in named]
        personal = (one.casefold() for one in texts_of(document, "personal", place))
        keep = (one.casefold() for one in texts_of(document, "keep", place))
        return cls(
            name,
            text_of(document, "title", place) or base.title,
            [*kept, *entries],
            statuses,
            (*base.personal, *personal),
            (*base.keep, *keep),
            text_of(document, "package", place),
            texts_of(document, "files", place),
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

    def fitting(self, header: Collection[str]) -> list[FileMapping]:
        """List the entries that a file with this header is read by; each makes rows of a table."""
        return [entry for entry in self.entries if entry.fits(header)]

    def over_own_names(self, table: Table, header: Collection[str]) -> FileMapping:
        """Read a file that has our column names, with this platform's words for statuses."""
        return FileMapping.identity(table, header).with_statuses(self.statuses)

    def narrowed(self, entries: Sequence[FileMapping]) -> Self:
        """Give the mapping with those of its entries alone that a source is read by.

        So a column counts as read only where a rule for this very source reads it.
        """
        return replace(self, entries=entries)

    def is_personal(self, column: str) -> bool:
        """Whether a column must not be stored: it is personal, or some field in it is.

        Where the mapping says what to keep, so is every other column that no entry reads, and
        every array whose elements are read field by field: any field may stand in it.
        """
        name = column.casefold()
        if any(
            fnmatchcase(name, pattern) or pattern.startswith(f"{name}.")
            for pattern in self.personal
        ):
            return True
        if not self.keep:
            return False
        read = folded(frozenset().union(*(one.needed | one.optional for one in self.entries)))
        if any(one.startswith(f"{name}.") for one in read):
            return True
        return name not in read and not any(fnmatchcase(name, pattern) for pattern in self.keep)


def preset_names() -> list[str]:
    """List the mappings that ship, sorted."""
    folder = files("nba.data") / PRESETS
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def preset_text(name: str) -> str:
    """Give the TOML of a mapping that ships.

    Raises:
        ConfigError: there is no such preset.
    """
    names = preset_names()
    if name not in names:
        raise ConfigError(f"there is no preset {name!r}; the presets are {', '.join(names)}")
    return (files("nba.data") / PRESETS / f"{name}.toml").read_text("utf-8")


def _entries(document: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    entries = document.get("file", [])
    if not isinstance(entries, list):
        raise ConfigError(f"{place}: file is no list; write [[file]] with two brackets")
    if not entries and not {"extends", "statuses", "personal"} & set(document):
        raise ConfigError(f"{place} says nothing; expected [[file]], [statuses] or extends")
    return [
        _completed(entry, entries[:number], f"{place}, file {number + 1}")
        for number, entry in enumerate(entries)
    ]


def _completed(
    entry: Mapping[str, Any], before: Sequence[Mapping[str, Any]], place: str
) -> dict[str, Any]:
    """Let an entry take what it does not say from the earlier one that it is like."""
    like = text_of(entry, "like", place)
    own = {key: value for key, value in entry.items() if key != "like"}
    if like is None:
        return own
    for one in before:
        if one.get("name") == like:
            return {**_completed(one, before[: before.index(one)], place), **own}
    raise ConfigError(f"{place}: like is {like!r}; expected the name of an earlier [[file]]")


def _statuses(words: object, place: str) -> dict[str, str]:
    if not isinstance(words, dict):
        raise ConfigError(f"{place}: statuses is {words!r}; expected [statuses] with word = code")
    wrong = sorted(f"{word} = {code!r}" for word, code in words.items() if code not in STATUSES)
    if wrong:
        raise ConfigError(
            f"{place}, statuses: {', '.join(wrong)}; the codes are {', '.join(STATUSES)}"
        )
    return {word.casefold(): code for word, code in words.items()}
