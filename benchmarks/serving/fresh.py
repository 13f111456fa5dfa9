"""How soon a posted order shows: from the post to the answer that knows of it.

`nba serve` runs as a process of its own over a shop; orders are posted over HTTP one after the
other. After each come the list that showed its product, the customer's next message, and what the
customer looked at and did not buy, asked again until they know of the order. Delays are from when
the post was sent.

    .venv/bin/python -m benchmarks.serving.fresh --shop SHOP --models MODELS [--orders 1000]
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import numpy as np

PATIENCE_SECONDS: Final = 10.0


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers from a snapshot."""
    while server.poll() is None:
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the server ended before it was ready")


def get(client: httpx.Client, path: str) -> dict[str, Any]:
    """Ask, and give the document."""
    answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}: {answer.text[:300]}")
    document: dict[str, Any] = answer.json()
    return document


def post(client: httpx.Client, path: str, row: dict[str, Any]) -> None:
    """Post a row that must be new."""
    taken = client.post(path, json=[row]).json()
    if taken.get("accepted") != 1:
        raise SystemExit(f"{path}: {json.dumps(taken)[:300]}")


def delay(begun: float, shows: Callable[[], bool]) -> float:
    """Ask until an answer shows what was posted; milliseconds since the post."""
    while not shows():
        if time.perf_counter() - begun > PATIENCE_SECONDS:
            raise SystemExit(f"not shown within {PATIENCE_SECONDS} s")
    return (time.perf_counter() - begun) * 1e3


def list_beside(product: str) -> str:
    """Give the path of what is bought together with a product."""
    return f"/v1/products/{quote(product, safe='')}/bought-together?limit=50"


def is_in_list(client: httpx.Client, path: str, product: str) -> bool:
    """Tell whether a list shows a product."""
    return product in [one["product_id"] for one in get(client, path)["items"]]


def has_gone(client: httpx.Client, path: str, product: str) -> bool:
    """Tell whether a list no longer shows a product."""
    return not is_in_list(client, path, product)


def has_ordered(client: httpx.Client, customer: str) -> bool:
    """Tell whether the next message knows of an order of a customer."""
    return get(client, f"/v1/customers/{customer}/next-message")["stage"] == "client"


def order_of(number: int, customer: str, *products: str) -> dict[str, Any]:
    """Write an order of one piece each that has just arrived."""
    now = datetime.now(UTC).isoformat()
    return {
        "order_id": f"fresh-{number}",
        "customer_id": customer,
        "ordered_at": now,
        "status": "delivered",
        "lines": [{"product_id": product, "quantity": 1} for product in products],
    }


def measure(client: httpx.Client, pairs: list[tuple[str, str]], count: int) -> None:
    """Post orders, each of the last piece of a product by a customer nobody knew."""
    took: dict[str, list[float]] = {name: [] for name in ("post", "list", "next-message", "viewed")}
    for number in range(count):
        beside, product = pairs[number % len(pairs)]
        customer, path = f"fresh-{number}", list_beside(beside)
        post(client, "/v1/products", {"product_id": product, "stock": 1})
        post(client, "/v1/products", {"product_id": beside, "stock": 9})
        seen = {"event_id": f"seen-{number}", "type": "view_item", "customer_id": customer}
        post(client, "/v1/events", {**seen, "product_id": beside})
        viewed = f"/v1/customers/{customer}/viewed"
        if not is_in_list(client, path, product) or not is_in_list(client, viewed, beside):
            raise SystemExit(f"{product} or {beside} is not shown; name others with --products")
        order = order_of(number, customer, product, beside)
        begun = time.perf_counter()
        post(client, "/v1/orders", order)
        took["post"].append((time.perf_counter() - begun) * 1e3)
        took["list"].append(delay(begun, partial(has_gone, client, path, product)))
        took["next-message"].append(delay(begun, partial(has_ordered, client, customer)))
        took["viewed"].append(delay(begun, partial(has_gone, client, viewed, beside)))
    for name, times in took.items():
        median, p99 = np.percentile(times, [50, 99])
        print(f"{name}: median {median:.1f} ms, p99 {p99:.1f} ms, most {max(times):.1f} ms")


def pairs_of(client: httpx.Client, products: list[str]) -> list[tuple[str, str]]:
    """Give products, each with the first one that is shown beside it."""
    found: dict[str, str] = {}
    for product in products:
        items = get(client, list_beside(product))["items"]
        if items:
            found.setdefault(items[0]["product_id"], product)
    # What is sold out beside one product must not be looked at as another.
    return [(beside, shown) for shown, beside in found.items() if beside not in found]


def main() -> None:
    """Serve a shop from a store of its own, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--db", help="URL of an empty store; by default a new SQLite file")
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--products", nargs="*", help="beside whose pages to look; by default 50")
    given = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        url = given.db or f"sqlite:///{Path(folder, 'fresh.db')}"
        options = {"shop": given.shop, "models": given.models, "db": url, "port": port}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        server = subprocess.Popen([sys.executable, "-m", "nba.cli.app", "serve", *words])
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                wait_until_ready(client, server)
                pairs = pairs_of(client, given.products or most_sold(given.shop))
                if not pairs:
                    raise SystemExit("no product has another beside it; name some with --products")
                measure(client, pairs, given.orders)
        finally:
            server.terminate()
            server.wait(30)


def most_sold(shop: Path) -> list[str]:
    """Give the products that are in most order lines of a shop."""
    import duckdb

    lines = str(shop / "order_lines.parquet").replace("'", "''")
    counted = f"SELECT product_id FROM '{lines}' GROUP BY ALL ORDER BY count(*) DESC, 1 LIMIT 50"
    return [str(row[0]) for row in duckdb.sql(counted).fetchall()]


if __name__ == "__main__":
    main()
