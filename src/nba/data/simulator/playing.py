"""One play under way: purchases come due, messages go out, customers answer."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nba.data.simulator.demand import Demand, Meeting
from nba.data.simulator.journal import Journal, Seen
from nba.data.simulator.nature import Purchase, natural_purchases, transit
from nba.data.simulator.outcome import CustomerTally, MessageTally, Outcome
from nba.data.simulator.responses import (
    RESPONSE_DAYS,
    TRANSACTIONAL,
    Contacts,
    Floats,
    uniform,
    uniforms,
)
from nba.data.simulator.world import Customer, World
from nba.domain import DAY
from nba.vocabulary import MessageKind

UNDER_WAY_DAYS: Final = 30
"""Orders older than this that never arrived are left as they are."""
HOUR: Final = np.timedelta64(3_600_000_000, "us")
OPENING_EVENTS: Final = {
    "cart": "add_to_cart",
    "wish": "add_to_wishlist",
    "waitlist": "back_in_stock_subscribe",
}
"""Kinds of needs that customers show when they open, and by which event."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A message a policy wants sent to one customer now.

    Attributes:
        message: its id.
        kind: of `vocabulary.MessageKind`; transactional ones need no consent and tire nobody.
        channel: `email`, `sms`, `push` or `call`.
        products: ids shown, best first.
        anchor: what it is about: an order's id, an event, a week. A message is sent once per
            anchor; None stands for the customer.
    """

    message: str
    kind: str
    channel: str
    products: tuple[str, ...] = ()
    anchor: str | None = None

    @property
    def is_transactional(self) -> bool:
        """Whether it needs no consent."""
        return self.kind == MessageKind.TRANSACTIONAL


class Play:
    """The customers of a world while one policy writes to them."""

    def __init__(self, world: World, days: int, seed: int) -> None:
        """Begin at the start of the world, with its history and no answer drawn."""
        self._journal = Journal(world.tables)
        self._world = world
        self._seed = seed
        self._days = days
        self._end = world.starts_at + (days + RESPONSE_DAYS) * DAY
        self._demand = Demand(world, self._journal, seed)
        self._claimed: set[tuple[str, str, str | None]] = set()
        self._sent_at: dict[str, list[np.datetime64]] = {one: [] for one in world.customers}
        self._tally = {one: Counter[str]() for one in world.customers}
        self._of_message: dict[str, Counter[str]] = {}
        self._relevance: dict[str, float] = {}
        self._refused = self._repeated = 0
        self._agenda: list[Purchase] = []
        self._remember_messages()
        for customer in world.customers.values():
            self._show_openings(customer.customer_id)
            self._deliver_what_is_under_way(customer.customer_id)
            last_at = self._journal.last_order(customer.customer_id) or customer.joined_at
            self._agenda += natural_purchases(world, customer, last_at, self._end, seed)
        heapq.heapify(self._agenda)

    def begin(self, day: int) -> tuple[np.datetime64, list[str]]:
        """Let the purchases before a day happen; give its instant and who may be contacted.

        Those are the customers who granted a channel, and those with an order under way.
        """
        at = self._world.starts_at + day * DAY
        self._buy_before(at)
        granted = self._journal.granted(at)
        return at, [
            one for one in self._tally if granted.get(one) or self._journal.under_way(one, at)
        ]

    def seen(self, at: np.datetime64) -> Seen:
        """Give the facts that the policy may see."""
        return self._journal.seen(at)

    def send(
        self, customers: Sequence[str], offers: Sequence[Offer | None], at: np.datetime64
    ) -> None:
        """Send what consent allows and was not sent before, and draw the answers.

        Raises:
            ConfigError: a message has no planted response.
        """
        granted = self._journal.granted(at)
        sent: list[tuple[Customer, Offer]] = []
        for customer_id, offer in zip(customers, offers, strict=True):
            if offer is None:
                continue
            claim = customer_id, offer.message, offer.anchor
            if not offer.is_transactional and offer.channel not in granted.get(customer_id, ()):
                self._refused += 1
            elif claim in self._claimed:
                self._repeated += 1
            else:
                self._claimed.add(claim)
                sent.append((self._world.customers[customer_id], offer))
        if sent:
            self._draw(sent, at)

    def end(self) -> Outcome:
        """Follow the answers of the last days, and count."""
        self._buy_before(self._end)
        granted = self._journal.granted(self._end)
        return Outcome(
            self._days,
            self._world.currency,
            [
                CustomerTally(one, **counts, contactable=bool(granted.get(one)))
                for one, counts in self._tally.items()
            ],
            [
                MessageTally(message, **counts, relevance=self._relevance[message])
                for message, counts in sorted(self._of_message.items())
            ],
            self._refused,
            self._repeated,
            self._journal.produced(),
        )

    def _remember_messages(self) -> None:
        """Take over what was sent before the play: it tires, and is not sent again."""
        for row in self._world.tables["messages"]:
            customer_id, message = row["customer_id"], row["message"]
            if message != "none":
                self._claimed.add((customer_id, message, row["anchor"]))
                if message not in TRANSACTIONAL:
                    at = row["acked_at"] or row["claimed_at"] or row["decided_at"]
                    self._sent_at[customer_id].append(at)

    def _show_openings(self, customer_id: str) -> None:
        """Foresee the events by which needs of carts and lists show themselves."""
        for need in self._world.needs[customer_id]:
            if need.kind not in OPENING_EVENTS or need.opens_at < self._world.starts_at:
                continue
            product = self._demand.wanted(need, self._world.starts_at)
            if product is not None:
                event = {"type": OPENING_EVENTS[need.kind], "at": need.opens_at}
                whose = {"event_id": f"{customer_id}.{need.name}", "customer_id": customer_id}
                self._journal.note("events", whose | event | {"product_id": product.product_id})

    def _deliver_what_is_under_way(self, customer_id: str) -> None:
        start = self._world.starts_at
        for order in self._journal.under_way(customer_id, start):
            if order["ordered_at"] >= start - UNDER_WAY_DAYS * DAY:
                way = transit(self._world, customer_id, order["order_id"], self._seed)
                arrival = max(order["ordered_at"] + way, start + HOUR)
                self._journal.proceed(order["order_id"], "delivered", arrival)

    def _buy_before(self, at: np.datetime64) -> None:
        while self._agenda and self._agenda[0].at < at:
            self._buy(heapq.heappop(self._agenda))

    def _buy(self, purchase: Purchase) -> None:
        products = [self._world.shelf[one] for one in purchase.products]
        if purchase.need is not None and not products:
            wanted = self._demand.wanted(purchase.need, purchase.at)
            if wanted is None or self._demand.is_met(purchase.need):
                return
            products = [wanted]
        for one in products:
            self._demand.supply(purchase.customer_id, one, purchase.at)
        revenue = sum(one.price for one in products)
        margin = sum(one.margin for one in products)
        bought = Counter(orders=1, revenue=revenue, margin=margin)
        self._tally[purchase.customer_id].update(bought)
        if purchase.message is not None:
            self._of_message[purchase.message].update(bought)
        self._journal.place(
            f"{purchase.customer_id}.{purchase.name}",
            purchase.customer_id,
            purchase.at,
            products,
            transit(self._world, purchase.customer_id, purchase.name, self._seed),
        )

    def _draw(self, sent: Sequence[tuple[Customer, Offer]], at: np.datetime64) -> None:
        """Draw the answers to the messages of one day."""
        responses = self._world.responses
        rows = np.array(
            [responses.find(offer.message, self._state(one, at)) for one, offer in sent], np.int64
        )
        meetings = [
            self._demand.weigh(one.customer_id, offer.products, responses.rows[row], at)
            for (one, offer), row in zip(sent, rows.tolist(), strict=True)
        ]
        contacts = Contacts(
            rows,
            np.array([one.relevance for one in meetings]),
            np.array([self._days_since(one, offer, at) for one, offer in sent]),
            np.array([self._load(one, at) for one, _ in sent]),
            np.array([one.responsiveness for one, _ in sent]),
            np.array([one.annoyance for one, _ in sent]),
            np.array([one.channel == offer.channel for one, offer in sent]),
            np.array([one.is_lost(at) for one, _ in sent]),
        )
        day = _day(at)

        def chance(purpose: str) -> Floats:
            names = [one.customer_id for one, _ in sent]
            return uniforms(self._seed, names, [o.message for _, o in sent], day, purpose)

        acts = chance("useful") < responses.useful(contacts)
        leaves = chance("unsubscribed") < responses.unsubscribe(contacts)
        for (one, offer), meeting, useful, unsubscribed in zip(
            sent, meetings, acts.tolist(), leaves.tolist(), strict=True
        ):
            message = self._write(one, offer, meeting, at)
            if useful:
                self._act(message, meeting)
            if unsubscribed:
                self._leave(message)

    def _write(
        self, customer: Customer, offer: Offer, meeting: Meeting, at: np.datetime64
    ) -> dict[str, Any]:
        """Write down a message as sent."""
        message = {
            "message_id": f"{customer.customer_id}.{_day(at)}.{offer.message}",
            "customer_id": customer.customer_id,
            "message": offer.message,
            "anchor": offer.anchor,
            "channel": offer.channel,
            "decided_at": at,
            "claimed_at": at,
            "acked_at": at,
            "products": ",".join(offer.products),
        }
        self._journal.note("messages", message)
        self._event(message, "sent", at)
        self._tally[customer.customer_id]["messages"] += 1
        self._of_message.setdefault(offer.message, Counter())["sent"] += 1
        self._relevance[offer.message] = self._relevance.get(offer.message, 0.0) + meeting.relevance
        if not offer.is_transactional:
            self._sent_at[customer.customer_id].append(at)
        return message

    def _act(self, message: dict[str, Any], meeting: Meeting) -> None:
        """Let a customer act on a message, within 7 days."""
        customer_id, name, sent_at = (
            message["customer_id"],
            message["message"],
            message["decided_at"],
        )
        chance = uniform(self._seed, customer_id, name, _day(sent_at), "when")
        at = sent_at + HOUR + (RESPONSE_DAYS * DAY - 2 * HOUR) * chance
        if meeting.need is not None:
            self._demand.meet(meeting.need)
            # Nobody waits longer for having been reminded.
            if sent_at < meeting.need.due_at < at:
                at = meeting.need.due_at
        self._tally[customer_id]["useful"] += 1
        self._of_message[name]["useful"] += 1
        self._event(message, "clicked", at)
        self._event(message, "useful", at)
        if meeting.product is not None:
            bought = (meeting.product.product_id,)
            key = f"{_day(sent_at)}.{name}"
            heapq.heappush(self._agenda, Purchase(at, customer_id, key, meeting.need, bought, name))

    def _leave(self, message: dict[str, Any]) -> None:
        """Let a customer withdraw the channel a message came by."""
        at = message["decided_at"] + HOUR
        self._tally[message["customer_id"]]["unsubscribes"] += 1
        self._of_message[message["message"]]["unsubscribes"] += 1
        self._event(message, "unsubscribed", at)
        refusal = {"granted": False, "at": at, "source": "message"}
        whose = {name: message[name] for name in ("customer_id", "channel")}
        self._journal.note("consents", whose | refusal)

    def _event(self, message: dict[str, Any], kind: str, at: np.datetime64) -> None:
        named = {name: message[name] for name in ("message_id", "customer_id", "channel")}
        event = {"event_id": f"{message['message_id']}.{kind}", "type": kind, "at": at}
        self._journal.note("message_events", event | named | {"is_machine": False})

    def _state(self, customer: Customer, at: np.datetime64) -> str:
        open_kinds = {need.kind for need in self._demand.open(customer.customer_id, at)}
        return self._journal.state(customer.customer_id, at, open_kinds)

    def _days_since(self, customer: Customer, offer: Offer, at: np.datetime64) -> float:
        delivered_at = self._journal.delivered_at(customer.customer_id, offer.anchor, at)
        return float((at - delivered_at) / DAY)

    def _load(self, customer: Customer, at: np.datetime64) -> float:
        ages = np.array([(at - one) / DAY for one in self._sent_at[customer.customer_id]])
        return float(self._world.responses.fatigue.load(ages).sum())


def _day(at: np.datetime64) -> str:
    return str(at.astype("datetime64[D]"))
