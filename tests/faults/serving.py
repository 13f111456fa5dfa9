"""Servers: in the test's own process, for what goes wrong beside them, and such as are killed."""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

with warnings.catch_warnings():
    # As in the fixtures of tests/api.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from nba_api.app import create_app
from nba_api.settings import Settings
from tests.faults.forks import Forks, Job


@contextmanager
def client_of(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def begun(forks: Forks, models: Path, url: str) -> tuple[Job, str]:
    """Start a server and give it, ready, with its address."""
    port = free_port()
    words = ["serve", "--models", str(models), "--db", url, "--port", str(port)]
    job = forks.begin("run", words)
    job.wait_until_ready()
    job.wait_for(1)
    assert job.lines[0].startswith("serving on")
    return job, f"http://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def order(number: int) -> dict[str, object]:
    return {
        "order_id": f"o{number:06}",
        "customer_id": f"c{number % 7}",
        "ordered_at": "2026-03-01T09:00:00Z",
        "status": "paid",
        "currency": "EUR",
        "lines": [
            {"product_id": product, "quantity": 1, "unit_price": 100 + number}
            for product in ("cup", "kettle", "mug")
        ],
    }
