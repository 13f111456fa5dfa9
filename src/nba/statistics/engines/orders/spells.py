"""The spells of orders, found by joins: `basket_kernels.number_spells` in a database's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nba.statistics.engines.connections.connection import row_of
from nba.statistics.engines.connections.holding import Scratch

if TYPE_CHECKING:
    import ibis


def spells(baskets: ibis.Table, span: int, scratch: Scratch) -> ibis.Table:
    """Number the spells: the orders of a customer that lie at most `span` behind the first of them.

    The next spell begins with the first order behind. So each instant of a customer points to the
    first one later than a span behind it, and what is reached from their first instant along the
    pointers begins a spell. What is more than a span behind the order before it begins one in any
    case, so only chains in between are followed: pointers are doubled, and reach 2^k links behind k
    rounds. The rounds are log2 of the longest chain, rounded up, and one: 8 where somebody has 100
    spells on end. Each is two joins of the instants of those customers, materialised; most have
    none, and a shop without such a customer no round.

    Args:
        baskets: basket, customer, ordered_at, proven: int64, int64, int64 microseconds, bool.
        span: microseconds.
        scratch: holds a round until the next.

    Returns:
        basket and spell, int64, the basket that it begins with: of the orders of spells of two
        orders or more, of customers who are proven.
    """
    import ibis

    proven = baskets.filter(baskets.proven)
    instants = scratch.keep(_instants(proven, span))
    chained = _followed(instants.filter(instants.is_chained), scratch)
    begun = instants.filter(~instants.is_chained).select(*_BEGUN).union(chained.select(*_BEGUN))
    so_far = ibis.cumulative_window(group_by="customer", order_by="ordered_at")
    begun = begun.select(
        "customer",
        "ordered_at",
        begun_at=begun.begins.ifelse(begun.ordered_at, None).max().over(so_far),
    )
    spelled = proven.select("basket", "customer", "ordered_at").inner_join(
        begun, ["customer", "ordered_at"]
    )
    of_spell = ibis.window(group_by=("customer", "begun_at"))
    spelled = spelled.mutate(
        spell=spelled.basket.min().over(of_spell), orders=spelled.count().over(of_spell)
    )
    spelled = scratch.keep(spelled.filter(spelled.orders > 1).select("basket", "spell"))
    scratch.drop(instants, chained)
    return spelled


_BEGUN: Final = ("customer", "ordered_at", "begins")


def _instants(baskets: ibis.Table, span: int) -> ibis.Table:
    """Give the instants at which each customer ordered.

    Returns:
        customer, ordered_at; begins: more than a span behind the one before; pointer: the first
        instant more than a span behind, null where that begins a spell anyway; is_chained: there
        is a pointer among those up to the next that begins.
    """
    import ibis

    instants = baskets.select("customer", "ordered_at").distinct()
    in_time = ibis.window(group_by="customer", order_by="ordered_at")
    so_far = ibis.cumulative_window(group_by="customer", order_by="ordered_at")
    gap = instants.ordered_at - instants.ordered_at.lag().over(in_time)
    instants = instants.mutate(begins=gap.isnull() | (gap > span))
    instants = instants.mutate(run=instants.begins.ifelse(1, 0).sum().over(so_far))
    ahead = ibis.window(group_by=("customer", "run"), order_by="ordered_at", range=(span + 1, None))
    instants = instants.mutate(pointer=instants.ordered_at.min().over(ahead))
    of_run = ibis.window(group_by=("customer", "run"))
    return instants.mutate(is_chained=instants.pointer.count().over(of_run) > 0).drop("run")


def _followed(chained: ibis.Table, scratch: Scratch) -> ibis.Table:
    """Mark all that is reached along the pointers from where a spell begins."""
    chained = scratch.keep(chained.select(*_BEGUN, "pointer"))
    while row_of(
        chained.aggregate(left=chained.count(where=chained.begins & chained.pointer.notnull()))
    )["left"]:
        ahead = chained.filter(chained.begins & chained.pointer.notnull())
        reached = ahead.select(customer_="customer", reached="pointer")
        hop = chained.select(_customer="customer", hop="ordered_at", onward="pointer")
        further = chained.left_join(
            reached,
            [chained.customer == reached.customer_, chained.ordered_at == reached.reached],
        )
        further = further.left_join(
            hop, [further.customer == hop["_customer"], further.pointer == hop.hop]
        )
        further = scratch.keep(
            further.select(
                "customer",
                "ordered_at",
                begins=further.begins | further.reached.notnull(),
                pointer="onward",
            )
        )
        scratch.drop(chained)
        chained = further
    return chained
