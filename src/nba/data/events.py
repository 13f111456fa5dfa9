"""What customers did in sessions: the part of the `events` table that products are learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.rows import AT, column, distinct_ids, renumbered
from nba.domain import Ids, Instants
from nba.facts.histories import Columns
from nba.schema import EVENTS
from nba.vocabulary import EVENT_TYPES

ABSENT: Final = -1
"""The code of a product or customer that an event does not name."""
_TYPE: Final = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(EVENT_TYPES))
_CODED: Final = ("session", "product", "customer")


@dataclass(frozen=True, slots=True, eq=False)
class Events(Columns):
    """Events that belong to a session, sorted by session, instant, type, product, customer.

    Attributes:
        session_ids, product_ids, customer_ids: what the codes below name.
        type: int8 per event, a code of `vocabulary.EVENT_TYPES`.
        at: datetime64[us] per event.
        session: int32 per event.
        product, customer: int32 per event; `ABSENT` where it names none.
    """

    session_ids: Ids
    product_ids: Ids
    customer_ids: Ids
    type: NDArray[np.int8]
    at: Instants
    session: NDArray[np.int32]
    product: NDArray[np.int32]
    customer: NDArray[np.int32]

    @classmethod
    def none(cls) -> Self:
        """No events at all."""
        nobody, codes = Ids.of([]), np.empty(0, np.int32)
        at = np.empty(0, "datetime64[us]")
        return cls(nobody, nobody, nobody, codes.astype(np.int8), at, codes, codes, codes)

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `events` of a connection.

        Events without a session are of no use here and are not read.

        Raises:
            DataError: the table breaks its contract.
        """
        held = f"(FROM {conform(connection, EVENTS)} WHERE session_id IS NOT NULL)"
        coded = ", ".join(
            f"{one}s AS (SELECT {one}_id, row_number() OVER (ORDER BY {one}_id) - 1 AS {one} "
            f"FROM (SELECT DISTINCT {one}_id FROM {held} WHERE {one}_id IS NOT NULL))"
            for one in _CODED
        )
        codes = ", ".join(f"CAST(coalesce({one}, {ABSENT}) AS INTEGER) AS {one}" for one in _CODED)
        # Ids are coded apart and joined: ten million events take 1.2 GB so, ranked in place 3.8.
        rows = connection.execute(f"""
            WITH {coded}
            SELECT CAST(CASE type {_TYPE} END AS TINYINT) AS type, "at", {codes}
            FROM {held} {" ".join(f"LEFT JOIN {one}s USING ({one}_id)" for one in _CODED)}
            ORDER BY session, "at", type, product, customer
        """).fetchnumpy()
        return cls(
            distinct_ids(connection, "session_id", held),
            distinct_ids(connection, "product_id", held),
            distinct_ids(connection, "customer_id", held),
            column(rows, "type", np.int8),
            column(rows, "at", AT),
            column(rows, "session", np.int32),
            column(rows, "product", np.int32),
            column(rows, "customer", np.int32),
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Forget what happened at or after an instant; the codes are those of what is left."""
        early = self.at < as_of
        if early.all():
            return self
        session_ids, session = renumbered(self.session_ids, self.session[early])
        product_ids, product = renumbered(self.product_ids, self.product[early])
        customer_ids, customer = renumbered(self.customer_ids, self.customer[early])
        return type(self)(
            session_ids,
            product_ids,
            customer_ids,
            self.type[early],
            self.at[early],
            session,
            product,
            customer,
        )

    def __len__(self) -> int:
        """Count the events."""
        return len(self.type)
