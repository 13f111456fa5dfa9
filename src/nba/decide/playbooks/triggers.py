"""The words of a playbook that say when: each trigger with its anchor and what it can fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from nba.vocabulary import Stage

TriggerWord = Literal[
    "delivered",
    "paid",
    "status",
    "delayed",
    "awaiting_payment",
    "sign_up",
    "view",
    "cart",
    "cart_sale",
    "wish",
    "wish_sale",
    "wait",
    "back_in_stock",
    "birthday",
    "week",
    "worn",
    "due",
    "silence",
    "points_expiring",
    "points",
    "spend",
]
"""What a message can wait for; `TRIGGERS` says what each means."""

SlotSource = Literal[
    "bought_together",
    "accessories",
    "similar",
    "similar_on_sale",
    "on_sale",
    "replacements",
    "parts",
    "buy_again",
    "due",
    "picks",
    "popular",
    "new",
    "ordered",
    "anchor",
]
"""Where a slot's products come from: `replacements` are successors alone, `parts` what wears out or
runs out in a product, `on_sale` the same category as what the message is about, `ordered` what was
kept of the order, `anchor` what the customer looked at, laid in the cart, wished or waits for."""

_OF_THE_CUSTOMER: Final = frozenset[SlotSource](("buy_again", "due", "picks", "popular", "new"))
_OF_A_PRODUCT: Final = _OF_THE_CUSTOMER | frozenset[SlotSource](
    ("bought_together", "accessories", "similar", "similar_on_sale", "on_sale", "replacements")
)
_OF_AN_ORDER: Final = _OF_A_PRODUCT | frozenset[SlotSource](("ordered", "parts"))
_OF_AN_INTENT: Final = _OF_A_PRODUCT | frozenset[SlotSource](("anchor",))

_BUYERS: Final = frozenset((Stage.CHOOSING, Stage.ORDERED, Stage.CLIENT))
_CHOOSERS: Final = frozenset((Stage.CHOOSING, Stage.ORDERED))
_WAITERS: Final = frozenset((Stage.ORDERED,))

BROADCAST_SOURCES: Final = frozenset[SlotSource](("popular", "new"))
"""What may be shown to everybody alike."""
ON_SALE: Final = frozenset[SlotSource](("similar_on_sale", "on_sale"))
"""Sources whose every product is on sale."""


class Anchor(StrEnum):
    """What a message is about: messages about the same thing share the text of their anchor."""

    ORDER = "order"
    """The order's id."""
    STATUS = "status"
    """order id/status"""
    ORDER_PRODUCT = "order_product"
    """order id/product id"""
    VIEW = "view"
    """The id of the event that opened the first of the products looked at."""
    CART = "cart"
    """The id of the event that opened the cart."""
    WISH = "wish"
    """The id of the event that opened the wish."""
    WAIT = "wait"
    """The id of the event that opened the wait."""
    CUSTOMER = "customer"
    """The customer's id."""
    YEAR = "year"
    """Such as 2026."""
    WEEK = "week"
    """Such as 2026-W47."""
    DATE = "date"
    """Such as 2026-12-31."""
    TIER = "tier"
    """The tier's name."""
    BAND = "band"
    """year/band"""


WITH_ORDER: Final = frozenset((Anchor.ORDER, Anchor.STATUS, Anchor.ORDER_PRODUCT))
"""Anchors that begin with an order."""
WITH_PRODUCT: Final = frozenset((Anchor.ORDER_PRODUCT, Anchor.WISH, Anchor.WAIT))
"""Anchors that are about one product."""
WITH_YEAR: Final = frozenset((Anchor.YEAR, Anchor.WEEK, Anchor.DATE, Anchor.BAND))
"""Anchors that begin with a year."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a trigger word means.

    Attributes:
        anchor: what its messages are about.
        instant: the instant that `after` counts from, in words.
        fills: the slot sources it has products for.
        intent: the kind of intent that must be open, a word of `vocabulary.INTENT_KINDS`.
        may_lead: `after` may be negative.
        before: the window must close by the instant itself.
        days: `after` must be less than so many days, else the next anchor is there first.
        stages: those that its customers can be in.
    """

    anchor: Anchor
    instant: str
    fills: frozenset[SlotSource] = _OF_THE_CUSTOMER
    intent: Literal["view", "cart", "wish", "wait"] | None = None
    may_lead: bool = False
    before: bool = False
    days: int | None = None
    stages: frozenset[Stage] = frozenset(Stage)

    @property
    def why_fields(self) -> frozenset[str]:
        """The fields that a message's `why` may use."""
        found = {"days", "products"}
        if self.anchor in WITH_ORDER:
            found.add("order")
        if self.anchor is Anchor.STATUS:
            found.add("status")
        if self.anchor in WITH_YEAR or self.anchor is Anchor.TIER:
            found.add("anchor")
        return frozenset(found)


