"""What is bought with one product, and what else belongs to it, as a graph around it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nba.errors import ConfigError
from nba.measure.report import lift
from nba.measure.report.partners import ENOUGH, TIES, Around, Kind, Tie, around, busiest
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source
from nba.measure.report.theme import HUES, INK, PAPER, QUIET
from nba.measure.report.words import count

if TYPE_CHECKING:
    import altair as alt

NAME: Final = "bought-together"
TITLE: Final = "What is bought with one product"
LABEL: Final = 24
"""Letters of a title that are shown."""
DEFINITIONS: Final[Mapping[str, str]] = {
    "bought together": "stands on the product's bought-together list in the snapshot, before the "
    "shop's rules and what can be ordered at the moment are looked at",
    "accessory": "stands first on its list of accessories",
    "replacement": "its successor, a spare part or refill of it, or what can stand in for it",
    "width of a line": f"times as often in one order as by chance: {lift.DEFINITION}; thinnest "
    "where orders with variants or categories, or the catalogue, tie the two",
    "times as often as by chance, counted cautiously": f"the same figure; said of {ENOUGH} orders "
    "with both and more. The plain ratio, without the additions, is farther from 1",
    "grey lines": f"the {TIES} strongest pairs among the products around, at most",
    "size of a mark": "kept orders with the product",
}
WIDE: Final = 740
"""Pixels from the left end of labels to the right one."""
STEP: Final = 38
"""Pixels from one label to the one below it."""
MARK: Final = 12
"""Pixels from the middle of the greatest mark to its edge."""
ASIDE: Final = 16
"""Pixels from the middle of a mark to its label."""
_RINGS: Final = (92.0, 168.0)
"""Half the width of the inner and of the outer ring."""
_MOVES: Final = sorted(range(-24, 33, 2), key=abs)
"""Pixels outwards by which a product may leave the inner ring."""
_ONE_RING: Final = 140.0
_FEW: Final = 4
"""Products of a side that stand on one ring."""
_TALLER: Final = 1.12
"""How much taller a ring is than the place of its last product."""
_MARGIN: Final = 24
_LOOKS: Final = {
    Kind.TOGETHER: (HUES[0], [1, 0], "circle"),
    Kind.ACCESSORY: (HUES[1], [7, 3], "square"),
    Kind.REPLACEMENT: (HUES[3], [2, 3], "diamond"),
}
_THINNEST: Final = 1.5
_WIDEST: Final = 7.0
"""Pixels of the lines of the least and of the greatest lift."""
_MODEST: Final = 5.0
"""The lift that has such a line where all others are smaller."""
_NAMED: Final = 3
"""Partners that the reading names."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a product stands, pixels from the one in the middle; y counts downwards.

    Attributes:
        x, y: its middle.
        is_left: its label stands to the left of it, else to the right.
    """

    x: float
    y: float
    is_left: bool


def places(number: int) -> list[Place]:
    """Give room to so many products around one, those of the inner ring first.

    Each ring is told clockwise from its top. Every product has a row of its own on its side, so
    that no label meets another, nor a mark.
    """
    right = [(y, False) for y in _rows((number + 1) // 2)]
    left = [(y, True) for y in _rows(number // 2)]
    if (number + 1) // 2 <= _FEW:
        return _ring(right, left, _ONE_RING)
    inner, outer = _RINGS
    beyond = _ring(right[::2], left[::2], outer)
    return [*(_aside(one, beyond) for one in _ring(right[1::2], left[1::2], inner)), *beyond]


def shortened(title: str, length: int = LABEL) -> str:
    """Cut a title, and say so by three dots."""
    title = " ".join(title.split())
    return title if len(title) <= length else f"{title[: length - 1].rstrip(' ,;-')}…"


def labels(titles: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Cut titles; of those that look alike then, the middle instead of the end, or name the id."""
    half = LABEL // 2
    short = [shortened(one) for one in titles]
    often = Counter(short)
    short = [
        f"{shortened(title, half)}{title[1 - half :].strip()}"
        if often[one] > 1 and len(title) > LABEL
        else one
        for one, title in zip(short, titles, strict=True)
    ]
    often = Counter(short)
    return [
        f"{shortened(title, half)} {shortened(product, half)}" if often[one] > 1 else one
        for one, title, product in zip(short, titles, ids, strict=True)
    ]


