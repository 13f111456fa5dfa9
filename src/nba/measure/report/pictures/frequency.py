"""How many messages customers get within a week, beside the cap on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from nba.data.message_log import MessageLog
from nba.data.profiles import Profiles
from nba.domain import DAY, Instants
from nba.measure.attribution import instants_of, sortable
from nba.measure.report.picture import Picture
from nba.measure.report.source import Plan, Source
from nba.measure.report.theme import HUES, INK, PAPER, WIDTH
from nba.measure.report.words import count, percent
from nba.ranges import starts
from nba.vocabulary import MessageKind

if TYPE_CHECKING:
    import altair as alt

NAME: Final = "message-frequency"
TITLE: Final = "How many messages a customer gets within seven days"
UNCAPPED: Final = frozenset(("awaiting-payment", "order-status", "delay"))
"""Messages about an order, which no cap counts, where the playbook says nothing of their kind."""
DEFINITIONS: Final[Mapping[str, str]] = {
    "messages within seven days": "of each customer the greatest number of messages that left "
    "within any 7 x 24 hours, the window that the weekly cap is about",
    "customers": "those who got at least one message that the caps count",
    "messages counted": "all that left, but transactional ones: no cap counts those",
    "weekly cap": "messages within 7 x 24 hours beyond which the playbook sends no other",
    "messages in one day": "the greatest number that left to a customer on one day of their own "
    "time zone, or of UTC where the shop names none",
}
_WEEK: Final = 7 * DAY
_HALF_HOUR: Final = 1_800_000_000
"""Microseconds."""
_SHOWN: Final = 24
"""Bars at most; the last one then stands for all greater numbers too."""
_EDGES: Final = (HUES[0], HUES[1])
"""Of bars within the cap and beyond it."""
_HEIGHT: Final = 260
_BESIDE: Final = 60
"""Pixels of the axis beside the bars."""


@dataclass(frozen=True, slots=True, eq=False)
class Frequency:
    """How often customers were written to.

    Attributes:
        most: int64 per customer with a counted message: the most of them within 7 x 24 hours.
        most_in_day: int64 per such customer: the most within one local day.
        counted: messages that caps count.
        uncounted: transactional ones, which they do not.
    """

    most: NDArray[np.int64]
    most_in_day: NDArray[np.int64]
    counted: int
    uncounted: int

    @classmethod
    def of(cls, log: MessageLog, plan: Plan, profiles: Profiles) -> Self:
        """Count the messages of a log.

        Args:
            log: the messages that left.
            plan: says which of them are transactional.
            profiles: say in which time zone customers live.
        """
        capped = np.array([_is_capped(one, plan) for one in log.message_ids], np.bool_)
        wanted = capped[log.message]
        # The log stands by customer and instant.
        customer, at = log.customer[wanted], log.left_at[wanted]
        names, zone = _zones(log, profiles)
        return cls(
            _most_within(customer, at, _WEEK),
            _most_of(customer, _local_days(at, names, zone[customer])),
            len(at),
            len(log) - len(at),
        )

    def beyond(self, plan: Plan) -> tuple[int, int]:
        """Count the customers who got more than the cap of a week, and of a day, allows."""
        over = [
            0 if cap is None else int((most > cap).sum())
            for most, cap in ((self.most, plan.cap_week), (self.most_in_day, plan.cap_day))
        ]
        return over[0], over[1]


def rows(found: Frequency, cap: int | None, *, shown: int = _SHOWN) -> list[dict[str, Any]]:
    """List the bars: `messages`, `customers`, `is_over` the cap, and `is_last` of a cut tail.

    Numbers in between that no customer has are there with 0 customers.
    """
    if not len(found.most):
        return []
    # The cap stands well inside the picture even where few come near it.
    last = max(shown, 0 if cap is None else cap + 2)
    counts = np.bincount(np.minimum(found.most, last))
    is_cut = bool(found.most.max() > last)
    return [
        {
            "messages": number,
            "customers": int(counts[number]),
            "is_over": cap is not None and number > cap,
            "is_last": is_cut and number == last,
        }
        for number in range(1, len(counts))
    ]


def draw(source: Source) -> Picture:
    """Draw how many customers got how many messages within seven days, at most."""
    log = source.message_log
    if not len(log):
        return Picture(
            NAME,
            TITLE,
            "No message is told yet. Import the messages that were sent, as the table messages, "
            "with what became of them as message_events, or let the service claim them.",
            DEFINITIONS,
        )
    found = Frequency.of(log, source.plan, source.history.profiles)
    if not found.counted:
        return Picture(
            NAME,
            TITLE,
            f"All {count(found.uncounted)} messages are transactional, which no cap counts.",
            DEFINITIONS,
        )
    bars = rows(found, source.plan.cap_week)
    return Picture(
        NAME, TITLE, _reading(found, source.plan), DEFINITIONS, _chart(bars, source.plan)
    )


def _is_capped(message: str, plan: Plan) -> bool:
    kind = plan.kinds.get(message)
    return message not in UNCAPPED if kind is None else kind != MessageKind.TRANSACTIONAL


def _most_within(
    customer: NDArray[np.int32], at: Instants, length: np.timedelta64
) -> NDArray[np.int64]:
    """Give the most messages of each customer in any window, whose first instant is not in it."""
    if not len(at):
        return np.empty(0, np.int64)
    begin = at - length
    instants = instants_of(at, begin)
    key = sortable(customer, at, instants)
    earlier = np.searchsorted(key, sortable(customer, begin, instants), "right")
    return np.maximum.reduceat(np.arange(1, len(key) + 1) - earlier, starts(customer))


def _most_of(customer: NDArray[np.int32], day: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Give the most messages of each customer on one day."""
    if not len(day):
        return np.empty(0, np.int64)
    since = (day - day.min()).astype(np.int64)
    width = int(since.max()) + 1
    found, often = np.unique(customer.astype(np.int64) * width + since, return_counts=True)
    return np.maximum.reduceat(often, starts(found // width))


def _zones(log: MessageLog, profiles: Profiles) -> tuple[list[str], NDArray[np.int64]]:
    """Give the names of zones, the first one empty, and the place of each customer's there."""
    code = profiles.customer_ids.codes()
    told = [*profiles.timezone, ""]
    mine = [told[code.get(one, -1)] for one in log.customer_ids]
    names = ["", *sorted(set(mine) - {""})]
    place = {name: number for number, name in enumerate(names)}
    return names, np.array([place[one] for one in mine], np.int64)


def _local_days(
    at: Instants, names: Sequence[str], zone: NDArray[np.int64]
) -> NDArray[np.datetime64]:
    """Give the date on the wall at each instant; in a zone that nobody knows, that of UTC."""
    local = at.copy()
    for number, name in enumerate(names):
        mine = np.flatnonzero(zone == number)
        clock = _clock(name)
        if clock is None or not len(mine):
            continue
        # Clocks change on the hour, or on a half of it.
        half, place = np.unique(at[mine].astype(np.int64) // _HALF_HOUR, return_inverse=True)
        offsets = [
            datetime.fromtimestamp(one * _HALF_HOUR // 1_000_000, clock).utcoffset() or timedelta()
            for one in half.tolist()
        ]
        local[mine] += np.array(offsets, "timedelta64[us]")[place]
    return local.astype("datetime64[D]")


def _clock(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _reading(found: Frequency, plan: Plan) -> str:
    customers, most = len(found.most), int(found.most.max())
    week, day = found.beyond(plan)
    who = f"Of {count(customers)} customers who got a message that the caps count, "
    if plan.cap_week is None:
        text = (
            f"The playbook has no weekly cap. {who}{count(int((found.most > 1).sum()))} got more "
            "than one within some seven days"
        )
    else:
        text = (
            f"{who}{_share(week, customers)} got more than the {plan.cap_week} within some seven "
            "days that the playbook allows"
        )
    text += f"; the most anybody got is {count(most)}."
    if plan.cap_day is not None:
        text += (
            f" More than the {plan.cap_day} a day that it allows got {_share(day, customers)} on "
            "some day."
        )
    if found.uncounted:
        text += f" Another {count(found.uncounted)} messages were transactional and do not count."
    return text


def _share(some: int, all_of_them: int) -> str:
    return f"{count(some)} ({percent(some / all_of_them)})" if some else "nobody"


def _chart(bars: list[dict[str, Any]], plan: Plan) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    cap, width = plan.cap_week, WIDTH - _BESIDE
    values = [
        one
        | {
            "left": one["messages"] - 0.42,
            "right": one["messages"] + 0.42,
            "shown": count(one["customers"]) if one["customers"] else "",
            "fill": PAPER if one["is_over"] else HUES[0],
            "edge": _EDGES[one["is_over"]],
            "said": f"{_people(one['customers'])} got "
            f"{'at least ' if one['is_last'] else ''}{one['messages']} within seven days at most"
            f"{', over the cap' if one['is_over'] else ''}",
        }
        for one in bars
    ]
    last = max(len(bars), 0 if cap is None else cap + 1)
    tail = f"{len(bars)}+" if bars[-1]["is_last"] else None
    ticks = alt.Axis(
        title="messages within the seven days in which the customer got most",
        values=[
            one for one in range(1, last + 1) if one == len(bars) or one % (last // 30 + 1) == 0
        ],
        format="d",
        labelExpr=f"datum.value == {len(bars)} ? '{tail}' : datum.label" if tail else "datum.label",
        grid=False,
        tickSize=0,
        labelFlush=False,
        labelOverlap=False,
    )
    most = max(one["customers"] for one in bars)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("left:Q", axis=ticks, scale=alt.Scale(domain=[0.4, last + 0.6], nice=False)),
    )
    high = alt.Y(
        "customers:Q",
        axis=alt.Axis(title="customers", format="~s", tickMinStep=1, domain=False, ticks=False),
        scale=alt.Scale(domain=[0, most * 1.15], nice=False),
    )
    bar = base.mark_bar(strokeWidth=2).encode(
        x2="right:Q",
        y=high,
        y2=alt.Y2Datum(0),
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("edge:N", scale=None),
        strokeDash=alt.StrokeDash(
            "edge:N", legend=None, scale=alt.Scale(domain=list(_EDGES), range=[[1, 0], [4, 2]])
        ),
        description="said:N",
    )
    text = base.mark_text(dy=-8, fontSize=11, aria=False).encode(
        x=alt.X("messages:Q", axis=ticks), y=high, text="shown:N"
    )
    layers: list[alt.Chart] = [bar, text]
    if cap is not None:
        over = sum(one["customers"] for one in bars if one["is_over"])
        layers += _rule(cap, f"cap: {cap} a week; {_people(over)} got more", cap > last / 2, ticks)
    return alt.layer(*layers).properties(width=width, height=_HEIGHT)


def _rule(cap: int, text: str, to_left: bool, ticks: alt.Axis) -> list[alt.Chart]:
    """Draw the cap behind the last bar that it allows, with its label where there is room."""
    import altair as alt

    base = alt.Chart(alt.InlineData(values=[{"at": cap + 0.5, "text": text}])).encode(
        x=alt.X("at:Q", axis=ticks)
    )
    rule = base.mark_rule(strokeWidth=2, color=INK, strokeDash=[6, 3])
    label = base.encode(y=alt.value(6), text="text:N")
    side: dict[str, Any] = {
        "align": "right" if to_left else "left",
        "dx": -6 if to_left else 6,
        "fontWeight": "bold",
        "aria": False,
    }
    # Twice: the first one keeps lines away from the letters.
    behind = label.mark_text(stroke=PAPER, strokeWidth=4, **side)
    return [rule.encode(description="text:N"), behind, label.mark_text(**side)]


def _people(customers: int) -> str:
    return "1 customer" if customers == 1 else f"{count(customers)} customers"
