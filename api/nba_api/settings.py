"""What a server is told when it starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from nba.domain import to_instant

_PREFIX: Final = "NBA_"


class Settings(BaseModel):
    """Settings of one server; `NBA_MODELS`, `NBA_DB`, `NBA_PLAYBOOK`, `NBA_AS_OF` by environment.

    Attributes:
        models: the folder of snapshots.
        db: URL of the store.
        playbook: a playbook file, by default the one that ships.
        as_of: a clock that stands still, for demonstrations; by default the clock runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path = Path("models")
    db: str = "sqlite:///nba.db"
    playbook: Path | None = None
    as_of: str | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings from the environment."""
        named = {name: os.environ.get(f"{_PREFIX}{name.upper()}") for name in cls.model_fields}
        return cls.model_validate({name: value for name, value in named.items() if value})

    def fixed_clock(self) -> np.datetime64 | None:
        """Give the instant at which the clock stands, if it does.

        Raises:
            DataError: `as_of` is no instant with a zone.
        """
        return None if self.as_of is None else to_instant(self.as_of)
