"""`nba decide`: the next message of one customer or of all."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from nba.cli.console import AsJson, Models, give, instant, say, steps

if TYPE_CHECKING:
    import numpy as np

    from nba.decide.decision import Decision
    from nba.facts.fold import Facts

CSV_COLUMNS = (
    "customer_id", "as_of", "stage", "state", "message", "channel", "send_after", "expires_at",
    "order_id", "delivery_assumed", "product_ids", "expected", "why", "next_due_at", "decision_id",
)  # fmt: skip


def decide(
    shop: Annotated[str, typer.Argument(help="Folder of the shop, or the URL of a store.")],
    customer: Annotated[str | None, typer.Option("--customer", help="One customer.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every customer with an id.")] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Instant to decide for; the shop's last fact by default."),
    ] = None,
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="Playbook (TOML); owox_2011 by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to a .jsonl, .csv or .parquet file.")
    ] = None,
    models: Models = "models",
    as_json: AsJson = False,
) -> None:
    """Decide which message is due, with which products, and why the others wait."""
    from nba.artifacts.registry import open_snapshot
    from nba.config import shipped
    from nba.decide.playbook import Playbook
    from nba.decide.policy import Policy
    from nba.errors import ConfigError

    if (customer is None) == (not everyone):
        raise ConfigError("give either --customer ID or --all")
    if out is not None and out.suffix not in _WRITERS:
        raise ConfigError(f"{out} is of no known kind; expected {' or '.join(_WRITERS)}")
    policy = Policy(
        open_snapshot(models), Playbook.from_toml(playbook or shipped("playbooks", "owox_2011"))
    )
    facts, moment = _facts(shop, at, None if customer is None else [customer])
    if customer is not None:
        decision = policy.decide(customer, facts, moment)
        if out is not None:
            _WRITERS[out.suffix](out, iter([decision]))
        say(decision.explain(), as_json=as_json)
        if facts.order_start[-1] == 0:
            say(f"no order of {customer} is known at {facts.as_of}Z", as_json=as_json)
        if as_json:
            give(decision.to_dict())
        return
    counts: Counter[str] = Counter()
    kept: list[dict[str, Any]] = []

    def counted() -> Iterator[Decision]:
        for one in policy.stream(facts.customer_ids, facts, moment):
            counts[one.message.id if one.message else "none"] += 1
            if as_json:
                kept.append(one.to_dict())
            yield one

    with steps("decide", 1) as announce:
        announce(f"{len(facts.customer_ids):,} customers")
        if out is not None:
            _WRITERS[out.suffix](out, counted())
        else:
            for _ in counted():
                pass
    for name, count in counts.most_common():
        say(f"{count:>9,}  {name}", as_json=as_json)
    say(
        f"written to {out}" if out else "nothing written; add --out decisions.jsonl",
        as_json=as_json,
    )
    if as_json:
        give({"counts": dict(counts), "decisions": kept})


def _facts(shop: str, at: str | None, customers: list[str] | None) -> tuple[Facts, np.datetime64]:
    from nba.data.history import last_fact
    from nba.domain import MICROSECOND
    from nba.errors import ConfigError
    from nba.facts.fold import fold

    if "://" in shop:
        from nba.state.store import Store

        store = Store(shop, must_exist=True)
        rows = store.all_rows() if customers is None or at is None else store.rows_of(customers)
    else:
        from nba.data.shop import read_shop

        if not Path(shop).is_dir():
            raise ConfigError(f"there is no folder {shop}; fill one with: nba import FILES --shop")
        rows = read_shop(shop).history.rows
    moment = last_fact(rows) + MICROSECOND if at is None else instant(at, "--at")
    return fold(rows, as_of=moment, customers=customers), moment


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """Open a file to write to.

    Raises:
        ConfigError: the file cannot be written.
    """
    from nba.errors import ConfigError

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise ConfigError(f"--out {path} cannot be written: {error.strerror}") from None


def _write_jsonl(path: Path, decisions: Iterator[Decision]) -> None:
    with _written(path) as file:
        for one in decisions:
            file.write(json.dumps(one.to_dict(), ensure_ascii=False, allow_nan=False) + "\n")


def _write_csv(path: Path, decisions: Iterator[Decision]) -> None:
    _write_rows(path, decisions, _inert)


def _write_parquet(path: Path, decisions: Iterator[Decision]) -> None:
    from nba.data.shop import csv_to_parquet

    with TemporaryDirectory() as folder:
        rows = Path(folder) / "decisions.csv"
        _write_rows(rows, decisions, lambda value: value)
        csv_to_parquet(rows, path, numbers=("expected",))


def _write_rows(
    path: Path, decisions: Iterator[Decision], cell: Callable[[object], object]
) -> None:
    with _written(path) as file:
        writer = csv.DictWriter(file, CSV_COLUMNS)
        writer.writeheader()
        for one in decisions:
            full = one.to_dict()
            message = full["message"] or {}
            items = [
                item["product_id"] for slot in message.get("slots", {}).values() for item in slot
            ]
            row = {name: full.get(name, message.get(name)) for name in CSV_COLUMNS} | {
                "message": message.get("id", "none"),
                "order_id": message.get("merge", {}).get("order_id"),
                "delivery_assumed": message.get("merge", {}).get("delivery_assumed"),
                "product_ids": " ".join(items),
                "expected": message.get("score", {}).get("expected"),
            }
            writer.writerow({name: cell(value) for name, value in row.items()})


def _inert(value: object) -> object:
    """Keep a spreadsheet from running a cell that begins like a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value


_WRITERS: dict[str, Callable[[Path, Iterator[Decision]], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
