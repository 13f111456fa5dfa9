"""What a customer brings, month by month since the first order, a line a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.measure.cohorts import Cohorts
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source
from nba.measure.report.theme import HUES, INK, PAPER, QUIET, WIDTH
from nba.measure.report.words import count, major, money

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

NAME: Final = "cohort-value"
TITLE: Final = "What a new customer has brought after so many months"
LINES: Final = 8
"""Lines that are drawn, the latest ones; more months than that go by quarters."""
DEFINITIONS: Final[Mapping[str, str]] = {
    "cohort": "customers with an id, by the month or quarter (UTC) of their first kept order; n is "
    "how many",
    "months since": "calendar months after that of the first order; 0 is that month itself",
    "revenue a customer": "sum of what the cohort's kept orders brought up to the end of that "
    "month / n, whoever bought; only months that are over for the whole cohort",
}
_QUARTER: Final = 3
_HEIGHT: Final = 320
_LABEL: Final = 120


def rows(found: Cohorts, *, lines: int = LINES) -> list[dict[str, Any]]:
    """List the points of each cohort's line: months that are over for all of its customers.

    Each has `cohort` (a month, or a quarter such as `2026-Q1` where there are more months than
    lines), `since`, `customers`, `revenue` (minor units, of all of them up to then) and
    `per_customer` (minor units). Cohorts without customers, and quarters of which a month is
    not known whole, have none.
    """
    if not len(found.month):
        return []
    number = found.month.astype(np.int64)
    by_quarter = int(found.is_finished[:, 0].sum()) > lines
    code = number // _QUARTER if by_quarter else number
    total = found.cumulative_revenue
    listed = []
    for one in np.unique(code):
        member = np.flatnonzero(code == one)
        customers = int(found.customers[member].sum())
        # The first and the last quarter may have months of which nothing is known.
        is_whole = not by_quarter or len(member) == _QUARTER
        if not customers or not is_whole:
            continue
        over = found.is_finished[member].all(axis=0)
        listed.append(
            [
                {
                    "cohort": _name(found.month[member[0]], by_quarter=by_quarter),
                    "since": since,
                    "customers": customers,
                    "revenue": revenue,
                    "per_customer": revenue / customers,
                }
                for since in np.flatnonzero(over).tolist()
                for revenue in (int(total[member, since].sum()),)
            ]
        )
    return [row for line in [one for one in listed if one][-lines:] for row in line]


def draw(source: Source) -> Picture:
    """Draw the revenue a customer of each cohort by the months since the first order."""
    points = rows(source.cohorts)
    if not points:
        return Picture(
            NAME,
            TITLE,
            "No month of a first order is over yet: that takes orders with a customer id in a "
            "calendar month that has ended.",
            DEFINITIONS,
        )
    currency = source.currency
    return Picture(NAME, TITLE, _reading(points, currency), DEFINITIONS, _chart(points, currency))


def _name(month: NDArray[np.datetime64], *, by_quarter: bool) -> str:
    text = str(month)
    return f"{text[:4]}-Q{(int(text[5:]) + 2) // 3}" if by_quarter else text


def _reading(points: Sequence[Mapping[str, Any]], currency: str) -> str:
    last = points[-1]
    text = (
        f"Customers new in {last['cohort']} ({count(last['customers'])}) have brought "
        f"{_amount(last['per_customer'], currency)} each {_within(last['since'])}"
    )
    same = [
        one for one in points if one["since"] == last["since"] and one["cohort"] != last["cohort"]
    ]
    if same:
        customers = sum(one["customers"] for one in same)
        before = sum(one["revenue"] for one in same) / customers
        text += (
            f"; those of the earlier lines ({count(customers)}) had brought "
            f"{_amount(before, currency)} each by then"
        )
    longest = max(points, key=lambda one: (one["since"], one["cohort"]))
    if longest["cohort"] != last["cohort"]:
        text += (
            f". Those of {longest['cohort']}, the longest known, come to "
            f"{_amount(longest['per_customer'], currency)} {_within(longest['since'])}"
        )
    return text + "."


def _within(since: int) -> str:
    if not since:
        return "in the month of the first order"
    return f"up to month {since} after the first order"


def _amount(minor: float, currency: str) -> str:
    return f"{money(minor, currency)} {currency}".strip()


def _chart(points: Sequence[Mapping[str, Any]], currency: str) -> Chart:
    import altair as alt

    cohorts = list(dict.fromkeys(one["cohort"] for one in points))
    # The newest ones are what a shop can still do something about; the others are what is usual.
    looks = {one: (QUIET, 1.2) for one in cohorts}
    looks |= dict(zip(reversed(cohorts), ((HUES[1], 3.0), (HUES[0], 2.2)), strict=False))
    values = [
        {
            "cohort": one["cohort"],
            "since": one["since"],
            "paid": major(one["per_customer"], currency),
            "hue": looks[one["cohort"]][0],
            "thick": looks[one["cohort"]][1],
            "said": f"{one['cohort']}: {_amount(one['per_customer'], currency)} a customer "
            f"{_within(one['since'])}, of {one['customers']:,} customers",
            "label": f"{one['cohort']} · n={one['customers']:,}",
        }
        for one in points
    ]
    ends = {one["cohort"]: one for one in values}
    unit = f", {currency}" if currency else ""
    most = max(one["since"] for one in values)
    x = alt.X(
        "since:Q",
        scale=alt.Scale(domain=[0, max(most, 1)]),
        axis=alt.Axis(title="months since the first order", tickMinStep=1, format="d", grid=False),
    )
    y = alt.Y(
        "paid:Q",
        scale=alt.Scale(zero=True),
        axis=alt.Axis(title=f"revenue a customer{unit}", format=",~r", tickCount=6),
    )
    colour = alt.Color("hue:N", scale=None)
    base = alt.Chart(alt.InlineData(values=values)).encode(x=x, y=y)
    line = base.mark_line(aria=False).encode(
        color=colour, strokeWidth=alt.StrokeWidth("thick:Q", scale=None), detail="cohort:N"
    )
    dot = base.mark_point(filled=True, size=22, opacity=1).encode(
        color=colour, description="said:N"
    )
    label = alt.Chart(alt.InlineData(values=list(ends.values()))).encode(x=x, y=y, text="label:N")
    place: dict[str, Any] = {"align": "left", "dx": 7, "fontSize": 11, "aria": False}
    halo = label.mark_text(**place, stroke=PAPER, strokeWidth=4, color=PAPER)
    name = label.mark_text(**place, color=INK)
    return alt.layer(line, dot, halo, name).properties(width=WIDTH - _LABEL, height=_HEIGHT)
