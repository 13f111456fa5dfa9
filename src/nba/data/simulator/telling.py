"""What a play knows beside its orders as growing columns, and what of it was known when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.growing import GrowingTable, Names
from nba.facts.histories import Columns
from nba.facts.signals import OPENING, Signals
from nba.facts.tables import (
    ConsentRows,
    EventRows,
    MergeRows,
    MessageRows,
    OutcomeRows,
    ProfileRows,
    StateRows,
)
from nba.schema import TABLES, Kind
from nba.vocabulary import CHANNELS, EVENT_TYPES, MESSAGE_EVENT_TYPES, MESSAGE_WORDS

TOLD: Final = ("events", "consents", "messages", "message_events", "customers", "product_states")
"""The tables that signals are made of."""
_CODE: Final = {
    words: {str(word): code for code, word in enumerate(words)}
    for words in (CHANNELS, EVENT_TYPES, MESSAGE_EVENT_TYPES, MESSAGE_WORDS)
}

Row = Mapping[str, Any]


class SignalColumns:
    """The rows of a history, coded once, and those a play adds to them."""

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        """Code the rows of a history."""
        told = Signals.of_columns({name: _cells(name, tables.get(name, ())) for name in TOLD})
        self._history = told
        self._customers, self._products = Names(told.customer_ids), Names(told.product_ids)
        self._orders, self._events = Names(told.order_ids), Names(told.event_ids)
        self._letters, self._anchors = Names(told.message_ids), Names(told.anchors)
        self._event_rows = GrowingTable(_columns(told.events))
        self._consent_rows = GrowingTable(_columns(told.consents))
        self._outcome_rows = GrowingTable(_columns(told.outcomes))
        begun = np.zeros(len(told.messages.id), "datetime64[us]")
        self._message_rows = GrowingTable(_columns(told.messages) | {"decided_at": begun})

    def note(self, table: str, row: Row) -> None:
        """Add a row of `events`, `consents`, `messages` or `message_events`."""
        customer = self._customers.add(row["customer_id"])
        if table == "events":
            product, order = self._products.add(row["product_id"]), -1
            event = self._events.add(row["event_id"]) if row["type"] in OPENING else -1
            kind = _CODE[EVENT_TYPES][row["type"]]
            self._event_rows.append(customer, False, kind, row["at"], product, order, np.nan, event)
            return
        channel = _CODE[CHANNELS].get(row["channel"], -1)
        if table == "consents":
            self._consent_rows.append(customer, channel, row["granted"], row["at"])
        elif table == "messages":
            self._message_rows.append(
                self._letters.add(row["message_id"]),
                customer,
                _CODE[MESSAGE_WORDS].get(row["message"], -1),
                self._anchors.add(row["anchor"]),
                channel,
                row["claimed_at"] or np.datetime64("NaT"),
                row["acked_at"] or np.datetime64("NaT"),
                False,
                row["decided_at"],
            )
        else:
            letter, kind = self._letters.add(row["message_id"]), row["type"]
            self._outcome_rows.append(
                letter, customer, channel, _CODE[MESSAGE_EVENT_TYPES][kind], row["at"], False
            )

    def known(self, as_of: np.datetime64) -> Signals:
        """Give the rows of earlier instants; whatever a later one names is not named."""
        events = _before(self._event_rows, "at", as_of)
        consents = _before(self._consent_rows, "at", as_of)
        outcomes = _before(self._outcome_rows, "at", as_of)
        messages = _before(self._message_rows, "decided_at", as_of)
        del messages["decided_at"]
        told = self._history
        merges, profiles, states = map(_columns, (told.merges, told.profiles, told.states))
        of_customers = (events, consents, outcomes, messages, profiles, merges)
        naming = [one["customer"] for one in of_customers]
        customer_ids, customer = self._customers.coding(*naming, merges["guest"])
        product_ids, product = self._products.coding(events["product"], states["product"])
        order_ids, order = self._orders.coding(events["order"])
        event_ids, event = self._events.coding(events["event"])
        message_ids, letter = self._letters.coding(messages["id"], outcomes["message"])
        anchors, anchor = self._anchors.coding(messages["anchor"])
        by_name = {"customer": customer, "guest": customer, "product": product}
        in_messages = {"customer": customer, "id": letter, "anchor": anchor}
        return Signals(
            customer_ids,
            product_ids,
            order_ids,
            event_ids,
            message_ids,
            anchors,
            told.zones,
            told.tiers,
            EventRows(**_coded(events, by_name | {"order": order, "event": event})),
            MergeRows(**_coded(merges, by_name)),
            ConsentRows(**_coded(consents, by_name)),
            MessageRows(**_coded(messages, in_messages)),
            OutcomeRows(**_coded(outcomes, {"customer": customer, "message": letter})),
            ProfileRows(**_coded(profiles, by_name)),
            StateRows(**_coded(states, by_name)),
            told.ignored_grant_count,
        )


def _cells(table: str, rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Turn rows into columns of cells; an instant becomes its microseconds."""
    cells: dict[str, list[Any]] = {}
    for column in TABLES[table].columns:
        if rows and column.name in rows[0]:
            cells[column.name] = [row.get(column.name) for row in rows]
            if column.kind == Kind.INSTANT:
                at = np.array(cells[column.name], "datetime64[us]")
                ints = at.astype(np.int64).tolist()
                cells[column.name] = [
                    None if missing else one
                    for one, missing in zip(ints, np.isnat(at).tolist(), strict=True)
                ]
    return cells


def _columns(rows: Columns) -> dict[str, NDArray[Any]]:
    return {one.name: getattr(rows, one.name) for one in fields(rows)}  # type: ignore[arg-type]


def _before(rows: GrowingTable, instant: str, as_of: np.datetime64) -> dict[str, NDArray[Any]]:
    return rows.taken(rows[instant] < as_of)


def _coded(
    columns: Mapping[str, NDArray[Any]], codes: Mapping[str, NDArray[np.int32]]
) -> dict[str, NDArray[Any]]:
    """Replace numbers of names by codes."""
    return {name: codes[name][cells] if name in codes else cells for name, cells in columns.items()}
