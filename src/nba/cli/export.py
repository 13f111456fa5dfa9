"""`nba export`: all that a store holds of one customer, to be handed to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nba.cli.console import AsJson, give, say
from nba.cli.exports import write_table
from nba.cli.facts import opened


def export(
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    db: Annotated[str, typer.Option("--db", help="URL of the store.")] = "sqlite:///nba.db",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the document to this JSON file.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write a CSV file a table into this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hand out what is known of a customer, with every account merged with theirs."""
    from nba.checking import trimmed
    from nba.state.export import export, export_tables

    customer = trimmed(customer)
    with opened(db) as store:
        document = export(store, customer)
        tables = {} if csv is None else export_tables(store, customer)
    if out is not None:
        _write_document(out, document)
        say(f"written to {out}", as_json=as_json)
    if csv is not None:
        _write_tables(csv, tables)
        say(f"written to {csv}", as_json=as_json)
    if as_json or (out is None and csv is None):
        give(document)


def _write_document(out: Path, document: Mapping[str, Any]) -> None:
    from nba.errors import ConfigError

    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    try:
        out.write_text(f"{text}\n", "utf-8")
    except OSError as error:
        raise ConfigError(f"--out {out} cannot be written: {error.strerror}") from None


def _write_tables(folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write one CSV a table; what a spreadsheet would run is made harmless."""
    from nba.errors import ConfigError
    from nba.state.tables import METADATA, folder_columns

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--csv {folder} cannot be made: {error.strerror}") from None
    for name, rows in tables.items():
        names = folder_columns(METADATA.tables[name])
        columns = {one: [_cell(row[one]) for row in rows] for one in names}
        write_table(folder / f"{name}.csv", names, [columns])


def _cell(value: Any) -> Any:  # noqa: ANN401 - JSON, and a cell
    """Write what is no text and no number as JSON."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return value
