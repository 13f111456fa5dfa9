"""Which message a purchase or another useful action came of, and the join of decisions to orders.

The last message wins: an action belongs to the last message that left to its customer before it,
at most `window_days` earlier, and to no other. An order counts when it is kept, a guest's belongs
to no message. Of messages that left at one instant the last in the order of the log is the last.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import REPLIES
from nba.data.history import OrderHistory
from nba.data.message_log import MessageLog
from nba.domain import DAY, Ids, Instants, iso
from nba.errors import ConfigError
from nba.facts.known import Known
from nba.ranges import distinct
from nba.vocabulary import EVENT_TYPES

PURCHASE: Final = "purchase"
"""The useful action that is a kept order; what a storefront says of it in an event is not read."""
USEFUL: Final = (PURCHASE, "review", "rating")
"""The actions that are useful, by default."""
WINDOW_DAYS: Final = 7
"""Days after a message in which an action may have come of it, by default."""


@dataclass(frozen=True, slots=True, eq=False)
class Actions:
    """What customers did that may have come of a message, sorted by customer and instant.

    Attributes:
        customer: int32 per action, a code of the ids it was made for.
        at: datetime64[us] per action.
        order: int64 per action, a code of `order_ids`; -1 where it is no order.
        revenue: int64 per action, minor units; 0 where it is no order.
        is_useful: bool per action: an order may be none, if the shop does not call it useful.
        order_ids: what `order` names.
    """

    customer: NDArray[np.int32]
    at: Instants
    order: NDArray[np.int64]
    revenue: NDArray[np.int64]
    is_useful: NDArray[np.bool_]
    order_ids: Ids

    @classmethod
    def of(
        cls, history: OrderHistory, customer_ids: Ids, *, useful: Collection[str] = USEFUL
    ) -> Self:
        """Take the kept orders and the useful replies of some customers, as the history knows them.

        Args:
            history: orders and replies up to its `as_of`.
            customer_ids: of the customers to take.
            useful: the types of action that are useful: `purchase` and any of `contacts.REPLIES`.

        Raises:
            ConfigError: a type of action is none of those.
            DataError: the shop's table of events breaks its contract.
        """
        choices = (PURCHASE, *REPLIES)
        strange = sorted(set(useful) - set(choices))
        if strange:
            raise ConfigError(
                f"{', '.join(strange)} cannot be a useful action; choose among {', '.join(choices)}"
            )
        known = Known.at(history.rows, history.as_of)
        number, at, revenue = _orders(history, known)
        rows, replies = known.rows, history.replies
        # A code of `rows.customer` beyond the ids is a guest's.
        named = rows.customer[number] < len(rows.customer_ids)
        number, at, revenue = number[named], at[named], revenue[named]
        wanted = [EVENT_TYPES.index(name) for name in useful if name != PURCHASE]
        said = np.isin(replies.type, wanted)
        none = np.zeros(int(said.sum()), np.int64)
        customer = np.concatenate(
            [
                _mapped(rows.customer_ids, customer_ids)[rows.customer[number]],
                _mapped(replies.customer_ids, customer_ids)[replies.customer[said]],
            ]
        )
        at = np.concatenate([at, replies.at[said]])
        order = np.concatenate([number, none - 1])
        kept = np.flatnonzero(customer >= 0)
        kept = kept[np.lexsort((order[kept], at[kept], customer[kept]))]
        return cls(
            customer[kept],
            at[kept],
            order[kept],
            np.concatenate([revenue, none])[kept],
            (order[kept] < 0) | (PURCHASE in useful),
            rows.order_ids,
        )

    def __len__(self) -> int:
        """Count the actions."""
        return len(self.at)


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Actions and the messages they came of.

    Attributes:
        actions: all that were looked at.
        message: int64 per action, a row of the log; -1 where it came of no message.
        window_days: at most so many days lie between the two.
    """

    actions: Actions
    message: NDArray[np.int64]
    window_days: float

    @classmethod
    def of(cls, log: MessageLog, actions: Actions, *, window_days: float = WINDOW_DAYS) -> Self:
        """Find the last message before each action.

        Args:
            log: the messages.
            actions: those of the log's customers, by the log's codes.
            window_days: how long a message has its effect, above 0.

        Raises:
            ConfigError: the window is no length of time.
        """
        window = window_of(window_days)
        instants = instants_of(log.left_at, actions.at)
        left = sortable(log.customer, log.left_at, instants)
        done = sortable(actions.customer, actions.at, instants)
        # Strictly before: who bought at the instant a message left had not seen it.
        last = np.searchsorted(left, done, "left") - 1
        found = np.flatnonzero(last >= 0)
        row = last[found]
        in_time = (log.customer[row] == actions.customer[found]) & (
            actions.at[found] - log.left_at[row] <= window
        )
        message = np.full(len(actions), -1, np.int64)
        message[found[in_time]] = row[in_time]
        return cls(actions, message, window_days)

    def to_rows(self, log: MessageLog) -> list[dict[str, Any]]:
        """Join decisions to the orders that came of them, ready for JSON, by order of the log.

        Each order stands in one row at most, so that revenue adds up.
        """
        actions = self.actions
        joined = np.flatnonzero((self.message >= 0) & (actions.order >= 0))
        joined = joined[np.lexsort((actions.at[joined], self.message[joined]))]
        return [
            {
                "decision_id": log.decision_ids[row],
                "message": log.message_ids[int(log.message[row])],
                "customer_id": log.customer_ids[int(log.customer[row])],
                "left_at": iso(log.left_at[row]),
                "order_id": actions.order_ids[int(actions.order[action])],
                "ordered_at": iso(actions.at[action]),
                "revenue": int(actions.revenue[action]),
            }
            for action, row in zip(joined.tolist(), self.message[joined].tolist(), strict=True)
        ]


