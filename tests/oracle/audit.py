"""What must never be sent, whatever was due: held against every message that leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nba.decide.decision import ChosenMessage
from tests.oracle.allowed import WEEK, Allowed, is_owned, repeated
from tests.oracle.due import Case
from tests.oracle.people import Letter, Order
from tests.oracle.shelf import Shelf

OF_THE_CUSTOMER = frozenset(("ordered", "anchor", "buy_again", "due", "parts"))
"""Sources that may show what the customer has."""
OF_ORDERS = frozenset(("order", "order/product", "status"))
"""What messages are about that name an order."""


@dataclass(frozen=True)
class Given:
    """A message that was given.

    Attributes:
        shown: the products of its slots.
    """

    message: str
    anchor: str
    channel: str
    send_after: int
    expires_at: int
    shown: Sequence[str]


def given_by(message: ChosenMessage) -> Given:
    leaves, expires = (
        int(one.astype("datetime64[us]").astype(np.int64))
        for one in (message.send_after, message.expires_at)
    )
    shown = [one.product_id for items in message.slots.values() for one in items]
    return Given(message.id, message.anchor, message.channel, leaves, expires, shown)


def breaches(case: Case, allowed: Allowed, given: Given) -> Iterator[str]:
    """Name everything that is wrong with a message given in a case."""
    book, person = case.book, case.person
    message = book.by_id[given.message]
    leaves = given.send_after
    if leaves >= given.expires_at:
        yield "expired"
    if leaves < case.at:
        yield "left before it was decided"
    # An intent may be called like an order.
    order = _order(case, given.anchor) if message.about in OF_ORDERS else None
    if order is not None and message.on != "status" and not order.is_kept:
        yield "after cancel or return"
    if held := repeated(case, message, given.anchor, None if order is None else order.order_id):
        yield f"repeat: {held}"
    if given.channel in person.bounced:
        yield "after bounce"
    yield from _of_intent(case, given, message.about)
    yield from _of_products(case, given, order)
    if message.is_marketing:
        yield from _of_marketing(case, allowed, given)
    if not message.is_learned and not _is_due(allowed, given):
        yield "not due and allowed"


def by_departure(case: Case, letters: Sequence[Letter], leaves: int) -> Iterator[str]:
    """Name the caps that a marketing message breaks that leaves then, after some letters."""
    book, clock = case.book, case.clock
    marketing = [one.at for one in letters if book.is_marketing(one.message)]
    begin, end = clock.day(leaves)
    if clock.is_quiet(leaves):
        yield "quiet hours"
    if any(one > leaves - book.gap for one in marketing):
        yield "gap"
    if sum(begin <= one < end for one in marketing) >= book.cap_day:
        yield "cap of the day"
    if sum(one > leaves - WEEK for one in marketing) >= book.cap_week:
        yield "cap of the week"


def _order(case: Case, anchor: str) -> Order | None:
    named = anchor, anchor.rpartition("/")[0]
    return next((one for one in case.person.orders if one.order_id in named), None)


def _of_marketing(case: Case, allowed: Allowed, given: Given) -> Iterator[str]:
    if given.channel not in case.person.granted:
        yield "after unsubscribe"
    if allowed.contact.rule is not None:
        yield f"marketing: {allowed.contact.rule}"
    if given.channel not in allowed.contact.channels(case.book.by_id[given.message]):
        yield "cap of the channel"
    yield from by_departure(case, case.person.letters, given.send_after)


def _of_intent(case: Case, given: Given, about: str) -> Iterator[str]:
    """A message about an intent is about one that is still open."""
    if about in ("view", "cart", "wish", "wait"):
        opened = [one for one in case.person.intents if one.kind == about]
        if not any(one.event_id == given.anchor for one in opened):
            yield "after purchase of the thing, or after it was taken back"


def _of_products(case: Case, given: Given, order: Order | None) -> Iterator[str]:
    sources = {one for slot in case.book.by_id[given.message].sources() for one in slot}
    asked = set() if order is None else set(order.kept_products)
    for product in given.shown:
        if sources != {"ordered"} and not case.shelf.can_be_ordered(product):
            yield "out of stock"
        if not sources.isdisjoint(OF_THE_CUSTOMER):
            continue
        if is_owned(case, product):
            yield "owned durable"
        if not fits(case.shelf, product, asked):
            yield "incompatible"


def fits(shelf: Shelf, product: str, asked: set[str]) -> bool:
    """Tell whether a product with a list of what it goes with has something of it beside it."""
    wanted = shelf.cards[product]["fits"]
    others = asked - {product}
    return not wanted or not others & shelf.spoken or not others.isdisjoint(wanted)


def _is_due(allowed: Allowed, given: Given) -> bool:
    return any(
        (one.message.id, one.anchor) == (given.message, given.anchor)
        and given.send_after == leaves
        and given.expires_at == one.expires
        and given.channel in channels
        for one, leaves, channels in allowed.sendable
    )
