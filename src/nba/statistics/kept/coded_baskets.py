"""Coded baskets: what was counted, customer by customer, so that it can be taken away again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.history import Baskets
from nba.domain import Ids, Instants
from nba.ranges import listed, offsets

# The kernels are imported where they are called: numba takes half a second to load.


def places(ids: Ids, asked: Ids) -> NDArray[np.int64]:
    """Find ids among others: where each of `asked` stands, or -1; int64."""
    from nba.statistics.kept import change_kernels

    place = np.empty(len(asked), np.int64)
    change_kernels.find_ids(ids.data, ids.offsets, asked.data, asked.offsets, place)
    return place


class Changes(NamedTuple):
    """Whose baskets are others than they were.

    Attributes:
        gone: int64: customers of before, whose baskets are to be taken away.
        came: int64: customers of now, whose baskets are to be added.
        pairs: the first so many of both are the same customers, one by one.
    """

    gone: NDArray[np.int64]
    came: NDArray[np.int64]
    pairs: int

    def __len__(self) -> int:
        """Count the customers, before and now."""
        return len(self.gone) + len(self.came)


@dataclass(frozen=True, slots=True, eq=False)
class CodedBaskets:
    """Baskets under codes of products that never change, with one fingerprint a customer.

    All that decides what a customer adds to pair counts is mixed into two words of 64 bits: whether
    the customer is proven, the instant of every basket, its size and its products. Two customers
    who differ are taken for the same with a chance of 2^-128, so that among n guest orders before
    and n now it happens with a chance of n^2 / 2^128 at most: 3e-22 for 300 million of them. Who
    has an id is compared with nobody else.

    Attributes:
        customer_ids: of the customers who have one and a basket, the first ones; guests follow.
        owner: int64 per customer + 1: where their baskets begin.
        proven: bool per customer.
        at: int64 per basket, microseconds since 1970.
        start: int64 per basket + 1.
        product: int32, in the order of the ids.
        fingerprint: uint64[customers, 2].
    """

    customer_ids: Ids
    owner: NDArray[np.int64]
    proven: NDArray[np.bool_]
    at: NDArray[np.int64]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    fingerprint: NDArray[np.uint64]

    @classmethod
    def of(cls, baskets: Baskets, code: NDArray[np.int32]) -> Self:
        """Code baskets.

        Args:
            baskets: the kept purchases.
            code: int32 per product: the code that never changes.
        """
        from nba.statistics.kept import change_kernels

        first = np.flatnonzero(np.diff(baskets.customer, prepend=-1))
        customer = baskets.customer[first]
        named = customer[: np.searchsorted(customer, len(baskets.customer_ids))]
        owner = np.append(first, len(baskets)).astype(np.int64)
        proven = baskets.proven[first]
        at = baskets.at.astype("datetime64[us]").view(np.int64)
        # As long as no product is new, codes are those of the ids.
        is_same = np.array_equal(code, np.arange(len(code)))
        product = baskets.product if is_same else code[baskets.product]
        fingerprint = np.empty((len(first), 2), np.uint64)
        start = np.ascontiguousarray(baskets.start)
        change_kernels.fingerprint(owner, proven, at, start, product, fingerprint)
        return cls(baskets.customer_ids.take(named), owner, proven, at, start, product, fingerprint)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Wrap what `arrays` gave."""
        given = dict(arrays)
        ids = Ids(given.pop("customer_ids.bytes"), given.pop("customer_ids.offsets"))
        words = given.pop("fingerprint").reshape(-1, 2)
        return cls(customer_ids=ids, fingerprint=words, **given)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by name, each of one dimension."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        ids = named.pop("customer_ids")
        packed = {"customer_ids.bytes": ids.data, "customer_ids.offsets": ids.offsets}
        return packed | named | {"fingerprint": self.fingerprint.reshape(-1)}

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.proven)

    def cells(self) -> NDArray[np.int64]:
        """Count the products of all baskets of each customer, int64."""
        ends = self.start[self.owner]
        return np.asarray(np.diff(ends), np.int64)

    def changes(self, now: CodedBaskets) -> Changes:
        """Find whose baskets are to be taken away, and whose to be added, to have those of now."""
        from nba.statistics.kept import change_kernels

        named, others = len(self.customer_ids), len(now.customer_ids)
        place = places(self.customer_ids, now.customer_ids)
        known = np.flatnonzero(place >= 0)
        differs = (self.fingerprint[place[known]] != now.fingerprint[known]).any(axis=1)
        left = np.ones(named, np.bool_)
        left[place[known]] = False
        gone, came = np.ones(len(self) - named, np.bool_), np.ones(len(now) - others, np.bool_)
        change_kernels.pair_off(
            self.fingerprint[named:],
            now.fingerprint[others:],
            np.full(1 << len(gone).bit_length() + 1, -1, np.int32),
            np.empty(len(gone), np.int32),
            gone,
            came,
        )
        both = known[differs]
        return Changes(
            np.concatenate([place[both], np.flatnonzero(left), named + np.flatnonzero(gone)]),
            np.concatenate([both, np.flatnonzero(place < 0), others + np.flatnonzero(came)]),
            len(both),
        )

    def of_customers(
        self,
        chosen: NDArray[np.int64],
        number: NDArray[np.int32],
        ids: Ids,
        product: NDArray[np.int32],
    ) -> Baskets:
        """See some customers' baskets, none of them named and known at no instant.

        Args:
            chosen: which customers.
            number: int32 each, ascending: what they are called by.
            ids: the products to name.
            product: int32 per code that never changes: a code of `ids`.
        """
        row, basket = listed(self.owner, chosen)
        cell_row, cell = listed(self.start, basket)
        at: Instants = self.at[basket].view("datetime64[us]")
        return Baskets(
            product_ids=ids,
            customer_ids=Ids.of([]),
            customer_count=len(chosen),
            customer=number[row],
            at=at,
            delivered_at=at,
            proven=self.proven[chosen][row],
            start=offsets(np.bincount(cell_row, minlength=len(basket))),
            product=product[self.product[cell]],
            as_of=np.datetime64("NaT", "us"),
        )

    def without(self, chosen: NDArray[np.bool_]) -> Self:
        """Leave out customers.

        Args:
            chosen: bool per customer.
        """
        stays = np.flatnonzero(~chosen)
        row, basket = listed(self.owner, stays)
        cell_row, cell = listed(self.start, basket)
        return type(self)(
            self.customer_ids.take(stays[stays < len(self.customer_ids)]),
            offsets(np.bincount(row, minlength=len(stays))),
            self.proven[stays],
            self.at[basket],
            offsets(np.bincount(cell_row, minlength=len(basket))),
            self.product[cell],
            self.fingerprint[stays],
        )
