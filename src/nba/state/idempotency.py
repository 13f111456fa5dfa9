"""Answers kept under keys that callers chose, so that what is sent again is not done again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from sqlalchemy import and_, bindparam, delete, select, update

from nba.state.asking import microseconds
from nba.state.store import Store
from nba.state.tables import IDEMPOTENCY_KEYS as KEYS
from nba.state.writing import add

KEPT: Final = np.timedelta64(48, "h")
"""How long an answer is kept; callers are promised half of it."""
ABANDONED: Final = np.timedelta64(60, "s")
"""A request under way for longer is taken to have died with its process."""

_THIS: Final = and_(KEYS.c.caller == bindparam("of"), KEYS.c.key == bindparam("under"))
_ONE: Final = select(KEYS).where(_THIS)
_MINE: Final = and_(_THIS, KEYS.c.begun_at == bindparam("since"), KEYS.c.status.is_(None))


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer to the first request with a key.

    Attributes:
        status: of HTTP.
        media_type: of the body; None without one.
        body: its bytes.
    """

    status: int
    media_type: str | None
    body: bytes


class Turn(Enum):
    """What becomes of a request that has no answer yet."""

    FIRST = "it is to be carried out, and its answer kept or dropped"
    BUSY = "the first with its key is still under way"
    OTHER = "its key stands for another request"


def begin(
    store: Store, caller: str, key: str, request_hash: str, at: np.datetime64
) -> KeptAnswer | Turn:
    """Say whether a request is the first with its key, or how the first was answered.

    Args:
        store: keeps the answers.
        caller: whose keys; those of others are others.
        key: what the caller chose.
        request_hash: of all that the request asks for.
        at: now.

    Raises:
        StateError: the store cannot be written.
    """
    named = {"of": caller, "under": key}
    begun = {"request_hash": request_hash, "begun_at": microseconds(at)}
    empty = {"status": None, "media_type": None, "body": None}
    with store.writing() as connection:
        connection.execute(delete(KEYS).where(KEYS.c.begun_at < microseconds(at - KEPT)))
        if add(connection, KEYS, [{"caller": caller, "key": key, **begun, **empty}]):
            return Turn.FIRST
        row = connection.execute(_ONE, named).one()
        if row.request_hash != request_hash:
            return Turn.OTHER
        if row.status is not None:
            return KeptAnswer(row.status, row.media_type, row.body or b"")
        if row.begun_at >= microseconds(at - ABANDONED):
            return Turn.BUSY
        anew = update(KEYS).where(_MINE).values(begun_at=microseconds(at))
        # Of several who find it abandoned at once, one goes on.
        taken = connection.execute(anew, named | {"since": row.begun_at}).rowcount
        return Turn.FIRST if taken else Turn.BUSY


def keep(store: Store, caller: str, key: str, begun_at: np.datetime64, answer: KeptAnswer) -> None:
    """Keep the answer to the first request with a key.

    Args:
        store: keeps the answers.
        caller: as in `begin`.
        key: as in `begin`.
        begun_at: what `begin` was told; who took over meanwhile is not overwritten.
        answer: what was answered.

    Raises:
        StateError: the store cannot be written.
    """
    cells = {"status": answer.status, "media_type": answer.media_type, "body": answer.body}
    mine = {"of": caller, "under": key, "since": microseconds(begun_at)}
    with store.writing() as connection:
        connection.execute(update(KEYS).where(_MINE).values(cells), mine)


def drop(store: Store, caller: str, key: str, begun_at: np.datetime64) -> None:
    """Forget the first request with a key: it did nothing, and may be sent again.

    The arguments and errors are those of `keep`.
    """
    mine = {"of": caller, "under": key, "since": microseconds(begun_at)}
    with store.writing() as connection:
        connection.execute(delete(KEYS).where(_MINE), mine)
