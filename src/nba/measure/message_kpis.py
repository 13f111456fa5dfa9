"""What each message did: sums that add over messages, and the rates of any slice of them.

Every figure is a sum over the messages of a slice, whenever its events came: an order belongs to
the month in which its message left. So slices by message, variant, channel, segment, level or
period add up to the whole, and a machine's opens and clicks are never a person's.

Where a channel has no delivered event in the whole log, its provider does not report them; what
left by it and did not bounce then counts as delivered, and `delivered_assumed` says how many of
the delivered are such. Nothing delivered of a channel that does report is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.message_log import MessageLog
from nba.domain import Instants
from nba.measure.attribution import Attribution
from nba.measure.sales import ratio
from nba.vocabulary import CHANNELS, MessageKind

LEVELS: Final = (MessageKind.BROADCAST, MessageKind.SEGMENT, MessageKind.PERSONAL)
"""How personal an offer is, from the least to the most."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "sent": "messages that were claimed, acknowledged by their sender or sent as its provider says",
    "unconfirmed": "sent messages that were claimed and nobody has said since that they were sent",
    "delivered": "sent messages with a delivered event; in a channel that reports none, all that "
    "did not bounce",
    "delivered_assumed": "delivered messages of channels that report no delivered event",
    "bounced": "sent messages that came back",
    "opened": "sent messages that a person opened",
    "opened_all": "sent messages that a person or a machine opened",
    "clicked": "sent messages with a link that a person clicked",
    "clicked_all": "sent messages with a link that a person or a machine clicked",
    "useful": "sent messages that led to a useful action: one within the attribution window whose "
    "last message it was, or one that the sender reports",
    "useful_actions": "useful actions within the attribution window, each of the last message "
    "before it",
    "converted": "sent messages that led to a kept order within the attribution window",
    "clicked_converted": "those of them that a person clicked",
    "orders": "kept orders within the attribution window, each of the last message before it",
    "revenue": "what those orders brought, in minor units",
    "unsubscribed": "sent messages by which a person unsubscribed",
    "complained": "sent messages that a person complained of",
    "delivery_rate": "delivered / sent",
    "open_rate": "opened / delivered",
    "click_rate": "clicked / delivered",
    "useful_per_message": "useful / delivered",
    "unsubscribed_per_message": "unsubscribed / delivered",
    "conversion": "converted / delivered",
    "click_conversion": "clicked_converted / clicked",
    "revenue_per_message": "revenue / delivered, in minor units",
}
"""What each figure of a slice is, in one line."""


@dataclass(frozen=True, slots=True)
class MessageSums:
    """Sums over the messages of a slice, as `DEFINITIONS` has them; rates are None over none."""

    sent: int = 0
    unconfirmed: int = 0
    delivered: int = 0
    delivered_assumed: int = 0
    bounced: int = 0
    opened: int = 0
    opened_all: int = 0
    clicked: int = 0
    clicked_all: int = 0
    useful: int = 0
    useful_actions: int = 0
    converted: int = 0
    clicked_converted: int = 0
    orders: int = 0
    revenue: int = 0
    unsubscribed: int = 0
    complained: int = 0

    def __add__(self, other: Self) -> Self:
        """Sum two slices that have no message in common."""
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in SUMS))

    @property
    def delivery_rate(self) -> float | None:
        """Delivered / sent."""
        return ratio(self.delivered, self.sent)

    @property
    def open_rate(self) -> float | None:
        """Opened by people / delivered."""
        return ratio(self.opened, self.delivered)

    @property
    def click_rate(self) -> float | None:
        """Clicked by people / delivered."""
        return ratio(self.clicked, self.delivered)

    @property
    def useful_per_message(self) -> float | None:
        """Useful / delivered."""
        return ratio(self.useful, self.delivered)

    @property
    def unsubscribed_per_message(self) -> float | None:
        """Unsubscribed / delivered."""
        return ratio(self.unsubscribed, self.delivered)

    @property
    def conversion(self) -> float | None:
        """Converted / delivered."""
        return ratio(self.converted, self.delivered)

    @property
    def click_conversion(self) -> float | None:
        """Converted and clicked by people / clicked by people."""
        return ratio(self.clicked_converted, self.clicked)

    @property
    def revenue_per_message(self) -> float | None:
        """Minor units: revenue / delivered."""
        return ratio(self.revenue, self.delivered)

    def to_dict(self) -> dict[str, Any]:
        """Give sums and rates by their names, ready for JSON; an undefined rate is null."""
        return asdict(self) | {name: getattr(self, name) for name in RATES}


Slices = dict[str | None, MessageSums]
SUMS: Final = tuple(one.name for one in fields(MessageSums))
RATES: Final = tuple(name for name in DEFINITIONS if name not in SUMS)


