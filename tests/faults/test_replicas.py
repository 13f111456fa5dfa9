"""Two servers and two batch workers on one PostgreSQL and one models home: as one of each."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest

import nba
from nba.artifacts.homes import home_of
from nba.artifacts.mirror import CACHE
from nba.artifacts.registry import publish, rollback
from nba.cli.load import load
from nba.data.imports import import_files
from nba.domain import iso
from nba.vocabulary import NOTHING_SENT
from tests.databases import postgres_url
from tests.faults.conftest import times
from tests.faults.forks import Forks, Job
from tests.faults.jobs import version
from tests.servers import caller_of, free_port
from tests.shops import day, random_orders

FULL = bool(os.environ.get("NBA_FAULTS"))
CUSTOMERS = times(2_000, default=0.02)
PRODUCTS = 30
RECIPE = nba.TrainConfig(picks={"models": ["item-item"]})
COUNTED = re.compile(r"([0-9,]+) messages to send, ([0-9,]+) of them claimed just now")
AT = "2026-04-12T09:00:00Z"
SECONDS = 10.0
"""Within which a published snapshot is served, on a machine that is busy."""


@dataclass(frozen=True)
class Ground:
    """A shop folder, and a folder of models with a snapshot of it; an older one is of others."""

    shop: Path
    models: Path
    older: str
    newer: str
    customers: list[str]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    folder = tmp_path_factory.mktemp("ground")
    placed = random_orders(11, customers=CUSTOMERS, products=PRODUCTS, orders=3 * CUSTOMERS)
    tables = {
        "orders": [
            ["order_id", "customer_id", "ordered_at", "product_id", "quantity", "unit_price"],
            *(
                [order, customer or "", iso(day(at)), product, 1, 1_000]
                for order, customer, at, products in placed
                for product in products
            ),
        ],
        "consents": [
            ["customer_id", "channel", "granted", "at"],
            *(
                [one, "email", "true", "2026-01-01T00:00:00Z"]
                for one in sorted({customer for _, customer, *_ in placed if customer})
            ),
        ],
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    import_files([folder / f"{name}.csv" for name in tables], folder / "shop")
    shop = nba.read_shop(folder / "shop")
    publish(version(1), folder / "models")
    newer = nba.train(shop.history, shop.catalog, RECIPE)
    publish(newer, folder / "models")
    names = sorted(row[0] for row in tables["consents"][1:])
    return Ground(folder / "shop", folder / "models", version(1).id, newer.id, names)


def filled(ground: Ground) -> str:
    """Give the URL of a new database with the shop in it."""
    url = postgres_url()
    load(ground.shop, url)
    return url


@contextmanager
def running(
    forks: Forks, folder: Path, *runs: Sequence[str]
) -> Iterator[tuple[Job, list[httpx.Client]]]:
    """Run `nba` several times at once, each as on a machine of its own.

    Gives the job, and a client of each `nba serve` among them, all of which are ready.
    """
    ports, shares = [], []
    for number, words in enumerate(runs):
        if words[0] == "serve":
            ports.append(free_port())
            words = [*words, "--port", str(ports[-1])]
        shares.append([str(folder / f"machine{number}"), *words])
    job = forks.begin("run_apart", *shares)
    with ExitStack() as clients:
        try:
            job.wait_until_ready()
            while sum(line.startswith("serving on") for line in job.lines) < len(ports):
                job.wait_for(len(job.lines) + 1)
            yield job, [clients.enter_context(caller_of(port)) for port in ports]
        finally:
            job.kill()


def serving(models: str | Path, url: str) -> list[str]:
    return ["serve", "--models", str(models), "--db", url, "--as-of", AT]


def claiming(ground: Ground, url: str, out: Path, *more: str) -> list[str]:
    words = ["--all", "--claim", "--at", AT, "--models", str(ground.models), "--out", str(out)]
    return ["decide", url, *words, *more]


def counted(job: Job, workers: int) -> list[tuple[int, int]]:
    """Wait until workers said how many messages they may send, and how many are claimed anew."""
    while True:
        found = [one for one in map(COUNTED.fullmatch, job.lines) if one]
        if len(found) == workers:
            counts = [[int(count.replace(",", "")) for count in one.groups()] for one in found]
            return [(total, new) for total, new in counts]
        job.wait_for(len(job.lines) + 1)


def written(*files: Path) -> list[str]:
    """Give the distinct lines of files that are written whole, sorted."""
    return sorted({line for one in files for line in one.read_text("utf-8").splitlines()})


def log(url: str) -> list[tuple[Any, ...]]:
    """Give the whole log of messages of a store, by id."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute("SELECT * FROM messages ORDER BY message_id").fetchall()


