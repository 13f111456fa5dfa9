"""One click unsubscribes, at once and for good; looking does not, and nobody can forge it."""

from __future__ import annotations

import json
import random
import string
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba.domain import to_instant
from nba.errors import ConfigError
from nba.state.consents import Consent, history, unsubscribe, write
from nba.state.erasure import bury
from nba.state.secrets import secret
from nba.state.store import Store
from nba.state.tables import CONSENTS, MESSAGE_EVENTS
from nba_api.live import Live
from nba_api.settings import Settings
from nba_api.unsubscribing import (
    Link,
    link_of,
    token_of,
    unsubscribe_headers,
    unsubscribe_url,
    with_headers,
)
from tests.api.claims import with_own_store
from tests.api.outside import app_of, dump, rows_in
from tests.api.shop import AS_OF, ODD_CUSTOMER, is_problem, path_of
from tests.databases import DATABASES, database_url

FORM = {"content-type": "application/x-www-form-urlencoded"}
ONE_CLICK = "List-Unsubscribe=One-Click"
ANN = Link("m_1", "ann", "email")


@pytest.fixture
def client(settings: Settings, shop_folder: Path, tmp_path: Path) -> Iterator[TestClient]:
    known = with_own_store(settings, shop_folder, tmp_path)
    with TestClient(app_of(known), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def live(client: TestClient) -> Live:
    live: Live = client.app.state.live  # type: ignore[attr-defined]
    return live


def click(client: TestClient, token: str) -> Any:
    return client.post(f"/v1/u/{token}", content=ONE_CLICK, headers=FORM, follow_redirects=False)


def test_one_click_unsubscribes_without_cookies_or_redirect(client: TestClient, live: Live) -> None:
    answer = click(client, token_of(live, ANN))
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-store"
    assert "You are unsubscribed" in answer.text
    at = int(to_instant(AS_OF).astype("int64"))
    refusal = {"customer_id": "ann", "channel": "email", "granted": False, "at": at}
    assert refusal | {"source": "one-click"} in rows_in(live.store, CONSENTS)
    (event,) = rows_in(live.store, MESSAGE_EVENTS)
    assert (event["type"], event["message_id"], event["customer_id"]) == (
        "unsubscribed", "m_1", "ann",
    )  # fmt: skip


def test_it_holds_for_the_very_next_question(client: TestClient, live: Live) -> None:
    path = path_of("customers", "ann", "next-message")
    later = {"as_of": "2026-03-01T12:00:00.000001Z"}

    def refused() -> set[str]:
        held = client.get(path, params=later).json()["suppressed"]
        return {one["id"] for one in held if one["rule"] == "no_consent"}

    before = refused()
    click(client, token_of(live, ANN))
    assert len(refused()) > len(before)


def test_a_form_of_either_kind_is_read(client: TestClient, live: Live) -> None:
    token = token_of(live, ANN)
    many = {"files": {"List-Unsubscribe": (None, "One-Click")}}
    assert client.post(f"/v1/u/{token}", **many).status_code == 200
    data = {"List-Unsubscribe": "One-Click"}
    assert client.post(f"/v1/u/{token}", data=data).status_code == 200
    assert len(rows_in(live.store, MESSAGE_EVENTS)) == 1


@pytest.mark.parametrize("body", ["", "x=1", "List-Unsubscribe=Two-Clicks", "{}"])
def test_a_post_of_anything_else_changes_nothing(client: TestClient, live: Live, body: str) -> None:
    before = dump(live.store)
    answer = client.post(f"/v1/u/{token_of(live, ANN)}", content=body, headers=FORM)
    assert is_problem(answer, 400)
    assert dump(live.store) == before


def test_looking_changes_nothing_and_shows_a_button(client: TestClient, live: Live) -> None:
    before = dump(live.store)
    for method in ("GET", "HEAD"):
        answer = client.request(method, f"/v1/u/{token_of(live, ANN)}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        # Under `no-referrer` a browser would send the form with `Origin: null`.
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-robots-tag"] == "noindex"
    page = client.get(f"/v1/u/{token_of(live, ANN)}").text
    assert '<form method="post">' in page
    assert 'name="List-Unsubscribe" value="One-Click"' in page
    assert "ann" not in page
    assert dump(live.store) == before


def test_a_click_again_is_no_second_event_but_takes_back_a_later_consent(live: Live) -> None:
    instants = [to_instant(f"2026-03-0{day}T00:00Z") for day in (2, 3, 4)]
    unsubscribe(live.store, "one-click:1", "m_1", "ann", "email", instants[0])
    with live.store.writing() as connection:
        at = int(instants[1].astype("int64"))
        write(connection, [Consent("ann", "email", granted=True, at=at, source="shop")])
    unsubscribe(live.store, "one-click:1", "m_1", "ann", "email", instants[2])
    assert len(rows_in(live.store, MESSAGE_EVENTS)) == 1
    with live.store.reading() as connection:
        said = history(connection, "ann")
    assert said[-1] == {
        "channel": "email",
        "granted": False,
        "at": "2026-03-04T00:00:00Z",
        "source": "one-click",
    }
    assert [(one["granted"], one["source"]) for one in said] == [
        (True, None),
        (False, "one-click"),
        (True, "shop"),
        (False, "one-click"),
    ]


def test_of_a_thousand_forged_links_none_is_known(client: TestClient, live: Live) -> None:
    draw = random.Random(8)
    token = token_of(live, ANN)
    letters = string.ascii_letters + string.digits + "-_"
    for _ in range(990):
        place = draw.randrange(len(token))
        other = draw.choice([one for one in letters if one != token[place]])
        assert link_of(live, token[:place] + other + token[place + 1 :]) is None
    odd = ("", "x", token[:-1], token + "A", token + "=", token * 2, "ä" * 40, "A" * 40, "-", "\0")
    for one in odd:
        assert link_of(live, one) is None


def test_a_forged_link_says_nothing_of_who_exists(client: TestClient, live: Live) -> None:
    before = dump(live.store)
    token = token_of(live, ANN)
    other = "B" if token.startswith("A") else "A"
    forged = (other + token[1:], "A" * 60, "m_1", "ann.email", "%00", "%ED%A0%80")
    for one in forged:
        for answer in (client.get(f"/v1/u/{one}"), click(client, one)):
            assert is_problem(answer, 404)
            assert answer.json()["detail"] == "there is no such link"
    assert is_problem(click(client, "x" * 3000), 422)
    assert dump(live.store) == before


def test_a_token_says_nothing_of_whom_it_is_for(live: Live) -> None:
    link = Link("m_1", "ann@shop.example", "email")
    token = token_of(live, link)
    assert link_of(live, token) == link
    assert token == token_of(live, link)
    others = (Link("m_2", *(link.customer_id, "email")), Link("m_1", "bob", "email"), ANN)
    assert len({token[:20], *(token_of(live, one)[:20] for one in others)}) == 4
    odd = Link("m_1", ODD_CUSTOMER, "sms")
    assert link_of(live, token_of(live, odd)) == odd


def test_the_link_of_another_store_is_none_here(
    client: TestClient, live: Live, settings: Settings, tmp_path: Path
) -> None:
    other = Live(settings.model_copy(update={"db": f"sqlite:///{tmp_path / 'other.db'}"}))
    assert link_of(live, token_of(other, ANN)) is None
    other.store.close()


def test_a_mail_carries_both_headers(live: Live) -> None:
    url = unsubscribe_url(live, "m_1", "ann", "email")
    token = token_of(live, ANN)
    assert url == f"https://shop.example/nba/v1/u/{token}"
    assert unsubscribe_headers(live, "m_1", "ann", "email") == {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_claim_answers_them_and_the_link_that_it_gives_works(
    client: TestClient, live: Live
) -> None:
    claimed = client.post(path_of("customers", "bob", "next-message:claim"))
    document = claimed.json()
    token = token_of(live, Link(document["message_id"], "bob", "email"))
    assert document["headers"] == unsubscribe_headers(live, document["message_id"], "bob", "email")
    many = client.post("/v1/next-messages:batch", json={"customer_ids": ["bob"], "claim": True})
    assert many.content == claimed.content + b"\n"
    shown = client.get(path_of("customers", "bob", "next-message")).json()
    assert shown["message_id"] == document["message_id"]
    assert "headers" not in shown
    assert click(client, token).status_code == 200
    assert {("bob", "one-click")} == {
        (row["customer_id"], row["source"])
        for row in rows_in(live.store, CONSENTS)
        if not row["granted"]
    }


def test_news_of_an_order_carries_no_such_header(client: TestClient, live: Live) -> None:
    document: dict[str, Any] = {
        "message_id": "m_1",
        "customer_id": "ann",
        "message": {"kind": "transactional", "channel": "email"},
    }
    assert with_headers(live, document) == document
    document["message"]["kind"] = "personal"
    assert "headers" in with_headers(live, document)
    document["message"]["channel"] = "sms"
    assert with_headers(live, document) == document


def test_by_mail_alone_there_is_no_one_click_and_without_settings_nothing(live: Live) -> None:
    token = token_of(live, ANN)
    live.settings = live.settings.model_copy(
        update={"public_url": None, "unsubscribe_mailto": "leave@shop.example"}
    )
    assert unsubscribe_url(live, "m_1", "ann", "email") is None
    assert unsubscribe_headers(live, "m_1", "ann", "email") == {
        "List-Unsubscribe": f"<mailto:leave@shop.example?subject={token}>"
    }
    live.settings = live.settings.model_copy(update={"unsubscribe_mailto": None})
    assert unsubscribe_headers(live, "m_1", "ann", "email") == {}


@pytest.mark.parametrize(
    "wrong", [{"public_url": "shop.example"}, {"public_url": "https://shop.example/"},
              {"unsubscribe_mailto": "nobody"}, {"unsubscribe_mailto": "a@b>,<https://evil"}],
)  # fmt: skip
def test_settings_that_would_break_a_header_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises((ConfigError, ValueError), match=next(iter(wrong))):
        Settings.model_validate(wrong)


def test_the_link_of_an_erased_customer_writes_nothing(client: TestClient, live: Live) -> None:
    token = token_of(live, ANN)
    bury(live.store, "ann", to_instant(AS_OF))
    before = dump(live.store)
    assert click(client, token).status_code == 200
    assert dump(live.store) == before


@pytest.mark.parametrize("kind", DATABASES)
def test_of_all_who_ask_first_at_once_each_gets_the_same_secret(kind: str, tmp_path: Path) -> None:
    url = database_url(kind, tmp_path)
    stores = [Store(url) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda turn: secret(stores[turn % 4], "unsubscribe"), range(32)))
    assert [len(one) for one in made] == [32]
    assert secret(stores[0], "other") not in made
    for store in stores:
        store.close()


def test_a_body_that_says_nothing_at_length_is_read_at_once(client: TestClient, live: Live) -> None:
    path = f"/v1/u/{token_of(live, ANN)}"
    began = time.perf_counter()
    answer = client.post(path, content=b"List-Unsubscribe" + b" " * 65_000, headers=FORM)
    assert is_problem(answer, 400)
    assert time.perf_counter() - began < 5


def test_the_document_describes_the_form(client: TestClient) -> None:
    document = json.loads(client.get("/openapi.json").content)
    body = document["paths"]["/v1/u/{token}"]["post"]["requestBody"]["content"]
    assert "application/x-www-form-urlencoded" in body