def draw(source: Source, *, product_id: str | None = None) -> Picture:
    """Draw what is around a product.

    Args:
        source: what is known.
        product_id: the product; by default the best seller with `LEAST` partners, at least.

    Raises:
        ConfigError: the snapshot knows no such product.
    """
    snapshot = source.snapshot
    if product_id is None:
        centre = busiest(snapshot)
    else:
        centre = snapshot.products.ids.find(product_id)
        if centre is None:
            raise ConfigError(
                f"the snapshot {snapshot.id} knows no product {product_id!r}; name one of the "
                "catalogue, or none for the best seller"
            )
    if centre is None:
        return Picture(
            NAME,
            TITLE,
            "No two products were in one order often enough; this takes orders of two products "
            "and more.",
            DEFINITIONS,
        )
    titles = source.titles()
    found = around(snapshot, centre)
    title = f"{TITLE}: {titles[centre]}"
    if not found.spokes:
        return Picture(
            NAME, title, "Nothing is known to belong to this product: no orders with both, no "
            "accessory and no replacement.", DEFINITIONS,
        )  # fmt: skip
    names = labels([titles[one.second] for one in found.spokes], _ids(source, found))
    chart = _chart(found, titles, names, snapshot.products.orders.tolist())
    return Picture(NAME, title, _reading(found, titles, source), DEFINITIONS, chart)


def _rows(number: int) -> list[float]:
    step = STEP if number > _FEW else 1.6 * STEP
    return [step * (one - (number - 1) / 2) for one in range(number)]


def _ring(
    right: Sequence[tuple[float, bool]], left: Sequence[tuple[float, bool]], wide: float
) -> list[Place]:
    rows = [*right, *reversed(left)]
    tall = _TALLER * max((abs(y) for y, _ in rows), default=0.0) or 1.0
    return [
        Place((-wide if is_left else wide) * math.sqrt(1 - (y / tall) ** 2), y, is_left)
        for y, is_left in rows
    ]


def _aside(place: Place, beyond: Sequence[Place]) -> Place:
    """Move a product along its row, as little as need be, off the lines to those farther out."""
    moved = [
        Place(place.x + (-by if place.is_left else by), place.y, place.is_left) for by in _MOVES
    ]

    def room(one: Place) -> float:
        # From its middle to each line, which begins in the middle of the picture.
        return min(abs(one.x * far.y - one.y * far.x) / math.hypot(far.x, far.y) for far in beyond)

    return next((one for one in moved if room(one) >= MARK + 2), max(moved, key=room))


def _reading(found: Around, titles: Sequence[str], source: Source) -> str:
    orders = count(int(source.snapshot.products.orders[found.centre]))
    name = f"“{titles[found.centre]}” ({orders} orders)"
    partners = [one for one in found.spokes if one.kind is Kind.TOGETHER]
    own = [one for one in partners if one.lift is not None]
    above = [one for one in own if (one.lift or 0.0) > 1]
    sure = [one for one in above if one.orders >= ENOUGH]
    if sure:
        text = f"Beyond chance, {name} goes most with {_named(sure, titles)}."
    elif above:
        most = sorted(above, key=lambda one: -one.orders)
        text = (
            f"{name} was most often in one order with {_named(most, titles)}: fewer than {ENOUGH} "
            "orders, which may be chance."
        )
    elif own:
        text = f"No product is in one order with {name} more often than by chance."
    elif partners:
        text = (
            f"No product shared enough orders with {name} itself; the lines rest on its variants, "
            "its category, or what customers bought at other times."
        )
    else:
        text = f"Nothing is known to be bought together with {name}."
    if found.partner_count > found.partners_shown:
        text += (
            f" Of the {count(found.partner_count)} products on its bought-together list, "
            f"{count(found.partners_shown)} are shown."
        )
    return text


def _named(ties: Sequence[Tie], titles: Sequence[str]) -> str:
    return "; ".join(f"“{titles[one.second]}” ({one.says})" for one in ties[:_NAMED])


def _ids(source: Source, found: Around) -> list[str]:
    return [source.snapshot.products.ids[one.second] for one in found.spokes]


