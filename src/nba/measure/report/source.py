"""What every figure and picture of a report is made of, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from nba.artifacts.snapshot import Snapshot
from nba.data.events import Events
from nba.data.history import OrderHistory
from nba.data.message_log import MessageLog
from nba.data.shop import Shop
from nba.data.traffic import Traffic
from nba.facts.fold import Facts
from nba.measure.attribution import Attribution, attribute
from nba.measure.cohorts import Cohorts, cohorts
from nba.measure.message_kpis import MessageFigures
from nba.measure.sales import Sales


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

    @property
    def currency(self) -> str:
        """That of most products with one; empty where none tells any."""
        told = [one for one in self.snapshot.products.currency if one]
        return max(sorted(set(told)), key=told.count) if told else ""

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
    def events(self) -> Events:
        """What customers did in sessions."""
        return self.history.events

    @cached_property
    def facts(self) -> Facts:
        """Where every customer stands at the end."""
        return self.shop.facts(as_of=self.history.as_of)

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
