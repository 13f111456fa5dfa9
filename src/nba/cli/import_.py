"""`nba import`: files into a shop folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nba.cli.console import AsJson, give, say, steps, table

if TYPE_CHECKING:
    from nba.data.imports import ImportReport


def import_(
    files: Annotated[
        list[Path] | None,
        typer.Argument(exists=True, dir_okay=False, help="CSV or Parquet files."),
    ] = None,
    shop: Annotated[Path, typer.Option("--shop", help="Folder of the shop.")] = Path("shop"),
    preset: Annotated[
        str | None, typer.Option("--as", help="Platform the files come from: complete_journey.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="Your own mapping file (TOML).")
    ] = None,
    max_bad: Annotated[
        str, typer.Option("--max-bad", help="Share of bad rows above which nothing is loaded.")
    ] = "5%",
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="Zone of timestamps that carry none: Europe/Kyiv."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read files into a shop folder; bad rows go to quarantine with line and reason."""
    from nba.cli.compiling import start_compiling
    from nba.data.imports import import_files
    from nba.data.mapping import SourceMapping
    from nba.errors import ConfigError

    if preset is not None and mapping is not None:
        raise ConfigError("--as and --map exclude each other; give one")
    source = None
    if preset is not None:
        source = SourceMapping.preset(preset)
    elif mapping is not None:
        source = SourceMapping.from_toml(mapping)
    paths = list(files or ())
    if not paths:
        if source is None:
            raise ConfigError("no files given; write: nba import orders.csv --shop shop")
        paths = source.installed_files()
    start_compiling()
    with steps("import", len(paths) + 2) as announce:
        report = import_files(
            paths, shop, mapping=source, zone=zone, max_bad=share(max_bad), announce=announce
        )
    show(report, as_json=as_json)
    say(f"next: nba check {shop}, then nba train {shop}", as_json=as_json)
    if as_json:
        give(report.to_dict() | {"shop": str(shop)})


def share(text: str) -> float:
    """Read `20%` or `0.2`.

    Raises:
        ConfigError: it is neither.
    """
    from nba.errors import ConfigError

    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        raise ConfigError(f"{text!r} is no share; write 20% or 0.2") from None
    return value / 100 if text.endswith("%") else value


def show(report: ImportReport, *, as_json: bool = False) -> None:
    """Print the account of an import."""
    rows = [
        [
            f"{one.source} → {one.table}",
            *(f"{n:,}" for n in (one.rows_read, one.rows_loaded, one.rows_quarantined)),
        ]
        for one in report.files
    ]
    say(table(["file", "rows read", "loaded", "quarantined"], rows), as_json=as_json)
    for rule, count in report.rules.items():
        say(f"  quarantined: {count:,} {rule}", as_json=as_json)
    for example in report.examples:
        say(f"    {example}", as_json=as_json)
    if report.products_without_catalogue:
        say(
            f"  {report.products_without_catalogue:,} products are sold but in no catalogue row; "
            "their id stands in for a title",
            as_json=as_json,
        )
    if report.repeated_lines:
        say(
            f"  {report.repeated_lines:,} lines repeat another of their order; kept",
            as_json=as_json,
        )
    for count, what in (
        (report.merged_lines, "rows repeat a line, its number included; one of each is kept"),
        (report.repeated_products, "catalogue rows repeat a product; one of each is kept"),
        (report.superseded_orders, "versions of orders gave way to later ones"),
    ):
        if count:
            say(f"  {count:,} {what}", as_json=as_json)
    if report.status_assumed:
        say("  no status column: every order counts as delivered", as_json=as_json)
    for source, columns in report.unmapped_columns.items():
        say(f"  {source}: columns kept, not used: {', '.join(columns)}", as_json=as_json)
    say(
        f"shop: {report.orders:,} orders ({report.guest_orders:,} by guests), "
        f"{report.order_lines:,} lines, {report.products:,} products, "
        f"{report.customers:,} customers",
        as_json=as_json,
    )
