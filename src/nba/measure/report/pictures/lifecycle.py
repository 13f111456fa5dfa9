"""How customers move between new, active, at risk and lost from month to month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import Rhythm
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source
from nba.measure.report.theme import INK, QUIET
from nba.measure.report.words import count, percent
from nba.measure.sales import Sales
from nba.palette import RHYTHM_LOOKS, SEGMENT_LOOKS, text_on
from nba.ranges import changes

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

NAME: Final = "lifecycle-flow"
TITLE: Final = "How customers move from month to month"
MONTHS: Final = 6
"""Month ends that are drawn, the latest ones."""
STATES: Final = ("none", "new", "active", "at_risk", "lost")
"""Code order of what a customer is at a month's end; none has not bought yet."""
NONE, NEW, ACTIVE, AT_RISK, LOST = range(5)
DEFINITIONS: Final[Mapping[str, str]] = {
    "new": "customers with an id whose first kept order lies in the month",
    "active": "other customers whose silence is still usual for their own rhythm",
    "at risk": "customers whose silence is rarer than their own rhythm explains, or whom the model "
    "doubts to be there",
    "lost": "the same, beyond doubt; whoever buys again is active at once",
    "rhythm": "the model of purchases that the snapshot learned, asked at each month's end with "
    "the orders up to then; its parameters know the whole history",
    "lost + n": "n customers were lost at every month's end shown; they are counted and not drawn",
}

_LOOKS: Final = {"new": SEGMENT_LOOKS["new"], **RHYTHM_LOOKS}
_WIDTH, _HEIGHT, _BAR, _GAP = 500, 380, 40, 16
"""Pixels of the picture, of a column and between two bands of it."""
_STEPS: Final = 16
"""Straight pieces of a ribbon's edge."""
_LEAST_TEXT: Final = 12
"""Pixels of a band that its count stands in."""


def states(sales: Sales, ends: NDArray[np.datetime64], rhythm: Rhythm) -> NDArray[np.int8]:
    """Say what each customer with an id was at the end of some months.

    Args:
        sales: the kept orders.
        ends: datetime64[M]: the months at the ends of which to look.
        rhythm: its model and limits are used; whom it knows is not.

    Returns:
        int8[ends, customers], codes of `STATES`.
    """
    customers = sales.customer_count
    named = int(np.searchsorted(sales.customer, customers))
    customer, at = sales.customer[:named], sales.at[:named]
    day = at.astype("datetime64[D]")
    fresh = changes(customer)
    is_day = fresh | np.append(False, day[1:] != day[:-1])[:named]
    first_day = np.zeros(customers, "datetime64[D]")
    first_day[customer[fresh]] = day[fresh]
    found = np.zeros((len(ends), customers), np.int8)
    everybody = np.arange(customers)
    for row, month in enumerate(ends):
        end = (month + 1).astype("datetime64[us]")
        early = at < end
        days = np.bincount(customer[is_day & early], minlength=customers).astype(np.int32)
        last_day = first_day.copy()
        # Orders of a customer ascend in time, and the last assignment holds.
        last_day[customer[early]] = day[early]
        then = replace(rhythm, days=days, first_day=first_day, last_day=last_day)
        state = then.state(everybody, end)
        code = np.where(state > 0, state + 1, NONE)
        is_new = (days > 0) & (first_day.astype("datetime64[M]") == month)
        found[row] = np.where(is_new, NEW, code)
    return found


@dataclass(frozen=True, slots=True)
class Flows:
    """Customers who moved, and those who did not.

    Attributes:
        months: such as `2026-03`, at the ends of which was looked.
        bands: per month, customers of each state by its name, in the order of `STATES`; without
            those left out.
        moves: per month but the last, (from, to) → customers.
        left_out: customers who were lost at every end.
    """

    months: tuple[str, ...]
    bands: tuple[Mapping[str, int], ...]
    moves: tuple[Mapping[tuple[str, str], int], ...]
    left_out: int


