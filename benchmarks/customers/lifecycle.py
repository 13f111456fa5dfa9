"""Measures rhythm and lifetime value: CDNOW, and shops whose customers' truth is known.

    python benchmarks/customers/lifecycle.py --data DIR [--seeds 1 2 3] [--orders 20000]

DIR/cdnow holds CDNOW_sample.txt (2,357 customers) and CDNOW_master.txt (all 23,570). Models learn
from the first 39 weeks and foretell the other 39: days with a purchase, and the money of them. A
simulated shop is cut half a year before its end; there it is known who had left, and each
customer's own rate. Beside the models stand what a shop would count by hand.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from nba.artifacts.rhythm import MODELS, STATES, Fit, Rhythm
from nba.config import RhythmConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.data.purchases import Purchases
from nba.data.shop import read_shop
from nba.data.simulator.generate import simulate
from nba.domain import Ids
from nba.learn.lifecycle import rhythm
from nba.statistics.customers import CustomerSummary

WEEKS = 39
CDNOW_CUT = "1997-10-01T00:00Z"
SHOP_CUT, SHOP_DAYS = "2026-01-01T00:00Z", 180
GROUPS = {"one day": (1, 1), "two to four days": (2, 4), "five and more": (5, 10**9)}


NEVER = np.datetime64("9999-01-01")


@dataclass(frozen=True, eq=False)
class Holdout:
    """What was known at a cut, what was learned of it, and what came after.

    Attributes:
        known: the sums at the cut.
        rhythm, fits: what was learned, over the customers of `known`.
        days: the horizon.
        bought: int64: days with a purchase within it.
        brought: int64: profit of those, minor units.
    """

    known: CustomerSummary
    rhythm: Rhythm
    fits: tuple[Fit, ...]
    days: int
    bought: NDArray[np.int64]
    brought: NDArray[np.int64]

    @classmethod
    def of(cls, history: OrderHistory, catalog: Catalog, cut: str, days: int) -> Holdout:
        """Learn from what was known at the cut, and sum up what came after it."""
        known, whole = _placed(history.until(cut), catalog), _placed(history, catalog)
        sums, came = known.summed(), whole.since(known.baskets.as_of).summed()
        learned, fits = rhythm(sums, sums.customer_ids, RhythmConfig(discount=0))
        ids = sums.customer_ids.union(came.customer_ids)
        bought, brought = np.zeros((2, len(ids)), np.int64)
        later, now = ids.codes_of(came.customer_ids), ids.codes_of(sums.customer_ids)
        bought[later], brought[later] = came.days, came.profit
        return cls(sums, learned, fits, days, bought[now], brought[now])

    @property
    def codes(self) -> NDArray[np.int64]:
        """Every customer."""
        return np.arange(len(self.known))

    def told_by(self, model: str) -> NDArray[np.float64]:
        """Foretell the days with a purchase by one of the models."""
        code = MODELS.index(model)
        params = np.array(list(self.fits[code].params.values()))
        learned = replace(self.rhythm, model=np.array([code], np.int8), buying=params)
        return learned.expected_purchases(self.codes, self.known.as_of, self.days)


@dataclass(frozen=True, eq=False)
class _Placed:
    """Baskets, their money, and what their products cost."""

    baskets: Baskets
    purchases: Purchases
    catalog: Catalog

    def since(self, instant: np.datetime64) -> _Placed:
        """Keep the baskets from an instant on."""
        old, kept = self.baskets, self.baskets.at >= instant
        cells = np.repeat(kept, old.size)
        baskets = replace(
            old,
            customer=old.customer[kept],
            at=old.at[kept],  # noqa: PD008 - an array of instants
            delivered_at=old.delivered_at[kept],
            proven=old.proven[kept],
            start=np.append(0, np.cumsum(old.size[kept])),
            product=old.product[cells],
        )
        paid = Purchases(self.purchases.quantity[cells], self.purchases.revenue[cells])
        return _Placed(baskets, paid, self.catalog)

    def summed(self) -> CustomerSummary:
        """Sum up the customers."""
        cost, costed = self.catalog.cost, self.catalog.costed
        return CustomerSummary.of(self.baskets, self.purchases, cost, costed, default_margin=0.3)


def _placed(history: OrderHistory, catalog: Catalog) -> _Placed:
    baskets = history.baskets()
    ids = catalog.product_ids.union(baskets.product_ids)
    return _Placed(baskets.over(ids), history.purchases(), catalog.over(ids))


def cdnow(path: Path, customer_column: int) -> Holdout:
    """Read the purchases of the cohort, of which the last three columns are date, CDs, dollars."""
    with duckdb.connect() as connection:
        frame = connection.execute(
            f"""
            SELECT 'o' || row_number() OVER () AS order_id, cell[{customer_column}] AS customer_id,
                strftime(strptime(cell[-3], '%Y%m%d'), '%Y-%m-%dT12:00:00Z') AS ordered_at,
                'delivered' AS status, 'cd' AS product_id, 1 AS quantity, cell[-1] AS unit_price
            FROM (SELECT string_split_regex(trim(line), '\\s+') AS cell
                FROM read_csv('{path}', header=false, sep='|', columns={{'line': 'VARCHAR'}}))
            WHERE cell[-3] <> 'date'
            """
        ).df()
    # All that is paid is profit.
    free = pd.DataFrame({"product_id": ["cd"], "title": ["CD"], "cost": [0]})
    history = OrderHistory.from_frame(frame)
    return Holdout.of(history, Catalog.from_frame(free), CDNOW_CUT, WEEKS * 7)


def area(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve; ties count half."""
    count = int(positive.sum())
    above = rankdata(score)[positive].sum() - count * (count + 1) / 2
    return float(above / (count * (len(score) - count)))


