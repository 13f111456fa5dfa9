"""`nba report`: figures, pictures and a page of both, of what a shop did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nba.cli.console import AsJson, Models, give, say, steps
from nba.cli.facts import is_store
from nba.cli.source import erased_of, shop_folder, shown

if TYPE_CHECKING:
    from nba.artifacts.snapshot import Snapshot
    from nba.config import TrainConfig
    from nba.data.shop import Shop
    from nba.measure.report.source import Plan

_STEPS: Final = 30


def report(
    shop: Annotated[str, typer.Argument(help="Folder of the shop, or URL of a store.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    models: Models = "models",
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="Recipe (TOML) for what has to be trained.")
    ] = None,
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="Playbook (TOML) that says the caps.")
    ] = None,
    experiments: Annotated[
        Path | None,
        typer.Option("--experiments", help="Folder of experiments and hypotheses (TOML)."),
    ] = None,
    product: Annotated[
        str | None, typer.Option("--product", help="Product in the middle of its picture.")
    ] = None,
    picture: Annotated[
        list[str] | None,
        typer.Option("--picture", help="Draw only this picture, as PNG; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write what a shop did: report.html, a PNG of each picture, and kpis.json."""
    from nba.artifacts.reports import write_reports
    from nba.config import TrainConfig
    from nba.data.shop import read_shop
    from nba.measure.report.documents import read_experiments
    from nba.measure.report.source import Source
    from nba.measure.report.writing import (
        PAGE,
        check_folder,
        check_names,
        write_pictures,
        write_report,
    )

    only = list(picture or ())
    check_names(only)
    # Before what takes minutes.
    check_folder(out)
    config = TrainConfig() if recipe is None else TrainConfig.from_toml(recipe)
    plan = _plan(playbook)
    tests = () if experiments is None else read_experiments(experiments)
    with (
        steps("report", _STEPS + is_store(shop)) as announce,
        shop_folder(shop, announce) as folder,
    ):
        found = read_shop(folder)
        snapshot = _snapshot(found, models, config, announce)
        source = Source(found, snapshot, plan, _earlier(found, config, announce))
        if only:
            written = write_pictures(source, out, only, product=product, announce=announce)
        else:
            documents = write_report(
                source,
                out,
                name=_name(shop),
                experiments=tests,
                product=product,
                announce=announce,
            )
            write_reports(models, documents)
            _forget(shop, snapshot, models)
            written = {"report": out / PAGE}
    for name, told in written.items():
        say(
            f"written: {told}" if isinstance(told, Path) else f"not drawn: {name}: {told}",
            as_json=as_json,
        )
    if not only:
        say(
            f"the API serves the figures of {shown(shop)} from {models}; next: open {out / PAGE} "
            "in a browser",
            as_json=as_json,
        )
    if as_json:
        give(
            {
                "snapshot_id": snapshot.id,
                "written": {
                    name: str(told) for name, told in written.items() if isinstance(told, Path)
                },
                "not_drawn": {
                    name: told for name, told in written.items() if isinstance(told, str)
                },
            }
        )


def _forget(shop: str, snapshot: Snapshot, models: str) -> None:
    """Take the reports back whose figures hold customers who were erased meanwhile.

    Raises:
        StateError: there are some.
    """
    from nba.artifacts.reports import remove_reports
    from nba.errors import StateError

    if not erased_of(shop, snapshot):
        return
    remove_reports(models)
    raise StateError(
        f"customers were erased while their orders were counted: the figures in {models} were "
        "removed, those in the folder of the report are to be; report again"
    )


def _name(shop: str) -> str:
    return "The shop" if is_store(shop) else Path(shop).resolve().name.replace("_", " ")


def _plan(playbook: Path | None) -> Plan:
    from nba.config import shipped
    from nba.decide.playbook import Playbook
    from nba.measure.report.source import Plan

    read = Playbook.from_toml(playbook or shipped("playbooks", "owox_2011"))
    kinds = {one.id: str(one.kind) for one in read.message}
    return Plan(read.caps.day, read.caps.week, kinds)


def _snapshot(
    shop: Shop, models: str, config: TrainConfig, announce: Callable[[str], None]
) -> Snapshot:
    """Open the snapshot of a shop, or train one that is not published."""
    from nba.artifacts.registry import open_snapshot
    from nba.domain import iso
    from nba.errors import SnapshotError
    from nba.learn.train import train

    baskets = shop.history.baskets()
    first = iso(baskets.at.min()) if len(baskets) else None
    try:
        current = open_snapshot(models)
    except SnapshotError:
        pass
    else:
        # The same first order: it is this shop's, and not that of whoever else publishes there.
        if current.manifest.data_from == first:
            return current
    return train(
        shop.history, shop.catalog, config, announce=lambda step: announce(f"training: {step}")
    )


def _earlier(shop: Shop, config: TrainConfig, announce: Callable[[str], None]) -> Snapshot | None:
    """Train on what was known some time before the end, to see what came of it."""
    from nba.learn.train import train
    from nba.measure.report.earlier import cut_for

    cut = cut_for(shop.history)
    if cut is None:
        return None
    return train(
        shop.history,
        shop.catalog,
        config,
        as_of=cut,
        announce=lambda step: announce(f"training on what was known before: {step}"),
    )
