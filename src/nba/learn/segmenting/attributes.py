"""Single values out of the JSON that a shop keeps beside its customers."""

from __future__ import annotations

import json
import sys
from typing import Any, TypeGuard

from nba.domain import Texts
from nba.segmentation import Value


def attribute(texts: Texts, key: str) -> dict[int, Value]:
    """Give the value of a key by the place of each text that has one.

    Texts that are no JSON object say nothing, and neither do nulls, lists, objects and numbers
    that are not finite or too great for a float.
    """
    # A key stands in the text as JSON writes it, with or without escapes.
    spellings = {json.dumps(key), json.dumps(key, ensure_ascii=False)}
    everything = texts.data.tobytes()
    if not any(spelling.encode() in everything for spelling in spellings):
        return {}
    found: dict[int, Value] = {}
    for place, text in enumerate(texts):
        if any(spelling in text for spelling in spellings):
            try:
                document = json.loads(text)
            except (ValueError, RecursionError):
                continue
            value = document.get(key) if isinstance(document, dict) else None
            if _is_told(value):
                found[place] = value
    return found


def _is_told(value: Any) -> TypeGuard[Value]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, int | float):
        # Python reads NaN and Infinity, which are no JSON, and numbers of any length.
        return abs(value) <= sys.float_info.max
    return isinstance(value, str)
