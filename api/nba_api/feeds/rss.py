"""The digest as RSS 2.0: the best of the week, the same for everybody."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np

from nba.decide.playbook import Playbook
from nba.recommend.flat import price_of
from nba.recommend.results import Recommendation
from nba.vocabulary import MessageKind
from nba_api.feeds.links import web_address

MEDIA_TYPE: Final = "application/rss+xml; charset=utf-8"
NAMESPACES: Final[Mapping[str, str]] = {
    "atom": "http://www.w3.org/2005/Atom",
    "g": "http://base.google.com/ns/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
_PICTURE: Final = "image/jpeg"
"""What a picture is taken for whose address does not say."""
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WITHOUT_PLAYBOOK: Final = 6

for _prefix, _name in NAMESPACES.items():
    ET.register_namespace(_prefix, _name)


@dataclass(frozen=True, slots=True)
class Channel:
    """Whose digest it is, and of which week.

    Attributes:
        name: of the shop.
        home: its home page; None where nobody said.
        address: of the feed itself; None where nobody said how the outside calls the server.
        at: the instant; what it shows is of the ISO week around it, UTC.
    """

    name: str
    home: str | None
    address: str | None
    at: np.datetime64

    @property
    def monday(self) -> datetime:
        """When the week began, UTC."""
        day = datetime.fromisoformat(str(self.at.astype("datetime64[D]"))).replace(tzinfo=UTC)
        return day - timedelta(days=day.weekday())

    @property
    def week(self) -> str:
        """Name the week, such as `2026-W09`."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02}"


def size_of(playbook: Playbook) -> int:
    """Count the products of a playbook's broadcast: what its first slot of popular ones may show.

    Where none is, six.
    """
    sizes = [
        slot.n
        for message in playbook.message
        if message.kind == MessageKind.BROADCAST
        for slot in message.slots
        if "popular" in slot.source
    ]
    return sizes[0] if sizes else _WITHOUT_PLAYBOOK


def digest(channel: Channel, items: Iterable[Recommendation]) -> bytes:
    """Write the feed.

    Each product is an item of its week: its guid names both, so that a tool that mails what is new
    mails the best of every week. A product without an address leads to the shop's home page.
    """
    root = ET.Element("rss", version="2.0")
    top = ET.SubElement(root, "channel")
    _add(top, "title", f"{channel.name}: the best of the week" if channel.name else "The best")
    shown = list(items)
    links = [web_address(item.product["link"]) for item in shown]
    _add(top, "link", channel.home or next((link for link in links if link), ""))
    _add(top, "description", "What most orders of late had in them.")
    _add(top, "pubDate", format_datetime(channel.monday))
    _add(top, "ttl", "60")
    if channel.address:
        kind = {"rel": "self", "type": "application/rss+xml", "href": channel.address}
        ET.SubElement(top, _named("atom", "link"), kind)
    for item, link in zip(shown, links, strict=True):
        _item(ET.SubElement(top, "item"), channel, item, link or channel.home)
    written: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return written


def _item(parent: ET.Element, channel: Channel, item: Recommendation, link: str | None) -> None:
    card = item.product
    title, price = str(card["title"] or item.product_id), price_of(card)
    _add(parent, "title", title)
    if link:
        _add(parent, "link", link)
    said = [str(one) for one in (card["category"], price) if one]
    _add(parent, "description", " · ".join(said) or title)
    guid = _add(parent, "guid", f"{channel.week}/{item.product_id}")
    guid.set("isPermaLink", "false")
    _add(parent, "pubDate", format_datetime(channel.monday))
    if card["category"]:
        _add(parent, "category", str(card["category"]))
    _add(parent, _named("g", "id"), item.product_id)
    if price:
        _add(parent, _named("g", "price"), price)
    picture = web_address(card["image_link"])
    if picture:
        media = mimetypes.guess_type(picture.partition("?")[0])[0] or _PICTURE
        # Nobody looked how many bytes it has: 0 stands for that.
        ET.SubElement(parent, "enclosure", url=picture, length="0", type=media)
        ET.SubElement(parent, _named("media", "content"), url=picture, medium="image", type=media)


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, name)
    # XML has no way to write some characters, not even escaped.
    child.text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
    return child


def _named(prefix: str, name: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{name}"
