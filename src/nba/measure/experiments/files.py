"""A folder of experiments and hypotheses, each a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final, TypeAlias

from nba.errors import ConfigError
from nba.measure.experiments.definition import Experiment
from nba.measure.experiments.hypotheses import Hypothesis

Trial: TypeAlias = Experiment | Hypothesis
"""What may be tried out: something compared, or something believed."""
_COMPARES: Final = frozenset(("arm", "metric", "starts_at", "ends_at", "minimum_effect"))
"""Keys that only an experiment has."""
_BELIEVES: Final = frozenset(("of", "do", "threshold"))
"""Keys that only a hypothesis has."""


def read_experiments(folder: str | Path) -> tuple[Trial, ...]:
    """Read every experiment and hypothesis of a folder, by the names of the files.

    A file with arms is an experiment, one that says what whom is believed to do a hypothesis.

    Raises:
        ConfigError: the folder or a file cannot be read, a file is neither, says what it may not,
            or two of them have one id.
    """
    path = Path(folder)
    if not path.is_dir():
        raise ConfigError(f"{path} is no folder; name one that holds experiments as *.toml")
    found: list[Trial] = []
    named: dict[str, Path] = {}
    for file in sorted(path.glob("*.toml")):
        one = _read(file)
        if one.id in named:
            raise ConfigError(
                f"{file} and {named[one.id]} have the same id {one.id!r}; give each its own"
            )
        named[one.id] = file
        found.append(one)
    return tuple(found)


def _read(file: Path) -> Trial:
    keys = set(_document(file))
    if keys & _COMPARES:
        return Experiment.from_toml(file)
    if keys & _BELIEVES:
        return Hypothesis.from_toml(file)
    raise ConfigError(
        f"{file} is neither an experiment nor a hypothesis; the one has arms (arm) and a metric, "
        "the other says what (do) whom (of) is believed to do, and the threshold"
    )


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # no UTF-8, or no TOML
        raise ConfigError(f"{file} is not valid: {error}") from None
