"""Forgetting a customer: their rows leave the store, and keyed hashes keep them from coming back.

In this order, each step one transaction, so that a crash between two is mended by asking again:
`bury` writes the tombstones, the callers' own folders are cleared of the ids it gives, and `erase`
removes the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import BigInteger, Connection, Engine, bindparam, select

from nba.domain import iso, keyed_hash
from nba.errors import ErasedCustomerError
from nba.state.asking import NAMES, microseconds, parts
from nba.state.belongings import Belongings, belongings_of
from nba.state.locks import lock_customers
from nba.state.removing import remove
from nba.state.secrets import known_secret, secret
from nba.state.store import Store
from nba.state.tables import SECRETS, TOMBSTONES
from nba.state.writing import add, bump, revision

Kind = Literal["customer", "order", "message"]
"""Of what a tombstone is; the id of one may be the id of another."""
PURPOSE: Final = "tombstone"
"""The store's secret that ids are hashed with."""

_ERASED_AFTER: Final = select(TOMBSTONES.c.hash, TOMBSTONES.c.erased_at).where(
    TOMBSTONES.c.hash.in_(NAMES), TOMBSTONES.c.erased_at > bindparam("at", None, BigInteger())
)


@dataclass(frozen=True, slots=True)
class _Buried:
    """All tombstones as of a revision of theirs."""

    revision: int
    key: bytes
    hashes: frozenset[str]


_READ: Final[WeakKeyDictionary[Engine, _Buried]] = WeakKeyDictionary()
"""What was read last of each database: every row that is posted asks for it."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed.

    Attributes:
        accounts: the customer, and every account and session merged with theirs.
        counts: table → rows removed, without zeros; of product states and of others' events
            those from which their ids were taken.
    """

    accounts: Sequence[str]
    counts: Mapping[str, int]


def is_erased(connection: Connection, ids: Iterable[str], *, kind: Kind = "customer") -> set[str]:
    """Give those of some ids that must not be taken in again.

    Args:
        connection: to the store.
        ids: of customers and sessions, of orders, or of messages.
        kind: of which.
    """
    buried = _buried(connection)
    if not buried.hashes:
        return set()
    return {one for one in ids if keyed_hash(buried.key, kind, one) in buried.hashes}


def refuse_replay(store: Store, customer: str, as_of: np.datetime64) -> None:
    """See that a question about an instant of the past is not about an erased customer.

    Raises:
        ErasedCustomerError: the customer was erased after that instant.
        StateError: the store cannot be read.
    """
    for problem in refused_replays(store, [customer], as_of).values():
        raise ErasedCustomerError(problem)


def refused_replays(store: Store, customers: Iterable[str], as_of: np.datetime64) -> dict[str, str]:
    """Say of whom among some customers an instant of the past is not told, and why.

    Returns:
        Customer erased after the instant → the problem.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        key = known_secret(connection, PURPOSE) or b""
        asked = {keyed_hash(key, "customer", one): one for one in customers}
        erased = {
            asked[row.hash]: row.erased_at
            for part in parts(list(asked))
            for row in connection.execute(_ERASED_AFTER, {"names": part, "at": microseconds(as_of)})
        }
    return {
        customer: f"the customer was erased at {iso(np.datetime64(at, 'us'))}, and nothing is "
        "known of the time before; ask about a later instant, or about now"
        for customer, at in erased.items()
    }


def bury(store: Store, customer: str, at: np.datetime64) -> Belongings:
    """Keep what is a customer's from being taken in again, and give its ids.

    Args:
        store: where the tombstones are kept, as hashes.
        customer: an id; nobody need know it.
        at: when; of a customer who was buried before, the first time counts.

    Raises:
        StateError: the store cannot be written.
    """
    key = secret(store, PURPOSE)
    with store.writing() as connection:
        theirs = _alone_with(connection, customer)
        instant = microseconds(at)
        rows = [
            {"hash": keyed_hash(key, kind, one), "erased_at": instant}
            for kind, ids in _ids_of(theirs)
            for one in sorted(set(ids) - is_erased(connection, ids, kind=kind))
        ]
        if rows:
            add(connection, TOMBSTONES, rows)
            bump(connection, "tombstones")
    return theirs


def adopt(store: Store, key: bytes, hashes: Iterable[str], at: np.datetime64) -> None:
    """Keep out of a new store who was erased from the shop that it is filled with.

    Args:
        store: in which nobody was erased yet.
        key: what the shop's tombstones are hashed with.
        hashes: of them.
        at: when; what was known before is not asked about any more.

    Raises:
        StateError: the store cannot be written.
    """
    with store.writing() as connection:
        add(connection, SECRETS, [{"purpose": PURPOSE, "secret": key}])
        rows = [{"hash": one, "erased_at": microseconds(at)} for one in sorted(hashes)]
        add(connection, TOMBSTONES, rows)
        bump(connection, "tombstones")


def erase(store: Store, customer: str, at: np.datetime64, *, rewrite: bool = True) -> Erased:
    """Remove a customer from the store, with every account merged with theirs.

    What an order of theirs did to a stock stays, without the order. Asked again, it removes
    what came to be left, and counts 0 where that is nothing.

    Args:
        store: what to remove from.
        customer: an id; nobody need know it.
        at: when.
        rewrite: whether to write the tables of PostgreSQL anew, so that nothing removed is left in
            their files; nobody reads them meanwhile. SQLite overwrites what it removes.

    Raises:
        StateError: the store cannot be written.
    """
    bury(store, customer, at)
    with store.writing() as connection:
        theirs = _alone_with(connection, customer)
        counts = remove(connection, theirs)
    store.scrub(rewrite=rewrite)
    return Erased(theirs.accounts, counts)


def _buried(connection: Connection) -> _Buried:
    now = revision(connection, "tombstones")
    known = _READ.get(connection.engine)
    if known is None or known.revision != now:
        key = known_secret(connection, PURPOSE) or b""
        hashes = connection.execute(select(TOMBSTONES.c.hash)).scalars()
        _READ[connection.engine] = known = _Buried(now, key, frozenset(hashes))
    return known


def _alone_with(connection: Connection, customer: str) -> Belongings:
    """Find what is a person's, for whom nobody else writes until the transaction ends."""
    theirs = belongings_of(connection, customer)
    while lock_customers(connection, theirs.accounts):
        # Until the lock was given, others may have written more.
        now = belongings_of(connection, customer)
        if set(now.accounts) <= set(theirs.accounts):
            return now
        theirs = now
    return theirs


def _ids_of(theirs: Belongings) -> Sequence[tuple[Kind, Sequence[str]]]:
    return (
        ("customer", theirs.accounts),
        ("order", theirs.orders),
        ("message", theirs.messages),
    )
