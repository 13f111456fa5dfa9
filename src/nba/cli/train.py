"""`nba train`: a shop into a published snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nba.cli.console import AsJson, Models, ShopFolder, give, instant, now, say, steps

TRAINING_STEPS = 13


def train(
    shop: ShopFolder,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="Recipe (TOML); see models/recipes.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Know nothing at or after this instant: 2026-10-01T00:00Z."),
    ] = None,
    models: Models = "models",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Processors to use; all by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train on a shop and publish the snapshot."""
    from nba.config import TrainConfig
    from nba.data.shop import read_shop
    from nba.errors import DataError
    from nba.learn.train import train as train_snapshot

    config = TrainConfig() if recipe is None else TrainConfig.from_toml(recipe)
    until = None if as_of is None else instant(as_of, "--as-of")
    with steps("train", TRAINING_STEPS + 2) as announce:
        announce("reading the shop")
        found = read_shop(shop)
        snapshot = train_snapshot(
            found.history, found.catalog, config, as_of=until, threads=threads, announce=announce
        )
        if len(found.history) and not snapshot.manifest.counts["kept_orders"]:
            raise DataError(
                f"no order that counts lies before {as_of or 'the end of the shop'}: the snapshot "
                "would answer nothing and was not published"
            )
        announce("publishing")
        path = snapshot.publish(models, trained_at=now())
    if snapshot.manifest.data_until > now():
        say(
            f"warning: the last fact is dated {snapshot.manifest.data_until}, which is yet to "
            "come; ages and silences are counted from there, so that everybody seems lost",
            as_json=as_json,
        )
    counts, coverage = snapshot.manifest.counts, snapshot.manifest.coverage
    say(
        f"snapshot {snapshot.id}: {counts['kept_orders']:,} orders, {counts['customers']:,} "
        f"customers, {counts['products']:,} products; bought together for "
        f"{coverage['bought_together_of_sold']:.0%} of the products sold",
        as_json=as_json,
    )
    say(f"published as {path}; next: nba serve --shop {shop} --models {models}", as_json=as_json)
    if as_json:
        give(
            {
                "snapshot_id": snapshot.id,
                "digest": snapshot.manifest.digest,
                "counts": dict(counts),
                "coverage": dict(coverage),
                "path": str(path),
            }
        )
