"""How evenly purchases, and places in recommendations, fall on the products of a shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source
from nba.measure.report.theme import HUES, INK, PAPER, QUIET, WIDTH
from nba.measure.report.words import count, percent
from nba.ranges import listed
from nba.vocabulary import Relation

if TYPE_CHECKING:
    import altair as alt

NAME: Final = "coverage"
TITLE: Final = "How much of purchases and of recommendations the best sellers take"
HEAD: Final = 0.2
"""Share of the products, the most ordered ones, that the reading is about."""
PLACES: Final = 10
"""Places of a list that count."""
DEFINITIONS: Final[Mapping[str, str]] = {
    "products": "all of the catalogue and of kept orders, the most ordered first",
    "purchases": "kept orders x the distinct products in each",
    "recommended places": f"the first {PLACES} places of each product's bought-together list in "
    "the snapshot, before the shop's rules and what can be ordered at the moment are looked at",
    "every product alike": "the line on which each product would take as much as any other",
    "products with a list": "products sold at least once of which the snapshot has a "
    "bought-together list, of those sold at least once",
    "recommended at least once": "products sold at least once that stand on one of those places, "
    "of those sold at least once",
}
_STEPS: Final = 200
"""Parts of a curve that are drawn."""
_HEIGHT: Final = 380
_BESIDE: Final = 70
"""Pixels of the axis beside the curves."""
_APART: Final = 0.06
"""Share of the height that a label needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What products take, the most ordered first, ties by id.

    Attributes:
        orders: int64 per product: kept orders with it.
        places: int64 per product: lists in which it stands among the first `PLACES`.
        has_list: bool per product: it has a bought-together list itself.
    """

    orders: NDArray[np.int64]
    places: NDArray[np.int64]
    has_list: NDArray[np.bool_]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Count what a snapshot knows."""
        graph, width = snapshot.graphs[Relation.BOUGHT_TOGETHER], len(snapshot.products)
        length = np.diff(graph.indptr)
        short = np.append(0, np.minimum(length, PLACES)).cumsum()
        _, place = listed(short, np.arange(width))
        # The place in the graph of what stands at each of those places.
        place += np.repeat(graph.indptr[:-1] - short[:-1], np.diff(short))
        places = np.bincount(graph.neighbours[place], minlength=width)
        best = np.argsort(-snapshot.products.orders.astype(np.int64), kind="stable")
        return cls(
            snapshot.products.orders[best].astype(np.int64),
            places[best].astype(np.int64),
            (length > 0)[best],
        )

    @property
    def head(self) -> int:
        """Products that are the `HEAD` share of all, rounded, one at least."""
        return max(round(HEAD * len(self.orders)), 1)

    def taken(self, values: NDArray[np.int64]) -> float | None:
        """Give what the head takes of all that is there; None where there is nothing."""
        total = int(values.sum())
        return float(values[: self.head].sum() / total) if total else None


def rows(found: Coverage) -> list[dict[str, Any]]:
    """List the points of both curves: `curve`, `products` (share) and `taken` (share)."""
    count_of_all = len(found.orders)
    # Close to one another where the curves bend.
    steps = (np.linspace(0, 1, _STEPS + 1) ** 2 * count_of_all).round()
    some = np.union1d(steps, [found.head]).astype(np.int64)
    points = []
    for curve, values in (("purchases", found.orders), ("recommended places", found.places)):
        if not values.sum():
            continue
        summed = np.append(0, np.cumsum(values)) / values.sum()
        points += [
            {"curve": curve, "products": one / count_of_all, "taken": taken}
            for one, taken in zip(some.tolist(), summed[some].tolist(), strict=True)
        ]
    return points


def draw(source: Source) -> Picture:
    """Draw what the most ordered products take of purchases and of recommended places."""
    found = Coverage.of(source.snapshot)
    if not found.orders.sum():
        return Picture(
            NAME,
            TITLE,
            "No product was sold yet; once orders are told, this shows how much of them the best "
            "sellers take, and whether recommendations reach the others.",
            DEFINITIONS,
        )
    return Picture(NAME, TITLE, _reading(found), DEFINITIONS, _chart(found))


