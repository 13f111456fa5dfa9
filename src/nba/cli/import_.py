"""`nba import`: files into a shop folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from nba.cli.console import AsJson, give, say, steps, table

if TYPE_CHECKING:
    from nba.data.accounts import ImportReport
    from nba.data.entries import FileMapping
    from nba.data.mapping import SourceMapping

# A URL that is spelled wrong is one too: a message must not repeat its password.
_URL: Final = re.compile(
    r"://|^[a-z][\w+.-]+:/|^(sqlite|postgres(ql)?|mysql|mariadb|oracle|mssql)(\+\w+)?:", re.I
)


def import_(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="CSV, JSON or Parquet files, or the URL of a database."),
    ] = None,
    shop: Annotated[Path, typer.Option("--shop", help="Folder of the shop.")] = Path("shop"),
    preset: Annotated[
        str | None,
        typer.Option("--as", help="Platform the files come from; by default it is recognised."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help="Your own mapping file (TOML).")
    ] = None,
    explaining: Annotated[
        bool, typer.Option("--explain", help="Say how files would be read, and import nothing.")
    ] = False,
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
    from nba.data.imports import import_files
    from nba.errors import ConfigError

    source = _mapping(preset, mapping)
    if explaining:
        _explain([_source(name) for name in files or ()], source, as_json=as_json)
        return
    sources = [_source(name) for name in files or ()]
    if not sources:
        if source is None:
            raise ConfigError("no files given; write: nba import orders.csv --shop shop")
        sources = list(source.installed_files())
    from nba.cli.compiling import start_compiling

    start_compiling()
    with steps("import", len(sources) + 2) as announce:
        report = import_files(
            sources, shop, mapping=source, zone=zone, max_bad=share(max_bad), announce=announce
        )
    show(report, as_json=as_json)
    say(f"next: nba check {shop}, then nba train {shop}", as_json=as_json)
    if as_json:
        give(report.to_dict() | {"shop": str(shop)})


def _mapping(preset: str | None, mapping: Path | None) -> SourceMapping | None:
    """Load the mapping that was asked for."""
    from nba.data.mapping import SourceMapping
    from nba.errors import ConfigError

    if preset is not None and mapping is not None:
        raise ConfigError("--as and --map exclude each other; give one")
    if preset is not None:
        return SourceMapping.preset(preset)
    return None if mapping is None else SourceMapping.from_toml(mapping)


def _source(name: str) -> Path | str:
    """Tell the URL of a database from the path of a file.

    Raises:
        ConfigError: there is no such file.
    """
    from nba.errors import ConfigError

    if Path(name).is_file():
        return Path(name)
    if _URL.search(name):
        return name
    raise ConfigError(f"{name} is not a file; give the path of an export, or a database's URL")


def _explain(sources: Sequence[Path | str], source: SourceMapping | None, *, as_json: bool) -> None:
    """Print the mapping in force as tables that people can read."""
    from nba.data.explanation import explain_entry, explain_words
    from nba.errors import ConfigError

    if not sources and source is None:
        raise ConfigError("nothing to explain; give files, --as or --map")
    documents = []
    for mapping, entries, known in _to_explain(sources, source):
        say(known, as_json=as_json)
        for entry in entries:
            rows = explain_entry(entry)
            say(f"\n{entry.name} → {entry.table.name}", as_json=as_json)
            for column, rule in rows:
                say(f"  {column:<22} ← {rule}", as_json=as_json)
            documents.append({"entry": entry.name, "table": entry.table.name, "rules": dict(rows)})
        for word, code in explain_words(mapping):
            say(f"  {word:<22} ← {code}", as_json=as_json)
    if as_json:
        give({"explained": documents})


def _to_explain(
    sources: Sequence[Path | str], source: SourceMapping | None
) -> list[tuple[SourceMapping, Sequence[FileMapping], str]]:
    from nba.data.sources import recognise_sources

    if source is not None and not sources:
        return [(source, source.entries, source.title)]
    found = recognise_sources(sources, source)
    return [(mapping, entries, known.sentence()) for mapping, entries, known in found]


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
    from nba.data.remarks import remarks

    for known in report.recognised:
        say(known.sentence(), as_json=as_json)
    rows = [
        [
            f"{one.source} → {one.table}",
            *(
                f"{n:,}"
                for n in (
                    one.rows_read,
                    one.rows_loaded,
                    one.rows_quarantined,
                    one.rows_returned,
                    one.rows_skipped,
                )
            ),
        ]
        for one in report.files
    ]
    header = ["file", "rows read", "loaded", "quarantined", "returns", "left out"]
    say(table(header, rows), as_json=as_json)
    for one in report.files:
        for because, count in one.skipped.items():
            say(f"  left out: {count:,} {because}", as_json=as_json)
    for rule, count in report.rules.items():
        say(f"  quarantined: {count:,} {rule}", as_json=as_json)
    for example in report.examples:
        say(f"    {example}", as_json=as_json)
    for sentence in remarks(report):
        say(f"  {sentence}", as_json=as_json)
    for source, columns in report.personal_columns.items():
        say(f"  {source}: personal, not stored: {', '.join(columns)}", as_json=as_json)
    for source, columns in report.unmapped_columns.items():
        say(f"  {source}: columns kept, not used: {', '.join(columns)}", as_json=as_json)
    say(
        f"shop: {report.orders:,} orders ({report.guest_orders:,} by guests), "
        f"{report.order_lines:,} lines, {report.products:,} products, "
        f"{report.customers:,} customers",
        as_json=as_json,
    )
