"""What passed between a shop and its customers: messages it sent, and what they said back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.rows import AT, codes_of, column, distinct_ids, renumbered, table_names
from nba.domain import Ids, Instants
from nba.facts.histories import Columns
from nba.schema import EVENTS, MESSAGE_EVENTS, MESSAGES
from nba.vocabulary import CHANNELS, EVENT_TYPES, MESSAGE_IDS, NOTHING_SENT

REPLIES: Final = ("sign_up", "review", "rating", "survey", "points")
"""The types of events by which a customer speaks to the shop, in a session or not."""

_ANSWERS: Final = ("answered_at", "useful_at", "unsubscribed_at")
_NEVER: Final = np.datetime64("NaT", "us")


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
            WHERE left_at IS NOT NULL AND m.message <> '{NOTHING_SENT}'
                AND m.holdout IS NOT TRUE
        """)
        rows = connection.execute(f"""
            WITH {codes_of("customer_id", "customer", "sent_messages")},
                {codes_of("message", "message_code", "sent_messages")}
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
        customer_ids, customer = renumbered(self.customer_ids, self.customer[early])
        message_ids, message = renumbered(self.message_ids, self.message[early])
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
class Decisions(Columns):
    """What a message log says was decided, sorted by customer, instant, message.

    One row a decision and message it was about: the one that left, or of a decision for nothing
    each that could have left instead. A message that was decided and never left says nothing.

    Attributes:
        customer_ids, message_ids: what the codes below name.
        order_ids: what `order` names: what anchors begin with, up to the first "/", whether there
            is such an order or not.
        product_lists: what `shown` names: ids of products, comma-separated.
        customer, message: int32 per row.
        order: int32 per row; -1 where there is no anchor.
        shown: int32 per row: the products it showed; -1 where there are none.
        channel: int8 per row, a code of `vocabulary.CHANNELS`; -1 where nobody said.
        decided_at: datetime64[us] per row.
        left_at: datetime64[us] per row: see `Contacts`; NaT where nothing was sent.
        answered_at, useful_at: datetime64[us] per row: the first click or useful action of a
            person, and the first useful action; NaT = none.
        unsubscribed_at: datetime64[us] per row: the first unsubscribe or complaint; NaT = none.
        propensity: float64 per row: probability with which this was decided, in (0, 1]; 1 where
            nobody said.
        is_holdout: bool per row: nothing was sent as the customer is held out.
        is_trial: bool per row: chance alone decided between the message and nothing: each had a
            probability, or it was the only one that could have left.
    """

    customer_ids: Ids
    message_ids: Ids
    order_ids: Ids
    product_lists: Ids
    customer: NDArray[np.int32]
    message: NDArray[np.int32]
    order: NDArray[np.int32]
    shown: NDArray[np.int32]
    channel: NDArray[np.int8]
    decided_at: Instants
    left_at: Instants
    answered_at: Instants
    useful_at: Instants
    unsubscribed_at: Instants
    propensity: NDArray[np.float64]
    is_holdout: NDArray[np.bool_]
    is_trial: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Self:
        """No decision at all."""
        nobody, codes, no = Ids.of([]), np.empty(0, np.int32), np.empty(0, np.bool_)
        at, channel, chance = np.empty(0, AT), np.empty(0, np.int8), np.empty(0)
        instants = (at, at, at, at, at)
        names, rows = (nobody,) * 4, (codes,) * 4
        return cls(*names, *rows, channel, *instants, chance, no, no)

    @classmethod
    def from_tables(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `messages` of a connection and, where it is, `message_events`.

        Raises:
            DataError: a table breaks its contract.
        """
        words = ", ".join(f"'{name}'" for name in sorted(MESSAGE_IDS))
        channels = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(CHANNELS))
        connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW decided_messages AS
            WITH outcomes AS ({_outcomes(connection)}),
            -- A list of ids as JSON: whatever else somebody wrote there names none of them.
            decided AS (
                SELECT *, regexp_extract_all(coalesce(eligible, ''), '"([a-z0-9-]+)"', 1) AS named,
                    list_filter(named, lambda one: one IN ({words})) AS others,
                    message = '{NOTHING_SENT}' OR holdout IS TRUE AS is_nothing
                FROM {conform(connection, MESSAGES)}),
            about AS (
                SELECT *, unnest(CASE WHEN NOT is_nothing OR message <> '{NOTHING_SENT}'
                    THEN [message] ELSE list_distinct(others) END) AS word
                FROM decided)
            SELECT a.customer_id, a.word AS message, nullif(split_part(a.anchor, '/', 1), '')
                    AS order_id,
                nullif(a.products, '') AS products,
                CASE a.channel {channels} ELSE -1 END AS channel, a.decided_at,
                CASE WHEN NOT is_nothing THEN least(a.claimed_at, a.acked_at, o.sent_at) END
                    AS left_at,
                o.answered_at, o.useful_at, o.unsubscribed_at,
                CASE WHEN a.propensity > 0 AND a.propensity <= 1 THEN a.propensity ELSE 1 END
                    AS propensity,
                a.holdout IS TRUE AS is_holdout,
                list_contains(named, '{NOTHING_SENT}')
                    AND (a.propensity < 1 OR len(list_distinct(others)) = 1) AS is_trial
            FROM about a LEFT JOIN outcomes o USING (message_id)
            WHERE word IN ({words}) AND (is_nothing OR left_at IS NOT NULL)
        """)
        rows = connection.execute(f"""
            WITH {codes_of("customer_id", "customer", "decided_messages")},
                {codes_of("message", "message_code", "decided_messages")},
                {codes_of("order_id", "order_code", "decided_messages")},
                {codes_of("products", "list_code", "decided_messages")}
            SELECT customer, decided_at, message_code, coalesce(order_code, -1) AS order_code,
                coalesce(list_code, -1) AS list_code, channel, left_at, answered_at, useful_at,
                unsubscribed_at, propensity, is_holdout, coalesce(is_trial, FALSE) AS is_trial
            FROM decided_messages JOIN customer_codes USING (customer_id)
                JOIN message_code_codes USING (message) LEFT JOIN order_code_codes USING (order_id)
                LEFT JOIN list_code_codes USING (products)
            ORDER BY ALL
        """).fetchnumpy()
        return cls(
            customer_ids=distinct_ids(connection, "customer_id", "decided_messages"),
            message_ids=distinct_ids(connection, "message", "decided_messages"),
            order_ids=distinct_ids(connection, "order_id", "decided_messages"),
            product_lists=distinct_ids(connection, "products", "decided_messages"),
            customer=column(rows, "customer", np.int32),
            message=column(rows, "message_code", np.int32),
            order=column(rows, "order_code", np.int32),
            shown=column(rows, "list_code", np.int32),
            channel=column(rows, "channel", np.int8),
            decided_at=column(rows, "decided_at", AT),
            left_at=column(rows, "left_at", AT),
            answered_at=column(rows, "answered_at", AT),
            useful_at=column(rows, "useful_at", AT),
            unsubscribed_at=column(rows, "unsubscribed_at", AT),
            propensity=column(rows, "propensity", np.float64),
            is_holdout=column(rows, "is_holdout", np.bool_),
            is_trial=column(rows, "is_trial", np.bool_),
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Forget what was decided, left or happened at or after an instant, even in the codes."""
        early = (self.decided_at < as_of) & ~(self.left_at >= as_of)
        customer_ids, customer = renumbered(self.customer_ids, self.customer[early])
        message_ids, message = renumbered(self.message_ids, self.message[early])
        order_ids, order = renumbered(self.order_ids, self.order[early])
        product_lists, shown = renumbered(self.product_lists, self.shown[early])
        answers = {name: getattr(self, name)[early] for name in _ANSWERS}
        return replace(
            self,
            customer_ids=customer_ids,
            message_ids=message_ids,
            order_ids=order_ids,
            product_lists=product_lists,
            customer=customer,
            message=message,
            order=order,
            shown=shown,
            channel=self.channel[early],
            decided_at=self.decided_at[early],
            left_at=self.left_at[early],
            **{name: np.where(at < as_of, at, _NEVER) for name, at in answers.items()},
            propensity=self.propensity[early],
            is_holdout=self.is_holdout[early],
            is_trial=self.is_trial[early],
        )

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.decided_at)


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
        # Events that repeat an id are one.
        held = (
            '(SELECT min(customer_id) AS customer_id, min(type) AS type, min("at") AS "at" '
            f"FROM {conform(connection, EVENTS)} "
            f"WHERE customer_id IS NOT NULL AND type IN ({words}) GROUP BY event_id)"
        )
        rows = connection.execute(f"""
            WITH {codes_of("customer_id", "customer", held)}
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
        customer_ids, customer = renumbered(self.customer_ids, self.customer[early])
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
        never = ", ".join(f"NULL::TIMESTAMP AS {name}" for name in ("sent_at", *_ANSWERS))
        return f"SELECT NULL::VARCHAR AS message_id, {never} WHERE FALSE"
    return f"""
        SELECT message_id,
            min("at") FILTER (type IN ('sent', 'delivered')) AS sent_at,
            min("at") FILTER (type IN ('clicked', 'useful') AND is_machine IS NOT TRUE)
                AS answered_at,
            min("at") FILTER (type = 'useful' AND is_machine IS NOT TRUE) AS useful_at,
            min("at") FILTER (type IN ('unsubscribed', 'complained') AND is_machine IS NOT TRUE)
                AS unsubscribed_at
        FROM {conform(connection, MESSAGE_EVENTS)} GROUP BY message_id
    """
