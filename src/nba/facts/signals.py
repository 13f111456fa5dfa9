"""What a shop knows beside its orders: the second input of the fold, as numpy columns."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, to_instant
from nba.errors import DataError
from nba.facts.cells import Coding, amounts, coded, instants
from nba.facts.histories import Columns
from nba.facts.tables import (
    ConsentRows,
    EventRows,
    MergeRows,
    MessageRows,
    OutcomeRows,
    ProfileRows,
    StateRows,
)
from nba.vocabulary import (
    AVAILABILITIES,
    CHANNELS,
    EVENT_TYPES,
    MESSAGE_EVENT_TYPES,
    MESSAGE_WORDS,
    Availability,
)

BEGINNING: Final = np.datetime64("1990-01-01", "us")
"""From here on holds a refusal without an instant."""
OPENING: Final = ("view_item", "add_to_cart", "add_to_wishlist", "back_in_stock_subscribe")
"""The events that open an intent, in the order of `vocabulary.INTENT_KINDS`."""
EVENT_CODE: Final = {name: code for code, name in enumerate(EVENT_TYPES)}
OUTCOME_CODE: Final = {name: code for code, name in enumerate(MESSAGE_EVENT_TYPES)}
NEVER: Final = np.datetime64("NaT", "us")

Cells = Mapping[str, Sequence[Any]]

_OPENS: Final = frozenset(OPENING)
_IN_STOCK: Final = AVAILABILITIES.index(Availability.IN_STOCK)
_AVAILABILITY_CODE: Final = {str(name): code for code, name in enumerate(AVAILABILITIES)}
_CHANNEL_CODE: Final = {str(name): code for code, name in enumerate(CHANNELS)}
_MESSAGE_CODE: Final = {name: code for code, name in enumerate(MESSAGE_WORDS)}
_FIRST: Final = int(BEGINNING.astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Signals(Columns):
    """Rows beside orders, coded by the sorted ids beside them.

    Attributes:
        customer_ids: customers that any row names, and sessions that a merge names.
        product_ids, order_ids, event_ids, message_ids, anchors: what the rows name.
        zones: time zones, spelled as the database of zones has them.
        tiers: what tiers customers are of.
        events, merges, consents, messages, outcomes, profiles, states: the rows.
        ignored_grant_count: consents granted in `customers` without an instant; they hold nothing.
        week_counts: int64 per code of `vocabulary.MESSAGE_WORDS`, where messages of other
            customers were not read: messages that left to anybody, as `Letters` says, from
            Monday, 00:00 UTC, of the week of the fold's instant on and before that instant.
    """

    customer_ids: Ids
    product_ids: Ids
    order_ids: Ids
    event_ids: Ids
    message_ids: Ids
    anchors: Ids
    zones: Ids
    tiers: Ids
    events: EventRows
    merges: MergeRows
    consents: ConsentRows
    messages: MessageRows
    outcomes: OutcomeRows
    profiles: ProfileRows
    states: StateRows
    ignored_grant_count: int = 0
    week_counts: NDArray[np.int64] | None = None

    @classmethod
    def none(cls) -> Self:
        """Nothing beside orders."""
        nothing = Ids.of(())
        return cls(
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            nothing,
            EventRows.none(),
            MergeRows.none(),
            ConsentRows.none(),
            MessageRows.none(),
            OutcomeRows.none(),
            ProfileRows.none(),
            StateRows.none(),
        )

    @classmethod
    def of_columns(
        cls, tables: Mapping[str, Cells], *, week_counts: NDArray[np.int64] | None = None
    ) -> Self:
        """Code columns of cells, such as one customer's.

        Args:
            tables: columns by the names of `nba.schema`, for the tables events, consents,
                messages, message_events, customers and product_states; rows in any order. Ids and
                texts are str or None, instants int microseconds or None, days `datetime.date`,
                ISO texts or None, numbers and truths themselves or None. A table or column that is
                not there is empty, and a row whose type or channel nobody knows has no effect.
            week_counts: as the attribute says; by default the messages given are all there are.
        """
        events, consents = tables.get("events", {}), tables.get("consents", {})
        messages, outcomes = tables.get("messages", {}), tables.get("message_events", {})
        profiles, states = tables.get("customers", {}), tables.get("product_states", {})
        merges = _merges(events)
        naming = (events, consents, messages, outcomes, profiles)
        customers = Coding.of(merges[0], *(one.get("customer_id", ()) for one in naming))
        products = Coding.of(events.get("product_id", ()), states.get("product_id", ()))
        orders = Coding.of(events.get("order_id", ()))
        opening = _openings(events)
        openings = Coding.of(opening)
        message_ids = Coding.of(messages.get("message_id", ()), outcomes.get("message_id", ()))
        anchors = Coding.of(messages.get("anchor", ()))
        zones = [zone_name(one) for one in _column(profiles, "timezone")]
        spelled, tiers = Coding.of(zones), Coding.of(profiles.get("tier", ()))
        stated, ignored = _short_form(profiles)
        return cls(
            customer_ids=customers.ids,
            product_ids=products.ids,
            order_ids=orders.ids,
            event_ids=openings.ids,
            message_ids=message_ids.ids,
            anchors=anchors.ids,
            zones=spelled.ids,
            tiers=tiers.ids,
            events=_events(events, set(merges[0]), customers, products, orders, openings(opening)),
            merges=_merge_rows(merges, customers),
            consents=_consents(consents, stated, customers),
            messages=_messages(messages, message_ids, customers, anchors),
            outcomes=_outcomes(outcomes, message_ids, customers),
            profiles=_profiles(profiles, zones, customers, spelled, tiers),
            states=_states(states, products),
            ignored_grant_count=ignored,
            week_counts=week_counts,
        )


NO_SIGNALS: Final = Signals.none()


@cache
def _zones() -> Mapping[str, str]:
    """Read the names of the time zones, each by its small letters."""
    listed = resources.files("tzdata").joinpath("zones").read_text("utf-8")
    return {name.casefold(): name for name in listed.split()}


def zone_name(text: str | None) -> str | None:
    """Spell a time zone as the database of zones does; None for one that it does not have."""
    return None if text is None else _zones().get(text.strip().casefold())


def expiry(attributes: str | None) -> int | None:
    """Read when points expire from a customer's attributes: microseconds; None if they do not say.

    Args:
        attributes: JSON whose `points_expire_at` is a day, which begins at 00:00 UTC, or an
            instant with a zone; whatever cannot be read says nothing.
    """
    if not attributes or "points_expire_at" not in attributes:
        return None
    try:
        told = json.loads(attributes)["points_expire_at"]
        if len(told) == len("2026-01-01"):
            told += "T00:00Z"
        return int(to_instant(told).astype(np.int64))
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError, DataError):
        return None


def is_company(account_type: str | None) -> bool:
    """Tell whether an account is a company's."""
    return account_type is not None and account_type.strip().casefold() == "b2b"


