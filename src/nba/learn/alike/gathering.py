"""Baskets that nobody ordered: what a session, a customer or a term holds, for the pair kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import Ids
from nba.ranges import starts


def gathered(
    members: Ids,
    basket: NDArray[np.int64],
    member: NDArray[np.integer],
    customer: NDArray[np.integer],
    as_of: np.datetime64,
) -> Baskets:
    """Put members into baskets.

    Args:
        members: the ids of the member codes.
        basket: a number per row that names its basket.
        member: a code of `members` per row; repetitions in a basket count once.
        customer: whose the basket is, per row: one of any basket.
        as_of: an instant to carry along.

    Returns:
        Baskets of one instant, sorted by customer, whose customers all count as evidence.
    """
    # A basket is of one customer, and rows mostly come by customer: sorting within what stands
    # together takes half the time of sorting by all three at once.
    order = np.argsort(basket, kind="stable")
    number = np.cumsum(np.diff(basket[order], prepend=-1) != 0)
    order = order[np.argsort(number * len(members) + member[order], kind="stable")]
    order = order[np.argsort(customer[order], kind="stable")]
    basket, member, customer = basket[order], member[order], customer[order]
    kept = (np.diff(basket, prepend=-1) != 0) | (np.diff(member, prepend=-1) != 0)
    basket, member, customer = basket[kept], member[kept], customer[kept]
    start = np.flatnonzero(np.diff(basket, prepend=-1))
    owner = customer[start].astype(np.int32)
    start = np.append(start, len(member)).astype(np.int64)
    return made_up(members, owner, start, member.astype(np.int32), as_of)


def made_up(
    members: Ids,
    owner: NDArray[np.int32],
    start: NDArray[np.int64],
    member: NDArray[np.int32],
    as_of: np.datetime64,
) -> Baskets:
    """See members as baskets of one instant, whose customers all count as evidence.

    Args:
        members: the ids of the member codes.
        owner: whose the basket is, ascending.
        start: int64 per basket + 1.
        member: codes of `members`, ascending within a basket.
        as_of: an instant to carry along.
    """
    # One instant for all takes no memory.
    at = np.broadcast_to(as_of, len(owner))
    return Baskets(
        product_ids=members,
        customer_ids=Ids.of([]),
        customer_count=len(starts(owner)),
        customer=owner,
        at=at,
        delivered_at=at,
        proven=np.broadcast_to(np.True_, len(owner)),
        start=start,
        product=member,
        as_of=as_of,
    )
