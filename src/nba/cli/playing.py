"""Playing the arms of a playbook on simulated shops, one a seed, two at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from joblib import Parallel, delayed

from nba.artifacts.snapshot import Snapshot
from nba.cli.arms import Desk, addressed, likeliest, spaced
from nba.cli.relearning import relearned
from nba.cli.train import TRAINING_STEPS
from nba.data.catalog import Catalog
from nba.data.shop import read_shop
from nba.data.simulator.frontier import Frontier
from nba.data.simulator.generate import simulate as simulate_shop
from nba.data.simulator.journal import Seen
from nba.data.simulator.loop import (
    ANNOUNCED_DAYS,
    Decide,
    decide_nothing,
    play_oracle,
    play_world,
)
from nba.data.simulator.outcome import NOTHING, Outcome
from nba.data.simulator.retelling import history_of
from nba.data.simulator.study import ORACLE, Played, Study
from nba.data.simulator.world import World, read_world
from nba.decide.playbook import Playbook
from nba.learn.train import train

ORDERS_A_CUSTOMER: Final = 25 / 3
"""Orders of a simulated shop, for each of its customers."""
PROCESSES: Final = 2


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of sending the messages of a playbook.

    Attributes:
        name: in every answer.
        by: how it decides: `nothing`, `calendar`, `greedy`, `policy`, `learning` (the policy that
            learns on the way) or `oracle`.
        gap_days: least days between two messages, if more than the playbook's.
        with_broadcasts: whether it sends what everybody gets.
        least: what a message must be worth more than, if that is more than the playbook's least:
            minor units, for `greedy` the probability of a useful action.
    """

    name: str
    by: str
    gap_days: int = 0
    with_broadcasts: bool = True
    least: float = 0.0

    def over(self, playbook: Playbook) -> Playbook:
        """Give the playbook as the arm keeps to it."""
        kept = likeliest(playbook) if self.by == "greedy" else playbook
        kept = kept if self.with_broadcasts else addressed(kept)
        least = max(self.least, kept.least_value)
        return spaced(kept, self.gap_days).model_copy(update={"least_value": least})


