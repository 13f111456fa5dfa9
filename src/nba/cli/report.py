"""`nba report`: figures, pictures and a page of both, of what a shop did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nba.cli.console import AsJson, Models, give, instant, now, say, steps
from nba.cli.facts import is_store
from nba.cli.reporting import (
    check_product,
    earlier_snapshot,
    erased_meanwhile,
    quality_document,
    snapshot_of,
    tombstones,
    up_to,
)
from nba.cli.source import shop_folder, shown

if TYPE_CHECKING:
    from nba.measure.report.source import Plan

_STEPS: Final = 31


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
    from nba.artifacts.homes import home_of
    from nba.artifacts.reports import SHOWN, remove_reports, write_reports
    from nba.config import TrainConfig
    from nba.data.shop import read_shop
    from nba.errors import StateError
    from nba.measure.report.documents import read_experiments
    from nba.measure.report.source import Source
    from nba.measure.report.writing import (
        CALIBRATION,
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
        before = tombstones(shop)
        found, to_come = up_to(read_shop(folder), instant(now(), "the clock"))
        check_product(found, product)
        snapshot = snapshot_of(found, models, config, announce)
        earlier = None
        if not only or CALIBRATION in only:
            earlier = earlier_snapshot(found, config, announce)
        source = Source(found, snapshot, plan, earlier)
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
            announce("looking at the data")
            documents["quality"] = quality_document(found)
            made = {"reported_at": now()}
            write_reports(models, documents | {one: made | documents[one] for one in SHOWN})
            written = {"report": out / PAGE}
        if erased_meanwhile(shop, found, before):
            remove_reports(models)
            raise StateError(
                "customers were erased while their orders were counted: the figures in "
                f"{home_of(models)} were removed, and what is in {out} must be; report again"
            )
    if to_come:
        say(
            f"warning: {to_come:,} orders are dated in the future and were left out; see to their "
            "dates",
            as_json=as_json,
        )
    for name, told in written.items():
        say(
            f"written: {told}" if isinstance(told, Path) else f"not drawn: {name}: {told}",
            as_json=as_json,
        )
    if not only:
        say(
            f"the API serves the figures of {shown(shop)} from {home_of(models)}; next: open "
            f"{out / PAGE} in a browser",
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


def _name(shop: str) -> str:
    return "The shop" if is_store(shop) else Path(shop).absolute().name.replace("_", " ")


def _plan(playbook: Path | None) -> Plan:
    from nba.config import shipped
    from nba.decide.playbook import Playbook
    from nba.measure.report.source import Plan

    read = Playbook.from_toml(playbook or shipped("playbooks", "owox_2011"))
    kinds = {one.id: str(one.kind) for one in read.message}
    return Plan(read.caps.day, read.caps.week, kinds)
