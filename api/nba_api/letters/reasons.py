"""Why a product stands in a letter: the sentence of a reason, from its evidence alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from nba.recommend.wording import leaf
from nba.vocabulary import ReasonCode
from nba_api.answers import MIN_CUSTOMERS
from nba_api.letters.grammar import Share, Value, plain

REASONS: Final[Mapping[str, frozenset[str]]] = {
    key: frozenset(fields.split())
    for key, fields in {
        "often_together": "from percent",
        "together": "from",
        "same_customers": "from",
        "categories_often": "percent category_from category_to",
        "categories": "category_from category_to",
        "alike_category": "from category",
        "alike_brand": "from brand",
        "alike": "from",
        "viewed": "from",
        "followed": "percent category_from category_to",
        "goes_with": "from",
        "spare_part": "from",
        "refill": "from",
        "substitute": "from",
        "upsell": "from",
        "linked": "from",
        "pinned": "",
        "bought_before": "date",
        "customers": "customers",
        "picked": "",
        "successor": "from",
        "popular": "orders days",
        "on_sale": "",
        "new": "date",
    }.items()
}
"""The sentences of reasons, and what each may name."""
MIN_SHARE: Final = 0.01
"""A smaller share is not told: it speaks against the product."""

Sentence = tuple[str, dict[str, Value]]
_PLAIN: Final[Mapping[str, str]] = {
    ReasonCode.SAME_CUSTOMERS: "same_customers",
    ReasonCode.VIEWED_TOGETHER: "viewed",
    ReasonCode.SUBSTITUTE: "substitute",
    ReasonCode.UPSELL: "upsell",
    ReasonCode.CATALOGUE_LINK: "linked",
    ReasonCode.PINNED: "pinned",
    ReasonCode.SUCCESSOR: "successor",
    ReasonCode.ON_SALE: "on_sale",
    # Of orders with any variant: a figure that few would understand.
    ReasonCode.GROUP_TOGETHER: "together",
}
"""Reasons that are told without figures."""
_NEEDED: Final[Mapping[str, str]] = {
    ReasonCode.ACCESSORY: "goes_with",
    ReasonCode.SPARE_PART: "spare_part",
    ReasonCode.REFILL: "refill",
}


def sentence_of(reason: Mapping[str, Any], title: Callable[[str], str]) -> Sentence | None:
    """Give the key of a reason's sentence, and what it names; None where none is needed.

    A figure is told only if it rests on at least `MIN_CUSTOMERS` customers.

    Args:
        reason: code and evidence, as an answer has them.
        title: gives the title of a product by its id.
    """
    code, evidence = reason["code"], reason["evidence"]
    about: dict[str, Value] = {"from": title(str(evidence["from"]))} if evidence.get("from") else {}
    if code in _PLAIN:
        # What is pinned to every list is beside no product.
        return _PLAIN[code], about
    if code in _NEEDED:
        return _needed(_NEEDED[code], evidence, about)
    match code:
        case ReasonCode.BOUGHT_TOGETHER:
            if _is_told(evidence.get("confidence"), evidence.get("customers_together")):
                return "often_together", {**about, "percent": Share(evidence["confidence"])}
            return "together", about
        case ReasonCode.CATEGORIES_TOGETHER:
            paths = _paths(evidence)
            if _is_told(evidence.get("confidence"), evidence.get("customers_together")):
                return "categories_often", {**paths, "percent": Share(evidence["confidence"])}
            return "categories", paths
        case ReasonCode.ALIKE:
            return _alike(evidence, about)
        case ReasonCode.BOUGHT_BEFORE:
            return "bought_before", {"date": date.fromisoformat(evidence["last_at"][:10])}
        case ReasonCode.SIMILAR_CUSTOMERS:
            customers = int(evidence["customers"])
            if customers < MIN_CUSTOMERS:
                return "picked", {}
            return "customers", {"customers": customers}
        case ReasonCode.POPULAR:
            orders, days = int(evidence["orders"]), int(evidence["window_days"])
            return "popular", {"orders": orders, "days": days}
        case ReasonCode.NEW:
            return "new", {"date": date.fromisoformat(evidence["published_on"])}
        case _:
            # What they looked at or ordered themselves needs no reason.
            return None


def _needed(key: str, evidence: Mapping[str, Any], about: dict[str, Value]) -> Sentence:
    paths = _paths(evidence)
    if len(paths) == 2 and _is_told(evidence.get("share"), evidence.get("buyers")):
        return "followed", {**paths, "percent": Share(evidence["share"])}
    return key, about


def _alike(evidence: Mapping[str, Any], about: dict[str, Value]) -> Sentence:
    if evidence.get("category"):
        return "alike_category", {**about, "category": plain(leaf(evidence["category"]))}
    if evidence.get("brand"):
        return "alike_brand", {**about, "brand": plain(evidence["brand"])}
    return "alike", about


def _paths(evidence: Mapping[str, Any]) -> dict[str, Value]:
    told = {name: evidence.get(name) for name in ("category_from", "category_to")}
    return {name: plain(leaf(path)) for name, path in told.items() if path}


def _is_told(share: float | None, customers: int | None) -> bool:
    return (share or 0) >= MIN_SHARE and (customers or 0) >= MIN_CUSTOMERS
