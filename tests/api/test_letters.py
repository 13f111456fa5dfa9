"""The rendered message is the one that `next-message` shows, with what a mail has to carry."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba.config import shipped
from nba.domain import to_instant
from nba.state.consents import Consent, write
from nba.state.erasure import erase
from nba_api.letters.writer import Letters
from nba_api.live import Live
from nba_api.next_messages import next_messages
from nba_api.settings import Settings
from tests.api.claims import claim_path, client_of
from tests.api.shop import AS_OF, ODD_CUSTOMER, is_problem, path_of

FROM, UNTIL = (np.datetime64(one, "us") for one in ("2026-01-06T12:00", "2026-03-01T12:00"))
BOB = path_of("customers", "bob", "next-message.html")
NOBODY = path_of("customers", "nobody", "next-message.html")
SHOP = {
    "shop_name": "Kettles & Co",
    "shop_url": "https://shop.example/",
    "shop_address": "High Street 1, London",
    "public_url": "https://shop.example/nba",
}


def get(client: TestClient, path: str, **asked: Any) -> Any:
    headers = asked.pop("headers", {})
    return client.get(path, params=asked, headers=headers)


@pytest.fixture
def letters_client(own: Settings):
    with client_of(own.model_copy(update=SHOP)) as client:
        yield client


def test_the_letter_is_of_the_message_that_next_message_shows(client):
    for customer in ("ann", "bob", "dan", "eve", ODD_CUSTOMER):
        told = client.get(path_of("customers", customer, "next-message")).json()
        answer = get(client, path_of("customers", customer, "next-message.html"))
        if told["message"] is None:
            assert answer.status_code == 204
            continue
        assert answer.status_code == 200
        assert answer.headers["x-nba-message"] == told["message"]["id"]
        assert answer.headers["x-nba-send-after"] == told["message"]["send_after"]
        assert answer.headers["cache-control"] == "private, no-store"
        # A browser shows it as a mail would look, and runs nothing.
        policy = answer.headers["content-security-policy"]
        assert "style-src 'unsafe-inline'" in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        for slot in told["message"]["slots"].values():
            assert all(item["product"]["title"] in answer.text for item in slot)


def test_nothing_due_is_an_empty_answer_so_that_nothing_is_mailed_by_mistake(client):
    answer = get(client, NOBODY)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "x-nba-subject" not in answer.headers


def test_a_letter_comes_in_the_language_asked_for(client):
    said = {one: get(client, BOB, language=one) for one in ("en", "uk", "ru")}
    subjects = {one: unquote(answer.headers["x-nba-subject"]) for one, answer in said.items()}
    assert subjects == {
        "en": "What do you think of “Filter”?",
        "uk": "Як вам «Filter»?",
        "ru": "Как вам «Filter»?",
    }
    for one, answer in said.items():
        assert answer.headers["content-language"] == one
        assert f'lang="{one}"' in answer.text
    assert get(client, BOB).headers["content-language"] == "en"
    assert is_problem(get(client, BOB, language="de"), 422)
    assert is_problem(get(client, BOB, language="english"), 422)


def test_a_customer_is_written_to_in_the_language_that_the_shop_told(asking):
    for locale, language in (("uk_UA", "uk"), ("ru-RU", "ru"), ("de-DE", "en"), (None, "en")):
        row = {"customer_id": "bob", "locale": locale}
        assert asking.post("/v1/customers", json=[row]).json()["errors"] == []
        assert get(asking, BOB).headers["content-language"] == language
    assert get(asking, BOB, language="uk").headers["content-language"] == "uk"


def test_the_text_part_is_had_by_name_or_by_accept(client):
    named, accepted = (
        get(client, BOB, part="text"),
        get(client, BOB, headers={"accept": "text/plain"}),
    )
    assert named.headers["content-type"] == "text/plain; charset=utf-8"
    assert named.text == accepted.text
    assert "<" not in named.text
    for accept in ("*/*", "text/html,text/plain", ""):
        assert "<html" in get(client, BOB, headers={"accept": accept}).text
    assert is_problem(get(client, BOB, part="amp"), 422)


def test_the_same_letter_has_the_same_tag_and_is_not_sent_twice(client):
    first = get(client, BOB)
    again = get(client, BOB, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-nba-subject"] == first.headers["x-nba-subject"]
    assert get(client, BOB, part="text").headers["etag"] != first.headers["etag"]


def test_a_claimed_mail_carries_what_unsubscribes_and_what_joins_clicks_back(letters_client):
    before = get(letters_client, BOB)
    assert "list-unsubscribe" not in before.headers
    assert "x-nba-message-id" not in before.headers
    assert "has not been claimed yet" in before.text
    claim = letters_client.post(claim_path("bob")).json()
    after = get(letters_client, BOB)
    assert after.headers["x-nba-message-id"] == claim["message_id"]
    for name, value in claim["headers"].items():
        assert after.headers[name] == value
    link = claim["headers"]["List-Unsubscribe"].strip("<>")
    assert f'href="{link}"' in after.text
    assert link in get(letters_client, BOB, part="text").text
    assert "has not been claimed yet" not in after.text
    links = re.findall(r'href="(https://shop\.example/[^"]*)"', after.text)
    assert {one for one in links if one != link}
    assert all(f"nba_message_id={claim['message_id']}" in one for one in links if one != link)
    assert letters_client.get(link.removeprefix("https://shop.example/nba")).status_code == 200


def test_a_claim_without_an_address_of_the_server_has_no_link(asking):
    message_id = asking.post(claim_path("bob")).json()["message_id"]
    answer = get(asking, BOB)
    assert answer.headers["x-nba-message-id"] == message_id
    assert "list-unsubscribe" not in answer.headers
    assert "Unsubscribe" not in answer.text


def test_the_name_and_address_of_the_shop_stand_in_its_letters(letters_client):
    answer = get(letters_client, BOB)
    assert "Kettles &amp; Co, High Street 1, London" in answer.text
    assert "agreed to receive messages from Kettles &amp; Co" in answer.text
    text = get(letters_client, BOB, part="text").text
    assert "Kettles & Co, High Street 1, London" in text


def test_what_is_no_mail_is_plain_text_whatever_part_is_asked_for(own, store):
    at = int(to_instant("2026-02-27T12:00Z").astype(int))
    agreed = [Consent("bob", one, one == "push", at, "test") for one in ("email", "push")]
    with store.writing() as connection:
        write(connection, agreed)
    with client_of(own) as client:
        answer = get(client, BOB, part="html")
    assert answer.headers["x-nba-channel"] == "push"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "What do you think of “Filter”?\n"


def test_an_evil_order_runs_nothing_and_breaks_no_header(asking):
    order = {
        "order_id": '</a><script>x</script>" onload=1 {{ 7*7 }} é',
        "customer_id": "bob",
        "ordered_at": "2026-03-01T09:00:00Z",
        "status": "shipped",
        "status_at": "2026-03-01T11:00:00Z",
        "lines": [{"product_id": "kettle", "quantity": 1, "unit_price": 3000}],
    }
    assert asking.post("/v1/orders", json=[order]).json()["errors"] == []
    answer = get(asking, BOB)
    assert answer.headers["x-nba-message"] == "order-status"
    assert "Order &lt;/a&gt;&lt;script&gt;x" in answer.text
    assert "<script" not in answer.text
    assert order["order_id"] in get(asking, BOB, part="text").text
    subject = unquote(answer.headers["x-nba-subject"])
    assert subject.startswith("Order </a><script>x</script>")
    assert len(subject) < 80


def test_a_past_letter_is_told_again_and_nothing_of_who_was_erased(asking, store):
    past = get(asking, BOB, as_of="2026-01-12T12:00Z")
    assert past.headers["x-nba-message"] != get(asking, BOB).headers["x-nba-message"]
    # Of the store alone: the snapshot is one for all tests.
    erase(store, "bob", np.datetime64(AS_OF.removesuffix("Z"), "us"))
    assert is_problem(get(asking, BOB, as_of="2026-01-12T12:00Z"), 410)


def test_words_that_do_not_fit_a_message_are_a_problem_that_names_the_file(own, tmp_path):
    (tmp_path / "own/words").mkdir(parents=True)
    (tmp_path / "own/words/en.toml").write_text("[message.product-review]\nsubject = '{anchor}'\n")
    with client_of(own.model_copy(update={"letters": tmp_path / "own"})) as client:
        answer = get(client, BOB)
        assert is_problem(answer, 422)
        assert "[message.product-review] in words/en.toml" in answer.json()["detail"]
        assert get(client, BOB, language="uk").status_code == 200


@pytest.mark.parametrize(("playbook", "kinds"), [("owox_2011", 4), ("plus_3_7_30", 4)])
def test_every_decision_about_the_shop_s_customers_makes_a_letter(settings, playbook, kinds):
    letters, seen = Letters(settings), set()
    live = Live(settings.model_copy(update={"playbook": shipped("playbooks", playbook)}))
    serving, customers = live.serving(), ("ann", "bob", "dan", "eve", ODD_CUSTOMER)
    for at in np.arange(FROM, UNTIL, np.timedelta64(1, "D")):
        for told in next_messages(live.store, serving.policy, customers, at, {}, claims=None):
            if told["message"] is None:
                continue
            seen.add(told["message"]["id"])
            for language in letters.languages:
                letter = letters.letter(told, language, serving.snapshot.products)
                assert "<html" in letters.html(letter)
                assert letters.text(letter)
    live.store.close()
    assert len(seen) >= kinds
