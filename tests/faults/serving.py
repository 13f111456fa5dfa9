"""A server that is killed, and the orders it is sent."""

from __future__ import annotations

from pathlib import Path

from tests.faults.forks import Forks, Job
from tests.servers import forked, free_port


def begun(forks: Forks, models: Path, url: str) -> tuple[Job, int]:
    """Start a server and give it, ready, with its port."""
    port = free_port()
    words = ["serve", "--models", str(models), "--db", url, "--port", str(port)]
    return forked(forks, words), port


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
