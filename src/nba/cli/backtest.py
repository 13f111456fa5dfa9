"""`nba backtest`: how good the personal lists would have been, or another playbook would be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nba.cli.console import AsJson, ShopFolder, give, instant, say, steps

if TYPE_CHECKING:
    import numpy as np

BACKTEST_STEPS = 3
WINDOW_DAYS = 7
DIGEST_LENGTH = 12
"""Characters of a recipe's digest that are printed; those of equal recipes are equal."""


def backtest(
    shop: ShopFolder,
    test_from: Annotated[
        str | None,
        typer.Option(
            "--test-from",
            help="Train before this instant, test after it; needed unless --policy is given.",
        ),
    ] = None,
    n: Annotated[
        int | None, typer.Option("-n", min=1, max=100, help="Length of the lists; 10.")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option("--horizon", min=1, help="Days tested; 28, with --policy 7.")
    ] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", help="Recipe (TOML).")] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", help="Estimate from the log of messages what this playbook would earn."
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            "--models",
            help="With --policy: decide by the snapshots of this folder, as they followed.",
        ),
    ] = None,
    decisions: Annotated[
        int | None,
        typer.Option(
            "--decisions",
            min=1,
            help="With --policy: draw so many decisions of the log; those of 5,000 instants.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare ways to make personal lists, or a playbook with the one that is live."""
    from nba.errors import ConfigError

    if policy is not None:
        from nba.cli.valuing import value_playbook

        if n is not None:
            raise ConfigError("-n is for lists; a playbook says how many products it shows")
        value_playbook(
            shop,
            policy,
            test_from=test_from,
            window_days=horizon or WINDOW_DAYS,
            recipe=recipe,
            models=models,
            decisions=decisions,
            as_json=as_json,
        )
    elif test_from is None:
        raise ConfigError(
            "give --test-from T, to test lists after it, or --policy FILE, to value a playbook"
        )
    elif decisions is not None:
        raise ConfigError("--decisions goes with --policy; lists are tested on all customers")
    elif models is not None:
        raise ConfigError("--models goes with --policy; lists are tested by what is trained anew")
    else:
        _test_lists(
            shop, instant(test_from, "--test-from"), n or 10, horizon or 28, recipe, as_json=as_json
        )


def _test_lists(
    shop: Path, cut: np.datetime64, n: int, horizon: int, recipe: Path | None, *, as_json: bool
) -> None:
    from nba.artifacts.snapshot import digest_of
    from nba.config import TrainConfig
    from nba.data.shop import read_shop
    from nba.measure.backtest import JUDGED
    from nba.measure.backtest import backtest as measure

    config = TrainConfig() if recipe is None else TrainConfig.from_toml(recipe)
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
    digest = digest_of({}, config)[:DIGEST_LENGTH]
    say(f"recipe {recipe or 'of defaults'}, digest {digest}", as_json=as_json)
    say(repr(result), as_json=as_json)
    judged = ", ".join(one for one in TrainConfig.model_fields if one in JUDGED)
    say(
        f"this judges personal lists only: of a recipe, {judged} can change it; other settings, "
        "such as those of relations, cannot",
        as_json=as_json,
    )
    if as_json:
        told = {"file": None if recipe is None else str(recipe), "digest": digest}
        give({"recipe": told} | result.to_dict())
