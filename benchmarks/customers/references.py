"""The next basket of Ta-Feng by cornac, beside the same methods of our own on the same split.

    python benchmarks/customers/references.py --data DIR [--folds 1] [--some 300]

Needs the extra `bench`. Cornac learns, ranks and grades by itself (`NextBasketEvaluation`); ours
are graded by our figures, so that agreement checks both. Its NDCG has the ideal of min(k, truth).
Its UP-CF goes over all customers anew for each: it is asked about the first --some customers of a
fold, beside ours on those. Its TIFU-KNN is left out: in 3.0.1 it adds the mean over neighbours
*and* products, one number, so that the customer's own vector alone ranks; and its tree of dense
vectors had not answered for 300 customers after two CPU minutes.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from cuts import Cut
from grading import Columns
from ranking import measure
from scipy.sparse import coo_matrix
from tafeng import METHODS, cut

FIGURES: Mapping[str, str] = {
    "R@10": "Recall@10",
    "N@10": "NDCG@10",
    "PHR@10": "HitRatio@10",
    "repeat R@10": "Recall@10-rep",
    "explore R@10": "Recall@10-expl",
    "R@20": "Recall@20",
    "N@20": "NDCG@20",
}
"""Ours, and what cornac calls them."""

SLOW = "UP-CF@10 a=.75 q=10"


def models() -> dict[str, Any]:
    """Give cornac's models at the settings of the papers, by the name of ours."""
    import similaripy
    from cornac.models import UPCF, GPTop

    # UP-CF takes the first row of a matrix; of the arrays that are given now that is no row.
    alike = similaripy.asymmetric_cosine
    similaripy.asymmetric_cosine = lambda *given, **named: coo_matrix(alike(*given, **named))
    return {
        "G-TopFreq": partial(GPTop, use_personalized_popularity=False),
        "P-TopFreq": partial(GPTop, use_global_popularity=False),
        "GP-TopFreq": GPTop,
        SLOW: partial(UPCF, recency=10, asymmetry=0.75, locality=10),
    }


def split(data: Path, tested: list[str], some: slice) -> Any:  # noqa: ANN401 - it has no types
    """Give cornac's evaluation: asked about some of the tested, it learns from all the others."""
    from cornac.eval_methods import NextBasketEvaluation

    with duckdb.connect() as connection:
        lines = connection.sql(
            f"""SELECT "user"::VARCHAR, "user" || '-' || "order", item::VARCHAR
            FROM '{data / "tafeng" / "tafeng.parquet"}' ORDER BY "user", "order", item"""
        ).fetchall()
    hidden, asked = set(tested), set(tested[some])

    class Dealt(NextBasketEvaluation):  # type: ignore[misc]
        """Its own `from_splits` asks for data it does not take."""

        def _split(self) -> None:
            known = [line for line in lines if line[0] not in hidden]
            self.build(train_data=known, test_data=[line for line in lines if line[0] in asked])

    return Dealt(lines, fmt="UBI", repetition_eval=True, exploration_eval=True)


def theirs(evaluation: Any, model: Any) -> tuple[dict[str, float], float]:  # noqa: ANN401
    """Give cornac's figures by their names here, and wall seconds."""
    from cornac.metrics import NDCG, HitRatio, Recall

    metrics = [Recall(k=10), NDCG(k=10), HitRatio(k=10), Recall(k=20), NDCG(k=20)]
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, _ = evaluation.evaluate(model, metrics, user_based=True)
    means = found.metric_avg_results
    return {ours: means[name] for ours, name in FIGURES.items()}, time.perf_counter() - begin


def ours(asked: Cut, name: str, some: slice) -> tuple[dict[str, float], float]:
    """Give our figures of some customers, and wall seconds for all."""
    ties = {"recent": 0.0} if name in ("P-TopFreq", "GP-TopFreq") else {}
    timed = measure(asked, METHODS[name], ties)
    columns: Columns = timed.grades.figures
    means = {figure: float(np.nanmean(columns[figure][some])) for figure in FIGURES}
    return means, timed.learning + timed.ranking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--some", type=int, default=300)
    given = parser.parse_args()
    print("| fold | method | whose | customers | " + " | ".join(FIGURES) + " | s |")
    print("|---|---|---|---|" + "---|" * (len(FIGURES) + 1))
    for fold in range(given.folds):
        asked = cut(given.data, fold, validation=False, last_known=True)
        ids = list(asked.placed.customer_ids)
        tested = [ids[one] for one in asked.customer.tolist()]
        for name, model in models().items():
            some = slice(given.some if name == SLOW else len(tested))
            evaluation = split(given.data, tested, some)
            for whose, (means, seconds) in (
                ("cornac", theirs(evaluation, model())),
                ("ours", ours(asked, name, some)),
            ):
                cells = " | ".join(f"{means[one]:.4f}" for one in FIGURES)
                customers = len(tested[some])
                print(
                    f"| {fold} | {name} | {whose} | {customers} | {cells} | {seconds:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
