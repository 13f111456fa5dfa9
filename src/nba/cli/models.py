"""`nba models`: list, show, verify and roll back snapshots."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nba.cli.console import AsJson, Models, give, now, say, table

app = typer.Typer(help="List, show, verify and roll back snapshots.", no_args_is_help=True)
Chosen = Annotated[str | None, typer.Argument(help="Snapshot id; the current one by default.")]

Older = Annotated[
    str | None, typer.Argument(help="Snapshot id; the one published before the current by default.")
]


@app.command("list")
def list_(models: Models = "models", as_json: AsJson = False) -> None:
    """List the stored snapshots, latest published first."""
    from nba.artifacts.registry import current_id, list_snapshots

    current = current_id(models)
    stored = list_snapshots(models)
    rows = [
        [
            f"{'*' if one.snapshot_id == current else ' '} {one.snapshot_id}",
            one.data_until,
            f"{one.counts['kept_orders']:,}",
            one.trained_at or "",
        ]
        for one in stored
    ]
    say(table(["  snapshot", "data until", "orders", "trained at"], rows), as_json=as_json)
    if as_json:
        give({"current": current, "snapshots": [_row(one, current) for one in stored]})


@app.command()
def show(snapshot: Chosen = None, models: Models = "models", as_json: AsJson = False) -> None:
    """Print the manifest of a snapshot."""
    from nba.artifacts.registry import open_snapshot

    manifest = open_snapshot(models, snapshot).manifest
    document = manifest.model_dump(mode="json", exclude=None if as_json else {"files"})
    if as_json:
        give(document)
        return
    for name, value in document.items():
        say(f"{name}: {value}")


@app.command()
def verify(snapshot: Chosen = None, models: Models = "models", as_json: AsJson = False) -> None:
    """Compare every file of a snapshot with its hash."""
    from nba.artifacts.registry import verify as verified

    manifest = verified(models, snapshot)
    say(f"{manifest.snapshot_id}: {len(manifest.files)} files are as written", as_json=as_json)
    if as_json:
        give({"snapshot_id": manifest.snapshot_id, "digest": manifest.digest, "verified": True})


@app.command()
def rollback(snapshot: Older = None, models: Models = "models", as_json: AsJson = False) -> None:
    """Make an older snapshot current: the one named, or the one before."""
    from nba.artifacts.registry import rollback as roll_back

    chosen = roll_back(models, snapshot, at=now())
    say(f"current snapshot: {chosen}", as_json=as_json)
    if as_json:
        give({"snapshot_id": chosen})


def _row(manifest: Any, current: str) -> dict[str, Any]:  # noqa: ANN401 - Manifest, imported late
    shown = manifest.model_dump(mode="json", exclude={"files", "config"})
    return {**shown, "current": manifest.snapshot_id == current}
