"""Logged decisions and what their customers did after them: what a new playbook is judged by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import Decisions
from nba.data.history import OrderHistory
from nba.errors import DataError
from nba.measure.attribution import WINDOW_DAYS, Actions, instants_of, sortable, window_of
from nba.measure.estimate import Floats
from nba.ranges import starts
from nba.vocabulary import NOTHING_SENT

ADVICE: Final = (
    "to make a log that can be judged, give the playbook that is live an [explore] section with "
    "rate = 0.1 and wait: where 4 messages could be sent, a playbook that would choose another "
    "than the log's best needs about 4,000 explored decisions"
)
"""100 effective decisions x 4 messages / 0.1."""

MOST_INSTANTS: Final = 5_000
MOST_DECISIONS: Final = 50_000
"""How much of a log a playbook is asked about, which takes a minute or two."""

_COLUMNS: Final = (
    *("customer", "message", "order", "shown", "channel", "decided_at", "left_at", "answered_at"),
    *("useful_at", "unsubscribed_at", "propensity", "is_holdout", "is_trial"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """Decisions of a log, by customer and instant, and what their customers did after them.

    Attributes:
        rows: of the log: the message that left, or one of those that could have, had chance not
            decided for nothing.
        message: one word a decision, `vocabulary.NOTHING_SENT` for nothing.
        useful: float64: 1 where the customer did anything useful within the window, else 0.
        revenue: float64, minor units: of kept orders within the window.
        window_days: how long after a decision what is done counts, whichever message came last.
    """

    rows: Decisions
    message: Sequence[str]
    useful: Floats
    revenue: Floats
    window_days: float

    @classmethod
    def of(
        cls,
        history: OrderHistory,
        *,
        since: np.datetime64 | None = None,
        window_days: float = WINDOW_DAYS,
    ) -> Logged:
        """Take the decisions of a history whose window is over; customers held out are none.

        Args:
            history: orders, replies and the message log up to its `as_of`.
            since: the first instant; by default that of the log.
            window_days: how long the window is.
        """
        window, told = window_of(window_days), history.told.decisions()
        wanted = ~told.is_holdout & (told.decided_at + window < history.as_of)
        if since is not None:
            wanted &= told.decided_at >= since
        row = np.flatnonzero(wanted)
        is_nothing = np.isnat(told.left_at[row])
        # A decision for nothing has one row for each message that could have left.
        place = told.customer[row].astype(np.int64) * (len(told) + 1) + np.searchsorted(
            np.unique(told.decided_at), told.decided_at[row]
        )
        kept = ~is_nothing
        silent = np.flatnonzero(is_nothing)
        kept[silent[starts(place[silent])]] = True
        row, is_nothing = row[kept], is_nothing[kept]
        words = [
            NOTHING_SENT if nothing else told.message_ids[code]
            for nothing, code in zip(is_nothing.tolist(), told.message[row].tolist(), strict=True)
        ]
        useful, revenue = _rewards(history, told, row, window)
        return cls(_taken(told, row), words, useful, revenue, window_days)

    def __len__(self) -> int:
        """Count the decisions."""
        return len(self.message)

    def take(self, row: NDArray[np.int64]) -> Logged:
        """Choose some decisions."""
        words = [self.message[one] for one in row.tolist()]
        useful, revenue = self.useful[row], self.revenue[row]
        return Logged(_taken(self.rows, row), words, useful, revenue, self.window_days)

    def drawn(self, most: int | None = None) -> Logged:
        """Draw decisions by chance, always the same.

        Args:
            most: how many; by default those of `MOST_INSTANTS` instants, as all decisions of an
                instant are judged at once, and `MOST_DECISIONS` of these.
        """
        chance, logged = np.random.default_rng(0), self
        if most is None:
            most = MOST_DECISIONS
            instants, place = np.unique(self.rows.decided_at, return_inverse=True)
            if len(instants) > MOST_INSTANTS:
                kept = np.zeros(len(instants), np.bool_)
                kept[chance.permutation(len(instants))[:MOST_INSTANTS]] = True
                logged = self.take(np.flatnonzero(kept[place]))
        if len(logged) <= most:
            return logged
        return logged.take(np.sort(chance.permutation(len(logged))[:most]))

    def judged(self, news: Collection[str] = ()) -> Logged:
        """Keep the decisions that a new playbook can be judged by.

        Args:
            news: messages that go to everybody before anything is chosen, which are left out
                where chance had no part.

        Raises:
            DataError: there is no decision, or none of them was left to chance.
        """
        is_news = np.array([word in news for word in self.message], np.bool_)
        is_chance = self.rows.propensity < 1
        kept = np.flatnonzero(~is_news | is_chance)
        if not len(kept):
            raise DataError(
                "no decision of the log can be judged: there must be messages that left "
                f"{self.window_days:g} days before the shop's last order or earlier; claim them "
                "through nba, or import a messages table with propensity",
                ADVICE,
            )
        if not is_chance.any():
            raise DataError(
                f"chance had no part in any of {len(kept):,} logged decisions (propensity 1), so "
                "they say nothing of what another message would have done",
                ADVICE,
            )
        return self.take(kept)


def first_chance(history: OrderHistory) -> np.datetime64 | None:
    """Give the instant of the first logged decision of which chance was a part, if there is any."""
    told = history.told.decisions()
    at = told.decided_at[(told.propensity < 1) & ~told.is_holdout]
    return at.min() if len(at) else None


def _rewards(
    history: OrderHistory, told: Decisions, row: NDArray[np.int64], window: np.timedelta64
) -> tuple[Floats, Floats]:
    """Tell whether each customer did anything useful in the window, and what they paid in it."""
    actions = Actions.of(history, told.customer_ids)
    customer, since = told.customer[row], told.decided_at[row]
    instants = instants_of(actions.at, since, since + window)
    done = sortable(actions.customer, actions.at, instants)
    first, last = (
        np.searchsorted(done, sortable(customer, at, instants), "right")
        for at in (since, since + window)
    )

    def within(values: NDArray[np.int64]) -> NDArray[np.int64]:
        total = np.append(0, np.cumsum(values))
        return np.asarray(total[last] - total[first], np.int64)

    # What its sender calls useful is so, though the shop may know of no action.
    reported = told.useful_at[row] - since <= window
    did = (within(actions.is_useful.astype(np.int64)) > 0) | reported
    return did.astype(np.float64), within(actions.revenue).astype(np.float64)


def _taken(told: Decisions, row: NDArray[np.int64]) -> Decisions:
    return replace(told, **{name: getattr(told, name)[row] for name in _COLUMNS})
