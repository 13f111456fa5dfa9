"""One message of a playbook: when it is due, for whom, with which products, at what price."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from nba.decide.playbooks.triggers import TRIGGERS, Meaning, SlotSource, TriggerWord
from nba.vocabulary import MESSAGE_IDS, Channel, MessageKind, Stage

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60}
_DURATION: Final = re.compile(r"(-?\d{1,5})([dhm])")
MIN_VIEWS: Final = 2
"""Products looked at that trigger a message where it does not say how many."""
WHY_FIELDS: Final = frozenset(("order", "status", "days", "products", "anchor"))
"""What a sentence `why` may be filled with; `Meaning.why_fields` says which triggers have it."""


def _seconds(value: object) -> object:
    if isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        return int(found[1]) * _UNITS[found[2]]
    raise ValueError(f"{value!r} is no duration; expected a number and d, h or m, such as '3d'")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _distinct(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if repeated := [str(one) for place, one in enumerate(value) if one in value[:place]]:
        raise ValueError(f"{repeated[0]!r} is there twice; write it once")
    return value


Lead = Annotated[int, BeforeValidator(_seconds)]
"""A length of time such as "3d", or "-7d" for before; held in seconds."""
Duration = Annotated[Lead, Field(ge=0)]
"""A length of time such as "3d", "12h" or "30m"; held in seconds."""


class Section(BaseModel):
    """A table of a playbook: fixed once read, and of known keys alone."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Trigger(Section):
    """When a message is due: `after` the instant named by `on`, for as long as `within`."""

    on: TriggerWord
    after: Lead = 0
    within: Annotated[Duration, Field(gt=0)]
    min: int | None = Field(None, ge=1)
    """Products looked at, at least; of the trigger `view` alone."""

    @property
    def opens(self) -> np.timedelta64:
        """Time from the instant to the due date; negative before it."""
        return np.timedelta64(self.after, "s")

    @property
    def closes(self) -> np.timedelta64:
        """Time from the instant to expiry."""
        return np.timedelta64(self.after + self.within, "s")

    @property
    def meaning(self) -> Meaning:
        """What the word `on` means."""
        return TRIGGERS[self.on]

    @property
    def min_views(self) -> int:
        """Products looked at that it takes."""
        return MIN_VIEWS if self.min is None else self.min


class Timing(Section):
    """A window after the instant of a trigger."""

    after: Duration
    """Time from the instant to the due date."""
    within: Annotated[Duration, Field(gt=0)]
    """For how long it is due."""

    @property
    def opens(self) -> np.timedelta64:
        """Time from the instant to the due date."""
        return np.timedelta64(self.after, "s")

    @property
    def length(self) -> np.timedelta64:
        """Time from the due date to expiry."""
        return np.timedelta64(self.within, "s")


