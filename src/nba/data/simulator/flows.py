"""What becomes of an order: its statuses with their instants, as a function of customer and day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.calendar import HOUR, NEVER, Micros, order_instant
from nba.data.simulator.chance import Codes, Floats, keyed
from nba.data.simulator.columns import Columns
from nba.statuses import CANCELLED, DELIVERED, RETURNED, STATUS_CODE, STATUSES

CASH_SHARE: Final = {"b2c": 0.55, "b2b": 0.20}
"""Orders paid on delivery; the others are paid ahead."""
DELAYED_SHARE: Final = 0.06
OPTIONAL_SHARE: Final = {"awaiting_processing": 0.20, "packed": 0.60, "in_transit": 0.70}
GAP_HOURS: Final = {
    "paid": (0.1, 10.0),
    "awaiting_processing": (0.1, 1.0),
    "processing": (0.3, 6.0),
    "delayed": (2.0, 12.0),
    "picking": (1.0, 8.0),
    "packed": (0.5, 2.0),
    "shipped": (1.0, 8.0),
    "in_transit": (2.0, 6.0),
    "delivered": (16.0, 24.0),
}
"""Hours since the status before: the first, plus an exponential with the second as mean."""
DELAY_HOURS: Final = (24.0, 72.0)
"""The same from `delayed` to `picking`."""
NOT_PAID: Final = (0.09, 72.0, 24.0)
REFUSED: Final = (0.06, 1.0, 12.0)
DROPPED: Final = (0.015, 4.0, 30.0)
DROPPED_DELAYED: Final = (0.12, 4.0, 30.0)
"""Cancelled before payment; before confirmation; after processing, or a delay, began: share, then
hours as above."""
RETURN_SHARE: Final = 0.055
RETURN_DAYS: Final = (2.0, 14.0)
WHOLE_SHARE: Final = 0.55
"""Returns of the whole order; of the others each line comes back with LINE_SHARE."""
LINE_SHARE: Final = 0.5
TEST_SHARE: Final = 0.003

REASONS: Final = {
    "delayed": ("supplier_late", "stock_mismatch", "weather", "address_check"),
    "cancelled": ("changed_mind", "found_cheaper", "wrong_address", "duplicate"),
    "returned": ("not_as_expected", "damaged", "does_not_fit", "no_longer_needed"),
}
KEPT, WHOLE, PARTIAL = 0, 1, 2
"""How much of an order comes back."""
_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Flows(Columns):
    """What becomes of orders, one row an order.

    Attributes:
        at: int64 microseconds, one column a code of `statuses.STATUSES`; NEVER where an order
            does not have the status. Times rise from left to right.
        comes_back: int8: KEPT, WHOLE or PARTIAL.
        is_test: bool.
    """

    at: Micros
    comes_back: NDArray[np.int8]
    is_test: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals(Columns):
    """When orders arrive: `delivered_at` is NEVER where they do not; `stays` where it is kept."""

    delivered_at: Micros
    stays: NDArray[np.bool_]


def settle(seed: int, customer: Codes, day: Codes, is_company: NDArray[np.bool_]) -> Flows:
    """Decide what becomes of the orders of customers on days.

    Args:
        seed: of the shop.
        customer: of each order.
        day: of each.
        is_company: of the customers.
    """

    def chance(purpose: str) -> Floats:
        return keyed(seed, purpose, customer, day)

    def hours(purpose: str, least: float, mean: float) -> Floats:
        return least - mean * np.log(chance(purpose))

    count = len(customer)
    is_cash = chance("payment") < np.where(is_company, CASH_SHARE["b2b"], CASH_SHARE["b2c"])
    is_delayed = chance("delay") < DELAYED_SHARE
    quits = chance("cancellation")
    is_unpaid = ~is_cash & (quits < NOT_PAID[0])
    is_refused = is_cash & (quits < REFUSED[0])
    dropped = np.where(is_delayed, DROPPED_DELAYED[0], DROPPED[0])
    is_dropped = ~is_unpaid & ~is_refused & (chance("drop") < dropped)
    starts = ~(is_unpaid | is_refused)
    goes_on = starts & ~is_dropped

    at = np.full((count, len(STATUSES)), NEVER, np.int64)
    now = order_instant(seed, customer, day, is_company)
    at[:, STATUS_CODE["pending_confirmation"]] = np.where(is_cash, now, NEVER)
    at[:, STATUS_CODE["awaiting_payment"]] = np.where(is_cash, NEVER, now)
    steps = {"paid": starts & ~is_cash, "awaiting_processing": starts, "processing": starts}
    steps |= {"delayed": starts & is_delayed}
    steps |= dict.fromkeys(("picking", "packed", "shipped", "in_transit", "delivered"), goes_on)
    for status, passes in steps.items():
        if status in OPTIONAL_SHARE:
            passes = passes & (chance(status) < OPTIONAL_SHARE[status])
        waits = hours(f"{status} after", *GAP_HOURS[status])
        if status == "picking":
            waits = np.where(is_delayed, hours("after the delay", *DELAY_HOURS), waits)
        now = np.where(passes, now + _seconds(waits), now)
        at[:, STATUS_CODE[status]] = np.where(passes, now, NEVER)

    quit_after = np.select(
        [is_unpaid, is_refused],
        [hours("not paid", *NOT_PAID[1:]), hours("refused", *REFUSED[1:])],
        hours("dropped", *DROPPED[1:]),
    )
    at[:, CANCELLED] = np.where(goes_on, NEVER, now + _seconds(quit_after))
    returns = goes_on & (chance("return") < RETURN_SHARE)
    least, most = RETURN_DAYS
    back = now + _seconds(24 * (least + (most - least) * chance("return after")))
    at[:, RETURNED] = np.where(returns, back, NEVER)
    extent = np.where(chance("return extent") < WHOLE_SHARE, WHOLE, PARTIAL)
    return Flows(
        at,
        np.where(returns, extent, KEPT).astype(np.int8),
        chance("test order") < TEST_SHARE,
    )


def settled(
    seed: int, customer: Codes, day: Codes, is_company: NDArray[np.bool_]
) -> Iterator[tuple[slice, Flows]]:
    """Settle many orders piece by piece, as the statuses of all at once would fill the memory."""
    for start in range(0, len(customer), _CHUNK):
        piece = slice(start, start + _CHUNK)
        yield piece, settle(seed, customer[piece], day[piece], is_company[piece])


def arrive(
    seed: int, customer: Codes, day: Codes, product: Codes, is_company: NDArray[np.bool_]
) -> Arrivals:
    """Tell when the products of customers' orders arrive, and whether they stay."""
    parts = [Arrivals(np.empty(0, np.int64), np.empty(0, np.bool_))]
    for piece, flows in settled(seed, customer, day, is_company):
        returned = comes_back(seed, customer[piece], day[piece], product[piece], flows.comes_back)
        delivered_at = flows.at[:, DELIVERED]
        parts.append(Arrivals(delivered_at, (delivered_at < NEVER) & ~returned & ~flows.is_test))
    return Arrivals.joined(parts)


def comes_back(
    seed: int, customer: Codes, day: Codes, product: Codes, extent: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Tell which lines come back, given how much of their orders does."""
    chance = keyed(seed, "return of the line", customer, day, product)
    return np.asarray((extent == WHOLE) | ((extent == PARTIAL) & (chance < LINE_SHARE)))


def _seconds(hours: Floats) -> NDArray[np.int64]:
    return (hours * (HOUR / 1_000_000)).astype(np.int64) * 1_000_000
