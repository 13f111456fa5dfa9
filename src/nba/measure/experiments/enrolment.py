"""Who entered an experiment and when, and what each did: the log joined to what was fixed before.

An experiment about messages applies to a customer from the first decision in its time that was due
to one of them: the message left, or could have left and chance or the holdout decided for nothing.
One that names no messages applies, from its start on, to everybody the shop knew by then. Neither
depends on the arm, so that the groups stay comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import Decisions
from nba.data.history import OrderHistory
from nba.data.message_log import MessageLog
from nba.domain import DAY, Ids, Instants
from nba.measure.attribution import Actions
from nba.measure.experiments.definition import HELD_OUT, Experiment, Metric, instant
from nba.measure.experiments.sums import Sums, gather, revenue_between
from nba.measure.sales import Sales
from nba.ranges import starts

BEFORE_DAYS: Final = 90
"""Days before entering of which the same metric is known, by which the reading is adjusted."""
_Done = Callable[[Instants, Instants], NDArray[np.int64]]
"""What each customer did from one instant of theirs to before another."""
_SOME_ARM: Final = ""
"""The group of who got a message whose variant nobody said: any arm, and not the holdout."""


@dataclass(frozen=True, slots=True, eq=False)
class Entrants:
    """Customers to whom an experiment has applied.

    Attributes:
        customer_ids: who.
        entered: datetime64[us] per customer: from when on.
        logged: of how many the message log says in which group they were.
        logged_otherwise: of how many of these it is not the group that is drawn.
    """

    customer_ids: Ids
    entered: Instants
    logged: int
    logged_otherwise: int

    @classmethod
    def nobody(cls) -> Self:
        """Nobody at all."""
        return cls(Ids.of([]), np.empty(0, "datetime64[us]"), 0, 0)

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.entered)


def entrants(
    experiment: Experiment,
    history: OrderHistory,
    decisions: Decisions,
    log: MessageLog,
    *,
    among: Collection[str] | None = None,
) -> Entrants:
    """Find who has entered an experiment so far.

    Customers whom something else holds out of all messages do not enter one without a holdout.

    Args:
        experiment: what was fixed before.
        history: what the shop knows, up to its `as_of`.
        decisions: those of the history.
        log: that of the history.
        among: ids of the customers it is about; everybody by default.
    """
    if not experiment.messages:
        since = min(instant(experiment.starts_at), history.as_of)
        ids = Ids.of(_known_by(history, since, among) if since < history.as_of else ())
        return Entrants(ids, np.full(len(ids), since), 0, 0)
    row = _due(experiment, decisions)
    row = row[starts(decisions.customer[row])]
    who = [decisions.customer_ids[int(one)] for one in decisions.customer[row]]
    at = dict(zip(who, decisions.decided_at[row], strict=True))
    if among is not None:
        at = {one: when for one, when in at.items() if one in among}
    entered = Ids.of(at)
    logged = _logged(experiment, decisions, log)
    told = [(one, logged[one]) for one in entered if one in logged]
    drawn = [experiment.group_of(one) for one, _ in told]
    return Entrants(
        entered,
        np.array([at[one] for one in entered], "datetime64[us]"),
        len(told),
        sum(
            group == HELD_OUT if said == _SOME_ARM else group != said
            for group, (_, said) in zip(drawn, told, strict=True)
        ),
    )


def sums_of(
    experiment: Experiment, entered: Entrants, history: OrderHistory, sales: Sales
) -> dict[Metric, dict[str, Sums]]:
    """Add up what the customers of each group did within their windows.

    A conversion is a useful action, revenue that of kept orders, and a lifetime value their
    profit; each is also known of the 90 days before they entered.

    Returns:
        Metric → group → sums, of the metric that decides and those beside it.
    """
    if not len(entered):
        nobody = {name: Sums() for name in experiment.shares}
        return {metric: dict(nobody) for metric in experiment.baselines}
    ids, at = entered.customer_ids, entered.entered
    done: dict[Metric, _Done] = {}
    for metric in experiment.baselines:
        if metric == "conversion":
            actions = Actions.of(history, ids)
            done[metric] = partial(_acted, actions)
        else:
            money = sales if metric == "revenue" else replace(sales, revenue=sales.profit)
            done[metric] = partial(_brought, money, ids)
    return {
        metric: gather(
            experiment,
            list(ids),
            at,
            within(at, at + experiment.window_days * DAY),
            within(at - BEFORE_DAYS * DAY, at),
            as_of=history.as_of,
        )
        for metric, within in done.items()
    }


def _acted(actions: Actions, since: Instants, until: Instants) -> NDArray[np.int64]:
    """Tell who did something useful in a period of their own: int64, 0 or 1."""
    own = actions.is_useful & (actions.at >= since[actions.customer])
    own &= actions.at < until[actions.customer]
    count = np.bincount(actions.customer[own], minlength=len(since))
    return (count > 0).astype(np.int64)


def _brought(sales: Sales, ids: Ids, since: Instants, until: Instants) -> NDArray[np.int64]:
    """Give the money that each brought in a period of their own: int64, minor units."""
    code = sales.customer_ids.codes()
    place = np.array([code.get(one, -1) for one in ids], np.int64)
    bought = place >= 0
    begin, end = np.full((2, sales.customer_count), np.datetime64("NaT", "us"))
    begin[place[bought]], end[place[bought]] = since[bought], until[bought]
    result = np.zeros(len(ids), np.int64)
    result[bought] = revenue_between(sales, begin, end)[place[bought]]
    return result


def _due(experiment: Experiment, decisions: Decisions) -> NDArray[np.int64]:
    """Give the rows of decisions that an experiment is about, by customer and instant."""
    codes = [decisions.message_ids.find(one) for one in experiment.messages]
    due = np.isin(decisions.message, [one for one in codes if one is not None])
    due &= decisions.decided_at >= instant(experiment.starts_at)
    due &= decisions.decided_at < instant(experiment.ends_at)
    if experiment.holdout is None:
        due &= ~decisions.is_holdout
    return np.flatnonzero(due)


def _known_by(
    history: OrderHistory, since: np.datetime64, among: Collection[str] | None
) -> set[str]:
    told = history.until(since)
    known: set[str] = set()
    for ids in (
        told.rows.customer_ids,
        told.profiles.customer_ids,
        told.events.customer_ids,
        told.contacts.customer_ids,
        told.replies.customer_ids,
    ):
        known.update(ids)
    return known if among is None else known.intersection(among)


def _logged(experiment: Experiment, decisions: Decisions, log: MessageLog) -> dict[str, str]:
    """Give the group in which the log says that customers were, where it says so."""
    found: dict[str, str] = {}
    names = {one.id for one in experiment.arm}
    codes = [log.message_ids.find(one) for one in experiment.messages]
    sent = np.isin(log.message, [one for one in codes if one is not None])
    sent &= log.left_at >= instant(experiment.starts_at)
    sent &= log.left_at < instant(experiment.ends_at)
    for row in np.flatnonzero(sent).tolist():
        arm = log.arms[int(log.arm[row])] if log.arm[row] >= 0 else _SOME_ARM
        group = arm if arm in names else _SOME_ARM
        if group != _SOME_ARM or experiment.holdout is not None:
            found.setdefault(log.customer_ids[int(log.customer[row])], group)
    if experiment.holdout is not None:
        due = _due(experiment, decisions)
        for code in np.unique(decisions.customer[due[decisions.is_holdout[due]]]).tolist():
            found[decisions.customer_ids[code]] = HELD_OUT
    return found
