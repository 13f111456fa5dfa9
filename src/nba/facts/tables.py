"""The tables of a shop beside its orders as columns of codes; `Signals` names what they code.

Rows stand in any order and may repeat. A code of -1 stands for what nobody said; all instants are
datetime64[us].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.facts.histories import Columns
from nba.ranges import is_all

_CODE = np.empty(0, np.int32)
_SMALL = np.empty(0, np.int8)
_TRUTH = np.empty(0, np.bool_)
_AMOUNT = np.empty(0, np.int64)
_AT = np.empty(0, "datetime64[us]")


class Table(Columns):
    """Rows as columns of one length."""

    __slots__: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(getattr(self, self.__slots__[0]))

    def take(self, kept: NDArray[Any]) -> Self:
        """Keep some rows: those at some places, or where a truth per row says so."""
        # The slots of a dataclass are its fields, in order, and at hand.
        return type(self)(*[getattr(self, name)[kept] for name in self.__slots__])

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Keep the rows of which a truth says so; all of them are these very ones."""
        return self if is_all(kept) else self.take(kept)


@dataclass(frozen=True, slots=True, eq=False)
class EventRows(Table):
    """What customers did, of which it is or may become known who did it.

    Attributes:
        customer: int32, a code of `customer_ids`: the event's customer, else its session.
        is_session: bool: it names a session only, and is the customer's whom a merge names.
        type: int8, a code of `vocabulary.EVENT_TYPES`.
        at: when.
        product: int32, a code of `product_ids`.
        order: int32, a code of `order_ids`.
        value: float64; NaN where nobody said.
        event: int32, a code of `event_ids`; -1 for events that open no intent.
    """

    customer: NDArray[np.int32]
    is_session: NDArray[np.bool_]
    type: NDArray[np.int8]
    at: Instants
    product: NDArray[np.int32]
    order: NDArray[np.int32]
    value: NDArray[np.float64]
    event: NDArray[np.int32]

    @classmethod
    def none(cls) -> Self:
        """No events at all."""
        return cls(_CODE, _TRUTH, _SMALL, _AT, _CODE, _CODE, np.empty(0, np.float64), _CODE)


@dataclass(frozen=True, slots=True, eq=False)
class MergeRows(Table):
    """Who turned out to be whom.

    Attributes:
        guest: int32, a code of `customer_ids`: a session, or the account of a guest.
        customer: int32, a code of `customer_ids`: who logged in.
        at: when.
    """

    guest: NDArray[np.int32]
    customer: NDArray[np.int32]
    at: Instants

    @classmethod
    def none(cls) -> Self:
        """Nobody was anybody else."""
        return cls(_CODE, _CODE, _AT)


@dataclass(frozen=True, slots=True, eq=False)
class ConsentRows(Table):
    """What customers allowed and refused.

    Attributes:
        customer: int32, a code of `customer_ids`.
        channel: int8, a code of `vocabulary.CHANNELS`.
        is_granted: bool.
        at: from when on.
    """

    customer: NDArray[np.int32]
    channel: NDArray[np.int8]
    is_granted: NDArray[np.bool_]
    at: Instants

    @classmethod
    def none(cls) -> Self:
        """Nobody said anything."""
        return cls(_CODE, _SMALL, _TRUTH, _AT)


@dataclass(frozen=True, slots=True, eq=False)
class MessageRows(Table):
    """The log of messages: what was decided, and what left.

    Attributes:
        id: int32, a code of `message_ids`.
        customer: int32, a code of `customer_ids`.
        message: int16, a code of `vocabulary.MESSAGE_WORDS`; -1 for `none` and unknown words.
        anchor: int32, a code of `anchors`.
        channel: int8, a code of `vocabulary.CHANNELS`.
        claimed_at, acked_at: NaT where it was not.
        is_held: bool: kept back, as the customer is of the holdout.
    """

    id: NDArray[np.int32]
    customer: NDArray[np.int32]
    message: NDArray[np.int16]
    anchor: NDArray[np.int32]
    channel: NDArray[np.int8]
    claimed_at: Instants
    acked_at: Instants
    is_held: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Self:
        """No messages at all."""
        return cls(_CODE, _CODE, np.empty(0, np.int16), _CODE, _SMALL, _AT, _AT, _TRUTH)


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeRows(Table):
    """What became of messages: the table `message_events`.

    Attributes:
        message: int32, a code of `message_ids`.
        customer: int32, a code of `customer_ids`.
        channel: int8, a code of `vocabulary.CHANNELS`.
        type: int8, a code of `vocabulary.MESSAGE_EVENT_TYPES`.
        at: when.
        is_machine: bool: no person did it.
    """

    message: NDArray[np.int32]
    customer: NDArray[np.int32]
    channel: NDArray[np.int8]
    type: NDArray[np.int8]
    at: Instants
    is_machine: NDArray[np.bool_]

    @classmethod
    def none(cls) -> Self:
        """Nothing became of any."""
        return cls(_CODE, _CODE, _SMALL, _SMALL, _AT, _TRUTH)


@dataclass(frozen=True, slots=True, eq=False)
class ProfileRows(Table):
    """What the shop says of its customers: the table `customers`, consents aside.

    Attributes:
        customer: int32, a code of `customer_ids`.
        created_at: NaT where nobody said.
        birthday: datetime64[D]; NaT where nobody said.
        zone: int32, a code of `zones`.
        is_company: bool: the account type is b2b.
        tier: int32, a code of `tiers`.
        points: int64; 0 where nobody said.
        has_points: bool.
        points_expire_at: NaT where nobody said, or not in a way that can be read.
    """

    customer: NDArray[np.int32]
    created_at: Instants
    birthday: NDArray[np.datetime64]
    zone: NDArray[np.int32]
    is_company: NDArray[np.bool_]
    tier: NDArray[np.int32]
    points: NDArray[np.int64]
    has_points: NDArray[np.bool_]
    points_expire_at: Instants

    @classmethod
    def none(cls) -> Self:
        """Nobody described at all."""
        birthday = np.empty(0, "datetime64[D]")
        return cls(_CODE, _AT, birthday, _CODE, _TRUTH, _CODE, _AMOUNT, _TRUTH, _AT)


@dataclass(frozen=True, slots=True, eq=False)
class StateRows(Table):
    """The states of products, each of which says all that holds from its instant on.

    Attributes:
        product: int32, a code of `product_ids`.
        at: from when on.
        availability: int8, a code of `vocabulary.AVAILABILITIES`; missing counts as in stock.
        stock: int64, pieces; 0 where nobody said.
        has_stock: bool.
        price, sale_price: int64, minor units; 0 where nobody said.
        has_price, has_sale_price: bool.
        sale_until: until when the sale price holds, itself excluded; NaT where nobody said.
    """

    product: NDArray[np.int32]
    at: Instants
    availability: NDArray[np.int8]
    stock: NDArray[np.int64]
    has_stock: NDArray[np.bool_]
    price: NDArray[np.int64]
    has_price: NDArray[np.bool_]
    sale_price: NDArray[np.int64]
    has_sale_price: NDArray[np.bool_]
    sale_until: Instants

    @classmethod
    def none(cls) -> Self:
        """No product's state is known."""
        return cls(_CODE, _AT, _SMALL, _AMOUNT, _TRUTH, _AMOUNT, _TRUTH, _AMOUNT, _TRUTH, _AT)