def _chart(
    found: Around, titles: Sequence[str], names: Sequence[str], orders: Sequence[int]
) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    spots = {
        tie.second: place
        for tie, place in zip(found.spokes, places(len(found.spokes)), strict=True)
    }
    low = max(abs(one.y) for one in spots.values()) + _MARGIN
    middle = Place(0.0, 0.0, is_left=False)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-WIDE / 2, WIDE / 2], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[low, -low], nice=False))
    known = [str(kind) for kind in Kind if any(one.kind is kind for one in found.spokes)]
    looks = [_LOOKS[Kind(one)] for one in known]
    most = max([_MODEST, *(one.lift or 1.0 for one in (*found.spokes, *found.between))])
    width = alt.StrokeWidth(
        "lift:Q",
        scale=alt.Scale(type="log", domain=[1, most], range=[_THINNEST, _WIDEST], clamp=True),
        legend=alt.Legend(
            title="times as often in one order as by chance",
            values=_marked(most),
            format=".2~g",
            symbolStrokeColor=QUIET,
            titleLimit=300,
            orient="bottom",
        ),
    )

    def lines(ties: Sequence[Tie]) -> list[dict[str, Any]]:
        ends = [(spots.get(one.first, middle), spots.get(one.second, middle)) for one in ties]
        return [
            {"x": a.x, "y": a.y, "x2": b.x, "y2": b.y, "kind": str(one.kind)}
            | {"lift": max(one.lift or 1.0, 1.0)}
            | {"said": f"{titles[one.first]} and {titles[one.second]}, {one.kind}: {one.says}"}
            for one, (a, b) in zip(ties, ends, strict=True)
        ]

    between = (
        alt.Chart(alt.InlineData(values=lines(found.between)))
        .mark_rule(color=QUIET, strokeOpacity=0.4)
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q", strokeWidth=width, description="said:N")
    )
    legend = alt.Legend(title=None, symbolStrokeWidth=3, symbolSize=400, columnPadding=28)
    spokes = (
        alt.Chart(alt.InlineData(values=lines(found.spokes)))
        .mark_rule()
        .encode(
            x=x,
            y=y,
            x2="x2:Q",
            y2="y2:Q",
            strokeWidth=width,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=known, range=[one[0] for one in looks]),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "kind:N",
                scale=alt.Scale(domain=known, range=[one[1] for one in looks]),
                legend=legend,
            ),
            description="said:N",
        )
    )
    greatest = max([orders[found.centre], *(orders[one] for one in spots)]) or 1
    marks = [
        {
            "x": place.x,
            "y": place.y,
            "size": 60 + (math.pi * MARK**2 - 60) * orders[code] / greatest,
            "fill": INK if kind is None else _LOOKS[kind][0],
            "shape": "circle" if kind is None else _LOOKS[kind][2],
            "said": f"{titles[code]}: {count(orders[code])} orders",
        }
        for code, place, kind in [
            (found.centre, middle, None),
            *((one.second, spots[one.second], one.kind) for one in found.spokes),
        ]
    ]
    nodes = (
        alt.Chart(alt.InlineData(values=marks))
        .mark_point(opacity=1, filled=True, stroke=PAPER, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            size=alt.Size("size:Q", scale=None),
            fill=alt.Fill("fill:N", scale=None),
            shape=alt.Shape("shape:N", scale=None),
            description="said:N",
        )
    )
    layers: list[Any] = [between, spokes, nodes]
    for align, left in (("right", True), ("left", False)):
        texts = [
            {"x": place.x + (-ASIDE if left else ASIDE), "y": place.y, "text": text}
            for place, text in zip(spots.values(), names, strict=True)
            if place.is_left is left
        ]
        layers += _text(texts, x, y, align=align, baseline="middle", fontSize=11)
    own = {"x": 0, "y": MARK + 12, "text": _wrapped(shortened(titles[found.centre], 2 * LABEL))}
    layers += _text([own], x, y, align="center", fontSize=12, fontWeight="bold", lineBreak="\n")
    return alt.layer(*layers).properties(width=WIDE, height=2 * low)


def _text(texts: list[dict[str, Any]], x: alt.X, y: alt.Y, **style: Any) -> list[alt.Chart]:  # noqa: ANN401 - Altair's
    """Write labels twice: the first one keeps lines away from the letters."""
    import altair as alt

    base = alt.Chart(alt.InlineData(values=texts)).encode(x=x, y=y, text="text:N")
    return [
        base.mark_text(stroke=PAPER, strokeWidth=4, aria=False, **style),
        base.mark_text(color=INK, aria=False, **style),
    ]


def _wrapped(title: str) -> str:
    """Break a title into lines of about the same length, as short as the middle has room for."""
    lines, line = [], ""
    for word in title.split():
        if line and len(line) + len(word) >= LABEL * 2 // 3:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def _marked(most: float) -> list[int]:
    """Give the lifts that the legend shows."""
    return [one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500) if one <= most][-4:]
