"""What stands on a page, as a browser and a screen reader find it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

VOID = ("link", "meta", "input", "img", "br", "hr")
"""Tags that hold nothing, so that nothing closes them."""


class Seen(HTMLParser):
    """The texts, tags and attributes of a page.

    Attributes:
        tags: (name, attributes) of every tag, in order.
        text: all texts, with a space between.
        unclosed: tags that were opened and not closed; none on a page that is well formed.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.unclosed: list[str] = []
        self.feed(page)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Give the attributes of every tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag, f"</{tag}> closes another one"

    def handle_data(self, data: str) -> None:
        # Spaces that do not break stay.
        words = [one for one in data.replace("\n", " ").split(" ") if one]
        self.text += "".join(f" {one}" for one in words)


def seen(answer: Any) -> Seen:
    """Read an answer that is a page of ours, and hold it to what holds for each of them."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    page = Seen(answer.text)
    assert page.unclosed == []
    ids = [one["id"] for _, one in page.tags if "id" in one]
    assert len(ids) == len(set(ids))
    assert not [one for _, one in page.tags if "style" in one or any(k[:2] == "on" for k in one)]
    assert len(page.all("h1")) == 1
    assert all(one.get("alt") for one in page.all("img"))
    for field in page.all("input") + page.all("select"):
        labelled = [one["for"] for one in page.all("label")]
        assert field.get("type") == "hidden" or field["id"] in labelled
    return page
