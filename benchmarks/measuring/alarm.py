"""How often the alarm about newer cohorts is false, and how soon it finds what is planted.

    python benchmarks/measuring/alarm.py [--shops 200] [--seed 1]

A shop is 18 to 36 months of cohorts of 300 to 3,000 new customers a month, growing or shrinking by
up to 3 % a month, with a season of up to 40 % up and down in the year's course and months that are
better or worse by chance. Customers differ: each has a chance of their own to leave in a month (on
average 10 to 25 %) and one to buy in a month while they stay. Each shop is looked at after each
of its last 12 months, once as it is and once with a planted change: of
the customers of the last three cohorts, the first of which has two months to come, a share never
returns who would have.

Printed: shops with a false alarm in the year; changes found after one and two months, by that
share, of all shops and of those whose cohorts have 1,000 customers or more.
"""

from __future__ import annotations

import argparse

import numpy as np

from nba.measure.alarm import cohort_alarm
from nba.measure.cohorts import Cohorts

LOOKS = 12
LARGE = 1000
LEFT = 2
"""Months from the first cohort that is worse to the last look."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    false = 0
    for shop in range(arguments.shops):
        cohorts = drawn(np.random.default_rng((arguments.seed, shop)))
        false += any(raised(cohorts, back) for back in range(LOOKS))
    print(f"false alarms in a year: {false} of {arguments.shops} shops")
    for gone in (0.2, 0.3, 0.4, 0.5):
        found, is_large = np.zeros((arguments.shops, LEFT)), np.zeros(arguments.shops, np.bool_)
        for shop in range(arguments.shops):
            cohorts = drawn(np.random.default_rng((arguments.seed, shop)), gone)
            alarms = [raised(cohorts, LEFT - 1 - month) for month in range(LEFT)]
            found[shop] = np.logical_or.accumulate(alarms)
            is_large[shop] = cohorts.customers[-1 - LEFT :].mean() >= LARGE
        for shops, which in ((found, "all"), (found[is_large], f"{LARGE:,} customers a month")):
            after = ", ".join(f"{one:.1%}" for one in shops.mean(axis=0))
            print(
                f"{gone:.0%} never return, {which} ({len(shops)}): found {after} after 1, 2 months"
            )


def raised(cohorts: Cohorts, back: int) -> bool:
    found = cohort_alarm(cohorts, cohorts.month[len(cohorts.month) - 1 - back])
    return found is not None and found.is_raised


def drawn(chance: np.random.Generator, gone: float = 0.0) -> Cohorts:
    """Draw a shop; of its last cohorts so large a share never returns."""
    months = int(chance.integers(18, 37))
    growth = 1 + chance.uniform(-0.03, 0.03)
    size = np.exp(chance.uniform(np.log(300), np.log(3000)))
    customers = chance.poisson(size * growth ** np.arange(months))
    leaves = chance.uniform(0.1, 0.25)
    buys = chance.uniform(0.15, 0.4)
    season = 1 + chance.uniform(0, 0.4) * np.sin(
        2 * np.pi * (np.arange(months) + chance.integers(12)) / 12
    )
    season *= np.exp(0.1 * chance.standard_normal(months))
    active = np.zeros((months, months), np.int64)
    for cohort, count in enumerate(customers.tolist()):
        active[cohort, 0] = count
        # Customers differ: two shapes of beta that keep the means.
        leaving = chance.beta(2 * leaves, 2 * (1 - leaves), count)
        own = chance.beta(2 * buys, 2 * (1 - buys), count)
        life = chance.geometric(np.maximum(leaving, 1e-6))
        if cohort >= months - 1 - LEFT:
            life[chance.random(count) < gone] = 1
        for age in range(1, months - cohort):
            bought = (life > age) & (
                chance.random(count) < np.minimum(own * season[cohort + age], 1)
            )
            active[cohort, age] = bought.sum()
    begun = np.tri(months, dtype=np.bool_)[::-1]
    return Cohorts(
        month=np.datetime64("2023-01", "M") + np.arange(months),
        customers=customers.astype(np.int64),
        active=active,
        revenue=active * 5000,
        has_begun=begun,
        is_finished=begun,
    )


if __name__ == "__main__":
    main()
