"""How the shop's figures went from month to month, and how sure each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nba.data.logged import logged_playbooks
from nba.domain import iso
from nba.measure import kpis
from nba.measure.report.picture import Picture
from nba.measure.report.pictures.monthly import (
    FIGURES,
    SHARES,
    TOTALS,
    Month,
    interval,
    months,
)
from nba.measure.report.source import Source
from nba.measure.report.theme import HUES, INK, PAPER, QUIET
from nba.measure.report.words import count, decimal, major, money, percent

if TYPE_CHECKING:
    import altair as alt

    from nba.measure.report.picture import Chart

NAME: Final = "kpi-series"
TITLE: Final = "How the shop's figures went from month to month"
SHOWN: Final = 24
"""Months that are drawn, the latest ones."""
LABELS: Final = {
    "revenue": "Revenue",
    "orders": "Orders",
    "average_order_value": "Average order value",
    "repeat_purchase_rate": "Repeat purchase rate",
    "active_customers": "Active customers",
    "useful_share": "Useful messages",
}
DEFINITIONS: Final[Mapping[str, str]] = {
    **{name: kpis.DEFINITIONS[name] for name in FIGURES[:3]},
    "repeat_purchase_rate": "customers with at least 2 orders in the month / with at least 1",
    "active_customers": "customers with an order in the 365 days before the month's end, or before "
    "now; they can only grow in the first year of a history",
    "useful_messages": "delivered messages of the month with a useful action in the attribution "
    "window / all delivered ones; those of the last days may still be followed by one. Useful per "
    "message also counts useful ones of which no delivery is told",
    "band": "95 % interval, from the sums by customer, each guest a customer: how far the figure "
    "would go had other customers happened to come. Normal; of shares Wilson's. It knows nothing "
    "of seasons, and of few buyers it is too narrow: of 40 who spend as differently as people do "
    "(lognormal) it holds the truth in 90 of 100 months, of 400 in 94",
    "change": "of the last month that is over from the one before; of revenue and orders that of a "
    "day's, as months differ in length. Its interval takes into account that many customers are "
    "the same in both. Jointly: as all figures are looked at, each has 1 - 0.05 / 6 = 99.2 % where "
    "there are six (Bonferroni), and all hold at once 95 times of 100",
    "model": "up to where the snapshot knew the shop's data; when it was trained, where that lies "
    "within the months shown",
}
_MONEY: Final = ("revenue", "average_order_value")
_DAILY: Final = ("revenue", "orders")
"""Sums that grow with the days of a month."""
_ALPHA: Final = 0.05
"""Chance that any of the changes lies outside its interval."""
_WIDTH, _HEIGHT = 278, 105


def rows(told: Sequence[Month]) -> list[dict[str, Any]]:
    """List the points: `figure`, `month`, `value`, `low`, `high` and `is_finished`.

    Money in minor units; bounds are None where a figure is of one customer.
    """
    listed = []
    for one in told:
        for name, figure in one.figures.items():
            low, high = interval(name, figure) or (None, None)
            listed.append(
                {
                    "figure": name,
                    "month": str(one.month),
                    "value": figure.value,
                    "low": low,
                    "high": high,
                    "is_finished": one.is_finished,
                }
            )
    return listed


def changes(told: Sequence[Month]) -> list[dict[str, Any]]:
    """Compare the last finished month with the one before, figure by figure.

    Each has `figure`, `month`, `before`, `value`, `change` (a day's, of what grows with the days),
    `low` and `high`, which hold jointly; a figure that one of the two lacks is left out. The bounds
    are None where both months are of one customer at most. None at all where no two months are
    over.
    """
    over = [one for one in told if one.is_finished]
    if len(over) < 2:
        return []
    earlier, later = over[-2:]
    listed = []
    shared = [name for name in FIGURES if name in earlier.figures and name in later.figures]
    errors = NormalDist().inv_cdf(1 - _ALPHA / 2 / len(shared))
    for name in shared:
        new, old = later.figures[name], earlier.figures[name]
        days = (later.days, earlier.days) if name in _DAILY else (1, 1)
        change, error = new.change_from(old, days=days[0], days_before=days[1])
        is_sure = max(new.customers, old.customers) > 1
        listed.append(
            {
                "figure": name,
                "month": str(later.month),
                "before": str(earlier.month),
                "value": new.value,
                "change": change,
                "low": change - errors * error if is_sure else None,
                "high": change + errors * error if is_sure else None,
            }
        )
    return listed


def marks(source: Source) -> list[dict[str, str]]:
    """List the instants to mark, `at` and `label`: what changed by which figures may have changed.

    That is up to where the model knew, when it was made, and when each playbook but the first
    began to decide.
    """
    manifest = source.snapshot.manifest
    later = logged_playbooks(source.shop.path, source.history.as_of)[1:]
    told = (
        (manifest.data_until, "model knew up to here"),
        (manifest.trained_at, "model trained"),
        *((iso(at), f"playbook {name}") for at, name in later),
    )
    end = iso(source.history.as_of) or ""
    # ISO instants of one zone sort as they follow each other.
    begin = str(source.sales.months()[-SHOWN:][0]) if len(source.sales.at) else end
    return [
        {"at": at[:19] + "Z", "label": label} for at, label in told if at and begin <= at <= end
    ]


def draw(source: Source) -> Picture:
    """Draw each figure by month, with a band around it."""
    told = list(months(source.sales, source.message_log, source.message_figures, shown=SHOWN))
    if not any(one.is_finished for one in told):
        return Picture(
            NAME,
            TITLE,
            "No month is over yet: that takes orders up to the end of a calendar month.",
            DEFINITIONS,
        )
    return Picture(
        NAME,
        TITLE,
        _reading(told, source),
        DEFINITIONS,
        _chart(rows(told), marks(source), source.currency, source.history.as_of),
    )


def _reading(told: Sequence[Month], source: Source) -> str:
    currency = source.currency
    found = changes(told)
    if not found:
        text = "Only one month is over, so there is nothing to compare it with."
    else:
        first = found[0]
        text = (
            f"In {first['month']}, {LABELS[first['figure']].lower()} was "
            f"{_written(first['figure'], first['value'], currency)}, {_change(first, currency)} "
            f"against {first['before']}."
        )
        is_sure, sure = _is_beyond_chance(first), list(filter(_is_beyond_chance, found[1:]))
        if sure:
            named = "; ".join(
                f"{LABELS[one['figure']].lower()} {_written(one['figure'], one['value'], currency)}"
                f", {_change(one, currency)}"
                for one in sure
            )
            text += f" Changed beyond chance{', too' if is_sure else ''}: {named}."
        elif any(one["low"] is not None for one in found):
            text += f" No {'other ' if is_sure else ''}figure changed beyond chance."
    if not told[-1].is_finished:
        text += f" {told[-1].month} is not over: its points stand hollow."
    if len(source.sales.months()) > SHOWN:
        text += f" The latest {SHOWN} months are shown."
    return text


def _change(one: Mapping[str, Any], currency: str) -> str:
    """Write a change with its interval: "+120 EUR a day (95 % jointly: -30 to +270)"."""
    name = one["figure"]
    unit = "points" if name in SHARES else currency if name in _MONEY else ""
    text = f"{_signed(name, one['change'], currency)} {unit}".strip()
    text += " a day" if name in _DAILY else ""
    if one["low"] is None:
        return text
    low, high = (_signed(name, one[end], currency) for end in ("low", "high"))
    return f"{text} (95 % jointly: {low} to {high})"


def _is_beyond_chance(one: Mapping[str, Any]) -> bool:
    return one["low"] is not None and (one["low"] > 0 or one["high"] < 0)


def _signed(name: str, value: float, currency: str) -> str:
    size = abs(value)
    if name in SHARES:
        text = f"{100 * size:.1f}"
    else:
        # Orders of a day may be few.
        text = decimal(size) if name == "orders" else _bare(name, size, currency)
    return ("+" if value >= 0 else "-") + text


def _written(name: str, value: float, currency: str) -> str:
    text = _bare(name, value, currency)
    return f"{text} {currency}".strip() if name in _MONEY else text


def _bare(name: str, value: float, currency: str) -> str:
    """Write a figure without the name of its currency."""
    if name in _MONEY:
        return money(value, currency)
    return percent(value) if name in SHARES else count(value)


def _chart(
    points: Sequence[Mapping[str, Any]],
    noted: Sequence[Mapping[str, str]],
    currency: str,
    as_of: np.datetime64,
) -> Chart:
    import altair as alt

    placed = [{**one, "at": _place(one["month"], as_of)} for one in points]
    shown = [name for name in FIGURES if any(one["figure"] == name for one in points)]
    domain = sorted({one["month"] for one in points})
    panels = [
        _panel([one for one in placed if one["figure"] == name], noted, currency, domain, place)
        for place, name in enumerate(shown)
    ]
    pairs = [
        alt.hconcat(*panels[first : first + 2], spacing=34) for first in range(0, len(panels), 2)
    ]
    drawn: Chart = alt.vconcat(*pairs, spacing=22)
    return drawn


def _middle(month: str) -> str:
    return f"{month}-15T00:00:00Z"


def _place(month: str, as_of: np.datetime64) -> str:
    """Give where a month's point stands: in its middle, or at the end of what is known of it."""
    return min(_middle(month), (iso(as_of) or "")[:19] + "Z")


def _panel(
    points: Sequence[Mapping[str, Any]],
    noted: Sequence[Mapping[str, str]],
    currency: str,
    domain: Sequence[str],
    place: int,
) -> Chart:
    import altair as alt

    name = points[0]["figure"]
    unit = 1 / major(1, currency) if name in _MONEY else 1
    values = [
        {
            "at": one["at"],
            "value": one["value"] / unit,
            "low": None if one["low"] is None else one["low"] / unit,
            "high": None if one["high"] is None else one["high"] / unit,
            "over": one["is_finished"],
            "said": f"{LABELS[name]}, {one['month']}: {_told(one, currency)}"
            + ("" if one["is_finished"] else "; not over"),
        }
        for one in points
    ]
    over = [one for one in values if one["over"]]
    rest = values[len(over) :]
    every = -(-len(domain) // 4)
    ends = [f"{domain[0]}-01T00:00:00Z", f"{np.datetime64(domain[-1]) + 1}-01T00:00:00Z"]
    x = alt.X(
        "at:T",
        scale=alt.Scale(type="utc", domain=ends),
        axis=alt.Axis(
            title=None,
            format="%Y-%m",
            values=[_middle(one) for one in domain[::-1][::every]],
            grid=False,
            labelFontSize=11,
        ),
    )
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(zero=name in TOTALS, nice=True, padding=0 if name in TOTALS else 9),
        axis=alt.Axis(
            title=None,
            labelExpr=f"format(datum.value, '{'.0%' if name in SHARES else '~s'}')",
            minExtent=36,
            tickCount=4,
            domain=False,
            ticks=False,
            labelFontSize=11,
        ),
    )

    def of(listed: Sequence[Mapping[str, Any]]) -> alt.Chart:
        return alt.Chart(alt.InlineData(values=list(listed))).encode(x=x, y=y)

    bounded = [one for one in over if one["low"] is not None]
    layers: list[alt.Chart] = [
        of(bounded)
        .mark_area(color=HUES[0], fillOpacity=0.25, aria=False)
        .encode(y=alt.Y("low:Q", title=None), y2="high:Q"),
        of(over).mark_line(color=HUES[0], strokeWidth=1.5, aria=False),
        of(over)
        .mark_point(color=HUES[0], filled=True, size=26, opacity=1)
        .encode(description="said:N"),
    ]
    if rest:
        layers += [
            of([*over[-1:], *rest]).mark_line(
                color=HUES[0], strokeWidth=1.5, strokeDash=[3, 3], aria=False
            ),
            of(rest)
            .mark_point(fill=PAPER, stroke=HUES[0], size=36, opacity=1)
            .encode(description="said:N"),
            of(rest)
            .mark_text(text="not over", align="right", dx=-4, fontSize=10, color=QUIET, aria=False)
            .encode(y=alt.value(_HEIGHT - 7)),
        ]
    if noted:
        base = alt.Chart(alt.InlineData(values=list(noted))).encode(x=x)
        layers.append(base.mark_rule(color=QUIET, strokeDash=[2, 3]).encode(description="label:N"))
        if place < 2:
            layers.append(
                base.mark_text(
                    align="right", baseline="bottom", dx=-3, fontSize=10, color=QUIET, aria=False
                ).encode(y=alt.value(-2), text="label:N")
            )
    label = LABELS[name] + (f", {currency}" if name in _MONEY and currency else "")
    last = next((one for one in reversed(points) if one["is_finished"]), None)
    under = "" if last is None else f"{last['month']}: {_told(last, currency, is_named=False)}"
    return alt.layer(*layers).properties(
        width=_WIDTH,
        height=_HEIGHT,
        title=alt.TitleParams(
            label,
            subtitle=under,
            fontSize=13,
            subtitleFontSize=11,
            subtitleColor=QUIET,
            color=INK,
            offset=12 if noted and place < 2 else 6,
        ),
    )


def _told(one: Mapping[str, Any], currency: str, *, is_named: bool = True) -> str:
    name = one["figure"]
    text = (_written if is_named else _bare)(name, one["value"], currency)
    if one["low"] is None:
        return text
    return f"{text} ({_bare(name, one['low'], currency)} to {_bare(name, one['high'], currency)})"
