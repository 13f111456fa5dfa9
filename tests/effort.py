"""How much is asked of what can be asked for ever: little by default, more by `make soak`."""

from __future__ import annotations

import os
from typing import TypeVar

Asked = TypeVar("Asked")


def times(few: Asked, many: Asked) -> Asked:
    """Give how many examples to try, or which; `make soak` sets NBA_SOAK."""
    return many if os.environ.get("NBA_SOAK") else few
