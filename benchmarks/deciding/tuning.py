"""What each way of sending is set to: settings tried on shops that nothing is judged on.

The calendar, the greedy arm and the policy are played with several settings each on shops of the
tuning seeds, none of which is judged on. For each setting: profit that its messages were truly
expected to add, per 1,000 customers, and unsubscribes. One setting is chosen for both shipped
playbooks: that of the greatest sum of shares of the family's best.

    python benchmarks/deciding/tuning.py [--family policy] [--customers 400] [--days 180]
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed

from nba.cli.console import table
from nba.cli.playing import ORDERS_A_CUSTOMER, PROCESSES, Arm, Plan, Rules, begin, play_arm
from nba.config import shipped
from nba.data.simulator.outcome import PER_CUSTOMERS
from nba.decide.playbook import Playbook

SEEDS = (101, 102, 103, 104)
PLAYBOOKS = ("owox_2011", "plus_3_7_30")
GAPS = (0, 2, 4, 7, 14, 28)


@dataclass(frozen=True)
class Setting:
    """An arm over a playbook of which some keys are changed."""

    name: str
    arm: Arm
    keys: Mapping[str, float] = field(default_factory=dict)


def families() -> dict[str, list[Setting]]:
    """List the settings of each way of sending: twelve each, of the policy six."""
    return {
        "calendar": [
            Setting(
                f"every {gap} days{'' if broadcasts else ', no broadcasts'}",
                Arm("calendar", "calendar", gap, broadcasts),
            )
            for broadcasts in (True, False)
            for gap in GAPS
        ],
        "greedy": [
            Setting(
                f"every {gap} days, above {least:.0%}", Arm("greedy", "greedy", gap, least=least)
            )
            for least in (0.0, 0.01)
            for gap in GAPS
        ],
        "policy": [
            Setting(
                f"message_share {share:.2%}, above {least}",
                Arm("policy", "policy", least=least),
                {"message_share": share},
            )
            for share, least in (
                (0.02, 0),
                (0.02, 4),
                (0.006, 0),
                (0.006, 4),
                (0.002, 0),
                (0.002, 4),
            )
        ],
    }


def main() -> None:
    arguments = _arguments()
    chosen = families()
    for family in [arguments.family] if arguments.family else list(chosen):
        settings = chosen[family]
        found = Parallel(n_jobs=PROCESSES)(
            delayed(_play)(settings, seed, arguments.customers, arguments.days) for seed in SEEDS
        )
        # Playbooks, settings, (profit added, unsubscribes): means over shops.
        told = np.mean(found, axis=0)
        share = told[:, :, 0] / told[:, :, 0].max(axis=1, keepdims=True)
        best = int(share.sum(axis=0).argmax())
        rows = [
            [
                f"{'> ' if place == best else ''}{setting.name}",
                *(cell for one in told[:, place] for cell in (f"{one[0]:,.0f}", f"{one[1]:.1f}")),
            ]
            for place, setting in enumerate(settings)
        ]
        header = [family, *(cell for name in PLAYBOOKS for cell in (name, "unsubscribes"))]
        print(f"\n{table(header, rows)}", flush=True)


def _play(
    settings: Sequence[Setting], seed: int, customers: int, days: int
) -> list[list[tuple[float, float]]]:
    plan = Plan(
        str(shipped("playbooks", PLAYBOOKS[0])),
        None,
        round(customers * ORDERS_A_CUSTOMER),
        customers,
        days,
        asked_at_hours=9.0,
        with_frontier=False,
    )
    world, rules = begin(plan, seed)
    found = []
    for name in PLAYBOOKS:
        book = Playbook.from_toml(shipped("playbooks", name))
        told = []
        for setting in settings:
            changed = book.model_copy(update=dict(setting.keys))
            of_book = Rules(rules.snapshot, rules.catalog, changed)
            outcome = play_arm(setting.arm, plan, world, of_book, seed)
            added, left = (outcome.column(one).mean() for one in ("expected", "unsubscribes"))
            told.append((float(added) * PER_CUSTOMERS, float(left) * PER_CUSTOMERS))
        found.append(told)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--family", choices=list(families()), default=None)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--days", type=int, default=180)
    return parser.parse_args()


if __name__ == "__main__":
    main()
