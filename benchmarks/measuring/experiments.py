"""How often experiments that are looked at every day for four weeks are wrong, and find what is so.

    python benchmarks/measuring/experiments.py [--experiments 2000] [--seed 1]

Each experiment has as many customers as `required_size` says, an equal number a day for 28 days,
and is read out every day by `nba.measure.experiments.reading.compare`, as an owner of a shop would:
the first interval that leaves out 0 counts. What is drawn each day is what the customers of that
day add to the sums: of a conversion exactly (binomial), of revenue customer by customer (a share of
buyers with log-normal bills). A/A has no effect, A/B has exactly the minimum effect.

Printed: A/A alarms, A/B found and in the right direction, and both for the usual test at 5 % (a z
test at each look), which is what such intervals are for; broken splits (52 : 48) caught by the
sample-ratio check, at the end and at any day; and what CUPED does to the variance and the mean,
with what customers did before correlated by 0.6.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from nba.measure.experiments.definition import Experiment
from nba.measure.experiments.intervals import reach
from nba.measure.experiments.reading import Comparison, compare, sample_ratio
from nba.measure.experiments.size import required_size
from nba.measure.experiments.sums import Sums

DAYS = 28
BASE = {
    "hypothesis": "ten percent more",
    "minimum_effect": 0.1,
    "starts_at": "2026-01-05T00:00:00Z",
    "ends_at": "2026-02-02T00:00:00Z",
    "arm": [{"id": "control"}, {"id": "tried"}],
}
CONVERSION = Experiment.model_validate(
    {**BASE, "id": "conversion", "metric": "conversion", "baseline": 0.05}
)
BUYERS, BILL, SPREAD = 0.2, 5000.0, 0.8
"""Revenue: a share of customers buys, for a log-normal bill of this median and deviation of log."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--experiments", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    revenue = revenue_experiment()
    for experiment in (CONVERSION, revenue):
        size = required_size(experiment)
        print(
            f"{experiment.id}: {size.total} customers, {size.looked_at_once} where it is looked at "
            f"once"
        )
        for lift, called in ((0.0, "A/A"), (experiment.minimum_effect, "A/B +10 %")):
            found = [
                outcome(experiment, lift, np.random.default_rng((arguments.seed, one)))
                for one in range(arguments.experiments)
            ]
            days = [one.day for one in found if one.day]
            print(
                f"  {called}: {share(found, 'better')} better, {share(found, 'worse')} worse, by "
                f"day {sorted(days)[len(days) // 2] if days else '-'} (median); by a z test every "
                f"day {share(found, 'naive')}"
            )
    splits(arguments.experiments, arguments.seed)
    cuped(arguments.experiments, arguments.seed)


@dataclass(frozen=True)
class Outcome:
    """What a shop would have said: better, worse or neither, the day of it, and a z test's word."""

    better: bool
    worse: bool
    day: int
    naive: bool


def outcome(experiment: Experiment, lift: float, chance: np.random.Generator) -> Outcome:
    naive, day, first = False, 0, None
    for day, found in enumerate(looks(experiment, lift, chance), start=1):
        if found is None:
            continue
        error = naive_error(found, experiment)
        naive |= abs(found.difference) > NormalDist().inv_cdf(0.975) * error
        if first is None and (found.low > 0 or found.high < 0):
            first = (day, found.low > 0)
    better = first is not None and first[1]
    return Outcome(better, first is not None and not better, first[0] if first else 0, naive)


