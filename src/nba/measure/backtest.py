"""The backtest: train before an instant, ask for lists, compare with what was bought after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nba.artifacts.snapshot import Snapshot
from nba.config import TrainConfig
from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.domain import iso, to_instant
from nba.learn.train import train
from nba.measure.metrics import Interval, bootstrap, coverage, ndcg, recall
from nba.measure.split import split_at
from nba.recommend.chances import Chances
from nba.recommend.ranking import best

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One row of the table.

    Attributes:
        method: popularity, personal frequency, collaborative (the model that training chose) or
            picks.
        recall, ndcg: means over customers with 95 % intervals.
        coverage: share of the products sold before the cut that some list shows.
    """

    method: str
    recall: Interval
    ndcg: Interval
    coverage: float


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """The table and what it was measured on.

    Attributes:
        n: length of the lists.
        horizon_days: length of the truth.
        customer_count: customers who bought in the window; those unknown before get the
            popular list from every method.
        new_customer_count: how many of them were unknown.
    """

    test_from: str
    n: int
    horizon_days: int
    customer_count: int
    new_customer_count: int
    methods: Sequence[MethodResult]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, as the manifest stores it."""
        return {
            "test_from": self.test_from,
            "n": self.n,
            "horizon_days": self.horizon_days,
            "customers": self.customer_count,
            "new_customers": self.new_customer_count,
            "methods": {
                one.method: {
                    f"recall@{self.n}": _interval(one.recall),
                    f"ndcg@{self.n}": _interval(one.ndcg),
                    "coverage": round(one.coverage, 6),
                }
                for one in self.methods
            },
        }

    def __repr__(self) -> str:
        """Lay out the table, with what it was measured on above."""
        figures = (f"recall@{self.n}", f"NDCG@{self.n}")
        header = _row("", figures[0], "95 %", figures[1], "95 %", "coverage")
        rows = [
            _row(
                one.method,
                f"{one.recall.mean:.4f}".rjust(len(figures[0])),
                f"{one.recall.low:.4f}-{one.recall.high:.4f}",
                f"{one.ndcg.mean:.4f}".rjust(len(figures[1])),
                f"{one.ndcg.low:.4f}-{one.ndcg.high:.4f}",
                f"{one.coverage:.2%}",
            )
            for one in self.methods
        ]
        return "\n".join(
            [
                f"{self.customer_count:,} customers who bought in the {self.horizon_days} days "
                f"from {self.test_from} ({self.new_customer_count:,} of them new); full ranking, "
                "repeats count",
                header,
                *rows,
            ]
        )


def backtest(
    history: OrderHistory,
    catalog: Catalog,
    config: TrainConfig | None = None,
    *,
    test_from: str | datetime | np.datetime64,
    n: int = 10,
    horizon_days: int = 28,
    threads: int | None = None,
    announce: Announce = lambda _: None,
) -> BacktestResult:
    """Measure personal lists by a global time split and full ranking.

    Everyone with a purchase in the window counts, whatever they bought before; products may
    be bought again; nothing is sampled. Candidates are the products sold before the cut.
    Availability is today's and so is not applied.

    Args:
        history: the orders.
        catalog: the products.
        config: the recipe.
        test_from: the cut, with a zone.
        n: length of the lists.
        horizon_days: length of the window after the cut.
        threads: processors for the training.
        announce: called with the name of each step.

    Raises:
        DataError: nothing was bought before or after the cut.
    """
    split = split_at(history, to_instant(test_from), horizon_days=horizon_days)
    announce("training before the cut")
    snapshot = train(split.train, catalog, config, threads=threads)
    announce("ranking for every customer")
    ranked: dict[str, list[list[str]]] = {name: [] for name in METHODS}
    fresh = 0
    # A customer's scores are one small product: waking a second thread costs more than it saves.
    with threadpool_limits(limits=1, user_api="blas"):
        for customer in split.truth:
            code = snapshot.customers.ids.find(customer)
            fresh += code is None
            for name, scored in _scores(snapshot, code).items():
                ranked[name].append([snapshot.products.ids[int(one)] for one in best(scored, n)])
    announce("intervals")
    truths = list(split.truth.values())
    sold = int((snapshot.products.orders > 0).sum())
    return BacktestResult(
        iso(split.test_from) or "",
        n,
        horizon_days,
        len(truths),
        fresh,
        [_measured(name, ranked[name], truths, n, sold, snapshot) for name in METHODS],
    )


METHODS: Final = ("popularity", "personal frequency", "collaborative", "picks")
JUDGED: Final = frozenset({"seed", "collaborative", "picks", "popular"})
"""The settings and sections of a recipe that personal lists, and so a backtest, depend on."""


def _scores(snapshot: Snapshot, customer: int | None) -> Mapping[str, NDArray[np.floating]]:
    """Score all products by each method; popularity below 1 breaks ties and fills up.

    Products nobody had bought before the cut get -inf: nobody could tell them apart.
    """
    sold = snapshot.products.orders > 0
    popular = np.where(sold, 0.0, -np.inf)
    orders = snapshot.products.popular_orders
    popular[snapshot.products.popular] = orders / (orders.max(initial=0) + 1)
    if customer is None:
        return dict.fromkeys(METHODS, popular)
    frequency = popular.copy()
    span = snapshot.customers.span(customer)
    frequency[snapshot.customers.product[span]] += snapshot.customers.orders[span]
    chances = Chances.of(snapshot)
    liked, at = chances.liking(customer), snapshot.customers.as_of[0]
    return {
        "popularity": popular,
        "personal frequency": frequency,
        "collaborative": np.where(sold, liked, -np.inf),
        "picks": np.where(sold, chances.picks(customer, at, liked), -np.inf),
    }


def _measured(
    name: str,
    lists: Sequence[Sequence[str]],
    truths: Sequence[frozenset[str]],
    n: int,
    catalogue_size: int,
    snapshot: Snapshot,
) -> MethodResult:
    seed = snapshot.manifest.config.seed
    pairs = list(zip(lists, truths, strict=True))
    return MethodResult(
        name,
        bootstrap(np.array([recall(one, truth, n) for one, truth in pairs]), seed=seed),
        bootstrap(np.array([ndcg(one, truth, n) for one, truth in pairs]), seed=seed),
        coverage(lists, catalogue_size),
    )


def _interval(interval: Interval) -> dict[str, float]:
    return {
        "mean": round(interval.mean, 6),
        "low": round(interval.low, 6),
        "high": round(interval.high, 6),
    }


def _row(method: str, recall: str, its: str, ndcg: str, their: str, shown: str) -> str:
    widest = max(map(len, METHODS))
    return f"{method:{widest}}  {recall}  {its:>13}  {ndcg}  {their:>13}  {shown:>8}"
