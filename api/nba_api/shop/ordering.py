"""Orders of the storefront: placed as a post places them, and what each changed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nba.artifacts.products import Products
from nba.domain import iso
from nba.facts.fold import Facts
from nba.recommend.eligibility import price_to_pay
from nba_api.live import Live, Serving
from nba_api.next_messages import next_message
from nba_api.shop.visit import Visit

_ORDER: Final = re.compile(r"demo-[0-9a-f]{16}")
STATUS: Final = "paid"
"""Of an order that was just placed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order and the customer's next message just before it, and now.

    Attributes:
        ordered_at: as JSON has it.
        product_ids: what was ordered.
        before, after: decisions, as `GET next-message` answers.
    """

    ordered_at: str
    product_ids: Sequence[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def new_order_id() -> str:
    """Give an id that no order has: a form that is sent twice is one order."""
    return f"demo-{secrets.token_hex(8)}"


def is_order_id(text: str) -> bool:
    """Whether a form may name an order so."""
    return _ORDER.fullmatch(text) is not None


def order_row(visit: Visit, products: Products, order_id: str, at: np.datetime64) -> dict[str, Any]:
    """Write the order of a visit as `POST /v1/orders` takes it; products nobody knows are left out.

    An order has one currency: what costs another has no price.

    Args:
        visit: whose basket is ordered.
        products: as they stand now.
        order_id: of the new order.
        at: the instant.
    """
    lines, currency = [], None
    for product, pieces in visit.basket.items():
        code = products.ids.find(product)
        if code is None:
            continue
        line: dict[str, Any] = {"product_id": product, "quantity": pieces}
        if products.has_price[code] and currency in (None, products.currency[code]):
            currency = products.currency[code]
            line["unit_price"] = int(price_to_pay(products, np.array([code]))[0])
        lines.append(line)
    row = {"order_id": order_id, "ordered_at": iso(at), "status": STATUS, "lines": lines}
    row |= {"customer_id": visit.customer} if visit.customer else {}
    return row | ({"currency": currency} if currency else {})


def placed(
    live: Live, serving: Serving, facts: Facts, order_id: str, at: np.datetime64
) -> Placed | None:
    """Say what an order of a customer changed; None where they have no such order.

    Args:
        live: whose store to ask.
        serving: what decides, before and after.
        facts: of the customer alone.
        order_id: of the order.
        at: the instant.

    Raises:
        StateError: the store cannot be read.
    """
    code = facts.order_ids.find(order_id)
    found = np.flatnonzero(facts.order_id == -1 if code is None else facts.order_id == code)
    if not len(found):
        return None
    order, customer = int(found[0]), facts.customer_ids[0]
    # What was known at the instant of the order is what was known before it.
    ordered_at = facts.ordered_at[order]
    before, after = (
        next_message(live.store, serving.policy, customer, instant, {})
        for instant in (ordered_at, at)
    )
    return Placed(iso(ordered_at) or "", facts.products_of(order), before, after)
