"""Times the import and training of the Complete Journey, each in a process of its own.

    python benchmarks/training.py [--rounds 3]

Prints wall and CPU seconds and peak memory of `nba import`, `nba train` and `nba backtest`, and
the digests of trainings on one thread, on two, and on shuffled rows, which must be equal.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

NBA = [sys.executable, "-m", "nba.cli.app"]


def run(*words: str) -> tuple[float, float, float, dict[str, object]]:
    """Run a verb and give wall seconds, CPU seconds, peak MB and its JSON document."""
    began = time.monotonic()
    command = [*NBA, *words, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status:
        raise SystemExit(f"nba {' '.join(words)} ended with status {status}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.loads(out)


def shuffled(shop: Path, folder: Path) -> Path:
    """Write the same shop with the rows of its tables in another order."""
    folder.mkdir()
    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.5)")
    for table in ("products", "orders", "order_lines"):
        connection.execute(
            f"COPY (SELECT * FROM read_parquet('{shop / table}.parquet') ORDER BY random()) "
            f"TO '{folder / table}.parquet' (FORMAT parquet)"
        )
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shop, models = home / "shop", home / "models"
        taken: dict[str, list[tuple[float, float, float]]] = {}
        for number in range(rounds):
            shop = home / f"shop{number}"
            verbs = {
                "import": ["import", "--as", "complete_journey", "--shop", str(shop)],
                "train": ["train", str(shop), "--models", str(models)],
                "backtest": ["backtest", str(shop), "--test-from", "2017-12-04T00:00Z"],
            }
            for name, words in verbs.items():
                taken.setdefault(name, []).append(run(*words)[:3])
        print("verb      wall s (min median max)    CPU s median   peak MB")
        for name, figures in taken.items():
            wall = sorted(figure[0] for figure in figures)
            spread = f"{wall[0]:6.1f} {statistics.median(wall):6.1f} {wall[-1]:6.1f}"
            cpu = statistics.median(figure[1] for figure in figures)
            peak = max(figure[2] for figure in figures)
            print(f"{name:<9} {spread}      {cpu:12.1f} {peak:9.0f}")
        digests = {
            "2 threads": run("train", str(shop), "--models", str(models), "--threads", "2")[3],
            "1 thread": run("train", str(shop), "--models", str(models), "--threads", "1")[3],
            "shuffled": run("train", str(shuffled(shop, home / "mixed")), "--models", str(models))[
                3
            ],
        }
        for name, document in digests.items():
            print(f"{name:<10} {document['digest']}")
        if len({document["digest"] for document in digests.values()}) > 1:
            raise SystemExit("the digests differ")


if __name__ == "__main__":
    main()
