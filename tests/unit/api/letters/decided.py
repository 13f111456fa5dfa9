"""Decisions of a small shop about every message, and every reason that a product may stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.playbooks.triggers import WITH_ORDER, Anchor
from nba.vocabulary import MESSAGE_IDS, ReasonCode

MESSAGES: Final[Mapping[str, Message]] = {
    message.id: message
    for name in ("owox_2011", "plus_3_7_30")
    for message in Playbook.from_toml(shipped("playbooks", name)).message
}
assert set(MESSAGES) == MESSAGE_IDS
PAIR: Final = {"from": "kettle", "confidence": 0.348, "customers_together": 31}
NEED: Final = {
    "from": "kettle",
    "category_from": "Kitchen > Kettles",
    "category_to": "Kitchen > Filters",
    "share": 0.125,
    "buyers": 40,
}
EVIDENCE: Final[Mapping[ReasonCode, Mapping[str, Any]]] = {
    ReasonCode.BOUGHT_TOGETHER: PAIR,
    ReasonCode.SAME_CUSTOMERS: {"from": "kettle", "customers_together": 4, "within_days": 90},
    ReasonCode.GROUP_TOGETHER: PAIR,
    ReasonCode.CATEGORIES_TOGETHER: {**PAIR, **NEED},
    ReasonCode.ALIKE: {"from": "kettle", "category": "Kitchen > Kettles", "brand": "Runa"},
    ReasonCode.VIEWED_TOGETHER: {"from": "kettle", "sessions_together": 7},
    ReasonCode.ACCESSORY: NEED,
    ReasonCode.SPARE_PART: NEED,
    ReasonCode.REFILL: NEED,
    ReasonCode.SUBSTITUTE: {"from": "kettle"},
    ReasonCode.UPSELL: {"from": "kettle", "price_from": 3000, "price": 4000},
    ReasonCode.CATALOGUE_LINK: {"from": "kettle"},
    ReasonCode.PINNED: {"from": None},
    ReasonCode.BOUGHT_BEFORE: {"orders_with": 2, "orders": 5, "last_at": "2026-02-21T10:00:00Z"},
    ReasonCode.SIMILAR_CUSTOMERS: {"customers": 21, "orders": 30},
    ReasonCode.SUCCESSOR: {"from": "kettle", "via": None},
    ReasonCode.POPULAR: {"orders": 23, "window_days": 90, "until": "2026-03-01T00:00:00Z"},
    ReasonCode.INTENT: {},
    ReasonCode.ORDERED: {},
    ReasonCode.ON_SALE: {"category": "Kitchen > Kettles", "orders": 5},
    ReasonCode.NEW: {"category": None, "published_on": "2026-02-21", "orders": 1},
}
EVIL: Final = "</a><script>alert(1)</script>\" onload='x' {{ 7*7 }} {% raw %} --> \ud800\r\nBcc: x"
"""A title as nobody should write it."""


class Catalogue:
    """The two products that reasons and orders name, as a snapshot has them."""

    def __init__(self, title: str = "Kettle") -> None:
        self.ids = self
        self.title = [title, ""]

    def find(self, product_id: str) -> int | None:
        return {"kettle": 0, "filter": 1}.get(product_id)

    def card(self, code: int) -> dict[str, Any]:
        return card(self.title[code])


def card(title: str, **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "category": None,
        "price": 3000,
        "sale_price": None,
        "currency": "EUR",
        "link": "https://shop.example/kettle?a=1&b=2",
        "image_link": "https://shop.example/kettle.png",
        "availability": "in_stock",
    } | more


def item(code: ReasonCode, shown: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "product_id": "kettle",
        "product": dict(shown),
        "reason": {"code": str(code), "evidence": dict(EVIDENCE[code])},
    }


def document(
    message: str,
    *,
    title: str = "Kettle",
    status: str = "delivered",
    order: str = "o1",
    channel: str | None = None,
    arm: str | None = None,
    **said: Any,
) -> dict[str, Any]:
    """Give a decision with a message; its products stand for one reason each."""
    one = MESSAGES[message]
    shown = [item(code, card(title)) for code in EVIDENCE]
    anchor = "2026-12-31" if one.trigger.meaning.anchor is Anchor.DATE else "Gold"
    merge: dict[str, Any] = {"anchor": anchor}
    if one.trigger.meaning.anchor in WITH_ORDER:
        merge = {"order_id": order, "product_ids": ["kettle", "filter", "gone"], "status": status}
    return {
        "customer_id": "ann/b c",
        "message": {
            "id": message,
            "kind": str(one.kind),
            "channel": channel or str(one.channels[0]),
            "slots": {slot.name: shown[: max(slot.n, 3)] for slot in one.slots},
            "merge": merge,
            "text": message,
            "anchor": anchor,
        }
        | said,
        "experiment": {"arm": arm},
    }
