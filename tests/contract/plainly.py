"""The statistics counted by plain loops: what every engine has to give."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, groupby
from math import log2
from typing import Any

import numpy as np

from nba.data.history import Baskets
from nba.data.purchases import Purchases
from nba.statistics.lags import LAG_DAYS
from nba.statistics.pairs import PairSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Bought:
    """One order; money and pieces by product."""

    at: datetime
    lines: dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Customer:
    code: int
    is_named: bool
    is_proven: bool
    orders: list[Bought]


def customers(baskets: Baskets, purchases: Purchases | None = None) -> Iterator[Customer]:
    """Give who bought what, in the order of the baskets."""
    paid = [(0, 0)] * len(baskets.product)
    if purchases is not None:
        paid = list(zip(purchases.quantity.tolist(), purchases.revenue.tolist(), strict=True))
    at = baskets.at.astype("datetime64[us]").astype(int).tolist()
    product, start = baskets.product.tolist(), baskets.start.tolist()
    whose, proven = baskets.customer.tolist(), baskets.proven.tolist()
    for code, group in groupby(range(len(baskets)), whose.__getitem__):
        numbers = list(group)
        orders = [
            Bought(
                _EPOCH + timedelta(microseconds=at[number]),
                dict(
                    zip(
                        product[start[number] : start[number + 1]],
                        paid[start[number] : start[number + 1]],
                        strict=True,
                    )
                ),
            )
            for number in numbers
        ]
        yield Customer(code, code < len(baskets.customer_ids), proven[numbers[0]], orders)


def _spells(orders: list[Bought], days: int) -> Iterator[set[int]]:
    waiting = orders
    while waiting:
        last = waiting[0].at + timedelta(days=days)
        spell = [order for order in waiting if order.at <= last]
        waiting = waiting[len(spell) :]
        held = {product for order in spell for product in order.lines}
        if len(spell) > 1 and len(held) <= 200:
            yield held


def _damped(size: int) -> int:
    return round(65536 / log2(1 + min(size, 200))) if size else 0


def pairs(baskets: Baskets, asked: PairSettings) -> dict[str, Any]:
    """Give the pairs and products with what was counted of them, and the totals."""
    orders: Counter = Counter()
    weight: Counter = Counter()
    owners: Counter = Counter()
    alone, alone_weight, alone_owners = Counter(), Counter(), Counter()
    total = trusted = 0
    for one in customers(baskets):
        held = [(1, _damped(len(order.lines)), set(order.lines)) for order in one.orders]
        if one.is_proven:
            trusted += 1
            total += sum(worth for _, worth, _ in held)
            alone_owners.update(set().union(*(products for _, _, products in held)))
            if asked.spell_days and asked.spell_weight:
                held += [
                    (0, round(asked.spell_weight * _damped(len(products))), products)
                    for products in _spells(one.orders, asked.spell_days)
                ]
        met: Counter = Counter()
        for is_order, worth, products in held:
            for pair in combinations(sorted(products), 2):
                orders[pair] += is_order
                if one.is_proven:
                    owners[pair] += met[pair] == 0 and worth > 0
                    weight[pair] += worth * (met[pair] < asked.customer_cap)
                    met[pair] += 1
            for product in products if is_order else ():
                alone[product] += 1
                alone_weight[product] += worth * one.is_proven
    seen = sorted(pair for pair in orders if orders[pair] or owners[pair])
    return {
        "pairs": [(*pair, orders[pair], weight[pair], owners[pair]) for pair in seen],
        "products": [
            (alone[one], alone_weight[one], alone_owners[one])
            for one in range(len(baskets.product_ids))
        ],
        "totals": (len(baskets), total, trusted),
    }


def gaps(baskets: Baskets) -> tuple[list[list[int]], list[list[int]]]:
    """Give events and gaps at risk, by product and bucket."""
    bounds = LAG_DAYS[1:].tolist()
    end = _EPOCH + timedelta(microseconds=int(baskets.as_of.astype("datetime64[us]").astype(int)))
    events = [[0] * len(bounds) for _ in baskets.product_ids]
    at_risk = [[0] * len(bounds) for _ in baskets.product_ids]
    for one in customers(baskets):
        bought = defaultdict(list)
        for order in one.orders if one.is_named and one.is_proven else ():
            for product in order.lines:
                bought[product].append(order.at)
        for product, days in bought.items():
            for at, following in zip(days, [*days[1:], None], strict=True):
                seen = bisect_right(bounds, (end - at).days)
                bucket = len(bounds)
                if following is not None:
                    bucket = bisect_right(bounds, (following - at).days)
                if bucket < seen:
                    events[product][bucket] += 1
                for place in range(min(seen, bucket + 1)):
                    at_risk[product][place] += 1
    return events, at_risk


def sums(
    baskets: Baskets, purchases: Purchases, cost: np.ndarray, costed: np.ndarray, margin: float
) -> list[tuple[int, int, int, date, date, int, int, int]]:
    """Give per customer with an id: orders, days, first and last, money, profits."""
    rows = []
    for one in customers(baskets, purchases):
        days: dict[date, int] = defaultdict(int)
        revenue = 0
        for order in one.orders:
            for product, (pieces, paid) in order.lines.items():
                revenue += paid
                days[order.at.date()] += (
                    paid - int(cost[product]) * pieces if costed[product] else round(paid * margin)
                )
        if one.is_named:
            first = min(days)
            last, profit = max(days), sum(days.values())
            rows.append(
                (one.code, len(one.orders), len(days), first, last, revenue, profit, days[first])
            )
    return rows