def _reading(found: Coverage) -> str:
    share = found.head / len(found.orders)
    whom = f"The {percent(share)} most ordered of {count(len(found.orders))} products take"
    if found.head == 1:
        whom = f"The most ordered of {count(len(found.orders))} products takes"
    text = f"{whom} {percent(found.taken(found.orders))} of purchases"
    places = found.taken(found.places)
    if places is None:
        return f"{text}. No product has a bought-together list."
    sold = found.orders > 0
    listed_share, met = (float(one[sold].mean()) for one in (found.has_list, found.places > 0))
    return (
        f"{text} and {percent(places)} of the recommended places. Of {count(int(sold.sum()))} "
        f"products sold, {percent(listed_share)} have a bought-together list and {percent(met)} "
        "are recommended at least once."
    )


def _chart(found: Coverage) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    points = rows(found)
    curves = {"purchases": HUES[0], "recommended places": HUES[1]}
    scale = alt.Scale(domain=list(curves), range=list(curves.values()))
    dash = alt.Scale(domain=list(curves), range=[[1, 0], [7, 3]])
    shape = alt.Scale(domain=list(curves), range=["circle", "square"])
    x = alt.X(
        "products:Q",
        axis=alt.Axis(title="share of products, the most ordered first", format="%", grid=False),
        scale=alt.Scale(domain=[0, 1]),
    )
    y = alt.Y(
        "taken:Q",
        axis=alt.Axis(title="share that goes to them", format="%", domain=False, ticks=False),
        scale=alt.Scale(domain=[0, 1]),
    )
    line = (
        alt.Chart(alt.InlineData(values=points))
        .mark_line(strokeWidth=2.5, aria=False)
        .encode(
            x=x,
            y=y,
            color=alt.Color("curve:N", scale=scale, legend=None),
            strokeDash=alt.StrokeDash("curve:N", scale=dash, legend=None),
        )
    )
    even = [{"products": end, "taken": end} for end in (0, 1)]
    diagonal = (
        alt.Chart(alt.InlineData(values=even))
        .mark_line(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5, aria=False)
        .encode(x=x, y=y)
    )
    share = found.head / len(found.orders)
    marks = _labels(points, share)
    heads = alt.Chart(alt.InlineData(values=marks)).encode(x=x)
    rule = heads.mark_rule(color=QUIET, aria=False).encode(y=alt.value(0), y2=alt.value(_HEIGHT))
    dots = heads.mark_point(filled=True, size=90, opacity=1).encode(
        y=y,
        color=alt.Color("curve:N", scale=scale, legend=None),
        shape=alt.Shape("curve:N", scale=shape, legend=None),
        description="said:N",
    )
    swatch = heads.mark_point(filled=True, size=60, opacity=1, xOffset=16, aria=False).encode(
        y=alt.Y("height:Q"),
        color=alt.Color("curve:N", scale=scale, legend=None),
        shape=alt.Shape("curve:N", scale=shape, legend=None),
    )
    words = [*marks, {"products": 0.6, "height": 0.5, "said": "every product alike"}]
    label = alt.Chart(alt.InlineData(values=words)).encode(x=x, y=alt.Y("height:Q"), text="said:N")
    style: dict[str, Any] = {"align": "left", "dx": 26, "aria": False, "baseline": "middle"}
    # Twice: the first one keeps lines away from the letters.
    behind = label.mark_text(stroke=PAPER, strokeWidth=4, **style)
    name = label.mark_text(color=INK, **style)
    return alt.layer(diagonal, rule, line, dots, swatch, behind, name).properties(
        width=WIDTH - _BESIDE, height=_HEIGHT
    )


def _labels(points: list[dict[str, Any]], share: float) -> list[dict[str, Any]]:
    """Say what each curve has reached at the head's end; as curves rise, there is room below."""
    marks = [
        one | {"said": f"{percent(one['taken'])} of {one['curve']}"}
        for one in points
        if one["products"] == share
    ]
    marks.sort(key=lambda one: -one["taken"])
    lowest = min(one["taken"] for one in marks)
    top = max(lowest, (len(marks) + 1) * _APART)
    for place, one in enumerate(marks, 1):
        one["height"] = top - place * _APART
    return marks
