"""The command `nba`: verbs are registered here and live in a file each."""

from __future__ import annotations

import errno
import sys
from typing import Annotated, Any, Final

import typer

import nba
from nba.cli import (
    backtest,
    calculate,
    check,
    db,
    decide,
    demo,
    erase,
    export,
    import_,
    keys,
    messages,
    models,
    recommend,
    report,
    serve,
    simulate,
    train,
)
from nba.cli.console import COMMAND_ERROR, fail, give_error, say
from nba.errors import DataError, NbaError

# Typer shows only some of its errors by name; what they have in common is their parent.
USAGE_ERRORS: Any = typer.BadParameter.__base__

_DISK: Final = frozenset((errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EROFS))
"""What the system says of a disk that takes nothing more."""

app = typer.Typer(
    name="nba",
    help="Recommendations and the next best message for online shops.",
    invoke_without_command=True,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("import")(import_.import_)
app.command("check")(check.check)
app.command("train")(train.train)
app.add_typer(models.app, name="models")
app.add_typer(db.app, name="db")
app.add_typer(messages.app, name="messages")
app.command("recommend")(recommend.recommend)
app.command("decide")(decide.decide)
app.command("backtest")(backtest.backtest)
app.command("report")(report.report)
app.command("calculate")(calculate.calculate)
app.command("simulate")(simulate.simulate)
app.command("serve")(serve.serve)
app.add_typer(keys.app, name="keys")
app.command("export")(export.export)
app.command("erase")(erase.erase)
app.command("demo")(demo.demo)


@app.callback()
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Recommendations and the next best message for online shops."""
    if version:
        say(nba.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; a foreseen error becomes a message and an exit code."""
    as_json = "--json" in sys.argv
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except NbaError as error:
        sys.exit(fail(error, as_json=as_json))
    except OSError as error:
        # Wherever it comes from: libraries write too, compiled code among other things.
        if error.errno not in _DISK:
            raise
        sys.exit(fail(DataError(_refused(error)), as_json=as_json))
    except USAGE_ERRORS as error:
        error.show()
        if as_json:
            give_error(type(error).__name__, [error.format_message()], COMMAND_ERROR)
        sys.exit(COMMAND_ERROR)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)


def _refused(error: OSError) -> str:
    where = "" if error.filename is None else f" ({error.filename})"
    return f"the disk took no more: {error.strerror}{where}; make room on it, then try again"


if __name__ == "__main__":
    main()
