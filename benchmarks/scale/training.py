"""Trains on shops of 10, 30 and 100 million order lines: wall, CPU and memory, step by step.

    python benchmarks/scale/training.py --home DIR [--lines 10_000_000 30_000_000 100_000_000]
        [--limit 8] [--picture docs/pictures/scale.svg]

Makes each shop with benchmarks/gen.py unless DIR holds it, and runs `nba train` on it in a process
of its own, as the command line does. Memory is the peak of what the process holds: of pages of its
own (anonymous), and of all it has in memory, pages of mapped files included, which the system may
take back. With --limit, and where the machine lets us make control groups (root on Linux), the
process and its page cache get that many GiB and no more; it is killed beyond.

Figures are kept in DIR/scale.json, one entry a size, so that sizes can be measured one by one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pictures import draw

NBA = [sys.executable, "-m", "nba.cli.app"]
GENERATOR = Path(__file__).resolve().parents[1] / "gen.py"
STEP = re.compile(r"^train: (.+) \((\d+\.\d) s\)$")
SIZES = (10_000_000, 30_000_000, 100_000_000)
GROUPS = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    (Path("/sys/fs/cgroup"), "memory.max"),
)


@contextmanager
def confined(gibibytes: float | None) -> Iterator[Path | None]:
    """Make a control group of so much memory; None where no limit is asked for."""
    if gibibytes is None:
        yield None
        return
    for root, limit in GROUPS:
        group = root / "nba-scale"
        try:
            group.mkdir(exist_ok=True)
            (group / limit).write_text(str(int(gibibytes * 2**30)))
        except OSError:
            continue
        try:
            yield group
        finally:
            group.rmdir()
        return
    raise SystemExit("this machine lets nobody limit memory; leave --limit out")


class Watch(threading.Thread):
    """Asks a process every 200 ms what it holds, and keeps the most, in MB, by step."""

    def __init__(self, pid: int) -> None:
        """Watch the process of this number, once it is started."""
        super().__init__(daemon=True)
        self.status = Path(f"/proc/{pid}/status")
        self.step = "starting"
        self.most: dict[str, dict[str, float]] = {}

    def run(self) -> None:
        """Look until the process has ended."""
        while True:
            try:
                told = dict(
                    re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB$", self.status.read_text(), re.M)
                )
            except OSError:
                return
            if not told:
                return
            most = self.most.setdefault(self.step, {"own": 0.0, "all": 0.0})
            most["own"] = max(most["own"], int(told["RssAnon"]) / 1e3)
            most["all"] = max(most["all"], int(told["VmRSS"]) / 1e3)
            time.sleep(0.2)


def trained(shop: Path, models: Path, group: Path | None) -> dict[str, Any]:
    """Run `nba train` and tell what it took."""

    def enter() -> None:
        if group is not None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    began = time.monotonic()
    process = subprocess.Popen(
        [*NBA, "train", str(shop), "--models", str(models), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=enter,
    )
    watch = Watch(process.pid)
    watch.start()
    steps: list[tuple[str, float]] = []
    for line in process.stderr or ():
        sys.stderr.write(line)
        if found := STEP.match(line.strip()):
            watch.step = found[1]
            steps.append((found[1], float(found[2])))
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if status:
        raise SystemExit(f"nba train {shop} ended with status {status}")
    document = json.loads(out)
    ends = [at for _, at in steps[1:]] + [wall]
    return {
        "counts": document["counts"],
        "digest": document["digest"],
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024 / 1e6,
        "own": max(one["own"] for one in watch.most.values()),
        "steps": [
            {"step": step, "wall": round(end - at, 1), **watch.most.get(step, {})}
            for (step, at), end in zip(steps, ends, strict=True)
        ],
    }


def made(home: Path, lines: int) -> Path:
    """Give the shop of so many lines, made unless it is there."""
    shop = home / f"shop-{lines}"
    if not (shop / "order_lines.parquet").is_file():
        command = [sys.executable, str(GENERATOR), "--lines", str(lines), "--out", str(shop)]
        subprocess.run(command, check=True)
    return shop


def main() -> None:
    """Measure, and print what was measured so far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--lines", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--limit", type=float)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    kept = given.home / "scale.json"
    figures: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    for lines in given.lines:
        shop = made(given.home, lines)
        with confined(given.limit) as group, tempfile.TemporaryDirectory(dir=given.home) as models:
            figures[str(lines)] = {"limit": given.limit, **trained(shop, Path(models), group)}
        kept.write_text(json.dumps(figures, indent=1))
    ordered = [(int(lines), figures[lines]) for lines in sorted(figures, key=int)]
    print(
        "lines | orders | customers | wall s | CPU s | own MB | with mapped MB | wall s a million"
    )
    for lines, one in ordered:
        counts = one["counts"]
        print(
            f"{lines:,} | {counts['orders']:,} | {counts['customers']:,} | {one['wall']:.0f} | "
            f"{one['cpu']:.0f} | {one['own']:,.0f} | {one['peak']:,.0f} | "
            f"{one['wall'] / lines * 1e6:.1f}"
        )
    for lines, one in ordered:
        print(f"\n{lines:,} lines, digest {one['digest'][:12]}")
        for step in one["steps"]:
            print(f"  {step['step']:<45} {step['wall']:7.1f} s {step.get('own', 0):8,.0f} MB")
    if given.picture:
        draw(ordered, given.picture)


if __name__ == "__main__":
    main()
