"""The tables of a playbook beside its messages: contact, trials, intents and prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from nba.decide.calendar import known_zones
from nba.decide.playbooks.messages import Duration, Section
from nba.vocabulary import Channel

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _minutes(value: object) -> object:
    if isinstance(value, str) and (found := _CLOCK.fullmatch(value)):
        return int(found[1]) * 60 + int(found[2])
    raise ValueError(f"{value!r} is no time of day; expected one such as '21:00'")


TimeOfDay = Annotated[int, BeforeValidator(_minutes)]
"""A time of day such as "21:00"; held in minutes after midnight."""


class ChannelCaps(Section):
    """How many marketing messages a customer gets through one channel, at most."""

    day: int | None = Field(None, ge=1)
    """In the customer's local day."""
    week: int | None = Field(None, ge=1)
    """In seven days."""


class Caps(Section):
    """How many marketing messages a customer gets, at most, through all channels."""

    day: int = Field(1, ge=1)
    """In the customer's local day."""
    week: int = Field(3, ge=1)
    """In seven days."""
    min_gap: Duration = 0
    """Time between two of them; it moves the later one."""
    channel: Mapping[Channel, ChannelCaps] = {}
    """Narrower ones of single channels."""


class QuietHours(Section):
    """When nothing is sent, by the customer's own clock; none without `from` and `until`."""

    from_: TimeOfDay | None = Field(None, alias="from")
    """When they begin."""
    until: TimeOfDay | None = None
    """When they end, on the next day if that is earlier."""
    timezone: str = "UTC"
    """The zone of customers of whom the shop knows none."""
    holds_transactional: bool = False
    """Transactional messages wait for their end too."""

    @field_validator("timezone")
    @classmethod
    def _exists(cls, value: str) -> str:
        if value not in known_zones():
            raise ValueError(f"there is no time zone {value!r}; expected one such as 'Europe/Kyiv'")
        return value


class Holdout(Section):
    """Customers who get no marketing messages, so that the effect of messages can be measured."""

    share: float = Field(0.0, ge=0, lt=1)
    """Share of the customers."""
    salt: str = ""
    """Another text draws other customers."""


class Explore(Section):
    """How often a message is tried that is not the best known."""

    rate: float = Field(0.0, ge=0, lt=1)
    """Share of decisions in which every eligible message of the tier is as likely."""
    temperature: float = Field(0.0, ge=0)
    """Softness of the choice otherwise, minor units of expected value; 0 takes the best."""


class SendTime(Section):
    """At what hour a message leaves."""

    learned: bool = False
    """Wait for the hour in which customers answer best, within window and quiet hours."""


class IntentSpans(Section):
    """How long after its last event an intent counts as open, and which kind is the strongest."""

    view: Annotated[Duration, Field(gt=0)] = 14 * 86_400
    cart: Annotated[Duration, Field(gt=0)] = 30 * 86_400
    wish: Annotated[Duration, Field(gt=0)] = 180 * 86_400
    wait: Annotated[Duration, Field(gt=0)] = 365 * 86_400
    strongest: tuple[Literal["cart", "wish", "wait"], ...] = ("cart", "wish", "wait")
    """The state of a customer with several is that of the first of these."""

    @field_validator("strongest")
    @classmethod
    def _is_each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if sorted(value) != ["cart", "wait", "wish"]:
            raise ValueError(f"{list(value)} must name cart, wish and wait, each once")
        return value


class Pauses(Section):
    """How long marketing rests after something went wrong."""

    after_return: Duration = 7 * 86_400
    """After anything came back."""
    after_low_rating: Duration = 30 * 86_400
    """After a rating or survey of at most 2 of 5."""


class B2B(Section):
    """What differs for companies."""

    window_factor: float = Field(2.0, ge=1, le=100)
    """Intents of companies stay open so many times as long, and messages about them open and
    close so many times as late."""
