"""How many durable events a second the public route takes, on one core.

Requests go through the whole application (envelope, gate, route) without sockets: groups of 500
one after the other, and single events of which 100 are under way at once.

    .venv/bin/python -m benchmarks.serving.events [--db URL] [--events 50000]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.types import ASGIApp, Message

from nba_api.app import create_app
from nba_api.settings import Settings

GROUP: Final = 500
AT_ONCE: Final = 100
SCOPE: Final = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/v1/events",
    "raw_path": b"/v1/events",
    "query_string": b"",
    "root_path": "",
    "client": ("127.0.0.1", 1),
    "server": ("localhost", 80),
}
TYPES: Final = ("view_item", "add_to_cart", "shown", "clicked")


def event(number: int) -> dict[str, Any]:
    """Write an ordinary event."""
    return {
        "event_id": f"event-{number:012}",
        "type": TYPES[number % len(TYPES)],
        "at": f"2026-03-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:00.123Z",
        "customer_id": f"customer-{number % 5_000}",
        "session_id": f"session-{number % 20_000}",
        "product_id": f"product-{number % 3_000}",
        "placement": "home",
    }


def cpu_seconds() -> float:
    """Give the CPU time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def post(app: ASGIApp, rows: Sequence[dict[str, Any]]) -> None:
    """Post events, all of which must be new."""
    sent: list[Message] = []
    body = orjson.dumps(rows)

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-length", str(len(body)).encode())]
    await app({**SCOPE, "headers": headers}, receive, send)
    status, answer = sent[0]["status"], orjson.loads(sent[1]["body"])
    if status != 200 or answer["accepted"] != len(rows):
        raise SystemExit(f"{status}: {answer}")


async def in_groups(app: ASGIApp, first: int, count: int) -> None:
    """Post groups one after the other."""
    for start in range(first, first + count, GROUP):
        await post(app, [event(number) for number in range(start, start + GROUP)])


async def one_by_one(app: ASGIApp, first: int, count: int) -> None:
    """Post single events, many of them under way at once."""
    numbers = iter(range(first, first + count))

    async def caller() -> None:
        while chosen := list(islice(numbers, 1)):
            await post(app, [event(chosen[0])])

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


async def measure(settings: Settings, count: int) -> None:
    """Post in both ways and print what it took; the writing of the requests is part of it."""
    app = create_app(settings)
    ways = (("groups of 500", in_groups, count), ("100 at once", one_by_one, count // 10))
    for number, (name, way, events) in enumerate(ways):
        begun, used = time.perf_counter(), cpu_seconds()
        await way(app, number * 10 * count, events)
        seconds, cpu = time.perf_counter() - begun, cpu_seconds() - used
        print(
            f"{name}: {events / seconds:,.0f} events/s, "
            f"{events / cpu:,.0f} a second of CPU ({cpu / events * 1e6:.0f} us each)"
        )


def main() -> None:
    """Measure on a store of its own, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", help="URL of a store; by default a new SQLite file")
    parser.add_argument("--events", type=int, default=50_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.db or f"sqlite:///{Path(folder, 'events.db')}"
        settings = Settings(models=Path(folder), db=url, rate_limit=1e9, key_rate_limit=1e9)
        asyncio.run(measure(settings, given.events))


if __name__ == "__main__":
    main()
