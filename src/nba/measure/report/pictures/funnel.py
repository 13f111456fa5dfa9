"""What becomes of messages: sent, delivered, clicked by a person, ordered, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.facts.known import Known
from nba.measure import message_kpis
from nba.measure.attribution import Actions, Attribution
from nba.measure.report.picture import Picture
from nba.measure.report.source import Source
from nba.measure.report.theme import HUES, INK, QUIET
from nba.measure.report.words import count, percent
from nba.measure.sales import ratio

if TYPE_CHECKING:
    from nba.measure.report.picture import Chart

NAME: Final = "message-funnel"
TITLE: Final = "What becomes of the messages that are sent"
DEFINITIONS: Final[Mapping[str, str]] = {
    "sent": message_kpis.DEFINITIONS["sent"],
    "delivered": message_kpis.DEFINITIONS["delivered"],
    "opened": "sent messages that a person opened, as far as machines that open can be told from "
    "people; no step, as one can click without having been seen to open",
    "clicked": message_kpis.DEFINITIONS["clicked"],
    "ordered": "sent messages that were the last one before an order placed within the attribution "
    "window; it counts here even if it was cancelled or returned later",
    "kept": "those of them of which such an order was neither cancelled nor returned whole",
    "after a click": "those of them that a person clicked; the others may have had no effect",
    "share": "of the step before (clicked: of delivered), and of all sent",
}
STEPS: Final = ("sent", "delivered", "opened", "clicked", "ordered", "kept")
BAR: Final = 330
"""Pixels of the longest bar; the figures stand to the right of it."""
ROW: Final = 38
_BARE: Final[dict[str, Any]] = dict.fromkeys(("labels", "ticks", "domain", "grid"), False)
_WORDS: Final = {
    "sent": "Sent",
    "delivered": "Delivered",
    "opened": "Opened",
    "clicked": "Clicked by a person",
    "ordered": "Order placed",
    "kept": "Order kept",
}
_BEFORE: Final = {
    "delivered": "sent",
    "opened": "delivered",
    "clicked": "delivered",
    "ordered": "clicked",
    "kept": "ordered",
}


def rows(source: Source) -> list[dict[str, Any]]:
    """Count the messages that got to each step; none where the log is empty.

    Returns:
        A dict a step: `step`, `all` (messages), `through` (those of them that passed each step
        before: of orders only those after a click), `of_before` (`through` as a share of that of
        the step before) and `of_sent` (`all` as a share). Shares of nothing are None.
    """
    log, figures = source.message_log, source.message_figures
    if not len(log):
        return []
    ordered = _ordered(source)
    is_clicked = figures.figures["clicked"] > 0
    reached = {name: figures.figures[name] > 0 for name in STEPS[:4]}
    reached |= {"ordered": ordered, "kept": figures.figures["converted"] > 0}
    through = {name: int(reached[name].sum()) for name in STEPS[:4]}
    through |= {name: int((reached[name] & is_clicked).sum()) for name in STEPS[4:]}
    return [
        {
            "step": name,
            "all": int(reached[name].sum()),
            "through": through[name],
            "of_before": ratio(through[name], through[_BEFORE[name]]) if name in _BEFORE else None,
            "of_sent": ratio(int(reached[name].sum()), len(log)),
        }
        for name in STEPS
    ]


def draw(source: Source) -> Picture:
    """Draw how many messages got to each step."""
    steps = rows(source)
    if not steps:
        return Picture(
            NAME,
            TITLE,
            "The log has no message that left: that takes the tables messages and message_events.",
            DEFINITIONS,
        )
    return Picture(NAME, TITLE, _reading(steps, source), DEFINITIONS, _chart(steps))


def _ordered(source: Source) -> NDArray[np.bool_]:
    """Tell, per message, whether it was the last one before an order, kept or not."""
    log, history = source.message_log, source.history
    known = Known.at(history.rows, history.as_of)
    rows = known.rows
    codes = log.customer_ids.codes()
    named = len(rows.customer_ids)
    # Codes beyond the ids are guests'.
    wanted = np.full(named + rows.guest_count, -1, np.int32)
    wanted[:named] = [codes.get(one, -1) for one in rows.customer_ids]
    customer = wanted[rows.customer]
    placed = np.flatnonzero(known.order & ~rows.is_test & (customer >= 0))
    placed = placed[np.lexsort((placed, rows.ordered_at[placed], customer[placed]))]
    actions = Actions(
        customer[placed],
        rows.ordered_at[placed],
        placed,
        np.zeros(len(placed), np.int64),
        np.ones(len(placed), np.bool_),
        rows.order_ids,
    )
    window = source.attribution.window_days
    found = Attribution.of(log, actions, window_days=window).message
    ordered = np.zeros(len(log), np.bool_)
    ordered[found[found >= 0]] = True
    return ordered


def _reading(steps: Sequence[Mapping[str, Any]], source: Source) -> str:
    one = {row["step"]: row for row in steps}
    days = f"{source.attribution.window_days:g}"
    text = (
        f"Of {count(one['sent']['all'])} messages sent, {count(one['delivered']['all'])} "
        f"({percent(one['delivered']['of_sent'])}) were delivered and "
        f"{count(one['clicked']['all'])} ({percent(one['clicked']['of_before'])} of these) clicked "
        f"by a person. {count(one['ordered']['through'])} of the clicked ones were followed by an "
        f"order within {days} days, {count(one['kept']['through'])} by one that was kept."
    )
    without = one["ordered"]["all"] - one["ordered"]["through"]
    if without:
        text += (
            f" Another {count(without)} messages were followed by an order without a click, which "
            "may have come of itself."
        )
    machines = source.message_figures.total().opened_all - one["opened"]["all"]
    if machines:
        text += f" Machines alone opened {count(machines)} more."
    assumed = source.message_figures.total().delivered_assumed
    if assumed:
        text += f" {count(assumed)} of the delivered are taken to be, as their channel tells none."
    return text


def _chart(steps: Sequence[Mapping[str, Any]]) -> Chart:
    bars, notes = [], []
    for row in steps:
        step, through, beside = row["step"], row["through"], row["all"] - row["through"]
        is_light = step == "opened"
        note, under = count(through), None
        if row["of_before"] is not None:
            click = " after a click" if step in STEPS[4:] else ""
            note += f"{click} · {percent(row['of_before'])} of {_BEFORE[step]}"
            whole = f"{count(row['all'])} in all · " if step in STEPS[4:] else ""
            under = None if step == "delivered" else f"{whole}{percent(row['of_sent'])} of sent"
        if under:
            notes.append({"step": _WORDS[step], "text": under, "line": 1})
        notes.append({"step": _WORDS[step], "text": note, "line": 0})
        parts = [(0, through, is_light, note)]
        if beside:
            parts.append((through, row["all"], True, f"{count(beside)} without a click"))
        bars += [
            {
                "step": _WORDS[step],
                "from": since,
                "to": until,
                "light": light,
                "said": f"{_WORDS[step]}: {said}",
            }
            for since, until, light, said in parts
        ]
    title = "filled: passed each step before · outlined: opened, or ordered without a click"
    return bars_of(bars, notes, [_WORDS[one] for one in STEPS], title)


def bars_of(
    bars: Sequence[Mapping[str, Any]],
    notes: Sequence[Mapping[str, Any]],
    steps: Sequence[str],
    title: str | None,
) -> Chart:
    """Draw steps below each other, with what is to be said of each to the right.

    Args:
        bars: `step`, `from`, `to`, `light` (outlined and not filled) and `said`.
        notes: `step`, `text` and `line`, of which there are 0 and, where two are needed, 1.
        steps: their names from top to bottom.
        title: below the bars.
    """
    import altair as alt

    two_lined = {one["step"] for one in notes if one["line"]}
    y = alt.Y(
        "step:N",
        sort=list(steps),
        scale=alt.Scale(paddingInner=0.3, paddingOuter=0.1),
        axis=alt.Axis(title=None, domain=False, ticks=False, labelColor=INK),
    )
    most = max((one["to"] for one in bars), default=0)
    x = alt.X(
        "from:Q",
        scale=alt.Scale(domain=[0, max(most, 1)]),
        axis=alt.Axis(title=title, titleAnchor="start", **_BARE),
    )
    base = alt.Chart(alt.InlineData(values=list(bars))).encode(
        x=x, x2="to:Q", y=y, description="said:N"
    )
    filled = base.transform_filter("!datum.light").mark_bar(color=HUES[0])
    outlined = base.transform_filter("datum.light").mark_bar(
        color=HUES[0], fillOpacity=0.15, stroke=HUES[0], strokeWidth=1
    )
    place: dict[str, Any] = {"align": "left", "baseline": "middle", "fontSize": 12, "aria": False}
    layers = [filled, outlined]
    for line, colour in ((0, INK), (1, QUIET)):
        for is_two, shift in ((False, 0), (True, 8 if line else -8)):
            listed = [
                one for one in notes if one["line"] == line and (one["step"] in two_lined) == is_two
            ]
            if listed:
                layers.append(
                    alt.Chart(alt.InlineData(values=listed))
                    .mark_text(**place, color=colour, dy=shift)
                    .encode(x=alt.value(BAR + 12), y=y, text="text:N")
                )
    return alt.layer(*layers).properties(width=BAR, height=ROW * len(steps))
