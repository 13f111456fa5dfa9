"""The command `nba`: verbs are registered here and live in a file each."""

from __future__ import annotations

import sys

import typer

from nba.cli import (
    backtest,
    check,
    decide,
    demo,
    import_,
    models,
    recommend,
    serve,
    train,
)
from nba.cli.console import fail
from nba.errors import NbaError

app = typer.Typer(
    name="nba",
    help="Recommendations and the next best message for online shops.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("import")(import_.import_)
app.command("check")(check.check)
app.command("train")(train.train)
app.add_typer(models.app, name="models")
app.command("recommend")(recommend.recommend)
app.command("decide")(decide.decide)
app.command("backtest")(backtest.backtest)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)


def main() -> None:
    """Run the command line; a foreseen error becomes a message and an exit code."""
    try:
        app()
    except NbaError as error:
        sys.exit(fail(error, as_json="--json" in sys.argv))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
