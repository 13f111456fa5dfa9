"""How many of each month's new customers buy again, month by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nba.measure.alarm import NEWER, OLDER, cohort_alarms
from nba.measure.cohorts import Cohorts
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source
from nba.measure.report.theme import PAPER, QUIET, WIDTH, shades
from nba.measure.report.words import count, percent
from nba.palette import text_on

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

NAME: Final = "cohort-retention"
SHOWN: Final = 24
"""Cohorts that are drawn, the latest ones."""
TITLE: Final = "How many of each month's new customers buy again"
DEFINITIONS: Final[Mapping[str, str]] = {
    "cohort": "customers with an id, by the month (UTC) of their first kept order; n is how many. "
    "The first cohorts of a history also hold who had bought before it begins",
    "months since": "calendar months after that of the first order; month 0, in which all of a "
    "cohort bought, is left out",
    "share": "customers of the cohort with a kept order in that month / n",
    "outlined": "the month is not over, so the share can still grow; not in the colours",
    "older cohorts": f"the {OLDER} before, at most: sum of customers who bought / sum of n",
    "alarm": f"cohorts up to {NEWER} months old bought less often than older ones at the same age "
    "in such months; at most 5 % false alarms in a year of monthly looks",
}
_LEAST: Final = 20
"""Customers of a cohort from which on its shares stretch the colours: few make any share."""
_CELL: Final = (22, 44)
_HEIGHT: Final = 20
_FINE: Final = 0.1
"""Shares of which the greatest is below this need a digit behind the point to differ."""


def rows(found: Cohorts, *, shown: int = SHOWN) -> list[dict[str, Any]]:
    """List the cells to draw: those that have begun, but the first, of the latest cohorts.

    Each has `month`, `since` (months after the first order), `customers`, `active`, `share` and
    `is_finished`. Cohorts without customers have none.
    """
    # The cohort of the last month has nothing but its first cell.
    first = max(len(found.month) - 1 - shown, 0)
    return [
        {
            "month": str(found.month[cohort]),
            "since": since,
            "customers": customers,
            "active": active,
            "share": active / customers,
            "is_finished": bool(found.is_finished[cohort, since]),
        }
        for cohort in range(first, len(found.month) - 1)
        for since in range(1, len(found.month) - cohort)
        if (customers := int(found.customers[cohort]))
        for active in (int(found.active[cohort, since]),)
    ]


def newest(found: Cohorts) -> dict[str, Any] | None:
    """Hold the newest cohort with a finished month after its first against the older ones then.

    Returns:
        `month`, `customers`, `active`, and `older_customers` and `older_active` of up to 24
        cohorts before it, all in the month after the first. None where no such month is over.
    """
    if len(found.month) < 2:
        return None
    ready = np.flatnonzero(found.is_finished[:, 1] & (found.customers > 0))
    if not len(ready):
        return None
    last = int(ready[-1])
    older = slice(max(last - OLDER, 0), last)
    return {
        "month": str(found.month[last]),
        "after": str(found.month[last] + 1),
        "customers": int(found.customers[last]),
        "active": int(found.active[last, 1]),
        "older_customers": int(found.customers[older].sum()),
        "older_active": int(found.active[older, 1].sum()),
    }


def draw(source: Source) -> Picture:
    """Draw the shares of each cohort that bought, a row a cohort and a column a month."""
    cells = rows(source.cohorts)
    if not cells:
        return Picture(
            NAME,
            TITLE,
            "There are no customers yet who could have come back: that takes orders with a "
            "customer id in at least two calendar months.",
            DEFINITIONS,
        )
    return Picture(NAME, TITLE, _reading(source.cohorts), DEFINITIONS, _chart(cells))


def customers_of(number: int) -> str:
    """Write so many customers: "1 customer", "1,204 customers"."""
    return f"{count(number)} customer" + ("" if number == 1 else "s")


def _reading(found: Cohorts) -> str:
    parts = []
    told = newest(found)
    if told is None:
        parts.append("No month after that of a first order is over yet, so all shares can grow.")
    else:
        share = told["active"] / told["customers"]
        parts.append(
            f"Of {customers_of(told['customers'])} new in {told['month']}, {percent(share)} "
            f"bought again in {told['after']}"
        )
        if told["older_customers"]:
            older = percent(told["older_active"] / told["older_customers"])
            parts[-1] += (
                f"; of the {customers_of(told['older_customers'])} of the cohorts before, {older} "
                "did so in the month after their first"
            )
        parts[-1] += "."
    alarms = cohort_alarms(found)
    if alarms and alarms[-1].is_raised:
        last = alarms[-1]
        ratio = "" if last.ratio is None else f" ({percent(last.ratio)} of what was expected)"
        parts.append(
            f"Alarm: after {last.month}, the {count(last.customers)} customers of the two newest "
            f"cohorts had bought again {count(last.active)} times where {count(last.expected)} "
            f"were expected{ratio}: they stay away sooner than older ones did."
        )
    elif alarms:
        parts.append(
            "No alarm: nothing shows that newer customers stay away sooner than older ones."
        )
    if len(found.month) - 1 > SHOWN:
        parts.append(f"The latest {SHOWN} cohorts are shown.")
    return " ".join(parts)


def _colours(cells: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Give the colour of each cell, none to those that are not finished."""
    finished = [one for one in cells if one["is_finished"]]
    firm = [one for one in finished if one["customers"] >= _LEAST] or finished
    most = max((one["share"] for one in firm), default=0.0) or 1.0
    mixed = shades(np.array([min(one["share"] / most, 1.0) for one in cells]))
    return [
        colour if one["is_finished"] else None for one, colour in zip(cells, mixed, strict=True)
    ]


def _chart(cells: Sequence[Mapping[str, Any]]) -> Chart:
    import altair as alt

    digits = 1 if max(one["share"] for one in cells) < _FINE else 0
    values = []
    for one, colour in zip(cells, _colours(cells), strict=True):
        ends = "" if one["is_finished"] else "; the month is not over"
        values.append(
            {
                "head": f"{one['month']} · n={one['customers']:,}",
                "since": one["since"],
                "shown": f"{100 * one['share']:.{digits}f}",
                "fill": colour or PAPER,
                "edge": colour or QUIET,
                "ink": text_on(colour) if colour else QUIET,
                "said": f"{one['month']}, {one['since']} months after: {one['active']:,} of "
                f"{one['customers']:,} customers bought ({percent(one['share'])}){ends}",
            }
        )
    heads = list(dict.fromkeys(one["head"] for one in values))
    columns = max(one["since"] for one in cells)
    width = columns * min(max(WIDTH // columns - 2, _CELL[0]), _CELL[1])
    legend = "percent of the cohort that bought in the month"
    if not all(one["is_finished"] for one in cells):
        legend += "; outlined: the month is not over"
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            "since:O",
            axis=alt.Axis(
                orient="top",
                title=[legend, "months since the first order"],
                labelAngle=0,
                domain=False,
                ticks=False,
            ),
        ),
        y=alt.Y("head:N", sort=heads, axis=alt.Axis(title=None, domain=False, ticks=False)),
        description="said:N",
    )
    cell = base.mark_rect(strokeWidth=1, xOffset=0.5, x2Offset=-1, yOffset=0.5, y2Offset=-1).encode(
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("edge:N", scale=None),
    )
    text = base.mark_text(fontSize=11, aria=False).encode(
        text="shown:N", color=alt.Color("ink:N", scale=None)
    )
    return alt.layer(cell, text).properties(width=width, height=_HEIGHT * len(heads))
