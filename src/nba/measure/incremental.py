"""What messages changed: customers who got one beside those held out of it.

Attribution tells what followed a message, not what it caused: many would have bought anyway. Of
customers held out it is logged which messages could have left, so both groups are known. A
customer is in the group of their first decision about the message, and what they do in the window
after it counts, whichever message came last. Nobody is counted whose window is still open.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.data.history import OrderHistory
from nba.measure.attribution import (
    USEFUL,
    WINDOW_DAYS,
    Actions,
    instants_of,
    sortable,
    window_of,
)
from nba.ranges import starts


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean per customer of those who got a message, less that of those held out.

    The interval is Welch's, by Student's t, of both groups with two customers more each: one who
    did nothing, and one who did as much as those who did anything, by the root of their mean
    square. Of shares these are one failure and one success, as in Agresti and Caffo (2000,
    doi:10.1080/00031305.2000.10474560). Few customers who all did alike thus do not make it
    certain what others would have done; among thousands two more change nothing to speak of.

    Attributes:
        treated, held_out: the two means.
        effect: treated - held_out.
        low, high: a 95 % interval of the effect, not quite centred on it. None where a group has
            fewer than two customers, or where nobody of either did anything.
    """

    treated: float
    held_out: float
    effect: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, treated: NDArray[np.int64], held_out: NDArray[np.int64]) -> Difference:
        """Compare what customers did, one value a customer, at least one in either group."""
        means = float(treated.mean()), float(held_out.mean())
        effect = means[0] - means[1]
        did = np.concatenate([treated, held_out]).astype(np.float64)
        did = did[did != 0]
        if min(len(treated), len(held_out)) < 2 or not len(did):
            return cls(*means, effect, None, None)
        low, high = _interval(*(np.append(one, _more(did)) for one in (treated, held_out)))
        return cls(*means, effect, low, high)


def _more(did: NDArray[np.float64]) -> list[float]:
    """Give what two customers more of a group did."""
    return [0.0, float(np.sqrt((did * did).mean()))]


def _interval(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float]:
    """Give Welch's 95 % interval of a difference of means, with Satterthwaite's degrees."""
    from scipy.special import stdtrit

    parts = np.array([group.var(ddof=1) / len(group) for group in (one, other)])
    free = np.array([len(one), len(other)]) - 1
    error, middle = parts.sum(), float(one.mean() - other.mean())
    reach = float(stdtrit(error**2 / (parts**2 / free).sum(), 0.975) * np.sqrt(error))
    return middle - reach, middle + reach


@dataclass(frozen=True, slots=True)
class Incremental:
    """What a message changed.

    Attributes:
        message: its id.
        treated, held_out: customers in the two groups, at least one in each.
        useful: of useful actions per customer.
        revenue: of minor units per customer, from kept orders.
    """

    message: str
    treated: int
    held_out: int
    useful: Difference
    revenue: Difference

    def to_dict(self) -> dict[str, Any]:
        """Give the figures ready for JSON."""
        return asdict(self)


def incremental(
    history: OrderHistory,
    *,
    useful: Collection[str] = USEFUL,
    window_days: float = WINDOW_DAYS,
) -> list[Incremental]:
    """Compare, for every message with a holdout, who got it with who was held out of it.

    Args:
        history: orders, replies and the message log up to its `as_of`.
        useful: the types of action that are useful, as `Actions.of` has them.
        window_days: how long after the decision an action counts, the same for both groups.

    Returns:
        One row a message of which both groups have a customer, by the message's id.

    Raises:
        ConfigError: a type of action or the window makes no sense.
        DataError: a table of the shop breaks its contract.
    """
    window = window_of(window_days)
    decisions = history.told.decisions()
    actions = Actions.of(history, decisions.customer_ids, useful=useful)
    # A decision for nothing of somebody who is not held out is chance's, in neither group.
    counted = decisions.is_holdout | ~np.isnat(decisions.left_at)
    counted &= decisions.decided_at + window < history.as_of
    row = np.flatnonzero(counted)
    row = row[
        np.lexsort((decisions.decided_at[row], decisions.customer[row], decisions.message[row]))
    ]
    pair = decisions.message[row] * np.int64(len(decisions.customer_ids)) + decisions.customer[row]
    row = row[starts(pair)]
    since = decisions.decided_at[row]
    instants = instants_of(actions.at, since, since + window)
    done = sortable(actions.customer, actions.at, instants)
    first = np.searchsorted(done, sortable(decisions.customer[row], since, instants), "right")
    last = np.searchsorted(
        done, sortable(decisions.customer[row], since + window, instants), "right"
    )

    def within(values: NDArray[np.int64]) -> NDArray[np.int64]:
        total = np.append(0, np.cumsum(values))
        return np.asarray(total[last] - total[first], np.int64)

    did, paid = within(actions.is_useful.astype(np.int64)), within(actions.revenue)
    message, is_held = decisions.message[row], decisions.is_holdout[row]
    found = []
    for code, name in enumerate(decisions.message_ids):
        treated, held = (message == code) & ~is_held, (message == code) & is_held
        if treated.any() and held.any():
            found.append(
                Incremental(
                    name,
                    int(treated.sum()),
                    int(held.sum()),
                    Difference.of(did[treated], did[held]),
                    Difference.of(paid[treated], paid[held]),
                )
            )
    return found
