"""What a policy answers: the message that it wants sent to a customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nba.vocabulary import MessageKind


@dataclass(frozen=True, slots=True)
class Offer:
    """A message a policy wants sent to one customer.

    Attributes:
        message: its id.
        kind: of `vocabulary.MessageKind`; transactional ones need no consent and tire nobody.
        channel: `email`, `sms`, `push` or `call`.
        products: ids shown, best first.
        anchor: what it is about: an order's id, an event, a week. A message is sent once per
            anchor; None stands for the customer.
        send_after: when to send it, where that is later on the day of the question; one of a
            later day is not sent. None: at once.
        cost: of sending it, minor units.
        expected: what the policy expects of it, minor units.
        decision_id, arm: as the policy logs them; a decision without an id is called like its
            message.
        propensity: the chance with which the policy chose it.
    """

    message: str
    kind: str
    channel: str
    products: tuple[str, ...] = ()
    anchor: str | None = None
    send_after: np.datetime64 | None = None
    cost: float = 0.0
    expected: float = 0.0
    decision_id: str | None = None
    arm: str | None = None
    propensity: float = 1.0

    @property
    def is_transactional(self) -> bool:
        """Whether it needs no consent."""
        return self.kind == MessageKind.TRANSACTIONAL
