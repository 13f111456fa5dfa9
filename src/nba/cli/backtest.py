"""`nba backtest`: how good the personal lists would have been."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nba.cli.console import AsJson, ShopFolder, give, instant, say, steps, table

if TYPE_CHECKING:
    from nba.measure.backtest import BacktestResult

BACKTEST_STEPS = 3


def backtest(
    shop: ShopFolder,
    test_from: Annotated[
        str, typer.Option("--test-from", help="Train before this instant, test after it.")
    ],
    n: Annotated[int, typer.Option("-n", min=1, max=100, help="Length of the lists.")] = 10,
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Days tested.")] = 28,
    recipe: Annotated[Path | None, typer.Option("--recipe", help="Recipe (TOML).")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare popularity, own frequency, the collaborative model and picks after an instant."""
    from nba.config import TrainConfig
    from nba.data.shop import read_shop
    from nba.measure.backtest import backtest as measure

    config = TrainConfig() if recipe is None else TrainConfig.from_toml(recipe)
    cut = instant(test_from, "--test-from")
    with steps("backtest", BACKTEST_STEPS + 1) as announce:
        announce("reading the shop")
        found = read_shop(shop)
        result = measure(
            found.history,
            found.catalog,
            config,
            test_from=cut,
            n=n,
            horizon_days=horizon,
            announce=announce,
        )
    say(describe(result), as_json=as_json)
    if as_json:
        give(result.to_dict())


def describe(result: BacktestResult) -> str:
    """Lay out a backtest as a table with its conditions above."""
    rows = [
        [
            one.method,
            f"{one.recall.mean:.4f}",
            f"{one.recall.low:.4f}-{one.recall.high:.4f}",
            f"{one.ndcg.mean:.4f}",
            f"{one.ndcg.low:.4f}-{one.ndcg.high:.4f}",
            f"{one.coverage:.2%}",
        ]
        for one in result.methods
    ]
    header = ["", f"recall@{result.n}", "95 %", f"NDCG@{result.n}", "95 %", "coverage"]
    return (
        f"{result.customer_count:,} customers who bought in the {result.horizon_days} days from "
        f"{result.test_from} ({result.new_customer_count:,} of them new); full ranking, repeats "
        f"count\n{table(header, rows)}"
    )
