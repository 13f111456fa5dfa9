"""What passed between a shop and its customers: messages it sent, and what they said back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.rows import AT, column, distinct_ids, table_names
from nba.domain import Ids, Instants
from nba.facts.histories import Columns
from nba.schema import EVENTS, MESSAGE_EVENTS, MESSAGES
from nba.vocabulary import EVENT_TYPES

REPLIES: Final = ("sign_up", "review", "rating", "survey", "points")
"""The types of events by which a customer speaks to the shop, in a session or not."""

_NEVER: Final = np.datetime64("NaT", "us")
_NOTHING_SENT: Final = "none"
"""The message of a decision to send nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Contacts(Columns):
    """Messages that left, sorted by customer, instant, message.

    A message left when it was first said to: claimed, acknowledged by its sender, or sent as its
    provider says; so that a later word does not move what had left. What was only decided, held
    out or decided as nothing did not leave. What a machine clicked is no click.

    Attributes:
        customer_ids, message_ids: what the codes below name; the latter are the words of
            `vocabulary.MESSAGE_IDS`.
        customer: int32 per message.
        message: int32 per message.
        at: datetime64[us] per message: when it left.
        answered_at: datetime64[us] per message: the first click or useful action; NaT = none.
    """

    customer_ids: Ids
    message_ids: Ids
    customer: NDArray[np.int32]
    message: NDArray[np.int32]
    at: Instants
    answered_at: Instants

    @classmethod
    def none(cls) -> Self:
        """No message at all."""
        nobody, codes, at = Ids.of([]), np.empty(0, np.int32), np.empty(0, AT)
        return cls(nobody, nobody, codes, codes, at, at)

    @classmethod
    def from_tables(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `messages` of a connection and, where it is, `message_events`.

        Raises:
            DataError: a table breaks its contract.
        """
        connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW sent_messages AS
            WITH outcomes AS ({_outcomes(connection)})
            SELECT m.customer_id, m.message, o.answered_at,
                least(m.claimed_at, m.acked_at, o.sent_at) AS left_at
            FROM {conform(connection, MESSAGES)} m LEFT JOIN outcomes o USING (message_id)
            WHERE left_at IS NOT NULL AND m.message <> '{_NOTHING_SENT}'
                AND m.holdout IS NOT TRUE
        """)
        rows = connection.execute(f"""
            WITH {_codes("customer_id", "customer", "sent_messages")},
                {_codes("message", "message_code", "sent_messages")}
            SELECT customer, message_code, left_at, answered_at
            FROM sent_messages JOIN customer_codes USING (customer_id)
                JOIN message_code_codes USING (message)
            ORDER BY customer, left_at, message_code, answered_at
        """).fetchnumpy()
        return cls(
            distinct_ids(connection, "customer_id", "sent_messages"),
            distinct_ids(connection, "message", "sent_messages"),
            column(rows, "customer", np.int32),
            column(rows, "message_code", np.int32),
            column(rows, "left_at", AT),
            column(rows, "answered_at", AT),
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Forget what left, or was answered, at or after an instant, even in the codes."""
        early = self.at < as_of
        answered_at = self.answered_at[early]
        customer_ids, customer = _renumbered(self.customer_ids, self.customer[early])
        message_ids, message = _renumbered(self.message_ids, self.message[early])
        return type(self)(
            customer_ids,
            message_ids,
            customer,
            message,
            self.at[early],
            np.where(answered_at < as_of, answered_at, _NEVER),
        )

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.at)


@dataclass(frozen=True, slots=True, eq=False)
class Replies(Columns):
    """What customers said to the shop, sorted by customer, instant, type.

    Attributes:
        customer_ids: what `customer` names.
        customer: int32 per reply.
        type: int8 per reply, a code of `vocabulary.EVENT_TYPES` named in `REPLIES`.
        at: datetime64[us] per reply.
    """

    customer_ids: Ids
    customer: NDArray[np.int32]
    type: NDArray[np.int8]
    at: Instants

    @classmethod
    def none(cls) -> Self:
        """No reply at all."""
        return cls(Ids.of([]), np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, AT))

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `events` of a connection; an event may lack a session.

        Raises:
            DataError: the table breaks its contract.
        """
        words = ", ".join(f"'{name}'" for name in REPLIES)
        codes = " ".join(f"WHEN '{name}' THEN {EVENT_TYPES.index(name)}" for name in REPLIES)
        held = (
            f"(FROM {conform(connection, EVENTS)} "
            f"WHERE customer_id IS NOT NULL AND type IN ({words}))"
        )
        rows = connection.execute(f"""
            WITH {_codes("customer_id", "customer", held)}
            SELECT customer, CAST(CASE type {codes} END AS TINYINT) AS type, "at"
            FROM {held} JOIN customer_codes USING (customer_id)
            ORDER BY customer, "at", type
        """).fetchnumpy()
        return cls(
            distinct_ids(connection, "customer_id", held),
            column(rows, "customer", np.int32),
            column(rows, "type", np.int8),
            column(rows, "at", AT),
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Forget what was said at or after an instant, even in the codes."""
        early = self.at < as_of
        customer_ids, customer = _renumbered(self.customer_ids, self.customer[early])
        return type(self)(customer_ids, customer, self.type[early], self.at[early])

    def counts(self, *types: str) -> NDArray[np.int64]:
        """Count the replies of some types; int64 per code of `customer_ids`."""
        wanted = np.zeros(len(EVENT_TYPES), np.bool_)
        wanted[[EVENT_TYPES.index(name) for name in types]] = True
        return np.bincount(self.customer[wanted[self.type]], minlength=len(self.customer_ids))

    def __len__(self) -> int:
        """Count the replies."""
        return len(self.at)


def _outcomes(connection: duckdb.DuckDBPyConnection) -> str:
    """Give the SQL of when each message left and was answered, as its provider says."""
    if MESSAGE_EVENTS.name not in table_names(connection):
        return (
            "SELECT NULL::VARCHAR AS message_id, NULL AS sent_at, NULL AS answered_at WHERE FALSE"
        )
    return f"""
        SELECT message_id,
            min("at") FILTER (type IN ('sent', 'delivered')) AS sent_at,
            min("at") FILTER (type IN ('clicked', 'useful') AND is_machine IS NOT TRUE)
                AS answered_at
        FROM {conform(connection, MESSAGE_EVENTS)} GROUP BY message_id
    """


def _codes(name: str, code: str, table: str) -> str:
    """Give the SQL of the codes of a column's values, in their order."""
    return (
        f"{code}_codes AS (SELECT {name}, row_number() OVER (ORDER BY {name}) - 1 AS {code} "
        f"FROM (SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL))"
    )


def _renumbered(ids: Ids, code: NDArray[np.int32]) -> tuple[Ids, NDArray[np.int32]]:
    """Keep the ids that a code names, and number them anew."""
    is_named = np.zeros(len(ids), np.bool_)
    is_named[code] = True
    number = (np.cumsum(is_named) - 1).astype(np.int32)
    return ids.take(np.flatnonzero(is_named)), number[code]