def flows(sales: Sales, rhythm: Rhythm, *, months: int = MONTHS) -> Flows:
    """Count the customers of each state at the ends of the latest finished months."""
    known = sales.months()
    over = known[(known + 1).astype("datetime64[us]") <= sales.as_of]
    ends = over[-months:]
    state = states(sales, ends, rhythm)
    stays = (state == LOST).all(axis=0) if len(ends) else np.zeros(0, np.bool_)
    state = state[:, ~stays]
    width = len(STATES)
    return Flows(
        tuple(str(one) for one in ends),
        tuple(
            dict(zip(STATES[1:], np.bincount(row, minlength=width)[1:].tolist(), strict=True))
            for row in state
        ),
        tuple(
            {
                (STATES[pair // width], STATES[pair % width]): moved
                for pair, moved in enumerate(np.bincount(cell).tolist())
                if moved and pair // width != NONE
            }
            for cell in (
                before.astype(np.int64) * width + after for before, after in pairwise(state)
            )
        ),
        int(stays.sum()),
    )


def draw(source: Source) -> Picture:
    """Draw the flows between the ends of the latest months."""
    found = flows(source.sales, source.snapshot.rhythm)
    if len(found.months) < 2 or not any(found.moves):
        return Picture(
            NAME,
            TITLE,
            "There are no two months that are over with customers in them: that takes orders with "
            "a customer id.",
            DEFINITIONS,
        )
    return Picture(NAME, TITLE, _reading(found), DEFINITIONS, _chart(found))


def _reading(found: Flows) -> str:
    before, after = found.months[-2:]
    moves, bands = found.moves[-1], found.bands[-2]

    def moved(sources: Sequence[str], targets: Sequence[str]) -> int:
        return sum(moves.get((one, two), 0) for one in sources for two in targets)

    there = bands["new"] + bands["active"]
    quiet = moved(("new", "active"), ("at_risk", "lost"))
    parts = [
        f"Of {count(there)} new or active at the end of {before}, {count(quiet)} "
        f"({percent(quiet / there if there else None)}) had become at risk or lost by the end of "
        f"{after}"
    ]
    if bands["at_risk"]:
        parts.append(
            f"of {count(bands['at_risk'])} at risk, {count(moved(('at_risk',), ('active',)))} "
            f"became active again and {count(moved(('at_risk',), ('lost',)))} lost"
        )
    won = moved(("lost",), ("active", "at_risk"))
    lost = bands["lost"] + found.left_out
    if lost:
        parts.append(f"of {count(lost)} lost, {count(won)} won back")
    text = "; ".join(parts) + f". New in {after}: {count(found.bands[-1]['new'])}."
    if found.left_out:
        text += f" Lost all along, so counted here and not drawn: {count(found.left_out)}."
    return text


@dataclass(frozen=True, slots=True)
class _Band:
    """A state at a month's end: where it stands, in pixels."""

    column: int
    state: str
    customers: int
    top: float
    bottom: float


def _bands(found: Flows) -> tuple[list[_Band], float]:
    """Place the bands below each other; also say how many pixels a customer has."""
    most = max(sum(one.values()) for one in found.bands)
    scale = (_HEIGHT - _GAP * (len(STATES) - 2)) / most
    placed = []
    for column, bands in enumerate(found.bands):
        top = 0.0
        for state, customers in bands.items():
            bottom = top + customers * scale
            placed.append(_Band(column, state, customers, top, bottom))
            top = bottom + _GAP
    return placed, scale


def _left(column: int, columns: int) -> float:
    return column * (_WIDTH - _BAR) / (columns - 1)


def _ribbons(found: Flows) -> Iterator[dict[str, Any]]:
    """Give the points of each ribbon from the band it leaves to the one it comes to."""
    bands, scale = _bands(found)
    place = {(one.column, one.state): one for one in bands}
    columns = len(found.months)
    for column, moves in enumerate(found.moves):
        leaves = {one: place[column, one].top for one in STATES[1:]}
        comes = {one: place[column + 1, one].top for one in STATES[1:]}
        begin, end = _left(column, columns) + _BAR, _left(column + 1, columns)
        # Codes ascend in this order, so no two ribbons of one band cross there.
        for (source, target), customers in moves.items():
            high = customers * scale
            since, until = leaves[source], comes[target]
            leaves[source] += high
            comes[target] += high
            did = "stayed" if source == target else "became"
            said = (
                f"{found.months[column]} to {found.months[column + 1]}: {customers:,} of "
                f"{place[column, source].customers:,} {_LOOKS[source].label.lower()} {did} "
                f"{_LOOKS[target].label.lower()}"
            )
            for step in range(_STEPS + 1):
                share = step / _STEPS
                smooth = share * share * (3 - 2 * share)
                top = since + (until - since) * smooth
                yield {
                    "ribbon": f"{column} {source} {target}",
                    "x": round(begin + (end - begin) * share, 1),
                    "top": round(top, 2),
                    "bottom": round(top + high, 2),
                    "fill": _LOOKS[target].colour,
                    "said": said,
                }


def _chart(found: Flows) -> Chart:
    import altair as alt

    columns = len(found.months)
    bars: list[dict[str, Any]] = []
    inside: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    for band in _bands(found)[0]:
        look = _LOOKS[band.state]
        left, shown = _left(band.column, columns), f"{band.customers:,}"
        told = {"y": (band.top + band.bottom) / 2}
        bars.append(
            {
                "x": left,
                "x2": left + _BAR,
                "top": band.top,
                "bottom": band.bottom,
                "fill": look.colour,
                "said": f"End of {found.months[band.column]}: {shown} {look.label.lower()}",
            }
        )
        if band.column in (0, columns - 1):
            told |= {"edge": left + _BAR if band.column else 0.0, "way": 1 if band.column else -1}
            aside = f" + {found.left_out:,}" if band.state == "lost" and found.left_out else ""
            beside.append(told | {"icon": look.icon, "text": f"{look.label} {shown}{aside}"})
        elif band.bottom - band.top >= _LEAST_TEXT:
            inside.append(told | {"x": left + _BAR / 2, "text": shown, "ink": text_on(look.colour)})
    heads = [
        {"x": _left(column, columns) + _BAR / 2, "y": -14, "text": f"end of {month}"}
        for column, month in enumerate(found.months)
    ]
    across = alt.Scale(domain=[0, _WIDTH], nice=False)
    down = alt.Scale(domain=[_HEIGHT, 0], nice=False)
    x = alt.X("x:Q", scale=across, axis=None)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=down, axis=None)

    fill = alt.Fill("fill:N", scale=None)
    ribbon = (
        alt.Chart(alt.InlineData(values=list(_ribbons(found))))
        .mark_area(fillOpacity=0.4, strokeWidth=0.8)
        .encode(
            x=x,
            y=y("top"),
            y2="bottom:Q",
            detail="ribbon:N",
            fill=fill,
            stroke=alt.Stroke("fill:N", scale=None),
            description="said:N",
        )
    )
    bar = (
        alt.Chart(alt.InlineData(values=bars))
        .mark_rect()
        .encode(x=x, x2="x2:Q", y=y("top"), y2="bottom:Q", fill=fill, description="said:N")
    )

    def text(values: Sequence[Mapping[str, Any]], align: Any, **look: Any) -> alt.Chart:  # noqa: ANN401 - Altair's
        base = alt.Chart(alt.InlineData(values=list(values)))
        words: alt.Chart = base.mark_text(align=align, baseline="middle", aria=False, **look)
        return words.encode(x=x, y=y("y"), text="text:N")

    # By themselves: where a font lacks an icon, another one would draw the words beside it too.
    icons = [
        {"x": one["edge"] + 13 * one["way"], "y": one["y"], "text": one["icon"]} for one in beside
    ]
    names = [one | {"x": one["edge"] + 24 * one["way"]} for one in beside]
    drawn: Chart = alt.layer(
        ribbon,
        bar,
        text(inside, "center", fontSize=11).encode(color=alt.Color("ink:N", scale=None)),
        text(icons, "center", color=INK),
        text([one for one in names if one["way"] < 0], "right", color=INK),
        text([one for one in names if one["way"] > 0], "left", color=INK),
        text(heads, "center", color=QUIET, fontSize=11),
    ).properties(width=_WIDTH, height=_HEIGHT)
    return drawn
