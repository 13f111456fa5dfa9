"""What a new playbook would be worth, from logged decisions in which chance had a say.

Each decision of the log is asked again of the new playbook, with what was known at its instant; the
probability with which it would have done what was done, over the logged one, weighs what came
after. Decisions at which the log sent nothing, and had nothing to send, are not in it: the value is
that of the moments at which the log's playbook wrote to somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.data.contacts import Decisions
from nba.data.shop import Shop
from nba.decide.decision import Decision
from nba.decide.playbook import Playbook
from nba.decide.policy import Policy
from nba.domain import iso
from nba.errors import DataError
from nba.measure.estimate import LEAST_EFFECTIVE, NORMAL_95, Estimate, Floats
from nba.measure.logged import ADVICE, Logged
from nba.measure.offpolicy import (
    doubly_robust,
    inverse_propensity,
    logged_threshold,
    self_normalised,
    switch_doubly_robust,
)
from nba.measure.replaying import TOGETHER, Past, Places, Week, near
from nba.measure.reward_model import cross_fitted
from nba.vocabulary import NOTHING_SENT

MOST_APART: Final = 0.1
"""Share of the decisions that may be left out, as the log knows nothing of them."""
_DIGITS: Final = 1e-6
"""Chances are logged to nine digits, so that their sum may fall short of 1 by as much."""

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a new playbook would do at each decision of a log.

    Attributes:
        messages: what the columns of `policy` are.
        policy: float64 (decisions, messages): with which probability it does each.
        done: int64 per decision: the column of what was done.
        context: int64 per decision: a code of the state that the customer was in.
        states: how many there are.
    """

    messages: Sequence[str]
    policy: Floats
    done: NDArray[np.int64]
    context: NDArray[np.int64]
    states: int

    @classmethod
    def of(cls, done: Sequence[str], decisions: Sequence[Decision]) -> Asked:
        """Lay out new decisions, one for each old one."""
        chances = [_chances(one) for one in decisions]
        messages = sorted({*done, *(word for one in chances for word in one)})
        column = {word: place for place, word in enumerate(messages)}
        policy = np.zeros((len(done), max(len(messages), 1)))
        for row, told in enumerate(chances):
            for word, chance in told.items():
                policy[row, column[word]] += chance
        policy /= np.maximum(policy.sum(axis=1, keepdims=True), 1.0)
        states, context = np.unique([one.state for one in decisions], return_inverse=True)
        return cls(
            messages,
            policy,
            np.array([column[word] for word in done], np.int64),
            np.asarray(context, np.int64),
            len(states),
        )

    def take(self, row: NDArray[np.int64]) -> Asked:
        """Choose some decisions."""
        told = self.policy[row], self.done[row], self.context[row]
        return Asked(self.messages, *told, self.states)


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What one reward comes to a decision.

    Attributes:
        logged: what the log's own decisions earned.
        methods: name of a method → what the new playbook would have earned by it.
    """

    logged: Estimate
    methods: Mapping[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Give the figures ready for JSON."""
        low, high = self.logged.interval()
        told: dict[str, Any] = {"logged": {"value": self.logged.value, "low": low, "high": high}}
        for name, one in self.methods.items():
            low, high = one.interval()
            more, less_than, more_than = self.difference(name)
            told[name] = {
                "value": one.value,
                "low": low,
                "high": high,
                "difference": {"value": more, "low": less_than, "high": more_than},
                "effective_decisions": one.effective,
                "greatest_share": one.greatest,
            }
        return told

    def difference(self, name: str) -> tuple[float, float, float]:
        """Give how much more than the log's own a method says, and the bounds of 95 %."""
        more, error = self.methods[name].over(self.logged)
        return more, more - NORMAL_95 * error, more + NORMAL_95 * error


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """A new playbook beside the one of a log.

    Attributes:
        playbook: id of the new one.
        since, until: the first and the last decision.
        window_days: how long after a decision what is done counts.
        decisions, customers: how many were judged.
        explored: decisions of which chance was a part.
        left_out: decisions that were not drawn.
        apart: decisions beside them at which the new one would do what the log never does, so that
            nothing is known of it.
        greatest: the greatest weight of a decision.
        useful: decisions followed by a useful action.
        revenue: minor units a decision.
    """

    playbook: str
    since: np.datetime64
    until: np.datetime64
    window_days: float
    decisions: int
    customers: int
    explored: int
    left_out: int
    apart: int
    greatest: float
    useful: Worth
    revenue: Worth

    @property
    def refusals(self) -> tuple[str, ...]:
        """Say why the log cannot carry the estimates: one sentence each, none where it can."""
        told = self.useful.methods["IPS"]
        found = list(told.refusals)
        if not found:
            return ()
        asked = self.decisions + self.apart
        found += _told_of_draw(asked, self.left_out)
        if 0 < told.effective < LEAST_EFFECTIVE:
            needed = ceil(asked * LEAST_EFFECTIVE / told.effective)
            if needed <= asked + self.left_out:
                found.append(f"about {needed:,} of them carry it; draw more: --decisions {needed}")
                if len(told.refusals) == 1:
                    return tuple(found)
            else:
                found.append(f"a log like this one carries it from about {needed:,} decisions on")
        return (*found, ADVICE)

    def checked(self) -> Valuation:
        """Give the valuation, if the log can carry it.

        Raises:
            DataError: it cannot; `problems` are the `refusals`.
        """
        if self.refusals:
            raise DataError(*self.refusals)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "playbook": self.playbook,
            "since": iso(self.since),
            "until": iso(self.until),
            "window_days": self.window_days,
            "decisions": self.decisions,
            "customers": self.customers,
            "explored": self.explored,
            "left_out": self.left_out,
            "apart": self.apart,
            "greatest_weight": self.greatest,
            "useful_per_decision": self.useful.to_dict(),
            "revenue_per_decision": self.revenue.to_dict(),
        }


