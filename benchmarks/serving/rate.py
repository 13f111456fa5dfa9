"""Asks a server at a steady rate and tells how long its answers take.

    python benchmarks/serving/rate.py --address http://127.0.0.1:8000 --db sqlite:///nba.db \
        [--rate 200] [--seconds 30] [--path /v1/customers/{}/next-message] [--about 5 20 10]

Each request has its instant; what it waits for a free connection counts, so that a server that
stalls cannot hide it. The customers asked about are drawn from those who ordered, each as likely,
as an e-mail tool asks for each; `--about` draws from the 200 of them with the numbers of orders,
events and messages that come nearest to those given.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection, Table, func, select

from nba.state.store import Store
from nba.state.tables import EVENTS, MESSAGES, ORDERS

CONNECTIONS = 32
ALIKE = 200
TICKS = os.sysconf("SC_CLK_TCK")


def customers_of(url: str, about: Sequence[int] | None) -> list[str]:
    """List the customers of a store who ordered, or those about whom about so much is known.

    Args:
        url: of the store.
        about: orders, events and messages of a customer; all customers by default.
    """
    store = Store(url)
    try:
        with store.reading() as connection:
            orders = counted(connection, ORDERS)
            if about is None:
                drawn = sorted(orders)
            else:
                others = [counted(connection, table) for table in (EVENTS, MESSAGES)]
                known = {one: [all_[one] for all_ in (orders, *others)] for one in orders}
                drawn = sorted(known, key=lambda one: (apart(known[one], about), one))[:ALIKE]
                shown = (sum(known[one][place] for one in drawn) / len(drawn) for place in range(3))
                print("{:.1f} orders, {:.1f} events, {:.1f} messages a customer".format(*shown))
    finally:
        store.close()
    return drawn


def counted(connection: Connection, table: Table) -> Counter[str]:
    """Count the rows of each customer."""
    customer = table.c.customer_id
    asked = select(customer, func.count()).where(customer.is_not(None)).group_by(customer)
    return Counter({name: count for name, count in connection.execute(asked)})


def apart(counts: Sequence[int], wanted: Sequence[int]) -> float:
    """Tell how far numbers are from those wanted: twice as many is as far as half as many."""
    pairs = zip(counts, wanted, strict=True)
    return sum(abs(math.log((1 + count) / (1 + other))) for count, other in pairs)


async def ask(
    queue: asyncio.Queue[tuple[float, str]],
    host: str,
    port: int,
    taken: list[float],
    statuses: Counter[int],
) -> None:
    """Answer requests from the queue over one connection, opened again where it was closed."""
    reader, writer = await asyncio.open_connection(host, port)
    while True:
        due, path = await queue.get()
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        await reader.readexactly(length)
        taken.append(time.perf_counter() - due)
        statuses[int(head[9:12])] += 1
        queue.task_done()


async def run(address: str, paths: list[str], rate: float) -> tuple[list[float], Counter[int]]:
    """Send every path at its instant; give the seconds until each answer, and the statuses."""
    parts = urlsplit(address)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    queue: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    asking = [
        asyncio.create_task(ask(queue, host, port, taken, statuses)) for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(0.2)
    began = time.perf_counter()
    for number, path in enumerate(paths):
        due = began + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        queue.put_nowait((due, path))
    await queue.join()
    for one in asking:
        one.cancel()
    return taken, statuses


def listener(port: int) -> int | None:
    """Find the process that listens on a port of this machine, for its CPU time."""
    wanted = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    sockets = {line.split()[9] for line in lines if line.split()[1].endswith(wanted)}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            names = [os.readlink(one) for one in folder.iterdir()]
        except OSError:
            continue
        if any(name == f"socket:[{inode}]" for name in names for inode in sockets):
            return int(folder.parent.name)
    return None


def cpu_seconds(process: int) -> float:
    """Give the CPU time a process has taken."""
    cells = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(cells[11]) + int(cells[12])) / TICKS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--db", required=True)
    parser.add_argument("--path", default="/v1/customers/{}/next-message")
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--about", type=int, nargs=3, metavar=("ORDERS", "EVENTS", "MESSAGES"))
    given = parser.parse_args()
    drawn = customers_of(given.db, given.about)
    chance = random.Random(1)
    chosen = chance.choices(drawn, k=int(given.rate * given.seconds))
    paths = [given.path.format(quote(one, safe="")) for one in chosen]
    process = listener(urlsplit(given.address).port or 80)
    asyncio.run(run(given.address, paths[: int(given.rate)], given.rate))
    before = 0.0 if process is None else cpu_seconds(process)
    taken, statuses = asyncio.run(run(given.address, paths, given.rate))
    spent = 0.0 if process is None else cpu_seconds(process) - before
    taken.sort()
    shown = {
        name: f"{1000 * taken[min(len(taken) - 1, int(len(taken) * share))]:.1f}"
        for name, share in {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}.items()
    }
    print(f"{len(taken):,} answers at {given.rate:g} a second, {dict(statuses)}")
    print(
        ", ".join(f"{name} {value} ms" for name, value in shown.items())
        + f"; server CPU {1000 * spent / max(len(taken), 1):.2f} ms an answer"
    )


if __name__ == "__main__":
    main()
