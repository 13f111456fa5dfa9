"""What the store signs and hashes with: made at random on first use, the same for all processes."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection, bindparam, select

from nba.state.store import Store
from nba.state.tables import SECRETS
from nba.state.writing import add

_BYTES: Final = 32
_THIS: Final = select(SECRETS.c.secret).where(SECRETS.c.purpose == bindparam("this"))


def secret(store: Store, purpose: str) -> bytes:
    """Give the secret of a purpose, 32 bytes; of any that ask first at once, all get the same.

    Args:
        store: where it is kept.
        purpose: such as `unsubscribe`; what one purpose signs proves nothing for another.

    Raises:
        StateError: the store cannot be read, or not be written on first use.
    """
    with store.reading() as connection:
        known = known_secret(connection, purpose)
    if known is not None:
        return known
    with store.writing() as connection:
        add(connection, SECRETS, [{"purpose": purpose, "secret": secrets.token_bytes(_BYTES)}])
        # That of whoever came first.
        return bytes(connection.execute(_THIS, {"this": purpose}).scalar_one())


def known_secret(connection: Connection, purpose: str) -> bytes | None:
    """Give the secret of a purpose; None before its first use."""
    found = connection.execute(_THIS, {"this": purpose}).scalar_one_or_none()
    return None if found is None else bytes(found)
