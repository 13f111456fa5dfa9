"""`nba calculate`: what more orders would bring, with the arithmetic shown."""

from __future__ import annotations

from typing import Annotated

import typer

from nba.cli.console import AsJson, give, say


def calculate(
    visits: Annotated[float, typer.Option("--visits", help="Visits a day.")],
    conversion: Annotated[float, typer.Option("--conversion", help="Orders a visit: 1 % is 0.01.")],
    profit: Annotated[float, typer.Option("--profit", help="Profit an order, in any unit.")],
    growth: Annotated[
        tuple[float, float],
        typer.Option("--growth", help="Least and most by which orders grow, as shares."),
    ] = (0.09, 0.15),
    days: Annotated[float, typer.Option("--days", help="Days of a month.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Work out, step by step, what a growth of orders brings a month."""
    from nba.errors import ConfigError, DataError
    from nba.measure.calculator import estimate

    try:
        found = estimate(
            visits_a_day=visits,
            conversion=conversion,
            profit_an_order=profit,
            growth=growth,
            days=days,
        )
    except DataError as error:
        raise ConfigError(str(error)) from None
    for number, step in enumerate(found.arithmetic, 1):
        say(f"{number}. {step}", as_json=as_json)
    say(
        "the growth is taken, not promised: 9 to 15 % is a claim of others; an experiment tells "
        "your own",
        as_json=as_json,
    )
    if as_json:
        give(found.to_dict())
