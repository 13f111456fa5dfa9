"""Every message that may be sent to each of N customers now, whatever it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.decide.candidates import open_candidates
from nba.decide.choice import held_out
from nba.decide.contact import FREE, RULES
from nba.decide.deciding import Rulebook
from nba.decide.eligibility import judge
from nba.decide.offers import Offers
from nba.decide.situation import Situation
from nba.domain import Instants
from nba.facts.fold import Facts
from nba.vocabulary import Rule

UNWORTHY = (RULES.index(Rule.LOWER_VALUE), RULES.index(Rule.CAPACITY))
"""Codes of the rules that hold a message back for its price alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Sendable:
    """Candidates that no rule holds but that of their price, by message.

    Attributes:
        now: the situation.
        offers: one row a candidate; those with a rule are not worth sending.
        send_after: datetime64[us] per row.
        allowed: bool (rows, channels): where each may travel.
    """

    now: Situation
    offers: Offers
    send_after: Instants
    allowed: NDArray[np.bool_]


def sendable_all(
    book: Rulebook, facts: Facts, at: np.datetime64, context: Mapping[str, str]
) -> Sendable:
    """List what may be sent, all tiers beside each other; see `choose_all`."""
    now = book.situation(facts, at)
    rows = open_candidates(now, list(enumerate(book.playbook.message)), context)
    contact, repeats = book.reach(now), book.repeated(now)
    verdicts = judge(now, rows, book.messages, contact, repeats, context, is_open=True)
    held = held_out(book.playbook, facts.customer_ids)[rows.customer]
    held &= book.messages.is_marketing[rows.message]
    free = np.flatnonzero((verdicts.rule == FREE) & ~held)
    found = book.offering(now, context).offer(rows.take(free), verdicts.allowed[free])
    able = np.flatnonzero((found.rule == FREE) | np.isin(found.rule, UNWORTHY))
    return Sendable(
        now,
        found.take(able),
        verdicts.send_after[free[able]],
        verdicts.allowed[free[able]],
    )
