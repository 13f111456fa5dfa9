"""How good foretold purchases are: what an earlier snapshot expected beside what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import Repurchase
from nba.artifacts.snapshot import Snapshot
from nba.data.history import OrderHistory
from nba.domain import DAY, iso, to_instant
from nba.measure.estimate import NORMAL_95, Floats, error_of_mean
from nba.measure.report import theme
from nba.measure.report.earlier import LEAST_DAYS
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

NAME: Final = "due-date-calibration"
TITLE: Final = "Whether what was expected to be bought again was bought again"
GROUPS: Final = 10
BARS: Final = 40
LEAST_CELLS: Final = 100
LEAST_BOUGHT: Final = 10
"""Products of customers, and those of them bought again, from which on groups say anything."""

DEFINITIONS: Final = {
    "expected chance": (
        "probability, as a snapshot trained up to the cut has it, that a customer buys a product "
        "they bought before again within the days after the cut: as a refill whose interval ends "
        "by then, or by chance, whose part of the recipe's horizon is that of the days"
    ),
    "products": (
        "of customers: each product that a customer bought before the cut, by expected chance, on "
        "a scale of square roots; the last bar holds all beyond it"
    ),
    "bought again": "share of these products with a kept order of that customer after the cut",
    "95 % interval": (
        "normal, of the share of a group, with the products of one customer taken together; of a "
        "group without or with nothing else but purchases Clopper and Pearson's, over customers"
    ),
    "Brier score": (
        "mean of (expected chance - bought again)² over the products, 0 is perfect; beside it that "
        "of expecting of every product the share that was bought again"
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """What was expected of every product that a customer had bought before the cut, and what came.

    Attributes:
        since: the cut, from which on the days count.
        days: between it and the end of the history.
        chance: float64 per product of a customer, 0 to 1.
        came: bool per product: it was bought again.
        customer: int64 per product: a code.
    """

    since: np.datetime64
    days: float
    chance: Floats
    came: NDArray[np.bool_]
    customer: NDArray[np.int64]

    @classmethod
    def of(cls, earlier: Snapshot, history: OrderHistory) -> Foretold:
        """Hold what an earlier snapshot expects against the history after it."""
        since = to_instant(earlier.manifest.data_until)
        days = float((history.as_of - since) / DAY)
        customers = earlier.customers
        known = np.flatnonzero(earlier.repurchase.known)
        owner = np.repeat(np.arange(len(customers)), np.diff(customers.start))
        if days <= 0 or not len(known):
            nothing = np.empty(0, np.int64)
            return cls(since, days, np.empty(0), nothing > 0, nothing)
        horizon = earlier.manifest.config.repurchase.horizon_days
        chance = chances(earlier.repurchase, known, since, days, horizon)
        key = owner * np.int64(len(earlier.products.ids)) + customers.product
        came = np.isin(key[known], _bought(earlier, history, since))
        return cls(since, days, chance, came, owner[known])

    def __len__(self) -> int:
        """Count the products of customers."""
        return len(self.chance)

    @property
    def brier(self) -> float:
        """Mean squared distance of what was expected from what came."""
        return float(((self.chance - self.came) ** 2).mean())

    @property
    def brier_of_share(self) -> float:
        """The same, had the share that came been expected of all."""
        share = float(self.came.mean())
        return share * (1 - share)

    def groups(self, count: int = GROUPS) -> list[dict[str, Any]]:
        """Group products by what was expected, as many in each, from least to most.

        Returns:
            One row a group: `expected` and `observed` shares, `low` and `high` bounds of the
            latter, `products` and how many of them `came`.
        """
        rows = []
        for part in np.array_split(np.argsort(self.chance, kind="stable"), count):
            came = self.came[part].astype(np.float64)
            observed = float(came.mean())
            reach = NORMAL_95 * error_of_mean(came - observed, self.customer[part])
            if observed in (0.0, 1.0):
                # Where all are alike nothing varies; as many customers may be so by chance.
                reach = 1 - 0.025 ** (1 / len(np.unique(self.customer[part])))
            rows.append(
                {
                    "expected": float(self.chance[part].mean()),
                    "observed": observed,
                    "low": max(observed - reach, 0.0),
                    "high": min(observed + reach, 1.0),
                    "products": len(part),
                    "came": int(came.sum()),
                }
            )
        return rows


def chances(
    clocks: Repurchase,
    cells: NDArray[np.integer],
    at: np.datetime64,
    days: float,
    horizon_days: int,
) -> Floats:
    """Give the probability that each cell is bought again within some days.

    With p the probability at an instant that a refill is still to come, and o its odds p / (1 - p),
    o is in proportion to the share of intervals that are longer; so the refill comes between two
    instants with probability p_1 (1 - o_2 / o_1) = p_1 - (1 - p_1) o_2. A purchase by chance is as
    likely on every day of the horizon.

    Args:
        clocks: of the snapshot.
        cells: places of which `clocks.known` holds.
        at: not before the instant of the training.
        days: how many, above 0.
        horizon_days: of `clocks.chance`.

    Returns:
        float64 per cell, 0 to 1.
    """
    by_chance = clocks.chance[cells].astype(np.float64)
    later = at + np.timedelta64(round(days * int(DAY / np.timedelta64(1, "us"))), "us")
    now, then = (
        np.clip(1 - (1 - clocks.returns(cells, one)) / np.maximum(1 - by_chance, 1e-9), 0, 1)
        for one in (at, later)
    )
    odds = then / np.maximum(1 - then, 1e-9)
    refilled = np.clip(now - (1 - now) * odds, 0, 1)
    found: Floats = 1 - (1 - refilled) * (1 - by_chance) ** (days / horizon_days)
    return found


def draw(source: Source) -> Picture:
    """Draw what was expected of ten groups beside what came of them."""
    if source.earlier is None:
        return Picture(
            NAME,
            TITLE,
            "Nothing can be held against what came: that needs orders of at least "
            f"{LEAST_DAYS} days, of which the last are foretold from those before.",
        )
    found = Foretold.of(source.earlier, source.history)
    if len(found) < LEAST_CELLS or found.came.sum() < LEAST_BOUGHT:
        return Picture(
            NAME,
            TITLE,
            f"Customers bought {int(found.came.sum()):,} of {len(found):,} products again after "
            f"{_day(found)}; at least {LEAST_BOUGHT} of {LEAST_CELLS} are needed to say how good "
            "what was expected is.",
        )
    return Picture(NAME, TITLE, _reading(found), DEFINITIONS, _chart(found))


def _reading(found: Foretold) -> str:
    return (
        f"In the {found.days:.0f} days from {_day(found)}, {found.chance.sum():,.0f} of "
        f"{len(found):,} products that customers had bought before were expected to be bought "
        f"again, and {int(found.came.sum()):,} were. The Brier score is {found.brier:.4f}, beside "
        f"{found.brier_of_share:.4f} had {found.came.mean():.2%} been expected of every one."
    )


def _day(found: Foretold) -> str:
    return (iso(found.since) or "")[:10]


def _chart(found: Foretold) -> Chart:
    import altair as alt

    rows = found.groups()
    for row in rows:
        row["says"] = (
            f"{row['products']:,} products, expected {row['expected']:.2%}, "
            f"bought again {row['observed']:.2%} ({row['low']:.2%} to {row['high']:.2%})"
        )
    most = max(max(row["high"], row["expected"]) for row in rows) * 1.05 or 1.0
    wide = alt.Scale(domain=[0, most], nice=False)
    axis = alt.Axis(format=".1~%", tickCount=8)
    x = alt.X("expected:Q", title="expected chance", scale=wide, axis=axis)
    points = alt.Chart(alt.InlineData(values=rows)).encode(x=x, description="says:N")
    y = alt.Y("observed:Q", title="bought again", scale=wide, axis=axis)
    corner: list[dict[str, Any]] = [
        {"expected": 0, "observed": 0},
        {"expected": most, "observed": most},
    ]
    line = alt.Chart(alt.InlineData(values=corner)).encode(x=x, y=y)
    word = {"expected": most, "observed": most, "word": "as expected"}
    above = (
        line.mark_line(color=theme.QUIET, strokeDash=[4, 4], strokeWidth=1)
        + alt.Chart(alt.InlineData(values=[word]))
        .mark_text(color=theme.QUIET, align="right", dx=-34, dy=4)
        .encode(x=x, y=y, text="word:N")
        + points.mark_rule(color=theme.HUES[0], strokeWidth=2).encode(y="low:Q", y2="high:Q")
        + points.mark_point(color=theme.HUES[0], filled=True, size=70, opacity=1).encode(y=y)
    ).properties(width=theme.WIDTH - 60, height=300)
    # What is expected beyond the axis stands in the last bar.
    heights, edges = np.histogram(np.minimum(found.chance, most), BARS, (0.0, most))
    bars: list[dict[str, Any]] = [
        {
            "from": float(edges[place]),
            "to": float(edges[place + 1]),
            "products": int(height),
            "none": 0,
            "says": f"{int(height):,} products with a chance of {edges[place]:.2%} "
            + ("and more" if place == BARS - 1 else f"to {edges[place + 1]:.2%}"),
        }
        for place, height in enumerate(heights)
        if height
    ]
    below = (
        alt.Chart(alt.InlineData(values=bars))
        .mark_rect(color=theme.HUES[5], xOffset=0.5, x2Offset=-0.5)
        .encode(
            x=alt.X("from:Q", title="expected chance", scale=wide, axis=axis),
            x2="to:Q",
            y=alt.Y(
                "products:Q",
                title="products",
                scale=alt.Scale(type="sqrt", nice=False),
                axis=alt.Axis(format="~s", tickCount=3),
            ),
            y2="none:Q",
            description="says:N",
        )
        .properties(width=theme.WIDTH - 60, height=80)
    )
    return alt.vconcat(above, below)


def _bought(earlier: Snapshot, history: OrderHistory, since: np.datetime64) -> NDArray[np.int64]:
    """Give the cells bought from the cut on, customer times products plus product, each once."""
    baskets = history.baskets()
    codes = earlier.customers.ids.codes()
    known = np.array([codes.get(one, -1) for one in baskets.customer_ids], np.int64)
    owner = np.append(known, -1)[np.minimum(baskets.customer, len(known))]
    owner[baskets.at < since] = -1
    codes = earlier.products.ids.codes()
    sold = np.array([codes.get(one, -1) for one in baskets.product_ids], np.int64)
    customer, product = np.repeat(owner, baskets.size), sold[baskets.product]
    wanted = (customer >= 0) & (product >= 0)
    return np.unique(customer[wanted] * np.int64(len(earlier.products.ids)) + product[wanted])