ARMS: Final = (
    Arm(NOTHING, NOTHING),
    Arm("calendar", "calendar"),
    Arm("targeted calendar", "calendar", with_broadcasts=False),
    Arm("greedy", "greedy", gap_days=2),
    Arm("policy", "policy"),
    Arm("policy above 4", "policy", least=4.0),
    Arm("learning", "learning"),
    Arm(ORACLE, ORACLE),
)
"""Settings that were tried on other shops, see `benchmarks/deciding/tuning.py`: of the calendar's
twelve, one shipped playbook's is best with broadcasts, the other's without; of greedy's twelve, a
gap of two days; of the policy's six, those that ask for 4 minor units spare most unsubscribes."""
THINNED_CALENDAR: Final = tuple(
    Arm(f"targeted calendar every {days} days", "calendar", days, with_broadcasts=False)
    for days in (4, 7, 14)
)
THINNED_POLICY: Final = tuple(
    Arm(f"policy above {least}", "policy", least=least) for least in (40, 250)
)

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What all arms of one shop decide by."""

    snapshot: Snapshot
    catalog: Catalog
    playbook: Playbook

    def deciding(self, arm: Arm) -> Decide:
        """Give the way an arm decides."""
        if arm.by == NOTHING:
            return decide_nothing
        desk = Desk.of(self.snapshot, arm.over(self.playbook))
        return desk.in_order() if arm.by == "calendar" else desk.valued()

    def relearn(self, seen: Seen, at: np.datetime64) -> Decide:
        """Give the policy after learning from the messages that were sent by now."""
        snapshot = relearned(self.snapshot, history_of(seen), self.catalog)
        return Desk.of(snapshot, self.playbook).valued()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played.

    Attributes:
        playbook: path of the file.
        truth: folder of a shop that exists; by default one is simulated for every seed.
        orders: of a shop to simulate.
        customers, days, asked_at_hours: of every play.
        with_frontier: also play both ways of sending less.
    """

    playbook: str
    truth: str | None
    orders: int
    customers: int
    days: int
    asked_at_hours: float
    with_frontier: bool

    @property
    def arms(self) -> tuple[Arm, ...]:
        """List what is played."""
        return (*ARMS, *THINNED_CALENDAR, *THINNED_POLICY) if self.with_frontier else ARMS

    @property
    def steps(self) -> int:
        """Count what is announced for each seed."""
        return 2 + TRAINING_STEPS + len(self.arms) * -(-self.days // ANNOUNCED_DAYS)


def play_seeds(plan: Plan, seeds: Sequence[int], announce: Announce) -> Study:
    """Play all arms on every seed; several seeds go two at a time, each announced when it ends."""
    if len(seeds) == 1:
        played = [play_seed(plan, seeds[0], announce)]
    else:
        played = []
        found = Parallel(n_jobs=PROCESSES, return_as="generator")(
            delayed(play_seed)(plan, seed) for seed in seeds
        )
        for seed, one in zip(seeds, found, strict=True):
            announce(f"seed {seed} has been played")
            played.append(one)
    currency = played[0][0]
    arms = {one.name: [arms[one.name] for _, arms in played] for one in plan.arms}
    return Study(plan.days, currency, list(seeds), arms)


def play_seed(
    plan: Plan, seed: int, announce: Announce = lambda _: None
) -> tuple[str, Mapping[str, Played]]:
    """Play all arms on one shop; give its currency, and each arm by name."""
    world, rules = begin(plan, seed, announce)
    arms = {
        one.name: Played.of(play_arm(one, plan, world, rules, seed, announce)) for one in plan.arms
    }
    return world.currency, arms


def begin(plan: Plan, seed: int, announce: Announce = lambda _: None) -> tuple[World, Rules]:
    """Simulate a shop, if there is none, and learn from it."""
    with TemporaryDirectory() as folder:
        shop = Path(plan.truth or folder)
        if plan.truth is None:
            simulate_shop(shop, orders=plan.orders, seed=seed)
        announce("reading the truth")
        world = read_world(shop, customers=plan.customers, seed=seed)
        announce("reading the shop")
        found = read_shop(shop)
        snapshot = train(found.history, found.catalog, as_of=world.starts_at, announce=announce)
    return world, Rules(snapshot, found.catalog, Playbook.from_toml(plan.playbook))


def frontier_of(study: Study) -> tuple[Study, Frontier]:
    """Take a study apart: the arms as they are, and the two ways of sending less."""
    arms = {one.name: study.arms[one.name] for one in ARMS}
    shown = Study(study.days, study.currency, study.seeds, arms)
    ours = [one.name for one in (*ARMS, *THINNED_POLICY) if one.by == "policy"]
    theirs = [one.name for one in (*ARMS, *THINNED_CALENDAR) if one.by == "calendar"]
    return shown, Frontier(study.in_expectation(), ours, theirs)


def play_arm(
    arm: Arm,
    plan: Plan,
    world: World,
    rules: Rules,
    seed: int,
    announce: Announce = lambda _: None,
) -> Outcome:
    """Play one arm for all days."""

    def tell(step: str) -> None:
        announce(f"{arm.name}, {step}")

    if arm.by == ORACLE:
        return play_oracle(
            world,
            Desk.of(rules.snapshot, rules.playbook).options(),
            days=plan.days,
            seed=seed,
            asked_at_hours=plan.asked_at_hours,
            announce=tell,
        )
    return play_world(
        world,
        rules.deciding(arm),
        days=plan.days,
        seed=seed,
        asked_at_hours=plan.asked_at_hours,
        relearn=rules.relearn if arm.by == "learning" else None,
        announce=tell,
    )
