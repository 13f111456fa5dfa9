"""What the words of decisions mean, for people: stages, states, rules, events, messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nba.palette import STATUS_LOOKS
from nba.statuses import DELIVERED, STATUSES
from nba.vocabulary import Rule

STAGES: Final[Mapping[str, str]] = {
    "acquaintance": "has not ordered, and shows no wish to",
    "choosing": "has something in the cart, on the wish list, or waits for it",
    "ordered": "waits for an order",
    "client": "has what they ordered",
}
STATES: Final[Mapping[str, str]] = {
    "acquaintance/new": "New",
    "acquaintance/browsing": "Looks around",
    "choosing/cart": "Something lies in the cart",
    "choosing/wishlist": "Something is on the wish list",
    "choosing/waitlist": "Waits for something to come back",
    **{
        f"ordered/{one}": f"Order: {STATUS_LOOKS[one].label.lower()}"
        for one in STATUSES[:DELIVERED]
    },
    "client/delivered": "Got an order",
    "client/returned": "Sent something back",
    "client/idle": "Silent for longer than usual",
}
RULES: Final[Mapping[str, str]] = {
    Rule.NOT_STAGE: "it is for customers of another stage, or for others by its conditions",
    Rule.NOT_DUE: "its time has not come, or what it waits for has not happened",
    Rule.EXPIRED: "its time is over",
    Rule.ONCE_PER: "it was sent about the same thing before",
    Rule.COOLDOWN: "it was sent lately, or something came back lately",
    Rule.TOUCHES: "so much else was sent about the same thing already",
    Rule.PREREQUISITE: "another message has to come first",
    Rule.NEVER_AFTER: "another message came that rules it out",
    Rule.NO_CONSENT: "the customer did not agree to any of its channels",
    Rule.NO_CHANNEL: "what was sent there came back for good",
    Rule.CAP_DAY: "as many messages as are allowed in a day were sent",
    Rule.CAP_WEEK: "as many messages as are allowed in a week were sent",
    Rule.NOT_KEPT: "the order was cancelled or returned",
    Rule.OPEN_COMPLAINT: "a complaint is open",
    Rule.OPEN_DELAY: "an order is delayed",
    Rule.LOW_RATING: "the customer gave a low rating",
    Rule.OUT_OF_STOCK: "the products it needs are out of stock",
    Rule.NO_PRODUCTS: "there are no products that it needs",
    Rule.HOLDOUT: "the customer gets no marketing, so that its effect can be measured",
    Rule.CAPACITY: "its place on a short channel is worth more to others",
    Rule.BUDGET: "this week's discounts are spent, or would leave too little",
    Rule.TRANSACTIONAL_TODAY: "there is news of an order today",
    Rule.NO_CLAIM_DATA: "the data do not prove what it claims",
    Rule.LOWER_VALUE: "it is worth less than sending nothing",
}
EVENTS: Final[Mapping[str, str]] = {
    "view_item": "Looked at",
    "add_to_cart": "Laid in the cart",
    "remove_from_cart": "Took out of the cart",
    "add_to_wishlist": "Put on the wish list",
    "remove_from_wishlist": "Took off the wish list",
    "back_in_stock_subscribe": "Asked to be told when it is back",
    "begin_checkout": "Began to check out",
    "purchase": "Bought",
    "refund": "Was refunded",
    "sign_up": "Signed up",
    "review": "Wrote a review of",
    "rating": "Rated",
    "survey": "Answered a survey",
    "points": "Points changed",
    "complaint": "Complained",
    "merge": "Was recognised: sessions were joined with this customer",
    "shown": "Was shown",
    "clicked": "Clicked",
}
MESSAGE_EVENTS: Final[Mapping[str, str]] = {
    "sent": "sent",
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "useful": "led to a useful action",
    "unsubscribed": "unsubscribed by it",
    "bounced": "came back",
    "complained": "marked as spam",
}
CHANNELS: Final[Mapping[str, str]] = {
    "email": "e-mail",
    "sms": "SMS",
    "push": "push",
    "call": "call",
}


def titled(identifier: str) -> str:
    """Write the id of a message as a title, such as `Back in stock`."""
    words = identifier.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