def news_of(playbook: Playbook) -> frozenset[str]:
    """Name the messages of a playbook that are no marketing."""
    return frozenset(one.id for one in playbook.message if not one.is_marketing)


def value(
    shop: Shop,
    logged: Logged,
    snapshot_at: Callable[[np.datetime64], Snapshot],
    playbook: Playbook,
    *,
    most: int | None = None,
    announce: Announce = lambda _: None,
) -> Valuation:
    """Estimate what a new playbook would have earned at the decisions of a log.

    Args:
        shop: whose facts are known at each decision.
        logged: of its history, as `Logged.judged` keeps them.
        snapshot_at: gives the snapshot by which the new playbook decides at an instant; it must
            know of nothing from then on, or what followed a decision would judge it.
        playbook: the new one; who it would hold out is written to all the same.
        most: decisions to draw; by default as many as `Logged.drawn` allows.
        announce: called with the name of each step.

    Raises:
        DataError: as `compared`.
    """
    whole = len(logged)
    logged = logged.drawn(most)
    announce(f"asking the new playbook at {len(logged):,} decisions")
    quiet = playbook.holdout.model_copy(update={"share": 0.0})
    playbook = playbook.model_copy(update={"holdout": quiet})
    asked = Asked.of(logged.message, replayed(shop, logged.rows, snapshot_at, playbook))
    announce("estimating")
    return compared(logged, asked, playbook=playbook.id, left_out=whole - len(logged))


def compared(logged: Logged, asked: Asked, *, playbook: str, left_out: int = 0) -> Valuation:
    """Estimate what a playbook would have earned, from what it would have done.

    Decisions at which the log left nothing to chance say nothing of other messages: those at which
    the playbook would do otherwise are counted apart. Which they are is known before anything is
    chosen, so that the estimate holds for all others.

    Raises:
        DataError: more than `MOST_APART` of the decisions are apart, or the others are of fewer
            than five customers.
    """
    every = np.arange(len(logged))
    probability, propensity = asked.policy[every, asked.done], logged.rows.propensity
    is_apart = (propensity == 1) & (probability < 1 - _DIGITS)
    apart = int(is_apart.sum())
    if apart > MOST_APART * len(logged):
        told = _too_far(logged, asked, is_apart)
        raise DataError(*told, *_told_of_draw(len(logged), left_out), ADVICE)
    kept = np.flatnonzero(~is_apart)
    logged, asked = logged.take(kept), asked.take(kept)
    rows = logged.rows
    return Valuation(
        playbook,
        rows.decided_at.min(),
        rows.decided_at.max(),
        logged.window_days,
        len(logged),
        len(np.unique(rows.customer)),
        int((rows.propensity < 1).sum()),
        left_out,
        apart,
        float((probability / propensity)[kept].max()),
        *(_worth(one, rows, asked) for one in (logged.useful, logged.revenue)),
    )


