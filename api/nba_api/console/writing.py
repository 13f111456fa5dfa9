"""How the console writes values: instants, days, money, counts and shares, in English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from nba.vocabulary import decimals

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_LAST: Final = datetime.max.replace(tzinfo=UTC)
NOTHING: Final = "\N{EN DASH}"
"""What stands where there is no value."""


def day(instant: str | None) -> str:
    """Write the day of an instant of JSON, such as `1 Mar 2026`."""
    if instant is None:
        return NOTHING
    told = read(instant)
    return f"{told.day} {_MONTHS[told.month - 1]} {told.year}"


def moment(instant: str | None) -> str:
    """Write an instant of JSON to the minute, such as `1 Mar 2026, 12:00` (UTC)."""
    return NOTHING if instant is None else f"{day(instant)}, {read(instant):%H:%M}"


def clock(instant: str) -> str:
    """Write the time of day of an instant of JSON, such as `12:00` (UTC)."""
    return f"{read(instant):%H:%M}"


def away(instant: str | None, at: str) -> str:
    """Say how far an instant lies from another, such as `in 3 days` or `2 hours ago`."""
    if instant is None:
        return NOTHING
    seconds = (read(instant) - read(at)).total_seconds()
    size = abs(seconds)
    unit, name = next(
        (one for one in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")) if size >= one[0]),
        (0, ""),
    )
    if not unit:
        return "now"
    told = counted(int(size // unit), name)
    return f"in {told}" if seconds > 0 else f"{told} ago"


def money(amount: float | None, currency: str | None) -> str:
    """Write minor units with their currency, such as `1 234.50 EUR`."""
    if amount is None:
        return NOTHING
    digits = decimals(currency or "")
    return f"{grouped(amount / 10**digits, digits)} {currency or ''}".rstrip()


def grouped(number: float | None, digits: int = 0) -> str:
    """Write a number with its thousands apart, such as `12 345`."""
    # A space that neither breaks a line nor is as wide as one between words.
    return NOTHING if number is None else f"{number:,.{digits}f}".replace(",", "\u202f")


def percent(share: float | None, digits: int = 0) -> str:
    """Write a share of 1, such as `35 %`."""
    return NOTHING if share is None else f"{grouped(100 * share, digits)}\u202f%"


def counted(count: int, one: str, many: str = "") -> str:
    """Write a count of things, such as `1 day` or `3 days`."""
    return f"{grouped(count)} {one if count == 1 else many or f'{one}s'}"


def sentence(text: str) -> str:
    """Write a text as a sentence: it begins with a capital, and something ends it."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


def path(identifier: str) -> str:
    """Write an id as the end of an address, its slashes too."""
    return quote(identifier, safe="")


def read(instant: str) -> datetime:
    """Read an instant of JSON; one that lies behind the year 9999 is the end of that."""
    return _LAST if instant[4] != "-" else datetime.fromisoformat(instant).astimezone(UTC)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    one.__name__: one
    for one in (day, moment, clock, away, money, grouped, percent, counted, sentence, path)
}
"""What templates call to write a value."""
