"""Letters in the console: every view of a customer's message, and a sample of every message."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest

from nba.vocabulary import MESSAGE_IDS
from nba_api.settings import Settings
from tests.api.claims import claim_path, client_of
from tests.api.shop import ODD_CUSTOMER, is_problem, path_of

MESSAGE = "/console/messages/bob"


def frames(page: str) -> list[str]:
    """Give the addresses of the frames of a page."""
    return [unescape(one) for one in re.findall(r'<iframe [^>]*src="([^"]+)"', page)]


def test_every_frame_of_a_customer_s_message_shows_the_letter_itself(client):
    page = client.get(MESSAGE)
    assert page.status_code == 200
    shown = frames(page.text)
    assert len(shown) == 4
    for address in shown:
        letter = client.get(address)
        assert letter.headers["content-type"].startswith("text/html")
        assert "Filter" in letter.text
        policy = letter.headers["content-security-policy"]
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
    bare = client.get(shown[-1]).headers["content-security-policy"]
    assert "img-src 'none'" in bare
    said = client.get(path_of("customers", "bob", "next-message")).json()["message"]
    for told in ("Preheader", "List-Unsubscribe", "comes with the claim", said["why"]):
        assert told in unescape(page.text)
    text = client.get(
        path_of("customers", "bob", "next-message.html"), params={"part": "text"}
    ).text
    assert text in unescape(page.text)


def test_a_claimed_mail_shows_its_headers(own: Settings):
    with client_of(own.model_copy(update={"public_url": "https://shop.example/nba"})) as client:
        claim = client.post(claim_path("bob")).json()
        page = unescape(client.get(MESSAGE).text)
    for name, value in {**claim["headers"], "": claim["message_id"]}.items():
        assert name in page
        assert value in page


def test_a_page_keeps_the_moment_it_was_asked_about(client):
    page = client.get(MESSAGE, params={"as_of": "2026-01-12T12:00Z", "language": "uk"})
    then = client.get(
        path_of("customers", "bob", "next-message"), params={"as_of": "2026-01-12T12:00Z"}
    ).json()
    assert 'href="/console/customers/bob?as_of=2026-01-12T12%3A00Z"' in page.text
    assert f"<h1>{then['message']['id']}</h1>" in page.text
    assert all("as_of=2026-01-12T12%3A00Z" in address for address in frames(page.text))
    assert all("language=uk" in address for address in frames(page.text))
    assert 'aria-current="true">Українська' in page.text


def test_nothing_due_is_said_in_words(client):
    assert "Nothing to send now" in client.get("/console/messages/nobody").text
    assert client.get("/console/letters/nobody").text == "Nothing is due."


def test_a_customer_with_an_odd_id_has_a_page(client):
    page = client.get(f"/console/messages/{quote(ODD_CUSTOMER, safe='')}")
    assert page.status_code == 200
    assert ODD_CUSTOMER in unescape(page.text)
    assert all(client.get(one).status_code == 200 for one in frames(page.text))


@pytest.mark.parametrize("language", ["en", "uk", "ru"])
def test_the_gallery_shows_every_message_that_there_is(client, language):
    page = client.get("/console/letters", params={"language": language})
    shown = {one.partition("?")[0].rpartition("/")[2] for one in frames(page.text)}
    assert shown == MESSAGE_IDS
    for address in frames(page.text):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-language"] == language


def test_one_message_of_the_gallery_is_seen_closely(client):
    page = client.get("/console/letters", params={"message": "accessories", "language": "ru"})
    assert "заказу 1001" in page.text
    assert len(frames(page.text)) == 4
    call = client.get("/console/letters", params={"message": "service-call"})
    assert frames(call.text) == []
    assert "Call the customer about order 1001" in call.text
    assert is_problem(client.get("/console/letters", params={"message": "none"}), 404)
    assert is_problem(client.get("/console/samples/none"), 404)
    assert is_problem(client.get("/console/samples/digest", params={"language": "de"}), 422)


def test_a_sample_is_about_nobody_and_of_the_shop_s_own_products(client):
    text = client.get("/console/samples/digest", params={"part": "text"}).text
    assert "Kettle" in text
    assert "nba_message_id" not in text
