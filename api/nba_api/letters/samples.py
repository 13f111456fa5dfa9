"""What a message would look like, with products of the shop: for who has none due to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final

import numpy as np

from nba.config import shipped
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message, Slot
from nba.decide.playbooks.triggers import ON_SALE, WITH_ORDER, Anchor
from nba.domain import DAY, iso
from nba.errors import ConfigError
from nba.recommend.recommender import Recommender
from nba.recommend.results import Slate
from nba.vocabulary import ReasonCode
from nba_api.live import Serving

ORDER_ID: Final = "1001"
CUSTOMER_ID: Final = "sample"
_ASKED_ABOUT: Final = 20
"""Popular products of which one with a list of its own is looked for."""
_THEIR_OWN: Final = frozenset(("ordered", "anchor"))
_STATUS: Final[Mapping[str, str]] = {
    "delayed": "delayed",
    "awaiting_payment": "awaiting_payment",
    "paid": "paid",
    "status": "shipped",
}
"""Trigger → the status of the order that it tells of; any other tells of a delivered one."""


def sampled(playbook: Playbook) -> dict[str, Message]:
    """Give every message by its id: those of a playbook, then those of the two that ship."""
    every = (playbook, *(_shipped(name) for name in ("owox_2011", "plus_3_7_30")))
    found: dict[str, Message] = {}
    for one in every:
        for message in one.message:
            found.setdefault(message.id, message)
    return found


def sample(message: Message, serving: Serving, at: np.datetime64) -> dict[str, Any]:
    """Give the document of a decision for this message, about nobody.

    Its products are the shop's, each with a reason that its orders give; order and dates are
    invented.

    Args:
        message: of a playbook.
        serving: whose products.
        at: now.

    Raises:
        ConfigError: there is no product to show.
    """
    recommender = serving.recommender
    popular = recommender.popular(n=_ASKED_ABOUT, at=at)
    if not popular:
        raise ConfigError("no product can be ordered, so there is none to show")
    slots = {slot.name: _filled(slot, recommender, popular, at) for slot in message.slots}
    ids = [item["product_id"] for slot in slots.values() for item in slot]
    anchor = _anchor(message, at)
    merge: dict[str, Any] = {"anchor": anchor}
    if message.trigger.meaning.anchor in WITH_ORDER:
        merge = {
            "order_id": ORDER_ID,
            "product_ids": ids or popular.product_ids[:2],
            "status": _STATUS.get(message.trigger.on, "delivered"),
        }
    return {
        "customer_id": CUSTOMER_ID,
        "as_of": iso(at),
        "message": {
            "id": message.id,
            "kind": str(message.kind),
            "channel": str(message.channels[0]),
            "slots": slots,
            "merge": merge,
            "text": message.text or message.id,
            "anchor": anchor,
        },
        "experiment": {"arm": None},
    }


def _filled(
    slot: Slot, recommender: Recommender, popular: Slate, at: np.datetime64
) -> list[dict[str, Any]]:
    """Fill a slot from the first of its sources that says something of a popular product."""
    asking: Mapping[str, Callable[..., Slate]] = {
        "accessories": recommender.accessories,
        "parts": recommender.accessories,
        "bought_together": recommender.bought_together,
        "similar": recommender.similar,
        "replacements": recommender.replacements,
    }
    for source in slot.source:
        if source in asking:
            ask = partial(asking[source], n=slot.n, at=at)
            found = next(filter(len, map(ask, popular.product_ids)), None)
            if found is not None:
                return [item.to_dict() for item in found]
    every = [item.to_dict() for item in popular]
    cheaper = [item for item in every if item["product"]["sale_price"] is not None]
    items = (cheaper if cheaper and ON_SALE.intersection(slot.source) else every)[: slot.n]
    if _THEIR_OWN.intersection(slot.source):
        return [item | {"reason": {"code": ReasonCode.ORDERED, "evidence": {}}} for item in items]
    return items


def _anchor(message: Message, at: np.datetime64) -> str:
    match message.trigger.meaning.anchor:
        case Anchor.DATE:
            return str((at + 14 * DAY).astype("datetime64[D]"))
        case Anchor.TIER:
            return "Gold"
        case Anchor.ORDER | Anchor.STATUS | Anchor.ORDER_PRODUCT:
            return ORDER_ID
        case _:
            return str(at.astype("datetime64[Y]"))


@cache
def _shipped(name: str) -> Playbook:
    return Playbook.from_toml(shipped("playbooks", name))
