"""From the document of a decision to what its letter says: words, products, links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from string import Formatter
from typing import Any, Final
from urllib.parse import quote

from nba.artifacts.products import Products
from nba.errors import ConfigError
from nba.recommend.flat import amount_to_pay
from nba.vocabulary import MessageKind
from nba_api.letters.grammar import Money, Value, plain
from nba_api.letters.links import told_by, web_link
from nba_api.letters.reasons import sentence_of
from nba_api.letters.words import BETWEEN, Words

SUBJECT_FIELD: Final = 40
"""Characters of a title or an id in a subject, at most: phones show about 40 of the whole."""
MOST_ORDERED: Final = 10
"""Products of an order that its news list; of more they say how many."""
_OF_ORDERS: Final = ("order", "review")
"""Layouts that show what was ordered, without prices, where a message shows nothing of its own."""
_PAUSE: Final = "\u200c\u00a0" * 60
"""Keeps an inbox from showing the letter's first words behind the preheader."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, as a foot or a head of a letter says.

    Attributes:
        name, url, logo, address: as `Settings` has them; None where it does not say.
    """

    name: str | None
    url: str | None
    logo: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claimed message carries.

    Attributes:
        message_id: of the claim.
        headers: the List-Unsubscribe pair, empty where the mail needs none.
        unsubscribe: the link in its foot; None without one.
    """

    message_id: str
    headers: Mapping[str, str]
    unsubscribe: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says, before it is laid out.

    Attributes:
        message: the id of the message.
        channel, kind: of the message.
        language: of the words.
        subject, preheader: one line each.
        layout: the file that lays it out.
        values: what layouts name.
        claimed: None of a message that nobody claimed.
    """

    message: str
    channel: str
    kind: str
    language: str
    subject: str
    preheader: str
    layout: str
    values: Mapping[str, Any]
    claimed: Claimed | None


@dataclass(frozen=True, slots=True)
class Design:
    """What is decided once for every language.

    Attributes:
        layout: message, or key of its text → layout.
        link: message, or key of its text → where its button leads, with fields of ids.
    """

    layout: Mapping[str, str]
    link: Mapping[str, str]


def build(
    document: Mapping[str, Any],
    words: Words,
    design: Design,
    sender: Sender,
    products: Products,
    claimed: Claimed | None = None,
) -> Letter:
    """Say what the letter of a decision says.

    Args:
        document: of a decision with a message.
        words: of its language.
        design: which layout, which links.
        sender: who writes.
        products: those of the snapshot that decided, for the titles of what reasons name.
        claimed: of a message that was claimed.

    Raises:
        ConfigError: the words name something that this message does not have.
    """
    message = document["message"]
    keys = _keys(message, document["experiment"]["arm"])
    told = words.wording(keys)
    layout = next(design.layout[one] for one in reversed(keys) if one in design.layout)
    message_id = None if claimed is None else claimed.message_id
    shown, more = _shown(message, layout, products)
    cards = [_card(one, words, products, message_id) for one in shown]
    values = _fields(message, words, sender, cards)

    def say(sentence: str, *, is_subject: bool = False) -> str:
        try:
            return words.say(sentence, _shortened(values) if is_subject else values)
        except KeyError as missing:
            raise ConfigError(
                f"the message {message['id']} has no {{{missing.args[0]}}}, which its words in "
                f"{words.language} name: {sentence!r}; give it others under "
                f"[message.{message['text']}] in words/{words.language}.toml of the folder "
                "NBA_LETTERS"
            ) from None

    # An inbox breaks no lines, and a header ends where one does.
    subject, preheader = (
        plain(say(one or "", is_subject=True)) for one in (told.subject, told.preheader)
    )
    is_about_order = message["kind"] == MessageKind.TRANSACTIONAL
    frame = words.frame
    why = "why_order" if is_about_order else "why_marketing"
    return Letter(
        message["id"],
        message["channel"],
        message["kind"],
        words.language,
        subject,
        preheader,
        layout,
        {
            "language": words.language,
            "subject": subject,
            "preheader": preheader,
            "pause": _PAUSE,
            "heading": say(told.heading or ""),
            "body": [say(one) for one in told.body or ()],
            "title": say(told.products or (frame["ordered"] if layout in _OF_ORDERS else "")),
            "button": say(told.button or ""),
            "link": _link(document, keys, design, sender, layout, cards, message_id),
            "products": cards,
            "more": words.say(frame["more"], {"count": more}) if more else "",
            "shows_prices": layout not in _OF_ORDERS,
            "shop": {
                "name": sender.name,
                "url": _told(sender.url, message_id),
                "logo": sender.logo,
                "address": sender.address,
            },
            "why": say(frame[why] if sender.name else frame[f"{why}_unnamed"]),
            "preview": frame["preview"] if claimed is None and not is_about_order else "",
            "unsubscribe": None if claimed is None else claimed.unsubscribe,
            "frame": frame,
        },
        claimed,
    )


def _keys(message: Mapping[str, Any], arm: str | None) -> list[str]:
    """Name the words of a message, from the most general to the most special."""
    status = message["merge"].get("status")
    names = list(dict.fromkeys((message["id"], message["text"])))
    return [
        key
        for name in names
        for key in (name, *(f"{name}{BETWEEN}{one}" for one in (status, arm) if one))
    ]


def _shown(
    message: Mapping[str, Any], layout: str, products: Products
) -> tuple[Sequence[Mapping[str, Any]], int]:
    """Give the products of a message, or of its order, and how many of the order are left out."""
    items = [item for slot in message["slots"].values() for item in slot]
    if items or layout not in _OF_ORDERS:
        return items, 0
    codes = ((one, products.ids.find(one)) for one in message["merge"].get("product_ids", ()))
    known = [(one, code) for one, code in codes if code is not None]
    shown = [
        {"product_id": one, "product": products.card(code), "reason": None}
        for one, code in known[:MOST_ORDERED]
    ]
    return shown, len(known) - len(shown)


def _card(
    item: Mapping[str, Any], words: Words, products: Products, message_id: str | None
) -> dict[str, Any]:
    """Give what a letter shows of a product; None for what the shop does not say."""
    card = item["product"]
    price, to_pay, currency = card["price"], amount_to_pay(card), card["currency"]
    notation = words.notation
    told = None if item["reason"] is None else sentence_of(item["reason"], _titles(products))
    was = None if price is None or price == to_pay else Money(price, currency)
    return {
        "title": plain(card["title"] or item["product_id"]),
        "link": _told(card["link"], message_id),
        "image": web_link(card["image_link"]),
        "price": None if to_pay is None else notation.shown(Money(to_pay, currency)),
        "was": None if was is None else words.say(words.frame["was"], {"price": was}),
        "reason": None if told is None else words.say(words.reason[told[0]], told[1]),
    }


def _titles(products: Products) -> Callable[[str], str]:
    def title(product_id: str) -> str:
        code = products.ids.find(product_id)
        return plain(("" if code is None else products.title[code]) or product_id)

    return title


def _fields(
    message: Mapping[str, Any], words: Words, sender: Sender, cards: Sequence[Mapping[str, Any]]
) -> dict[str, Value]:
    """Give what sentences may name, as far as this message has it."""
    merge = message["merge"]
    values: dict[str, Value] = {
        "shop": plain(sender.name or words.frame["shop"]),
        # What lies in a cart, also where not all of it is shown.
        "count": len(merge["product_ids"]) if "event_id" in merge else len(cards),
    }
    if cards:
        values["product"] = cards[0]["title"]
    if "order_id" in merge:
        values["order"] = plain(merge["order_id"])
        values["status"] = words.status[merge["status"]]
    if "anchor" in merge:
        values["anchor"] = plain(merge["anchor"])
        # It may be a year or the name of a tier.
        with suppress(ValueError):
            values["date"] = date.fromisoformat(merge["anchor"])
    return values


def _shortened(values: Mapping[str, Value]) -> dict[str, Value]:
    return {
        name: f"{value[: SUBJECT_FIELD - 1].rstrip()}…"
        if isinstance(value, str) and len(value) > SUBJECT_FIELD
        else value
        for name, value in values.items()
    }


def _link(
    document: Mapping[str, Any],
    keys: Sequence[str],
    design: Design,
    sender: Sender,
    layout: str,
    cards: Sequence[Mapping[str, Any]],
    message_id: str | None,
) -> str | None:
    """Give where the button leads: as the shop says, to the one product shown, or to the shop."""
    own = next((design.link[one] for one in reversed(keys) if one in design.link), None)
    if own is not None:
        merge = document["message"]["merge"]
        ids = {
            "customer": document["customer_id"],
            "order": merge.get("order_id", ""),
            "product": next(iter(merge.get("product_ids", ())), ""),
        }
        return _told(
            own.format(**{name: quote(one, safe="") for name, one in ids.items()}), message_id
        )
    if layout == "product" and cards and cards[0]["link"]:
        return str(cards[0]["link"])
    return _told(sender.url, message_id)


def _told(address: str | None, message_id: str | None) -> str | None:
    link = web_link(address)
    return None if link is None else told_by(link, message_id)


def link_problems(links: Mapping[str, str]) -> Iterable[str]:
    """Say what is wrong with the links of a shop's own file."""
    for key, link in links.items():
        try:
            fields = {field for _, field, _, _ in Formatter().parse(link) if field is not None}
        except ValueError as error:
            yield f"link.{key}: {error} in {link!r}"
            continue
        for field in sorted(fields - {"order", "product", "customer"}):
            known = "{customer}, {order}, {product}"
            yield f"link.{key}: found {{{field}}}; its fields are {known}"
        if web_link(link) is None:
            yield f"link.{key}: {link!r} is no address of the web"
