"""The messages that left, with what was known of their customers then and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.outlook import Floats
from nba.artifacts.responses import ANSWER_DAYS, HALF_LIFE_DAYS, day_band, load_band
from nba.artifacts.rhythm import Rhythm
from nba.data.contacts import Decisions
from nba.data.history import OrderHistory
from nba.domain import DAY, Ids, Instants
from nba.learn.responding.earnings import Earnings
from nba.vocabulary import MESSAGE_WORDS

UNTIRING: Final = frozenset(("awaiting-payment", "order-status", "delay"))
"""Messages that tire nobody."""
_MOST_REMEMBERED: Final = 12
"""Earlier messages that a load counts, at most: the next one weighs nothing against them."""


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """Messages that left and had `ANSWER_DAYS` to be answered, by customer and instant.

    Attributes:
        customer: int64 per message, a code of the customers with orders, or their number.
        writer: int64 per message, a code of the customers of the log.
        word: int64 per message, a code of `MESSAGE_WORDS`.
        channel: int8 per message, a code of `CHANNELS`; -1 where nobody said.
        shown: int32 per message, a code of the log's lists of products; -1 where it had none.
        at: datetime64[us] per message: when it left.
        state: int8 per message, a code of `rhythm.STATES`, when it was decided.
        alive: float64 per message: P(alive) of its customer then.
        day_band, load_band: int8 per message.
        is_useful, is_answered, is_left: bool per message: in time, a useful action; a click or
            useful action; an unsubscribe or complaint.
    """

    customer: NDArray[np.int64]
    writer: NDArray[np.int64]
    word: NDArray[np.int64]
    channel: NDArray[np.int8]
    shown: NDArray[np.int32]
    at: Instants
    state: NDArray[np.int8]
    alive: Floats
    day_band: NDArray[np.int8]
    load_band: NDArray[np.int8]
    is_useful: NDArray[np.bool_]
    is_answered: NDArray[np.bool_]
    is_left: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        decisions: Decisions,
        earnings: Earnings,
        rhythm: Rhythm,
        arrivals: Arrivals,
        as_of: np.datetime64,
    ) -> Self:
        """Look at every message that left long enough before an instant."""
        left = ~np.isnat(decisions.left_at)
        order = np.flatnonzero(left)
        order = order[np.lexsort((decisions.left_at[order], decisions.customer[order]))]
        load = _load(decisions, order)
        closed = decisions.left_at[order] + ANSWER_DAYS * DAY <= as_of
        order, load = order[closed], load[closed]
        at = decisions.left_at[order]

        def in_time(told: Instants) -> NDArray[np.bool_]:
            return np.asarray(told[order] <= at + ANSWER_DAYS * DAY, np.bool_)

        customer = customers_of(decisions, earnings)[order]
        is_answered = in_time(decisions.answered_at)
        is_useful = in_time(decisions.useful_at)
        if np.isnat(decisions.useful_at).all():
            # A shop that is told of clicks alone: one that an order followed was useful.
            begun = np.where(is_answered, decisions.answered_at[order], at)
            ordered = earnings.count(customer, begun, at + ANSWER_DAYS * DAY) > 0
            is_useful = is_answered & ordered
        days = (decisions.decided_at[order] - arrivals.of(decisions)[order]) / DAY
        return cls(
            customer,
            decisions.customer[order].astype(np.int64),
            words_of(decisions)[order],
            decisions.channel[order],
            decisions.shown[order],
            at,
            *earnings.standing(rhythm, customer, decisions.decided_at[order]),
            day_band(days),
            load_band(load),
            is_useful,
            is_answered,
            in_time(decisions.unsubscribed_at),
        )

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.at)


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """When orders arrived.

    Attributes:
        order_ids: the orders.
        at: datetime64[us] per order; NaT where it has not, or nobody said.
    """

    order_ids: Ids
    at: Instants

    @classmethod
    def of_orders(cls, history: OrderHistory) -> Self:
        """Look at all orders of a history."""
        arrived = [known.delivered_at for known in history.known()]
        return cls(history.rows.order_ids, np.concatenate(arrived))

    def of(self, decisions: Decisions) -> Instants:
        """Give, per decision, when the order arrived that it speaks of; NaT where none did."""
        # One by one, as of all orders few were spoken of.
        place = [self.order_ids.find(one) for one in decisions.order_ids]
        beyond = len(self.order_ids)
        at = np.append(self.at, np.datetime64("NaT", "us"))
        named = [beyond if one is None else one for one in (*place, None)]
        found = np.array(named, np.int64)[decisions.order]
        told = at[found]
        # Not known when it was decided.
        told[told > decisions.decided_at] = np.datetime64("NaT", "us")
        return np.asarray(told, "datetime64[us]")


def words_of(decisions: Decisions) -> NDArray[np.int64]:
    """Give the code in `MESSAGE_WORDS` of the message of each decision."""
    code = np.array([MESSAGE_WORDS.index(one) for one in decisions.message_ids], np.int64)
    return code[decisions.message]


def customers_of(decisions: Decisions, earnings: Earnings) -> NDArray[np.int64]:
    """Give the customer of each decision as coded by orders; their number for one without any."""
    return places(decisions.customer_ids, earnings.customer_ids)[decisions.customer]


def places(wanted: Ids, ids: Ids) -> NDArray[np.int64]:
    """Give the code of each wanted id among others; their number where it is not one of them."""
    code = {one: number for number, one in enumerate(ids)}
    return np.fromiter((code.get(one, len(ids)) for one in wanted), np.int64, len(wanted))


def _load(decisions: Decisions, order: NDArray[np.int64]) -> Floats:
    """Sum 2^(-age / half-life) over each customer's earlier marketing messages."""
    customer, at = decisions.customer[order], decisions.left_at[order]
    tires = np.array([word not in UNTIRING for word in MESSAGE_WORDS])[words_of(decisions)[order]]
    load = np.zeros(len(order))
    tiring = np.flatnonzero(tires)
    # Of a transactional message the load is not asked for.
    owner, left = customer[tiring], at[tiring]
    found = np.zeros(len(tiring))
    for back in range(1, min(_MOST_REMEMBERED, len(tiring) - 1) + 1):
        age = (left[back:] - left[:-back]) / DAY
        same = owner[back:] == owner[:-back]
        found[back:] += np.where(same, np.exp2(-age / HALF_LIFE_DAYS), 0.0)
    load[tiring] = found
    return load
