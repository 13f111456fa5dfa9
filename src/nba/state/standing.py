"""Facts to decide on, beside the claims that stand: what was claimed and may still be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, select

from nba.facts.fold import Facts
from nba.state.asking import NAMES, microseconds, parts
from nba.state.claims import Permit
from nba.state.known import STANDS, known_of
from nba.state.ledger import permit_of
from nba.state.signals import accounts_of
from nba.state.store import Store
from nba.state.tables import MESSAGES

_OF_THESE: Final = select(MESSAGES).where(MESSAGES.c.customer_id.in_(NAMES), *STANDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a customer, and the claim of theirs that stands.

    Attributes:
        facts: as if nobody had claimed what `permit` is of.
        permit: of the open claim; None where there is none.
    """

    facts: Facts
    permit: Permit | None

    @property
    def claimed(self) -> dict[str, tuple[str, str]]:
        """Customer → the message claimed and what it is about, as a policy takes it."""
        if self.permit is None:
            return {}
        (customer,) = self.facts.customer_ids
        return {customer: (self.permit.message, self.permit.anchor or "")}


def ask(store: Store, customer: str, as_of: np.datetime64) -> Asked:
    """Read what is known of a customer, and the claim that stood at that instant.

    Raises:
        StateError: the store cannot be read.
    """
    with store.asking() as connection:
        known = known_of(connection, [customer], as_of)
        if not known.has_claim:
            return Asked(store.folded(connection, known, [customer], as_of), None)
    with store.reading() as connection:
        accounts = accounts_of(connection, [customer])
        row = _earliest(_standing(connection, accounts, as_of))
        without = None if row is None else str(row.message_id)
        facts = store.facts_of(connection, [customer], as_of, without=without)
    return Asked(facts, None if row is None else permit_of(row))


def claimants(store: Store, customers: Sequence[str], as_of: np.datetime64) -> set[str]:
    """Tell who of some customers has a claim that stood at an instant, on whichever account.

    Raises:
        StateError: the store cannot be read.
    """
    with store.reading() as connection:
        rows = _standing(connection, accounts_of(connection, customers), as_of)
        owners = [accounts_of(connection, [str(row.customer_id)]) for row in rows]
    return {one for accounts in owners for one in accounts}.intersection(customers)


def _standing(
    connection: Connection, accounts: Sequence[str], as_of: np.datetime64
) -> list[Row[Any]]:
    asked = {"at": microseconds(as_of)}
    return [
        row
        for part in parts(accounts)
        for row in connection.execute(_OF_THESE, asked | {"names": part})
    ]


def _earliest(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """Choose one of the claims of accounts that were merged since."""
    return min(rows, key=lambda row: (row.claimed_at, row.message_id), default=None)
