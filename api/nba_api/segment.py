"""Segment's track calls, e-commerce specification v2, as rows of ours.

The same calls, imported as a file, make the same events: the mapping is that of
`nba.data.mappings/segment.toml`. RudderStack and Jitsu write the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from nba.checking import BadRow, shown
from nba.state.resolving import title_id
from nba.vocabulary import decimals

TYPES: Final[Mapping[str, str]] = {
    "product viewed": "view_item",
    "product added": "add_to_cart",
    "wishlist product added to cart": "add_to_cart",
    "product removed": "remove_from_cart",
    "product added to wishlist": "add_to_wishlist",
    "product removed from wishlist": "remove_from_wishlist",
    "checkout started": "begin_checkout",
    "order completed": "purchase",
    "order refunded": "refund",
    "product reviewed": "review",
    "signed up": "sign_up",
    "account created": "sign_up",
}
"""What Segment calls it, in small letters → what we do."""
_COMPLETED, _REFUNDED, _CANCELLED = "order completed", "order refunded", "order cancelled"
_OF_SEVERAL: Final = frozenset(("checkout started", _COMPLETED, _REFUNDED))
_CALLS: Final = frozenset("track identify page screen group alias".split())
_HASHED: Final = 32
_MOST_AMOUNT: Final = Decimal(10) ** 15
Call = Mapping[str, Any]


@dataclass(slots=True)
class Told:
    """What calls tell.

    Attributes:
        events: rows of events, each with the place of its call.
        orders: rows of orders, likewise.
        ignored: calls that say nothing of use here.
        errors: what is wrong with calls.
    """

    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    orders: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    ignored: int = 0
    errors: list[BadRow] = field(default_factory=list)


def read_calls(calls: Iterable[object], posted_at: str) -> Told:
    """Read calls; those of types that tell nothing of products or orders are counted as ignored.

    Args:
        calls: as JSON has them.
        posted_at: when a call happened that does not say.
    """
    told = Told()
    for index, call in enumerate(calls):
        if isinstance(call, dict):
            call = {"timestamp": posted_at, **{name: cell for name, cell in call.items() if cell}}
        error = _read(call, index, told)
        if error is not None:
            told.errors.append(error)
    return told


def _read(call: object, index: int, told: Told) -> BadRow | None:
    if not isinstance(call, dict):
        return BadRow(index, None, "not_an_object", f"found {shown(call)}; expected a call")
    kind, said, message = call.get("type"), call.get("event"), call.get("messageId")
    if not isinstance(kind, str) or kind not in _CALLS:
        problem = f"found {shown(kind)}; expected one of {', '.join(sorted(_CALLS))}"
        return BadRow(index, "type", "unknown_type", problem)
    properties = call.get("properties", {})
    if kind == "track" and not isinstance(said, str):
        return BadRow(index, "event", "missing_value", f"found {shown(said)}; expected its name")
    if properties is not None and not isinstance(properties, dict):
        problem = f"found {shown(properties)}; expected an object"
        return BadRow(index, "properties", "not_an_object", problem)
    word = str(said).lower() if kind == "track" else kind
    is_told = word in TYPES or word in (_CANCELLED, "alias")
    if is_told and not isinstance(message, str | int):
        problem = f"found {shown(message)}; a call is known again by its messageId"
        return BadRow(index, "messageId", "missing_value", problem)
    if not is_told:
        told.ignored += 1
        return None
    _tell(call, word, properties or {}, index, told)
    return None


def _tell(call: Call, said: str, properties: Call, index: int, told: Told) -> None:
    """Add the rows of one call."""
    if said == "alias":
        row = {"event_id": call["messageId"], "type": "merge", "at": _at(call)}
        guest, customer = call.get("previousId"), _customer(call.get("userId"))
        told.events.append((index, {**row, "session_id": guest, "customer_id": customer}))
        return
    products = properties.get("products")
    order_id = properties.get("order_id")
    if said != _CANCELLED:
        several = products if isinstance(products, list) and products else None
        if said in _OF_SEVERAL and several is not None:
            events = _events_of_several(call, said, properties, several)
        else:
            events = [_event(call, said, properties)]
        told.events += [(index, row) for row in events]
    if order_id is not None:
        told.orders += [(index, row) for row in _orders(call, said, properties)]
    elif said == _CANCELLED:
        told.ignored += 1


def _event(call: Call, said: str, properties: Call) -> dict[str, Any]:
    """Give the event of a call about one product, or none."""
    named = _product(properties) if "product" in said else _given(properties)
    return {
        **_head(call, said, properties),
        "event_id": call["messageId"],
        "product_id": named,
        "value": _figure(properties.get("rating")) if said == "product reviewed" else None,
    }


def _events_of_several(
    call: Call, said: str, properties: Call, products: Iterable[object]
) -> list[dict[str, Any]]:
    """Give an event a product; an order that is completed twice is one purchase."""
    head = _head(call, said, properties)
    about = properties.get("order_id") if said == _COMPLETED else None
    rows = {}
    for one in products:
        product: Call = one if isinstance(one, dict) else {}
        parts = [about or call["messageId"], said]
        parts += [product.get(name) for name in ("product_id", "sku", "name", "variant")]
        event_id = _hash("|".join(str(part) for part in parts if part is not None))
        rows[event_id] = {**head, "event_id": event_id, "product_id": _product(product)}
    return list(rows.values())


def _orders(call: Call, said: str, properties: Call) -> list[dict[str, Any]]:
    """Give the order that a call completes, or the status that it sets."""
    products = properties.get("products")
    order_id = properties["order_id"]
    if said in (_CANCELLED, _REFUNDED):
        if said == _REFUNDED and isinstance(products, list) and products:
            # It may be about a part of the order, which only the shop knows.
            return []
        status = "cancelled" if said == _CANCELLED else "returned"
        return [{"order_id": order_id, "statuses": [{"status": status, "at": _at(call)}]}]
    if said != _COMPLETED or not isinstance(products, list) or not products:
        return []
    currency = properties.get("currency")
    digits = decimals(str(currency))
    lines = [_line(one, digits) for one in products if isinstance(one, dict)]
    order = {
        "order_id": order_id,
        "customer_id": _customer(call.get("userId")),
        "ordered_at": _at(call),
        "status": "paid",
        "currency": currency.upper() if isinstance(currency, str) else None,
        "discount": _minor(properties.get("discount"), digits),
        "channel": properties.get("affiliation"),
        "lines": lines,
    }
    return [order]


def _line(product: Call, digits: int) -> dict[str, Any]:
    quantity = product.get("quantity", 1)
    return {
        "product_id": product.get("product_id"),
        "sku": product.get("sku"),
        "title": product.get("name"),
        "quantity": _whole(quantity),
        "unit_price": _minor(product.get("price"), digits),
    }


def _head(call: Call, said: str, properties: Call) -> dict[str, Any]:
    return {
        "type": TYPES[said],
        "at": _at(call),
        "customer_id": _customer(call.get("userId")),
        "session_id": call.get("anonymousId"),
        "order_id": properties.get("order_id"),
    }


def _at(call: Call) -> Any:  # noqa: ANN401 - whatever the caller wrote
    return call["timestamp"]


def _customer(user: object) -> object:
    """Give a customer's id; an address as id becomes its hash."""
    if isinstance(user, str) and "@" in user:
        return hashlib.sha256(user.lower().encode("utf-8", "replace")).hexdigest()[:_HASHED]
    return user


def _given(product: Call) -> Any:  # noqa: ANN401 - whatever the caller wrote
    found = product.get("product_id")
    return product.get("sku") if found in (None, "") else found


def _product(product: Call) -> Any:  # noqa: ANN401 - whatever the caller wrote
    """Give a product's id; without one it is that of an order line with its name."""
    found, name = _given(product), product.get("name")
    return title_id(name) if found in (None, "") and isinstance(name, str) else found


def _minor(amount: object, digits: int) -> object:
    """Turn major units, a number or a text, into minor ones; what is no number stays as it is."""
    figure = _decimal(amount)
    return amount if figure is None else int((figure.scaleb(digits)).to_integral_value())


def _figure(value: object) -> object:
    figure = _decimal(value)
    return value if figure is None else float(figure)


def _whole(value: object) -> object:
    figure = _decimal(value)
    is_whole = figure is not None and figure == figure.to_integral_value()
    return int(figure) if figure is not None and is_whole else value


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        figure = Decimal(str(value))
    except InvalidOperation:
        return None
    return figure if figure.is_finite() and abs(figure) < _MOST_AMOUNT else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.strip(" ").lower().encode("utf-8", "replace")).hexdigest()[:_HASHED]
