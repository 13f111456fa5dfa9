"""How much is asked of what can be asked for ever: little by default, more by `make soak`."""

from __future__ import annotations

import os


def times(few: int, many: int) -> int:
    """Give how many examples to try; `make soak` sets NBA_SOAK."""
    return many if os.environ.get("NBA_SOAK") else few
