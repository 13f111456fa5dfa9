"""How much is asked of the faults, and the processes that are killed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from tests.faults.forks import Forks, started


def times(full: int, default: float = 0.1) -> int:
    """Give how often to do what `make faults` does so often: the share that NBA_FAULTS says."""
    return max(round(full * float(os.environ.get("NBA_FAULTS") or default)), 1)


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with started() as forks:
        yield forks


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)
