"""How near estimates from a log come to what a policy is truly worth.

    NBA_DATA=DIR PYTHONPATH=. python benchmarks/measuring/offpolicy.py [--orders 8000] [--runs 200]

Open Bandit (Saito and others 2021, 10,000 decisions of each policy; DIR holds `open_bandit/`): the
clicks of the policy `bts` foretold from the log of `random`, and its own clicks beside. The policy
is the share of each item by position in the log of `bts`; expected rewards are cross-fitted by item
and position. Without DIR this part is left out.

Simulated shop: a new playbook, the eligible message of the greatest expected worth, foretold from
the log of one that sends in the order of the playbook and half the time any eligible message or
none. The reward is a useful action within 7 days, whose chance is planted (`tests/explored.py`).
One shop; in every run a log of so many of its decisions (`--count`) is drawn and answered anew.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.measure.estimate import Estimate
from nba.measure.offpolicy import (
    direct_method,
    doubly_robust,
    inverse_propensity,
    self_normalised,
    switch_doubly_robust,
    switch_threshold,
)
from nba.measure.reward_model import cross_fitted
from tests.explored import gather

ITEMS, POSITIONS = 80, 3

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def estimates(
    reward: Floats,
    action: Codes,
    context: Codes,
    policy: Floats,
    propensities: Floats,
    contexts: int,
) -> dict[str, Estimate]:
    """Estimate by every method, expected rewards being learned from the log itself."""
    sizes = {"actions": policy.shape[1], "contexts": contexts}
    model = cross_fitted(reward, action, context, **sizes)
    every = np.arange(len(reward))
    given = policy[every, action], propensities[every, action]
    learned = model.of(action), model.under(policy)
    threshold = switch_threshold(reward, action, policy, propensities, *learned)
    return {
        "IPS": inverse_propensity(reward, *given),
        "SNIPS": self_normalised(reward, *given),
        "DM": direct_method(*given, learned[1]),
        "DR": doubly_robust(reward, *given, *learned),
        "Switch-DR": switch_doubly_robust(reward, *given, *learned, threshold=threshold),
    }


def logged(folder: Path, policy: str) -> tuple[Codes, Codes, Floats, Floats]:
    """Read a log of Open Bandit: item, position from 0, click and propensity."""
    rows = duckdb.sql(f"""
        SELECT item_id, "position" - 1 AS place, click, propensity_score
        FROM read_csv('{folder / "open_bandit" / policy / "all.csv.gz"}', header = true)
    """).fetchnumpy()
    codes = [np.asarray(rows[name], np.int64) for name in ("item_id", "place")]
    numbers = [np.asarray(rows[name], np.float64) for name in ("click", "propensity_score")]
    return codes[0], codes[1], numbers[0], numbers[1]


def open_bandit(folder: Path) -> None:
    item, place, click, _ = logged(folder, "bts")
    shares = np.zeros((POSITIONS, ITEMS))
    np.add.at(shares, (place, item), 1)
    shares /= shares.sum(axis=1, keepdims=True)
    own = np.full(len(click), 1.0)
    truth = inverse_propensity(click, own, own)
    item, place, click, propensity = logged(folder, "random")
    propensities = np.repeat(propensity[:, None], ITEMS, axis=1)
    found = estimates(click, item, place, shares[place], propensities, POSITIONS)
    print("| clicks a decision of `bts` | value | 95 % interval | effective decisions | refused |")
    print("|---|---|---|---|---|")
    for name, one in {"its own log": truth, **found}.items():
        low, high = one.interval()
        refused = "; ".join(one.refusals) or "no"
        print(
            f"| {name} | {one.value:.5f} | {low:.5f} to {high:.5f} | {one.effective:,.0f} | "
            f"{refused} |"
        )


def simulated(orders: int, days: int, count: int, runs: int) -> None:
    told = gather(orders=orders, days=days, seed=11)
    truth, actions = told.truth, told.policy.shape[1]
    usual = float((told.propensities * told.likely).sum(axis=1).mean())
    rows: dict[str, list[tuple[float, float, bool]]] = {}
    for seed in range(runs):
        log = told.draw(count, seed)
        found = estimates(
            log.reward, log.action, log.context, log.policy, log.propensities, actions
        )
        for name, one in found.items():
            low, high = one.interval()
            rows.setdefault(name, []).append((one.value, one.effective, low <= truth <= high))
    print(
        f"\n{orders:,} orders, {len(told.usual):,} decisions, {runs} logs of {count:,}; useful "
        f"actions a decision: new playbook {truth:.4f}, the log's {usual:.4f}\n\n"
        "| | mean of runs to truth | mean distance of a run | runs within 10 % | "
        "intervals that hold the truth | effective decisions |\n|---|---|---|---|---|---|"
    )
    for name, columns in rows.items():
        value, effective, inside = np.array(columns).T
        away = np.abs(value / truth - 1)
        print(
            f"| {name} | {value.mean() / truth - 1:+.1%} | {away.mean():.1%} | "
            f"{(away <= 0.1).mean():.0%} | {inside.mean():.1%} | {effective.mean():,.0f} |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("NBA_DATA"))
    parser.add_argument("--orders", type=int, default=8000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=200)
    given = parser.parse_args()
    if given.data is not None:
        open_bandit(Path(given.data))
    simulated(given.orders, given.days, given.count, given.runs)


if __name__ == "__main__":
    main()
