"""The next message of a customer, as all routes that tell it do: asked for, claimed, or in a list.

Each answer stands for itself, so that a line of a list is what the question for that one gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from nba.decide.claiming import Claimable
from nba.decide.decision import Decision
from nba.decide.policy import Policy
from nba.domain import iso
from nba.facts.fold import Facts
from nba.state.claims import Claim, Permit
from nba.state.known import known_of
from nba.state.ledger import claim
from nba.state.standing import ask, claimants
from nba.state.store import Store
from nba.vocabulary import Channel
from nba_api.metrics import ClaimOutcome, Metrics

TOGETHER: Final = 256
"""Customers decided for at once, which bounds the memory of a list."""

Context = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about, and what the request says of the moment.

    Attributes:
        customer: an id.
        said: the context, as pairs.
    """

    customer: str
    said: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, customer: str, context: Context) -> Self:
        """Ask about a customer in a context."""
        return cls(customer, tuple(context.items()))


def next_message(
    store: Store, policy: Policy, customer: str, at: np.datetime64, context: Context
) -> dict[str, Any]:
    """Give the decision for a customer; while a claim is open and allowed, that of what is claimed.

    Raises:
        StateError: the store cannot be read.
    """
    asked = ask(store, customer, at)
    decision = policy.decide(customer, asked.facts, at, context=context, claimed=asked.claimed)
    return _shown(decision, asked.permit)


def planned(
    store: Store, policy: Policy, customer: str, at: np.datetime64, days: int, context: Context
) -> list[dict[str, Any]]:
    """Give the decision for a customer now, and those to come; what is claimed counts as sent.

    Raises:
        StateError: the store cannot be read.
    """
    now = next_message(store, policy, customer, at, context)
    facts = store.facts([customer], at)
    plan = policy.plan(customer, facts, at, horizon_days=days, context=context)
    return [now, *(one.to_dict() for one in plan[1:])]


def claimed_message(
    store: Store,
    policy: Policy,
    customer: str,
    at: np.datetime64,
    context: Context,
    metrics: Metrics,
    *,
    channel: Channel | None = None,
) -> dict[str, Any]:
    """Claim what is due to a customer, and give the decision with the permit, if there is one.

    The claim is counted by its answer.

    Args:
        store: the facts, and what is claimed.
        policy: what decides.
        customer: an id.
        at: now.
        context: what is known of the moment.
        metrics: where the claim is counted.
        channel: by which the caller sends: what is due by another one stays unclaimed, for whoever
            sends that. A claim that is open stands, however it goes.

    Raises:
        StateError: the store cannot be written.
    """
    seen: list[Facts] = []

    def decide(facts: Facts) -> Claimable:
        seen.append(facts)
        return Claimable.of(policy, policy.decide(customer, facts, facts.as_of, context=context))

    def is_carried(due: Claimable) -> bool:
        message = due.decision.message
        return message is not None and message.channel == channel

    takes = None if channel is None else is_carried
    found = claim(store, customer, decide, at, limited=policy.playbook.limited, takes=takes)
    metrics.claim_answered(_outcome(found))
    decision, permit = found.decision.decision, found.permit
    if permit is None:
        return _refused(found, channel)
    if not _is_of(decision, permit):
        # It would rather be another message now; what was claimed stands.
        stands = {customer: (permit.message, permit.anchor or "")}
        facts = seen[-1]
        decision = policy.decide(customer, facts, facts.as_of, context=context, claimed=stands)
    return _shown(decision, permit) | {"withdrawn": None}


def next_messages(
    store: Store,
    policy: Policy,
    customers: Sequence[str],
    at: np.datetime64,
    context: Context,
    *,
    claims: Metrics | None,
) -> Iterator[dict[str, Any]]:
    """Give what `next_message` gives, or `claimed_message`, of one customer after the other.

    Args:
        store: the facts.
        policy: what decides, the same for all.
        customers: ids, each once; slices of them are lists.
        at: now, or what was known at which instant.
        context: what is known of the moment.
        claims: where each claim is counted; None to claim nothing.

    Raises:
        StateError: the store cannot be read, or written.
    """
    if claims is not None:
        for customer in customers:
            yield claimed_message(store, policy, customer, at, context, claims)
        return
    for begin in range(0, len(customers), TOGETHER):
        group = customers[begin : begin + TOGETHER]
        yield from answers(store, policy, [Question.of(one, context) for one in group], at)


def answers(
    store: Store, policy: Policy, asked: Sequence[Question], at: np.datetime64
) -> list[dict[str, Any]]:
    """Give what `next_message` gives of each question, from one look at the store.

    Who has claimed something is looked at alone: what their message would be rests on facts of
    their own.

    Raises:
        StateError: the store cannot be read.
    """
    facts, alone = _known(store, list(dict.fromkeys(one.customer for one in asked)), at)
    found: dict[Question, dict[str, Any]] = {}
    for said in dict.fromkeys(one.said for one in asked):
        context = dict(said)
        mine = list(dict.fromkeys(one.customer for one in asked if one.said == said))
        for customer in alone.intersection(mine):
            document = next_message(store, policy, customer, at, context)
            found[Question(customer, said)] = document
        others = [one for one in mine if one not in alone]
        if facts is not None and others:
            decisions = policy.stream(others, facts, at, context=context)
            for customer, decision in zip(others, decisions, strict=True):
                found[Question(customer, said)] = decision.to_dict()
    return [found[one] for one in asked]


def _known(
    store: Store, customers: Sequence[str], at: np.datetime64
) -> tuple[Facts | None, set[str]]:
    """Read the facts of those who have claimed nothing that stands, and name the others.

    Who is asked about alone is one of the others: one look finds the facts and the claim.
    """
    alone = set(customers) if len(customers) == 1 else claimants(store, customers, at)
    while others := [one for one in customers if one not in alone]:
        with store.asking() as connection:
            known = known_of(connection, others, at)
            if not known.has_claim:
                return store.folded(connection, known, others, at), alone
        # Somebody claimed between the two looks.
        alone |= claimants(store, others, at) or set(others)
    return None, alone


def _shown(decision: Decision, permit: Permit | None) -> dict[str, Any]:
    """Give a decision as JSON; where it is of what is claimed, under the ids of the claim."""
    document = decision.to_dict()
    if permit is None or not _is_of(decision, permit):
        return document
    return document | {
        # It goes as it was claimed to, though it might rather go otherwise now.
        "message": document["message"] | {"channel": permit.channel},
        "decision_id": permit.decision_id,
        "message_id": permit.message_id,
        "claimed_at": iso(permit.claimed_at),
    }


def _refused(found: Claim[Claimable], channel: Channel | None) -> dict[str, Any]:
    """Give the answer to a claim that gave no permit."""
    document = found.decision.decision.to_dict()
    none: dict[str, Any] = dict.fromkeys(("message", "message_id", "claimed_at", "withdrawn"))
    if found.rule is None:
        due = document["message"]
        if channel is not None and due is not None and due["channel"] != channel:
            none["reason"] = f"what is due goes by {due['channel']}, and {channel} was asked for"
        return document | none
    reason = f"what was claimed may not be sent any more: {found.rule}"
    return document | none | {"reason": reason, "withdrawn": str(found.rule)}


def _outcome(found: Claim[Claimable]) -> ClaimOutcome:
    if found.permit is None:
        return "none" if found.rule is None else "withdrawn"
    return "granted" if found.is_new else "repeated"


def _is_of(decision: Decision, permit: Permit) -> bool:
    chosen = decision.message
    return chosen is not None and (chosen.id, chosen.anchor or None) == (
        permit.message,
        permit.anchor,
    )
