"""What a message is worth: every part in the answer, so that the sum recomputes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from nba.artifacts.snapshot import Snapshot
from nba.decide.playbook import Message, Playbook
from nba.domain import significant
from nba.facts.fold import Facts


@dataclass(frozen=True, slots=True)
class Score:
    """Parts of an expected value, in minor units where they are money.

        expected = response (value - cost) context lever - unsubscribe_risk remaining_lifetime_value

    Attributes:
        response: probability of a useful action.
        value: profit of one.
        cost: of sending.
        context, lever: weights, 1 by default.
        unsubscribe_risk: probability of an unsubscribe.
        remaining_lifetime_value: profit of the coming year that depends on reaching the customer.
        expected: the sum; 9 significant digits.
    """

    response: float
    value: float
    cost: float
    context: float
    lever: float
    unsubscribe_risk: float
    remaining_lifetime_value: float
    expected: float

    def to_dict(self) -> dict[str, float]:
        """Give the JSON form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one customer's orders say of money.

    Attributes:
        order_profit: profit of the mean kept order, minor units.
        remaining: see `Score.remaining_lifetime_value`.
    """

    order_profit: float
    remaining: float


MOST_ORDERS = 1000
"""Orders a year beyond which a customer is priced like one of so many: an unsubscribe must not
outweigh every message of a daily buyer."""


def worth(
    snapshot: Snapshot,
    playbook: Playbook,
    facts: Facts,
    customer: int,
    at: np.datetime64,
    foreseen: float | None,
) -> Worth:
    """Value a customer from their own kept orders; margin and gaps are the recipe's assumptions.

    Args:
        snapshot: whose recipe.
        playbook: its share of profit that messages bring.
        facts: what is known of the customer.
        customer: a row of the facts.
        at: the instant of the decision.
        foreseen: the profit that the customer's rhythm lets expect of the coming year, minor
            units; None where it is not known, and that of the last year stands for it.
    """
    margin = snapshot.manifest.config.default_margin
    orders = slice(int(facts.order_start[customer]), int(facts.order_start[customer + 1]))
    kept = facts.kept[orders]
    lines = slice(int(facts.line_start[orders.start]), int(facts.line_start[orders.stop]))
    revenue = int(facts.revenue[lines].sum()) - int(facts.discount[orders][kept].sum())
    mean = revenue / int(kept.sum()) if revenue > 0 else float(playbook.default_order_value)
    recent = kept & (facts.ordered_at[orders] >= at - np.timedelta64(365, "D"))
    yearly = margin * mean * min(int(recent.sum()), MOST_ORDERS) if foreseen is None else foreseen
    return Worth(significant(margin * mean), significant(yearly * playbook.message_share))


def score(message: Message, customer: Worth) -> Score:
    """Price one message for one customer with the playbook's priors."""
    value = significant(message.value_share * customer.order_profit)
    gain = message.response * (value - message.cost) * message.lever
    loss = message.unsubscribe_risk * customer.remaining
    return Score(
        message.response,
        value,
        message.cost,
        1.0,
        message.lever,
        message.unsubscribe_risk,
        customer.remaining,
        significant(gain - loss),
    )
