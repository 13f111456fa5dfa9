"""How long until customers buy the same product again, and when the message about it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.repurchase import LIKELY
from nba.artifacts.snapshot import Snapshot
from nba.data.history import Baskets
from nba.domain import DAY, MICROSECOND
from nba.measure.estimate import NORMAL_95, Floats
from nba.measure.report import theme
from nba.measure.report.picture import Picture
from nba.measure.report.pictures.categories import labels
from nba.measure.report.source import Source

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

NAME: Final = "replacement-times"
TITLE: Final = "How long until customers buy the same product again"
SHOWN: Final = 4
LEAST_REPEATS: Final = 20
LEAST_WAITING: Final = 10
"""Repeats from which on a curve is drawn, and gaps still open down to which it goes on."""
_MEDIANS: Final = 8
_LEAST_DRAWN: Final = 60
"""Medians, or days to the message, that are drawn; and days at least."""
_POINTS: Final = 150
_TICKS: Final = 40
_NAME: Final = 38
_LONG: Final = 60
"""Letters of a name in the picture, and in the words beside it."""
_LOW: Final = 0.12
_HIGH: Final = 0.9
"""Shares below and above which no word has room between a line and the edge."""
_SIZE: Final = (270, 170)
_DAY: Final = int(DAY / MICROSECOND)

DEFINITIONS: Final = {
    "not bought again": (
        "Kaplan and Meier's share of purchases after which the customer has not bought the same "
        "product again by that day, over all products of a category; orders of a day are one, "
        "guests are left out; ticks are purchases whose wait the end of the history cuts off; "
        "drawn up to eight times the median or the day of the message, whichever is later"
    ),
    "95 % band": "Greenwood's, with each wait on its own, though one customer may have several",
    "Weibull": "the distribution exp(-(t / scale)^shape) of greatest likelihood, cuts included",
    "median": "the day by which half of the purchases have been followed by another",
    "message due": (
        "what the policy waits for: the median, over customers who are likely to need the product "
        "again, of the days between their last purchase and the date the snapshot foretells for "
        "the next; a message's `after` in the playbook counts from it"
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Purchases of one thing, each with the wait until it was bought again, or was cut off.

    Attributes:
        name: of the thing, for people.
        days: int64 per purchase, 1 or more.
        ended: bool per purchase: it was bought again; else the history ends first.
        due_days: days after a purchase at which the message is due, by the snapshot; None where
            the snapshot waits for no customer.
    """

    name: str
    days: NDArray[np.int64]
    ended: NDArray[np.bool_]
    due_days: float | None = None

    def curve(self) -> list[dict[str, float]]:
        """Give the share not bought again by each day on which one was, from day 0 on.

        Returns:
            One row a day: `day`, `share`, and its bounds `low` and `high`; as long as
            `LEAST_WAITING` purchases or more were still waiting.
        """
        size = int(self.days.max(initial=0)) + 1
        events = np.bincount(self.days[self.ended], minlength=size)
        waiting = np.cumsum(np.bincount(self.days, minlength=size)[::-1])[::-1]
        at = np.flatnonzero((events > 0) & (waiting >= LEAST_WAITING))
        died, among = events[at], waiting[at]
        share = np.cumprod(1 - died / among)
        left = np.maximum(among - died, 1)
        error = share * np.sqrt(np.cumsum(died / (among * left)))
        rows = [{"day": 0.0, "share": 1.0, "low": 1.0, "high": 1.0}]
        bounds = np.clip(share - NORMAL_95 * error, 0, 1), np.clip(share + NORMAL_95 * error, 0, 1)
        columns = at, share, *bounds
        for day, one, low, high in zip(*(each.tolist() for each in columns), strict=True):
            rows.append({"day": float(day), "share": one, "low": low, "high": high})
        return rows

    @property
    def last_day(self) -> int:
        """The last day that `LEAST_WAITING` purchases or more waited for; 0 where none did."""
        if len(self.days) < LEAST_WAITING:
            return 0
        return int(np.partition(self.days, -LEAST_WAITING)[-LEAST_WAITING])

    @property
    def drawn_days(self) -> int:
        """Up to which day the curve is drawn: where it says most, and not beyond its end."""
        told = max(self.median() or 0, self.due_days or 0)
        wanted = max(round(_MEDIANS * told), _LEAST_DRAWN) if told else self.last_day
        return max(min(wanted, self.last_day), 2)

    def median(self) -> float | None:
        """Give the day by which half were bought again; None where it never comes to that."""
        return next((one["day"] for one in self.curve() if one["share"] <= 0.5), None)

    def weibull(self) -> tuple[float, float] | None:
        """Fit shape and scale by greatest likelihood, cut waits included.

        Of a shape k the best scale is (sum t^k / repeats)^(1/k), and k solves
        sum t^k ln t / sum t^k - 1 / k = the mean of ln t over repeats.

        Returns:
            None where fewer than two waits of different length ended, which has no such shape.
        """
        from scipy.optimize import brentq

        log = np.log(self.days.astype(np.float64))
        ended = log[self.ended]
        if len(np.unique(ended)) < 2:
            return None
        top = float(log.max())

        def slope(shape: float) -> float:
            weight = np.exp(shape * (log - top))
            return float((weight * log).sum() / weight.sum() - 1 / shape - ended.mean())

        try:
            shape = float(brentq(slope, 0.01, 100.0))
        except ValueError:
            return None
        total = np.exp(shape * (log - top)).sum() / len(ended)
        return shape, float(np.exp(top + np.log(total) / shape))


