"""Links of letters lead into the web, and say which message they stood in."""

from __future__ import annotations

import pytest

from nba_api.letters.links import told_by, web_link


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " data:text/html,x",
        "//shop.example/x",
        "/kettle",
        "ftp://shop.example/x",
        "https://",
        "https:shop.example",
        "http://[::1",
        "http://shop.example:99999/",
        "\ud800",
    ],
)
def test_what_is_not_of_the_web_is_no_link(address):
    assert web_link(address) is None


def test_a_link_of_the_web_is_written_so_that_any_mail_can_carry_it():
    assert web_link("https://shop.example/tea?a=1&b=%20") == "https://shop.example/tea?a=1&b=%20"
    assert web_link('https://shop.example/чай "x"<b>') == (
        "https://shop.example/%D1%87%D0%B0%D0%B9%20%22x%22%3Cb%3E"
    )


def test_a_claimed_message_is_named_in_every_link():
    assert told_by("https://shop.example/tea", None) == "https://shop.example/tea"
    assert told_by("https://shop.example/tea?a=1#top", "m_1") == (
        "https://shop.example/tea?a=1&nba_message_id=m_1#top"
    )
