"""What providers are made to say in tests, and the requests by which they say it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from nba_api.webhooks.reading import SECOND, Delivery

NOW: Final = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
"""Seconds; where the clock of `tests.api.shop` stands."""
OUTSIDE: Final = "https://shop.example/nba"


@dataclass(frozen=True)
class Said:
    """One thing that happened to a message, in no provider's words."""

    kind: str
    message: str | None
    at: int
    number: int = 0


@dataclass(frozen=True)
class Call:
    """One request of a provider."""

    path: str
    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str) -> Call:
        return replace(self, headers=self.headers | {name: value})

    def without_header(self, name: str) -> Call:
        return replace(self, headers={one: v for one, v in self.headers.items() if one != name})


def story() -> list[Said]:
    """What became of six messages; the number tells apart what is said twice."""
    told = (
        ("delivered", "m_1", 3600),
        ("opened", "m_1", 3500),
        ("machine_open", "m_1", 3599),
        ("clicked", "m_1", 3000),
        ("clicked", "m_1", 2900),
        ("delivered", "m_2", 3600),
        ("clicked", "m_2", 3599),
        ("bounced", "m_3", 3000),
        ("soft_bounce", "m_4", 3000),
        ("complained", "m_5", 2000),
        ("unsubscribed", "m_6", 1000),
        ("resubscribed", "m_6", 900),
        ("unheard_of", "m_1", 800),
        ("delivered", None, 700),
        ("delivered", "m_elsewhere", 700),
    )
    return [
        Said(kind, message, NOW - ago, number)
        for number, (kind, message, ago) in enumerate(told, start=1)
    ]


def delivery(call: Call, now: float = NOW) -> Delivery:
    """Give a request as a reader gets it."""
    query = call.path.partition("?")[2]
    return Delivery(
        f"{OUTSIDE}{call.path}",
        dict(parse_qsl(query)),
        Headers(call.headers),
        call.body,
        round(now * SECOND),
    )


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
