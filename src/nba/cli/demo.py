"""`nba demo`: a real shop, imported, trained, measured and served by one command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from nba.cli.console import AsJson, Models, give, now, say, steps

if TYPE_CHECKING:
    from nba.artifacts.snapshot import Snapshot
    from nba.data.shop import Shop
    from nba.measure.backtest import BacktestResult

SHOP = Path("demo")
HORIZON_DAYS = 28
EXAMPLE_ORDERS = 300
EXAMPLE_MESSAGE = "accessories"


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop before serving.")] = False,
    models: Models = "models",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    as_json: AsJson = False,
) -> None:
    """Import a year of a real supermarket's orders, train, measure and serve."""
    from nba.domain import iso

    began = time.monotonic()
    _import(as_json=as_json)
    store = SHOP / "nba.db"
    loading = _start_loading(store)
    shop, snapshot = _train(models, as_json=as_json)
    seconds = time.monotonic() - began
    say(f"snapshot {snapshot.id}; import and training took {seconds:.0f} s", as_json=as_json)
    result = _backtest(shop, as_json=as_json)
    snapshot.with_manifest(backtest=result.to_dict()).publish(models, trained_at=now())
    # What could not be filled now the server fills, and says why if it cannot.
    fill = ["--shop", str(SHOP)] if loading.wait() else []

    starts_at = iso(shop.history.as_of) or ""
    port = _free_port(port)
    product, customer = examples(snapshot, shop)
    pages, addresses = _pages(customer, port), _addresses(product, customer, port)
    command = ["serve", *fill, "--db", f"sqlite:///{store}", "--models", models]
    command += ["--starts-at", starts_at, "--storefront", "--port", str(port)]
    say("\n4. serve", as_json=as_json)
    if not no_serve:
        for name, page in pages.items():
            say(f"{name + ':':11} {page}", as_json=as_json)
        say("\ntry, from another terminal:", as_json=as_json)
        for address in addresses:
            say(f"  curl -s '{address}'", as_json=as_json)
        say("\nCtrl-C stops the server", as_json=as_json)
        sys.stdout.flush()
        # A fresh process: the server carries nothing of what training loaded.
        json_too = ["--json"] if as_json else []
        os.execv(sys.executable, [sys.executable, "-m", "nba.cli.app", *command, *json_too])
    say(f"next: nba {' '.join(command)}", as_json=as_json)
    if as_json:
        give(
            {
                "snapshot_id": snapshot.id,
                "digest": snapshot.manifest.digest,
                "import_and_train_seconds": round(seconds, 1),
                "backtest": result.to_dict(),
                "serve": ["nba", *command],
                "pages": pages,
                "addresses": addresses,
            }
        )


def _import(*, as_json: bool) -> None:
    from nba.cli.compiling import start_compiling
    from nba.cli.import_ import show
    from nba.data.demonstration import SOURCE, pretend_consents
    from nba.data.imports import import_files
    from nba.data.mapping import SourceMapping
    from nba.vocabulary import Channel

    preset = SourceMapping.preset("complete_journey")
    say(f"1. import: {preset.title}", as_json=as_json)
    files = preset.installed_files()
    start_compiling()
    with steps("import", len(files) + 2) as announce:
        report = import_files(files, SHOP, mapping=preset, announce=announce)
    show(report, as_json=as_json)
    count = pretend_consents(SHOP, Channel.EMAIL)
    say(
        f"consents: the data hold none, so {count:,} pretended ones to e-mail were added (source "
        f'"{SOURCE}"); of your own shop import real ones, else no marketing is ever due',
        as_json=as_json,
    )


def _train(models: str, *, as_json: bool) -> tuple[Shop, Snapshot]:
    from nba.cli.train import TRAINING_STEPS
    from nba.data.shop import read_shop
    from nba.learn.train import train

    say("\n2. train", as_json=as_json)
    with steps("train", TRAINING_STEPS + 2) as announce:
        announce("reading the shop")
        shop = read_shop(SHOP)
        snapshot = train(shop.history, shop.catalog, announce=announce)
        announce("publishing")
        snapshot.publish(models, trained_at=now())
    return shop, snapshot


def _backtest(shop: Shop, *, as_json: bool) -> BacktestResult:
    from nba.cli.backtest import BACKTEST_STEPS
    from nba.domain import DAY
    from nba.measure.backtest import backtest

    say(f"\n3. backtest: trained without the last {HORIZON_DAYS} days", as_json=as_json)
    with steps("backtest", BACKTEST_STEPS) as announce:
        result = backtest(
            shop.history,
            shop.catalog,
            test_from=shop.history.as_of - HORIZON_DAYS * DAY,
            horizon_days=HORIZON_DAYS,
            announce=announce,
        )
    say(repr(result), as_json=as_json)
    return result


def _start_loading(store: Path) -> subprocess.Popen[bytes]:
    """Fill the demo's store beside the training."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{store}{suffix}").unlink(missing_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "nba.cli.load", str(SHOP)],
        env={**os.environ, "NBA_DB": f"sqlite:///{store}"},
        stderr=subprocess.DEVNULL,
    )


def examples(snapshot: Snapshot, shop: Shop) -> tuple[str, str]:
    """Choose a product with strong neighbours, and a customer with a message of known products."""
    from nba.config import shipped
    from nba.decide.playbook import Playbook
    from nba.decide.policy import Policy

    product = max(snapshot.products.popular.tolist(), key=lambda code: _appeal(snapshot, code))
    policy = Policy(snapshot, Playbook.from_toml(shipped("playbooks", "owox_2011")))
    facts = shop.facts()
    shown = [
        (word != EXAMPLE_MESSAGE, -_least_ordered(snapshot, products.split()), customer)
        for piece in policy.columns(facts, facts.as_of)
        for customer, word, products in zip(
            *(piece[name] for name in ("customer_id", "message", "product_ids")),
            strict=True,
        )
        if products
    ]
    customer = min(shown)[2] if shown else facts.customer_ids[0]
    return snapshot.products.ids[product], customer


def _least_ordered(snapshot: Snapshot, products: list[str]) -> int:
    """Count the orders of the product that is ordered least: everybody knows milk."""
    codes = [snapshot.products.ids.find(one) for one in products]
    return min((0 if code is None else int(snapshot.products.orders[code])) for code in codes)


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


def _pages(customer: str, port: int) -> dict[str, str]:
    """Give the pages to open: the shop as one of its customers, the shop's own, and every route."""
    root = f"http://127.0.0.1:{port}"
    return {
        "storefront": f"{root}/shop?customer={quote(customer, safe='')}",
        "console": f"{root}/console",
        "docs": f"{root}/docs",
    }


def _addresses(product: str, customer: str, port: int) -> list[str]:
    root = f"http://127.0.0.1:{port}/v1"
    return [
        f"{root}/products/{product}/bought-together?limit=3&explain=1",
        f"{root}/customers/{customer}/recommendations?limit=3",
        f"{root}/customers/{customer}/next-message",
    ]