def _merges(events: Cells) -> tuple[list[str], list[str], list[int]]:
    """List who was whom, and from when on."""
    if "merge" not in _column(events, "type"):
        return [], [], []
    rows = [
        (guest, customer, at)
        for word, guest, customer, at in _rows(events, "type", "session_id", "customer_id", "at")
        if word == "merge" and guest is not None and customer is not None
    ]
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def _merge_rows(merges: tuple[list[str], list[str], list[int]], customers: Coding) -> MergeRows:
    guest, customer, at = merges
    if not guest:
        return MergeRows.none()
    return MergeRows(customers(guest), customers(customer), instants(at))


def _openings(events: Cells) -> list[str | None]:
    """Give the ids of the events that open an intent, and None for others."""
    return [
        event_id if word in _OPENS else None for event_id, word in _rows(events, "event_id", "type")
    ]


def _events(
    cells: Cells,
    sessions: Collection[str],
    customers: Coding,
    products: Coding,
    orders: Coding,
    opening: NDArray[np.int32],
) -> EventRows:
    types = coded(EVENT_CODE, _column(cells, "type"))
    if not len(types):
        return EventRows.none()
    named = list(_rows(cells, "customer_id", "session_id"))
    is_session = [
        customer is None and session is not None and session in sessions
        for customer, session in named
    ]
    who = [
        session if by_session else customer
        for by_session, (customer, session) in zip(is_session, named, strict=True)
    ]
    customer = customers(who)
    rows = EventRows(
        customer,
        np.array(is_session, np.bool_),
        types,
        instants(_column(cells, "at")),
        products(_column(cells, "product_id")),
        orders(_column(cells, "order_id")),
        # What is None is no number.
        np.array(_column(cells, "value"), np.float64),
        opening,
    )
    return rows.where((customer >= 0) & (types >= 0))


