"""Who may import whom, what is watched, and where the sources are: the tables of the house."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = (REPO / "src", REPO / "api")

ROOT = (
    *("asides", "config", "domain", "statuses", "errors", "mentions"),
    *("palette", "ranges", "segmentation", "vocabulary"),
)
OURS = (*ROOT, "schema", "checking")

# Importer -> what it may import of ours, both named from `nba.` on; the longest importer name that
# fits decides, and a name stands for everything inside it. The package's own face is "nba".
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(OURS, ROOT),
    "checking": (*ROOT, "schema"),
    "facts": (*OURS, "facts"),
    "data": (*OURS, "data", "facts"),
    "statistics": (*OURS, "statistics", "data.history", "data.purchases", "facts.spools"),
    "statistics.engines.orders": (*OURS, "statistics", "facts.known"),
    "artifacts": (*OURS, "artifacts"),
    "learn": (
        *OURS,
        "learn",
        "data.history",
        "data.catalog",
        "data.contacts",
        "data.curated",
        "data.events",
        "data.profiles",
        "data.purchases",
        "facts.known",
        "statistics",
        "artifacts",
        "measure.split",
        "measure.metrics",
    ),
    "recommend": (*OURS, "recommend", "artifacts"),
    "decide": (*OURS, "decide", "facts", "artifacts", "recommend"),
    "state": (*OURS, "state", "facts"),
    "measure": (
        *OURS,
        "measure",
        "facts",
        "data",
        "statistics",
        "artifacts",
        "recommend.results",
    ),
    "measure.backtest": (
        *OURS,
        "measure",
        "facts",
        "data",
        "statistics",
        "artifacts",
        "recommend",
        "learn",
        "decide",
    ),
    "measure.valuation": (
        *OURS,
        "measure",
        "facts",
        "data",
        "artifacts",
        "decide",
    ),
    "measure.split": (*OURS, "data.history"),
    "measure.metrics": (*OURS, "data.history"),
    "nba_api": (*OURS, "nba_api", "facts", "artifacts", "recommend", "decide", "state"),
    "cli": ("*",),
    "__main__": ("cli",),
    "nba": (
        *OURS,
        "facts",
        "data",
        "statistics",
        "learn",
        "artifacts",
        "recommend",
        "decide",
        "state",
        "measure",
    ),
}

# Library -> the only rooms that may import it. A library not named here is free outside the root.
LIBRARY_ROOMS: dict[str, tuple[str, ...]] = {
    "duckdb": ("data", "statistics.engines"),
    "ibis": ("statistics.engines",),
    "py4j": ("statistics.engines.connections",),
    "pyspark": ("statistics.engines.connections",),
    "sqlalchemy": ("state", "data.readers"),
    "alembic": ("state",),
    "fsspec": ("artifacts.remote",),
    "implicit": ("learn.collaborative",),
    "numba": ("statistics",),
    "altair": ("measure.report",),
    "vl_convert": ("measure.report.theme",),
    "jinja2": ("measure.report.page", "nba_api.pages"),
    "mrml": ("nba_api.letters",),
}
ROOT_LIBRARIES = ("numpy", "pydantic")
FRAME_FUNCTIONS = ("from_frame", "to_frame")

# Name -> the rooms where it may be used. A bare builtin is written `builtins.<name>`.
CLOCK_ROOMS = ("cli", "nba_api")
PRINT_ROOMS = ("cli", "__main__")
RESTRICTED_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "datetime.datetime.now",
            "datetime.datetime.utcnow",
            "datetime.datetime.today",
            "datetime.date.today",
            "time.time",
            "time.time_ns",
            "time.localtime",
            "time.gmtime",
            "time.ctime",
            "pandas.Timestamp.now",
            "pandas.Timestamp.utcnow",
            "pandas.Timestamp.today",
            "sqlalchemy.func.now",
            "sqlalchemy.func.current_timestamp",
        ),
        CLOCK_ROOMS,
    ),
    **dict.fromkeys(
        (
            "pickle",
            "cloudpickle",
            "dill",
            "marshal",
            "shelve",
            "joblib.load",
            "yaml.load",
            "yaml.full_load",
            "yaml.unsafe_load",
            "builtins.eval",
            "builtins.exec",
            "allow_pickle",  # as a keyword, unless it says False
        ),
        (),
    ),
    **dict.fromkeys(
        (
            "builtins.print",
            "builtins.exit",
            "builtins.quit",
            "builtins.SystemExit",
            "sys.exit",
            "sys.stdout",
            "sys.stderr",
            "os._exit",
            "rich.print",
            "typer.echo",
            "typer.Exit",
        ),
        PRINT_ROOMS,
    ),
}
BUILTINS = frozenset(
    name.removeprefix("builtins.") for name in RESTRICTED_NAMES if name.startswith("builtins.")
)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the prefixes, or lies inside one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def sources() -> Iterator[tuple[str, Path]]:
    """Give the dotted module name and path of every Python file of the two packages."""
    for root in SOURCE_ROOTS:
        for package in ("nba", "nba_api"):
            for path in sorted((root / package).rglob("*.py")):
                parts = path.relative_to(root).with_suffix("").parts
                yield ".".join(part for part in parts if part != "__init__"), path


@cache
def declared_libraries() -> tuple[frozenset[str], frozenset[str]]:
    """Give the import names of the base dependencies, and of those of all extras."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return _import_names(project["dependencies"]), _import_names(extras)


def _import_names(requirements: list[str]) -> frozenset[str]:
    cut = str.maketrans(dict.fromkeys("[<>=!~; ", "\0"))
    return frozenset(
        line.translate(cut).split("\0")[0].lower().replace("-", "_") for line in requirements
    )


# Part of a declared library's own public face, or the name by which it is imported.
COMES_WITH = {
    "starlette": "fastapi",
    "jwt": "pyjwt",
    "click": "typer",
    "pydantic_core": "pydantic",
    "llvmlite": "numba",
    "markupsafe": "jinja2",
    "vl_convert": "vl_convert_python",
    "ibis": "ibis_framework",
}
