"""What rows say of one person at an instant, in plain loops. Rows are dictionaries of columns."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from tests.oracle.clock import DAY, EPOCH

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

FLOW = (
    "pending_confirmation awaiting_payment paid awaiting_processing processing delayed picking "
    "packed shipped in_transit delivered cancelled returned"
).split()
ARRIVED = FLOW.index("delivered")
OPENING = {
    "view_item": "view",
    "add_to_cart": "cart",
    "add_to_wishlist": "wish",
    "back_in_stock_subscribe": "wait",
}
TAKING_BACK = {"remove_from_cart": "cart", "remove_from_wishlist": "wish"}
VIEWS_COUNT = 60 * DAY
CHANNELS = ("email", "sms", "push", "call")


@dataclass
class Order:
    order_id: str
    ordered_at: int
    status: str
    status_at: int
    first_at: dict[str, int]
    """Status → when it was first set."""
    products: list[str]
    """Of all lines."""
    kept_products: list[str]
    is_kept: bool
    returned_at: int | None

    @cached_property
    def code(self) -> int:
        return FLOW.index(self.status)


@dataclass(frozen=True)
class Intent:
    kind: str
    product: str
    opened_at: int
    last_at: int
    event_id: str


@dataclass(frozen=True)
class Letter:
    message: str
    anchor: str | None
    channel: str | None
    at: int
    order: str | None


@dataclass
class Person:
    customer_id: str
    profile: Row
    orders: list[Order]
    intents: list[Intent]
    letters: list[Letter]
    signed_up_at: int | None
    granted: set[str]
    bounced: set[str]
    complained_at: int | None
    low_rating_at: int | None
    returned_at: int | None
    rated: set[str] = field(default_factory=set)

    @property
    def is_company(self) -> bool:
        return self.profile.get("account_type") == "b2b"

    @property
    def points_expire_at(self) -> int | None:
        told = json.loads(self.profile.get("attributes") or "{}").get("points_expire_at")
        return None if told is None else (date.fromisoformat(told) - EPOCH.date()).days * DAY


def accounts(tables: Tables, customer: str, at: int) -> set[str]:
    """All accounts and sessions of the person that an account is of."""
    first: dict[str, tuple[int, str]] = {}
    for row in tables["events"]:
        if row["type"] == "merge" and row["at"] < at and row["session_id"] != row["customer_id"]:
            told = row["at"], row["customer_id"]
            first[row["session_id"]] = min(first.get(row["session_id"], told), told)
    known = {customer, *first, *(who for _, who in first.values())}
    return {one for one in known if root(first, one) == root(first, customer)}


def root(first: Mapping[str, tuple[int, str]], who: str) -> str:
    seen: list[str] = []
    while who in first and who not in seen:
        seen.append(who)
        who = first[who][1]
    return min(seen[seen.index(who) :]) if who in seen else who


def person(tables: Tables, customer: str, mine: set[str], at: int) -> Person:
    """What is known before an instant of a person of some accounts, of whom one is the own name."""
    events = [
        row
        for row in tables["events"]
        if row["at"] < at
        and (row["customer_id"] in mine if row["customer_id"] else row["session_id"] in mine)
    ]
    orders = _orders(tables, mine, at)
    letters = _letters(tables, mine, {one.order_id for one in orders}, at)
    outcomes = _outcomes(tables, mine, at)
    signed = [row["at"] for row in events if row["type"] == "sign_up"]
    profile = next((row for row in tables["customers"] if row["customer_id"] == customer), {})
    created = profile.get("created_at")
    if created is not None and created >= at:
        profile, created = {}, None
    low = [row["at"] for row in events if row["type"] in ("rating", "survey") and _low(row)]
    back = [one.returned_at for one in orders if one.returned_at is not None]
    return Person(
        customer,
        profile,
        orders,
        _intents(events, orders, at),
        letters,
        min(signed, default=created),
        _granted(tables, mine, outcomes, at),
        {channel for channel, row in outcomes if row["type"] == "bounced" and channel},
        _complained(events),
        max(low, default=None),
        max(back, default=None),
        {row["order_id"] for row in events if row["type"] in ("rating", "survey")},
    )


def _low(row: Row) -> bool:
    return row["value"] is not None and row["value"] <= 2


def _orders(tables: Tables, mine: set[str], at: int) -> list[Order]:
    versions: dict[str, list[Row]] = defaultdict(list)
    for row in tables["versions"]:
        versions[row["order_id"]].append(row)
    told: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in tables["order_statuses"]:
        if row["at"] < at:
            told[row["order_id"]].append((row["at"], FLOW.index(row["status"])))
    found = []
    for order_id, every in versions.items():
        known = [row for row in every if row["status_at"] < at]
        # Of a version that is yet to come only its order and delivery are known.
        standing = max(known, key=rank) if known else _placed(min(every, key=rank))
        if standing["ordered_at"] >= at or standing["customer_id"] not in mine:
            continue
        statuses = told[order_id] + [(row["status_at"], FLOW.index(row["status"])) for row in known]
        if not standing["is_test"]:
            begun = [] if known else [_begun(standing, at)]
            found.append(_order(standing, sorted(statuses + begun), at))
    return sorted(found, key=lambda one: (one.ordered_at, one.order_id))


def rank(version: Row) -> tuple[int, int, str]:
    return version["status_at"], FLOW.index(version["status"]), version["version"]


def _placed(version: Row) -> Row:
    return {**version, "lines": [{**one, "returned_quantity": 0} for one in version["lines"]]}


def _begun(version: Row, at: int) -> tuple[int, int]:
    """How an order stands of which no version is known, but perhaps that it was delivered."""
    return (
        (version["delivered_at"], ARRIVED) if _is_told(version, at) else (version["ordered_at"], 0)
    )


def _is_told(version: Row, at: int) -> bool:
    arrived = version.get("delivered_at")
    return arrived is not None and bool(arrived < at)


def _order(version: Row, statuses: list[tuple[int, int]], at: int) -> Order:
    status_at, code = statuses[-1]
    first: dict[str, int] = {}
    for set_at, one in statuses:
        first.setdefault(FLOW[one], set_at)
    if _is_told(version, at):
        # What the version says of its delivery, it says of no other version's.
        first["delivered"] = version["delivered_at"]
    lines = version["lines"]
    returned_at = first.get("returned")
    back = {number: line["returned_quantity"] for number, line in enumerate(lines)}
    if returned_at is None:
        # Pieces that came back count as soon as the version that says so does.
        returned_at = version["status_at"] if any(back.values()) else None
    gone = {number for number, line in enumerate(lines) if 0 < line["quantity"] <= back[number]}
    is_whole = FLOW[code] == "returned" and not any(back.values())
    is_kept = not (FLOW[code] == "cancelled" or is_whole or len(gone) == len(lines))
    return Order(
        version["order_id"],
        version["ordered_at"],
        FLOW[code],
        status_at,
        first,
        [line["product_id"] for line in lines],
        [line["product_id"] for number, line in enumerate(lines) if is_kept and number not in gone],
        is_kept,
        returned_at,
    )


def _intents(events: Sequence[Row], orders: Sequence[Order], at: int) -> list[Intent]:
    cancelled = {one.order_id for one in orders if one.status == "cancelled"}
    closed: dict[tuple[str, str], int] = {}

    def close(kinds: Iterable[str], product: str, when: int) -> None:
        for kind in kinds:
            closed[kind, product] = max(closed.get((kind, product), when), when)

    for order in orders:
        for product in order.products if order.order_id not in cancelled else ():
            close(OPENING.values(), product, order.ordered_at)
    for row in events:
        if row["product_id"] is None:
            continue
        if row["type"] == "purchase" and row["order_id"] not in cancelled:
            close(OPENING.values(), row["product_id"], row["at"])
        elif row["type"] in TAKING_BACK:
            close([TAKING_BACK[row["type"]]], row["product_id"], row["at"])
    opened: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for row in events:
        kind = OPENING.get(row["type"])
        if kind is None or row["product_id"] is None:
            continue
        if kind == "view" and row["at"] < at - VIEWS_COUNT:
            continue
        if row["at"] > closed.get((kind, row["product_id"]), -1):
            opened[kind, row["product_id"]].append((row["at"], row["event_id"]))
    found = [
        Intent(kind, product, min(seen)[0], max(seen)[0], min(seen)[1])
        for (kind, product), seen in opened.items()
    ]
    return sorted(found, key=lambda one: (one.kind, one.opened_at, one.product))


def _letters(tables: Tables, mine: set[str], orders: set[str], at: int) -> list[Letter]:
    sent: dict[str, int] = {}
    for row in tables["message_events"]:
        if row["type"] in ("sent", "delivered") and row["at"] < at:
            sent[row["message_id"]] = min(sent.get(row["message_id"], row["at"]), row["at"])
    found = {}
    for row in tables["messages"]:
        known = [row[name] for name in ("acked_at", "claimed_at") if row[name] is not None]
        known = [one for one in known if one < at]
        left = sent.get(row["message_id"], known[0] if known else None)
        if row["customer_id"] not in mine or left is None or row["message"] == "none":
            continue
        anchor = row["anchor"]
        order = None
        if anchor is not None:
            named = anchor, anchor.rpartition("/")[0]
            order = next((one for one in named if one in orders), None)
        found[row["message_id"]] = Letter(row["message"], anchor, row["channel"], left, order)
    return sorted(found.values(), key=lambda one: one.at)


def _outcomes(tables: Tables, mine: set[str], at: int) -> list[tuple[str | None, Row]]:
    """Outcomes of the person's messages, each with the channel meant."""
    messages = {row["message_id"]: row for row in tables["messages"]}
    found = []
    for row in tables["message_events"]:
        message = messages.get(row["message_id"], {"customer_id": None, "channel": None})
        whose = row["customer_id"] or message["customer_id"]
        if row["at"] < at and whose in mine:
            found.append((row["channel"] or message["channel"], row))
    return found


def _granted(
    tables: Tables, mine: set[str], outcomes: Sequence[tuple[str | None, Row]], at: int
) -> set[str]:
    said: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for row in tables["consents"]:
        if row["customer_id"] in mine and row["at"] < at:
            said[row["channel"]].append((row["at"], not row["granted"]))
    for channel, row in outcomes:
        if row["type"] in ("unsubscribed", "complained"):
            for one in CHANNELS if channel is None else (channel,):
                said[one].append((row["at"], True))
    return {channel for channel, every in said.items() if not max(every)[1]}


def _complained(events: Sequence[Row]) -> int | None:
    told = [(row["at"], row["value"] == 0) for row in events if row["type"] == "complaint"]
    closed = max((at for at, closes in told if closes), default=None)
    return min(
        (at for at, closes in told if not closes and (closed is None or at >= closed)), default=None
    )
