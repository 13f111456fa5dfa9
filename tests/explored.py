"""A log of a playbook that explores, on a simulated shop in which every answer's chance is planted.

The decisions are those that a playbook would really have: who may be asked, which messages are
eligible and what they show come from its rules, and how likely a useful action is from the planted
truth. Nothing is sent while the decisions are gathered, so that a log of any length can be drawn
from them: each of its decisions is one of these, drawn with replacement, and answered anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.cli.arms import Desk
from nba.cli.playing import ORDERS_A_CUSTOMER, Plan, begin
from nba.config import shipped
from nba.data.simulator.playing import Play

EVERY_DAYS: Final = 3
ASKED_AT_HOURS: Final = 10.0
EXPLORED: Final = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Log:
    """What an estimate is made of: reward, action, context, and both playbooks' probabilities."""

    reward: Floats
    action: NDArray[np.int64]
    context: NDArray[np.int64]
    policy: Floats
    propensities: Floats


@dataclass(frozen=True)
class Decisions:
    """What could be decided, one row a customer and day; action 0 is to send nothing.

    Attributes:
        usual: int64 per decision: what the playbook's order says, the log's most frequent action.
        policy: float64 (decisions, actions): the new playbook, by expected worth.
        propensities: float64 (decisions, actions): the log's; half the time any eligible action.
        likely: float64 (decisions, actions): planted chance of a useful action within 7 days.
    """

    usual: NDArray[np.int64]
    policy: Floats
    propensities: Floats
    likely: Floats

    @property
    def truth(self) -> float:
        """Useful actions a decision under the new playbook."""
        return float((self.policy * self.likely).sum(axis=1).mean())

    def draw(self, count: int, seed: int) -> Log:
        """Draw a log of so many decisions, with what was done and its reward."""
        chance = np.random.default_rng(seed)
        rows = chance.integers(0, len(self.usual), count)
        reach = self.propensities.cumsum(axis=1)[rows]
        action = (reach > chance.random((count, 1)) * reach[:, -1:]).argmax(axis=1)
        reward = (chance.random(count) < self.likely[rows, action]).astype(np.float64)
        return Log(reward, action, self.usual[rows], self.policy[rows], self.propensities[rows])


def gather(*, orders: int, days: int, seed: int, playbook: str = "plus_3_7_30") -> Decisions:
    """Simulate a shop, learn from it, and list all decisions of a playbook on some days."""
    customers = round(orders / ORDERS_A_CUSTOMER)
    path = str(shipped("playbooks", playbook))
    plan = Plan(path, None, orders, customers, days, ASKED_AT_HOURS, with_frontier=False)
    world, rules = begin(plan, seed)
    going = Play(world, days, seed, asked_at_hours=ASKED_AT_HOURS)
    options_of = Desk.of(rules.snapshot, rules.playbook).options()
    ranked = sorted(enumerate(rules.playbook.message), key=lambda one: (one[1].tier, one[0]))
    # The first action of a playbook's order has the lowest code, after that of sending nothing.
    codes = {one.id: code for code, (_, one) in enumerate(ranked, 1)}
    able, likely, worth = [], [], []
    for day in range(0, days, EVERY_DAYS):
        at, who = going.begin(day)
        for name, offers in zip(who, options_of(going.seen(at), who, at), strict=True):
            first = {one.message: one for one in reversed(offers) if not one.is_transactional}
            if not first:
                continue
            known = world.customers[name]
            weighed = going.odds.weigh([(known, one) for one in first.values()], at)
            columns = [codes[one] for one in first]
            row = np.zeros((3, len(codes) + 1))
            row[0, [0, *columns]] = 1.0
            row[1, columns] = weighed.useful
            row[2, columns] = [one.expected for one in first.values()]
            for column, part in zip((able, likely, worth), row, strict=True):
                column.append(part)
    options = np.array(able)
    usual = options[:, 1:].argmax(axis=1) + 1
    best = np.where(options > 0, np.array(worth), -np.inf).argmax(axis=1)
    every, sure = np.arange(len(options)), np.eye(options.shape[1])
    propensities = EXPLORED * options / options.sum(axis=1, keepdims=True)
    propensities[every, usual] += 1 - EXPLORED
    return Decisions(usual, sure[best], propensities, np.array(likely))
