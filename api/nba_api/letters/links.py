"""Links of letters: only those of the web, with what joins a click back to its message."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

MESSAGE_PARAMETER: Final = "nba_message_id"
"""The parameter by which a click that a provider reports names the message."""
# What an address may hold as it stands; a percent sign is of what is escaped already.
_SAFE: Final = "%/:=&?~#+!$,;'@()*[]"


def web_link(address: str | None) -> str | None:
    """Give an address that a letter may link; None of one that is not of the web."""
    if address is None:
        return None
    try:
        parts = urlsplit(address.strip())
        # Reading the port finds out whether it is one.
        is_of_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    if not is_of_web:
        return None
    return quote(urlunsplit(parts).encode("utf-8", "replace"), safe=_SAFE)


def told_by(link: str, message_id: str | None) -> str:
    """Give a link that names the message; as it is without one."""
    if message_id is None:
        return link
    parts = urlsplit(link)
    named = f"{MESSAGE_PARAMETER}={quote(message_id, safe='')}"
    query = f"{parts.query}&{named}" if parts.query else named
    return urlunsplit(parts._replace(query=query))
