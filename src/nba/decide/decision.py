"""A decision: the chosen message or none, what else stood to choose, and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nba.decide.value import Score
from nba.domain import iso
from nba.recommend.results import Recommendation
from nba.vocabulary import Rule, Stage


@dataclass(frozen=True, slots=True)
class ChosenMessage:
    """The message a customer should get.

    Attributes:
        id, kind, channel: words of the playbook.
        send_after: when it may leave.
        expires_at: from when on it may not.
        slots: slot name → products.
        merge: what a template may name, such as the order's id.
        score: what it is worth.
        why: a sentence.
        text: the key of the text in the shop's templates.
        anchor: what it is about; a message is sent once about the same thing.
    """

    id: str
    kind: str
    channel: str
    send_after: np.datetime64
    expires_at: np.datetime64
    slots: Mapping[str, Sequence[Recommendation]]
    merge: Mapping[str, Any]
    score: Score
    why: str
    text: str
    anchor: str

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "id": self.id,
            "kind": self.kind,
            "channel": self.channel,
            "send_after": iso(self.send_after),
            "expires_at": iso(self.expires_at),
            "slots": {
                name: [item.to_dict() for item in items] for name, items in self.slots.items()
            },
            "merge": dict(self.merge),
            "text": self.text,
            "anchor": self.anchor,
            "score": self.score.to_dict(),
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A message that waits.

    Attributes:
        id: the message.
        rule: which rule holds it back.
        until: the first instant at which, with no new fact, that rule no longer holds; None
            where there is none.
    """

    id: str
    rule: Rule
    until: np.datetime64 | None

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        until = None if self.until is None else iso(self.until)
        return {"id": self.id, "rule": str(self.rule), "until": until}


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a measurement of messages must know.

    Attributes:
        holdout: the customer gets no marketing, for comparison.
        arm: the variant of the message's text; None where it has none.
        propensity: probability with which the message was chosen.
        eligible: the messages that could be, each with its probability; empty where nothing is
            tried.
        prices: names the prices of capacity; None where no channel is short.
    """

    holdout: bool = False
    arm: str | None = None
    propensity: float = 1.0
    eligible: tuple[tuple[str, float], ...] = ()
    prices: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "holdout": self.holdout,
            "arm": self.arm,
            "propensity": self.propensity,
            "eligible": [{"id": one, "propensity": chance} for one, chance in self.eligible],
            "prices": self.prices,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one customer at one instant; asking has no side effect.

    Attributes:
        decision_id: the same for the same facts, snapshot, playbook and instant.
        customer_id: whom it is about.
        as_of: the instant.
        stage, state, days_since: where the customer is.
        rhythm: of a client: active, at risk or lost; None where that is not known.
        message: what to send, or None for nothing.
        alternatives: what else might be sent, with its value, best first.
        suppressed: what waits.
        next_due_at: when something falls due.
        reason: why this message, or none.
        experiment: what a measurement must know.
        sendable: every message that might be sent with each thing that it could be about; the JSON
            form leaves it out.
        ways: for each of `sendable` the channels that it may take; likewise.
    """

    decision_id: str
    customer_id: str
    as_of: np.datetime64
    stage: Stage
    state: str
    days_since: int | None
    rhythm: str | None
    message: ChosenMessage | None
    alternatives: Sequence[tuple[str, float]]
    suppressed: Sequence[Suppressed]
    next_due_at: np.datetime64 | None
    reason: str
    experiment: Experiment = Experiment()
    sendable: Sequence[tuple[str, str]] = ()
    ways: Sequence[Sequence[str]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form of the API."""
        return {
            "decision_id": self.decision_id,
            "customer_id": self.customer_id,
            "as_of": iso(self.as_of),
            "stage": str(self.stage),
            "state": self.state,
            "days_since": self.days_since,
            "rhythm": self.rhythm,
            "message": None if self.message is None else self.message.to_dict(),
            "reason": self.reason,
            "alternatives": [{"id": one, "expected": value} for one, value in self.alternatives],
            "suppressed": [one.to_dict() for one in self.suppressed],
            "experiment": self.experiment.to_dict(),
            "next_due_at": None if self.next_due_at is None else iso(self.next_due_at),
        }

    def explain(self) -> str:
        """Say in a few lines what was decided and why."""
        lines = [f"{self.customer_id}: {self.state}, {self.reason}"]
        if self.message is not None:
            lines[0] = f"{self.customer_id}: {self.state}, send {self.message.id}"
            lines.append(f"  why: {self.message.why}")
            for name, items in self.message.slots.items():
                lines += [
                    f"  {name} {item.rank}. {item.product_id} {item.product['title']}"
                    f" ({item.reason.text})"
                    for item in items
                ]
            lines.append(f"  expected value: {self.message.score.expected:g} minor units")
        lines += [f"  or: {one} ({value:g})" for one, value in self.alternatives]
        for held in self.suppressed:
            until = "" if held.until is None else f" until {iso(held.until)}"
            lines.append(f"  waits: {held.id} ({held.rule}{until})")
        return "\n".join(lines)