def looks(
    experiment: Experiment, lift: float, chance: np.random.Generator
) -> Iterator[Comparison | None]:
    """Read a simulated experiment out at the end of each day."""
    daily = -(-required_size(experiment).customers["control"] // DAYS)
    groups = [Sums(), Sums()]
    for _ in range(DAYS):
        for arm, own in enumerate((0.0, lift)):
            groups[arm] += day_of(experiment, daily, 1 + own, chance)
        yield compare(
            "tried",
            groups[1],
            "control",
            groups[0],
            mixing=experiment.effect**2,
            alpha=experiment.alpha,
        )


def day_of(experiment: Experiment, count: int, factor: float, chance: np.random.Generator) -> Sums:
    """Draw the sums of a day's customers."""
    if experiment.metric == "conversion":
        bought = int(chance.binomial(count, experiment.baseline * factor))
        return Sums(count, bought, bought)
    buys = chance.random(count) < BUYERS
    bill = BILL * factor * np.exp(SPREAD * chance.standard_normal(count))
    return Sums.of(np.where(buys, np.rint(bill), 0).astype(np.int64))


def revenue_experiment() -> Experiment:
    mean = BUYERS * BILL * np.exp(SPREAD**2 / 2)
    square = BUYERS * BILL**2 * np.exp(2 * SPREAD**2)
    return Experiment.model_validate(
        {
            **BASE,
            "id": "revenue",
            "metric": "revenue",
            "baseline": float(mean),
            "deviation": float(np.sqrt(square - mean**2)),
        }
    )


def naive_error(found: Comparison, experiment: Experiment) -> float:
    """Give the standard error that an interval rests on: half its width, solved for it."""
    half, low, high = (found.high - found.low) / 2, 0.0, (found.high - found.low) ** 2
    for _ in range(60):
        middle = (low + high) / 2
        wide = reach(middle, experiment.effect**2, experiment.alpha) > half
        low, high = (low, middle) if wide else (middle, high)
    return float(np.sqrt(low))


def share(found: list[Outcome], what: str) -> str:
    return f"{np.mean([getattr(one, what) for one in found]):.1%}"


def splits(experiments: int, seed: int) -> None:
    """Draw customers by a share that is not the one agreed, and by the one that is."""
    total = required_size(CONVERSION).total
    for share_of_one in (0.5, 0.52):
        at_end, ever = 0, 0
        for one in range(experiments):
            chance = np.random.default_rng((seed, 2, one))
            daily = chance.binomial(total // DAYS, share_of_one, DAYS).cumsum()
            entered = total // DAYS * np.arange(1, DAYS + 1)
            broken = [
                sample_ratio(CONVERSION, {"control": int(all_ - own), "tried": int(own)}).is_broken
                for own, all_ in zip(daily, entered, strict=True)
            ]
            at_end += broken[-1]
            ever += any(broken)
        print(
            f"split {share_of_one:.0%}: called broken {at_end / experiments:.1%} at the end, "
            f"{ever / experiments:.1%} at any day"
        )


def cuped(experiments: int, seed: int) -> None:
    """Compare with and without what customers did before."""
    correlation, each, effect = 0.6, 2000, 50.0
    found, plain, shares = [], [], []
    for one in range(experiments):
        chance = np.random.default_rng((seed, 3, one))
        groups = []
        for arm in range(2):
            before = chance.standard_normal(each)
            noise = chance.standard_normal(each) * np.sqrt(1 - correlation**2)
            metric = 5000 + 1000 * (correlation * before + noise) + effect * arm
            earlier = 5000 + 1000 * before
            groups.append(
                Sums.of(np.rint(metric).astype(np.int64), np.rint(earlier).astype(np.int64))
            )
        compared = compare("tried", groups[1], "control", groups[0], mixing=effect**2, alpha=0.05)
        assert compared is not None
        found.append(compared.difference)
        plain.append(compared.mean - compared.other_mean)
        shares.append(compared.variance_share)
    error = np.std(found) / np.sqrt(experiments)
    print(
        f"CUPED, correlation {correlation}: variance {np.var(found) / np.var(plain):.3f} of that "
        f"without, {np.mean(shares):.3f} by its own account, {1 - correlation**2:.3f} by theory; "
        f"mean {np.mean(found):.2f} of {effect:.2f}, error {error:.2f}"
    )


if __name__ == "__main__":
    main()
