"""`nba demo`: a real shop, imported, trained, measured and served by one command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nba.cli.console import Models, say, steps

if TYPE_CHECKING:
    from nba.artifacts.snapshot import Snapshot
    from nba.data.shop import Shop

SHOP = Path("demo")
HORIZON_DAYS = 28
EXAMPLE_ORDERS = 300


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop before serving.")] = False,
    models: Models = "models",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
) -> None:
    """Import a year of a real supermarket's orders, train, measure and serve."""
    from nba.cli.backtest import BACKTEST_STEPS, describe
    from nba.cli.compiling import start_compiling
    from nba.cli.import_ import show
    from nba.cli.train import TRAINING_STEPS
    from nba.data.imports import import_files
    from nba.data.mapping import SourceMapping
    from nba.data.shop import read_shop
    from nba.domain import iso
    from nba.learn.train import train
    from nba.measure.backtest import backtest

    began = time.monotonic()
    preset = SourceMapping.preset("complete_journey")
    say(f"1. import: {preset.title}")
    files = preset.installed_files()
    start_compiling()
    with steps("import", len(files) + 2) as announce:
        report = import_files(files, SHOP, mapping=preset, announce=announce)
    show(report)
    store = SHOP / "nba.db"
    loading = _start_loading(store)

    say("\n2. train")
    with steps("train", TRAINING_STEPS + 2) as announce:
        announce("reading the shop")
        shop = read_shop(SHOP)
        snapshot = train(shop.history, shop.catalog, announce=announce)
        snapshot.publish(models, trained_at=_now())
    say(f"snapshot {snapshot.id}; import and training took {time.monotonic() - began:.0f} s")

    say("\n3. backtest: trained before December, asked for December")
    from nba.domain import DAY

    test_from = shop.history.as_of - HORIZON_DAYS * DAY
    with steps("backtest", BACKTEST_STEPS) as announce:
        result = backtest(
            shop.history,
            shop.catalog,
            test_from=test_from,
            horizon_days=HORIZON_DAYS,
            announce=announce,
        )
    snapshot.with_manifest(backtest=result.to_dict()).publish(models, trained_at=_now())
    say(describe(result))
    if loading.wait():
        say("the store could not be filled; the server will try again")

    as_of = iso(shop.history.as_of) or ""
    product, customer = examples(snapshot, shop)
    say("\n4. serve")
    if no_serve:
        say(
            f"next: nba serve --shop {SHOP} --db sqlite:///{store} --models {models} "
            f"--as-of {as_of}"
        )
        return
    port = _free_port(port)
    _announce_addresses(product, customer, port)
    command = ["serve", "--shop", str(SHOP), "--db", f"sqlite:///{store}", "--models", models]
    command += ["--as-of", as_of, "--port", str(port)]
    sys.stdout.flush()
    # A fresh process: the server carries nothing of what training loaded.
    os.execv(sys.executable, [sys.executable, "-m", "nba.cli.app", *command])


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


def _start_loading(store: Path) -> subprocess.Popen[bytes]:
    """Fill the demo's store beside the training."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{store}{suffix}").unlink(missing_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "nba.cli.load", str(SHOP), f"sqlite:///{store}"],
        stderr=subprocess.DEVNULL,
    )


def examples(snapshot: Snapshot, shop: Shop) -> tuple[str, str]:
    """Choose a product with strong neighbours and a customer whose message has products."""
    from nba.config import shipped
    from nba.decide.playbook import Playbook
    from nba.decide.policy import Policy

    product = max(snapshot.products.popular.tolist(), key=lambda code: _appeal(snapshot, code))
    policy = Policy(snapshot, Playbook.from_toml(shipped("playbooks", "owox_2011")))
    facts = shop.facts()
    customers = facts.customer_ids
    customer = next(
        (
            one.customer_id
            for one in policy.stream(customers, facts, shop.history.as_of)
            if one.message is not None and one.message.id == "accessories"
        ),
        customers[0],
    )
    return snapshot.products.ids[product], customer


def _appeal(snapshot: Snapshot, product: int) -> float:
    """Prefer a product whose first neighbour is of another kind, frequent here, rare elsewhere."""
    products, graph = snapshot.products, snapshot.graphs["bought_together"]
    span = graph.span(product)
    if span.start == span.stop:
        return 0.0
    first = int(graph.neighbours[span.start])
    kinds = {products.title[one].split(",")[0] for one in (product, first)}
    together = float(graph.support[span.start])
    unnamed = kinds & {products.ids[product], products.ids[first]}
    if len(kinds) < 2 or unnamed or together < EXAMPLE_ORDERS:
        return 0.0
    return together**2 / (float(products.orders[product]) ** 2 * float(products.orders[first]))


def _free_port(port: int) -> int:
    import socket

    for candidate in range(port, port + 50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", candidate)):
                return candidate
    return port


def _announce_addresses(product: str, customer: str, port: int) -> None:
    root = f"http://127.0.0.1:{port}"
    paths = (
        f"/v1/products/{product}/bought-together?limit=3&explain=1",
        f"/v1/customers/{customer}/recommendations?limit=3",
        f"/v1/customers/{customer}/next-message",
    )
    say("what goes with a product, what a customer will want, which message is next:")
    for path in paths:
        say(f"  {root}{path}")
    say("\ntry, from another terminal:")
    for path in paths:
        say(f"  curl -s '{root}{path}'")
    say("\nCtrl-C stops the server")
