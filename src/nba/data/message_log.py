"""The message log: one row a message that left, with what became of it and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.conforming import conform
from nba.data.rows import AT, codes_of, column, distinct_ids, renumbered, table_names
from nba.domain import Ids, Instants, Texts
from nba.facts.histories import Columns
from nba.schema import MESSAGE_EVENTS, MESSAGES
from nba.vocabulary import CHANNELS, NOTHING_SENT

OUTCOMES: Final = {
    "delivered_at": "type = 'delivered'",
    "bounced_at": "type = 'bounced'",
    "opened_at": "type = 'opened' AND NOT is_machine",
    "machine_opened_at": "type = 'opened' AND is_machine",
    "clicked_at": "type = 'clicked' AND NOT is_machine",
    "machine_clicked_at": "type = 'clicked' AND is_machine",
    "useful_at": "type = 'useful' AND NOT is_machine",
    "unsubscribed_at": "type = 'unsubscribed' AND NOT is_machine",
    "complained_at": "type = 'complained' AND NOT is_machine",
}
"""The columns that hold the first event of a kind, each with the SQL of what is of that kind."""

_NEVER: Final = np.datetime64("NaT", "us")


@dataclass(frozen=True, slots=True, eq=False)
class MessageLog(Columns):
    """Messages that left, sorted by customer, instant, decision, message.

    What left is what `nba.data.contacts.Contacts` says: claimed, acknowledged by its sender, or
    sent as its provider says; never a decision for nothing nor of a customer held out. Rows and
    events that repeat an id are one; as only the first event of each kind is held, neither their
    order nor when they came in matters.

    Attributes:
        customer_ids, message_ids, arms: what the codes below name.
        decision_ids: one text a message.
        customer, message: int32 per message.
        arm: int32 per message: its variant; -1 where it had none.
        channel: int8 per message, a code of `vocabulary.CHANNELS`; -1 where nobody said.
        left_at: datetime64[us] per message.
        confirmed_at: datetime64[us] per message: when its sender or provider first spoke of it;
            NaT where it was claimed and nobody has said since that it was sent.
        delivered_at, bounced_at: datetime64[us] per message, as all that follow: the first event
            of this type; NaT = none.
        opened_at, clicked_at, useful_at, unsubscribed_at, complained_at: the first by a person.
        machine_opened_at, machine_clicked_at: the first by a machine.
    """

    customer_ids: Ids
    message_ids: Ids
    arms: Ids
    decision_ids: Texts
    customer: NDArray[np.int32]
    message: NDArray[np.int32]
    arm: NDArray[np.int32]
    channel: NDArray[np.int8]
    left_at: Instants
    confirmed_at: Instants
    delivered_at: Instants
    bounced_at: Instants
    opened_at: Instants
    machine_opened_at: Instants
    clicked_at: Instants
    machine_clicked_at: Instants
    useful_at: Instants
    unsubscribed_at: Instants
    complained_at: Instants

    @classmethod
    def none(cls) -> Self:
        """No message at all."""
        nobody, codes, at = Ids.of([]), np.empty(0, np.int32), np.empty(0, AT)
        names = (nobody, nobody, nobody, Texts.of([]))
        rows = (codes, codes, codes, np.empty(0, np.int8))
        told: dict[str, Any] = dict.fromkeys(OUTCOMES, at)
        return cls(*names, *rows, at, at, **told)

    @classmethod
    def from_tables(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `messages` of a connection and, where it is, `message_events`.

        Raises:
            DataError: a table breaks its contract.
        """
        codes = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(CHANNELS))
        # As a table: it is read once for each of its coded columns.
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE left_messages AS
            WITH outcomes AS ({_outcomes(connection)}),
            logged AS (
                SELECT message_id, min(decision_id) AS decision_id, min(message) AS message,
                    min(customer_id) AS customer_id, min(arm) AS arm, min(channel) AS channel,
                    min(claimed_at) AS claimed_at, min(acked_at) AS acked_at,
                    coalesce(bool_or(holdout), FALSE) AS is_holdout
                FROM {conform(connection, MESSAGES)} GROUP BY message_id)
            SELECT l.* EXCLUDE (channel, claimed_at, acked_at, is_holdout),
                o.* EXCLUDE (message_id, channel, sent_at, first_at),
                CAST(CASE coalesce(l.channel, o.channel) {codes} ELSE -1 END AS TINYINT) AS channel,
                least(l.claimed_at, l.acked_at, o.sent_at) AS left_at,
                least(l.acked_at, o.first_at) AS confirmed_at
            FROM logged l LEFT JOIN outcomes o USING (message_id)
            WHERE left_at IS NOT NULL AND l.message <> '{NOTHING_SENT}' AND NOT l.is_holdout
        """)
        rows = connection.execute(f"""
            WITH {codes_of("customer_id", "customer", "left_messages")},
                {codes_of("message", "message_code", "left_messages")},
                {codes_of("arm", "arm_code", "left_messages")}
            SELECT decision_id, customer, message_code, coalesce(arm_code, -1) AS arm_code,
                channel, left_at, confirmed_at, {", ".join(OUTCOMES)}
            FROM left_messages JOIN customer_codes USING (customer_id)
                JOIN message_code_codes USING (message) LEFT JOIN arm_code_codes USING (arm)
            ORDER BY customer, left_at, decision_id, message_id
        """).fetchnumpy()
        customer_ids, message_ids, arms = (
            distinct_ids(connection, name, "left_messages")
            for name in ("customer_id", "message", "arm")
        )
        connection.execute("DROP TABLE left_messages")
        return cls(
            customer_ids,
            message_ids,
            arms,
            Texts.of(rows["decision_id"].tolist()),
            column(rows, "customer", np.int32),
            column(rows, "message_code", np.int32),
            column(rows, "arm_code", np.int32),
            column(rows, "channel", np.int8),
            column(rows, "left_at", AT),
            column(rows, "confirmed_at", AT),
            **{name: column(rows, name, AT) for name in OUTCOMES},
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Forget what left, or happened, at or after an instant, even in the codes."""
        early = self.left_at < as_of
        told: dict[str, Any] = {}
        for name in ("confirmed_at", *OUTCOMES):
            at = getattr(self, name)[early]
            told[name] = np.where(at < as_of, at, _NEVER)
        customer_ids, customer = renumbered(self.customer_ids, self.customer[early])
        message_ids, message = renumbered(self.message_ids, self.message[early])
        arms, arm = renumbered(self.arms, self.arm[early])
        return replace(
            self,
            customer_ids=customer_ids,
            message_ids=message_ids,
            arms=arms,
            decision_ids=self.decision_ids.take(np.flatnonzero(early)),
            customer=customer,
            message=message,
            arm=arm,
            channel=self.channel[early],
            left_at=self.left_at[early],
            **told,
        )

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.left_at)


def _outcomes(connection: duckdb.DuckDBPyConnection) -> str:
    """Give the SQL of the first event of each kind of every message."""
    if MESSAGE_EVENTS.name not in table_names(connection):
        names = ("sent_at", "first_at", *OUTCOMES)
        never = ", ".join(f"NULL::TIMESTAMP AS {name}" for name in names)
        return f"SELECT NULL::VARCHAR AS message_id, NULL::VARCHAR AS channel, {never} WHERE FALSE"
    first = ", ".join(f'min("at") FILTER ({what}) AS {name}' for name, what in OUTCOMES.items())
    return f"""
        SELECT message_id, min(channel) AS channel, min("at") AS first_at,
            min("at") FILTER (type IN ('sent', 'delivered')) AS sent_at, {first}
        FROM (
            SELECT min(message_id) AS message_id, min(type) AS type, min("at") AS "at",
                min(channel) AS channel, bool_and(is_machine IS TRUE) AS is_machine
            FROM {conform(connection, MESSAGE_EVENTS)} GROUP BY event_id)
        GROUP BY message_id
    """
