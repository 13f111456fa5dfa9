"""What the ledger of messages takes and gives: as much as it needs of a decision, and claims."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from nba.vocabulary import Rule


class Chosen(Protocol):
    """The message of a decision."""

    @property
    def id(self) -> str:
        """Its word in the playbook."""

    @property
    def anchor(self) -> str | None:
        """What it is about; None or empty where it is about nothing."""

    @property
    def channel(self) -> str:
        """How it goes."""

    @property
    def expires_at(self) -> np.datetime64:
        """From when on it must not be sent."""

    @property
    def products(self) -> Sequence[str]:
        """The ids of the products it shows."""


class Held(Protocol):
    """A message that a decision held back."""

    @property
    def id(self) -> str:
        """Its word in the playbook."""

    @property
    def rule(self) -> Rule:
        """What holds it back."""


class Decided(Protocol):
    """What the ledger needs to know of a decision."""

    @property
    def decision_id(self) -> str:
        """The same for the same facts, snapshot, playbook and instant."""

    @property
    def customer_id(self) -> str:
        """Whom it is about."""

    @property
    def message(self) -> Chosen | None:
        """What to send."""

    @property
    def eligible(self) -> Sequence[tuple[str, str | None, Collection[str]]]:
        """The messages that might be sent, each with what it is about, and how it may go."""

    @property
    def suppressed(self) -> Sequence[Held]:
        """The messages that must not."""

    @property
    def snapshot_id(self) -> str:
        """What it rests on."""

    @property
    def playbook_id(self) -> str:
        """What it follows."""

    @property
    def arm(self) -> str | None:
        """The arm of an experiment."""

    @property
    def propensity(self) -> float:
        """With which chance it was chosen."""

    @property
    def holdout(self) -> bool:
        """Whether the customer gets no marketing, to compare with; what they get is none."""


D = TypeVar("D", bound=Decided)


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one message, once.

    Attributes:
        message_id: under which the ledger has it; the same as often as it is asked for.
        decision_id: of the decision that chose it.
        message: its word in the playbook.
        anchor: what it is about; None where it is about nothing.
        channel: how it goes.
        products: ids of the products it shows.
        claimed_at: when it was first asked for.
        expires_at: from when on it must not be sent.
    """

    message_id: str
    decision_id: str
    message: str
    anchor: str | None
    channel: str
    products: tuple[str, ...]
    claimed_at: np.datetime64
    expires_at: np.datetime64


@dataclass(frozen=True, slots=True)
class Claim(Generic[D]):
    """What became of a question for leave to send.

    Attributes:
        decision: as the facts stand now, without the open claim.
        permit: what to send, or None for nothing. While it is open it stays the same message,
            even where the decision would now rather choose another.
        is_new: whether the permit was given just now.
        rule: what has since forbidden a message that was claimed before and is withdrawn now.
    """

    decision: D
    permit: Permit | None
    is_new: bool = False
    rule: Rule | None = None
