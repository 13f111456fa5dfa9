"""What a history holds of customers beside their orders, read when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import duckdb
import numpy as np

from nba.data.contacts import Contacts, Decisions, Replies
from nba.data.message_log import MessageLog
from nba.data.profiles import Profiles
from nba.data.rows import table_names
from nba.data.traffic import Traffic
from nba.schema import CUSTOMERS, EVENTS, MESSAGES, TRAFFIC


@dataclass(frozen=True, slots=True)
class Told:
    """Ways to read what a shop says of its customers; an absent table is empty.

    Attributes:
        profiles: what the shop says of its customers.
        contacts: the messages they were sent.
        replies: what they said to the shop.
        decisions: what was decided to send them, nothing included.
        message_log: the messages again, with what became of each.
        traffic: visits of the shop and what was spent on them, of all days told.
    """

    profiles: Callable[[], Profiles] = Profiles.none
    contacts: Callable[[], Contacts] = Contacts.none
    replies: Callable[[], Replies] = Replies.none
    decisions: Callable[[], Decisions] = Decisions.none
    message_log: Callable[[], MessageLog] = MessageLog.none
    traffic: Callable[[], Traffic] = Traffic.none

    @classmethod
    def from_tables(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read at once, as the connection may not last, whichever tables there are.

        Raises:
            DataError: a table breaks its contract.
        """
        names = table_names(connection)
        profiles, contacts, replies = Profiles.none(), Contacts.none(), Replies.none()
        decisions, message_log, traffic = Decisions.none(), MessageLog.none(), Traffic.none()
        if CUSTOMERS.name in names:
            profiles = Profiles.from_table(connection)
        if MESSAGES.name in names:
            contacts = Contacts.from_tables(connection)
            decisions = Decisions.from_tables(connection)
            message_log = MessageLog.from_tables(connection)
        if EVENTS.name in names:
            replies = Replies.from_table(connection)
        if TRAFFIC.name in names:
            traffic = Traffic.from_table(connection)
        return cls(
            lambda: profiles,
            lambda: contacts,
            lambda: replies,
            lambda: decisions,
            lambda: message_log,
            lambda: traffic,
        )

    def until(self, as_of: np.datetime64) -> Self:
        """Forget, when it is read, what was not known before an instant.

        Visits stay: they are told by the day, and whoever sums them says of which days.
        """
        profiles, contacts, replies = self.profiles, self.contacts, self.replies
        decisions, message_log = self.decisions, self.message_log
        return type(self)(
            lambda: profiles().until(as_of),
            lambda: contacts().until(as_of),
            lambda: replies().until(as_of),
            lambda: decisions().until(as_of),
            lambda: message_log().until(as_of),
            self.traffic,
        )
