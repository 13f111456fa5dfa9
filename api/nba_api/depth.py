"""How deep a JSON body nests, from its bytes alone."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

MAX_DEPTH: Final = 32
# Possessive, so that no body makes it go back; a text that never ends reaches to the end.
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS: Final = b"[]{}"
_OTHERS: Final = bytes(set(range(256)) - set(_BRACKETS))
_FOLDED: Final = bytes.maketrans(b"{}", b"[]")


def is_too_deep(body: bytes) -> bool:
    """Tell whether a body opens more than `MAX_DEPTH` lists and objects inside one another.

    It is not parsed: of what is no JSON it may say either, and a parser refuses that anyway.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _TEXT.sub(b"", body).translate(_FOLDED, _OTHERS)
    if not brackets:
        return False
    opens = np.frombuffer(brackets, dtype=np.uint8) == ord("[")
    return int(np.cumsum(np.where(opens, 1, -1)).max()) > MAX_DEPTH
