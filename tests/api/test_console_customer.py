"""One customer in the console: where they are, their message and its reasons, what happened."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba.facts.stages import STATES
from nba.state.erasure import erase
from nba.state.store import Store
from nba.vocabulary import CHANNELS, EVENT_TYPES, MESSAGE_EVENT_TYPES, Rule, Stage
from nba_api.console import words
from nba_api.console.customer import PLAN_DAYS, CustomerQuery, steps, waiting
from nba_api.console.timeline import A_PAGE, timeline_of
from nba_api.console.writing import (
    NOTHING,
    away,
    counted,
    day,
    grouped,
    moment,
    money,
    percent,
    sentence,
)
from tests.api.claims import claim_path
from tests.api.shop import AS_OF, ODD_CUSTOMER, path_of

HTML: Final = {"accept": "text/html"}
NOW: Final = np.datetime64(AS_OF.removesuffix("Z"), "us")
EVIL: Final = '</title><script>alert(1)</script><b x="'


def path(customer: str) -> str:
    return f"/console/customers/{quote(customer, safe='')}"


def text_of(page: Any) -> str:
    """Give what a reader sees, in one line."""
    body = page.text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_page_says_what_the_api_says(client: TestClient) -> None:
    for customer in ("ann", "bob", "dan", "eve", ODD_CUSTOMER):
        page = client.get(path(customer))
        assert page.status_code == 200, page.text
        text = text_of(page)
        decision = client.get(path_of("customers", customer, "next-message")).json()
        profile = client.get(path_of("customers", customer, "profile")).json()
        assert decision["stage"].capitalize() in text
        assert profile["rhythm"]["label"] in text
        for segment in profile["segments"]:
            assert segment["label"] in text
        for held in decision["suppressed"]:
            assert words.titled(held["id"]) in text
            assert words.RULES[held["rule"]] in text
        assert decision["decision_id"] in text
        assert decision["reason"][1:] in text
        if decision["message"]:
            assert money(decision["message"]["score"]["expected"], "EUR") in text
            assert f'src="/console/letters/{quote(customer, safe="")}"' in page.text


def test_somebody_has_a_message_with_products_and_reasons(client: TestClient) -> None:
    decision = client.get(path_of("customers", "bob", "next-message")).json()
    text = text_of(client.get(path("bob")))
    assert decision["message"] is not None
    items = [one for slot in decision["message"]["slots"].values() for one in slot]
    assert items
    for one in items:
        assert one["product"]["title"] in text
        assert one["reason"]["text"] in text


def test_what_is_claimed_is_shown_as_claimed(asking: TestClient) -> None:
    permit = asking.post(claim_path("bob")).json()
    assert permit["message_id"]
    text = text_of(asking.get(path("bob")))
    assert f"Claimed {moment(permit['claimed_at'])} , as {permit['message_id']}" in text
    assert "claimed" in text.partition("What happened")[2]


def test_the_past_is_told_as_it_was_known(client: TestClient) -> None:
    page = client.get(path("ann"), params={"as_of": "2026-01-06T00:00"})
    text = text_of(page)
    assert "The past" in text
    assert "Order o01 placed" in text
    assert "o08" not in text
    assert "later than the instant asked about" in text
    assert "later than the instant" not in text_of(client.get(path("ann")))
    same = client.get(path("ann"), params={"as_of": "2026-01-06T00:00:00Z"})
    assert text_of(same) == text
    assert (
        f'src="/console/letters/ann{CustomerQuery(as_of="2026-01-06T00:00").suffix()}"'.replace(
            "%3A", "%3A"
        )
        in page.text
        or "Nothing." in text
    )
    assert "Nothing by then" in text_of(
        client.get(path("bob"), params={"as_of": "2025-01-01T00:00"})
    )


@pytest.mark.parametrize("as_of", ["0001-01-01T00:00Z", "9999-12-31T23:59:59Z"])
def test_the_first_and_the_last_instant_have_a_page(client: TestClient, as_of: str) -> None:
    assert client.get(path("ann"), params={"as_of": as_of}).status_code == 200
    assert day("10009-12-31T23:59:59Z") == "31 Dec 9999"


@pytest.mark.parametrize("as_of", ["yesterday", "2026-13-01T00:00", "2026-01-01", "x" * 65])
def test_an_instant_that_is_none_is_refused(client: TestClient, as_of: str) -> None:
    page = client.get(path("ann"), params={"as_of": as_of}, headers=HTML)
    assert page.status_code == 422
    assert "<h1>" in page.text


def test_who_is_unknown_and_who_was_erased_have_an_honest_page(
    asking: TestClient, store: Store
) -> None:
    unknown = asking.get(path("nobody at all"))
    assert unknown.status_code == 404
    assert "takes them for an acquaintance" in text_of(unknown)
    # The snapshot still knows her, as after a crash between the two.
    erase(store, "ann", NOW)
    for asked in ({}, {"as_of": "2026-01-20T00:00"}):
        page = asking.get(path("ann"), params=asked)
        assert (page.status_code, "was erased" in text_of(page)) == (410, True)
        assert "Order" not in text_of(page)


def test_ids_and_titles_with_markup_do_nothing(asking: TestClient) -> None:
    event = {"event_id": "x", "type": "view_item", "at": "2026-02-27T00:00:00Z"}
    posted = asking.post(
        "/v1/events",
        json=[event | {"customer_id": EVIL, "product_id": EVIL},
              event | {"event_id": "y", "customer_id": "ann", "product_id": EVIL}],
    )  # fmt: skip
    assert posted.status_code == 200
    for customer in (EVIL, "ann"):
        page = asking.get(path(customer))
        assert page.status_code == 200
        assert "<script" not in page.text
        assert html.escape(EVIL, quote=False).split("&lt;b")[0] in page.text


def test_everything_that_a_store_holds_is_on_the_timeline(asking: TestClient) -> None:
    asking.post(
        "/v1/message-events",
        json=[{"event_id": "n1", "message_id": "m9", "customer_id": "ann", "channel": "email",
               "type": "opened", "at": "2026-02-21T10:00:00Z", "is_machine": True}],
    )  # fmt: skip
    asking.post("/v1/customers", json=[{"customer_id": "ann", "created_at": "2026-01-01T00:00Z"}])
    text = text_of(asking.get(path("ann"))).partition("What happened")[2]
    told = [
        "Looked at Blue mug", "Message m9: opened By a machine", "Order o08 ✓ Delivered",
        "Order o08 placed 1 \N{MULTIPLICATION SIGN} Kettle, 30.00 each", "Agreed to e-mail",
        "Account made",
    ]  # fmt: skip
    for one in told:
        assert one in text, one
    days = ["28 Feb 2026", "27 Feb 2026", "21 Feb 2026", "20 Feb 2026", "5 Jan 2026", "1 Jan 2026"]
    assert [text.index(one) for one in days] == sorted(text.index(one) for one in days)


def test_an_order_has_a_total_only_where_every_price_is_known(asking: TestClient) -> None:
    order = {"customer_id": "zoe", "ordered_at": "2026-03-01T09:00:00Z", "status": "paid"}
    cup = {"product_id": "cup", "quantity": 2, "unit_price": 1500, "discount": 100}
    orders = [
        {**order, "order_id": "z1", "currency": "JPY", "discount": 50, "lines": [cup]},
        {**order, "order_id": "z2", "lines": [cup, {"product_id": "kettle", "quantity": 1}]},
    ]
    assert asking.post("/v1/orders", json=orders).json()["errors"] == []
    text = text_of(asking.get(path("zoe"))).partition("What happened")[2]
    assert text.count("Total") == 1
    assert "1 500 JPY each, 100 JPY off Total 2 850 JPY" in text
    assert "1 \N{MULTIPLICATION SIGN} Kettle 09:00 Order z1" in text


def document(**tables: Any) -> dict[str, Any]:
    names = ("orders", "events", "messages", "message_events", "consents", "customers")
    return {name: tables.get(name, []) for name in names}


def seen(product: str, at: str) -> dict[str, Any]:
    return {"type": "view_item", "at": at, "product_id": product, "value": None, "order_id": None}


def test_looks_that_follow_each_other_are_one_line_and_pages_follow_each_other() -> None:
    many = [seen(f"p{one}", f"2026-01-01T00:{one % 60:02}:00Z") for one in range(15)]
    timeline = timeline_of(document(events=many), "2026-02-01T00:00:00Z", 1, str.upper)
    ((told, (entry,)),) = timeline.days
    assert told == "2026-01-01T00:00:00Z"
    assert entry.titles[:2] == ("P14", "P13")
    assert entry.titles[-1] == "and 3 more"
    assert entry.at == "2026-01-01T00:14:00Z"
    apart = [seen("p", f"2026-01-{one:02}T00:00:00Z") for one in range(1, 29)]
    apart += [seen("p", f"2026-02-{one:02}T00:00:00Z") for one in range(1, 29)]
    first = timeline_of(document(events=apart), "2026-03-01T00:00:00Z", 1, str)
    second = timeline_of(document(events=apart), "2026-03-01T00:00:00Z", 2, str)
    assert (len(first.days), first.has_more, first.count) == (A_PAGE, True, 56)
    assert (len(second.days), second.has_more) == (6, False)
    assert not timeline_of(document(events=apart), "2026-01-01T00:00:00Z", 1, str).days


def test_a_plan_names_a_message_once_and_no_two_touch() -> None:
    def decision(name: str, leaves: str) -> dict[str, Any]:
        return {"message": {"id": name, "anchor": "a", "send_after": leaves}}

    at = np.datetime64("2026-01-01T00:00", "us")
    found = steps(
        [decision("a", "2026-01-01T00:00Z"), {"message": None}, decision("a", "2026-01-03T00:00Z"),
         decision("b", "2026-01-02T00:00Z"), decision("c", "2026-01-16T00:00Z"),
         decision("d", "2027-01-01T00:00Z")],
        at,
    )  # fmt: skip
    assert [(one.message["id"], one.lane) for one in found] == [
        ("a", 0),
        ("b", 1),
        ("c", 0),
        ("d", 0),
    ]
    assert [one.left for one in found] == [0, pytest.approx(1 / PLAN_DAYS), 0.5, 1]


@pytest.mark.parametrize(
    ("query", "suffix"),
    [
        (CustomerQuery(), ""),
        (CustomerQuery(as_of="2026-01-06T00:00"), "?as_of=2026-01-06T00%3A00Z"),
        (CustomerQuery(as_of="2026-01-06T00:00+02:00"), "?as_of=2026-01-06T00%3A00%2B02%3A00"),
    ],
)
def test_links_of_a_page_are_about_its_instant(query: CustomerQuery, suffix: str) -> None:
    assert query.suffix() == suffix
    assert query.suffix(2) == f"{suffix}&page=2" if suffix else "?page=2"


def test_messages_that_wait_come_by_when_they_no_longer_do() -> None:
    held = [
        {"id": "a", "rule": "not_stage", "until": None},
        {"id": "b", "rule": "cap_week", "until": "2026-02-02T00:00:00Z"},
        {"id": "c", "rule": "cap_day", "until": "2026-02-01T00:00:00Z"},
    ]
    assert [one["id"] for one in waiting(held)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("table", "known"),
    [
        (words.RULES, Rule),
        (words.STAGES, Stage),
        (words.EVENTS, EVENT_TYPES),
        (words.MESSAGE_EVENTS, MESSAGE_EVENT_TYPES),
        (words.CHANNELS, CHANNELS),
    ],
)
def test_every_word_of_a_decision_has_words_for_people(table: Any, known: Any) -> None:
    assert set(table) == {str(one) for one in known}
    assert all(table.values())


def test_every_state_has_words() -> None:
    assert set(words.STATES) == set(STATES)


NARROW: Final = "\u202f"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (lambda: day("2026-03-01T23:59:59.9Z"), "1 Mar 2026"),
        (lambda: moment("2026-03-01T01:30:00+02:00"), "28 Feb 2026, 23:30"),
        (lambda: moment(None), NOTHING),
        (lambda: away("2026-03-04T00:00:00Z", "2026-03-01T00:00:00Z"), "in 3 days"),
        (lambda: away("2026-03-01T00:00:00Z", "2026-03-01T01:30:00Z"), "1 hour ago"),
        (lambda: away("2026-03-01T00:00:30Z", "2026-03-01T00:00:00Z"), "now"),
        (lambda: away(None, "2026-03-01T00:00:00Z"), NOTHING),
        (lambda: money(123456, "EUR"), f"1{NARROW}234.56 EUR"),
        (lambda: money(1234, "JPY"), f"1{NARROW}234 JPY"),
        (lambda: money(-5, None), "-0.05"),
        (lambda: money(None, "EUR"), NOTHING),
        (lambda: grouped(1234567), f"1{NARROW}234{NARROW}567"),
        (lambda: percent(0.4567, 1), f"45.7{NARROW}%"),
        (lambda: counted(1, "entry", "entries"), "1 entry"),
        (lambda: counted(2, "entry", "entries"), "2 entries"),
        (lambda: counted(0, "day"), "0 days"),
        (lambda: sentence("how was it?"), "How was it?"),
        (lambda: sentence("o1 came"), "O1 came."),
    ],
)
def test_values_are_written_for_people(written: Callable[[], str], expected: str) -> None:
    assert written() == expected
