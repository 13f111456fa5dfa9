"""A seeded electronics and household shop with known truth, written as a shop folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nba.data.simulator.baskets import decoy_wants, own_wants, together_wants
from nba.data.simulator.browsing import browse
from nba.data.simulator.calendar import DAY, HISTORY_DAYS, HORIZON_DAYS, NEVER, STARTS_AT
from nba.data.simulator.catalogue import make_catalogue
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import Needs, Wants
from nba.data.simulator.customers import make_customers, own_days
from nba.data.simulator.deliveries import write_deliveries
from nba.data.simulator.intents import Intents, make_intents
from nba.data.simulator.messages import correspond
from nba.data.simulator.needs import follow
from nba.data.simulator.orders import place
from nba.data.simulator.responses import Responses
from nba.data.simulator.states import make_states
from nba.data.simulator.tables import (
    write_customers,
    write_events,
    write_messages,
    write_orders,
    write_products,
    write_rules,
    write_traffic,
)
from nba.data.simulator.truth import write_causes, write_lives, write_relations, write_world
from nba.data.simulator.writing import ShopWriter
from nba.errors import ConfigError

LEAST_ORDERS = 100
MOST_ORDERS = 6_000_000
"""About 14 million lines; beyond it the numbers that sort wants run out of bits and memory."""


@dataclass(frozen=True, slots=True)
class SimulatedShop:
    """What was written.

    Attributes:
        path: the shop folder; the truth is in `truth` inside it.
        seed: it grew from.
        products, customers, orders, order_lines, events, messages: rows of these tables.
    """

    path: Path
    seed: int
    products: int
    customers: int
    orders: int
    order_lines: int
    events: int
    messages: int


def simulate(
    out: str | Path,
    *,
    orders: int = 20_000,
    seed: int = 1,
    announce: Callable[[str], None] = lambda _: None,
) -> SimulatedShop:
    """Write a shop of two years that end on 2026-06-30, the same bytes for the same arguments.

    Args:
        out: the folder; files of a shop in it are replaced.
        orders: about how many orders the shop has, 100 to 6 million; a line count of 2.3 times
            that follows. The catalogue is the same at every size.
        seed: 0 or more; everything else follows from it.
        announce: told the name of each of eight steps before it begins.

    Raises:
        ConfigError: the number of orders, or the seed, is out of range.
        DataError: the folder cannot be written.
    """
    if not LEAST_ORDERS <= orders <= MOST_ORDERS:
        raise ConfigError(f"{orders} orders; expected {LEAST_ORDERS} to {MOST_ORDERS:,}")
    if not 0 <= seed < 2**31:
        raise ConfigError(f"seed {seed}; expected 0 to 2,147,483,647")
    responses = Responses.shipped()
    with ShopWriter(Path(out)) as writer:
        announce("making the catalogue")
        catalogue = make_catalogue(seed)
        states = make_states(seed, catalogue)
        write_products(writer, catalogue, states)
        write_relations(writer, catalogue, responses)

        announce("filling baskets")
        customers = make_customers(seed, orders)
        chooser = Chooser(seed, catalogue, states, customers)
        wants, intents = _first_wants(chooser)

        announce("following needs")
        consequences = follow(chooser, wants)
        wants = Wants.joined([wants, consequences.wants])
        needs = Needs.joined([intents.needs(chooser), consequences.needs])
        write_lives(writer, chooser, needs, consequences.owned)

        announce("answering messages")
        correspondence = correspond(chooser, wants, needs, intents, responses)

        announce("placing orders")
        placed = place(chooser, correspondence.wants)
        write_orders(writer, chooser, placed)
        write_causes(writer, catalogue, placed.lines)
        write_world(writer, seed, catalogue, placed.lines, len(placed.orders))

        announce("writing customers")
        write_customers(writer, chooser, placed, correspondence.consents)
        write_rules(writer, chooser)
        write_traffic(writer, seed, placed.orders)

        announce("writing events")
        events = browse(chooser, placed, intents, correspondence.log)
        write_events(writer, catalogue, events)

        announce("writing messages")
        log = correspondence.log
        write_messages(writer, catalogue, log, placed.orders, events)
        write_deliveries(writer, seed, log)
    return SimulatedShop(
        Path(out),
        seed,
        len(catalogue),
        customers.named_count,
        len(placed.orders),
        len(placed.lines),
        len(events),
        len(log),
    )


def _first_wants(chooser: Chooser) -> tuple[Wants, Intents]:
    """Give what customers and guests buy before any need arises, and what they lay aside."""
    customers = chooser.customers
    until_day = np.where(
        customers.lost_at < NEVER, (customers.lost_at - STARTS_AT) / DAY, HORIZON_DAYS
    )
    who, day = own_days(chooser.seed, customers, until_day)
    intents = make_intents(chooser, who, day)
    guests = np.arange(customers.named_count, len(customers), dtype=np.int32)
    is_past = day < HISTORY_DAYS
    who = np.append(who[is_past], guests)
    day = np.append(day[is_past], customers.begins_day[guests])
    own = own_wants(chooser, who, day)
    parts = [
        own,
        together_wants(chooser, own),
        decoy_wants(chooser, who, day),
        intents.wants(chooser),
    ]
    return Wants.joined(parts), intents
