"""Which categories are in one order more often than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.products import Products
from nba.data.history import Baskets
from nba.domain import Ids
from nba.measure.report import lift
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source
from nba.measure.report.theme import WIDTH, shades
from nba.measure.report.words import count, percent
from nba.palette import text_on

if TYPE_CHECKING:
    import altair as alt

NAME: Final = "category-heat-map"
TITLE: Final = "Which categories are bought together"
SHOWN: Final = 15
"""Categories that are drawn, the most ordered ones."""
DEFINITIONS: Final[Mapping[str, str]] = {
    "times as often as by chance": f"{lift.DEFINITION}. Where orders differ much in size, the "
    "large ones put most categories above 1",
    "orders together": "kept orders with products of both categories",
    "category": f"as the catalogue says; where the {SHOWN} most ordered would hold less than a "
    "quarter of the purchases, the level above, if that tells enough of them apart",
    "share of the purchases": "kept orders x the distinct products in each, of those with a "
    "category",
}
_LEVEL: Final = " > "
_ENOUGH: Final = 0.25
"""Share of the purchases that the categories of a level hold, else the level above may."""
_LEAST: Final = 6
"""Categories below which a level tells too little apart."""
_STRONGEST: Final = 4.0
"""Times more or less often than chance at which the colours end, if any pair gets that far."""
_LEGEND: Final = (
    "times as often in one order as by chance: 1.0 = as often, yellow = more, blue = less"
)
_CELL: Final = 34
_LABEL: Final = 24
"""Letters of a category that are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """The most ordered categories of a level, related ones beside one another.

    Attributes:
        names: their paths.
        alone: int64 per category: kept orders with it.
        both: int64, (categories, categories): kept orders with both.
        lift: float64 of the same shape, as `lift.DEFINITION` says.
        order_count: all kept orders.
        category_count: categories of the level that were ordered.
        share: what these hold of the purchases that have a category.
    """

    names: tuple[str, ...]
    alone: NDArray[np.int64]
    both: NDArray[np.int64]
    lift: NDArray[np.float64]
    order_count: int
    category_count: int
    share: float

    @classmethod
    def of(cls, baskets: Baskets, products: Products, *, shown: int = SHOWN) -> Together | None:
        """Count the orders of a history; None where no two categories were ordered."""
        found = _level(baskets, _paths(baskets, products), shown)
        if found is None:
            return None
        ranges, best, share = found
        alone = np.bincount(ranges.product, minlength=len(ranges.product_ids))
        both = _shared(ranges, best)
        lifts = lift.shrunk_lift(both, alone[best][:, None], alone[best][None, :], len(ranges))
        order = _seriated(lifts, alone[best])
        best, both, lifts = best[order], both[np.ix_(order, order)], lifts[np.ix_(order, order)]
        return cls(
            tuple(ranges.product_ids[int(one)] for one in best),
            alone[best].astype(np.int64),
            both,
            lifts,
            len(ranges),
            int((alone > 0).sum()),
            share,
        )


def rows(found: Together) -> list[dict[str, Any]]:
    """List the cells, the diagonal left out: `row`, `column`, `orders` and `lift`."""
    width = len(found.names)
    return [
        {
            "row": found.names[row],
            "column": found.names[column],
            "orders": int(found.both[row, column]),
            "lift": float(found.lift[row, column]),
        }
        for row in range(width)
        for column in range(width)
        if row != column
    ]


def labels(names: Sequence[str], *, length: int = _LABEL) -> list[str]:
    """Name categories for people: by the last level, where two would be alike by two levels."""
    split = [one.split(_LEVEL) for one in names]
    often = Counter(one[-1] for one in split)
    told = [
        f"{one[-1]} ({one[-2]})" if often[one[-1]] > 1 and len(one) > 1 else one[-1]
        for one in split
    ]
    short = [one if len(one) <= length else f"{one[: length - 1].rstrip()}…" for one in told]
    # Shortened ones may be alike again.
    seen: Counter[str] = Counter()
    for place, one in enumerate(short):
        seen[one] += 1
        if seen[one] > 1:
            short[place] = f"{one} ({seen[one]})"
    return short


def draw(source: Source) -> Picture:
    """Draw how many times as often as chance any two of the most ordered categories meet."""
    products = source.snapshot.products
    baskets = source.history.baskets()
    found = Together.of(baskets, products)
    if found is None:
        lacks = "orders with products of two categories, at least"
        if not any(products.category):
            lacks = "a category of its products, in the column category of products"
        return Picture(
            NAME, TITLE, f"This picture needs {lacks}; the shop tells none.", DEFINITIONS
        )
    return Picture(NAME, TITLE, _reading(found), DEFINITIONS, _chart(found))


def _paths(baskets: Baskets, products: Products) -> list[str]:
    """Give the category path of each product of the baskets, empty where it has none."""
    code, category = products.ids.codes(), list(products.category)
    return [
        category[place] if (place := code.get(one, -1)) >= 0 else "" for one in baskets.product_ids
    ]


