"""When messages left, and how many in a week."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from nba.domain import DAY
from nba.state.asking import Batch, microseconds
from nba.state.tables import MESSAGE_EVENTS, MESSAGES, TEXT
from nba.vocabulary import MESSAGE_WORDS, NOTHING_SENT

SENT_AT: Final = (
    select(func.min(MESSAGE_EVENTS.c.at))
    .where(
        MESSAGE_EVENTS.c.message_id == MESSAGES.c.message_id,
        MESSAGE_EVENTS.c.type.in_(("sent", "delivered")),
    )
    .scalar_subquery()
)
"""When the provider of a message first said that it left."""
MARK_LEAVING: Final[Update] = (
    update(MESSAGES)
    .where(MESSAGES.c.message != NOTHING_SENT, MESSAGES.c.holdout.is_not(True))
    .values(left_at=func.coalesce(SENT_AT, MESSAGES.c.acked_at, MESSAGES.c.claimed_at))
)
"""Note in `messages` when each left; to be run for those whose instants, or events, changed."""

_COUNTED: Final = (
    select(MESSAGES.c.message, func.count().label("count"))
    # Word by word, each a range of the index.
    .where(MESSAGES.c.message.in_(MESSAGE_WORDS))
    .group_by(MESSAGES.c.message)
)
_WEEK: Final = microseconds(7 * DAY)
_FIRST_MONDAY: Final = microseconds(np.datetime64("1970-01-05"))
_MONDAY: Final[BindParameter[int]] = bindparam("monday", None, BigInteger())
_AS_OF: Final[BindParameter[int]] = bindparam("as_of", None, BigInteger())
_BEFORE: Final = and_(MESSAGES.c.left_at >= _MONDAY, MESSAGES.c.left_at < _AS_OF)
# What was sent later had left before by an earlier word.
_SENT_LATER: Final = and_(
    MESSAGES.c.left_at >= _AS_OF,
    case((MESSAGES.c.acked_at < _AS_OF, MESSAGES.c.acked_at), else_=MESSAGES.c.claimed_at).between(
        _MONDAY, _AS_OF - 1
    ),
)
LEFT_IN_WEEK: Final = select(
    union_all(
        _COUNTED.where(_BEFORE),
        _COUNTED.where(_SENT_LATER),
        # Taken off again it is looked up once; to be left out, every message would be.
        select(MESSAGES.c.message, literal_column("-1")).where(
            MESSAGES.c.message_id == bindparam("without", None, TEXT),
            MESSAGES.c.message.in_(MESSAGE_WORDS),
            or_(_BEFORE, _SENT_LATER),
        ),
    ).subquery()
)
"""Messages that left to anybody in the week of an instant, before it: words, and how many.

Its parameters are those of `week_parameters`.
"""


def week_parameters(as_of: np.datetime64, *, without: str | None = None) -> dict[str, Any]:
    """Say what week to count, and what not.

    Args:
        as_of: the instant; its week began on Monday, 00:00 UTC.
        without: the id of a message that does not count.
    """
    moment = microseconds(as_of)
    monday = moment - (moment - _FIRST_MONDAY) % _WEEK
    return {"monday": monday, "as_of": moment, "without": without or ""}


def week_counts(found: Batch) -> NDArray[np.int64]:
    """Add up what `LEFT_IN_WEEK` found: int64 per code of `vocabulary.MESSAGE_WORDS`."""
    counts = np.zeros(len(MESSAGE_WORDS), np.int64)
    for word, count in found:
        counts[MESSAGE_WORDS.index(word)] += count
    return counts
