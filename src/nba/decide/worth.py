"""What customers are worth, and how they take messages: one row a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.responses import HALF_LIFE_DAYS, Responses, load_band
from nba.artifacts.rhythm import STATES
from nba.decide.outlook import Outlook
from nba.decide.playbook import Playbook
from nba.domain import DAY
from nba.facts.fold import Facts
from nba.facts.letters import Letters
from nba.vocabulary import MESSAGE_WORDS, MessageKind

Floats = NDArray[np.float64]

MOST_ORDERS: Final = 100
"""Orders a year beyond which a customer is priced like one of so many: an unsubscribe must not
outweigh every message of a daily buyer."""
UNTIRING: Final = frozenset(("awaiting-payment", "order-status", "delay"))
"""Messages that tire nobody, whether the playbook holds them or not."""
_YEAR: Final = 365 * DAY
_ACTIVE: Final = STATES.index("active")


@dataclass(frozen=True, slots=True, eq=False)
class Worths:
    """N customers, in the order of the facts.

    Attributes:
        margin: share of revenue that is profit.
        profit, revenue: float64, minor units: of the mean kept order.
        yearly: float64, minor units: profit of the coming year.
        orders: float64: orders in the coming year.
        state: int8, the code in `rhythm.STATES`.
        response: float64 (N, channels): factor of the response on each channel: what the customer
            answered so far, the channel, how tired of messages they are, and whether they left.
        risk: float64: factor of the unsubscribe risk: their state, and how tired they are.
    """

    margin: float
    profit: Floats
    revenue: Floats
    yearly: Floats
    orders: Floats
    state: NDArray[np.int8]
    response: Floats
    risk: Floats


def worths(
    facts: Facts,
    outlook: Outlook,
    playbook: Playbook,
    responses: Responses,
    at: np.datetime64,
    margin: float,
) -> Worths:
    """Value all customers of the facts.

    Args:
        facts: their own kept orders and the messages they got.
        outlook: of the same customers; where it does not know one, the orders of the last year
            stand for those of the coming one.
        playbook: the value of an order where a shop has no prices, and the kinds of its messages.
        responses: what the log says.
        at: the instant of the decision.
        margin: share of revenue that is profit.
    """
    # Sums of whole minor units are exact, so differences of running sums are too.
    kept = _running(facts.kept)
    paid = _running(facts.revenue)[facts.line_start[facts.order_start]]
    given = _running(np.where(facts.kept, facts.discount, 0))
    recent = _running(facts.kept & (facts.ordered_at >= at - _YEAR))
    count = np.diff(kept[facts.order_start])
    total = np.diff(paid) - np.diff(given[facts.order_start])
    revenue = np.where(total > 0, total / np.maximum(count, 1), float(playbook.default_order_value))
    profit = margin * revenue
    last_year = np.minimum(np.diff(recent[facts.order_start]), MOST_ORDERS)
    yearly = np.where(outlook.known, outlook.profit, profit * last_year)
    orders = yearly / np.where(profit > 0, profit, 1.0)

    # Of whom the outlook knows nothing though they ordered, they did so lately.
    lately = np.where(count > 0, _ACTIVE, 0)
    state = np.where(outlook.known, outlook.state, lately).astype(np.int8)
    band = load_band(load(facts.letters, playbook, at))
    by_state, by_load = responses.risk_factors()
    answers = responses.customer_factor(facts.people.sent_count, facts.people.answered_count)
    answers *= responses.channel_factor()
    answers *= (responses.load_factor()[band] * outlook.alive)[:, None]
    risk = by_state[state] * by_load[band]
    return Worths(margin, profit, revenue, yearly, orders, state, answers, risk)


def load(letters: Letters, playbook: Playbook, at: np.datetime64) -> Floats:
    """Weigh the marketing messages that customers got: the sum of 2^(-age / 7 days).

    Returns:
        float64 per customer. A message dated after `at` weighs like one of that instant.
    """
    customers = len(letters.start) - 1
    if not len(letters.at):
        return np.zeros(customers)
    tiring = np.array([word not in UNTIRING for word in MESSAGE_WORDS])
    for message in playbook.message:
        tiring[MESSAGE_WORDS.index(message.id)] = message.kind is not MessageKind.TRANSACTIONAL
    age = np.maximum((at - letters.at) / DAY, 0.0)
    weight = np.where(tiring[letters.message], np.exp2(-age / HALF_LIFE_DAYS), 0.0)
    owner = np.repeat(np.arange(customers), np.diff(letters.start))
    return np.asarray(np.bincount(owner, weight, customers), np.float64)


def _running(values: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give the sum of all values before each place, and of all."""
    total = np.empty(len(values) + 1, np.int64)
    total[0] = 0
    np.cumsum(values, dtype=np.int64, out=total[1:])
    return total