@dataclass(frozen=True, slots=True, eq=False)
class MessageFigures:
    """The figures of every message of a log, summed over any slice of it.

    Attributes:
        log: the messages.
        figures: int64 per name of `SUMS` and message: 0 or 1, or a count or money.
    """

    log: MessageLog
    figures: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(cls, log: MessageLog, attribution: Attribution) -> Self:
        """Tell what became of each message.

        Args:
            log: the messages.
            attribution: what came of them.
        """
        actions = attribution.actions
        joined = attribution.message >= 0
        row = attribution.message[joined]
        is_order, is_useful = actions.order[joined] >= 0, actions.is_useful[joined]
        useful_actions = np.bincount(row[is_useful], minlength=len(log))
        orders = np.bincount(row[is_order], minlength=len(log))
        revenue = np.zeros(len(log), np.int64)
        np.add.at(revenue, row, actions.revenue[joined])
        delivered, bounced = _told(log.delivered_at), _told(log.bounced_at)
        # A code of -1, of messages whose channel nobody said, is counted in the first place.
        reports = np.bincount(log.channel[delivered] + 1, minlength=len(CHANNELS) + 1) > 0
        assumed = ~reports[log.channel + 1] & ~bounced
        opened, clicked = _told(log.opened_at), _told(log.clicked_at)
        figures: dict[str, NDArray[Any]] = {
            "sent": np.ones(len(log), np.bool_),
            "unconfirmed": ~_told(log.confirmed_at),
            "delivered": delivered | assumed,
            "delivered_assumed": assumed,
            "bounced": bounced,
            "opened": opened,
            "opened_all": opened | _told(log.machine_opened_at),
            "clicked": clicked,
            "clicked_all": clicked | _told(log.machine_clicked_at),
            "useful": _told(log.useful_at) | (useful_actions > 0),
            "useful_actions": useful_actions,
            "converted": orders > 0,
            "clicked_converted": clicked & (orders > 0),
            "orders": orders,
            "revenue": revenue,
            "unsubscribed": _told(log.unsubscribed_at),
            "complained": _told(log.complained_at),
        }
        return cls(log, {name: figures[name].astype(np.int64) for name in SUMS})

    def total(self) -> MessageSums:
        """Sum up all messages."""
        return MessageSums(*(int(self.figures[name].sum()) for name in SUMS))

    def by(self, code: NDArray[np.integer], count: int) -> list[MessageSums]:
        """Sum up slices in one pass.

        Args:
            code: per message, the slice it is in, from 0 to below `count`.
            count: how many slices.
        """
        columns = []
        for name in SUMS:
            sums = np.zeros(count, np.int64)
            np.add.at(sums, code, self.figures[name])
            columns.append(sums.tolist())
        return [MessageSums(*row) for row in zip(*columns, strict=True)]

    def by_message(self) -> Slices:
        """Sum up by message."""
        return self._of_some(self.log.message, list(self.log.message_ids))

    def by_arm(self) -> Slices:
        """Sum up by variant; None are the messages that had none."""
        return self._of_some(self.log.arm, list(self.log.arms))

    def by_channel(self) -> Slices:
        """Sum up by channel; None are the messages of which nobody said it."""
        return self._of_some(self.log.channel, [str(one) for one in CHANNELS])

    def by_month(self) -> Slices:
        """Sum up by the calendar month (UTC) in which messages left, such as `2026-01`."""
        return self._of_periods(self.log.left_at.astype("datetime64[M]"))

    def by_week(self) -> Slices:
        """Sum up by the ISO week (UTC) in which messages left, such as `2026-W01`."""
        # The epoch was a Thursday, and so are the days that NumPy's weeks begin with.
        day = self.log.left_at.astype("datetime64[D]")
        monday = (day + 3).astype("datetime64[W]").astype("datetime64[D]") - 3
        return self._of_periods(monday, _iso_week)

    def by_segment(self, segments: Mapping[str, str]) -> Slices:
        """Sum up by the segment of the customer, as it is now and not when the message left.

        Args:
            segments: customer id to segment; those of nobody else are None.
        """
        names = sorted(set(segments.values()))
        return self._of_named(self.log.customer, list(self.log.customer_ids), segments, names)

    def by_level(self, kinds: Mapping[str, str]) -> Slices:
        """Sum up by how personal the offer is: the three of `LEVELS`, always, then other kinds.

        Args:
            kinds: message to its `vocabulary.MessageKind`, as the playbook has it; messages that it
                lacks are None.
        """
        names = [str(one) for one in LEVELS]
        names += sorted(set(kinds.values()) - set(names))
        found = self._of_named(self.log.message, list(self.log.message_ids), kinds, names)
        return {str(level): MessageSums() for level in LEVELS} | found

    def _of_named(
        self,
        code: NDArray[np.integer],
        ids: Sequence[str],
        slices: Mapping[str, str],
        names: Sequence[str],
    ) -> Slices:
        """Sum up by the slice of what a code names."""
        number = {name: place for place, name in enumerate(names)}
        # The last, -1, is the slice of what has none.
        place = [number[slices[one]] if one in slices else -1 for one in ids]
        return self._of_some(np.array(place, np.int64)[code], names)

    def _of_some(self, code: NDArray[np.integer], names: Sequence[str]) -> Slices:
        """Sum up by a code that may be -1; what nothing is of is left out."""
        sums = self.by(code.astype(np.int64) + 1, len(names) + 1)
        places = zip([*names, None], [*sums[1:], sums[0]], strict=True)
        return {name: one for name, one in places if one.sent}

    def _of_periods(self, period: Instants, named: Callable[[str], str] = str) -> Slices:
        begins, code = np.unique(period, return_inverse=True)
        names = map(named, begins.astype(str).tolist())
        return dict(zip(names, self.by(code, len(begins)), strict=True))


def rows_of(name: str, slices: Slices) -> list[dict[str, Any]]:
    """List slices ready for JSON, each with its own name under a name such as `channel`."""
    return [{name: key, **sums.to_dict()} for key, sums in slices.items()]


def _told(at: Instants) -> NDArray[np.bool_]:
    return ~np.isnat(at)


def _iso_week(monday: str) -> str:
    year, week, _ = date.fromisoformat(monday).isocalendar()
    return f"{year}-W{week:02}"
