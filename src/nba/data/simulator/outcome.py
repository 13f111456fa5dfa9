"""What a play came to: customer by customer, message by message, and arm beside arm."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import significant

NOTHING: Final = "nothing"
RESAMPLES: Final = 2000
PER_CUSTOMERS: Final = 1000


@dataclass(frozen=True, slots=True)
class CustomerTally:
    """One customer's part; money in minor units.

    Attributes:
        messages, useful, unsubscribes: messages sent, and what they led to.
        orders, revenue, margin: everything bought during the play, unasked or not.
        contactable: some channel is still granted at the end.
        cost: of sending.
        expected: profit that the messages sent were truly expected to add, by the planted chances
            of the instants at which they were sent.
        lifetime: expected profit of the year after the play, by the planted rates; see `Lifetime`.
    """

    customer_id: str
    messages: int = 0
    useful: int = 0
    orders: int = 0
    revenue: int = 0
    margin: int = 0
    unsubscribes: int = 0
    contactable: bool = False
    cost: float = 0.0
    expected: float = 0.0
    lifetime: float = 0.0

    @property
    def profit(self) -> float:
        """Margin less the cost of sending."""
        return self.margin - self.cost


@dataclass(frozen=True, slots=True)
class MessageTally:
    """What one message of the playbook led to; money in minor units.

    Attributes:
        relevance: sum over the messages sent, 0..sent.
        orders, revenue, margin: bought by a useful action. What would have been bought anyway is
            among them: only the comparison of arms shows what a policy adds.
        expected: profit that they were truly expected to add, less the cost of sending.
    """

    message: str
    sent: int = 0
    useful: int = 0
    orders: int = 0
    revenue: int = 0
    margin: int = 0
    unsubscribes: int = 0
    relevance: float = 0.0
    expected: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One policy played on one shop; the same shop, policy and seed give an equal one.

    Attributes:
        days: on which the policy was asked; purchases count for 7 more.
        customers: by id.
        messages: by message id.
        refused: offers on a channel the customer had not granted; not sent.
        repeated: offers for a message and anchor sent before; not sent again.
        postponed: offers to be sent on a later day; not sent.
        facts: the rows the play added to each table of the shop.
    """

    days: int
    currency: str
    customers: Sequence[CustomerTally]
    messages: Sequence[MessageTally]
    refused: int
    repeated: int
    postponed: int
    facts: Mapping[str, Sequence[Mapping[str, Any]]] = field(repr=False)

    def total(self, column: str) -> int:
        """Sum a column of counts of the customers."""
        return sum(int(getattr(one, column)) for one in self.customers)

    def column(self, name: str) -> NDArray[np.float64]:
        """Give a column of the customers, such as `profit`, by their order."""
        return np.array([getattr(one, name) for one in self.customers], np.float64)

    def summary(self) -> dict[str, Any]:
        """Give the totals: counts, shares 0..1 (None where nothing was sent), minor units."""
        messages, useful = self.total("messages"), self.total("useful")
        return {
            "customers": len(self.customers),
            "messages": messages,
            "useful": useful,
            "useful_share": useful / messages if messages else None,
            "orders": self.total("orders"),
            "revenue": self.total("revenue"),
            "margin": self.total("margin"),
            "cost": significant(self.column("cost").sum()),
            "profit": significant(self.column("profit").sum()),
            "unsubscribes": self.total("unsubscribes"),
            "contactable_share": self.total("contactable") / len(self.customers),
            "lifetime": significant(self.column("lifetime").sum()),
            "refused": self.refused,
            "repeated": self.repeated,
            "postponed": self.postponed,
        }


@dataclass(frozen=True, slots=True)
class Gain:
    """Profit that an arm adds, in minor units per 1,000 customers, with a 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several policies played on the same customers, who met the same chance in each.

    Attributes:
        arms: name → outcome; one of them is `nothing`.
        seed: of the play and of the intervals.
    """

    arms: Mapping[str, Outcome]
    seed: int

    def gain(self, arm: str) -> Gain:
        """Compare an arm with nothing, customer by customer.

        The interval is the 2.5th and 97.5th percentile of the mean over 2,000 resamples of
        customers, both arms of a customer drawn together.
        """
        with_arm, without = (self.arms[name].column("profit") for name in (arm, NOTHING))
        added = (with_arm - without) * PER_CUSTOMERS
        low, high = np.quantile(_resampled(added, self.seed), [0.025, 0.975])
        return Gain(float(added.mean()), float(low), float(high))

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        first = next(iter(self.arms.values()))
        return {
            "days": first.days,
            "currency": first.currency,
            "seed": self.seed,
            "arms": {
                name: {
                    **outcome.summary(),
                    "incremental_profit_per_1000": asdict(self.gain(name)),
                    "per_message": [asdict(one) for one in outcome.messages],
                }
                for name, outcome in self.arms.items()
            },
        }


def _resampled(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    named = hashlib.blake2b(b"customers resampled", digest_size=8).digest()
    random = np.random.default_rng([seed, int.from_bytes(named, "big")])
    return np.array(
        [values[random.integers(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
    )
