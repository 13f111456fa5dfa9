"""Orders: the wants of a customer on a day become one order with lines, prices and statuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.calendar import ENDS_AT, NEVER, Micros, order_instant
from nba.data.simulator.chance import Codes, keyed
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import Columns, Wants
from nba.data.simulator.flows import PARTIAL, REASONS, comes_back, settled
from nba.statuses import DELIVERED, RETURNED, STATUS_CODE, STATUSES

ORDER_CHANNELS: Final = ("web", "app", "marketplace", "phone")
ORDER_CHANNEL_SHARE: Final = {"b2c": (0.55, 0.30, 0.12, 0.03), "b2b": (0.62, 0.03, 0.05, 0.30)}
LINE_DISCOUNT: Final = (0.05, 0.05, 0.15)
"""Share of the lines with a discount of their own; its least and greatest part of the price."""
ORDER_DISCOUNT: Final = (0.04, 500)
"""Share of the orders with a coupon, and its worth in cents."""
_DAYS: Final = 12
_PRODUCTS: Final = 14
_CAUSES: Final = 4
"""Bits of days, products and causes in the number that sorts wants."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders(Columns):
    """Orders by instant; the position of one is its code.

    Attributes:
        key: int64, `order_key` of its customer and day. customer, day: int32.
        ordered_at, status_at: int64 microseconds.
        status: int8, the last one of the history.
        shipped_at, delivered_at, returned_at: int64 microseconds, NEVER where it was not in the
            history.
        is_test: bool. discount: int64, minor units. channel: int8, a code of `ORDER_CHANNELS`.
    """

    key: NDArray[np.int64]
    customer: NDArray[np.int32]
    day: NDArray[np.int32]
    ordered_at: Micros
    status: NDArray[np.int8]
    status_at: Micros
    shipped_at: Micros
    delivered_at: Micros
    returned_at: Micros
    is_test: NDArray[np.bool_]
    discount: NDArray[np.int64]
    channel: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Lines(Columns):
    """Order lines by order and number.

    Attributes:
        order: int32. line_no: int32, from 1. product, quantity, returned_quantity: int32.
        unit_price, discount: int64, minor units.
        cause: int8. main: int32, -1 where there is none.
    """

    order: NDArray[np.int32]
    line_no: NDArray[np.int32]
    product: NDArray[np.int32]
    quantity: NDArray[np.int32]
    returned_quantity: NDArray[np.int32]
    unit_price: NDArray[np.int64]
    discount: NDArray[np.int64]
    cause: NDArray[np.int8]
    main: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Statuses(Columns):
    """Every status an order had in the history, by order and instant.

    Attributes:
        order: int32. status: int8. at: int64 microseconds.
        reason: int8, which one of `flows.REASONS` of the status; -1 where it has none.
    """

    order: NDArray[np.int32]
    status: NDArray[np.int8]
    at: Micros
    reason: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The orders of the history with all that belongs to them."""

    orders: Orders
    lines: Lines
    statuses: Statuses


def order_key(customer: Codes, day: Codes) -> NDArray[np.int64]:
    """Number the order of a customer on a day, rising by customer, then day."""
    return (customer.astype(np.int64) << _DAYS) | day


def place(chooser: Chooser, wants: Wants) -> Placed:
    """Place the orders of the history.

    A product that a customer wants twice on a day is one line, for the first of its causes.
    """
    wants, key = _sorted(wants)
    first = np.flatnonzero(np.diff(key, prepend=-1))
    customer, day = wants.customer[first], wants.day[first]
    is_company = chooser.customers.is_company[customer]
    ordered_at = order_instant(chooser.seed, customer, day, is_company)
    by_instant = np.argsort(ordered_at, kind="stable")
    code = np.empty(len(first), np.int32)
    code[by_instant] = np.arange(len(first), dtype=np.int32)
    sizes = np.diff(np.append(first, len(key)))
    line_order = np.repeat(code, sizes)
    by_order = np.argsort(line_order, kind="stable")
    wants, line_order = wants.take(by_order), line_order[by_order]
    sizes = sizes[by_instant]

    first_line = np.cumsum(sizes) - sizes
    customer, day, is_company = customer[by_instant], day[by_instant], is_company[by_instant]
    ordered_at = ordered_at[by_instant]
    settlement = _settle(chooser.seed, customer, day, is_company, wants, line_order)
    row = chooser.states.find(wants.product, ordered_at[line_order])
    unit_price = chooser.states.asked(row)
    lines = Lines(
        line_order,
        (np.arange(len(line_order)) - np.repeat(first_line, sizes) + 1).astype(np.int32),
        wants.product,
        wants.quantity,
        settlement.returned_quantity,
        unit_price,
        _line_discounts(chooser.seed, wants, unit_price * wants.quantity),
        wants.cause,
        wants.main,
    )
    totals = np.bincount(line_order, unit_price * wants.quantity - lines.discount, len(first))
    share, coupon = ORDER_DISCOUNT
    has_coupon = keyed(chooser.seed, "coupon", customer, day) < share
    orders = Orders(
        order_key(customer, day),
        customer,
        day,
        ordered_at,
        settlement.status,
        settlement.status_at,
        settlement.shipped_at,
        settlement.delivered_at,
        settlement.returned_at,
        settlement.is_test,
        np.where(has_coupon & (totals > 10 * coupon), coupon, 0).astype(np.int64),
        _channels(chooser.seed, customer, day, is_company),
    )
    return Placed(orders, lines, settlement.statuses)


def _sorted(wants: Wants) -> tuple[Wants, NDArray[np.int64]]:
    """Sort wants by order and product, one a product; beside them the key of their order."""
    key = order_key(wants.customer, wants.day)
    line = (key << _PRODUCTS) | wants.product
    order = np.argsort((line << _CAUSES) | wants.cause, kind="stable")
    order = order[np.diff(line[order], prepend=-1) != 0]
    return wants.take(order), key[order]


@dataclass(frozen=True, slots=True, eq=False)
class _Settlement:
    """What the history knows of the flows of its orders."""

    status: NDArray[np.int8]
    status_at: Micros
    shipped_at: Micros
    delivered_at: Micros
    returned_at: Micros
    is_test: NDArray[np.bool_]
    statuses: Statuses
    returned_quantity: NDArray[np.int32]


def _settle(
    seed: int,
    customer: NDArray[np.int32],
    day: NDArray[np.int32],
    is_company: NDArray[np.bool_],
    wants: Wants,
    line_order: NDArray[np.int32],
) -> _Settlement:
    """Cut the flows at the end of the history."""
    count = len(customer)
    status, is_test = np.empty(count, np.int8), np.empty(count, np.bool_)
    known = {code: np.empty(count, np.int64) for code in (-1, _SHIPPED, DELIVERED, RETURNED)}
    returned = np.zeros(len(line_order), np.int32)
    parts = []
    for piece, flows in settled(seed, customer, day, is_company):
        start, stop = np.searchsorted(line_order, [piece.start, piece.start + len(flows.is_test)])
        mine = slice(int(start), int(stop))
        order = line_order[mine] - piece.start
        back = comes_back(
            seed, wants.customer[mine], wants.day[mine], wants.product[mine],
            flows.comes_back[order],
        )  # fmt: skip
        # Of a partial return no line may have come up: then nothing was sent back.
        some = np.bincount(order, back, len(flows.is_test)) > 0
        at = flows.at
        at[(flows.comes_back == PARTIAL) & ~some, RETURNED] = NEVER
        at[at >= ENDS_AT] = NEVER
        is_back = back & (at[order, RETURNED] < NEVER)
        returned[mine] = np.where(is_back, wants.quantity[mine], 0)
        happened = at < NEVER
        rows, codes = np.nonzero(happened)
        parts.append(
            Statuses(
                (rows + piece.start).astype(np.int32),
                codes.astype(np.int8),
                at[happened],
                _reasons(seed, customer[piece][rows], day[piece][rows], codes),
            )
        )
        last = len(STATUSES) - 1 - happened[:, ::-1].argmax(axis=1)
        status[piece], is_test[piece] = last, flows.is_test
        for code, instants in known.items():
            instants[piece] = at[np.arange(len(last)), last if code < 0 else code]
    return _Settlement(
        status,
        known[-1],
        known[_SHIPPED],
        known[DELIVERED],
        known[RETURNED],
        is_test,
        Statuses.joined(parts),
        returned,
    )


_SHIPPED: Final = STATUS_CODE["shipped"]
_HAS_REASON: Final = np.array([name in REASONS for name in STATUSES])


def _reasons(seed: int, customer: Codes, day: Codes, status: Codes) -> NDArray[np.int8]:
    reason = np.full(len(status), -1, np.int8)
    rows = np.flatnonzero(_HAS_REASON[status])
    chance = keyed(seed, "reason", customer[rows], day[rows], status[rows])
    reason[rows] = (chance * len(REASONS["delayed"])).astype(np.int8)
    return reason


def _line_discounts(seed: int, wants: Wants, total: NDArray[np.int64]) -> NDArray[np.int64]:
    share, least, most = LINE_DISCOUNT
    chance = keyed(seed, "line discount", wants.customer, wants.day, wants.product)
    part = least + (most - least) * chance / share
    return np.where(chance < share, np.floor(total * part), 0).astype(np.int64)


def _channels(
    seed: int, customer: Codes, day: Codes, is_company: NDArray[np.bool_]
) -> NDArray[np.int8]:
    chance = keyed(seed, "channel of the order", customer, day)
    edges = {name: np.cumsum(shares)[:-1] for name, shares in ORDER_CHANNEL_SHARE.items()}
    return np.where(
        is_company, np.searchsorted(edges["b2b"], chance), np.searchsorted(edges["b2c"], chance)
    ).astype(np.int8)
