"""A small policy for the ledger: each customer gets one message for ever, as consent allows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nba.facts.fold import Facts
from nba.facts.people import GRANTED
from nba.vocabulary import MESSAGE_WORDS, Rule

HOUR = np.timedelta64(1, "h")
NOON = np.datetime64("2026-03-02T12:00:00", "us")


@dataclass(frozen=True)
class Message:
    id: str = "cart-reminder"
    anchor: str | None = "e1"
    channel: str = "email"
    expires_at: np.datetime64 = NOON + 24 * HOUR
    products: Sequence[str] = ("kettle", "filter")


@dataclass(frozen=True)
class Held:
    id: str
    rule: Rule


@dataclass(frozen=True)
class Decision:
    decision_id: str
    customer_id: str
    message: Message | None
    eligible: Sequence[tuple[str, str | None, Sequence[str]]]
    suppressed: Sequence[Held] = ()
    snapshot_id: str = "s1"
    playbook_id: str = "p1"
    arm: str | None = None
    propensity: float = 0.5
    holdout: bool = False


@dataclass
class Policy:
    """Decides for a message unless the customer has had it, or the e-mail is not allowed.

    Attributes:
        message: what to send.
        needs_consent: whether it takes a consent to e-mail.
        holdout: whether everybody is of the holdout.
        others: what else might be sent by e-mail.
        ways: the channels that the message may take; by default its own.
        asked: the facts of every call.
    """

    message: Message = field(default_factory=Message)
    needs_consent: bool = False
    holdout: bool = False
    others: Sequence[tuple[str, str | None]] = ()
    ways: Sequence[str] | None = None
    asked: list[Facts] = field(default_factory=list)

    def __call__(self, facts: Facts) -> Decision:
        self.asked.append(facts)
        rule = self._rule(facts)
        words = (facts.customer_ids[0], str(facts.as_of), str(rule), self.message.id)
        ways = (self.message.channel,) if self.ways is None else self.ways
        eligible = [(*other, ("email",)) for other in self.others]
        if not rule:
            eligible.append((self.message.id, self.message.anchor, ways))
        return Decision(
            f"d_{hashlib.sha256(' '.join(words).encode()).hexdigest()[:16]}",
            facts.customer_ids[0],
            None if rule else self.message,
            eligible,
            [Held(self.message.id, rule)] if rule else [],
            holdout=self.holdout,
        )

    def _rule(self, facts: Facts) -> Rule | None:
        if self.needs_consent and facts.people.consent[0, 0] != GRANTED:
            return Rule.NO_CONSENT
        letters = facts.letters
        had = {MESSAGE_WORDS[code] for code in letters.message.tolist()}
        return Rule.ONCE_PER if self.message.id in had else None
