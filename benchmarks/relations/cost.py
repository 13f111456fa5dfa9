"""Times the 50 best partners of every product, ours beside what others offer for the task.

    python benchmarks/relations/cost.py [--shop DIR] [--no-synthetic] [--rounds 2]
        [--only WORDS]

Two loads: the Complete Journey (imported from its extra, or the shop folder given) and the 31.5
million lines of `lines.py`. Every method runs in a process of its own, in turn A B C, A B C; what
is timed is the way from coded arrays in memory to the result, in CPU seconds of all threads, and
the peak memory of the whole process. Two threads each. Imports, compiling and handing a database
its table are outside the clock.

The LLR of all methods is compared row for row with that of DuckDB's SQL; at the end the floor of
`floor.py` is set beside our own cost. `--only` takes methods whose names hold one of the words.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from contenders import METHODS, THREADS
from floor import arithmetic
from lines import Lines

REFERENCE: Final = "DuckDB SQL, LLR"
SHIPPED: Final = "ours, the score we ship"
LIMITS: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"),
    str(THREADS),
)


def run_here(name: str, folder: Path) -> None:
    """Run one method in this process, write its result beside the arrays, say what it took."""
    work = METHODS[name](Lines.load(folder))
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    columns = work()
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "wall": wall,
        "peak": after.ru_maxrss / 1024,
        "rows": len(columns[0]),
    }
    np.savez(result_of(name, folder), *columns)
    print(json.dumps(figures))


def run(name: str, folder: Path) -> dict[str, Any]:
    """Run one method in a process of its own."""
    command = [sys.executable, __file__, "--run", name, "--arrays", str(folder)]
    done = subprocess.run(
        command, env=os.environ | LIMITS, stdout=subprocess.PIPE, check=False, text=True
    )
    if done.returncode:
        return {"failed": done.returncode}
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def result_of(name: str, folder: Path) -> Path:
    return folder / f"{''.join(filter(str.isalnum, name))}.npz"


def compare(name: str, folder: Path) -> str:
    """Hold the rows of a method against those of the reference."""
    ours, theirs = (np.load(result_of(one, folder)) for one in (name, REFERENCE))
    columns = [(ours[key], theirs[key]) for key in ours.files]
    if len(columns[0][0]) != len(columns[0][1]):
        return f"{len(columns[0][0]):,} rows against {len(columns[0][1]):,}"
    differing = np.zeros(len(columns[0][0]), np.bool_)
    for mine, its in columns[:3]:
        differing |= mine != its
    gap = np.abs(columns[3][0] / columns[3][1] - 1).max(initial=0)
    return (
        f"{len(differing):,} rows, {differing.sum():,} differ, largest relative gap of a score "
        f"{gap:.1e}; sum of counts {int(columns[2][0].sum()):,}, of scores "
        f"{columns[3][0].sum():,.1f}"
    )


def journey(folder: Path) -> Path:
    """Import the Complete Journey of the installed extra."""
    shop = folder / "shop"
    command = [sys.executable, "-m", "nba.cli.app", "import", "--as", "complete_journey"]
    subprocess.run([*command, "--shop", str(shop)], check=True, stdout=subprocess.DEVNULL)
    return shop


def report(title: str, lines: Lines, folder: Path, names: list[str], rounds: int) -> None:
    """Measure one load and print its table."""
    print(f"\n{title}: {lines.describe()}", flush=True)
    lines.save(folder)
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            taken[name].append(run(name, folder))
    ours = {
        kind: statistics.median(one["cpu"] for one in taken[name])
        for kind, name in (("LLR", "ours, LLR"), ("counts only", SHIPPED))
        if name in taken
    }
    print(f"{'method':<38} CPU s {'':<14} wall s  peak MB      rows  CPU / ours")
    for name, figures in taken.items():
        if any("failed" in one for one in figures):
            print(f"{name:<38} failed")
            continue
        cpu = [one["cpu"] for one in figures]
        base = ours.get(name.split(", ")[-1])
        print(
            f"{name:<38} {', '.join(f'{one:.2f}' for one in cpu):<20} "
            f"{min(one['wall'] for one in figures):6.2f} "
            f"{max(one['peak'] for one in figures):8,.0f} {figures[-1]['rows']:9,}  "
            f"{'' if base is None else f'{statistics.median(cpu) / base:.1f}'}",
            flush=True,
        )
    for name in names:
        if name.endswith("LLR") and name != REFERENCE and REFERENCE in names:
            print(f"{name}, against {REFERENCE}: {compare(name, folder)}")
    rows, total = arithmetic(lines, taken[names[0]][0]["rows"])
    print("\n".join(rows))
    for kind, seconds in ours.items():
        label = SHIPPED if kind == "counts only" else "ours, LLR"
        print(f"{label}: {seconds:.2f} CPU s, {seconds / total:.2f} times the floor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path, help="a shop folder instead of the Complete Journey")
    parser.add_argument("--no-synthetic", action="store_true")
    parser.add_argument("--only", nargs="*", default=[""])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--arrays", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run_here(given.run, given.arrays)
        return
    names = [name for name in METHODS if any(word in name for word in given.only)]
    with tempfile.TemporaryDirectory() as home:
        shop = given.shop or journey(Path(home))
        report("Orders", Lines.of_shop(shop), Path(home) / "orders", names, given.rounds)
        if not given.no_synthetic:
            report("Drawn lines", Lines.draw(), Path(home) / "drawn", names, given.rounds)


if __name__ == "__main__":
    main()
