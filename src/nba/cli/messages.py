"""`nba messages`: what became of messages that were claimed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nba.cli.console import AsJson, give, now, say, table
from nba.cli.facts import opened

if TYPE_CHECKING:
    import numpy as np

app = typer.Typer(help="What became of claimed messages.", no_args_is_help=True)
_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"(\d{1,5})([mhd])")


@app.command()
def stuck(
    db: Annotated[str, typer.Option("--db", help="URL of the store.")] = "sqlite:///nba.db",
    older_than: Annotated[
        str, typer.Option("--older-than", help="Claimed so long ago, or longer: 30m, 1h, 2d.")
    ] = "1h",
    as_json: AsJson = False,
) -> None:
    """List messages that were claimed and never acknowledged, oldest first, and what to do."""
    from nba.domain import iso, to_instant
    from nba.state.stuck import stuck_messages

    span = _span(older_than)
    with opened(db) as store:
        found = stuck_messages(store, to_instant(now()), span)
    if found:
        rows = [
            [
                one.message_id,
                one.customer_id,
                one.message,
                f"{iso(one.claimed_at)}",
                f"{iso(one.expires_at)}",
            ]
            for one in found
        ]
        header = ["message id", "customer", "message", "claimed at", "expires at"]
        say(table(header, rows), as_json=as_json)
    for is_expired in (False, True):
        some = [one for one in found if one.is_expired is is_expired]
        if some:
            when = "past their expiry" if is_expired else "still open"
            say(f"{len(some):,} {when}: {some[0].remedy}", as_json=as_json)
    if not found:
        say(
            f"no message claimed {older_than} ago or longer waits to be acknowledged",
            as_json=as_json,
        )
    if as_json:
        give({"messages": [one.to_dict() for one in found]})


def _span(text: str) -> np.timedelta64:
    """Read a span of time.

    Raises:
        ConfigError: it is none.
    """
    import numpy as np

    from nba.errors import ConfigError

    found = _SPAN.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"--older-than {text} is no span of time; expected a number and m, h or d, such as 1h"
        )
    return np.timedelta64(int(found[1]) * _UNITS[found[2]], "s")