def waits(source: Source, shown: int = SHOWN) -> list[Waits]:
    """Give the waits of what is bought again most often, most first.

    By category where the shop has any, else by product; things bought again fewer than
    `LEAST_REPEATS` times are left out.
    """
    products = source.snapshot.products
    titles, category = source.titles(), products.category
    names, code = _things(list(category), titles)
    days, ended, product = _gaps(source.history.baskets(), products.ids.codes())
    thing = code[product]
    repeats = np.bincount(thing[ended & (thing >= 0)], minlength=len(names))
    due, owner = _due_days(source.snapshot)
    due_thing = code[source.snapshot.customers.product[owner]] if len(owner) else owner
    best = sorted(range(len(names)), key=lambda place: (-repeats[place], names[place]))[:shown]
    best = [one for one in best if repeats[one] >= LEAST_REPEATS]
    told = [names[one] for one in best]
    found = []
    for one, name in zip(best, labels(told, length=_LONG) if any(category) else told, strict=True):
        of_it, waited = thing == one, due[due_thing == one]
        when = float(np.median(waited)) if len(waited) else None
        found.append(Waits(name, days[of_it], ended[of_it], when))
    return found


def draw(source: Source) -> Picture:
    """Draw up to four curves of waits, each with its median and the day of the message."""
    found = waits(source)
    if not found:
        return Picture(
            NAME,
            TITLE,
            f"Nothing was bought again {LEAST_REPEATS} times by customers with an id yet; orders "
            "of a longer time, with a customer id, would tell.",
        )
    return Picture(NAME, TITLE, _reading(found), DEFINITIONS, _chart(found))


