"""The template languages of e-mail tools, as far as the snippets of the documentation use them.

Liquid and Django's language are run by the libraries that implement them; what a tool adds to them,
and the languages of Handlebars and Mailchimp, are played here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import liquid

Fetch = Callable[[str, str, Mapping[str, str]], httpx.Response]
"""Sends a request: method, address, headers."""


class AbortedError(Exception):
    """A template said that nothing is to be sent."""


def braze(template: str, person: Mapping[str, str], fetch: Fetch) -> str:
    """Render Liquid as Braze does, with Connected Content.

    Args:
        template: the snippet.
        person: what `${name}` stands for.
        fetch: asks the server.
    """
    template = re.sub(r"\$\{(\w+)\}", r"\1", template)
    template = re.sub(
        r"\{% abort_message\((['\"].*?['\"])\) %\}", r"{{ \1 | abort_message }}", template
    )
    environment = _liquid()
    known: dict[str, Any] = dict(person)

    def connected(found: re.Match[str]) -> str:
        url, *options = re.split(r"\s+:(?=[a-z_]+)", found[1].strip())
        asked = dict((*one.split(" ", 1), "")[:2] for one in options)
        headers = json.loads(asked.get("headers", "{}"))
        method = asked.get("method", "get").upper()
        answer = fetch(method, environment.from_string(url).render(**known), headers)
        if "save" in asked:
            # What is no JSON, or nothing, is kept as it is.
            is_json = "json" in answer.headers.get("content-type", "")
            known[asked["save"]] = answer.json() if is_json else answer.text
            return ""
        name = f"fetched_{len(known)}"
        known[name] = answer.text if answer.is_success else ""
        return "{{ " + name + " }}"

    whole = re.sub(r"\{% connected_content (.*?) %\}", connected, template, flags=re.DOTALL)
    return environment.from_string(whole).render(**known)


def customer_io(template: str, **known: Any) -> str:
    """Render Liquid as Customer.io does."""
    template = template.replace("{% unsubscribe_url %}", "https://customer.io/unsubscribe")
    return _liquid().from_string(template).render(**known)


def klaviyo(template: str, person: Mapping[str, str]) -> str:
    """Render Django's language with Klaviyo's filter."""
    from django.conf import settings
    from django.template import Context, Engine, Library

    if not settings.configured:
        settings.configure(USE_I18N=False)
    library = Library()
    library.filter("lookup", lambda told, name: told.get(name, ""))
    engine = Engine()
    engine.template_builtins.append(library)
    return str(engine.from_string(template).render(Context({"person": person})))


def mailchimp(template: str, fields: Mapping[str, str]) -> str:
    """Fill in merge tags."""

    def branch(found: re.Match[str]) -> str:
        name, value, then, other = found.groups()
        return then if fields[name] == value else other or ""

    pattern = r"\*\|IF:(\w+)=([^|]*)\|\*(.*?)(?:\*\|ELSE:\|\*(.*?))?\*\|END:IF\|\*"
    chosen = re.sub(pattern, branch, template, flags=re.DOTALL)
    return re.sub(r"\*\|(\w+)\|\*", lambda found: fields[found[1]], chosen)


def mailchimp_rss(template: str, feed: bytes) -> str:
    """Fill in the items of a feed."""
    root = ET.fromstring(feed)
    parts = {"TITLE": "title", "URL": "link", "CONTENT": "description"}

    def item(inside: str, one: ET.Element) -> str:
        return re.sub(
            r"\*\|RSSITEM:(\w+)\|\*",
            lambda found: escape(one.findtext(parts[found[1]]) or ""),
            inside,
        )

    def items(found: re.Match[str]) -> str:
        return "".join(item(found[2], one) for one in [*root.iter("item")][: int(found[1])])

    pattern = r"\*\|RSSITEMS:\[\$count=(\d+)\]\|\*(.*?)\*\|END:RSSITEMS\|\*"
    return re.sub(pattern, items, template, flags=re.DOTALL)


def handlebars(template: str, known: Any) -> str:
    """Fill in `{{name}}`, `{{#if}}`, `{{else}}` and `{{#each}}`, as Handlebars does."""
    out, place = [], 0
    while found := re.compile(r"\{\{(.*?)\}\}").search(template, place):
        out.append(template[place : found.start()])
        word = found[1].strip()
        if not word.startswith("#"):
            value = _path(word, known)
            out.append("" if value is None else escape(str(value)))
            place = found.end()
            continue
        kind, name = word[1:].split()
        inside, place = _block(template, found.end(), kind)
        then, other = _halves(inside)
        value = _path(name, known)
        if kind == "each":
            out += [handlebars(then, one) for one in value]
        else:
            out.append(handlebars(then if value else other, known))
    return "".join([*out, template[place:]])


def _path(name: str, known: Any) -> Any:
    for step in name.removeprefix("this").strip(".").split("."):
        known = known.get(step) if step else known
    return known


def _block(template: str, begin: int, kind: str) -> tuple[str, int]:
    """Give what stands in a block, and where it ends."""
    depth = 1
    for tag in re.compile(r"\{\{([#/])" + kind + r"\b.*?\}\}").finditer(template, begin):
        depth += 1 if tag[1] == "#" else -1
        if not depth:
            return template[begin : tag.start()], tag.end()
    raise ValueError(f"{kind} is not closed")


def _halves(inside: str) -> tuple[str, str]:
    """Divide a block at the `else` that is its own."""
    depth = 0
    for tag in re.compile(r"\{\{([#/]|else)[^}]*\}\}").finditer(inside):
        if tag[1] == "else" and not depth:
            return inside[: tag.start()], inside[tag.end() :]
        depth += {"#": 1, "/": -1, "else": 0}[tag[1]]
    return inside, ""


def _liquid() -> liquid.Environment:
    environment = liquid.Environment()

    def abort(reason: str) -> str:
        raise AbortedError(reason)

    environment.add_filter("abort_message", abort)
    environment.add_filter("url_param_escape", lambda text: quote(str(text), safe=""))
    return environment
