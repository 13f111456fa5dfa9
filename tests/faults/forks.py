"""Processes to be killed: forked from one that has imported everything, as that takes the longest.

`python -m tests.faults.forks` is that one. A line of its input names a job and what each of some
processes is to do of it; it says their ids, and upon another line with which codes they ended.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[2]
READY = "ready"


class Job:
    """A job that was begun.

    Attributes:
        pids: of its processes.
        lines: what they said up to now, but that they are ready.
    """

    def __init__(self, forks: Forks, pids: list[int]) -> None:
        self._forks = forks
        self.pids = pids
        self.lines: list[str] = []

    def wait_until_ready(self) -> None:
        """Wait for the word of each process; a fault before it would hit imports alone."""
        for _ in self.pids:
            self._read_until(READY)

    def wait_until_said(self, start: str) -> None:
        """Wait for a line that starts so."""
        self.lines.append(self._read_until(start))

    def wait_for(self, count: int) -> None:
        """Wait until the processes said so many lines in all."""
        while len(self.lines) < count:
            self.lines.append(self._forks.read())

    def kill_after(self, seconds: float) -> None:
        """Let the processes work a little, then kill them outright."""
        time.sleep(seconds)
        self.kill()

    def kill(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        self.codes()

    def codes(self) -> list[int]:
        """Wait for the end and give the exit codes; that of who was killed is negative."""
        self._forks.write("reap")
        ended: list[int] = json.loads(self._read_until("ended ").removeprefix("ended "))
        return ended

    def _read_until(self, start: str) -> str:
        while not (line := self._forks.read()).startswith(start):
            assert not line.startswith("ended "), f"the job ended early: {line}"
            self.lines.append(line)
        return line


class Forks:
    """The process that forks, seen from the tests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, job: str, *shares: list[Any]) -> Job:
        """Begin a function of `tests.faults.jobs` in a process for each share of the work."""
        self.write(json.dumps([job, shares]))
        return Job(self, json.loads(self.read().removeprefix("pids ")))

    def run(self, job: str, *shares: list[Any]) -> tuple[list[int], list[str]]:
        """Let a job come to its end; give its exit codes, and what it said."""
        begun = self.begin(job, *shares)
        return begun.codes(), begun.lines

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process that forks is gone"
        return line.rstrip("\n")


@contextmanager
def started() -> Iterator[Forks]:
    """Start the process that forks."""
    quiet = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.forks"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
        env={**os.environ, **quiet},
    ) as process:
        try:
            yield Forks(process)
        finally:
            process.kill()


def _serve() -> None:
    jobs = importlib.import_module("tests.faults.jobs")
    while line := sys.stdin.readline():
        job, shares = json.loads(line)
        # Nobody says a word before all are named.
        gate, opening = os.pipe()
        pids = [_forked(getattr(jobs, job), share, gate, opening) for share in shares]
        print("pids", json.dumps(pids), flush=True)
        os.close(opening)
        os.close(gate)
        # Until then the ids are theirs alone, ended or not.
        sys.stdin.readline()
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        print("ended", json.dumps(codes), flush=True)


def _forked(job: Any, share: list[Any], gate: int, opening: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.close(opening)
        os.read(gate, 1)
        job(*share)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
