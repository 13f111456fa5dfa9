"""One play under way: purchases come due, messages go out, customers answer."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from nba.data.simulator.demand import Demand, Meeting
from nba.data.simulator.gains import Gains
from nba.data.simulator.journal import Journal, Seen
from nba.data.simulator.lifetime import Lifetime
from nba.data.simulator.nature import Purchase, natural_purchases, transit
from nba.data.simulator.odds import Odds, Sent
from nba.data.simulator.offers import Offer
from nba.data.simulator.outcome import CustomerTally, MessageTally, Outcome
from nba.data.simulator.responses import RESPONSE_DAYS, Floats, uniforms
from nba.data.simulator.world import World
from nba.domain import DAY, significant, uniform
from nba.vocabulary import NOTHING_SENT

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
class _Counts:
    """What is counted, and what is summed, of a customer or a message."""

    whole: Counter[str] = field(default_factory=Counter)
    sums: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def summed(self) -> dict[str, Any]:
        return {name: significant(total) for name, total in self.sums.items()}


class Play:
    """The customers of a world while one policy writes to them."""

    def __init__(self, world: World, days: int, seed: int, *, asked_at_hours: float = 0.0) -> None:
        """Begin at the start of the world, with its history and no answer drawn."""
        self.world = world
        self.journal = Journal(world.tables)
        self.demand = Demand(world, self.journal, seed)
        self.odds = Odds(world, self.journal, self.demand)
        self.gains = Gains(world, self.demand)
        self._seed = seed
        self._days = days
        self._asked_at = world.starts_at + _span(asked_at_hours)
        self._end = world.starts_at + (days + RESPONSE_DAYS) * DAY
        # Messages of the history are not sent again.
        self._claimed: set[tuple[str, str, str | None]] = {
            (row["customer_id"], row["message"], row["anchor"])
            for row in world.tables["messages"]
            if row["message"] != NOTHING_SENT
        }
        self._tally = {one: _Counts() for one in world.customers}
        self._of_message: dict[str, _Counts] = {}
        self._refused = self._repeated = self._postponed = 0
        self._agenda: list[Purchase] = []
        # When to send, to whom, when it was decided, and what.
        self._outbox: list[tuple[np.datetime64, str, np.datetime64, Offer]] = []
        for customer in world.customers.values():
            self._show_openings(customer.customer_id)
            self._deliver_what_is_under_way(customer.customer_id)
            last_at = self.journal.last_order(customer.customer_id) or customer.joined_at
            self._agenda += natural_purchases(world, customer, last_at, self._end, seed)
        heapq.heapify(self._agenda)

    def begin(self, day: int) -> tuple[np.datetime64, list[str]]:
        """Let things happen up to the question of a day; give its instant and who is asked for.

        Those are the customers who granted a channel, and those with an order under way.
        """
        at = self._asked_at + day * DAY
        self._proceed(at)
        granted = self.journal.granted(at)
        return at, [
            one for one in self._tally if granted.get(one) or self.journal.under_way(one, at)
        ]

    def seen(self, at: np.datetime64) -> Seen:
        """Give the facts that the policy may see."""
        return self.journal.seen(at)

    def send(
        self, customers: Sequence[str], offers: Sequence[Offer | None], at: np.datetime64
    ) -> None:
        """Send what is to be sent at once, and lay by what is to be sent later on the day.

        Raises:
            ConfigError: a message has no planted response.
        """
        now: list[tuple[str, Offer]] = []
        for customer_id, offer in zip(customers, offers, strict=True):
            if offer is None:
                continue
            if offer.message == NOTHING_SENT:
                self._log(customer_id, offer, at, None)
            elif offer.send_after is None or offer.send_after <= at:
                now.append((customer_id, offer))
            elif offer.send_after < at + DAY:
                heapq.heappush(self._outbox, (offer.send_after, customer_id, at, offer))
            else:
                self._postponed += 1
        self._dispatch(now, at, at)

    def end(self) -> Outcome:
        """Follow the answers of the last days, and count."""
        self._proceed(self._end)
        granted = self.journal.granted(self._end)
        lifetime = Lifetime(self.world)
        customers = [
            CustomerTally(
                one,
                **counts.whole,
                **counts.summed(),
                contactable=bool(granted.get(one)),
                lifetime=lifetime.left(
                    self.world.customers[one], self._end, is_contactable=bool(granted.get(one))
                ),
            )
            for one, counts in self._tally.items()
        ]
        messages = [
            MessageTally(message, **counts.whole, **counts.summed())
            for message, counts in sorted(self._of_message.items())
        ]
        return Outcome(
            self._days,
            self.world.currency,
            customers,
            messages,
            self._refused,
            self._repeated,
            self._postponed,
            self.journal.produced(),
        )

    def _show_openings(self, customer_id: str) -> None:
        """Foresee the events by which needs of carts and lists show themselves."""
        for need in self.world.needs[customer_id]:
            if need.kind not in OPENING_EVENTS or need.opens_at < self.world.starts_at:
                continue
            product = self.demand.wanted(need, self.world.starts_at)
            if product is not None:
                event = {"type": OPENING_EVENTS[need.kind], "at": need.opens_at}
                whose = {"event_id": f"{customer_id}.{need.name}", "customer_id": customer_id}
                self.journal.note("events", whose | event | {"product_id": product.product_id})

    def _deliver_what_is_under_way(self, customer_id: str) -> None:
        start = self.world.starts_at
        for order in self.journal.under_way(customer_id, start):
            if order["ordered_at"] >= start - UNDER_WAY_DAYS * DAY:
                way = transit(self.world, customer_id, order["order_id"], self._seed)
                arrival = max(order["ordered_at"] + way, start + HOUR)
                self.journal.proceed(order["order_id"], "delivered", arrival)

    def _proceed(self, until: np.datetime64) -> None:
        """Let purchases and messages that were laid by happen in their order."""
        while self._outbox and self._outbox[0][0] < until:
            at, customer_id, decided_at, offer = heapq.heappop(self._outbox)
            self._buy_before(at)
            self._dispatch([(customer_id, offer)], decided_at, at)
        self._buy_before(until)

    def _buy_before(self, at: np.datetime64) -> None:
        while self._agenda and self._agenda[0].at < at:
            self._buy(heapq.heappop(self._agenda))

    def _buy(self, purchase: Purchase) -> None:
        products = [self.world.shelf[one] for one in purchase.products]
        if purchase.need is not None and not products:
            wanted = self.demand.wanted(purchase.need, purchase.at)
            if wanted is None or self.demand.is_met(purchase.need):
                return
            products = [wanted]
        for one in products:
            self.demand.supply(purchase.customer_id, one, purchase.at)
        revenue = sum(one.price for one in products)
        margin = sum(one.margin for one in products)
        bought = Counter(orders=1, revenue=revenue, margin=margin)
        self._tally[purchase.customer_id].whole.update(bought)
        if purchase.message is not None:
            self._of_message[purchase.message].whole.update(bought)
        self.journal.place(
            f"{purchase.customer_id}.{purchase.name}",
            purchase.customer_id,
            purchase.at,
            products,
            transit(self.world, purchase.customer_id, purchase.name, self._seed),
        )

    def _dispatch(
        self,
        offers: Sequence[tuple[str, Offer]],
        decided_at: np.datetime64,
        at: np.datetime64,
    ) -> None:
        """Send what consent allows and was not sent before, and draw the answers."""
        granted = self.journal.granted(at)
        sent: list[Sent] = []
        for customer_id, offer in offers:
            claim = customer_id, offer.message, offer.anchor
            if not offer.is_transactional and offer.channel not in granted.get(customer_id, ()):
                self._refused += 1
            elif claim in self._claimed:
                self._repeated += 1
            else:
                self._claimed.add(claim)
                sent.append((self.world.customers[customer_id], offer))
        if sent:
            self._draw(sent, decided_at, at)

    def _draw(self, sent: Sequence[Sent], decided_at: np.datetime64, at: np.datetime64) -> None:
        """Draw the answers to messages sent at one instant."""
        weighed = self.odds.weigh(sent, at)
        day = _day(decided_at)

        def chance(purpose: str) -> Floats:
            names = [one.customer_id for one, _ in sent]
            return uniforms(self._seed, names, [o.message for _, o in sent], day, purpose)

        acts = chance("useful") < weighed.useful
        leaves = chance("unsubscribed") < weighed.unsubscribe
        for (one, offer), meeting, likely, useful, unsubscribed in zip(
            sent,
            weighed.meetings,
            weighed.useful.tolist(),
            acts.tolist(),
            leaves.tolist(),
            strict=True,
        ):
            message = self._log(one.customer_id, offer, decided_at, at)
            added = likely * self.gains.of_answer(one, meeting, at) - offer.cost
            self._count(one.customer_id, offer, meeting, added, at)
            self._event(message, "sent", at)
            if useful:
                self._act(message, meeting)
            if unsubscribed:
                self._leave(message)

    def _log(
        self,
        customer_id: str,
        offer: Offer,
        decided_at: np.datetime64,
        sent_at: np.datetime64 | None,
    ) -> dict[str, Any]:
        """Write down a decision; sent, it was claimed and acknowledged at once."""
        name = f"{customer_id}.{_day(decided_at)}.{offer.message}"
        message = {
            "message_id": name,
            "customer_id": customer_id,
            "message": offer.message,
            "anchor": offer.anchor,
            "channel": offer.channel,
            "decided_at": decided_at,
            "claimed_at": sent_at,
            "acked_at": sent_at,
            "products": ",".join(offer.products),
            "decision_id": offer.decision_id or name,
            "arm": offer.arm,
            "propensity": offer.propensity,
        }
        self.journal.note("messages", message)
        return message

    def _count(
        self, customer_id: str, offer: Offer, meeting: Meeting, added: float, at: np.datetime64
    ) -> None:
        of_customer = self._tally[customer_id]
        of_customer.whole["messages"] += 1
        of_customer.sums["cost"] += offer.cost
        of_customer.sums["expected"] += added
        of_message = self._of_message.setdefault(offer.message, _Counts())
        of_message.whole["sent"] += 1
        of_message.sums["relevance"] += meeting.relevance
        of_message.sums["expected"] += added
        if not offer.is_transactional:
            self.odds.tire(customer_id, at)

    def _act(self, message: dict[str, Any], meeting: Meeting) -> None:
        """Let a customer act on a message, within 7 days."""
        customer_id, name, sent_at = message["customer_id"], message["message"], message["acked_at"]
        day = _day(message["decided_at"])
        chance = uniform(self._seed, customer_id, name, day, "when")
        at = sent_at + HOUR + (RESPONSE_DAYS * DAY - 2 * HOUR) * chance
        if meeting.need is not None:
            self.demand.meet(meeting.need)
            # Nobody waits longer for having been reminded.
            if sent_at < meeting.need.due_at < at:
                at = meeting.need.due_at
        self._tally[customer_id].whole["useful"] += 1
        self._of_message[name].whole["useful"] += 1
        self._event(message, "clicked", at)
        self._event(message, "useful", at)
        if meeting.product is not None:
            bought = (meeting.product.product_id,)
            key = f"{day}.{name}"
            heapq.heappush(self._agenda, Purchase(at, customer_id, key, meeting.need, bought, name))

    def _leave(self, message: dict[str, Any]) -> None:
        """Let a customer withdraw the channel a message came by."""
        at = message["acked_at"] + HOUR
        self._tally[message["customer_id"]].whole["unsubscribes"] += 1
        self._of_message[message["message"]].whole["unsubscribes"] += 1
        self._event(message, "unsubscribed", at)
        refusal = {"granted": False, "at": at, "source": "message"}
        whose = {name: message[name] for name in ("customer_id", "channel")}
        self.journal.note("consents", whose | refusal)

    def _event(self, message: dict[str, Any], kind: str, at: np.datetime64) -> None:
        named = {name: message[name] for name in ("message_id", "customer_id", "channel")}
        event = {"event_id": f"{message['message_id']}.{kind}", "type": kind, "at": at}
        self.journal.note("message_events", event | named | {"is_machine": False})


def _day(at: np.datetime64) -> str:
    return str(at.astype("datetime64[D]"))


def _span(hours: float) -> np.timedelta64:
    return np.timedelta64(round(hours * 3_600_000_000), "us")
