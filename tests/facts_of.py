"""Facts of a shop written as what happened, for tests of what is decided from them.

Days count from noon of the first of January 2026, as those of `tests.shops`. Whatever lies at or
after `as_of` is not known yet, so one shop can be asked on any day. Ann is who is meant where
nobody is named, and everybody agreed to e-mail unless `consents` say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nba.facts.fold import Facts, fold
from nba.facts.rows import Rows
from tests.shops import day
from tests.signals import signals

Row = Mapping[str, Any]
ANN = "ann"
BEGINNING = -2000
"""The day on which consents were given that do not say when."""


def facts(
    *,
    as_of: float | np.datetime64,
    orders: Iterable[Row] = (),
    statuses: Iterable[Row] = (),
    events: Iterable[Row] = (),
    letters: Iterable[Row] = (),
    outcomes: Iterable[Row] = (),
    consents: Iterable[Row] | None = None,
    profiles: Iterable[Row] = (),
    states: Iterable[Row] = (),
    who: Sequence[str] = (ANN,),
) -> Facts:
    """Fold what happened before a day, for some customers."""
    placed = list(orders)
    given = signals(
        events=events,
        messages=letters,
        message_events=outcomes,
        consents=[consent("email", customer=one) for one in who] if consents is None else consents,
        customers=profiles,
        product_states=states,
    )
    rows = Rows.of(
        [{name: cell for name, cell in one.items() if name != "lines"} for one in placed],
        [line for one in placed for line in one["lines"]],
        list(statuses),
    )
    return fold(rows, as_of=instant(as_of), customers=list(who), signals=given)


def instant(at: float | np.datetime64) -> np.datetime64:
    """Give the instant of a day."""
    return at if isinstance(at, np.datetime64) else day(at)


def order(
    at: float,
    *products: str,
    id: str = "o1",
    status: str = "delivered",
    delivered: float | None = None,
    status_at: float | None = None,
    customer: str | None = ANN,
    price: int = 10_000,
    returned: Iterable[str] = (),
    **columns: Any,
) -> Row:
    """An order of one piece of each product; unless it says so, it arrived on the day it was made.

    Of `delivered=None` with another status nobody knows when it arrived.
    """
    arrived = at if delivered is None and status == "delivered" else delivered
    told = arrived if status_at is None else status_at
    back = set(returned)
    return {
        "order_id": id,
        "customer_id": customer,
        "ordered_at": day(at),
        "status": status,
        "status_at": None if told is None else day(told),
        "delivered_at": None if arrived is None else day(arrived),
        "lines": [
            {
                "order_id": id,
                "line_no": number,
                "product_id": product,
                "quantity": 1,
                "unit_price": price,
                "returned_quantity": int(product in back),
            }
            for number, product in enumerate(products, 1)
        ],
        **columns,
    }


def status(name: str, at: float, *, id: str = "o1") -> Row:
    """A row of the history of an order's statuses."""
    return {"order_id": id, "status": name, "at": day(at)}


def event(
    type: str, at: float, product: str | None = None, *, customer: str | None = ANN, **columns: Any
) -> Row:
    """Something a customer did; its id is `type/product`."""
    return {
        "event_id": type if product is None else f"{type}/{product}",
        "type": type,
        "at": day(at),
        "customer_id": customer,
        "product_id": product,
        **columns,
    }


def letter(
    message: str,
    at: float | np.datetime64,
    anchor: str,
    *,
    customer: str = ANN,
    channel: str = "email",
) -> Row:
    """A message that left."""
    left = instant(at)
    return {
        "message_id": f"{message}/{anchor}/{left}",
        "decision_id": f"d/{message}/{anchor}/{left}",
        "customer_id": customer,
        "message": message,
        "anchor": anchor,
        "channel": channel,
        "decided_at": left,
        "claimed_at": left,
        "acked_at": left,
    }


def consent(
    channel: str, *, at: float = BEGINNING, granted: bool = True, customer: str = ANN
) -> Row:
    """What a customer said of a channel."""
    return {"customer_id": customer, "channel": channel, "granted": granted, "at": day(at)}


def profile(*, customer: str = ANN, **columns: Any) -> Row:
    """What the shop knows of a customer."""
    return {"customer_id": customer, **columns}


def state(
    product: str,
    at: float,
    availability: str = "in_stock",
    *,
    price: int | None = 10_000,
    sale_until: float | None = None,
    **columns: Any,
) -> Row:
    """A product as it stands from a day on."""
    return {
        "product_id": product,
        "at": day(at),
        "availability": availability,
        "price": price,
        "sale_until": None if sale_until is None else day(sale_until),
        **columns,
    }
