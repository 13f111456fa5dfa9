"""What a playbook file says, read anew: nothing of the product's own reader is used."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.clock import DAY, HOUR, MINUTE

UNITS = {"d": DAY, "h": HOUR, "m": MINUTE}
ANCHORS = {
    "delivered": "order",
    "paid": "order",
    "awaiting_payment": "order",
    "silence": "order",
    "status": "status",
    "delayed": "status",
    "worn": "order/product",
    "due": "order/product",
    "cart_sale": "cart",
    "wish_sale": "wish",
    "back_in_stock": "wait",
    "birthday": "year",
    "sign_up": "customer",
}
"""What messages of a trigger are about; of those not named here, what the trigger is called."""
INTENT_OF = {
    "view": "view",
    "cart": "cart",
    "cart_sale": "cart",
    "wish": "wish",
    "wish_sale": "wish",
    "wait": "wait",
    "back_in_stock": "wait",
}
LEARNED_TRIGGERS = frozenset(("silence", "points", "spend", "due"))
"""What only a snapshot can say; so it is of these conditions."""
LEARNED_CONDITIONS = frozenset(("rhythm", "segments", "is_fan", "points_short", "band_share"))


def span(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


@dataclass(frozen=True)
class Message:
    table: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.table[name]

    @property
    def is_marketing(self) -> bool:
        return bool(self.kind != "transactional")

    @property
    def on(self) -> str:
        return str(self.trigger["on"])

    @property
    def about(self) -> str:
        return ANCHORS.get(self.on, self.on)

    @property
    def after(self) -> int:
        return span(self.trigger["after"])

    @property
    def within(self) -> int:
        return span(self.trigger["within"])

    @property
    def stages(self) -> tuple[str, ...]:
        stage = self.stage
        return (stage,) if isinstance(stage, str) else tuple(stage)

    @property
    def when(self) -> Mapping[str, Any]:
        return self.table.get("when", {})

    @property
    def is_learned(self) -> bool:
        return self.on in LEARNED_TRIGGERS or not LEARNED_CONDITIONS.isdisjoint(self.when)

    def sources(self, *, least: int = 0) -> list[tuple[str, ...]]:
        """The sources of every slot that requires so many products."""
        return [
            (one["source"],) if isinstance(one["source"], str) else tuple(one["source"])
            for one in self.table.get("slots", ())
            if one["require"] >= least
        ]


class Book:
    def __init__(self, path: str | Path) -> None:
        said = tomllib.loads(Path(path).read_text("utf-8"))
        self.messages = [Message(one) for one in said["message"]]
        self.by_id = {one.id: one for one in self.messages}
        self.cap_day, self.cap_week = said["caps"]["day"], said["caps"]["week"]
        self.channel_caps: Mapping[str, Mapping[str, int]] = said["caps"].get("channel", {})
        self.gap = span(said["caps"]["min_gap"])
        hours = said["quiet_hours"]
        begin, end = (
            int(hours[name][:2]) * 60 + int(hours[name][3:]) for name in ("from", "until")
        )
        self.quiet = begin, end
        self.zone: str = hours["timezone"]
        self.after_return = span(said["pauses"]["after_return"])
        self.after_low_rating = span(said["pauses"]["after_low_rating"])
        self.intents = {one: span(said["intents"][one]) for one in ("view", "cart", "wish", "wait")}
        self.company_factor: float = said["b2b"]["window_factor"]

    def is_marketing(self, message: str) -> bool:
        known = self.by_id.get(message)
        if known is None:
            return message not in ("awaiting-payment", "order-status", "delay")
        return known.is_marketing
