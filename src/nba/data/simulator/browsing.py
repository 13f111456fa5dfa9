"""What visitors do in the shop besides ordering: the events of the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.data.simulator.calendar import (
    DAY,
    ENDS_AT,
    HISTORY_DAYS,
    MONTH,
    NEVER,
    STARTS_AT,
    Micros,
)
from nba.data.simulator.campaigns import CODE
from nba.data.simulator.chance import Codes, keyed, stream
from nba.data.simulator.choosing import Chooser
from nba.data.simulator.columns import CAUSE_CODE, Columns
from nba.data.simulator.customers import type_wheel
from nba.data.simulator.intents import Intents
from nba.data.simulator.messages import Log
from nba.data.simulator.orders import Placed

TRACKED_SHARE: Final = 0.55
"""Visitors who let themselves be tracked; of the others only what needs no tracking is known."""
VIEWED_SHARE: Final = 0.65
VIEWED_BEFORE: Final = 0.25
VIEWED_DAYS: Final = 6.0
"""Bought products that were looked at in the visit of the order; that were looked at in an
earlier visit as well; and how many days before at most."""
LATE_LOGIN_SHARE: Final = 0.12
"""Visits in which a customer is known only from the checkout on."""
VISITS: Final = 0.6
VISIT_VIEWS: Final = 2.2
VISIT_DAYS: Final = 25.0
ANONYMOUS_SHARE: Final = 0.3
"""Other visits an order, mean views in each, days around the order, and visitors nobody knows."""
CART_REMOVED: Final = 0.15
CART_CHECKOUT: Final = 0.2
WISH_REMOVED: Final = 0.12
COMPLAINTS: Final = 0.012
COMPLAINTS_DELAYED: Final = 0.12
COMPLAINTS_CLOSED: Final = 0.85
"""Delivered orders complained about; the same of delayed ones; complaints that are settled."""
RATED_SHARE: Final = 0.03
REVIEWED_SHARE: Final = 0.5
"""Lines rated of the customer's own accord, and ratings that come with a review."""
STARS: Final = (0.06, 0.06, 0.12, 0.31, 0.45)
"""Shares of 1 to 5 stars, in ratings and surveys."""

EVENT_TYPES: Final = (
    "view_item",
    "add_to_cart",
    "remove_from_cart",
    "add_to_wishlist",
    "remove_from_wishlist",
    "back_in_stock_subscribe",
    "merge",
    "begin_checkout",
    "purchase",
    "sign_up",
    "refund",
    "rating",
    "review",
    "survey",
    "complaint",
)
"""Event types that a simulated shop logs; the position of one is its code."""
NO_VALUE: Final = int(np.iinfo(np.int64).min)
_MINUTE: Final = 60_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Events(Columns):
    """Events by instant; the position of one is its code.

    Attributes:
        type: int8, a code of `EVENT_TYPES`. at: int64 microseconds.
        customer, session, product, order: int32; -1 where there is none.
        value: int64: cents of a purchase or refund, stars, 1 and 0 of a complaint that opens and
            closes; NO_VALUE where there is none.
        intent: int32, the row of `Intents` that an event laid aside; -1 where it did not.
    """

    type: NDArray[np.int8]
    at: Micros
    customer: NDArray[np.int32]
    session: NDArray[np.int32]
    product: NDArray[np.int32]
    order: NDArray[np.int32]
    value: NDArray[np.int64]
    intent: NDArray[np.int32]


def browse(chooser: Chooser, placed: Placed, intents: Intents, log: Log) -> Events:
    """Give the events of the history.

    Args:
        chooser: the shelves.
        placed: the orders.
        intents: what was laid aside.
        log: the messages, of which some were answered by ratings.
    """
    rng = stream(chooser.seed, "browsing")
    sessions = _Sessions(len(placed.orders))
    events = Events.joined(
        [
            *_order_visits(rng, chooser, placed, sessions),
            _other_visits(rng, chooser, placed, sessions),
            *_laid_aside(rng, chooser, intents, sessions),
            _sign_ups(chooser),
            *_after_sales(rng, placed),
            *_answers(rng, placed, log),
        ]
    )
    events = events.take((events.at >= STARTS_AT) & (events.at < ENDS_AT))
    events = events.take(np.argsort(events.at, kind="stable"))
    named = events.customer < chooser.customers.named_count
    return replace(events, customer=np.where(named, events.customer, -1).astype(np.int32))


class _Sessions:
    """Numbers visits; the visit of an order has the number of the order."""

    def __init__(self, order_count: int) -> None:
        self._next = order_count

    def take(self, count: int) -> NDArray[np.int32]:
        first, self._next = self._next, self._next + count
        return np.arange(first, self._next, dtype=np.int32)


def _events(
    name: str,
    at: Micros,
    customer: Codes,
    *,
    session: Codes | int = -1,
    product: Codes | int = -1,
    order: Codes | int = -1,
    value: Codes | int = NO_VALUE,
    intent: Codes | int = -1,
) -> Events:
    """Make events of one type; what is not given they do not have."""
    size = len(at)

    def codes(cell: Codes | int) -> NDArray[np.int32]:
        return np.broadcast_to(np.asarray(cell, np.int32), size)

    return Events(
        np.full(size, EVENT_TYPES.index(name), np.int8),
        at,
        codes(customer),
        codes(session),
        codes(product),
        codes(order),
        np.broadcast_to(np.asarray(value, np.int64), size),
        codes(intent),
    )


