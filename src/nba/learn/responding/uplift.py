"""What sending a message adds, from decisions in which chance chose between it and nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.outlook import Floats
from nba.data.contacts import Decisions
from nba.domain import DAY
from nba.learn.responding.earnings import Earnings
from nba.learn.responding.letters import customers_of, words_of
from nba.learn.responding.shrinkage import spread
from nba.ranges import starts
from nba.vocabulary import MESSAGE_WORDS

BEFORE_DAYS: Final = 180
"""Days whose profit explains what customers differ in without any message."""
MOST_ORDERS: Final = 10.0
"""Mean orders that a window counts, at most: one company's bulk order must not decide."""
_FEWEST: Final = 30
"""Decisions of either sort below which no difference is looked at."""

_SHARE_SPREAD: Final = 0.5
"""Standard deviation of the prior of the mean share that is added, around 1; and the scale of that
of shares around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Uplift:
    """One row a code of `MESSAGE_WORDS`, in mean orders; 0 where there are too few decisions.

    Attributes:
        controls: int64: decisions for nothing where the message could have been sent.
        added: float64: mean profit with it less mean profit without.
        variance: float64: of that difference.
    """

    controls: NDArray[np.int64]
    added: Floats
    variance: Floats

    @classmethod
    def of(
        cls, decisions: Decisions, earnings: Earnings, window_days: int, as_of: np.datetime64
    ) -> Self:
        """Compare what came within a window after decisions to send and for nothing.

        Where chance chose at the decision, those two sorts are compared. Else those held out
        stand for nothing sent, but only the first decision about each customer counts: later on
        the others have been written to, and neither who they are nor how often they come up is as
        among those held out.

        Each decision weighs 1 / propensity; means are divided by the sum of weights (Hajek). The
        profit of the `BEFORE_DAYS` before takes off what it explains, theta = cov / var (CUPED,
        Deng, Xu, Kohavi and Walker 2013): it cannot be an effect. The variance is that of the sums
        of influence over customers, as decisions about one customer are not independent.

        Args:
            decisions: the log.
            earnings: the orders.
            window_days: days after a decision whose profit counts.
            as_of: decisions whose window is not over by then are left out.
        """
        window = window_days * DAY
        is_first = np.zeros(len(decisions), np.bool_)
        is_first[starts(decisions.customer)] = True
        by_chance = (decisions.propensity < 1) & ~decisions.is_holdout
        is_over = decisions.decided_at + window <= as_of
        rows = np.flatnonzero(decisions.is_trial & is_over & (by_chance | is_first))
        at, customer = decisions.decided_at[rows], customers_of(decisions, earnings)[rows]
        after = np.minimum(earnings.between(customer, at, at + window), MOST_ORDERS)
        before = np.minimum(earnings.between(customer, at - BEFORE_DAYS * DAY, at), MOST_ORDERS)
        word, who = words_of(decisions)[rows], decisions.customer[rows]
        is_sent = ~np.isnat(decisions.left_at[rows])
        weight = 1 / decisions.propensity[rows]
        messages = len(MESSAGE_WORDS)
        controls = np.zeros(messages, np.int64)
        added, variance = np.zeros((2, messages))
        for code in range(messages):
            for compared in (by_chance[rows], is_first[rows]):
                mine = np.flatnonzero((word == code) & compared)
                sent = is_sent[mine]
                if min(int(sent.sum()), int((~sent).sum())) < _FEWEST:
                    continue
                controls[code] = (~sent).sum()
                adjusted = after[mine] - _explained(before[mine], after[mine], weight[mine])
                added[code], variance[code] = difference(adjusted, weight[mine], sent, who[mine])
                break
        return cls(controls, added, variance)


def share_added(uplift: Uplift, assumed: Floats) -> tuple[float, float]:
    """Learn how much of what answers make believe is added, over all messages.

    Returns:
        Mean and variance over messages, of `shrinkage.spread` around 1, each share told with the
        error of its difference.
    """
    tried = (uplift.controls > 0) & (assumed > 0)
    share = uplift.added[tried] / assumed[tried]
    error = uplift.variance[tried] / assumed[tried] ** 2
    return spread(share, error, centre=1.0, scale=_SHARE_SPREAD)


def _explained(before: Floats, after: Floats, weight: Floats) -> Floats:
    """Give what the time before says of the time after, with mean 0."""
    total = weight.sum()
    away = before - (weight * before).sum() / total
    squares = (weight * away * away).sum()
    theta = (weight * away * after).sum() / squares if squares > 0 else 0.0
    return np.asarray(theta * away, np.float64)


def difference(
    profit: Floats, weight: Floats, is_sent: NDArray[np.bool_], customer: NDArray[np.integer]
) -> tuple[float, float]:
    """Give the difference of weighted means of those sent to and not, and its variance.

    Args:
        profit: float64 per decision.
        weight: float64 per decision: 1 / propensity.
        is_sent: bool per decision.
        customer: int per decision: decisions about one customer are not independent.
    """
    influence, found = np.zeros(len(profit)), 0.0
    for arm, sign in ((is_sent, 1.0), (~is_sent, -1.0)):
        total = weight[arm].sum()
        mean = float((weight[arm] * profit[arm]).sum() / total)
        found += sign * mean
        influence[arm] = sign * weight[arm] * (profit[arm] - mean) / total
    each = np.bincount(customer, influence)
    told = int((np.bincount(customer) > 0).sum())
    return found, float((each * each).sum()) * told / max(told - 1, 1)