def sent(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave out the nothings: who asks over HTTP is told of those too, and they are logged."""
    return [row for row in rows if NOTHING_SENT not in row]


@pytest.fixture(scope="module")
def alone(
    forks: Forks, ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Give what one worker writes, and the log that it leaves in a database of its own."""
    url, out = filled(ground), tmp_path_factory.mktemp("alone") / "claims.jsonl"
    codes, said = forks.run("run_heard", claiming(ground, url, out))
    assert codes == [0], said
    return written(out), log(url)


@pytest.mark.skipif(not FULL, reason="make faults: one after the other, test_decide_parts asks it")
def test_two_workers_with_a_part_each_write_together_what_one_does(
    forks: Forks, ground: Ground, alone: tuple[list[str], list[tuple[Any, ...]]], tmp_path: Path
) -> None:
    url, outs = filled(ground), [tmp_path / f"{number}.jsonl" for number in (1, 2)]
    parts = [
        claiming(ground, url, out, "--part", f"{number}/2") for number, out in enumerate(outs, 1)
    ]
    with running(
        forks, tmp_path, serving(ground.models, url), serving(ground.models, url), *parts
    ) as (job, callers):
        told = counted(job, 2)
        check_alike(callers, ground)
    assert [total for total, _ in told] == [new for _, new in told]
    assert all(total > len(ground.customers) / 10 for total, _ in told)
    assert not set(written(outs[0])) & set(written(outs[1]))
    assert (written(*outs), log(url)) == alone


def test_whoever_races_for_all_customers_claims_each_message_once(
    forks: Forks, ground: Ground, alone: tuple[list[str], list[tuple[Any, ...]]], tmp_path: Path
) -> None:
    url, outs = filled(ground), [tmp_path / f"{number}.jsonl" for number in (1, 2)]
    workers = [claiming(ground, url, out) for out in outs]
    with running(
        forks, tmp_path, serving(ground.models, url), serving(ground.models, url), *workers
    ) as (job, callers):
        with ThreadPoolExecutor(len(callers)) as pool:
            by_http = list(pool.map(claim_all, callers, [ground.customers] * 2, (1, 2)))
        told = counted(job, 2)
        check_alike(callers, ground)
    lines, rows = alone
    permits = {one["customer_id"]: one["message_id"] for one in map(json.loads, lines)}
    assert sent(rows) == sent(log(url))
    # A worker may find customers whose messages others claimed before it looked at all.
    assert set(written(*outs)) <= set(lines)
    assert by_http[0] == by_http[1] == {name: permits.get(name) for name in ground.customers}
    assert sum(new for _, new in told) <= len(permits)


def claim_all(caller: httpx.Client, customers: Sequence[str], seed: int) -> dict[str, str | None]:
    """Claim for all customers, in an order of one's own; give the id of what each may be sent."""
    order = np.random.default_rng(seed).permutation(len(customers))
    found = {}
    for name in (customers[place] for place in order.tolist()):
        answer = caller.post(f"/v1/customers/{name}/next-message:claim")
        assert answer.status_code == 200, answer.text
        found[name] = answer.json()["message_id"]
    return found


def check_alike(callers: Sequence[httpx.Client], ground: Ground) -> None:
    """See that servers answer the same questions with the same bytes."""
    few = ground.customers[:: max(len(ground.customers) // 20, 1)]
    asked = [
        *(
            f"/v1/products/p{number:04}/{relation}"
            for number in range(PRODUCTS)
            for relation in ("bought-together", "similar", "accessories")
        ),
        *(
            f"/v1/customers/{name}/{question}"
            for name in few
            for question in ("next-message", "plan", "recommendations", "profile")
        ),
    ]
    for path in asked:
        answers = [caller.get(path) for caller in callers]
        assert [one.status_code for one in answers] == [200] * len(answers), answers[0].text
        assert len({one.content for one in answers}) == 1, path


@pytest.mark.parametrize("kind", ["remote", "folder"] if FULL else ["remote"])
def test_a_rollback_through_one_server_or_the_command_line_reaches_both(
    forks: Forks, ground: Ground, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "here"))
    shutil.copytree(ground.models, tmp_path / "models")
    models = str(tmp_path / "models") if kind == "folder" else f"file://{tmp_path}/models"
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with running(forks, tmp_path, serving(models, url), serving(models, url)) as (_, callers):
        assert [served(one) for one in callers] == [ground.newer] * 2
        assert callers[0].post("/v1/models:rollback").status_code == 200
        wait_until_served(callers, ground.older)
        # As `nba models rollback` does, and `nba train`.
        rollback(models, ground.newer)
        wait_until_served(callers, ground.newer)
        publish(version(2), home_of(models))
        wait_until_served(callers, version(2).id)
        check_alike(callers, replace(ground, customers=[]))


def served(caller: httpx.Client) -> str:
    """Name the snapshot that a server answers from."""
    ready: dict[str, str] = caller.get("/health/ready").json()
    return ready["snapshot_id"]


def wait_until_served(callers: Sequence[httpx.Client], snapshot_id: str) -> None:
    until = time.monotonic() + SECONDS
    while {served(one) for one in callers} != {snapshot_id}:
        assert time.monotonic() < until, [served(one) for one in callers]
        time.sleep(0.05)