def _is_tracked(chooser: Chooser, customer: Codes) -> NDArray[np.bool_]:
    return np.asarray(keyed(chooser.seed, "tracking", customer) < TRACKED_SHARE)


def _order_visits(
    rng: np.random.Generator, chooser: Chooser, placed: Placed, sessions: _Sessions
) -> Iterator[Events]:
    """Look, put into the cart, check out and buy, in the visit that ends with the order."""
    orders, lines = placed.orders, placed.lines
    is_online = orders.channel != _PHONE
    tracked = _is_tracked(chooser, orders.customer) & is_online
    rows = np.flatnonzero(tracked)
    is_named = orders.customer < chooser.customers.named_count
    is_late = is_named & (rng.random(len(orders)) < LATE_LOGIN_SHARE)
    seen_as = np.where(is_late, -1, orders.customer)
    totals = np.bincount(lines.order, lines.unit_price * lines.quantity - lines.discount)
    totals = totals.astype(np.int64) - orders.discount

    mine = np.flatnonzero(tracked[lines.order])
    order, product = lines.order[mine], lines.product[mine]
    bought_at = orders.ordered_at[order]
    put_at = bought_at - rng.integers(3 * 60, 9 * 60, len(mine)) * 1_000_000
    yield _events("add_to_cart", put_at, seen_as[order], session=order, product=product)
    looks = np.flatnonzero(rng.random(len(mine)) < VIEWED_SHARE)
    looked_at = put_at[looks] - rng.integers(30, 25 * 60, len(looks)) * 1_000_000
    yield _events(
        "view_item", looked_at, seen_as[order[looks]], session=order[looks], product=product[looks]
    )
    again = looks[rng.random(len(looks)) < VIEWED_BEFORE]
    earlier = (rng.uniform(0.1, VIEWED_DAYS, len(again)) * 86_400).astype(np.int64) * 1_000_000
    yield _events(
        "view_item",
        put_at[again] - earlier,
        orders.customer[order[again]],
        session=sessions.take(len(again)),
        product=product[again],
    )
    at, who = orders.ordered_at[rows], orders.customer[rows]
    late = rows[is_late[rows]]
    merged_at = orders.ordered_at[late] - 2 * _MINUTE
    yield _events("merge", merged_at, orders.customer[late], session=late)
    yield _events("begin_checkout", at - _MINUTE, who, session=rows)
    yield _events("purchase", at, who, session=rows, order=rows, value=totals[rows])


_PHONE: Final = 3


