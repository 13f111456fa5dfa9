"""A small shop and its playbooks, asked on the day before, on the day and on the day after.

Day 200 is a Monday: the 20th of July 2026, at noon as all whole days are. The digest is due from
Tuesday to Thursday (201 to 203), new arrivals and what else is weekly in the other playbook from
Wednesday to Saturday (202 to 205); they leave where nothing else is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from nba.artifacts.fits import Fits
from nba.artifacts.snapshot import Snapshot
from nba.config import shipped
from nba.data.catalog import Catalog
from nba.decide.decision import Decision
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.learn.compatibility import Compatibility
from nba.vocabulary import Relation, Rule
from tests.facts_of import ANN, facts, instant
from tests.shops import catalog, day
from tests.snapshots import Link, snapshot

LISTS, FOLLOW_UP = "owox_2011", "plus_3_7_30"
LAPTOPS, CASES, PHONES = "Electronics > Laptops", "Bags > Cases", "Electronics > Phones"
BATTERIES, TEAS = "Electronics > Batteries", "Grocery > Tea"
NEW = 300
"""The day on which the shop published the lamp."""
PRODUCTS: Sequence[Mapping[str, Any]] = (
    {"id": "laptop", "category": LAPTOPS, "price": 50_000},
    {"id": "laptop-2", "category": LAPTOPS, "price": 60_000},
    {"id": "netbook", "category": LAPTOPS, "price": 30_000},
    {"id": "notebook", "category": LAPTOPS, "price": 40_000, "sale_price": 35_000},
    {"id": "old-netbook", "category": LAPTOPS, "price": 30_000, "availability": "out_of_stock"},
    {"id": "mouse", "category": "Electronics > Mice", "price": 2_000},
    {"id": "case", "category": CASES, "price": 3_000},
    {"id": "tablet-case", "category": CASES, "price": 3_000, "sale_price": 2_000},
    {"id": "phone", "category": PHONES, "price": 40_000, "cycle_days": 270},
    {"id": "battery", "category": BATTERIES, "price": 4_000},
    {"id": "tea", "category": TEAS, "price": 500},
    {"id": "lamp", "category": "Home > Lamps", "price": 40_000}
    | {"published_day": int((day(NEW).astype("datetime64[D]")).astype(int))},
)
DURABLE = frozenset(str(one["id"]) for one in PRODUCTS) - {"tea", "battery"}
GRAPHS: Mapping[Relation, Sequence[Link]] = {
    Relation.ACCESSORIES: [
        Link("laptop", "mouse", 0.9),
        Link("laptop", "case", 0.8),
        Link("laptop", "tablet-case", 0.7),
    ],
    Relation.SIMILAR: [
        Link("laptop", "phone", 0.95),
        Link("laptop", "netbook", 0.9),
        Link("laptop", "notebook", 0.8),
        Link("laptop", "old-netbook", 0.7),
    ],
    Relation.SUCCESSORS: [Link("laptop", "laptop-2", 1.0)],
    Relation.PARTS: [Link("phone", "battery", 1.0)],
}
NEEDS: Sequence[Mapping[str, Any]] = (
    {"main": PHONES, "accessory": BATTERIES, "kind": "spare_part", "owners": 9, "buyers": 5},
)


@cache
def shop() -> Snapshot:
    """What the shop knows of its products."""
    return snapshot(
        [one | {"is_durable": one["id"] in DURABLE} for one in PRODUCTS],
        GRAPHS,
        needs=NEEDS,
        popular=["tea", "mouse", "laptop"],
        fits=_fits(),
    )


def _fits() -> Fits:
    """What is made for one model alone."""
    made_for = {"case": "laptop", "tablet-case": "tablet"}
    listing: Catalog = catalog(
        *(
            {"product_id": one["id"], "category": one["category"]}
            | {"compatible_with": made_for.get(str(one["id"]), "")}
            for one in PRODUCTS
        )
    )
    return Compatibility.of(listing).lists()


@cache
def policy(playbook: str) -> Policy:
    """The shop's policy by one of the playbooks that ship."""
    return Policy(shop(), Playbook.from_toml(shipped("playbooks", playbook)))


def ask(playbook: str, at: float, happened: Mapping[str, Any], customer: str = ANN) -> Decision:
    """Decide on a day, knowing what happened before it."""
    return policy(playbook).decide(customer, facts(as_of=at, **happened), instant(at))


def chosen(decision: Decision) -> str | None:
    """Name the message."""
    return None if decision.message is None else decision.message.id


def shown(decision: Decision) -> list[str]:
    """List the products of the message."""
    slots = {} if decision.message is None else decision.message.slots
    return [item.product_id for items in slots.values() for item in items]


def held(decision: Decision, message: str) -> Rule | None:
    """Say which rule holds a message back."""
    return next((one.rule for one in decision.suppressed if one.id == message), None)


def may_be_sent(decision: Decision) -> set[str]:
    """Name what no rule holds back, chosen or not."""
    return {message for message, _ in decision.sendable}


@dataclass(frozen=True)
class Case:
    """One promise of a row of the catalogue.

    Attributes:
        row: its number.
        promise: what it says, in words.
        playbook: which.
        happened: arguments of `facts`.
        chosen: day → the message that is decided then.
        shown: day → its products.
        held: day → messages with the rule that holds each.
    """

    row: int
    promise: str
    playbook: str
    happened: Mapping[str, Any]
    chosen: Mapping[float, str | None] = field(default_factory=dict)
    shown: Mapping[float, list[str]] = field(default_factory=dict)
    held: Mapping[float, Mapping[str, Rule]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name the case."""
        return f"row {self.row}: {self.promise}"

    def check(self) -> None:
        """Ask on each day."""
        for at in sorted({*self.chosen, *self.shown, *self.held}):
            decision = ask(self.playbook, at, self.happened)
            if at in self.chosen:
                assert chosen(decision) == self.chosen[at], f"day {at}:\n{decision.explain()}"
            if at in self.shown:
                assert shown(decision) == self.shown[at], f"day {at}:\n{decision.explain()}"
            for message, rule in self.held.get(at, {}).items():
                assert held(decision, message) == rule, f"day {at}:\n{decision.explain()}"
            if decision.message is not None:
                assert decision.message.expires_at > decision.message.send_after >= instant(at)
