"""How much is asked of the faults, and the shop they befall."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from nba.data.imports import import_files
from tests.api.shop import CONSENTS, EVENTS, PRODUCTS, orders_csv


def times(full: int, default: float = 0.1) -> int:
    """Give how often to do what `make faults` does so often: the share that NBA_FAULTS says."""
    return max(round(full * float(os.environ.get("NBA_FAULTS") or default)), 1)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: what a killed process wrote is there all the same."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop folder of eleven orders."""
    tables = {"orders": orders_csv(), "products": PRODUCTS, "consents": CONSENTS, "events": EVENTS}
    for name, rows in tables.items():
        (tmp_path / f"{name}.csv").write_text(rows, "utf-8")
    import_files([tmp_path / f"{name}.csv" for name in tables], tmp_path / "shop")
    return tmp_path / "shop"
