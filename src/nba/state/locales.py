"""In which language a customer is written to, as far as the shop said."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select

from nba.state.store import Store
from nba.state.tables import CUSTOMERS

_THEIRS: Final = select(CUSTOMERS.c.locale).where(CUSTOMERS.c.customer_id == bindparam("customer"))


def locale_of(store: Store, customer: str) -> str | None:
    """Give the locale of a customer, such as `uk_UA`; None where the shop did not say.

    Raises:
        StateError: the store cannot be read.
    """
    if "\0" in customer:
        # No id has one, and PostgreSQL refuses to be asked about it.
        return None
    with store.reading() as connection:
        told = connection.execute(_THEIRS, {"customer": customer}).scalar()
    return None if told is None else str(told)
