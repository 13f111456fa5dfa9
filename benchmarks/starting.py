"""Times what people wait for: help, kernels on a fresh machine, a server's first answer.

python benchmarks/starting.py --shop demo --models models [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

NBA = [sys.executable, "-m", "nba.cli.app"]


def seconds(command: list[str], **environment: str) -> float:
    """Time a command to its end."""
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    return time.monotonic() - began


def first_answer(shop: Path, models: Path, db: str) -> float:
    """Time `nba serve --shop` from its start to the first 200 of a product route."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*NBA, "serve", "--shop", str(shop), "--db", db, "--models", str(models)]
    began = time.monotonic()
    server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        while time.monotonic() - began < 120:
            try:
                address = f"http://127.0.0.1:{port}/v1/products/1082185/bought-together"
                with urllib.request.urlopen(address, timeout=5) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        raise SystemExit("the server did not answer within two minutes")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path, default=Path("demo"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()

    def show(name: str, taken: list[float]) -> None:
        taken.sort()
        middle = statistics.median(taken)
        print(f"{name:<46} {taken[0]:6.2f} {middle:6.2f} {taken[-1]:6.2f}")

    print("seconds, wall                                     min median    max")
    show("nba --help", [seconds([*NBA, "--help"]) for _ in range(given.rounds)])
    kernels = [
        sys.executable,
        "-c",
        "import nba.statistics.lag_kernels, nba.statistics.pair_kernels",
    ]
    cold = []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(seconds(kernels, NUMBA_CACHE_DIR=cache))
    show("kernels, never compiled on this machine", cold)
    show("kernels, from the cache", [seconds(kernels) for _ in range(given.rounds)])
    with tempfile.TemporaryDirectory() as folder:
        db = f"sqlite:///{folder}/nba.db"
        show(
            "nba serve --shop, first start: loads the shop",
            [first_answer(given.shop, given.models, db)],
        )
        later = [first_answer(given.shop, given.models, db) for _ in range(given.rounds)]
        show("nba serve --shop, to the first answer", later)


if __name__ == "__main__":
    main()