TRIGGERS: Final[Mapping[TriggerWord, Meaning]] = {
    "delivered": Meaning(Anchor.ORDER, "the delivery of an order", _OF_AN_ORDER, stages=_BUYERS),
    "paid": Meaning(
        Anchor.ORDER, "the payment of an order, until its delivery", _OF_AN_ORDER, stages=_BUYERS
    ),
    "status": Meaning(
        Anchor.STATUS,
        "the status of an order, until its next; not awaiting_payment, not delayed",
        _OF_AN_ORDER,
    ),
    "delayed": Meaning(
        Anchor.STATUS, "the delay of an order, while it lasts", _OF_AN_ORDER, stages=_WAITERS
    ),
    "awaiting_payment": Meaning(
        Anchor.ORDER,
        "since when an order awaits payment, while it does",
        _OF_AN_ORDER,
        stages=_WAITERS,
    ),
    "sign_up": Meaning(Anchor.CUSTOMER, "the sign-up"),
    "view": Meaning(
        Anchor.VIEW,
        "the last look at a product, once `min` of them were looked at and not bought",
        _OF_AN_INTENT,
        "view",
    ),
    "cart": Meaning(
        Anchor.CART, "the last product laid in the cart", _OF_AN_INTENT, "cart", stages=_CHOOSERS
    ),
    "cart_sale": Meaning(
        Anchor.CART,
        "the fall of the price of a product in the cart",
        _OF_AN_INTENT,
        "cart",
        stages=_CHOOSERS,
    ),
    "wish": Meaning(Anchor.WISH, "the wish", _OF_AN_INTENT, "wish", stages=_CHOOSERS),
    "wish_sale": Meaning(
        Anchor.WISH,
        "the fall of the price of what was wished for",
        _OF_AN_INTENT,
        "wish",
        stages=_CHOOSERS,
    ),
    "wait": Meaning(
        Anchor.WAIT,
        "the entry in the waiting list, while the product cannot be ordered",
        _OF_AN_INTENT,
        "wait",
        stages=_CHOOSERS,
    ),
    "back_in_stock": Meaning(
        Anchor.WAIT,
        "since when the product waited for can be ordered again",
        _OF_AN_INTENT,
        "wait",
        stages=_CHOOSERS,
    ),
    "birthday": Meaning(
        Anchor.YEAR, "midnight of the birthday, the customer's own", may_lead=True, days=365
    ),
    "week": Meaning(Anchor.WEEK, "Monday, 00:00, the customer's own", days=7),
    "worn": Meaning(
        Anchor.ORDER_PRODUCT,
        "the delivery of a product plus its replacement cycle",
        _OF_AN_ORDER,
        may_lead=True,
        stages=_BUYERS,
    ),
    "due": Meaning(
        Anchor.ORDER_PRODUCT,
        "the day on which the customer needs a product again",
        _OF_AN_ORDER,
        may_lead=True,
        stages=_BUYERS,
    ),
    "silence": Meaning(
        Anchor.ORDER,
        "since when the customer's rhythm is at_risk or lost",
        _OF_AN_ORDER,
        stages=_BUYERS,
    ),
    "points_expiring": Meaning(
        Anchor.DATE, "the expiry of the customer's points", may_lead=True, before=True
    ),
    "points": Meaning(
        Anchor.TIER,
        "Monday, 00:00, while at most `when.points_short` is missing to the next tier",
    ),
    "spend": Meaning(
        Anchor.BAND,
        "Monday, 00:00, while at most `when.band_share` is missing to the next band",
    ),
}
"""What each trigger word means."""
