"""`nba train`: a shop into a published snapshot."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nba.cli.console import AsJson, Models, give, instant, now, say, steps
from nba.cli.counting import LOCAL, check_engine, engine_of
from nba.cli.facts import is_store
from nba.cli.source import forget_erased, shop_folder, shown, without_erased

if TYPE_CHECKING:
    from nba.artifacts.snapshot import Snapshot
    from nba.config import TrainConfig
    from nba.data.shop import Shop
    from nba.measure.backtest import BacktestResult

ENDED_DAYS: Final = 30
"""Days since the last fact beyond which a server should not go by today's clock."""
TRAINING_STEPS: Final = 13
REPLAYED_DAYS: Final = 400
"""How far back a message can be explained by the snapshot that decided it."""


def train(
    shop: Annotated[str, typer.Argument(help="Folder of the shop, or URL of a store.")],
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
    backtest: Annotated[
        int | None,
        typer.Option(
            "--backtest", min=1, help="First test the last so many days; the guard compares them."
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            help="Who counts: local, duckdb, spark or a Spark master, postgresql for the store's "
            "own or the URL of another. The snapshot is the same.",
        ),
    ] = LOCAL,
    keep_statistics: Annotated[
        bool,
        typer.Option(
            "--keep-statistics", help="Keep what was counted, for --since of a later day."
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="SNAPSHOT",
            help="Count only what changed since a snapshot whose statistics were kept: its id, or "
            "`current`; with --keep-statistics all is counted where the current one has none.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Publish even what is much worse than the current one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train on a shop, or on what a store holds, and publish the snapshot."""
    from nba.artifacts.homes import Folder, home_of
    from nba.artifacts.registry import publish
    from nba.artifacts.snapshot import read_manifest
    from nba.cli.keeping import described, keeping
    from nba.config import TrainConfig
    from nba.data.logged import logged_snapshots
    from nba.data.shop import read_shop
    from nba.errors import DataError
    from nba.learn.train import train as train_snapshot

    config = TrainConfig() if recipe is None else TrainConfig.from_toml(recipe)
    until = None if as_of is None else instant(as_of, "--as-of")
    check_engine(engine, shop, config, keeps=keep_statistics or since is not None)
    with (
        # What is told after the progress, also where the snapshot is refused.
        ExitStack() as afterwards,
        keeping(models, since, keeps=keep_statistics, threads=threads) as kept_sums,
        steps("train", TRAINING_STEPS + 2 + is_store(shop)) as announce,
        shop_folder(shop, announce) as folder,
    ):
        found = read_shop(folder)
        cut = found.history.as_of if until is None else until
        with engine_of(engine, shop, folder, cut, config, threads=threads) as counting:
            snapshot = train_snapshot(
                found.history,
                found.catalog,
                config,
                as_of=until,
                engine=counting if kept_sums is None else kept_sums.engine,
                threads=threads,
                announce=announce,
            )
        if len(found.history) and not snapshot.manifest.counts["kept_orders"]:
            raise DataError(
                f"no order that counts lies before {as_of or 'the end of the shop'}: the snapshot "
                "would answer nothing and was not published"
            )
        current = None if force else _current(models)
        if backtest is not None:
            tested = _tested(snapshot, found, config, backtest)
            snapshot = snapshot.with_manifest(backtest=tested.to_dict())
            told = f"backtest: {tested!r}"
            if current is not None:
                told += f"\n{_compared(current, snapshot)}"
            afterwards.callback(say, told, as_json=as_json)
        if current is not None:
            _refuse_worse(current, snapshot)
        announce("publishing")
        oldest = datetime.now(UTC) - timedelta(days=REPLAYED_DAYS)
        kept = logged_snapshots(folder, instant(oldest.isoformat(), "the clock"))
        path = publish(
            snapshot.with_manifest(trained_at=now()),
            models,
            keep=kept,
            review=partial(without_erased, shop),
        )
        statistics = None if kept_sums is None else kept_sums.keep(snapshot.id)
        forget_erased(shop, snapshot, models)
        digest = read_manifest(path).digest
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
    if statistics is not None:
        for line in described(statistics):
            say(line, as_json=as_json)
    served = f"--db {shown(shop)}" if is_store(shop) else f"--shop {shop}"
    home = home_of(models)
    # In another home it is where the URL says; here lies a copy only.
    place = path if isinstance(home, Folder) else f"{home}/snapshots/{path.name}"
    command = f"nba serve {served} --models {home}"
    has_ended = _days_ago(snapshot.manifest.data_until) > ENDED_DAYS
    if has_ended:
        command += f" --starts-at {snapshot.manifest.data_until}"
    say(f"published as {place}; next: {command}", as_json=as_json)
    if has_ended:
        say(
            "--starts-at, as this data ended long ago: by today's clock hardly any message would "
            "be due",
            as_json=as_json,
        )
    if as_json:
        give(
            {
                "snapshot_id": snapshot.id,
                "digest": digest,
                "counts": dict(counts),
                "coverage": dict(coverage),
                "path": str(path),
                **({} if statistics is None else {"statistics": statistics}),
            }
        )


def _days_ago(until: str) -> float:
    """Count the days from an instant to the clock."""
    import numpy as np

    from nba.domain import DAY, to_instant

    passed: np.timedelta64 = to_instant(now()) - to_instant(until)
    return float(passed / DAY)


def _tested(snapshot: Snapshot, shop: Shop, config: TrainConfig, days: int) -> BacktestResult:
    """Measure what the configuration of a snapshot would have predicted of its last days."""
    import numpy as np

    from nba.domain import to_instant
    from nba.measure.backtest import backtest

    return backtest(
        shop.history,
        shop.catalog,
        config,
        test_from=to_instant(snapshot.manifest.data_until) - np.timedelta64(days, "D"),
        horizon_days=days,
    )


def _current(models: str) -> Snapshot | None:
    """Open what a new snapshot is compared with; None where nothing can be."""
    from nba.artifacts.registry import open_snapshot
    from nba.errors import SnapshotError

    try:
        return open_snapshot(models)
    except SnapshotError:
        return None


def _compared(current: Snapshot, new: Snapshot) -> str:
    """Say what the guard sees in the backtests of two snapshots."""
    from nba.artifacts.guard import HitRates

    rates = HitRates.of(current.manifest.backtest, new.manifest.backtest)
    if rates is None:
        return f"the guard has no backtest of {current.id} of as many days to compare this with"
    return (
        f"the guard compared {rates.figure} of the picks with {current.id}: {rates.before:.2%} -> "
        f"{rates.after:.2%}, at least {rates.least:.2%}"
    )


def _refuse_worse(current: Snapshot, snapshot: Snapshot) -> None:
    """See that a snapshot may take the place of the current one.

    Raises:
        SnapshotError: it is much worse; nothing was published.
    """
    from nba.artifacts.guard import objections
    from nba.errors import SnapshotError

    found = objections(current, snapshot)
    if found:
        raise SnapshotError(
            f"the new snapshot was not published, {current.id} stays current: {'; '.join(found)}. "
            "See whether orders or products are missing; if this is what the shop is now, "
            "train with --force"
        )
