"""Which of two e-mails, or none, each customer of Hillstrom's randomised test should get.

    NBA_DATA=DIR python benchmarks/hillstrom.py [--splits 20]

DIR holds `hillstrom/hillstrom.csv.gz`: 64,000 customers, each sent one of two e-mails or nothing
with probability 1/3, and what they did in the two weeks after. 70 % of the customers are learned
from; the value a customer of each policy is estimated on the other 30 % by SNIPS and DR
(`nba.measure.offpolicy`), in each of 20 random splits. Nothing is tuned.

`ours` is how the product values a message, with segments in the place of messages: the uplift of
visits in a segment, held to that of the message by how much segments differ; times what a visit
more is worth; and the uplift of the outcome itself held to that. `best message` is the one e-mail
with the greatest mean in the training part, to everybody.

Intervals of values are the 2.5 and 97.5 % points over splits. Splits share customers, so that of
the difference to the best message is the corrected resampled t of Nadeau and Bengio (2003).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from nba.learn.responding.shrinkage import held, spread
from nba.learn.responding.uplift import difference
from nba.measure.estimate import Estimate
from nba.measure.offpolicy import doubly_robust, self_normalised

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
OUTCOMES = ("spend", "conversion", "visit")
TRAINED = 0.7
PROPENSITY = 1 / 3
SEED = 7
_ALIKE = 200.0
"""Customers of the whole arm that stand behind the mean of a segment, for DR's expectations."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Test:
    """The test, one row a customer: segment, arm (a code of `ARMS`), and outcomes by name."""

    segment: NDArray[np.int64]
    segments: int
    arm: NDArray[np.int64]
    outcomes: Mapping[str, Floats]

    def part(self, rows: NDArray[np.int64]) -> Test:
        """Keep some customers."""
        outcomes = {name: one[rows] for name, one in self.outcomes.items()}
        return Test(self.segment[rows], self.segments, self.arm[rows], outcomes)


def read(folder: Path) -> Test:
    """Read the file; segments cross what was bought before, how long ago, and the channel."""
    arms = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(ARMS))
    rows = duckdb.sql(f"""
        SELECT mens * 2 + womens AS bought, CASE WHEN recency <= 3 THEN 0 WHEN recency <= 8 THEN 1
                ELSE 2 END AS ago,
            CASE channel WHEN 'Phone' THEN 0 WHEN 'Web' THEN 1 ELSE 2 END AS way,
            CASE treatment {arms} END AS arm, spend, conversion, visit
        FROM read_csv('{folder / "hillstrom" / "hillstrom.csv.gz"}', header = true)
    """).fetchnumpy()
    segment = (rows["bought"].astype(np.int64) * 3 + rows["ago"]) * 3 + rows["way"]
    outcomes = {name: np.asarray(rows[name], np.float64) for name in OUTCOMES}
    return Test(segment, 36, np.asarray(rows["arm"], np.int64), outcomes)


def uplifts(known: Test, outcome: Floats, arm: int) -> tuple[float, Floats, Floats]:
    """Give the uplift of an e-mail over all, by segment, and the variances of the latter."""
    compared = np.flatnonzero((known.arm == arm) | (known.arm == 0))
    weight, is_sent = np.full(len(compared), 1 / PROPENSITY), known.arm[compared] == arm
    value, segment = outcome[compared], known.segment[compared]
    everybody, _ = difference(value, weight, is_sent, np.arange(len(compared)))
    found, error = np.zeros(known.segments), np.full(known.segments, np.inf)
    for code in range(known.segments):
        mine = np.flatnonzero(segment == code)
        if min(is_sent[mine].sum(), (~is_sent[mine]).sum()) >= 30:
            found[code], error[code] = difference(
                value[mine], weight[mine], is_sent[mine], np.arange(len(mine))
            )
    return everybody, found, error


def ours(known: Test, name: str) -> Floats:
    """Give the value of each e-mail over none by segment, (arms, segments); none is worth 0."""
    value = np.zeros((len(ARMS), known.segments))
    for arm in (1, 2):
        visits, found, error = uplifts(known, known.outcomes["visit"], arm)
        told = np.isfinite(error) & (error > 0)
        mean, variance = spread(found[told], error[told], centre=visits, scale=abs(visits) / 2)
        likely = np.full(known.segments, mean)
        likely[told] = held(found[told], error[told], mean, variance)
        if name == "visit":
            value[arm] = likely
            continue
        more, found, error = uplifts(known, known.outcomes[name], arm)
        assumed = likely * more / visits
        told = np.isfinite(error) & (error > 0) & (assumed != 0)
        share, noise = found[told] / assumed[told], error[told] / assumed[told] ** 2
        mean, variance = spread(share, noise, centre=1.0, scale=0.5)
        value[arm] = assumed * mean
        value[arm, told] = assumed[told] * held(share, noise, mean, variance)
    return value


