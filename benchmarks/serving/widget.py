"""What an answer of the widget's route costs, beside nginx and beside the usual way to write it.

    python benchmarks/serving/widget.py --models models [--seconds 5] [--rounds 2]
        [--warm 100_000] [--soak 1_000_000] [--swaps 20]

Three servers of one worker each, pinned to one core, are asked in turn by wrk, pinned to another:
`nba serve` with its gate, counters and live shelf; the same route through FastAPI with a response
model (`usual.py`), and that framework alone; nginx with the bytes of one answer as a file. Products
are drawn by popularity, or each as likely; a question names a basket and what to leave out, one in
twenty products is sold out in the store alone. CPU is what the kernel says the server's processes
took. The soak asks on and tells how much the memory grew; the swaps publish two snapshots in turn.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from nba.artifacts.registry import open_snapshot, publish
from nba.artifacts.snapshot import Snapshot
from nba.state.store import Store
from nba.state.tables import PRODUCT_STATES
from nba.state.writing import add, bump

TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, CLIENT_CORE = "0", "1"
CONNECTIONS = 16
QUESTIONS = 200_000
WRK = """\
local asked, number = {}, 0
init = function()
  for line in io.lines(os.getenv("QUESTIONS")) do
    asked[#asked + 1] = wrk.format("GET", line)
  end
end
request = function()
  number = number % #asked + 1
  return asked[number]
end
"""
NGINX = """\
{user}worker_processes 1; daemon off; error_log {home}/error.log; pid {home}/pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; sendfile on; tcp_nopush on;
  types {{ application/json json; }}
  server {{ listen 127.0.0.1:{port}; root {home}; location / {{ try_files /answer.json =404; }} }}
}}
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: int

    def cpu_seconds(self) -> float:
        """Read what it and its children took."""
        return sum(_stat(one) for one in (self.process, *_children(self.process)))

    def memory(self) -> float:
        """Read what it holds, in MB, files mapped among it."""
        status = Path(f"/proc/{self.process}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def own_memory(self) -> float:
        """Read what is its own, in MB, without the files that it maps."""
        status = Path(f"/proc/{self.process}/status").read_text()
        return int(re.findall(r"RssAnon:\s+(\d+)", status)[0]) / 1024


@dataclass(frozen=True)
class Load:
    """What wrk says of one run, and what the server took for it."""

    requests: int
    rate: float
    p50: str
    p99: str
    errors: int
    cpu_us: float


def _stat(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _children(process: int) -> list[int]:
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(one) for one in told.split()]


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    name: str, command: Sequence[str], port: int, path: str, **environment: str
) -> Iterator[Server]:
    """Run a server on its core until the end; wait for its first answer."""
    pinned = ["taskset", "-c", SERVER_CORE, *command]
    told = os.environ | environment | {"OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(pinned, env=told, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                fetch(port, path)
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{name} does not answer")
        yield Server(name, port, process.pid)
    finally:
        process.terminate()
        process.wait()


def fetch(port: int, path: str) -> bytes:
    """Fetch one answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        body: bytes = answer.read()
        return body


def ask(server: Server, questions: Path, script: Path, seconds: float) -> Load:
    """Let wrk ask for a while."""
    before = server.cpu_seconds()
    told = subprocess.run(
        [
            "taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s",
            "--latency", "-s", str(script), f"http://127.0.0.1:{server.port}",
        ],
        env=os.environ | {"QUESTIONS": str(questions)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout  # fmt: skip
    took = server.cpu_seconds() - before
    requests = int(re.findall(r"(\d+) requests in", told)[0])
    wrong = sum(int(one) for one in re.findall(r"Non-2xx or 3xx responses: (\d+)", told))
    for broken in re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), time", told):
        wrong += sum(map(int, broken))
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])
    p50, p99 = (re.findall(rf"{one}%\s+(\S+)", told)[0] for one in (50, 99))
    return Load(requests, rate, p50, p99, wrong, 1e6 * took / max(requests, 1))


def write_questions(path: Path, snapshot: Snapshot, *, popular: bool, prefix: str = "") -> None:
    """Draw questions: a product, one of its basket, one to leave out."""
    draw, products = np.random.default_rng(7), snapshot.products
    chance = products.orders / products.orders.sum() if popular else None
    codes = draw.choice(len(products), (QUESTIONS, 3), p=chance).tolist()
    ids = [quote(one, safe="") for one in products.ids]
    path.write_text(
        "".join(
            f"{prefix}/v1/products/{ids[one]}/bought-together"
            f"?limit=10&in_basket={ids[two]}&exclude={ids[three]}\n"
            for one, two, three in codes
        )
    )


def sell_out(db: str, snapshot: Snapshot) -> None:
    """Say of one product in twenty that it is sold out, in the store alone."""
    store = Store(db)
    none = dict.fromkeys(("stock", "price", "sale_price", "sale_until"))
    rows = [
        {"product_id": one, "at": 1, "availability": "out_of_stock", "order_id": "", **none}
        for one in list(snapshot.products.ids)[::20]
    ]
    with store.writing() as connection:
        add(connection, PRODUCT_STATES, rows)
        bump(connection, "products")
    store.close()


def compare(given: argparse.Namespace, home: Path, snapshot: Snapshot) -> None:
    """Ask all servers in turn, twice, and show what each answer cost."""
    script = home / "ask.lua"
    script.write_text(WRK)
    for kind in ("popular", "uniform"):
        popular = kind == "popular"
        write_questions(home / kind, snapshot, popular=popular)
        write_questions(home / f"{kind}-framework", snapshot, popular=popular, prefix="/framework")
    with servers(given, home, snapshot) as (ours, usual, nginx):
        print(f"{'server':<22}{'products':<10}{'req/s':>8}{'CPU us':>9}{'p50':>10}{'p99':>10}"
              f"{'errors':>8}{'RSS MB':>8}")  # fmt: skip
        costs: dict[tuple[str, str], list[float]] = {}
        for kind in ("uniform", "popular"):
            warm_up(ours, home / kind, script, given.warm)
        for _ in range(given.rounds):
            for kind in ("popular", "uniform"):
                for server, questions in (
                    (ours, kind), (usual, kind), (usual, f"{kind}-framework"), (nginx, kind),
                ):  # fmt: skip
                    name = server.name + (" alone" if questions.endswith("framework") else "")
                    load = ask(server, home / questions, script, given.seconds)
                    costs.setdefault((name, kind), []).append(load.cpu_us)
                    print(f"{name:<22}{kind:<10}{load.rate:>8.0f}{load.cpu_us:>9.1f}{load.p50:>10}"
                          f"{load.p99:>10}{load.errors:>8}{server.memory():>8.0f}")  # fmt: skip
        for (name, kind), taken in costs.items():
            ratio = min(taken) / min(costs["nba serve", kind])
            print(f"{name}, {kind}: {ratio:.2f} times the CPU of nba serve (least of each)")
        if given.soak:
            soak(ours, home, script, given.soak)
        if given.swaps:
            swap(ours, home, script, given, snapshot)


def warm_up(server: Server, questions: Path, script: Path, wanted: int) -> None:
    """Ask until so many answers were given: lists are made ready when they are first asked for."""
    cost, asked = 0.0, 0
    while asked < wanted:
        load = ask(server, questions, script, 5)
        cost, asked = cost + load.requests * load.cpu_us, asked + load.requests
    if asked:
        print(f"{server.name}, warming up on {asked} {questions.name}: {cost / asked:.1f} CPU us")


@contextmanager
def servers(
    given: argparse.Namespace, home: Path, snapshot: Snapshot
) -> Iterator[tuple[Server, Server, Server]]:
    """Run all three."""
    db = f"sqlite:///{home}/store.db"
    sell_out(db, snapshot)
    models = home / "models"
    ports = [free_port() for _ in range(3)]
    path = (home / "popular").read_text().splitlines()[0]
    told = {"NBA_MODELS": str(models), "NBA_DB": db}
    serve = [
        sys.executable, "-m", "nba.cli.app", "serve", "--models", str(models), "--db", db,
    ]  # fmt: skip
    uvicorn = [sys.executable, "-m", "uvicorn", "benchmarks.serving.usual:app"]
    quiet = ["--log-level", "warning", "--no-access-log"]
    configuration = home / "nginx.conf"
    # What root started gives up its rights, and could not read a folder of root's.
    user = "" if os.geteuid() else "user root; "
    configuration.write_text(NGINX.format(home=home, port=ports[2], user=user))
    with (
        running("nba serve", [*serve, "--port", str(ports[0])], ports[0], path) as ours,
        running(
            "usual FastAPI", [*uvicorn, "--port", str(ports[1]), *quiet], ports[1], path, **told
        ) as usual,
    ):
        body = fetch(ours.port, path)
        (home / "answer.json").write_bytes(body)
        print(f"an answer has {len(body)} bytes; {len(snapshot.products)} products")
        command = ["nginx", "-c", str(configuration), "-p", str(home)]
        with running("nginx", command, ports[2], path) as nginx:
            yield ours, usual, nginx


def soak(server: Server, home: Path, script: Path, wanted: int) -> None:
    """Ask on until so many answers were given; show how much the memory grew."""
    warm = ask(server, home / "popular", script, 20)
    before, asked = server.own_memory(), 0
    while asked < wanted:
        load = ask(server, home / "popular", script, 20)
        asked += load.requests
        print(f"  {asked} answers, {load.errors} errors, {server.own_memory() - before:+.1f} MB")
    print(f"soak: {asked} answers after {warm.requests}: "
          f"{server.own_memory() - before:+.1f} MB of {before:.0f}")  # fmt: skip


def swap(
    server: Server, home: Path, script: Path, given: argparse.Namespace, snapshot: Snapshot
) -> None:
    """Publish two snapshots in turn under load; show errors and memory."""
    other = reseeded(snapshot)
    before = server.memory()
    command = [
        "taskset", "-c", CLIENT_CORE, "wrk", "-t1", "-c4", f"-d{3 * given.swaps}s", "--latency",
        "-s", str(script), f"http://127.0.0.1:{server.port}",
    ]  # fmt: skip
    load = subprocess.Popen(
        command, env=os.environ | {"QUESTIONS": str(home / "popular")},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for number in range(given.swaps):
        publish(other if number % 2 == 0 else snapshot, home / "models")
        time.sleep(1.5)
    told = load.communicate()[0]
    print(told)
    metrics = fetch(server.port, "/metrics").decode()
    print("\n".join(line for line in metrics.splitlines() if line.startswith("nba_snapshot")))
    time.sleep(3)
    print(f"memory: {before:.0f} MB before, {server.memory():.0f} MB after")


def reseeded(snapshot: Snapshot) -> Snapshot:
    """Give the same snapshot under another id."""
    manifest = snapshot.manifest
    until = np.datetime64(manifest.data_until.removesuffix("Z"), "us")
    return Snapshot.of(
        snapshot,
        config=manifest.config.model_copy(update={"seed": manifest.config.seed + 1}),
        data_from=None,
        data_until=until,
        engines=manifest.engines,
        counts=manifest.counts,
        coverage=manifest.coverage,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--warm", type=int, default=100_000)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--swaps", type=int, default=0)
    given = parser.parse_args()
    snapshot = open_snapshot(given.models)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(given.models, home / "models")
        compare(given, home, snapshot)


if __name__ == "__main__":
    main()
