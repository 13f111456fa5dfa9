"""Which messages are due about what, by the triggers of a playbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from tests.oracle.book import INTENT_OF, Book, Message
from tests.oracle.clock import DAY, Clock, told
from tests.oracle.people import ARRIVED, Intent, Order, Person
from tests.oracle.shelf import Shelf

CHOSEN = ("cart", "wish", "wait")


@dataclass(frozen=True)
class Due:
    """A message that could be about something, and its window."""

    message: Message
    anchor: str
    due: int
    expires: int
    order: Order | None = None
    products: tuple[str, ...] = ()
    """What the customer has in mind, or ordered."""
    is_kept: bool = True


@dataclass(frozen=True)
class Opening:
    anchor: str
    at: int
    ends: int | None = None
    order: Order | None = None
    products: tuple[str, ...] = ()
    is_kept: bool = True


@dataclass(frozen=True)
class Delivery:
    """What stands in for a delivery of which nobody told, in microseconds."""

    transit: int
    default: int

    def at(self, order: Order) -> int:
        told = order.first_at.get("delivered")
        if told is not None:
            return told
        shipped = order.first_at.get("shipped")
        return order.ordered_at + self.default if shipped is None else shipped + self.transit


@dataclass(frozen=True)
class Case:
    """One person at an instant."""

    book: Book
    person: Person
    shelf: Shelf
    delivery: Delivery
    at: int

    @cached_property
    def clock(self) -> Clock:
        return Clock(self.person.profile.get("timezone") or self.book.zone, self.book.quiet)

    @cached_property
    def stage(self) -> str:
        orders = self.person.orders
        if any(one.code < ARRIVED for one in orders):
            return "ordered"
        if any(self.ends(one) > self.at for one in self.person.intents if one.kind in CHOSEN):
            return "choosing"
        if any(one.status != "cancelled" for one in orders):
            return "client"
        return "acquaintance"

    def ends(self, intent: Intent) -> int:
        factor = self.book.company_factor if self.person.is_company else 1
        end = intent.last_at + int(self.book.intents[intent.kind] * factor)
        told = [
            one.at
            for one in self.person.letters
            if intent.kind == "wait"
            and (one.message, one.anchor) == ("back-in-stock", intent.event_id)
            and one.at >= intent.last_at
        ]
        return min([end, *told])


def every_due(case: Case) -> Iterator[Due]:
    """List what opened, now or another time; of learned triggers nothing."""
    for message in case.book.messages:
        factor = 1.0
        if message.on in INTENT_OF and case.person.is_company:
            factor = case.book.company_factor
        for one in openings(case, message):
            due = one.at + int(message.after * factor)
            end = one.at + int((message.after + message.within) * factor)
            expires = end if one.ends is None else min(end, one.ends)
            yield Due(message, one.anchor, due, expires, one.order, one.products, one.is_kept)


def openings(case: Case, message: Message) -> Iterator[Opening]:
    person, at, clock = case.person, case.at, case.clock
    match message.on:
        case "delivered" | "paid" | "status" | "delayed" | "awaiting_payment" | "worn":
            for order in person.orders:
                yield from _of_order(case, message.on, order)
        case "view" | "cart" | "cart_sale":
            yield from _of_list(case, message)
        case "wish" | "wish_sale" | "wait" | "back_in_stock":
            for intent in person.intents:
                if intent.kind == INTENT_OF[message.on]:
                    yield from _of_intent(case, message.on, intent)
        case "sign_up":
            if person.signed_up_at is not None:
                yield Opening(person.customer_id, person.signed_up_at)
        case "week":
            monday = clock.week(at)
            year, number, _ = monday.isocalendar()
            yield Opening(f"{year}-W{number:02d}", clock.begins(monday))
        case "birthday":
            born = person.profile.get("birthday")
            for year in (clock.date(at).year + ahead for ahead in (-1, 0, 1)) if born else ():
                yield Opening(str(year), clock.begins(_birthday(date.fromisoformat(born), year)))
        case "points_expiring":
            over = person.points_expire_at
            if over is not None:
                yield Opening(str(told(over).date()), over, over)


def _birthday(born: date, year: int) -> date:
    leaps = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (born.month, born.day) == (2, 29) and not leaps:
        return date(year, 2, 28)
    return date(year, born.month, born.day)


def _of_order(case: Case, on: str, order: Order) -> Iterator[Opening]:
    products = tuple(order.kept_products)
    match on:
        case "delivered" if order.code >= ARRIVED:
            at = case.delivery.at(order)
            yield Opening(order.order_id, at, None, order, products, order.is_kept)
        case "paid" if "paid" in order.first_at:
            ends = order.first_at.get("delivered")
            paid_at = order.first_at["paid"]
            yield Opening(order.order_id, paid_at, ends, order, products, order.is_kept)
        case "awaiting_payment" if order.status == "awaiting_payment":
            yield Opening(order.order_id, order.status_at, None, order, products, order.is_kept)
        case "status" if order.status not in ("awaiting_payment", "delayed"):
            anchor = f"{order.order_id}/{order.status}"
            yield Opening(anchor, order.status_at, None, order, products)
        case "delayed" if order.status == "delayed":
            anchor = f"{order.order_id}/delayed"
            yield Opening(anchor, order.status_at, None, order, products, order.is_kept)
        case "worn" if order.code >= ARRIVED:
            for product in dict.fromkeys(products):
                cycle = case.shelf.cards.get(product, {}).get("cycle_days", 0)
                if cycle:
                    at = case.delivery.at(order) + cycle * DAY
                    anchor = f"{order.order_id}/{product}"
                    yield Opening(anchor, at, None, order, (product,), order.is_kept)


def _of_list(case: Case, message: Message) -> Iterator[Opening]:
    """Carts and views: what was laid in before the one before it would have ended is one list."""
    kind = INTENT_OF[message.on]
    lists: list[list[Intent]] = []
    for intent in (one for one in case.person.intents if one.kind == kind):
        if not lists or intent.opened_at > case.ends(lists[-1][-1]):
            lists.append([])
        lists[-1].append(intent)
    if not lists or len(lists[-1]) < message.trigger.get("min", 1):
        return
    listed = lists[-1]
    if message.on == "cart_sale":
        fell = [_fell(case, one) for one in listed]
        at = max((one for one in fell if one is not None), default=None)
    else:
        at = max(one.last_at for one in listed)
    if at is not None:
        ends = max(case.ends(one) for one in listed)
        products = _products([one for one in listed if case.ends(one) > case.at] or listed[:1])
        yield Opening(listed[0].event_id, at, ends, None, products)


def _products(intents: Sequence[Intent]) -> tuple[str, ...]:
    return tuple(one.product for one in intents)


def _fell(case: Case, intent: Intent) -> int | None:
    """When the price fell of what the customer had in mind already."""
    fell = case.shelf.dropped_at(intent.product)
    return fell if fell is not None and fell > intent.opened_at else None


def _of_intent(case: Case, on: str, intent: Intent) -> Iterator[Opening]:
    can = case.shelf.can_be_ordered(intent.product)
    since = case.shelf.in_stock_since(intent.product)
    at: int | None = intent.opened_at
    match on:
        case "wish_sale":
            at = _fell(case, intent)
        case "wait" if can:
            at = None
        case "back_in_stock":
            at = since if can and since is not None and since > intent.opened_at else None
    if at is not None:
        yield Opening(intent.event_id, at, case.ends(intent), None, (intent.product,))
