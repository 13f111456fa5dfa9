"""Where ids of a person stand in what is told of others, and how they are taken out of there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final

_GONE: Final = object()


def spellings(ids: Iterable[str]) -> list[str]:
    """List how some ids may be written, in a text or in JSON; the longest first."""
    spelled = {
        written
        for one in ids
        for written in (one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1])
    }
    return sorted(spelled, key=lambda one: (-len(one), one))


def mentions(ids: Iterable[str]) -> re.Pattern[bytes]:
    """Compile what finds any of some ids in a text or in JSON, but not within a longer word."""
    words = b"|".join(re.escape(one.encode("utf-8", "surrogatepass")) for one in spellings(ids))
    return re.compile(rb"(?<![0-9A-Za-z])(?:" + words + rb")(?![0-9A-Za-z])")


def values_in(told: str) -> list[str]:
    """List the texts and whole numbers, as texts, that are values in JSON, however deep.

    Of what is no JSON, or nested deeper than Python reads, it is the whole text.
    """
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        found.extend(value for _, one in pairs for value in _values(one))

    try:
        return [*_values(json.loads(told, object_pairs_hook=note)), *found]
    except (ValueError, RecursionError):
        return [told]


def unnaming(ids: Collection[str]) -> Callable[[str], str | None]:
    """Give what takes some ids out of JSON: every key goes whose value is one, however deep.

    So do elements of lists. What says none of the ids stays as it is written. What says nothing
    else, as an object or a text, becomes None.
    """
    theirs, gone = mentions(ids), frozenset(ids)

    def unnamed(told: str) -> str | None:
        # JSON may spell any character of an id as an escape.
        if "\\" not in told and not theirs.search(told.encode("utf-8", "surrogatepass")):
            return told
        if gone.isdisjoint(values_in(told)):
            return told
        try:
            # Pairs, as an object may give one key several times, of which each is told.
            document = json.loads(told, object_pairs_hook=lambda pairs: _left_of(pairs, gone))
            left = _left(document, gone)
            return None if left is _GONE or not left else _written(left)
        except (ValueError, RecursionError):
            return None if told in gone else told

    return unnamed


def _values(value: object) -> Iterator[str]:
    """Give what a cell of JSON says; objects in it tell for themselves."""
    if isinstance(value, list):
        for one in value:
            yield from _values(one)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def _left_of(pairs: list[tuple[str, Any]], gone: Collection[str]) -> dict[str, Any]:
    left = ((key, _left(value, gone)) for key, value in pairs)
    return {key: value for key, value in left if value is not _GONE}


def _left(value: object, gone: Collection[str]) -> object:
    """Give what is left of a cell of JSON, in which objects have been seen to."""
    if isinstance(value, list):
        return [left for one in value if (left := _left(one, gone)) is not _GONE]
    return _GONE if any(one in gone for one in _values(value)) else value


def _written(document: object) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a character, which only an escape can spell.
        return json.dumps(document, separators=(",", ":"))
    return text
