"""What a file is: recognised by its header among our own tables and the platforms we know."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from nba.data.entries import FileMapping, folded
from nba.data.mapping import SourceMapping, preset_names, preset_text
from nba.errors import DataError
from nba.schema import FLAT, closest_table

OURS: Final = SourceMapping("", "our own column names")
"""The mapping of files that have our column names."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a source was taken for.

    Attributes:
        source: the file, as reports name it.
        mapping: the preset or mapping file; empty for our own column names.
        title: the same for people.
        entries: (entry, table, columns it was known by) of each table that the source fills.
    """

    source: str
    mapping: str
    title: str
    entries: Sequence[tuple[str, str, Sequence[str]]] = field(default=())

    def sentence(self) -> str:
        """Say what it was taken for and why."""
        what = " and ".join(dict.fromkeys(name for name, _, _ in self.entries))
        by = ", ".join(dict.fromkeys(name for _, _, names in self.entries for name in names))
        return f"{self.source}: {self.title}, {what}{f', by {by}' if by else ''}"

    def to_rows(self) -> list[dict[str, object]]:
        """Give one JSON value a table."""
        return [
            {
                "source": self.source,
                "mapping": self.mapping,
                "entry": name,
                "table": table,
                "by": list(by),
            }
            for name, table, by in self.entries
        ]


def recognise(
    source: str, header: Collection[str], given: SourceMapping | None
) -> tuple[SourceMapping, list[FileMapping], Recognised]:
    """Find the mapping and the entries by which a file is read.

    The platform wins of whose `detect` columns the header has most; our own names, where they fit
    in full, win against those that know no more of its columns.

    Args:
        source: the name of the file.
        header: its columns.
        given: the mapping it must belong to; by default any.

    Raises:
        DataError: the file is none of these, or one that its platform's mapping refuses.
    """
    mapping = given or OURS
    entries = mapping.fitting(header)
    if not entries and not mapping.entries:
        entries = _own_names(mapping, header)
    if given is None:
        found = _platform_of(header, max((len(one.columns) for one in entries), default=0))
        if found is not None:
            mapping = SourceMapping.preset(found)
            entries = mapping.fitting(header)
    if not entries:
        raise DataError(_unknown(source, header, given))
    for entry in entries:
        if entry.refuse:
            raise DataError(f"{source} ({mapping.title}, {entry.name}): {entry.refuse}")
    return mapping, entries, _because(source, header, mapping, entries)


def _own_names(mapping: SourceMapping, header: Collection[str]) -> list[FileMapping]:
    table = closest_table(folded(header))
    if table.lacks(folded(header)):
        return []
    return [mapping.over_own_names(table, header)]


def _platform_of(header: Collection[str], known: int) -> str | None:
    """Name the preset with the most detected columns; only that one is then read in full.

    Args:
        header: the columns of a file.
        known: how many of them are our own; only a preset that knows more is named.
    """
    names = folded(header)
    best = ""
    most = known
    for preset, detects in _detects_of_presets():
        detected = frozenset[str]().union(*(detect for detect in detects if detect <= names))
        if len(detected) > most:
            best, most = preset, len(detected)
    return best or None


@cache
def _detects_of_presets() -> list[tuple[str, list[frozenset[str]]]]:
    """List what the files of each preset are known by; the presets do not change meanwhile."""
    return [
        (
            preset,
            [
                folded(entry.get("detect", []))
                for entry in tomllib.loads(preset_text(preset)).get("file", [])
                if "query" not in entry
            ],
        )
        for preset in preset_names()
    ]


def _because(
    source: str, header: Collection[str], mapping: SourceMapping, entries: Sequence[FileMapping]
) -> Recognised:
    spelled = {name.casefold(): name for name in header}
    known = [
        (
            entry.name,
            entry.table.name,
            [spelled.get(name.casefold(), name) for name in _in_order(entry, header)],
        )
        for entry in entries
    ]
    return Recognised(source, mapping.name, mapping.title, known)


def _in_order(entry: FileMapping, header: Collection[str]) -> list[str]:
    """List what an entry was known by, in the order of the header."""
    by = folded(entry.detect or entry.table.required)
    return [name for name in header if name.casefold() in by]


def _unknown(source: str, header: Collection[str], given: SourceMapping | None) -> str:
    columns = ", ".join(header)
    if given is not None and given.entries:
        kinds = "; ".join(
            f"{entry.name}: {', '.join(sorted(entry.detect))}" for entry in given.entries
        )
        return (
            f"{source} is no file of {given.name}: its columns are {columns}; "
            f"a file is known by: {kinds}"
        )
    table = closest_table(folded(header))
    # A header with few of our names says nothing about which table was meant: newcomers have one.
    table = table if len(set(table.names) & folded(header)) > 1 else FLAT
    missing = ", ".join(table.lacks(folded(header)))
    return (
        f"{source} lacks the column {missing} of a {table.name} file, and is no file of a platform "
        f"we know ({', '.join(preset_names())}); it has {columns}; rename its columns, or map them "
        "with --map"
    )
