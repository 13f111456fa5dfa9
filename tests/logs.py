"""Message logs planted for tests: who was sent what, with which chance, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nba.artifacts.responses import Responses
from nba.config import ResponsesConfig, RhythmConfig
from nba.data.contacts import Decisions
from nba.data.profiles import Profiles
from nba.domain import Ids
from nba.learn.lifecycle import rhythm
from nba.learn.responding.earnings import Earnings
from nba.learn.responding.letters import Arrivals
from nba.learn.responses import responses
from nba.statistics.customers import CustomerSummary
from nba.vocabulary import CHANNELS
from tests.shops import Order, day, history

MARGIN = 0.3


@dataclass(frozen=True)
class Said:
    """One row of a log; days as in `tests.shops`, None = never."""

    customer: str
    message: str
    at: float
    is_sent: bool = True
    useful: float | None = None
    answered: float | None = None
    left: float | None = None
    propensity: float = 1.0
    holdout: bool = False
    trial: bool = False
    order: str = ""
    shown: str = ""
    channel: str = "email"


def decisions(log: Sequence[Said]) -> Decisions:
    """Sort rows as the reader does."""
    customers, messages = Ids.of(one.customer for one in log), Ids.of(one.message for one in log)
    orders = Ids.of(one.order for one in log if one.order)
    lists = Ids.of(one.shown for one in log if one.shown)
    log = sorted(log, key=lambda one: (one.customer, one.at, one.message))

    def codes(ids: Ids, names: list[str]) -> Any:
        found = {one: code for code, one in enumerate(ids)}
        return np.array([found.get(one, -1) for one in names], np.int32)

    def instants(days: list[float | None]) -> Any:
        return np.array(
            [np.datetime64("NaT") if one is None else day(one) for one in days], "datetime64[us]"
        )

    useful = [one.useful for one in log]
    return Decisions(
        customers,
        messages,
        orders,
        lists,
        codes(customers, [one.customer for one in log]),
        codes(messages, [one.message for one in log]),
        codes(orders, [one.order for one in log]),
        codes(lists, [one.shown for one in log]),
        np.array([CHANNELS.index(one.channel) if one.is_sent else -1 for one in log], np.int8),
        instants([one.at for one in log]),
        instants([one.at if one.is_sent else None for one in log]),
        instants([one.useful if one.answered is None else one.answered for one in log]),
        instants(useful),
        instants([one.left for one in log]),
        np.array([one.propensity for one in log], np.float64),
        np.array([one.holdout for one in log], np.bool_),
        np.array([one.trial for one in log], np.bool_),
    )


def learned(
    log: Sequence[Said],
    orders: Sequence[Order] = (),
    *,
    as_of: float = 1000,
    arrived: Mapping[str, float] | None = None,
    told: Profiles | None = None,
    price: int = 1000,
) -> Responses:
    """Learn from a log; every product costs `price`, of which `MARGIN` is profit."""
    shop = history(list(orders), price=price)
    placed, paid = shop.baskets(proving_days=0), shop.purchases()
    products = len(placed.product_ids)
    cost, costed = np.zeros(products, np.int64), np.zeros(products, np.bool_)
    summary = CustomerSummary.of(placed, paid, cost, costed, MARGIN)
    ids = Ids.of(arrived or {})
    return responses(
        decisions(log),
        Earnings.of(placed, paid.profit(placed.product, cost, costed, MARGIN)),
        np.full(products, price * MARGIN),
        rhythm(summary, placed.customer_ids, RhythmConfig())[0],
        Arrivals(ids, np.array([day((arrived or {})[one]) for one in ids], "datetime64[us]")),
        told or Profiles.none(),
        ResponsesConfig(),
        day(as_of),
    )
