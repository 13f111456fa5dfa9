"""Servers as processes: started afresh, or forked from one that has imported everything."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from tests.faults.forks import Forks, Job


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def caller_of(port: int) -> httpx.Client:
    """Make a client of a server on this machine.

    It reads none of the machine's certificates: that takes longer than a hundred answers.
    """
    address = f"http://127.0.0.1:{port}"
    return httpx.Client(base_url=address, trust_env=False, verify=False, timeout=20)


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """Start a server and give it with the seconds from the start to its first answer."""
    began = time.monotonic()
    with (
        caller_of(port) as client,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            while time.monotonic() - began < 30 and process.poll() is None:
                try:
                    if client.get("/health/ready").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            assert process.poll() is None, process.communicate()[1]
            yield process, time.monotonic() - began
        finally:
            process.kill()


def forked(forks: Forks, words: Sequence[str]) -> Job:
    """Start `nba serve` in a forked process and give it, ready."""
    job = forks.begin("run_heard", list(words))
    job.wait_until_ready()
    job.wait_until_said("serving on")
    return job


def refused(forks: Forks, words: Sequence[str]) -> tuple[int, str]:
    """Run `nba`, which must end by itself; give its exit code and what it said."""
    (code,), said = forks.run("run_heard", list(words))
    return code, "\n".join(said)