def _things(category: Sequence[str], titles: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Name the things that are bought again; and give the thing of every product, -1 for none."""
    names = sorted({one for one in category if one})
    if not names:
        return list(titles), np.arange(len(titles))
    place = {name: number for number, name in enumerate(names)}
    code = np.array([place.get(one, -1) for one in category], np.int64)
    return names, code


def _gaps(
    baskets: Baskets,
    codes: Any,  # noqa: ANN401
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Give days, whether it ended, and the product of every wait of a customer with an id."""
    place = np.array([codes.get(one, -1) for one in baskets.product_ids], np.int64)
    customer = np.repeat(baskets.customer, baskets.size)
    product = place[baskets.product]
    day = np.repeat(baskets.at.astype(np.int64) // _DAY, baskets.size)
    kept = (customer < len(baskets.customer_ids)) & (product >= 0)
    customer, product, day = customer[kept], product[kept], day[kept]
    order = np.lexsort((day, product, customer))
    customer, product, day = customer[order], product[order], day[order]
    if not len(day):
        return day, day > 0, product
    same = (customer[1:] == customer[:-1]) & (product[1:] == product[:-1])
    first = np.append(True, ~same | (day[1:] != day[:-1]))
    customer, product, day = customer[first], product[first], day[first]
    same = (customer[1:] == customer[:-1]) & (product[1:] == product[:-1])
    ended = np.append(same, False)
    until = np.append(day[1:], 0)
    until[~ended] = baskets.as_of.astype(np.int64) // _DAY
    return np.maximum(until - day, 1), ended, product


def _due_days(snapshot: Snapshot) -> tuple[Floats, NDArray[np.int64]]:
    """Give the days from the last purchase to the foretold date of each cell that is waited for."""
    clocks = snapshot.repurchase
    cell = np.flatnonzero(clocks.known & (clocks.share >= np.float32(LIKELY)))
    last = clocks.last_day[cell].astype("datetime64[D]").astype("datetime64[us]")
    return np.asarray((clocks.first_due(cell) - last) / DAY, np.float64), cell


def _reading(found: Sequence[Waits]) -> str:
    one = found[0]
    median, repeats = one.median(), int(one.ended.sum())
    half = (
        f"half of them by day {median:.0f}"
        if median is not None
        else f"{1 - one.curve()[-1]['share']:.0%} of them by day {one.last_day}"
    )
    due = (
        "no message is due, as nobody is likely enough to need it"
        if one.due_days is None
        else f"the message is due about day {one.due_days:.0f}"
    )
    others = f" The {len(found)} most bought again are shown." if found[1:] else ""
    return (
        f"{one.name}: of {len(one.days):,} purchases {repeats:,} were followed by another of the "
        f"same product, {half}; {due}.{others}"
    )


def _chart(found: Sequence[Waits]) -> Chart:
    import altair as alt

    panels = [_panel(one, is_left=not place % 2) for place, one in enumerate(found)]
    rows = [alt.hconcat(*panels[place : place + 2]) for place in range(0, len(panels), 2)]
    return alt.vconcat(*rows)


def _panel(one: Waits, *, is_left: bool) -> Chart:
    import altair as alt

    end = one.drawn_days
    curve = _thinned(one, end)
    wide = alt.Scale(domain=[0, end], nice=False)
    x = alt.X("day:Q", title="days after the purchase", scale=wide, axis=alt.Axis(tickCount=5))
    y = alt.Y(
        "share:Q",
        title="not bought again" if is_left else None,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", tickCount=5),
    )

    def plain(rows: list[dict[str, Any]]) -> alt.Chart:
        return alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)

    layers: list[Any] = [
        plain(curve)
        .mark_area(color=theme.HUES[0], opacity=0.25, interpolate="step-after", aria=False)
        .encode(y=alt.Y("low:Q"), y2="high:Q"),
        plain(curve).mark_line(color=theme.HUES[0], strokeWidth=2, interpolate="step-after"),
        plain(_ticks(one, curve)).mark_tick(
            color=theme.HUES[0], orient="vertical", size=8, thickness=1, aria=False
        ),
    ]
    fit = one.weibull()
    if fit is not None:
        shape, scale = fit
        days = np.linspace(0, end, 61)
        line = [
            {"day": float(day), "share": float(np.exp(-((day / scale) ** shape)))} for day in days
        ]
        layers.append(
            plain(line).mark_line(color=theme.HUES[1], strokeWidth=1.5, strokeDash=[5, 3])
        )
        place = line[33]
        share, above = _beside(place["share"], _share_at(curve, place["day"]))
        layers.append(
            plain([place | {"share": share, "word": f"Weibull, shape {shape:.2f}"}])
            .mark_text(
                color=theme.HUES[1],
                align="left" if above else "right",
                dx=3 if above else -3,
                dy=-9 if above else 9,
                fontSize=11,
                aria=False,
            )
            .encode(text="word:N")
        )
    layers += _rules(one, end, wide, is_high=curve[-1]["share"] > 0.55)
    name = one.name if len(one.name) <= _NAME else f"{one.name[: _NAME - 1]}…"
    title = alt.TitleParams(
        name,
        subtitle=f"{len(one.days):,} purchases, {int(one.ended.sum()):,} bought again",
        fontSize=13,
        subtitleColor=theme.QUIET,
        subtitleFontSize=11,
        offset=6,
    )
    return alt.layer(*layers).properties(width=_SIZE[0], height=_SIZE[1], title=title)


def _beside(fit: float, counted: float) -> tuple[float, bool]:
    """Place the word at the dashed line: at which share, and whether above it or below.

    It stands on the side where the other line is not, if there is room between it and the edge;
    else on the far side of both.
    """
    if fit < _LOW or (fit >= counted and fit <= _HIGH):
        return max(fit, counted), True
    if counted > _HIGH or fit > _HIGH:
        return min(fit, counted), False
    return fit, False


def _rules(one: Waits, end: int, wide: Any, *, is_high: bool) -> list[Any]:  # noqa: ANN401
    """Mark the median and the day of the message, with their words where the curve is not."""
    import altair as alt

    heights = (0.33, 0.2) if is_high else (0.93, 0.8)
    told = [
        ("half again", one.median(), heights[0], theme.HUES[2], [2, 2]),
        ("message due", one.due_days, heights[1], theme.HUES[3], [1, 0]),
    ]
    layers: list[Any] = []
    for word, day, height, colour, dash in told:
        if day is None or day > end:
            continue
        is_late = day > 0.55 * end
        row = {"day": day, "share": height, "word": f"{word}: day {day:.0f}", "zero": 0, "one": 1}
        row["said"] = f"{one.name}, {row['word']}"
        base = alt.Chart(alt.InlineData(values=[row])).encode(x=alt.X("day:Q", scale=wide))
        layers += [
            base.mark_rule(color=colour, strokeWidth=1.5, strokeDash=dash).encode(
                y="zero:Q", y2="one:Q", description="said:N"
            ),
            base.mark_text(
                color=colour,
                align="right" if is_late else "left",
                dx=-5 if is_late else 5,
                fontSize=11,
                aria=False,
            ).encode(y="share:Q", text="word:N"),
        ]
    return layers


def _thinned(one: Waits, end: int) -> list[dict[str, Any]]:
    """Give the curve, up to a day, in steps that an eye can tell apart."""
    curve = [row for row in one.curve() if row["day"] <= end]
    step = max(end / _POINTS, 1.0)
    kept: dict[int, dict[str, Any]] = {}
    for row in curve:
        kept[int(np.ceil(row["day"] / step))] = row
    rows = list(kept.values())
    return [*rows, rows[-1] | {"day": float(end)}]


def _ticks(one: Waits, curve: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Place a tick on the curve where waits were cut off, those of nearby days as one."""
    end = curve[-1]["day"]
    cut = np.unique(one.days[~one.ended])
    cut = cut[cut <= end]
    place = np.unique((cut * _TICKS / (end + 1)).astype(np.int64), return_index=True)[1]
    return [{"day": float(day), "share": _share_at(curve, day)} for day in cut[place].tolist()]


def _share_at(curve: Sequence[dict[str, Any]], day: float) -> float:
    return float([row["share"] for row in curve if row["day"] <= day][-1])
