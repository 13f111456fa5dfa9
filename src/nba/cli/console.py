"""What every verb shares: progress on stderr, JSON on stdout, errors and exit codes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    import numpy as np

DATA_ERROR: Final = 1
COMMAND_ERROR: Final = 2

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
ShopFolder = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="Folder of the shop.")
]
Models = Annotated[
    str, typer.Option("--models", help="Folder of snapshots, or its URL: s3://bucket/models.")
]


def say(text: str = "", *, as_json: bool = False) -> None:
    """Write a line for people: to stdout, or to stderr where stdout is JSON's."""
    typer.echo(text, err=as_json)


def give(document: dict[str, Any]) -> None:
    """Write the one JSON document of a verb."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))


@contextmanager
def steps(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show progress on stderr while work goes through `total` announced steps."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        # A log file wants a line a step, not a bar that moves.
        began = time.monotonic()
        yield lambda step: print(
            f"{title}: {step} ({time.monotonic() - began:.1f} s)", file=sys.stderr, flush=True
        )
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=total)

        def announce(step: str) -> None:
            if progress.tasks[task].description != title:
                progress.advance(task)
            progress.update(task, description=f"{title}: {step}")

        yield announce
        progress.update(task, completed=total)


def now() -> str:
    """Read the clock: whole seconds of UTC, as every instant is written."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def instant(text: str, option: str) -> np.datetime64:
    """Read an instant given on the command line.

    Raises:
        ConfigError: it is none, or it carries no zone.
    """
    from nba.domain import to_instant
    from nba.errors import ConfigError, DataError

    try:
        return to_instant(text)
    except DataError as error:
        raise ConfigError(f"{option}: {error}") from None


def fail(error: Exception, *, as_json: bool) -> int:
    """Report a foreseen error and give its exit code: 1 = your data, 2 = your command."""
    from nba.errors import ConfigError, DataError

    code = COMMAND_ERROR if isinstance(error, ConfigError) else DATA_ERROR
    problems = list(error.problems) if isinstance(error, DataError) else [str(error)]
    if as_json:
        give_error(type(error).__name__, problems, code)
    typer.secho(f"error: {problems[0]}", fg="red", err=True)
    for more in problems[1:]:
        typer.echo(f"  {more}", err=True)
    return code


def give_error(kind: str, problems: list[str], code: int) -> None:
    """Write the JSON document of a verb that failed."""
    give({"error": {"kind": kind, "problems": problems, "exit_code": code}})


def table(header: list[str], rows: list[list[str]]) -> str:
    """Lay out rows in columns: the first left, the others right aligned."""
    cells = [header, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )
