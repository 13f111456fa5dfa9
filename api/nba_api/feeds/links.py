"""Addresses of the web, as feeds may pass them on."""

from __future__ import annotations

import re
from typing import Final

# Neither XML nor JSON has a way to write what is left out beside spaces and quotes.
_WEB: Final = re.compile(
    r"""https?://[^\s<>"'\\\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+""", re.IGNORECASE
)


def web_address(text: object) -> str | None:
    """Give a text if it leads to a page or picture of the web; None for anything that could run."""
    return text if isinstance(text, str) and _WEB.fullmatch(text) else None