def attribute(
    log: MessageLog,
    history: OrderHistory,
    *,
    useful: Collection[str] = USEFUL,
    window_days: float = WINDOW_DAYS,
) -> Attribution:
    """Find what came of the messages of a log; errors as `Actions.of` and `Attribution.of`."""
    actions = Actions.of(history, log.customer_ids, useful=useful)
    return Attribution.of(log, actions, window_days=window_days)


def window_of(days: float) -> np.timedelta64:
    """Give a window in microseconds.

    Raises:
        ConfigError: it is no length of time.
    """
    if not 0 < days < 10_000:
        raise ConfigError(f"a window of {days} days is none; choose more than 0, such as 7")
    return np.timedelta64(round(days * int(DAY / np.timedelta64(1, "us"))), "us")


def instants_of(*parts: Instants) -> Instants:
    """Give the distinct instants of some columns, ascending."""
    return distinct(np.concatenate(parts).view(np.int64)).view("datetime64[us]")


def sortable(customer: NDArray[np.integer], at: Instants, instants: Instants) -> NDArray[np.int64]:
    """Give numbers, int64, that sort by customer and instant; `instants` holds each, ascending."""
    return np.asarray(
        customer.astype(np.int64) * (len(instants) + 1) + np.searchsorted(instants, at), np.int64
    )


def _orders(
    history: OrderHistory, known: Known
) -> tuple[NDArray[np.int64], Instants, NDArray[np.int64]]:
    """Give the number, instant and revenue of every kept order, by customer and instant."""
    baskets, rows = history.baskets(), known.rows
    paid = np.append(0, np.cumsum(history.purchases().revenue))[baskets.start]
    is_kept = np.zeros(len(rows.order_ids), np.bool_)
    is_kept[rows.line_order[known.kept_line]] = True
    # The order of `OrderHistory.baskets`, which has one basket an order with kept lines.
    number = np.lexsort((rows.ordered_at, rows.customer))
    return number[is_kept[number]], baskets.at, np.diff(paid)


def _mapped(ids: Ids, wanted: Ids) -> NDArray[np.int32]:
    """Map codes of some ids to those of the wanted ones; -1 where an id is not wanted."""
    codes = wanted.codes()
    return np.fromiter((codes.get(one, -1) for one in ids), np.int32, len(ids))
