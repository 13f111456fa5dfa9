"""Pair counts as expressions over the table of cells: equal to `local.pair_counts`.

Baskets are joined with themselves, products never: a basket of n products gives n (n - 1) / 2
rows, and those of a best-seller stand wherever its orders do. The rows are numbered by pair and
customer, and only then summed by pair, which engines do where the rows are before they bring the
sums together: nobody takes all orders of a pair of best-sellers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from nba.config import BASKET_SIZE_CAP
from nba.domain import Ids
from nba.statistics.engines.connections.connection import fetched
from nba.statistics.engines.expressions.cells import NO_PRODUCT
from nba.statistics.engines.expressions.exact import element, one_if
from nba.statistics.evidence import spell_weights
from nba.statistics.pairs import PairCounts, PairSettings, ProductCounts, basket_weights

if TYPE_CHECKING:
    import ibis.expr.types as ir

_BEHIND: Final = 1 << 48
"""More than there are orders."""
_WIDTH: Final = 1 << 31
"""More than there are products: a pair is one number, the first times this and the second."""
_EVIDENCE: Final = ("customer", "place", "product", "is_order", "weight")
_SUMS: Final = ("orders", "weight", "customers")


def product_counts(cells: ir.Table, product_ids: Ids) -> ProductCounts:
    """Count the orders of each product of `product_ids`, bought or not.

    Args:
        cells: the table of cells.
        product_ids: the ids of its product codes.
    """
    orders = _orders(cells)
    held = orders.filter(orders["product"] != NO_PRODUCT)
    proven = held.group_by("product", "customer").aggregate(
        orders=held.count(), weight=held.weight.sum(), proven=one_if(held.proven).max()
    )
    alone = fetched(
        proven.group_by("product").aggregate(
            orders=proven.orders.sum(), weight=proven.weight.sum(), customers=proven.proven.sum()
        )
    )
    by_order = orders.group_by("basket", "customer").aggregate(
        weight=orders.weight.max(), proven=one_if(orders.proven).max()
    )
    by_customer = by_order.group_by("customer").aggregate(
        orders=by_order.count(), weight=by_order.weight.sum(), proven=by_order.proven.max()
    )
    zero = {"orders": 0, "weight": 0, "proven": 0}
    totals = fetched(
        by_customer.aggregate(
            **{name: by_customer[name].sum().fill_null(none) for name, none in zero.items()}
        )
    )
    sums = np.zeros((len(_SUMS), len(product_ids)), np.int64)
    for place, name in enumerate(_SUMS):
        sums[place, alone["product"]] = alone[name]
    bought, weight, customers = sums
    return ProductCounts(
        product_ids,
        bought,
        weight,
        customers,
        order_count=int(totals["orders"][0]),
        total_weight=int(totals["weight"][0]),
        customer_count=int(totals["proven"][0]),
    )


def pair_counts(cells: ir.Table, settings: PairSettings, product_ids: Ids) -> PairCounts:
    """Count every pair exactly.

    Args:
        cells: the table of cells; its spells are those of `settings.spell_days`.
        settings: what counts as evidence.
        product_ids: the ids of its product codes.
    """
    sums = fetched(_summed(_evidence(cells, settings), settings.customer_cap))
    order = np.argsort(sums["pair"])
    first, second = np.divmod(sums["pair"][order], _WIDTH)
    return PairCounts(
        product_counts(cells, product_ids),
        first.astype(np.int32),
        second.astype(np.int32),
        *(sums[name][order] for name in _SUMS),
    )


def _orders(cells: ir.Table) -> ir.Table:
    """Put at each cell the weight of its order."""
    import ibis

    size = one_if(cells["product"] != NO_PRODUCT).sum().over(group_by=cells.basket)
    cells = cells.mutate(size=ibis.least(size, BASKET_SIZE_CAP))
    weight = element(basket_weights(), cells["size"]) * one_if(cells.proven)
    return cells.select("basket", "customer", "proven", "product", weight=weight)


def _evidence(cells: ir.Table, settings: PairSettings) -> ir.Table:
    """Give the cells of orders and of spells, with the columns of `_EVIDENCE`.

    `place` tells baskets apart; of one customer it ascends with time, spells behind all orders.
    """
    import ibis

    orders = _orders(cells)
    orders = orders.filter(orders["product"] != NO_PRODUCT)
    evidence = orders.mutate(place=orders.basket, is_order=ibis.literal(1, "int64"))
    evidence = evidence.select(*_EVIDENCE)
    if settings.spell_days and settings.spell_weight:
        cells = cells.filter(cells.spell.notnull() & (cells["product"] != NO_PRODUCT))
        spells = cells.group_by("spell", "customer", "product").aggregate(first=cells.basket.min())
        spells = spells.mutate(
            size=spells.count().over(group_by=spells.spell),
            place=spells["first"].min().over(group_by=spells.spell) + _BEHIND,
            is_order=ibis.literal(0, "int64"),
        )
        spells = spells.filter(spells["size"] <= BASKET_SIZE_CAP)
        spells = spells.mutate(weight=element(spell_weights(settings), spells["size"]))
        evidence = evidence.union(spells.select(*_EVIDENCE))
    return evidence


def _summed(evidence: ir.Table, cap: int) -> ir.Table:
    """Sum up baskets by pair; of one customer so many add to the weight, the first ones."""
    import ibis

    others = evidence.select("place", second="product")
    baskets = evidence.rename(first="product").join(others, "place")
    baskets = baskets.filter(baskets["first"] < baskets.second)
    baskets = baskets.mutate(pair=baskets["first"] * _WIDTH + baskets.second)
    of_customer = ibis.window(group_by=["pair", "customer"], order_by="place")
    baskets = baskets.mutate(before=ibis.row_number().over(of_customer))
    counted = baskets.select(
        "pair",
        orders=baskets.is_order,
        weight=baskets.weight * one_if(baskets.before < cap),
        customers=one_if((baskets.before == 0) & (baskets.weight > 0)),
    )
    sums = counted.group_by("pair").aggregate(**{name: counted[name].sum() for name in _SUMS})
    return sums.filter((sums.orders > 0) | (sums.customers > 0))