def _told_of_draw(drawn: int, left_out: int) -> Iterator[str]:
    """Say how many of the log's decisions were looked at, where not all were."""
    if left_out:
        yield f"{drawn:,} of the log's {drawn + left_out:,} decisions were drawn by chance"


def _too_far(logged: Logged, asked: Asked, is_apart: NDArray[np.bool_]) -> Iterator[str]:
    """Say how much of a playbook the log knows nothing of."""
    yield (
        f"at {is_apart.mean():.1%} of {len(logged):,} decisions the new playbook would do what the "
        f"log never does there, and at most {MOST_APART:.0%} is allowed; let the log explore it "
        "first, or ask about a playbook nearer to the log's"
    )
    if NOTHING_SENT in asked.messages:
        silent = asked.policy[is_apart, asked.messages.index(NOTHING_SENT)].sum() / len(logged)
        if silent > MOST_APART / 10:
            yield (
                f"at {silent:.1%} it would send nothing, which [explore] never tries; what "
                "messages add to silence is told by a [holdout]"
            )


def _worth(reward: Floats, rows: Decisions, asked: Asked) -> Worth:
    """Estimate by all methods what one reward comes to."""
    every, cluster = np.arange(len(reward)), rows.customer
    probability, propensity = asked.policy[every, asked.done], rows.propensity
    given = reward, probability, propensity
    sizes = {"actions": asked.policy.shape[1], "contexts": asked.states}
    model = cross_fitted(reward, asked.done, asked.context, cluster=cluster, **sizes)
    learned = model.of(asked.done), model.under(asked.policy)
    threshold = logged_threshold(*given, *learned, cluster=cluster)
    sure = np.ones(len(reward))
    # Of a policy that does nothing of what was done IPS is refused, and SNIPS is undefined.
    normalised = self_normalised if probability.any() else inverse_propensity
    return Worth(
        inverse_propensity(reward, sure, sure, cluster=cluster),
        {
            "IPS": inverse_propensity(*given, cluster=cluster),
            "SNIPS": normalised(*given, cluster=cluster),
            "DR": doubly_robust(*given, *learned, cluster=cluster),
            "Switch-DR": switch_doubly_robust(
                *given, *learned, threshold=threshold, cluster=cluster
            ),
        },
    )


def replayed(
    shop: Shop,
    rows: Decisions,
    snapshot_at: Callable[[np.datetime64], Snapshot],
    playbook: Playbook,
    *,
    together: int = TOGETHER,
) -> list[Decision]:
    """Ask a playbook again at each decision of a log.

    Only what is known of the customers asked for is folded, and of the products only those whose
    state changed since are looked at, as a shop that claims one by one has as many instants as
    decisions.

    Args:
        shop: whose facts are known.
        rows: the decisions.
        snapshot_at: gives the snapshot to decide by at an instant.
        playbook: what is asked.
        together: instants at most whose customers are read at once.

    Returns:
        One decision for each of the log. Their ids are not those of a claim, which names the states
        of all products besides.
    """
    found: dict[int, Decision] = {}
    policy: Policy | None = None
    week = Week.of(shop, rows) if playbook.limited else None
    for part in near(rows, together):
        last = rows.decided_at[part[-1][0]]
        past = Past.read(shop, _names(rows, np.concatenate(part)), last)
        for places in part:
            at, names = rows.decided_at[places[0]], _names(rows, places)
            snapshot = snapshot_at(at)
            if policy is None or policy.snapshot is not snapshot:
                policy = Policy(snapshot, playbook)
            asked = list(dict.fromkeys(names))
            facts = past.facts(asked, at)
            if week is not None:
                facts = replace(facts, week_counts=week.counts(at))
            told = dict(zip(asked, policy.decide(asked, facts, at), strict=True))
            found |= {place: told[name] for place, name in zip(places.tolist(), names, strict=True)}
    return [found[place] for place in range(len(rows))]


def _names(rows: Decisions, places: Places) -> list[str]:
    return [rows.customer_ids[code] for code in rows.customer[places].tolist()]


def _chances(decision: Decision) -> dict[str, float]:
    """Give the probability of each message of a decision."""
    if decision.message is None:
        return {NOTHING_SENT: 1.0}
    told = dict(decision.experiment.eligible)
    return told or {decision.message.id: 1.0}
