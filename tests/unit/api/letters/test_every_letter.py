"""Every message in every language is whole: no gap, no code, no broken link, nothing that runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from nba.statuses import STATUSES
from nba.vocabulary import MESSAGE_IDS
from nba_api.letters.building import Claimed
from nba_api.letters.writer import Letters
from nba_api.settings import Settings
from tests.unit.api.letters.decided import EVIL, MESSAGES, Catalogue, card, document

CLIPPED_BYTES = 102_000
"""What a great mailbox provider shows of a letter before it cuts the rest off."""
LANGUAGES = ("en", "uk", "ru")
SHOP = Settings(
    shop_name="Kava & Co",
    shop_url="https://shop.example/",
    shop_logo="https://shop.example/logo.png",
    shop_address="Khreshchatyk 1, Kyiv",
)
LETTERS = Letters(SHOP)
UNSUBSCRIBE = "https://shop.example/nba/v1/u/TOKEN"
CLAIMED = Claimed("m_1", {}, UNSUBSCRIBE)


class Seen(HTMLParser):
    """What a reader of a letter sees and may follow."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._hidden = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._hidden = tag if tag in ("style", "title") else ""
        told = dict(attrs)
        if tag == "a":
            self.links.append(told["href"])
        if tag == "img":
            self.pictures.append(told)

    def handle_endtag(self, tag):
        self._hidden = ""

    def handle_data(self, data):
        if not self._hidden:
            self.text += f"{data}\n"


def written(told, language="en", claimed=CLAIMED, letters=LETTERS, title="Kettle"):
    return letters.letter(told, language, Catalogue(title), claimed)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", sorted(MESSAGE_IDS))
def test_a_letter_is_whole(message, language):
    letter = written(document(message, title=EVIL, channel="email"), language, title=EVIL)
    html = LETTERS.html(letter)
    assert len(html.encode()) < CLIPPED_BYTES
    assert 0 < len(letter.subject) < 80
    assert letter.subject.isprintable()
    seen = Seen(html)
    assert not seen.tags & {"script", "iframe", "form", "object", "svg", "link"}
    assert "@import" not in html
    assert "url(" not in html
    assert not [one for one in seen.attributes if one.startswith("on")]
    assert all(re.fullmatch(r"https://shop\.example/[^\s\"<>]*", one) for one in seen.links)
    assert all(picture["alt"] for picture in seen.pictures)
    assert letter.values["heading"] in seen.text
    assert UNSUBSCRIBE in seen.links
    for text in (seen.text, LETTERS.text(letter), letter.preheader):
        rest = text.replace("{{ 7*7 }}", "").replace("{% raw %}", "")
        assert not re.search(r"[{}]|None|undefined", rest), rest
    clicks = [one for one in seen.links if one != UNSUBSCRIBE]
    assert all("nba_message_id=m_1" in one for one in clicks)
    text = LETTERS.text(letter)
    assert letter.values["heading"] in text
    assert UNSUBSCRIBE in text
    assert not set(clicks) - set(re.findall(r"https://\S+", text)) - {letter.values["shop"]["url"]}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_of_an_order_is_told_in_words(status, language):
    letter = written(document("order-status", status=status), language)
    assert "_" not in f"{letter.subject}{letter.preheader}{letter.values['heading']}"
    assert not set(status.split("_")) & set(letter.values["body"][0].split()) or language == "en"
    assert "o1" in letter.subject


def test_no_two_messages_of_a_language_say_the_same():
    for language in LANGUAGES:
        said = [
            (letter.subject, letter.values["body"][0])
            for letter in (written(document(one), language) for one in MESSAGES)
        ]
        assert len(set(said)) == len(said)


def test_a_product_of_which_the_shop_says_nothing_is_shown_by_its_id():
    bare = card("", price=None, currency=None, link=None, image_link="javascript:x")
    told = document("accessories")
    for one in told["message"]["slots"]["main"]:
        one["product"] = bare
    letters = Letters(Settings())
    letter = written(told, letters=letters)
    seen = Seen(letters.html(letter))
    assert "kettle" in seen.text
    assert seen.links == [UNSUBSCRIBE]
    assert not seen.pictures
    assert letters.text(letter).count("* kettle\n") == len(told["message"]["slots"]["main"])


def test_a_sale_is_told_with_the_price_before_and_only_where_it_is_less():
    told = document("back-in-stock")
    for sale, shown in ((2400, "€24.00 instead of €30.00"), (3000, "€30.00"), (3500, "€30.00")):
        for one in told["message"]["slots"]["main"]:
            one["product"] = card("Kettle", sale_price=sale)
        text = " ".join(LETTERS.text(written(told)).split())
        assert f"* Kettle, {shown} " in text
    for one in told["message"]["slots"]["main"]:
        one["product"] = card("Kettle", price=None, sale_price=2400)
    assert "€24.00" in LETTERS.text(written(told))


def test_news_of_an_order_say_so_and_carry_no_link_to_unsubscribe():
    letter = written(document("order-status"), claimed=Claimed("m_1", {}, None))
    text = LETTERS.text(letter)
    assert "because you ordered from Kava & Co" in " ".join(text.split())
    assert "nsubscribe" not in text


def test_a_cart_is_counted_whole_where_not_all_of_it_is_shown():
    told = document("cart-reminder")
    told["message"]["merge"] = {"event_id": "e1", "product_ids": ["kettle"] * 7}
    assert "7 products" in LETTERS.text(written(told)).replace("\u00a0", " ")


def test_of_a_long_order_the_first_products_are_listed_and_the_others_counted():
    told = document("order-status")
    for count, more in ((10, ""), (11, "ще 1 товар"), (32, "ще 22 товари")):
        told["message"]["merge"]["product_ids"] = ["kettle"] * count
        letter = written(told, "uk")
        text = LETTERS.text(letter).replace("\u00a0", " ")
        assert text.count("* Kettle\n") == 10
        assert "Що ви замовили:" in text
        assert letter.values["more"].replace("\u00a0", " ").endswith(more)
        assert more in LETTERS.html(letter).replace("\u00a0", " ")
        assert more in text


def test_a_preview_says_that_it_is_one():
    html, text = (
        written_as(written(document("digest"), claimed=None))
        for written_as in (LETTERS.html, LETTERS.text)
    )
    assert "A preview: the message has not been claimed yet" in html
    assert "A preview: the message has not been claimed yet" in text
    assert "nba_message_id" not in html
    assert "A preview" not in LETTERS.html(written(document("digest")))


@pytest.mark.parametrize("channel", ["sms", "push"])
def test_a_short_channel_gets_a_line_and_a_link(channel):
    text = LETTERS.text(written(document("cart-reminder", channel=channel)))
    assert text == "You left something in your cart\nhttps://shop.example/?nba_message_id=m_1"


def test_a_task_tells_the_shop_s_people_what_to_do():
    text = LETTERS.text(written(document("service-call"), "uk"))
    assert text.startswith("Зателефонувати покупцеві щодо замовлення o1\n\n- Подякувати")
    assert "* Kettle" in text
    assert "nba_message_id" not in text


def test_dark_styles_can_be_forced_and_kept_away():
    letter = written(document("digest"))
    by_reader, dark, light = (LETTERS.html(letter, one) for one in ("any", "dark", "light"))
    assert "@media (prefers-color-scheme: dark)" in by_reader
    assert "@media all" in dark
    assert "@media not all" in light
    assert 'content="light dark"' in by_reader
