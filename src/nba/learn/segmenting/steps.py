"""What customers went through before an instant: the messages and products they had, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.data.contacts import Contacts
from nba.data.history import Baskets
from nba.domain import DAY, Ids, Instants
from nba.learn.assortment import NONE, Assortment
from nba.learn.segmenting.figures import ABSENT, places
from nba.ranges import ranks
from nba.statistics.portions import AT_ONCE, portions


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Steps of some customers, sorted by customer and instant; equal ones in a row are one.

    Attributes:
        names: what the step codes stand for.
        customer: int64 per step, a code of the customers.
        step: int64 per step.
    """

    names: list[str]
    customer: NDArray[np.int64]
    step: NDArray[np.int64]

    @classmethod
    def before(
        cls,
        until: Instants,
        window_days: int,
        ids: Ids,
        baskets: Baskets,
        types: Assortment,
        contacts: Contacts,
        *,
        at_once: int = AT_ONCE,
    ) -> Self:
        """Gather the steps of a window of days that ends before an instant.

        Args:
            until: datetime64[us] per customer: the end of the window, itself excluded; NaT leaves
                the customer out.
            window_days: its length.
            ids: the customers.
            baskets: their purchases.
            types: the categories of the same products.
            contacts: the messages they were sent.
            at_once: cells of the baskets that are looked at at a time.
        """
        messages = len(contacts.message_ids)
        customer = places(ids, contacts.customer_ids)[contacts.customer]
        addressed = np.flatnonzero(customer != ABSENT)
        # A message answered in time is one step: that of its answer.
        is_answered = contacts.answered_at[addressed] < until[customer[addressed]]
        unanswered_at = contacts.at.copy()
        unanswered_at[addressed[is_answered]] = np.datetime64("NaT", "us")
        kind = np.where(types.category != NONE, types.category, len(types.categories))
        own = np.flatnonzero(types.category == NONE)
        kind[own] += np.arange(len(own))
        place = places(ids, baskets.customer_ids)
        # One after the other, so that of most purchases only those of a window are ever held.
        parts = chain(
            (
                (customer, unanswered_at, contacts.message.astype(np.int64)),
                (customer, contacts.answered_at, messages + contacts.message.astype(np.int64)),
            ),
            _bought(baskets, place, 2 * messages + kind, at_once),
        )
        kept = [_within(*part, until=until, window=window_days * DAY) for part in parts]
        who, at, step = (np.concatenate(columns) for columns in zip(*kept, strict=True))
        order = np.lexsort((step, at, who))
        who, step = who[order], step[order]
        new = np.append(True, (np.diff(who) != 0) | (np.diff(step) != 0))[: len(who)]
        names = [
            *(f"message:{one}" for one in contacts.message_ids),
            *(f"answered:{one}" for one in contacts.message_ids),
            *(f"bought:{one}" for one in types.categories),
            *(f"bought:{one}" for one in baskets.product_ids.take(own)),
        ]
        return cls(names, who[new], step[new])

    def only(self, wanted: NDArray[np.bool_]) -> Self:
        """Keep some steps, bool per code, and number them anew."""
        held = wanted[self.step]
        number = np.cumsum(wanted) - 1
        names = [name for name, kept in zip(self.names, wanted.tolist(), strict=True) if kept]
        return type(self)(names, self.customer[held], number[self.step[held]])

    def last(self, count: int, customer_count: int) -> NDArray[np.int64]:
        """Lay the last steps of each customer side by side.

        Returns:
            int64[customers, count], the latest on the right; step codes from 1, 0 = no step.
        """
        from_end = ranks(self.customer[::-1])[::-1]
        near = from_end < count
        table = np.zeros((customer_count, count), np.int64)
        table[self.customer[near], count - 1 - from_end[near]] = self.step[near] + 1
        return table


def _bought(
    baskets: Baskets, place: NDArray[np.int64], step: NDArray[np.int64], at_once: int
) -> Iterator[tuple[NDArray[np.int64], Instants, NDArray[np.int64]]]:
    """Give what customers with an id bought, a part at a time: customer, instant, step.

    Args:
        baskets: their purchases.
        place: int64 per customer of the baskets: their code.
        step: int64 per product.
        at_once: cells of a part.
    """
    for _, some in portions(baskets, named=True, at_once=at_once):
        buyer = np.repeat(place[some.customer], some.size)
        yield buyer, np.repeat(some.at, some.size), step[some.product]


def _within(
    customer: NDArray[np.int64],
    at: Instants,
    step: NDArray[np.int64],
    *,
    until: Instants,
    window: np.timedelta64,
) -> tuple[NDArray[np.int64], Instants, NDArray[np.int64]]:
    known = np.flatnonzero(customer != ABSENT)
    end = until[customer[known]]
    # Nothing compares with NaT, so that neither side needs to be known apart.
    near = known[(at[known] < end) & (at[known] >= end - window)]
    return customer[near], at[near], step[near]
