"""What deciding costs: a million customers at once, and one alone.

    python benchmarks/deciding/speed.py SHOP [--customers 1000000] [--playbook owox_2011]

SHOP is a folder of a simulated shop (`nba simulate --out SHOP`); it is trained on, and its
customers' facts are repeated until there are as many as asked for. Seconds are of the processor,
imports, training and the first call left out. Customers are decided for some at a time, as by
`nba decide --all`. The parts follow each other as in a decision:

- looking up: where the snapshot keeps every customer, and what it foretells of each;
- eligibility and choice: stages, contact rules, candidates, every rule, prices, choice;
- slots: products for the messages that might be sent.

The last table is of one customer: `Policy.decide` with everything that waits explained.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps

import numpy as np

from nba.config import shipped
from nba.data.shop import read_shop
from nba.decide.coding import Coder
from nba.decide.outlook import Outlook
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.decide.slots import SlotFilling
from nba.learn.train import train

SECONDS: dict[str, float] = {}
"""Processor seconds by part of a decision, of the round under way."""


@contextmanager
def timed(part: str) -> Iterator[None]:
    """Add up the processor seconds of a part."""
    begun = time.process_time()
    yield
    SECONDS[part] = SECONDS.get(part, 0.0) + time.process_time() - begun


def watch(owner: type, name: str, part: str) -> None:
    """Time every call of a method."""
    method = owner.__dict__[name]
    called = method.__func__ if isinstance(method, classmethod) else method

    @wraps(called)
    def watched(*given: object, **named: object) -> object:
        with timed(part):
            return called(*given, **named)

    setattr(owner, name, classmethod(watched) if isinstance(method, classmethod) else watched)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shop")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--playbook", default="owox_2011")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    shop = read_shop(given.shop)
    snapshot = train(shop.history, shop.catalog)
    facts = shop.facts()
    at = facts.as_of
    policy = Policy(snapshot, Playbook.from_toml(shipped("playbooks", given.playbook)))

    few = len(facts.customer_ids)
    rows = np.tile(np.arange(few), -(-given.customers // few))[: given.customers]
    many = facts.take(rows, tuple(facts.customer_ids[row] for row in rows.tolist()))
    print(
        f"{len(many.customer_ids):,} customers, {len(many.order_id):,} orders, "
        f"{len(many.product):,} lines, {len(many.intents.kind):,} intents, "
        f"{len(many.letters.at):,} letters; {given.playbook}, "
        f"{len(policy.playbook.message)} messages"
    )
    watch(Coder, "code", "looking up")
    watch(Outlook, "of", "looking up")
    watch(SlotFilling, "__init__", "slots")
    watch(SlotFilling, "fill", "slots")
    for number in range(given.rounds):
        SECONDS.clear()
        with timed("all"):
            chosen = sum(len(some.customer) for some in policy.choices(many, at))
        other = SECONDS["looking up"] + SECONDS["slots"]
        parts = SECONDS | {"eligibility and choice": SECONDS["all"] - other}
        told = ", ".join(f"{name} {value:.2f}" for name, value in sorted(parts.items()))
        print(f"round {number + 1}: {told} CPU s; {chosen:,} messages")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak {peak:.1f} GB, training included")

    alone = []
    for row in np.linspace(0, few - 1, 500).astype(np.int64).tolist():
        one = facts.customer_ids[row]
        known = facts.take(np.array([row]), (one,))
        begun = time.process_time()
        policy.decide(one, known, at)
        alone.append(1e3 * (time.process_time() - begun))
    low, middle, high = np.quantile(alone[1:], [0.1, 0.5, 0.9])
    print(f"one customer: median {middle:.2f} ms, 10 % to 90 % {low:.2f} to {high:.2f} ms")


if __name__ == "__main__":
    main()
