"""What reading costs: the facts of one customer, and of groups, from a store.

    python benchmarks/serving/reading.py --db sqlite:///nba.db [--customers 500] [--rounds 5]

Milliseconds of this process's CPU a customer, the least of some rounds: a server of PostgreSQL
takes its own besides. `one` is `nba.state.standing.ask`, as the route of the next message asks,
first for the hundred customers nearest to 5 orders, 20 events and 10 messages, then for any who
ordered; the groups are `Store.facts` of the latter, as batches ask. The rows are read as of the
store's latest fact.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, Table, func, select

from nba.state.latest import last_fact
from nba.state.standing import ask
from nba.state.store import Store
from nba.state.tables import EVENTS, MESSAGE_EVENTS, MESSAGES, ORDERS

USUAL = (5, 20, 10)
"""Orders, events and messages of a usual customer."""
NEAREST = 100
GROUPS = (8, 256)


def counts(store: Store) -> dict[str, tuple[int, ...]]:
    """Give how many orders, events, messages and reports on them each customer has."""
    found: list[dict[str, int]] = []
    with store.reading() as connection:
        for table in (ORDERS, EVENTS, MESSAGES, MESSAGE_EVENTS):
            rows = connection.execute(_by_customer(table))
            found.append({str(name): int(count) for name, count in rows})
    return {name: tuple(one.get(name, 0) for one in found) for name in sorted(found[0])}


def _by_customer(table: Table) -> Select[Any]:
    customer: ColumnElement[str] = table.c.customer_id
    return select(customer, func.count()).where(customer.is_not(None)).group_by(customer)


def distance(counted: tuple[int, ...]) -> float:
    """Tell how far a customer is from a usual one, as the sum of shares."""
    return sum(abs(one - usual) / usual for one, usual in zip(counted[:3], USUAL, strict=True))


def least(read: Callable[[], object], customers: int, rounds: int) -> float:
    """Give the milliseconds of CPU that a customer costs in the best of some rounds."""
    read()
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        read()
        taken.append(time.process_time() - begun)
    return 1000 * min(taken) / customers


def groups(customers: Sequence[str], size: int) -> list[Sequence[str]]:
    """Cut customers into groups of one size; what is left over is left out."""
    whole = len(customers) // size * size
    return [customers[first : first + size] for first in range(0, whole, size)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--db", required=True)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    store = Store(given.db, must_exist=True)
    as_of = last_fact(store) + np.timedelta64(1, "us")
    known = counts(store)
    any_of = random.Random(1).sample(list(known), min(given.customers, len(known)))
    near = sorted(known, key=lambda one: distance(known[one]))
    for title, chosen in (("usual", near[:NEAREST]), ("any", any_of)):
        mean = np.mean([known[one] for one in chosen], axis=0)
        shown = "{:.1f} orders, {:.1f} events, {:.1f} messages, {:.1f} reports".format(*mean)

        def read(chosen: Sequence[str] = chosen) -> None:
            for one in chosen:
                ask(store, one, as_of)

        print(f"one, {title:>5}: {least(read, len(chosen), given.rounds):6.3f} ms  ({shown})")
    for size in GROUPS:
        cut = groups(any_of, size)

        def read_groups(cut: Sequence[Sequence[str]] = cut) -> None:
            for some in cut:
                store.facts(some, as_of)

        print(f"{size:>3} at once: {least(read_groups, len(cut) * size, given.rounds):6.3f} ms")
    store.close()


if __name__ == "__main__":
    main()