def _level(
    baskets: Baskets, paths: Sequence[str], shown: int
) -> tuple[Baskets, NDArray[np.int64], float] | None:
    """Choose the level of the paths to draw, from the deepest one upwards.

    Returns:
        The baskets as categories, the codes of the most ordered ones, and what they hold of the
        purchases with a category. None where no two categories were ordered.
    """
    chosen: tuple[Baskets, NDArray[np.int64], float] | None = None
    split = [tuple(one.split(_LEVEL)) if one else () for one in paths]
    lines = np.bincount(baskets.product, minlength=len(paths))
    for depth in range(max(map(len, split), default=0), 0, -1):
        named = [_LEVEL.join(one[:depth]) for one in split]
        ids = Ids.of(one for one in named if one)
        place = ids.codes()
        code = np.array([place.get(one, -1) for one in named], np.int32)
        ranges = baskets.coarsened(code, ids)
        orders = np.bincount(ranges.product, minlength=len(ids))
        best = np.argsort(-orders, kind="stable")[:shown]
        best = best[orders[best] > 0]
        if len(best) < 2 or (chosen is not None and (orders > 0).sum() < _LEAST):
            break
        share = float(lines[np.isin(code, best)].sum() / lines[code >= 0].sum())
        chosen = ranges, best, share
        if share >= _ENOUGH:
            break
    return chosen


def _shared(ranges: Baskets, best: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the baskets with both of any two of some categories, int64."""
    from scipy.sparse import csr_array

    place = np.full(len(ranges.product_ids), -1, np.int64)
    place[best] = np.arange(len(best))
    column = place[ranges.product]
    row = np.repeat(np.arange(len(ranges)), ranges.size)
    held = column >= 0
    ones = np.ones(int(held.sum()), np.int64)
    inside = csr_array((ones, (row[held], column[held])), shape=(len(ranges), len(best)))
    return np.asarray((inside.T @ inside).toarray(), np.int64)


def _seriated(lifts: NDArray[np.float64], alone: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order categories so that those that meet often stand beside one another.

    The leaves of their average-linkage tree, turned so that neighbours are as close as the tree
    allows (Bar-Joseph, Gifford and Jaakkola 2001); of both directions the one that begins nearer
    to the most ordered category.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    if len(lifts) < 3:
        return np.arange(len(lifts))
    far = np.log(lifts)
    distance = far.max() - far
    np.fill_diagonal(distance, 0)
    condensed = squareform((distance + distance.T) / 2)
    tree = optimal_leaf_ordering(linkage(condensed, "average"), condensed)
    order = np.asarray(leaves_list(tree), np.int64)
    first = int(np.flatnonzero(order == int(alone.argmax()))[0])
    return order[::-1] if 2 * first >= len(order) else order


def _reading(found: Together) -> str:
    names = [f"“{one}”" for one in labels(found.names, length=60)]
    above, left = np.triu_indices(len(names), 1)
    lifts = found.lift[above, left]
    most, least = int(lifts.argmax()), int(lifts.argmin())

    def pair(place: int, how: str) -> str:
        orders = count(int(found.both[above[place], left[place]]))
        return (
            f"{names[above[place]]} and {names[left[place]]} {how}{lifts[place]:.1f} times as "
            f"often as by chance ({orders} orders)"
        )

    which = (
        f"The {len(names)} most ordered of {count(found.category_count)} categories, with "
        f"{percent(found.share)} of the purchases"
        if found.category_count > len(names)
        else f"All {len(names)} categories that were ordered"
    )
    text = f"{which}: {pair(most, 'are in one order ')}"
    return f"{text}; {pair(least, 'least, ')}." if len(lifts) > 1 else f"{text}."


def _colours(lifts: NDArray[np.float64]) -> list[str]:
    """Give the colour of each lift: the middle of the ramp is chance, by equal ratios from it."""
    log = np.log(lifts)
    most = max(min(float(np.abs(log).max()), np.log(_STRONGEST)), np.log(1.5))
    place = 0.5 + np.clip(log / most, -1, 1) / 2
    return shades(place)


def _chart(found: Together) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    cells, shown = rows(found), labels(found.names)
    label = dict(zip(found.names, shown, strict=True))
    colours = _colours(np.array([one["lift"] for one in cells]))
    values = [
        {
            "row": label[one["row"]],
            "column": label[one["column"]],
            "shown": f"{one['lift']:.1f}",
            "fill": colour,
            "ink": text_on(colour),
            "said": f"{one['row']} and {one['column']}: {count(one['orders'])} orders together, "
            f"{one['lift']:.1f} times as often as by chance",
        }
        for one, colour in zip(cells, colours, strict=True)
    ]
    side = min(_CELL * len(shown), WIDTH - 170)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            "column:N",
            sort=shown,
            axis=alt.Axis(
                title=_LEGEND,
                titlePadding=12,
                orient="top",
                labelAngle=-50,
                labelLimit=190,
                domain=False,
                ticks=False,
            ),
        ),
        y=alt.Y(
            "row:N",
            sort=shown,
            axis=alt.Axis(title=None, labelLimit=190, domain=False, ticks=False),
        ),
        description="said:N",
    )
    gap: dict[str, Any] = {"xOffset": 0.5, "x2Offset": -0.5, "yOffset": 0.5, "y2Offset": -0.5}
    cell = base.mark_rect(**gap).encode(fill=alt.Fill("fill:N", scale=None))
    text = base.mark_text(fontSize=11, aria=False).encode(
        text="shown:N", color=alt.Color("ink:N", scale=None)
    )
    return alt.layer(cell, text).properties(width=side, height=side)