def table(header: str, rows: Iterator[str]) -> Iterator[str]:
    """Write a table of Markdown."""
    yield ""
    yield f"| {header} |"
    yield "|" + "---|" * (header.count("|") + 1)
    yield from (f"| {row} |" for row in rows)


def fitted(fits: tuple[Fit, ...]) -> Iterator[str]:
    """Write the parameters."""
    for fit in fits:
        params = " ".join(f"{name} {value:.3f}" for name, value in fit.params.items())
        chosen = ", chosen" if fit.chosen else ""
        yield f"{fit.model}{chosen} | {params} | {fit.log_likelihood:.1f} | {fit.customers}"


def foretold(case: Holdout) -> Iterator[str]:
    """Write how well each method foretells days with a purchase."""
    known, bought = case.known, case.bought
    age = np.maximum(known.age, 1 / 7)
    methods = {model: case.told_by(model) for model in MODELS}
    methods |= {f"x / T x {case.days // 7} weeks": known.repeats / age * case.days / 7}
    methods |= {"x": known.repeats.astype(np.float64)}
    active = bought > 0
    for name, told in methods.items():
        error = told - bought
        yield (
            f"{name} | {np.abs(error).mean():.3f} | {np.sqrt((error**2).mean()):.3f} | "
            f"{np.corrcoef(told, bought)[0, 1]:.3f} | {told.sum():.0f} | {area(told, active):.3f}"
        )
    fresh = known.recency - known.age
    near = np.corrcoef(fresh, bought)[0, 1]
    yield f"minus recency | - | - | {near:.3f} | - | {area(fresh, active):.3f}"
    yield f"what came | 0 | 0 | 1 | {bought.sum()} | 1"


def covered(case: Holdout) -> Iterator[str]:
    """Write how often the interval of the lifetime value holds what came."""
    value = case.rhythm.lifetime_value(case.codes, case.known.as_of, case.days)
    groups = {"all": case.codes >= 0}
    groups |= {
        name: (case.known.days >= low) & (case.known.days <= high)
        for name, (low, high) in GROUPS.items()
    }
    groups |= {"low above 0": value.low > 0}
    for name, chosen in groups.items():
        if not chosen.any():
            continue
        came = case.brought[chosen]
        above, below = came > value.high[chosen], came < value.low[chosen]
        yield (
            f"{name} | {chosen.sum()} | {1 - above.mean() - below.mean():.3f} | {below.mean():.3f}"
            f" | {above.mean():.3f} | {(value.high[chosen] == 0).mean():.3f}"
            f" | {value.expected[chosen].sum() / 100:.0f} | {came.sum() / 100:.0f}"
        )


def by_state(case: Holdout, marks: Mapping[str, NDArray[np.bool_]]) -> Iterator[str]:
    """Write, per state, the share of customers with each mark."""
    states = case.rhythm.state(case.codes, case.known.as_of)
    for code, state in enumerate(STATES):
        chosen = states == code
        if chosen.any():
            shares = " | ".join(f"{marked[chosen].mean():.3f}" for marked in marks.values())
            yield f"{state} | {chosen.sum()} | {shares}"


def calibrated(alive: NDArray[np.float64], is_there: NDArray[np.bool_]) -> Iterator[str]:
    """Write p_alive and the share there in tenths of the customers."""
    for place, part in enumerate(np.array_split(np.argsort(alive, kind="stable"), 10), 1):
        yield f"{place} | {len(part)} | {alive[part].mean():.3f} | {is_there[part].mean():.3f}"


