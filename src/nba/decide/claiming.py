"""A decision as a ledger of messages writes it down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nba.decide.decision import ChosenMessage, Decision, Suppressed
from nba.decide.policy import Policy

_DIGITS = 12
"""Of the version of a playbook."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The message of a decision, with the ids of the products it shows.

    Attributes:
        id, anchor, channel, expires_at: as in `ChosenMessage`.
        products: slot by slot, by rank.
    """

    id: str
    anchor: str
    channel: str
    expires_at: np.datetime64
    products: Sequence[str]

    @classmethod
    def of(cls, message: ChosenMessage) -> Self:
        """Take what is written down of a message."""
        shown = [item.product_id for items in message.slots.values() for item in items]
        return cls(message.id, message.anchor, message.channel, message.expires_at, shown)


@dataclass(frozen=True, slots=True)
class Claimable:
    """What is written down of a decision.

    Attributes:
        decision: the decision itself.
        decision_id, customer_id, suppressed: its own.
        message: what to send, or None.
        eligible: every message that might be sent, each with what it is about, and how it may go.
        snapshot_id: what it rests on.
        playbook_id: the playbook's id, and the head of its version.
        arm, propensity, holdout: of its experiment.
    """

    decision: Decision
    decision_id: str
    customer_id: str
    suppressed: Sequence[Suppressed]
    message: Claimed | None
    eligible: Sequence[tuple[str, str, Sequence[str]]]
    snapshot_id: str
    playbook_id: str
    arm: str | None
    propensity: float
    holdout: bool

    @classmethod
    def of(cls, policy: Policy, decision: Decision) -> Self:
        """Take what is written down of a policy's decision."""
        chosen, experiment = decision.message, decision.experiment
        return cls(
            decision,
            decision.decision_id,
            decision.customer_id,
            decision.suppressed,
            None if chosen is None else Claimed.of(chosen),
            [(*one, ways) for one, ways in zip(decision.sendable, decision.ways, strict=True)],
            policy.snapshot.id,
            f"{policy.playbook.id}@{policy.version[:_DIGITS]}",
            experiment.arm,
            experiment.propensity,
            experiment.holdout,
        )
