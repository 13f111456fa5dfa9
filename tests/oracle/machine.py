"""A shop to which anything happens, whose every answer is held against the oracle."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any, ClassVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from nba.decide.decision import Decision
from nba.facts.fold import Facts
from nba.vocabulary import Rule
from tests.oracle.allowed import Allowed
from tests.oracle.audit import Given, breaches, given_by
from tests.oracle.clock import DAY, HOUR, MINUTE, since_epoch
from tests.oracle.people import FLOW, Row
from tests.oracle.stock import PRICES, book, cards, delivery, lines_of, policy
from tests.oracle.world import World

MOMENT = 7
"""Microseconds between two things that happen one after the other."""

WORTHY_TIER = 2
CUSTOMERS = ("ann", "bob", "cat")
GUEST = "guest-1"
STARTS = tuple(
    since_epoch(datetime.fromisoformat(one).replace(tzinfo=UTC))
    for one in ("2026-03-26T19:10", "2026-10-22T06:00", "2026-12-27T22:59:59", "2028-02-26T12:00")
)
ZONES = ("Europe/Kyiv", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", None)
CHANNELS = ("email", "sms", "push", "call")
KINDS = ("view_item", "add_to_cart", "add_to_wishlist", "back_in_stock_subscribe")

ACTS = (
    *("place", "edit", "proceed", "give back", "consent", "answer", "complain", "rate"),
    *("take back", "intend", "log in", "move", "shelve"),
)
BUSTLE = 25

customers = st.sampled_from(CUSTOMERS)
whose = st.sampled_from((*CUSTOMERS, GUEST))
products = st.sampled_from(tuple(PRICES))
channels = st.sampled_from(CHANNELS)


class Shop(RuleBasedStateMachine):
    """A shop to which anything happens, whose every message is held against the oracle."""

    playbook = "owox_2011"
    counts: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.world = World(cards(), delivery())
        self.now = 0
        self.waiting: dict[str, int] = {}
        """Customer → when to ask again, as a message may leave then."""

    @initialize(
        start=st.sampled_from(STARTS),
        zones=st.tuples(*(st.sampled_from(ZONES),) * 3),
        granted=st.lists(channels, min_size=1, unique=True),
        company=st.booleans(),
        born=st.sampled_from((None, "1990-02-29".replace("1990", "1992"), "1985-04-02")),
        points=st.sampled_from((None, 10, 60)),
    )
    def begin(
        self,
        start: int,
        zones: tuple[str | None, ...],
        granted: list[str],
        company: bool,
        born: str | None,
        points: int | None,
    ) -> None:
        self.now = start
        for customer, zone in zip(CUSTOMERS, zones, strict=True):
            expire = np.datetime64(start + (points or 0) * DAY, "us").astype("datetime64[D]")
            self.world.add(
                "customers",
                customer_id=customer,
                timezone=zone,
                created_at=start - 3 * DAY,
                birthday=born,
                account_type="b2b" if company and customer == "bob" else "b2c",
                points=points,
                attributes=None if points is None else f'{{"points_expire_at": "{expire}"}}',
            )
            for channel in ("email", *granted):
                self.consent(customer, channel, True)

    @rule(
        customer=whose,
        wanted=st.lists(products, min_size=1, max_size=3, unique=True),
        status=st.sampled_from(("pending_confirmation", "awaiting_payment", "paid", "delivered")),
        is_test=st.sampled_from((False,) * 9 + (True,)),
        hours_ago=st.sampled_from((0, 1, 50)),
    )
    def place(
        self, customer: str, wanted: list[str], status: str, is_test: bool, hours_ago: int
    ) -> None:
        at = self.tick() - hours_ago * HOUR
        self.world.add(
            "versions",
            order_id=f"o{len(self.world.orders):03}",
            version="v000",
            customer_id=customer,
            ordered_at=at,
            status=status,
            status_at=at + MOMENT,
            delivered_at=None,
            is_test=is_test,
            lines=lines_of(wanted),
        )

    @rule(
        number=st.integers(0, 30),
        wanted=st.lists(products, min_size=1, unique=True),
        status=st.sampled_from((None, "delivered")),
        hours=st.sampled_from((0, 0, 0, -1, -30, 2)),
        arrived=st.sampled_from((None, None, None, -30, 0, 2)),
    )
    def edit(
        self, number: int, wanted: list[str], status: str | None, hours: int, arrived: int | None
    ) -> None:
        """Tell another version, perhaps late, perhaps with when the order was delivered."""
        if self.world.orders:
            row = self.world.order(number)
            at = None if arrived is None else self.tick() + arrived * HOUR
            self.supersede(row, status or row["status"], lines_of(wanted), hours, delivered_at=at)

    @rule(
        number=st.integers(0, 30),
        status=st.sampled_from(FLOW),
        hours=st.sampled_from((0, 0, 0, -1, -30, -200, 2, 40)),
    )
    def proceed(self, number: int, status: str, hours: int) -> None:
        """Tell of a status, perhaps late, perhaps of one that is yet to come."""
        if self.world.orders:
            at = self.tick() + hours * HOUR
            order_id = self.world.order(number)["order_id"]
            self.world.add("order_statuses", order_id=order_id, status=status, at=at)

    @rule(
        number=st.integers(0, 30), status=st.sampled_from(("delivered", "delivered", "cancelled"))
    )
    def end(self, number: int, status: str) -> None:
        self.proceed(number, status, 0)

    @rule(number=st.integers(0, 30), whole=st.booleans())
    def give_back(self, number: int, whole: bool) -> None:
        if self.world.orders:
            row = self.world.order(number)
            lines = [dict(one) for one in row["lines"]]
            if not whole:
                lines[0]["returned_quantity"] = 1
            self.supersede(row, "returned", lines)

    @rule(customer=whose, channel=channels, granted=st.booleans())
    def consent(self, customer: str, channel: str, granted: bool) -> None:
        at = self.tick()
        self.world.add("consents", customer_id=customer, channel=channel, granted=granted, at=at)

    @rule(
        number=st.integers(0, 5),
        kind=st.sampled_from(("unsubscribed", "bounced", "complained", "clicked")),
        names_channel=st.booleans(),
    )
    def answer(self, number: int, kind: str, names_channel: bool) -> None:
        messages = self.world.tables["messages"]
        if messages and number < len(messages):
            row = messages[-1 - number]
            self.world.add(
                "message_events",
                event_id=self.world.next_id("message_events"),
                message_id=row["message_id"],
                customer_id=row["customer_id"],
                channel=row["channel"] if names_channel else None,
                type=kind,
                at=self.tick(),
                is_machine=False,
            )

    @rule(customer=customers, opens=st.booleans())
    def complain(self, customer: str, opens: bool) -> None:
        self.world.event("complaint", self.tick(), customer, value=float(opens))

    @rule(
        customer=customers,
        kind=st.sampled_from(("rating", "survey", "review")),
        value=st.sampled_from((None, 1.0, 2.0, 3.0, 5.0)),
        number=st.integers(0, 30),
    )
    def rate(self, customer: str, kind: str, value: float | None, number: int) -> None:
        order = self.world.order(number)["order_id"] if self.world.orders else None
        self.world.event(kind, self.tick(), customer, value=value, order_id=order)

    @rule(customer=customers, kind=st.sampled_from(KINDS), product=products)
    def intend(self, customer: str, kind: str, product: str) -> None:
        self.world.event(kind, self.tick(), customer, product_id=product)

    @rule(kind=st.sampled_from(KINDS), product=products)
    def intend_as_guest(self, kind: str, product: str) -> None:
        row = self.world.event(kind, self.tick(), GUEST, product_id=product)
        row["customer_id"], row["session_id"] = None, GUEST

    @rule(
        customer=customers,
        kind=st.sampled_from(("remove_from_cart", "remove_from_wishlist", "purchase")),
        product=products,
    )
    def take_back(self, customer: str, kind: str, product: str) -> None:
        self.world.event(kind, self.tick(), customer, product_id=product)

    @rule(customer=customers)
    def log_in(self, customer: str) -> None:
        self.world.event("merge", self.tick(), customer)["session_id"] = GUEST

    @rule(customer=customers, zone=st.sampled_from(ZONES))
    def move(self, customer: str, zone: str | None) -> None:
        row = next(o for o in self.world.tables["customers"] if o["customer_id"] == customer)
        row["timezone"] = zone

    @rule(
        product=products,
        share=st.sampled_from((None, 0.5, 0.8, 1.2)),
        days=st.sampled_from((None, 1, 10)),
        availability=st.sampled_from(("in_stock", "in_stock", "out_of_stock", "discontinued")),
    )
    def shelve(
        self, product: str, share: float | None, days: int | None, availability: str
    ) -> None:
        at = self.tick()
        self.world.add(
            "product_states",
            product_id=product,
            at=at,
            availability=availability,
            price=PRICES[product],
            sale_price=None if share is None else int(PRICES[product] * share),
            sale_until=None if share is None or days is None else at + days * DAY,
        )

    @rule(minutes=st.sampled_from((1, 7, 61, 240, 600)))
    def wait(self, minutes: int) -> None:
        self.go_to(self.now + minutes * MINUTE)
        self.ask_all()

    @rule(count=st.integers(1, 12), offset=st.integers(-600, 600))
    def days(self, count: int, offset: int) -> None:
        self.go_to(self.now + DAY + offset * MINUTE)
        self.ask_all()
        for _ in range(count - 1):
            self.go_to(self.now + DAY)
            self.ask_all()

    @rule(seed=st.integers(0, 2**32))
    def bustle(self, seed: int) -> None:
        """Let some weeks go by in which much happens: more than single steps come to."""
        random = Random(seed)
        for _ in range(BUSTLE):
            draw = random.choice
            who, product, number = draw(CUSTOMERS), draw(tuple(PRICES)), random.randrange(30)
            match random.choices(ACTS, (3, 2, 8, 1, 1, 1, 2, 1, 1, 9, 1, 2, 5))[0]:
                case "place":
                    wanted = random.sample(tuple(PRICES), draw((1, 1, 2)))
                    status = draw(("pending_confirmation", "awaiting_payment", "paid"))
                    self.place(who, wanted, status, False, 0)
                case "edit":
                    wanted = random.sample(tuple(PRICES), 2)
                    status, arrived = draw((None, "delivered")), draw((None, None, -1))
                    self.edit(number, wanted, status, draw((0, -30)), arrived)
                case "proceed":
                    self.proceed(number, draw((*FLOW, "delivered", "delivered")), draw((0, 0, -30)))
                case "give back":
                    self.give_back(number, draw((True, False)))
                case "consent":
                    self.consent(who, draw(CHANNELS), draw((True, True, False)))
                case "answer":
                    self.answer(0, draw(("unsubscribed", "bounced", "clicked")), True)
                case "complain":
                    self.complain(who, draw((True, False, False)))
                case "rate":
                    self.rate(who, "rating", draw((1.0, 5.0, 5.0)), number)
                case "take back":
                    kinds = "remove_from_cart", "remove_from_wishlist", "purchase"
                    self.take_back(who, draw(kinds), product)
                case "intend":
                    self.intend(who, draw(KINDS), product)
                case "log in":
                    self.intend_as_guest(draw(KINDS), product)
                    self.log_in(who)
                case "move":
                    self.move(who, draw(ZONES))
                case "shelve":
                    kept = draw(("in_stock", "in_stock", "out_of_stock"))
                    self.shelve(product, draw((None, 0.5)), draw((None, 3)), kept)
            if draw((True, True, False)):
                self.go_to(self.now + random.randrange(50 * 60) * MINUTE)
                self.ask_all()

    @rule()
    def set_clock_back(self) -> None:
        self.now -= HOUR
        self.ask_all()

    def tick(self) -> int:
        self.now += MOMENT
        return self.now

    def go_to(self, at: int) -> None:
        """Let time pass, and ask again whenever a message may leave on the way."""
        while self.waiting and min(self.waiting.values()) <= at:
            customer = min(self.waiting, key=lambda one: (self.waiting[one], one))
            self.now = max(self.now, self.waiting.pop(customer))
            self.ask(customer)
        self.now = max(self.now, at)

    def ask_all(self) -> None:
        for customer in CUSTOMERS:
            self.ask(customer)

    def ask(self, customer: str) -> None:
        """Decide, hold the answer against the oracle, and send what may leave at once."""
        left = [one["acked_at"] for one in self.world.tables["messages"]]
        # Where the clock went back, what left is known all the same.
        at = max([self.now + MOMENT, *(one + 1 for one in left)])
        facts = self.world.facts(at, [customer])
        decision = policy(self.playbook).decide(customer, facts, np.datetime64(at, "us"))
        case = self.world.case(book(self.playbook), customer, at)
        allowed = Allowed.of(case)
        self.note(allowed, facts, decision)
        assert decision.stage == case.stage
        if decision.message is None:
            return
        given = given_by(decision.message)
        wrong = list(breaches(case, allowed, given))
        assert not wrong, (wrong, given, case.person)
        if given.send_after > at:
            self.waiting[customer] = given.send_after
        else:
            self.send(customer, given, at)

    def note(self, allowed: Allowed, facts: Facts, decision: Decision) -> None:
        """Count what could be sent, and what was given."""
        message = decision.message
        tables = book(self.playbook).by_id
        # Beyond the tiers that shipped priors make worth sending, nothing may be worth more.
        worthless = {one.id for one in decision.suppressed if one.rule == Rule.LOWER_VALUE}
        worthless -= {one for one in worthless if tables[one].tier <= WORTHY_TIER}
        due = {one.message.id: one for one in allowed.certain() if one.message.id not in worthless}
        certain = [one.message.tier for one in due.values()]
        self.counts["decisions"] += 1
        self.counts["given"] += message is not None
        self.counts["sendable"] += bool(allowed.sendable)
        self.counts["sendable and given"] += bool(allowed.sendable) and message is not None
        self.counts["certain"] += bool(certain)
        if certain and message is not None:
            self.counts["certain and given"] += tables[message.id].tier <= min(certain)
        elif certain:
            held = [(one.id, str(one.rule)) for one in decision.suppressed if one.id in due]
            self.counts[f"missed {held}"] += 1
        elif allowed.sendable and message is None:
            due = {one.message.id for one, _, _ in allowed.sendable}
            held = [(one.id, str(one.rule)) for one in decision.suppressed if one.id in due]
            self.counts[f"not filled {held}"] += 1
        if message is not None:
            self.counts[f"given {message.id}"] += 1

    def send(self, customer: str, given: Given, at: int) -> None:
        self.world.add(
            "messages",
            message_id=self.world.next_id("messages"),
            customer_id=customer,
            message=given.message,
            anchor=given.anchor,
            channel=given.channel,
            claimed_at=at,
            acked_at=at,
            holdout=False,
        )

    def supersede(
        self, row: Row, status: str, lines: list[Any], hours: int = 0, **told: int | None
    ) -> None:
        number = len(self.world.tables["versions"])
        at = self.tick() + hours * HOUR
        changed = {"version": f"v{number:03}", "status": status, "status_at": at, **told}
        self.world.add("versions", **{**row, **changed, "lines": lines})
