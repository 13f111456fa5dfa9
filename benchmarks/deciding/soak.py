"""A million customer-days: every message that leaves, held against rules counted by hand.

A simulated shop is learned from and then played on for a year, each customer asked for every day by
`Policy.choose`. The customers buy, answer and unsubscribe as the simulator planted it; besides,
orders are cancelled, delayed and sent back, customers complain, look at products, lay them in carts
and take them out again, at rates far above a real shop's.

Every message is audited by the oracle of the tests, `tests/oracle`, which shares no code with the
product: consent, caps, gap and quiet hours by the instants at which messages leave, repeats,
expiry, cancelled and returned orders, intents met, stock, owned durables. Every message that left
is audited again at the end from the log alone. For one customer-day in `--every` the oracle also
lists what is due and allowed, to count how much of that was given.

    PYTHONPATH=. python benchmarks/deciding/soak.py [--customers 1700] [--days 350]

The figures are printed: customer-days, messages, breaches by kind, and the share given.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from disorder import Disorder
from witness import Witness, fitting

import nba
from nba.config import shipped
from nba.data.shop import read_shop
from nba.data.simulator.generate import simulate
from nba.data.simulator.offers import Offer
from nba.data.simulator.playing import Play
from nba.data.simulator.world import World, read_world
from nba.decide.deciding import Choices
from nba.decide.explaining import anchor_of
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.facts.fold import Facts, fold
from nba.vocabulary import CHANNELS
from tests.oracle.audit import Given

ORDERS_A_CUSTOMER = 25 / 3
ASKED_AT_HOURS = 9.0


def main() -> None:
    arguments = _arguments()
    playbooks = [arguments.playbook] if arguments.playbook else ["owox_2011", "plus_3_7_30"]
    with TemporaryDirectory() as folder:
        shop = Path(folder)
        simulate(shop, orders=round(arguments.customers * ORDERS_A_CUSTOMER), seed=arguments.seed)
        world = read_world(shop, customers=arguments.customers, seed=arguments.seed)
        found = read_shop(shop)
        snapshot = nba.train(found.history, found.catalog, as_of=world.starts_at)
        fits = fitting(shop)
    is_clean = True
    for name in playbooks:
        witness = soak(world, snapshot, name, fits, arguments)
        is_clean &= witness.report(name)
    sys.exit(0 if is_clean else 1)


def soak(
    world: World,
    snapshot: nba.Snapshot,
    name: str,
    fits: dict[str, tuple[str, ...]],
    arguments: argparse.Namespace,
) -> Witness:
    path = shipped("playbooks", name)
    policy = Policy(snapshot, Playbook.from_toml(path))
    play = Play(world, arguments.days, arguments.seed, asked_at_hours=ASKED_AT_HOURS)
    witness = Witness(path, snapshot, world, play.journal, fits, arguments.every)
    disorder = Disorder(play.journal, world, arguments.seed)
    begun = time.perf_counter()
    for number in range(arguments.days):
        at, asked = play.begin(number)
        disorder.strike(at)
        seen = play.seen(at)
        facts = fold(seen.rows(), as_of=at, customers=asked, signals=seen.signals())
        choices = policy.choose(facts, at)
        given = _given(policy, choices)
        witness.see(at, asked, given, partial(_why_not, policy, facts, at))
        play.send(asked, [_offer(policy, one) for one in given], at)
        if number % 30 == 0:
            took = time.perf_counter() - begun
            print(f"  {name}: day {number}, {took:.0f} s, {witness.counts['messages']} messages")
    play.end()
    witness.close()
    return witness


def _why_not(policy: Policy, facts: Facts, at: np.datetime64, customer: str) -> dict[str, str]:
    return {one.id: str(one.rule) for one in policy.decide(customer, facts, at).suppressed}


def _given(policy: Policy, choices: Choices) -> list[Given | None]:
    """Turn columns into what was given to each customer."""
    given: list[Given | None] = [None] * len(choices.row)
    offers, ids = choices.offers, policy.snapshot.products.ids
    for row, customer in enumerate(choices.customer.tolist()):
        message = policy.playbook.message[int(offers.rows.message[row])]
        place = int(offers.place[row])
        slots = offers.filled[int(offers.part[row])].slots.values() if message.slots else ()
        shown = [
            ids[code]
            for slot in slots
            for code in slot.found.code[slot.start[place] : slot.start[place + 1]].tolist()
        ]
        given[customer] = Given(
            message.id,
            anchor_of(choices.now, offers.rows, row, message),
            str(CHANNELS[offers.prices.channel[row]]),
            _microseconds(choices.send_after[row]),
            _microseconds(offers.rows.expires[row]),
            shown,
        )
    return given


def _offer(policy: Policy, given: Given | None) -> Offer | None:
    if given is None:
        return None
    message = next(one for one in policy.playbook.message if one.id == given.message)
    return Offer(
        given.message,
        str(message.kind),
        given.channel,
        tuple(given.shown),
        given.anchor,
        np.datetime64(given.send_after, "us"),
    )


def _microseconds(at: np.datetime64) -> int:
    return int(at.astype("datetime64[us]").astype(np.int64))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=1700)
    parser.add_argument("--days", type=int, default=350)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=25, help="customer-days a look of the oracle")
    parser.add_argument("--playbook", default=None, help="a shipped one; by default both")
    return parser.parse_args()


if __name__ == "__main__":
    main()