def rates(case: Holdout, truth: Planted) -> Iterator[str]:
    """Write how well the own rate of those who are there is found again.

    The planted rate is of own orders; needs and messages bring others. So beside it stand the
    order days that came, of those who stayed to the end.
    """
    own, is_there = truth.rate, truth.is_there
    found = case.rhythm.weekly_rate(case.codes, case.known.as_of)
    counted = case.known.repeats / np.maximum(case.known.age, 1 / 7)
    for name, (low, high) in GROUPS.items():
        chosen = is_there & (case.known.days >= low) & (case.known.days <= high)
        ratio = np.median(found[chosen] / own[chosen])
        ours = spearmanr(found[chosen], own[chosen]).statistic
        # Who bought on one day has a rate of 0 by hand.
        by_hand = f"{spearmanr(counted[chosen], own[chosen]).statistic:.3f}" if high > 1 else "-"
        stayed = chosen & truth.stays
        came = case.bought[stayed].sum() / (case.days / 7)
        yield (
            f"{name} | {chosen.sum()} | {ours:.3f} | {by_hand} | {ratio:.2f}"
            f" | {found[stayed].sum() / came:.2f}"
        )


@dataclass(frozen=True, eq=False)
class Planted:
    """The truth of a simulated shop's customers at the cut.

    Attributes:
        is_there: bool: has not left.
        stays: bool: nor leaves before the shop's last day.
        rate: float64: own orders a week.
    """

    is_there: NDArray[np.bool_]
    stays: NDArray[np.bool_]
    rate: NDArray[np.float64]

    @classmethod
    def of(cls, folder: Path, ids: Ids, instant: np.datetime64) -> Planted:
        """Read it for these customers."""
        with duckdb.connect() as connection:
            rows = connection.execute(f"""
                SELECT customer_id, coalesce(lost_at, TIMESTAMP '{NEVER}'), orders_per_week
                FROM '{folder}/truth/customers.parquet'
            """).fetchall()
        left = {one: np.datetime64(at, "us") for one, at, _ in rows}
        rate = {one: per_week for one, _, per_week in rows}
        until = np.array([left[one] for one in ids])
        return cls(until >= instant, until >= NEVER, np.array([rate[one] for one in ids]))


def simulated(folder: Path) -> tuple[Holdout, Planted]:
    """Cut a simulated shop half a year before its end."""
    shop = read_shop(folder)
    case = Holdout.of(shop.history, shop.catalog, SHOP_CUT, SHOP_DAYS)
    return case, Planted.of(folder, case.known.customer_ids, case.known.as_of)


def of_cohort(case: Holdout) -> Iterator[str]:
    """Write what is measured on CDNOW."""
    yield from table("model | parameters | LL | customers", fitted(case.fits))
    yield from table(
        "days with a purchase | MAE | RMSE | corr | total | AUC active", foretold(case)
    )
    yield from table(_COVERED, covered(case))
    marks = {"bought": case.bought > 0, "twice": case.bought > 1}
    yield from table("state | customers | bought again | twice", by_state(case, marks))


def of_shop(case: Holdout, truth: Planted) -> Iterator[str]:
    """Write what is measured on a simulated shop."""
    known, is_there = case.known, truth.is_there
    alive = case.rhythm.p_alive(case.codes, known.as_of)
    fresh = known.recency - known.age
    yield from table("model | parameters | LL | customers", fitted(case.fits))
    yield ""
    yield (
        f"{is_there.mean():.3f} of {len(known)} customers are there. AUC of p_alive "
        f"{area(alive, is_there):.3f}, of minus recency {area(fresh, is_there):.3f}, of x "
        f"{area(known.repeats.astype(np.float64), is_there):.3f}"
    )
    yield from table("tenth | customers | p_alive | there", calibrated(alive, is_there))
    marks = {"there": is_there, "bought": case.bought > 0}
    yield from table("state | customers | there | bought again", by_state(case, marks))
    yield from table(
        "own rate | customers there | rank correlation | of x / T | found / own, median"
        " | found / came, of those who stay",
        rates(case, truth),
    )
    yield from table(
        "days with a purchase | MAE | RMSE | corr | total | AUC active", foretold(case)
    )
    yield from table(_COVERED, covered(case))


_COVERED = (
    "lifetime value, 80 % | customers | inside | below | above | interval is 0 | expected | came"
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=(1, 2, 3))
    options = parser.parse_args()
    for name, column in (("sample", 2), ("master", 1)):
        print(f"\n### CDNOW, {name}")
        case = cdnow(options.data / "cdnow" / f"CDNOW_{name}.txt", column)
        print("\n".join(of_cohort(case)))
    for seed in options.seeds:
        print(f"\n### Simulated shop, {options.orders} orders, seed {seed}")
        with tempfile.TemporaryDirectory() as folder:
            simulate(folder, orders=options.orders, seed=seed)
            print("\n".join(of_shop(*simulated(Path(folder)))))


if __name__ == "__main__":
    main()
