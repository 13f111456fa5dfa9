"""What every figure and picture of a report is made of, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.snapshot import Snapshot
from nba.data.contacts import Decisions
from nba.data.currencies import order_currencies
from nba.data.events import Events
from nba.data.history import OrderHistory
from nba.data.message_log import MessageLog
from nba.data.shop import Shop
from nba.data.traffic import Traffic
from nba.facts.fold import Facts
from nba.facts.people import GRANTED, UNKNOWN
from nba.facts.stages import stages_at
from nba.measure.attribution import Attribution, attribute
from nba.measure.cohorts import Cohorts, cohorts
from nba.measure.funnels import furthest
from nba.measure.kpis import ShopKpis, shop_kpis
from nba.measure.message_kpis import MessageFigures
from nba.measure.sales import Sales
from nba.measure.visitors import CartSums, VisitSplit, cart_sums, visit_split
from nba.ranges import starts


@dataclass(frozen=True, slots=True)
class Plan:
    """What the playbook says that figures are compared with.

    Attributes:
        cap_day, cap_week: how many messages one customer gets at most; None = no cap.
        kinds: message id → how personal it is, a word of `vocabulary.MessageKind`.
    """

    cap_day: int | None = None
    cap_week: int | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Source:
    """A shop, what was learned of it, and what follows from both.

    Attributes:
        shop: what it holds.
        snapshot: trained on it.
        plan: what its playbook says.
        earlier: trained on what was known some time before the end, to be held against what came
            afterwards; None where the history is too short for that.
    """

    shop: Shop
    snapshot: Snapshot
    plan: Plan = Plan()
    earlier: Snapshot | None = None

    @property
    def history(self) -> OrderHistory:
        """The orders, and what is told beside them."""
        return self.shop.history

    @cached_property
    def currencies(self) -> Mapping[str, int]:
        """Orders by their currency, the most frequent one first.

        Where no order tells any, by that of the products in them.
        """
        told = order_currencies(self.shop.path, self.history.as_of)
        return told or self._sold_in()

    @property
    def mixed(self) -> bool:
        """Whether orders are in several currencies, so that no sum of money is in one."""
        return len(self.currencies) > 1

    @property
    def currency(self) -> str:
        """That of the orders; empty where they are in several, or nobody tells any.

        Without orders that of most products with one.
        """
        if self.currencies:
            return "" if self.mixed else next(iter(self.currencies))
        told = [one for one in self.snapshot.products.currency if one]
        return max(sorted(set(told)), key=told.count) if told else ""

    def _sold_in(self) -> dict[str, int]:
        baskets, products = self.history.baskets(), self.snapshot.products
        told = dict(zip(products.ids, products.currency, strict=True))
        of_product = [told.get(one, "") for one in baskets.product_ids]
        basket = np.repeat(np.arange(len(baskets)), baskets.size)
        found = {}
        for code in sorted({one for one in of_product if one}):
            has = np.array([one == code for one in of_product], np.bool_)
            found[code] = len(np.unique(basket[has[baskets.product]]))
        return dict(sorted(((k, n) for k, n in found.items() if n), key=lambda one: -one[1]))

    @cached_property
    def traffic(self) -> Traffic:
        """Visits and spend, empty where the shop tells none."""
        return self.history.told.traffic()

    @cached_property
    def sales(self) -> Sales:
        """Kept orders up to the end of the history."""
        return Sales.of(self.history, self.shop.catalog)

    @cached_property
    def cohorts(self) -> Cohorts:
        """Customers by the month of their first purchase."""
        return cohorts(self.sales)

    @cached_property
    def kpis(self) -> ShopKpis:
        """The figures of the whole history and of its months."""
        return shop_kpis(self.sales, self.traffic)

    @cached_property
    def events(self) -> Events:
        """What customers did in sessions."""
        return self.history.events

    @cached_property
    def facts(self) -> Facts:
        """Where every customer stands at the end."""
        return self.shop.facts(as_of=self.history.as_of)

    @cached_property
    def steps(self) -> NDArray[np.int8]:
        """How far each customer of the facts has come, a code of `funnels.STEPS`."""
        facts = self.facts
        arrival = np.where(np.isnat(facts.delivered_at), facts.status_at, facts.delivered_at)
        state = stages_at(facts, facts.as_of, arrival).state
        kept = np.append(0, np.cumsum(facts.kept))
        segments = self.snapshot.segments
        named = segments.ids.take(np.flatnonzero((segments.reviews > 0) | (segments.referrals > 0)))
        speaks = set(named)
        return furthest(
            state,
            np.diff(kept[facts.order_start]),
            np.array([one in speaks for one in facts.customer_ids], np.bool_),
        )

    @cached_property
    def visits(self) -> VisitSplit:
        """Visits by what the shop knows of the visitor.

        Those without a session count where the traffic table tells all days on which sessions
        began; else sessions alone are visits.
        """
        events = self.events
        day = np.unique(events.at[starts(events.session)].astype("datetime64[D]"))
        told = self.traffic.told_days()
        visits = None
        if len(day) and np.isin(day, told).all():
            visits, _ = self.traffic.total(day[0], day[-1] + 1)
            if visits is not None and visits < len(events.session_ids):
                visits = None
        return visit_split(events, self.sales, visits=visits, consented=self._consented())

    @cached_property
    def carts(self) -> CartSums:
        """Carts, and those that became an order."""
        return cart_sums(self.events, self.sales)

    def _consented(self) -> NDArray[np.bool_] | None:
        """Tell which customers of the events allow messages; None where no consents are told."""
        consent = self.facts.people.consent
        if (consent == UNKNOWN).all():
            return None
        granted = (consent == GRANTED).any(axis=1)
        allowing = {self.facts.customer_ids[int(row)] for row in np.flatnonzero(granted)}
        return np.array([one in allowing for one in self.events.customer_ids], np.bool_)

    @cached_property
    def decisions(self) -> Decisions:
        """What was decided to send, and what could have left where nothing was sent."""
        return self.history.told.decisions()

    @cached_property
    def message_log(self) -> MessageLog:
        """The messages that left, and what became of each."""
        return self.history.told.message_log()

    @cached_property
    def attribution(self) -> Attribution:
        """Which action belongs to which message."""
        return attribute(self.message_log, self.history)

    @cached_property
    def message_figures(self) -> MessageFigures:
        """What each message did."""
        return MessageFigures.of(self.message_log, self.attribution)

    def titles(self) -> list[str]:
        """Name every product of the snapshot for people: its title, or its id."""
        products = self.snapshot.products
        return [title or one for title, one in zip(products.title, products.ids, strict=True)]
