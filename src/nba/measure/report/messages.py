"""What messages did, as a part of the document of figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nba.artifacts.segments import RFM, Segments
from nba.measure.incremental import Difference, incremental
from nba.measure.message_kpis import MessageSums, Slices
from nba.measure.report.source import Source

INCREMENTAL: Final[Mapping[str, str]] = {
    "treated": "customers who got the message, by their first decision about it",
    "held_out": "customers held out of it, likewise",
    "treated_mean": "per customer who got it: useful actions, or minor units of kept orders, "
    "in the window after the decision",
    "held_out_mean": "the same per customer held out of it",
    "effect": "treated mean - held out mean: what the message changed",
    "low": "lower end of the 95 % interval of the effect, by customer: Welch's, of both groups "
    "with two customers more, one who did nothing and one who did as much as those who did "
    "anything; none where a group is one customer, or nobody did anything",
    "high": "upper end of the same interval",
}
"""What each figure of what messages changed is, in a line."""


_FIRST: Final = (
    *("sent", "delivered", "opened", "clicked", "useful", "unsubscribed"),
    *("useful_per_message", "unsubscribed_per_message"),
)
"""The figures that every reader of these rows knows, in the order in which they are written."""


def messages_part(source: Source) -> dict[str, Any]:
    """Sum up what each message did, and what every slice of them did, ready for JSON."""
    figures = source.message_figures
    segments = main_segments(source.snapshot.segments)
    labels = _main_labels(source.snapshot.segments)
    return {
        "messages": _rows("message", figures.by_message()),
        "messages_total": _row(figures.total()),
        "message_slices": {
            "by_variant": _rows("variant", figures.by_arm()),
            "by_channel": _rows("channel", figures.by_channel()),
            "by_month": _rows("month", figures.by_month()),
            "by_week": _rows("week", figures.by_week()),
            "by_segment": [
                one | {"label": labels.get(one["segment"])}
                for one in _rows("segment", figures.by_segment(segments))
            ],
            "by_level": _rows("level", figures.by_level(source.plan.kinds)),
        },
        "incremental": [
            {
                "message": one.message,
                "treated": one.treated,
                "held_out": one.held_out,
                "useful": _difference(one.useful),
                "revenue": _difference(one.revenue),
            }
            for one in incremental(source.history, window_days=source.attribution.window_days)
        ],
    }


def main_segments(segments: Segments) -> dict[str, str]:
    """Map every customer who has bought to their segment by recency, frequency and money."""
    first = int(segments.kind_start[RFM])
    names = segments.look_id[first : int(segments.kind_start[RFM + 1])]
    rows = zip(segments.ids, segments.has_bought, segments.segment, strict=True)
    return {one: names[code] for one, has_bought, code in rows if has_bought}


def _main_labels(segments: Segments) -> dict[str, str]:
    """Map segments by recency, frequency and money to what people read, as the shop has it."""
    which = slice(int(segments.kind_start[RFM]), int(segments.kind_start[RFM + 1]))
    return dict(zip(segments.look_id[which], segments.look_label[which], strict=True))


def _rows(name: str, slices: Slices) -> list[dict[str, Any]]:
    return [{name: key, **_row(sums)} for key, sums in slices.items()]


def _row(sums: MessageSums) -> dict[str, Any]:
    told = sums.to_dict()
    return {name: told[name] for name in _FIRST} | told


def _difference(one: Difference) -> dict[str, Any]:
    # The two means have other names than the two counts beside them.
    return {
        "treated_mean": one.treated,
        "held_out_mean": one.held_out,
        "effect": one.effect,
        "low": one.low,
        "high": one.high,
    }
