"""Every word of a trigger: when it opens, when it closes, and what the message is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest

from nba.artifacts.snapshot import Snapshot
from nba.decide.playbook import Playbook
from nba.decide.playbooks.messages import Message
from nba.decide.playbooks.sections import QuietHours
from nba.decide.playbooks.triggers import TriggerWord
from nba.decide.policy import Policy
from nba.decide.triggering.occasions import iso_week
from nba.domain import MICROSECOND
from nba.palette import BAND_LOOKS
from tests.facts_of import event, facts, instant, order, profile, state, status
from tests.segmented import profiles, segmented
from tests.shops import Order
from tests.unit.decide.catalogue.shop import LISTS, policy, shop

HOUR = 1 / 24
MONDAY = 199.5
"""Monday the 20th of July 2026, 00:00 UTC."""
SPENT: list[Order] = [("a0", "ann", 100, ["tea"]), ("x0", "x0", 150, ["tea"])]


@cache
def described() -> Snapshot:
    """The shop with a ladder of tiers and bands, on whose first step Ann stands."""
    known = segmented(
        SPENT,
        {
            "tier": [{"id": "silver", "at_least": 0}, {"id": "gold", "at_least": 10_000}],
            "band": [
                {"id": "small", "at_least": 0, "look": BAND_LOOKS["small"]},
                {"id": "large", "at_least": 10_000, "look": BAND_LOOKS["large"]},
            ],
            "band_account_types": [],
        },
        told=profiles({"customer_id": "ann", "tier": "silver"}),
        price=9_600,
        as_of=190,
    )
    return replace(shop(), segments=known)


def message(on: str, *, after: str = "0d", within: str = "2000d", **more: Any) -> Message:
    stages = ["acquaintance", "choosing", "ordered", "client"]
    return Message.model_validate(
        {"id": "content", "tier": 5, "stage": stages, "kind": "personal", "channels": ["email"]}
        | {"trigger": {"on": on, "after": after, "within": within}}
        | {"value_share": 1.0, "response": 0.5, "unsubscribe_risk": 0.0, "why": ""}
        | more
    )


def only(told: Message) -> Policy:
    """A policy of one message, at any hour."""
    book: Playbook = policy(LISTS).playbook.model_copy(
        update={"message": (told,), "quiet_hours": QuietHours()}
    )
    return Policy(described(), book)


def about(told: Policy, at: np.datetime64, happened: Mapping[str, Any]) -> set[str]:
    """Give what the message may be about at an instant, knowing all that happened before it."""
    return {anchor for _, anchor in told.decide("ann", facts(as_of=at, **happened), at).sendable}


@dataclass(frozen=True)
class Word:
    """A word with what happened, and the days from which and until which it is open.

    Without an end it is open for as long as the message says, two thousand days.
    """

    on: str
    happened: Mapping[str, Any]
    opens: float
    closes: float | None
    anchor: str
    after: str = "0d"
    within: str = "2000d"
    when: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        """Name the case."""
        return f"{self.on} about {self.anchor}"


def shipped(*later: tuple[str, float], last: str = "shipped", at: float = 202) -> Mapping[str, Any]:
    return {
        "orders": [order(200, "laptop", status=last, status_at=at)],
        "statuses": [status(name, when) for name, when in later],
    }


WAIT = {"events": [event("back_in_stock_subscribe", 200, "laptop")]}
GONE, BACK = state("laptop", 190, "out_of_stock"), state("laptop", 205)
FULL, CUT = state("laptop", 190), state("laptop", 205, sale_price=8_000)
RISEN = state("laptop", 207)
WORDS = [
    Word("delivered", {"orders": [order(200, "tea", delivered=203)]}, 203, None, "o1"),
    Word(
        "paid",
        {
            "orders": [order(200, "tea", delivered=204)],
            "statuses": [status("paid", 201), status("shipped", 202)],
        },
        201,
        204,
        "o1",
    ),
    Word("status", shipped(("paid", 201)), 202, None, "o1/shipped"),
    Word("status", shipped(("paid", 201)), 201, 202, "o1/paid"),
    Word("delayed", shipped(("delayed", 201)), 201, 202, "o1/delayed"),
    Word("awaiting_payment", shipped(("awaiting_payment", 200.5)), 200.5, 202, "o1"),
    Word("sign_up", {"events": [event("sign_up", 200)]}, 200, None, "ann"),
    Word("sign_up", {"profiles": [profile(created_at=instant(198))]}, 198, None, "ann"),
    Word(
        "view",
        {"events": [event("view_item", 200, "tea"), event("view_item", 201, "mouse")]},
        201,
        215,
        "view_item/tea",
    ),
    Word("cart", {"events": [event("add_to_cart", 200, "tea")]}, 200, 230, "add_to_cart/tea"),
    Word(
        "cart",
        {"events": [event("add_to_cart", 200, "tea"), event("remove_from_cart", 201, "tea")]},
        200,
        201,
        "add_to_cart/tea",
    ),
    Word(
        "cart_sale",
        {"events": [event("add_to_cart", 200, "laptop")], "states": [FULL, CUT]},
        205,
        230,
        "add_to_cart/laptop",
    ),
    Word(
        "wish", {"events": [event("add_to_wishlist", 200, "tea")]}, 200, 380, "add_to_wishlist/tea"
    ),
    Word(
        "wish",
        {"events": [event("add_to_wishlist", 200, "tea")], "orders": [order(210, "tea")]},
        200,
        210,
        "add_to_wishlist/tea",
    ),
    Word(
        "wish_sale",
        {"events": [event("add_to_wishlist", 200, "laptop")], "states": [FULL, CUT, RISEN]},
        205,
        207,
        "add_to_wishlist/laptop",
    ),
    Word(
        "wish_sale",
        {
            "events": [event("add_to_wishlist", 200, "laptop")],
            "states": [FULL, state("laptop", 205, sale_price=8_000, sale_until=206)],
        },
        205,
        206,
        "add_to_wishlist/laptop",
    ),
    Word("wait", WAIT | {"states": [GONE, BACK]}, 200, 205, "back_in_stock_subscribe/laptop"),
    Word(
        "back_in_stock",
        WAIT | {"states": [GONE, BACK, state("laptop", 207, "out_of_stock")]},
        205,
        207,
        "back_in_stock_subscribe/laptop",
    ),
    Word(
        "birthday",
        {"profiles": [profile(birthday="1990-07-24")]},
        203.5,
        206.5,
        "2026",
        within="3d",
    ),
    Word(
        "birthday",
        {"profiles": [profile(birthday="1990-01-02")]},
        362.5,
        365.5,
        "2027",
        after="-3d",
        within="3d",
    ),
    Word("week", {}, MONDAY + 10 * HOUR, MONDAY + 34 * HOUR, "2026-W30", after="10h", within="24h"),
    Word(
        "week",
        {"profiles": [profile(timezone="Asia/Tokyo")]},
        MONDAY - 9 * HOUR,
        MONDAY + 15 * HOUR,
        "2026-W30",
        within="24h",
    ),
    Word("worn", {"orders": [order(200, "phone")]}, 470, None, "o1/phone"),
    Word("worn", {"orders": [order(200, "phone")]}, 463, None, "o1/phone", after="-7d"),
    Word(
        "points_expiring",
        {"profiles": [profile(points=9, attributes='{"points_expire_at": "2026-07-24"}')]},
        193.5,
        203.5,
        "2026-07-24",
        after="-10d",
        within="10d",
    ),
    Word("points", {}, MONDAY, MONDAY + 6, "gold", within="6d", when={"points_short": 400}),
    Word("spend", {}, MONDAY, MONDAY + 6, "2026/large", within="6d", when={"band_share": 0.04}),
]
ELSEWHERE = {"due": "test_refills.py", "silence": "catalogue/test_regulars.py"}
"""Words that a trained shop alone opens."""


@pytest.mark.parametrize("word", WORDS, ids=str)
def test_a_word_opens_and_closes_to_the_microsecond(word: Word) -> None:
    more: dict[str, Any] = {} if word.when is None else {"when": word.when}
    if word.on == "delayed":
        # Nothing else leaves while an order is delayed.
        more = {"kind": "transactional", "tier": 0}
    told = only(message(word.on, after=word.after, within=word.within, **more))
    opens = instant(word.opens)
    # What happens at an instant is known a moment later.
    known_from = opens + MICROSECOND
    assert word.anchor not in about(told, opens - MICROSECOND, word.happened)
    assert word.anchor in about(told, known_from, word.happened)
    if word.closes is not None:
        closes = instant(word.closes)
        assert word.anchor in about(told, closes - MICROSECOND, word.happened)
        assert word.anchor not in about(told, closes + MICROSECOND, word.happened)


def test_every_word_is_here_or_told_where_it_is() -> None:
    assert {one.on for one in WORDS} | set(ELSEWHERE) == set(get_args(TriggerWord))


def test_a_window_holds_its_first_instant_and_not_its_last() -> None:
    told = only(message("delivered", after="3d", within="2d"))
    happened = {"orders": [order(200, "tea")]}
    found = [
        about(told, at, happened)
        for at in (
            instant(203) - MICROSECOND,
            instant(203),
            instant(205) - MICROSECOND,
            instant(205),
        )
    ]
    assert found == [set(), {"o1"}, {"o1"}, set()]


@pytest.mark.parametrize(("views", "opened"), [(1, True), (2, True), (3, True), (4, False)])
def test_so_many_products_looked_at_as_the_message_says(views: int, opened: bool) -> None:
    told = message("view").model_copy(
        update={"trigger": message("view").trigger.model_copy(update={"min": views})}
    )
    looked = [event("view_item", 200 + n, one) for n, one in enumerate(("tea", "mouse", "case"))]
    twice = event("view_item", 203.5, "tea", event_id="once more")
    found = about(only(told), instant(204), {"events": [*looked, twice]})
    assert found == ({"view_item/tea"} if opened else set())


def test_a_cart_filled_anew_after_it_was_forgotten_is_another_one() -> None:
    told = only(message("cart"))
    happened = {
        "events": [event("add_to_cart", 100, "tea"), event("add_to_cart", 200, "mouse")],
    }
    assert about(told, instant(120), happened) == {"add_to_cart/tea"}
    assert about(told, instant(150), happened) == set()
    assert about(told, instant(201), happened) == {"add_to_cart/mouse"}


def test_a_second_product_in_the_cart_moves_the_instant_and_not_the_anchor() -> None:
    told = only(message("cart", after="4h", within="1d"))
    happened = {
        "events": [event("add_to_cart", 200, "tea"), event("add_to_cart", 200.1, "mouse")],
    }
    assert about(told, instant(200.2), happened) == set()
    assert about(told, instant(200.27), happened) == {"add_to_cart/tea"}


def test_a_price_that_was_low_already_opens_no_sale() -> None:
    low = {"states": [FULL, state("laptop", 195, sale_price=8_000)]}
    for on, kind in (("cart_sale", "add_to_cart"), ("wish_sale", "add_to_wishlist")):
        told = only(message(on))
        assert about(told, instant(203), low | {"events": [event(kind, 200, "laptop")]}) == set()


def test_what_could_be_ordered_all_the_time_is_not_back() -> None:
    told = only(message("back_in_stock"))
    assert about(told, instant(203), WAIT | {"states": [FULL]}) == set()
    early = {"states": [GONE, state("laptop", 195)]}
    assert about(told, instant(203), WAIT | early) == set()


def test_each_order_and_each_product_is_a_thing_of_its_own() -> None:
    two = {"orders": [order(200, "phone"), order(201, "phone", "tea", id="o2")]}
    assert about(only(message("delivered")), instant(202), two) == {"o1", "o2"}
    assert about(only(message("worn")), instant(480), two) == {"o1/phone", "o2/phone"}


def test_a_company_is_reminded_later_of_what_it_has_in_mind_and_not_of_what_it_bought() -> None:
    company = {"profiles": [profile(account_type="b2b")]}
    cart = {"events": [event("add_to_cart", 200, "tea")]} | company
    told = only(message("cart", after="1d", within="1d"))
    assert [about(told, instant(at), cart) != set() for at in (201, 202, 203.9, 204)] == [
        False, True, True, False,
    ]  # fmt: skip
    bought = {"orders": [order(200, "tea")]} | company
    told = only(message("delivered", after="1d", within="1d"))
    assert [about(told, instant(at), bought) != set() for at in (201, 202)] == [True, False]


def test_too_much_missing_opens_no_ladder() -> None:
    near = {"points": {"points_short": 400}, "spend": {"band_share": 0.04}}
    far = {"points": {"points_short": 399}, "spend": {"band_share": 0.0399}}
    for on in near:
        assert about(only(message(on, within="6d", when=near[on])), instant(200), {}) != set()
        assert about(only(message(on, within="6d", when=far[on])), instant(200), {}) == set()


def test_the_weeks_after_the_last_year_of_a_clock_have_names_too() -> None:
    told = only(message("week", within="7d"))
    assert about(told, np.datetime64("9999-12-31T23:59", "us"), {}) == {"9999-W52"}
    assert about(told, np.datetime64("10000-01-05", "us"), {}) == {"10000-W01"}
    for at in ("1990-01-01", "2020-12-28", "2024-12-30", "9999-12-27"):
        monday = np.datetime64(at)
        year, number, _ = date.fromisoformat(at).isocalendar()
        assert iso_week(monday) == iso_week(monday.astype("datetime64[us]"))
        assert iso_week(monday) == f"{year}-W{number:02d}"
