"""Which of the messages that are due may be sent: contact, repeats, stage and stock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.oracle.book import Message, span
from tests.oracle.clock import DAY
from tests.oracle.due import Case, Due, every_due
from tests.oracle.people import Letter

WEEK = 7 * DAY
ASKING = ("service-rating", "survey")
KNOWN_SOURCES = frozenset(("anchor", "ordered", "popular"))
"""What fills a slot without anything learned but the cards of products."""


@dataclass(frozen=True)
class Contact:
    """What speaks against marketing to a person, whatever it is about."""

    case: Case
    due: Sequence[Due]

    @cached_property
    def marketing(self) -> list[Letter]:
        return [one for one in self.letters if self.case.book.is_marketing(one.message)]

    @property
    def letters(self) -> list[Letter]:
        return self.case.person.letters

    @cached_property
    def leaves(self) -> int:
        """When a marketing message would leave."""
        last = max((one.at for one in self.marketing), default=None)
        at = self.case.at
        if last is not None:
            at = max(at, last + self.case.book.gap)
        return self.case.clock.awake(at)

    @cached_property
    def rule(self) -> str | None:
        """What forbids all of it."""
        case, person, leaves = self.case, self.case.person, self.leaves
        book = case.book
        if person.complained_at is not None:
            return "open_complaint"
        if any(one.status == "delayed" for one in person.orders):
            return "open_delay"
        if (
            person.low_rating_at is not None
            and person.low_rating_at + book.after_low_rating > leaves
        ):
            return "low_rating"
        if person.returned_at is not None and person.returned_at + book.after_return > leaves:
            return "cooldown"
        if self._is_silenced():
            return "transactional_today"
        begin, end = case.clock.day(leaves)
        if sum(begin <= one.at < end for one in self.marketing) >= book.cap_day:
            return "cap_day"
        if sum(leaves - WEEK < one.at <= leaves for one in self.marketing) >= book.cap_week:
            return "cap_week"
        return None

    def channels(self, message: Message) -> list[str]:
        """By which a message may travel."""
        person = self.case.person
        reachable = [one for one in message.channels if one not in person.bounced]
        if not message.is_marketing:
            return reachable
        return [one for one in reachable if one in person.granted and not self._is_full(one)]

    def _is_full(self, channel: str) -> bool:
        caps = self.case.book.channel_caps.get(channel, {})
        through = [one for one in self.marketing if one.channel in (channel, None)]
        begin, end = self.case.clock.day(self.leaves)
        today = sum(begin <= one.at < end for one in through)
        lately = sum(self.leaves - WEEK < one.at <= self.leaves for one in through)
        return today >= caps.get("day", today + 1) or lately >= caps.get("week", lately + 1)

    def _is_silenced(self) -> bool:
        """News of an order is due today, or left on the day on which this would."""
        case = self.case
        begin, end = case.clock.day(case.at)
        is_due = any(
            begin <= one.due <= case.at for one in self.due if not one.message.is_marketing
        )
        if is_due and self.leaves < end:
            return True
        begin, end = case.clock.day(self.leaves)
        return any(
            begin <= one.at < end for one in self.letters if not case.book.is_marketing(one.message)
        )


@dataclass(frozen=True)
class Allowed:
    """What may be sent to a person at an instant.

    Attributes:
        sendable: due and allowed, products aside, each with when it leaves and by which channels.
    """

    case: Case
    contact: Contact
    sendable: tuple[tuple[Due, int, tuple[str, ...]], ...]

    @classmethod
    def of(cls, case: Case) -> Allowed:
        due = list(every_due(case))
        contact = Contact(case, due)
        found = []
        for one in due:
            if why_not(contact, one) is None:
                leaves = departure(contact, one)
                found.append((one, leaves, tuple(contact.channels(one.message))))
        return cls(case, contact, tuple(found))

    def certain(self) -> list[Due]:
        """Those whose products nothing learned has a say in."""
        return [one for one, _, _ in self.sendable if self._is_filled(one) is True]

    def _is_filled(self, due: Due) -> bool | None:
        """Tell whether every slot has products; None where only a snapshot knows."""
        known: list[bool] = []
        for sources in due.message.sources(least=1):
            if not KNOWN_SOURCES.issuperset(sources):
                return None
            known.append(any(self._fills(one, sources, due) for one in self._shown(sources, due)))
        return all(known)

    def _shown(self, sources: tuple[str, ...], due: Due) -> Sequence[str]:
        cards = self.case.shelf.cards
        return (
            [one for one in cards if cards[one]["is_popular"]]
            if sources == ("popular",)
            else due.products
        )

    def _fills(self, product: str, sources: tuple[str, ...], due: Due) -> bool:
        if sources == ("ordered",):
            return product in self.case.shelf.cards
        if sources == ("popular",) and product in due.products:
            return False
        return self.case.shelf.can_be_ordered(product) and not is_owned(self.case, product)


def is_owned(case: Case, product: str) -> bool:
    """Tell of durable products that the person has."""
    is_durable = case.shelf.cards.get(product, {}).get("is_durable", False)
    return is_durable and any(product in one.kept_products for one in case.person.orders)


def departure(contact: Contact, due: Due) -> int:
    return max(due.due, contact.leaves if due.message.is_marketing else contact.case.at)


def why_not(contact: Contact, due: Due) -> str | None:
    """Name what forbids a message, or nothing."""
    case, message = contact.case, due.message
    if message.is_learned:
        return "learned"
    if not due.due <= case.at < due.expires:
        return "not_due"
    if case.stage not in message.stages or not _is_meant(case, message):
        return "not_stage"
    if not due.is_kept:
        return "not_kept"
    if held := repeated(
        case, message, due.anchor, None if due.order is None else due.order.order_id
    ):
        return held
    if message.is_marketing and contact.rule is not None:
        return contact.rule
    if not contact.channels(message):
        return "no_channel"
    return "expired" if departure(contact, due) >= due.expires else None


def _is_meant(case: Case, message: Message) -> bool:
    when = dict(message.when)
    has_points = case.person.profile.get("points") is not None
    if when.pop("has_points", has_points) != has_points:
        return False
    kept = sum(one.is_kept for one in case.person.orders)
    if kept < when.pop("min_orders", 0):
        return False
    assert not when, f"the oracle does not know the conditions {sorted(when)}"
    return True


def repeated(case: Case, message: Message, anchor: str, order: str | None) -> str | None:
    """Name what the letters of the past forbid it for."""
    letters, book = case.person.letters, case.book
    own = [one for one in letters if one.message == message.id]
    here = [one for one in letters if one.anchor == anchor]
    once = message.table.get("once_per", "anchor")
    if message.id in ASKING and order in case.person.rated:
        return "once_per"
    if any(one.anchor == anchor for one in own):
        return "once_per"
    if once == "order" and order is not None and any(one.order == order for one in own):
        return "once_per"
    if once == "customer" and own:
        return "once_per"
    cooldown = message.table.get("cooldown", "0d")
    if own and max(one.at for one in own) + span(cooldown) > case.at:
        return "cooldown"
    if message.is_marketing:
        touches = sum(book.is_marketing(one.message) for one in here)
        if touches >= message.table.get("max_touches", 7):
            return "touches"
    for name in message.table.get("prerequisite", ()):
        if name not in _said(book.by_id[name], message, letters, here):
            return "prerequisite"
    for name in message.table.get("never_after", ()):
        if name in _said(book.by_id[name], message, letters, here):
            return "never_after"
    return None


def _said(
    other: Message, message: Message, letters: Sequence[Letter], here: Sequence[Letter]
) -> set[str]:
    """What was sent, about the same thing where both messages can be."""
    return {one.message for one in (here if other.about == message.about else letters)}
