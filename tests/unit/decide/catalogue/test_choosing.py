"""Rows of the catalogue about who is choosing: waiting list, wish list, cart."""

from __future__ import annotations

import pytest

from nba.vocabulary import Rule
from tests.facts_of import event, letter, order, profile, state
from tests.unit.decide.catalogue.shop import LISTS, Case

SOLD_OUT = state("laptop", 190, "out_of_stock", price=50_000)
WAITING = {"events": [event("back_in_stock_subscribe", 200, "laptop")], "states": [SOLD_OUT]}
BACK = {**WAITING, "states": [SOLD_OUT, state("laptop", 204.5, price=50_000)]}
WAIT = "back_in_stock_subscribe/laptop"
WISHING = {"events": [event("add_to_wishlist", 200, "laptop")]}
WISH = "add_to_wishlist/laptop"
FULL_PRICE = state("laptop", 190, price=50_000)
CUT = state("laptop", 204.5, price=50_000, sale_price=45_000)
CART = {"events": [event("add_to_cart", 200, "laptop")]}
LAID = "add_to_cart/laptop"
REMINDED = [letter("cart-reminder", 200.2, LAID)]
WISH_LADDER = [
    letter("wishlist-reminder", 207, WISH),
    letter("wishlist-similar", 214, WISH),
    letter("wishlist-category-sale", 221, WISH),
]
CASES = [
    Case(
        4,
        "while it cannot be ordered: the like of it, of its category and in stock",
        LISTS,
        WAITING,
        {201: "digest", 202: "waitlist-similar", 203: "waitlist-similar"},
        shown={202: ["netbook", "notebook"]},
    ),
    Case(
        4,
        "then what is on sale in its category, and never back",
        LISTS,
        WAITING | {"letters": [letter("waitlist-similar", 202, WAIT)]},
        {208: "digest", 209: "waitlist-sale", 210: "waitlist-sale"},
        shown={209: ["notebook"]},
        held={209: {"waitlist-similar": Rule.ONCE_PER}},
    ),
    Case(
        4,
        "nothing of it once it can be ordered",
        LISTS,
        BACK,
        {204: "waitlist-similar", 213: None},
        held={213: {"back-in-stock": Rule.EXPIRED}},
    ),
    Case(
        5,
        "back in stock goes before the like of it, for a week",
        LISTS,
        BACK,
        {204: "waitlist-similar", 205: "back-in-stock", 211: "back-in-stock", 212: None},
        shown={205: ["laptop"]},
    ),
    Case(
        5,
        "is told once",
        LISTS,
        BACK | {"letters": [letter("back-in-stock", 205, WAIT)]},
        {206: None},
        held={206: {"back-in-stock": Rule.NOT_STAGE}},
    ),
    Case(
        5,
        "is not told when it is gone again",
        LISTS,
        {**BACK, "states": [*BACK["states"], state("laptop", 205.5, "out_of_stock")]},
        {205: "back-in-stock", 206: "waitlist-similar"},
    ),
    Case(
        5,
        "is not told to who bought it since",
        LISTS,
        BACK | {"orders": [order(204.8, "laptop", status="paid", status_at=204.8)]},
        {205: "order-status", 206: None},
    ),
    Case(
        6,
        "a promotion at once, but only when the price fell",
        LISTS,
        WISHING | {"states": [FULL_PRICE, CUT]},
        {204: None, 205: "wishlist-sale", 206: "wishlist-sale"},
        shown={205: ["laptop"]},
    ),
    Case(
        6,
        "no promotion of a price that rose again",
        LISTS,
        WISHING | {"states": [FULL_PRICE, CUT, state("laptop", 205.5, price=50_000)]},
        {205: "wishlist-sale", 206: None},
    ),
    Case(
        6,
        "no promotion of a price that was low when it was wished for",
        LISTS,
        WISHING | {"states": [FULL_PRICE, state("laptop", 195, price=45_000)]},
        {204: None, 206: None},
    ),
    Case(
        6,
        "a reminder after a week",
        LISTS,
        WISHING,
        {206: None, 207: "wishlist-reminder", 208: "wishlist-reminder"},
        shown={207: ["laptop"]},
    ),
    Case(
        6,
        "after the reminder the like of it",
        LISTS,
        WISHING | {"letters": WISH_LADDER[:1]},
        {213: None, 214: "wishlist-similar", 215: "wishlist-similar"},
        shown={214: ["netbook", "notebook"]},
        held={213: {"wishlist-reminder": Rule.ONCE_PER, "wishlist-similar": Rule.NOT_DUE}},
    ),
    Case(
        6,
        "then what is on sale in its category",
        LISTS,
        WISHING | {"letters": WISH_LADDER[:2]},
        {220: None, 221: "wishlist-category-sale", 222: "wishlist-category-sale"},
        shown={221: ["notebook"]},
    ),
    Case(
        6,
        "and then nothing",
        LISTS,
        WISHING | {"letters": WISH_LADDER},
        {227: None, 228: None},
        held={228: {"wishlist-category-sale": Rule.ONCE_PER, "wishlist-similar": Rule.ONCE_PER}},
    ),
    Case(
        6,
        "nothing of what was taken off the list",
        LISTS,
        {"events": [*WISHING["events"], event("remove_from_wishlist", 206, "laptop")]},
        {207: None},
    ),
    Case(
        7,
        "a reminder of the cart after four hours, for three days in all",
        LISTS,
        CART,
        {200.1: None, 200.17: "cart-reminder", 202: "cart-reminder", 203: "digest"},
        shown={201: ["laptop"]},
    ),
    Case(
        7,
        "then a promotion when the price of what lies in it falls",
        LISTS,
        CART | {"letters": REMINDED, "states": [FULL_PRICE, CUT]},
        {204: None, 205: "cart-sale", 206: "cart-sale"},
        shown={205: ["laptop"]},
        held={202: {"cart-reminder": Rule.ONCE_PER}},
    ),
    Case(
        7,
        "no promotion before the reminder",
        LISTS,
        CART | {"states": [FULL_PRICE, CUT]},
        {205: None},
        held={205: {"cart-sale": Rule.PREREQUISITE}},
    ),
    Case(
        7,
        "nothing of what was bought",
        LISTS,
        CART | {"orders": [order(200.1, "laptop", status="paid", status_at=200.1)]},
        {200.2: "order-status"},
        held={201.5: {"cart-reminder": Rule.NOT_STAGE}},
    ),
    Case(
        7,
        "nothing of what was bought, even once it arrived",
        LISTS,
        CART | {"orders": [order(200.1, "laptop", delivered=200.1)]},
        {201.9: "digest"},
        held={201.9: {"cart-reminder": Rule.NOT_STAGE}},
    ),
    Case(
        7,
        "what else lies in the cart is reminded of after a purchase",
        LISTS,
        {
            "events": [*CART["events"], event("add_to_cart", 200.05, "mouse")],
            "orders": [order(200.1, "laptop", delivered=200.1)],
        },
        {201.9: "cart-reminder"},
        shown={201.9: ["mouse"]},
    ),
    Case(
        7,
        "a cancelled order leaves the cart open",
        LISTS,
        CART
        | {
            "orders": [order(200.1, "laptop", status="cancelled", status_at=200.2)],
            "letters": [letter("order-status", 200.3, "o1/cancelled")],
        },
        {201: "cart-reminder"},
    ),
    Case(
        7,
        "nothing of a cart that was emptied",
        LISTS,
        {"events": [*CART["events"], event("remove_from_cart", 200.1, "laptop")]},
        {200.2: None, 201: "digest"},
    ),
    Case(
        32,
        "a company's cart is reminded of twice as late and as long",
        LISTS,
        CART | {"profiles": [profile(account_type="b2b")]},
        {200.17: None, 200.34: "cart-reminder", 205.9: "cart-reminder", 206: None},
    ),
    Case(
        32,
        "that of anybody else is not",
        LISTS,
        CART | {"profiles": [profile(account_type="b2c")]},
        {200.17: "cart-reminder", 205.9: None},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_holds_before_on_and_after_its_day(case: Case) -> None:
    case.check()
