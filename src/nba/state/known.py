"""All that the store knows of some customers: the fold's input, read in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    Connection,
    Select,
    and_,
    bindparam,
    or_,
    select,
)

from nba.facts.past import PASSING_KEPT
from nba.facts.rows import Rows
from nba.facts.signals import Signals
from nba.state.asking import microseconds
from nba.state.leaving import LEFT_IN_WEEK, SENT_AT, week_counts, week_parameters
from nba.state.orders import rows_of, selects_of_orders
from nba.state.signals import selects_of_signals, signals_of
from nba.state.tables import MESSAGES, REVISIONS
from nba.state.together import Among, Together

_WEEK: Final = "week"
_REVISION: Final = "revision"
_AT: Final[BindParameter[int]] = bindparam("at", None, BigInteger())
STANDS: Final = (
    MESSAGES.c.claimed_at <= _AT,
    or_(MESSAGES.c.acked_at.is_(None), MESSAGES.c.acked_at > _AT),
    MESSAGES.c.expires_at > _AT,
    or_(SENT_AT.is_(None), SENT_AT > _AT),
)
"""What makes a row of `messages` an open claim at the instant `at`."""


def _questions(accounts: CTE, among: Among) -> dict[str, Select[Any]]:
    return {
        **selects_of_orders(accounts, among),
        **selects_of_signals(accounts, among, and_(*STANDS)),
        _WEEK: LEFT_IN_WEEK,
        _REVISION: select(REVISIONS.c.revision).where(REVISIONS.c.topic == "products"),
    }


_KNOWN: Final = Together(_questions)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the store knows of some customers, and of every account merged with theirs.

    Attributes:
        rows: their orders.
        signals: what is known beside orders; states of products are not among it.
        revision: how often products were written.
        has_claim: whether a claim of theirs stands.
    """

    rows: Rows
    signals: Signals
    revision: int
    has_claim: bool


def known_of(
    connection: Connection,
    customers: Sequence[str],
    as_of: np.datetime64,
    *,
    without: str | None = None,
) -> Known:
    """Read what is known of some customers; of unknown ones that is nothing.

    Args:
        connection: to the store; on SQLite, of one that sees one instant.
        customers: ids.
        as_of: what was known long before it and is forgotten by then is not read.
        without: the id of a message that is read as if nobody had claimed it.
    """
    since = microseconds(as_of - PASSING_KEPT)
    asked = week_parameters(as_of, without=without)
    asked |= {"since": since, "at": microseconds(as_of)}
    # Nobody in particular still has a week and a shelf.
    answers = list(_KNOWN.answers(connection, list(dict.fromkeys(customers)) or [""], asked))
    found = {name: [one[name] for one in answers] for name in answers[0]}
    last = answers[-1]
    counts = week_counts(last[_WEEK])
    return Known(
        rows_of(found),
        signals_of(found, counts, without=without),
        max((int(number) for (number,) in last[_REVISION]), default=0),
        any(row[-1] for rows in found[MESSAGES.name] for row in rows),
    )
