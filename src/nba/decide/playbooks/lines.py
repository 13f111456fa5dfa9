"""On which line of a TOML text a key stands: the standard reader forgets it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING: Final = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})'
    r"|'''[\s\S]*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN: Final = re.compile(r"[^,\]}#\n]*")
Place = tuple[str | int, ...]
"""Keys and positions that lead to a value of a document."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Where everything of a document stands.

    Attributes:
        numbers: place (keys, and positions in arrays) → line, the first being 1.
    """

    numbers: Mapping[Place, int]

    def of(self, place: Sequence[str | int]) -> int:
        """Give the line of a place, or of what is nearest around it: 1 for the file itself."""
        for length in range(len(place), 0, -1):
            if (found := self.numbers.get(tuple(place[:length]))) is not None:
                return found
        return 1


def lines_of(text: str) -> Lines:
    """Find the line of every key, table and array element of a text that is valid TOML."""
    scan = _Scan(text)
    scan.document()
    return Lines(scan.numbers)


class _Scan:
    """One walk through a text, keeping the line of all that it meets."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._counted, self._line = 0, 1
        self._lengths: dict[Place, int] = {}
        self.numbers: dict[Place, int] = {}

    def document(self) -> None:
        table: Place = ()
        while self._skip(_BLANK) is not None and self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header("[[")
                self._lengths[table] = number = self._lengths.get(table, -1) + 1
                self._keep(table)
                table = (*table, number)
                self._keep(table)
                self._at = self._text.index("]]", self._at) + 2
            elif self._text.startswith("[", self._at):
                table = self._header("[")
                self._keep(table)
                self._at = self._text.index("]", self._at) + 1
            else:
                self._entry(table)

    def _header(self, opening: str) -> Place:
        """Read the keys of a header; what names an array of tables means the last of them."""
        self._at += len(opening)
        keys = self._keys()
        place: Place = ()
        for key in keys[:-1]:
            place = (*place, key)
            if place in self._lengths:
                place = (*place, self._lengths[place])
        return (*place, keys[-1])

    def _entry(self, table: Place) -> None:
        """Read `key = value`; every part of a dotted key stands on this line."""
        line_at = self._at
        place = table
        for key in self._keys():
            place = (*place, key)
            self._keep(place, line_at)
        self._at = self._text.index("=", self._at) + 1
        self._value(place)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK)
            quoted = self._text[self._at] in "\"'"
            written = self._skip(_STRING if quoted else _BARE)
            keys.append(_unquoted(written) if quoted else written)
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, place: Place) -> None:
        self._skip(_BLANK)
        match self._text[self._at]:
            case "[":
                self._elements(place)
            case "{":
                self._entries(place)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_PLAIN)

    def _elements(self, place: Place) -> None:
        self._at += 1
        number = 0
        while not self._closes("]"):
            self._keep((*place, number))
            self._value((*place, number))
            number += 1

    def _entries(self, place: Place) -> None:
        self._at += 1
        while not self._closes("}"):
            self._entry(place)

    def _closes(self, bracket: str) -> bool:
        """Pass blanks and a comma; then the bracket, if it is there."""
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_BLANK)
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _skip(self, what: re.Pattern[str]) -> str:
        found = what.match(self._text, self._at)
        if found is None:
            raise ValueError(f"no TOML at position {self._at}")
        self._at = found.end()
        return found[0]

    def _keep(self, place: Place, at: int | None = None) -> None:
        position = self._at if at is None else at
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        self.numbers.setdefault(place, self._line)


def _unquoted(written: str) -> str:
    key: str = tomllib.loads(f"key = {written}")["key"]
    return key