def _short_form(profiles: Cells) -> tuple[list[tuple[str, str, bool, int]], int]:
    """List the consents that customers' own rows state, and count those that hold nothing."""
    stated: list[tuple[str, str, bool, int]] = []
    ignored = 0
    if not _count(profiles):
        return stated, ignored
    for channel in CHANNELS:
        for customer, granted, at in _rows(
            profiles, "customer_id", f"consent_{channel}", "consent_at"
        ):
            if granted is None:
                continue
            if granted and at is None:
                ignored += 1
                continue
            stated.append((customer, str(channel), bool(granted), _FIRST if at is None else at))
    return stated, ignored


def _consents(
    cells: Cells, stated: Sequence[tuple[str, str, bool, int]], customers: Coding
) -> ConsentRows:
    rows = [*_rows(cells, "customer_id", "channel", "granted", "at"), *stated]
    if not rows:
        return ConsentRows.none()
    channels = coded(_CHANNEL_CODE, [row[1] for row in rows])
    return ConsentRows(
        customers(row[0] for row in rows),
        channels,
        np.array([row[2] for row in rows], np.bool_),
        instants([row[3] for row in rows]),
    ).where(channels >= 0)


def _messages(cells: Cells, ids: Coding, customers: Coding, anchors: Coding) -> MessageRows:
    if not _count(cells):
        return MessageRows.none()
    return MessageRows(
        ids(_column(cells, "message_id")),
        customers(_column(cells, "customer_id")),
        coded(_MESSAGE_CODE, _column(cells, "message")).astype(np.int16),
        anchors(_column(cells, "anchor")),
        coded(_CHANNEL_CODE, _column(cells, "channel")),
        instants(_column(cells, "claimed_at")),
        instants(_column(cells, "acked_at")),
        np.array(_column(cells, "holdout"), np.bool_),
    )


def _outcomes(cells: Cells, ids: Coding, customers: Coding) -> OutcomeRows:
    if not _count(cells):
        return OutcomeRows.none()
    types = coded(OUTCOME_CODE, _column(cells, "type"))
    return OutcomeRows(
        ids(_column(cells, "message_id")),
        customers(_column(cells, "customer_id")),
        coded(_CHANNEL_CODE, _column(cells, "channel")),
        types,
        instants(_column(cells, "at")),
        np.array(_column(cells, "is_machine"), np.bool_),
    ).where(types >= 0)


def _profiles(
    cells: Cells, zones: Sequence[str | None], customers: Coding, spelled: Coding, tiers: Coding
) -> ProfileRows:
    if not _count(cells):
        return ProfileRows.none()
    points = _column(cells, "points")
    return ProfileRows(
        customers(_column(cells, "customer_id")),
        instants(_column(cells, "created_at")),
        np.array([_day(one) for one in _column(cells, "birthday")], "datetime64[D]"),
        spelled(zones),
        np.array([is_company(one) for one in _column(cells, "account_type")], np.bool_),
        tiers(_column(cells, "tier")),
        amounts(points),
        _said(points),
        instants([expiry(one) for one in _column(cells, "attributes")]),
    )


def _states(cells: Cells, products: Coding) -> StateRows:
    if not _count(cells):
        return StateRows.none()
    availability = coded(_AVAILABILITY_CODE, _column(cells, "availability"))
    stock, price, sale = (_column(cells, name) for name in ("stock", "price", "sale_price"))
    return StateRows(
        products(_column(cells, "product_id")),
        instants(_column(cells, "at")),
        np.where(availability < 0, _IN_STOCK, availability).astype(np.int8),
        amounts(stock),
        _said(stock),
        amounts(price),
        _said(price),
        amounts(sale),
        _said(sale),
        instants(_column(cells, "sale_until")),
    )


def _count(cells: Cells) -> int:
    """Count the rows."""
    return max(map(len, cells.values()), default=0)


def _column(cells: Cells, name: str) -> Sequence[Any]:
    """Give a column; where it is not there, so many times None as there are rows."""
    return cells[name] if name in cells else (None,) * _count(cells)


def _rows(cells: Cells, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(_column(cells, name) for name in names), strict=True)


def _said(cells: Iterable[object]) -> NDArray[np.bool_]:
    return np.array([one is not None for one in cells], np.bool_)


def _day(cell: date | str | None) -> np.datetime64:
    try:
        return np.datetime64("NaT" if cell is None else cell, "D")
    except ValueError:
        return np.datetime64("NaT", "D")
