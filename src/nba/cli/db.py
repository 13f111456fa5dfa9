"""`nba db`: the tables of a store."""

from __future__ import annotations

from typing import Annotated

import typer

from nba.cli.console import AsJson, give, say

app = typer.Typer(
    help="Look after the database of a store.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def upgrade(
    db: Annotated[str, typer.Option("--db", help="URL of the store.")] = "sqlite:///nba.db",
    as_json: AsJson = False,
) -> None:
    """Bring the tables of a store to the revision of this version; rows stay."""
    from nba.state.upgrading import upgrade as bring

    done = bring(db)
    if as_json:
        give({"store": done.store, "before": done.before, "after": done.after})
    elif done.before == done.after:
        say(f"{done.store} is of revision {done.after} already")
    else:
        say(f"{done.store} is of revision {done.after} now, after {done.before or 'none'}")