class When(Section):
    """Whom a message is for; what is not written holds for everybody, what is must all hold."""

    rhythm: tuple[Literal["active", "at_risk", "lost"], ...] | None = Field(None, min_length=1)
    """The customer's rhythm is one of these."""
    account_type: tuple[Literal["b2c", "b2b"], ...] | None = Field(None, min_length=1)
    """The account is of one of these."""
    tier: tuple[str, ...] | None = Field(None, min_length=1)
    """The customer's tier is one of these, letter by letter."""
    min_orders: int | None = Field(None, ge=0)
    """Kept orders, at least."""
    max_orders: int | None = Field(None, ge=0)
    """Kept orders, at most."""
    segments: tuple[str, ...] | None = Field(None, min_length=1)
    """The customer is in one of these segments, bands or rules of the snapshot."""
    is_fan: bool | None = None
    """The customer is a fan, or with false is none."""
    has_points: bool | None = None
    """The shop says that the customer has points, or with false does not."""
    points_short: int | None = Field(None, ge=1)
    """Spending that the customer lacks for the next tier, minor units, at most."""
    band_share: float | None = Field(None, gt=0, lt=1)
    """Share of what the next band takes that the customer has yet to spend, at most."""
    states: tuple[str, ...] | None = Field(None, min_length=1)
    """The customer's state is one of these; `client/*` stands for all of a stage."""
    context: Mapping[str, tuple[str, ...]] = {}
    """What the request must say, such as place, device or hour, each one of these."""

    @field_validator("rhythm", "account_type", "tier", "segments", "states", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return _listed(value)

    @field_validator("context", mode="before")
    @classmethod
    def _as_texts(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return {key: _texts(one) for key, one in value.items()}

    @field_validator("context")
    @classmethod
    def _says_something(cls, value: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        if empty := [key for key, one in value.items() if not one]:
            raise ValueError(f"{empty[0]} allows nothing; write at least one value")
        return value


def _texts(value: object) -> object:
    """Let a context be a number too, such as an hour."""
    several = value if isinstance(value, list | tuple) else [value]
    return [
        str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in several
    ]


class Slot(Section):
    """A place for products: the first source that gives `require` products fills it."""

    name: str = Field(min_length=1)
    source: Annotated[tuple[SlotSource, ...], BeforeValidator(_listed), Field(min_length=1)]
    n: int = Field(3, ge=1, le=50)
    """Products, at most."""
    require: int = Field(1, ge=0)
    """Products without which the message is not sent; with 0 the slot may stay empty."""


class Message(Section):
    """One message of a playbook."""

    id: str
    """A word of `vocabulary.MESSAGE_IDS`."""
    tier: int = Field(ge=0, le=5)
    """The lowest tier with an eligible message decides; the greatest value within it."""
    stage: Annotated[tuple[Stage, ...], BeforeValidator(_listed), Field(min_length=1)]
    """The stages whose customers it is for; one word or a list."""
    kind: MessageKind
    """`transactional` bypasses consent, caps and choice, `task` is for the shop's people."""
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    """How it may travel, the preferred first."""
    trigger: Trigger
    when: When = When()
    once_per: Literal["order", "product", "customer", "year", "anchor"] = "anchor"
    """It is sent once per this; by default once about the same thing."""
    cooldown: Duration = 0
    """Time after the message before it may be sent again, about whatever."""
    max_touches: int = Field(7, ge=1)
    """Marketing messages about the same thing, of all ids, after which this one is not sent."""
    prerequisite: tuple[str, ...] = ()
    """Messages that must all have been sent before; about the same thing where they can be."""
    never_after: tuple[str, ...] = ()
    """Messages none of which may have been sent before; about the same thing where they can be."""
    value_share: float = Field(ge=0)
    """Worth of a useful action, as a share of the profit of the customer's mean order."""
    response: float = Field(gt=0, lt=1)
    """Prior probability of a useful action."""
    response_strength: float = Field(200.0, gt=0)
    """Messages that the priors weigh as much as, beside the shop's own log."""
    unsubscribe_risk: float = Field(ge=0, lt=1)
    """Prior probability of an unsubscribe."""
    cost: float = Field(0.1, ge=0)
    """Of sending it, minor units, beside the channel's."""
    lever: float = Field(1.0, ge=0)
    """The shop's own weight."""
    slots: tuple[Slot, ...] = ()
    variants: tuple[str, ...] = ()
    """Names of its texts to be tried against each other."""
    discount: float | None = Field(None, gt=0, lt=1)
    """Share of the price that it gives away."""
    budget: int | None = Field(None, ge=1)
    """Minor units a week that its discounts may cost the shop; weeks begin Monday 00:00 UTC."""
    margin_floor: float | None = Field(None, ge=0, lt=1)
    """Share of the price that must be left as profit once the discount is given."""
    claims: tuple[Literal["low_stock", "sale_ends"], ...] = ()
    """What the text asserts; only products for which the data say so are shown."""
    lag: Literal["learned"] | None = None
    """Open when the owners of what was ordered come to need its accessories, as learned; where
    nothing was, after `trigger.after`."""
    categories: Mapping[str, Timing] = {}
    """Category of a product of the order, such as "A > B" → when the message is due then; of
    several the one written first."""
    text: str | None = Field(None, min_length=1)
    """Key of the text in the shop's templates; by default the id."""
    why: str
    """A sentence; {order} is the order's id, {status} its status, {days} "3 days" since the
    trigger, {products} "2 products", {anchor} what it is about."""

    @field_validator("stage", "channels", "variants", "claims", "prerequisite", "never_after")
    @classmethod
    def _each_once(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        return _distinct(value)

    @field_validator("id")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in MESSAGE_IDS:
            raise ValueError(f"message {value!r} is unknown; expected one of {sorted(MESSAGE_IDS)}")
        return value

    @field_validator("why")
    @classmethod
    def _can_be_filled(cls, value: str) -> str:
        try:
            fields = [part for part in Formatter().parse(value) if part[1] is not None]
        except ValueError as error:
            raise ValueError(f"why is no text with fields: {error}") from None
        # A plain name each: formats and attributes could fail or grow when a message is due.
        odd = [str(name) for _, name, form, way in fields if name not in WHY_FIELDS or form or way]
        if odd:
            raise ValueError(f"why uses {odd}; it may use {sorted(WHY_FIELDS)}, as they are")
        return value

    @property
    def why_fields(self) -> frozenset[str]:
        """The fields that `why` uses."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.why) if name is not None)

    @property
    def is_marketing(self) -> bool:
        """Whether it needs consent and counts towards the caps."""
        return self.kind is not MessageKind.TRANSACTIONAL
