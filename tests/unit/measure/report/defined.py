"""Whether every number of a document is defined, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nba.measure.report.definitions import WHOLE, Definitions

# Where a part of a document begins → the section whose definitions hold there.
_SECTION_OF = {
    "months": WHOLE,
    "baseline": WHOLE,
    "now": WHOLE,
    "messages_total": "messages",
    "message_slices": "messages",
    "change": "factors",
}


def undefined(document: Mapping[str, Any], sections: Mapping[str, Definitions]) -> set[str]:
    """Name the figures of a document that have no line, or are found under that of another."""
    told = document["definitions"]
    found = set()
    for section, name in _figures(document, WHOLE, sections):
        line = sections[section].get(name)
        if line is None or told.get(f"{section}.{name}", told.get(name)) != line:
            found.add(f"{section}.{name}")
    return found


def _figures(
    node: Any, section: str, sections: Mapping[str, Definitions], name: str = ""
) -> Iterator[tuple[str, str]]:
    match node:
        case dict():
            for key, value in node.items():
                if key == "definitions":
                    continue
                inner = section
                if isinstance(value, dict | list):
                    inner = _SECTION_OF.get(key, key if key in sections else section)
                # What each factor did is defined together, as are orders by currency.
                under = name if name in ("parts", "currencies") else key
                yield from _figures(value, inner, sections, under)
        case list():
            for value in node:
                yield from _figures(value, section, sections, name)
        case int() | float():
            yield section, name