def expectations(known: Test, outcome: Floats) -> Floats:
    """Give the mean outcome by arm and segment, (arms, segments), held to that of the arm."""
    expected = np.zeros((len(ARMS), known.segments))
    for arm in range(len(ARMS)):
        mine = known.arm == arm
        counts = np.bincount(known.segment[mine], minlength=known.segments)
        sums = np.bincount(known.segment[mine], outcome[mine], known.segments)
        expected[arm] = (sums + _ALIKE * outcome[mine].mean()) / (counts + _ALIKE)
    return expected


def policies(known: Test, name: str) -> dict[str, Floats]:
    """Give the probability of each arm by segment, (arms, segments), of each policy."""
    outcome = known.outcomes[name]
    means = [outcome[known.arm == arm].mean() for arm in range(len(ARMS))]
    everybody = np.ones((1, known.segments))
    sure = np.eye(len(ARMS))
    return {
        "nothing": sure[:, [0]] * everybody,
        "random": np.full((len(ARMS), known.segments), 1 / len(ARMS)),
        "best message": sure[:, [1 + int(np.argmax(means[1:]))]] * everybody,
        "ours": sure[:, ours(known, name).argmax(axis=0)],
    }


def grade(asked: Test, name: str, policy: Floats, expected: Floats) -> tuple[Estimate, Estimate]:
    """Estimate a policy on customers it has not seen, by SNIPS and DR."""
    reward, segment, arm = asked.outcomes[name], asked.segment, asked.arm
    probability = policy[arm, segment]
    propensity = np.full(len(reward), PROPENSITY)
    planned = (policy * expected).sum(axis=0)[segment]
    return (
        self_normalised(reward, probability, propensity),
        doubly_robust(reward, probability, propensity, expected[arm, segment], planned),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("NBA_DATA"))
    parser.add_argument("--splits", type=int, default=20)
    given = parser.parse_args()
    if given.data is None:
        parser.error("set NBA_DATA, or give --data, to the folder that holds hillstrom/")
    test = read(Path(given.data))
    count = len(test.arm)
    print(
        "| outcome | policy | SNIPS a customer | DR a customer | over best message (SNIPS) | "
        "over best message (DR) | none / men's / women's |\n|---|---|---|---|---|---|---|"
    )
    for name in OUTCOMES:
        found: dict[str, list[tuple[float, ...]]] = {}
        sent: dict[str, list[Floats]] = {}
        for split in range(given.splits):
            order = np.random.default_rng([SEED, split]).permutation(count)
            known = test.part(np.sort(order[: int(TRAINED * count)]))
            asked = test.part(np.sort(order[int(TRAINED * count) :]))
            expected = expectations(known, known.outcomes[name])
            tried = policies(known, name)
            grades = {one: grade(asked, name, policy, expected) for one, policy in tried.items()}
            for one, (snips, robust) in grades.items():
                best = grades["best message"]
                found.setdefault(one, []).append(
                    (
                        snips.value,
                        robust.value,
                        snips.over(best[0])[0],
                        robust.over(best[1])[0],
                    )
                )
                sent.setdefault(one, []).append(tried[one][:, asked.segment].mean(axis=1))
        for one, rows in found.items():
            columns = np.array(rows).T
            shares = " / ".join(f"{share:.0%}" for share in np.mean(sent[one], axis=0))
            told = " | ".join(
                [
                    *(value(column) for column in columns[:2]),
                    *(gain(column) if one != "best message" else "" for column in columns[2:]),
                ]
            )
            print(f"| {name} | {one} | {told} | {shares} |", flush=True)


def value(column: Floats) -> str:
    """Write a mean over splits with where 95 % of them lie."""
    low, high = np.quantile(column, (0.025, 0.975))
    return f"{column.mean():.4f} [{low:.4f}, {high:.4f}]"


def gain(column: Floats) -> str:
    """Write a mean difference with its corrected interval."""
    splits = len(column)
    error = np.sqrt(column.var(ddof=1) * (1 / splits + (1 - TRAINED) / TRAINED))
    reach = student.ppf(0.975, splits - 1) * error
    return f"{column.mean():+.4f} [{column.mean() - reach:+.4f}, {column.mean() + reach:+.4f}]"


if __name__ == "__main__":
    main()
