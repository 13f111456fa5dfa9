"""The sales formula: profit as a product of factors, and what each did to a change of it.

With visits told, profit = visits x conversion x repeats x average bill x margin; without, the
first two are one factor, the buyers. A buyer is a customer with an id, or a guest order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from nba.domain import iso
from nba.measure.kpis import PeriodKpis, ShopKpis
from nba.measure.sales import ratio

DEFINITIONS: Final[Mapping[str, str]] = {
    "visits": "visits of the shop, as its traffic table tells",
    "conversion": "buyers / visits; a buyer is a customer with an id, or a guest order",
    "buyers": "customers with an id who bought, and each guest order as one more",
    "repeats": "orders / buyers",
    "average_bill": "revenue / orders, in minor units",
    "margin": "profit / revenue",
    "profit": "the product of the factors, in minor units",
    "change": "profit of the later period - profit of the earlier one",
    "parts": "what each factor did to the change; together they are the change",
}
"""What each figure is, in a line."""
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of a period.

    Attributes:
        names: in the order of the formula.
        values: one a name; None where it is a share of nothing.
        profit: minor units: the product of them, 0 where one is None.
    """

    names: tuple[str, ...]
    values: tuple[float | None, ...]
    profit: int

    @property
    def has_visits(self) -> bool:
        """Whether visits are told, so that there is a conversion."""
        return self.names[0] == "visits"

    def to_dict(self) -> dict[str, Any]:
        """Give factors and profit under their names, ready for JSON."""
        return dict(zip(self.names, self.values, strict=True)) | {"profit": self.profit}


def sales_factors(period: PeriodKpis, *, with_visits: bool = True) -> Factors:
    """Write the profit of a period as a product.

    Args:
        period: its figures.
        with_visits: begin with visits and conversion where visits are told of every day with an
            order.
    """
    sums = period.sums
    buyers = sums.customers + sums.guest_orders
    rest = (ratio(sums.orders, buyers), sums.average_order_value, sums.margin)
    names = ("repeats", "average_bill", "margin")
    if with_visits and period.visits and _has_visits(period):
        first = (float(period.visits), buyers / period.visits)
        return Factors(("visits", "conversion", *names), (*first, *rest), sums.profit)
    return Factors(("buyers", *names), (float(buyers), *rest), sums.profit)


def _has_visits(period: PeriodKpis) -> bool:
    # Of visits of some days alone all buyers would be too great a share.
    return bool(period.visits) and period.converted == period.sums.orders


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the profit from one period to another, factor by factor.

    Attributes:
        before, after: the factors of both, under the same names.
        parts: minor units, one a name: what the factor did; their sum is the change.
        method: `logarithmic_mean`, or `shapley` where a factor of either period is not positive.
    """

    before: Factors
    after: Factors
    parts: tuple[float, ...]
    method: str

    @property
    def change(self) -> int:
        """Minor units: profit after - profit before."""
        return self.after.profit - self.before.profit

    def to_dict(self) -> dict[str, Any]:
        """Give both periods, the change and its parts, ready for JSON."""
        return {
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "change": self.change,
            "parts": dict(zip(self.before.names, self.parts, strict=True)),
            "method": self.method,
        }


def change_of(before: PeriodKpis, after: PeriodKpis) -> Change:
    """Split the change of the profit between two periods among the factors.

    Visits count where both periods tell them.
    """
    with_visits = _has_visits(before) and _has_visits(after)
    first = sales_factors(before, with_visits=with_visits)
    second = sales_factors(after, with_visits=with_visits)
    parts, method = decompose(first.values, second.values)
    return Change(first, second, parts, method)


def decompose(
    before: Sequence[float | None], after: Sequence[float | None]
) -> tuple[tuple[float, ...], str]:
    """Split the change of a product exactly into what each factor did.

    The part of factor i is L(V1, V0) ln(x1 / x0) with the logarithmic mean L(a, b) =
    (a - b) / ln(a / b) of the two products (LMDI I of Ang 2005). Where a factor is zero or
    negative it has no logarithm: then each part is the Shapley value, the mean over all orders of
    changing one factor after the other of what that step does. A factor that is a share of
    nothing in one period counts as unchanged, so that whatever made it so has its part.

    Args:
        before: the factors of the earlier period; None = a share of nothing.
        after: as many of the later one.

    Returns:
        One part a factor, which add up to the change of the product; and the method used,
        `logarithmic_mean` or `shapley`.
    """
    pairs = [_told(old, new) for old, new in zip(before, after, strict=True)]
    old, new = [one for one, _ in pairs], [one for _, one in pairs]
    if min(*old, *new) > 0:
        grown = [math.log(b) - math.log(a) for a, b in pairs]
        weight = _logarithmic_mean(math.prod(old), math.prod(new), sum(grown))
        return tuple(weight * one for one in grown), "logarithmic_mean"
    return _shapley(old, new), "shapley"


def _told(old: float | None, new: float | None) -> tuple[float, float]:
    # Of a share of nothing in both periods nothing is known, and its product is 0 anyway.
    return (new if old is None else old) or 0.0, (old if new is None else new) or 0.0


def _logarithmic_mean(old: float, new: float, grown: float) -> float:
    """Give (new - old) / ln(new / old), of which the logarithm is told.

    Where both are nearly the same, the first terms of its series, as the quotient is 0 / 0 there.
    """
    return old * (1 + grown / 2) if abs(grown) < _TINY else (new - old) / grown


def _shapley(old: Sequence[float], new: Sequence[float]) -> tuple[float, ...]:
    count = len(old)

    def product(changed: frozenset[int]) -> float:
        return math.prod(new[k] if k in changed else old[k] for k in range(count))

    def part(factor: int) -> float:
        others = [k for k in range(count) if k != factor]
        return sum(
            (product(frozenset((*chosen, factor))) - product(frozenset(chosen)))
            / (count * math.comb(count - 1, size))
            for size in range(count)
            for chosen in combinations(others, size)
        )

    return tuple(part(factor) for factor in range(count))


@dataclass(frozen=True, slots=True)
class PointA:
    """Where a shop began and where it is: the first full month and the last one.

    Attributes:
        baseline, now: the figures of both months.
        change: from the one to the other.
    """

    baseline: PeriodKpis
    now: PeriodKpis
    change: Change

    def to_dict(self) -> dict[str, Any]:
        """Give both months and what changed, ready for JSON."""
        return {
            "baseline": self.baseline.to_dict(),
            "now": self.now.to_dict(),
            "since": iso(self.baseline.since),
            "change": self.change.to_dict(),
        }


def point_a(found: ShopKpis) -> PointA | None:
    """Compare the last full month with the first.

    A month is full if it is over, and if the shop had begun to sell on its first day.

    Returns:
        None where there are no two full months.
    """
    begun = found.whole.since.astype("datetime64[D]")
    full = [one for one in found.months if one.is_finished and begun <= one.since]
    if len(full) < 2:
        return None
    return PointA(full[0], full[-1], change_of(full[0], full[-1]))
