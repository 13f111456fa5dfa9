"""The words of answers and decisions, each written once."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Availability(StrEnum):
    """Whether a product can be ordered, in the words of the catalogue feeds."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"
    DISCONTINUED = "discontinued"


AVAILABILITIES: Final = tuple(Availability)
"""Code order of the `availability` array of a snapshot."""

ELIGIBLE_AVAILABILITIES: Final = (
    Availability.IN_STOCK,
    Availability.PREORDER,
    Availability.BACKORDER,
)


class Channel(StrEnum):
    """How a message reaches a customer."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    CALL = "call"


CHANNELS: Final = tuple(Channel)


class RuleKind(StrEnum):
    """What a shop decides by hand about a pair of products."""

    PIN = "pin"
    BAN = "ban"
    LINK = "link"


RULE_KINDS: Final = tuple(RuleKind)

EVENT_TYPES: Final = tuple(
    """
    view_item add_to_cart remove_from_cart add_to_wishlist remove_from_wishlist
    back_in_stock_subscribe begin_checkout purchase refund sign_up review rating survey points
    complaint merge shown clicked
    """.split()
)
"""What customers do, in the words of GA4 where it has one."""

MESSAGE_EVENT_TYPES: Final = tuple(
    "sent delivered opened clicked useful unsubscribed bounced complained".split()
)
"""What becomes of a message."""


class Relation(StrEnum):
    """How two products belong together; the names of a snapshot's graphs."""

    BOUGHT_TOGETHER = "bought_together"
    ACCESSORIES = "accessories"
    SIMILAR = "similar"
    SUCCESSORS = "successors"
    PARTS = "parts"


CURATED_LISTS: Final = ("bought_together", "accessories", "similar", "replacements", "upsell")
"""The lists of products that a shop's rules may be about."""

RELATION_SPELLINGS: Final = {"accessory": "accessories", "replacement": "replacements"}
"""Other words for those lists."""


class Source(StrEnum):
    """Which evidence an item of a slate rests on."""

    PAIR = "pair"
    CUSTOMERS = "customers"
    GROUP = "group"
    CATEGORY_PAIR = "category_pair"
    CONTENT = "content"
    VIEWS = "views"
    PREDECESSOR = "predecessor"
    VERSION = "version"
    CATALOGUE_LINK = "catalogue_link"
    RULE = "rule"
    OWN_ORDERS = "own_orders"
    COLLABORATIVE = "collaborative"
    POPULAR = "popular"
    INTENT = "intent"


SOURCES: Final = tuple(Source)
"""Code order of the `source` array of a graph."""


class ReasonCode(StrEnum):
    """Why an item was recommended; the evidence beside it recomputes from raw rows."""

    BOUGHT_TOGETHER = "BOUGHT_TOGETHER"
    SAME_CUSTOMERS = "SAME_CUSTOMERS"
    GROUP_TOGETHER = "GROUP_TOGETHER"
    CATEGORIES_TOGETHER = "CATEGORIES_TOGETHER"
    ALIKE = "ALIKE"
    VIEWED_TOGETHER = "VIEWED_TOGETHER"
    ACCESSORY = "ACCESSORY"
    SPARE_PART = "SPARE_PART"
    REFILL = "REFILL"
    SUBSTITUTE = "SUBSTITUTE"
    UPSELL = "UPSELL"
    CATALOGUE_LINK = "CATALOGUE_LINK"
    PINNED = "PINNED"
    BOUGHT_BEFORE = "BOUGHT_BEFORE"
    SIMILAR_CUSTOMERS = "SIMILAR_CUSTOMERS"
    SUCCESSOR = "SUCCESSOR"
    POPULAR = "POPULAR"
    INTENT = "INTENT"
    ORDERED = "ORDERED"
    ON_SALE = "ON_SALE"
    NEW = "NEW"


class Stage(StrEnum):
    """Where a customer is in their life with the shop."""

    ACQUAINTANCE = "acquaintance"
    CHOOSING = "choosing"
    ORDERED = "ordered"
    CLIENT = "client"


class Rule(StrEnum):
    """Which rule held a message back."""

    NOT_STAGE = "not_stage"
    NOT_DUE = "not_due"
    EXPIRED = "expired"
    ONCE_PER = "once_per"
    COOLDOWN = "cooldown"
    TOUCHES = "touches"
    PREREQUISITE = "prerequisite"
    NEVER_AFTER = "never_after"
    NO_CONSENT = "no_consent"
    NO_CHANNEL = "no_channel"
    CAP_DAY = "cap_day"
    CAP_WEEK = "cap_week"
    NOT_KEPT = "not_kept"
    OPEN_COMPLAINT = "open_complaint"
    OPEN_DELAY = "open_delay"
    LOW_RATING = "low_rating"
    OUT_OF_STOCK = "out_of_stock"
    NO_PRODUCTS = "no_products"
    HOLDOUT = "holdout"
    CAPACITY = "capacity"
    BUDGET = "budget"
    TRANSACTIONAL_TODAY = "transactional_today"
    NO_CLAIM_DATA = "no_claim_data"
    LOWER_VALUE = "lower_value"


class MessageKind(StrEnum):
    """How personal a message is."""

    TRANSACTIONAL = "transactional"
    BROADCAST = "broadcast"
    SEGMENT = "segment"
    PERSONAL = "personal"
    TASK = "task"


MESSAGE_IDS: Final = frozenset(
    """
    welcome browse waitlist-similar waitlist-sale back-in-stock wishlist-sale wishlist-reminder
    wishlist-similar wishlist-category-sale cart-reminder cart-sale awaiting-payment order-status
    delay thank-you service-call service-rating accessories product-review follow-up-3 follow-up-7
    follow-up-30 replacement spare-part refill birthday win-back digest new-arrivals regulars-offer
    tier-progress points-expiring next-threshold survey content referral
    """.split()
)
"""Every message a playbook may hold."""

NOTHING_SENT: Final = "none"
"""The message of a decision to send nothing."""

MESSAGE_WORDS: Final = tuple(sorted(MESSAGE_IDS))
"""Code order of messages in the facts."""

INTENT_KINDS: Final = ("view", "cart", "wish", "wait")
"""What customers show by events: looked at, laid in the cart, wished for, waited for."""

ZERO_DECIMAL: Final = ("JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF", "PYG", "UGX")
THREE_DECIMAL: Final = ("BHD", "KWD", "OMR", "JOD", "TND", "IQD", "LYD")


def decimals(currency: str) -> int:
    """Give the digits behind the point of a currency, by its ISO 4217 code; 2 of none.

    10 to that power are the minor units of one major unit.
    """
    code = currency.upper()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


STATISTICS: Final = "statistics"
"""The folder of kept statistics, beside that of the snapshots."""