def _other_visits(
    rng: np.random.Generator, chooser: Chooser, placed: Placed, sessions: _Sessions
) -> Events:
    """Look around in the weeks around an order, or without ever being known."""
    orders, customers = placed.orders, chooser.customers
    rows = np.flatnonzero(rng.random(len(orders)) < VISITS)
    rows = rows[_is_tracked(chooser, orders.customer[rows])]
    away = rng.uniform(-VISIT_DAYS, VISIT_DAYS, len(rows))
    at = orders.ordered_at[rows] + (away * 86_400).astype(np.int64) * 1_000_000
    customer = orders.customer[rows]
    is_open = (at >= customers.joined_at[customer]) & (at < customers.lost_at[customer])
    is_open &= (at >= STARTS_AT) & (at < ENDS_AT)
    customer, at = customer[is_open], at[is_open]
    views = rng.geometric(1.0 / VISIT_VIEWS, len(at))
    session = np.repeat(sessions.take(len(at)), views)
    is_known = rng.random(len(at)) >= ANONYMOUS_SHARE
    seen_as = np.repeat(np.where(is_known, customer, -1), views)
    customer, at = np.repeat(customer, views), np.repeat(at, views)
    day = np.minimum((at - STARTS_AT) // DAY, HISTORY_DAYS - 1).astype(np.int32)
    group = customers.archetype[customer].astype(np.int64) * 12 + MONTH[day]
    types = type_wheel().draw(group, rng.random(len(group)))
    product = chooser.catalogue.by_type.draw(types, rng.random(len(types)))
    at = at + rng.integers(0, 900, len(at)) * 1_000_000
    published = chooser.catalogue.published_at[product] <= at
    return _events("view_item", at, seen_as, session=session, product=product).take(published)


def _laid_aside(
    rng: np.random.Generator, chooser: Chooser, intents: Intents, sessions: _Sessions
) -> Iterator[Events]:
    """Put into the cart, onto the wish list or the waiting list, and some take away again."""
    session = sessions.take(len(intents))
    row = np.arange(len(intents))
    for kind, name in (
        ("cart", "add_to_cart"),
        ("wish", "add_to_wishlist"),
        ("waitlist", "back_in_stock_subscribe"),
    ):
        rows = row[intents.kind == CAUSE_CODE[kind]]
        yield _events(
            name,
            intents.at[rows],
            intents.customer[rows],
            session=session[rows],
            product=intents.product[rows],
            intent=rows,
        )
    views = row[_is_tracked(chooser, intents.customer)]
    looked_at = intents.at[views] - rng.integers(20, 600, len(views)) * 1_000_000
    yield _events(
        "view_item",
        looked_at,
        intents.customer[views],
        session=session[views],
        product=intents.product[views],
    )
    for kind, name, share, days in (
        ("cart", "remove_from_cart", CART_REMOVED, 3.0),
        ("wish", "remove_from_wishlist", WISH_REMOVED, 25.0),
    ):
        rows = row[(intents.kind == CAUSE_CODE[kind]) & ~intents.is_bought]
        rows = rows[rng.random(len(rows)) < share]
        after = (rng.uniform(0.02, days, len(rows)) * 86_400).astype(np.int64) * 1_000_000
        yield _events(
            name,
            intents.at[rows] + after,
            intents.customer[rows],
            session=sessions.take(len(rows)),
            product=intents.product[rows],
        )
    rows = row[intents.kind == CAUSE_CODE["cart"]]
    rows = rows[rng.random(len(rows)) < CART_CHECKOUT]
    started_at = intents.at[rows] + 3 * _MINUTE
    yield _events("begin_checkout", started_at, intents.customer[rows], session=session[rows])


def _sign_ups(chooser: Chooser) -> Events:
    named = np.arange(chooser.customers.named_count)
    return _events("sign_up", chooser.customers.joined_at[named], named)


def _after_sales(rng: np.random.Generator, placed: Placed) -> Iterator[Events]:
    """Pay back what came back, and open and settle complaints."""
    orders, lines = placed.orders, placed.lines
    worth = np.bincount(lines.order, lines.unit_price * lines.returned_quantity)
    rows = np.flatnonzero(orders.returned_at < NEVER)
    refunded_at = orders.returned_at[rows] + rng.integers(1, 48, len(rows)) * 60 * _MINUTE
    yield _events(
        "refund",
        refunded_at,
        orders.customer[rows],
        order=rows,
        value=worth.astype(np.int64)[rows],
    )
    late = orders.delivered_at - orders.ordered_at > 6 * DAY
    share = np.where(late, COMPLAINTS_DELAYED, COMPLAINTS)
    is_delivered = orders.delivered_at < NEVER
    rows = np.flatnonzero(is_delivered & (rng.random(len(orders)) < share))
    opened_at = orders.delivered_at[rows] + _hours(rng, 1, 72, len(rows))
    yield _events("complaint", opened_at, orders.customer[rows], order=rows, value=1)
    settled = rng.random(len(rows)) < COMPLAINTS_CLOSED
    closed_at = opened_at + _hours(rng, 12, 200, len(rows))
    yield _events(
        "complaint",
        closed_at[settled],
        orders.customer[rows[settled]],
        order=rows[settled],
        value=0,
    )


def _answers(rng: np.random.Generator, placed: Placed, log: Log) -> Iterator[Events]:
    """Rate products, unasked or asked by a message, and answer surveys."""
    orders, lines = placed.orders, placed.lines
    kept = (lines.returned_quantity == 0) & (orders.delivered_at[lines.order] < NEVER)
    own = np.flatnonzero(kept & (rng.random(len(lines)) < RATED_SHARE))
    own_at = orders.delivered_at[lines.order[own]] + _hours(rng, 48, 720, len(own))
    by_key = np.argsort(orders.key, kind="stable")
    first_line = np.searchsorted(lines.order, np.arange(len(orders)))

    def order_of(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = by_key[np.searchsorted(orders.key[by_key], log.key[rows])]
        return found

    asked = np.flatnonzero(_is_useful(log, "product-review"))
    line = np.append(own, first_line[order_of(asked)])
    at = np.append(own_at, log.useful_at[asked])
    order, who = lines.order[line], orders.customer[lines.order[line]]
    stars = _stars(rng, len(line))
    yield _events("rating", at, who, product=lines.product[line], order=order, value=stars)
    writes = np.flatnonzero(rng.random(len(line)) < REVIEWED_SHARE)
    yield _events(
        "review",
        at[writes] + 2 * _MINUTE,
        who[writes],
        product=lines.product[line[writes]],
        order=order[writes],
        value=stars[writes],
    )
    surveyed = np.flatnonzero(_is_useful(log, "service-rating"))
    yield _events(
        "survey",
        log.useful_at[surveyed],
        log.customer[surveyed],
        order=order_of(surveyed),
        value=_stars(rng, len(surveyed)),
    )


def _is_useful(log: Log, name: str) -> NDArray[np.bool_]:
    return np.asarray((log.message == CODE[name]) & (log.useful_at < ENDS_AT))


def _stars(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    stars: NDArray[np.int64] = rng.choice(5, count, p=STARS) + 1
    return stars


def _hours(rng: np.random.Generator, least: int, most: int, count: int) -> NDArray[np.int64]:
    return rng.integers(least * 3600, most * 3600, count) * 1_000_000
