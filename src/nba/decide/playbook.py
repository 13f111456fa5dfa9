"""Playbooks: which messages there are, when each is due and what it is worth, as TOML."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import Annotated, Final, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nba.config import described
from nba.errors import ConfigError
from nba.vocabulary import MESSAGE_IDS, MessageKind, Stage

WHY_FIELDS: Final = frozenset(("order", "days", "products"))
_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60}
SlotSource = Literal[
    "bought_together",
    "accessories",
    "similar",
    "replacements",
    "parts",
    "buy_again",
    "picks",
    "popular",
]
"""Where a slot's products come from: `replacements` are successors alone, `parts` what wears out or
runs out in a product."""


def _seconds(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,5})([dhm])", value)):
        return int(found[1]) * _UNITS[found[2]]
    raise ValueError(f"{value!r} is no duration; expected a number and d, h or m, such as '3d'")


Duration = Annotated[int, BeforeValidator(_seconds), Field(ge=0)]
"""A length of time in a playbook, such as "3d"; held in seconds."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Trigger(_Section):
    """When a message is due: `after` the instant named by `on`, for as long as `within`."""

    on: Literal["delivered"]
    after: Duration
    within: Annotated[Duration, Field(gt=0)]

    @property
    def opens(self) -> np.timedelta64:
        """Time from the instant to the due date."""
        return np.timedelta64(self.after, "s")

    @property
    def closes(self) -> np.timedelta64:
        """Time from the instant to expiry."""
        return np.timedelta64(self.after + self.within, "s")


class Slot(_Section):
    """A place for products: the first source that gives `require` products fills it."""

    name: str
    source: Annotated[
        tuple[SlotSource, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)
    ]
    n: int = Field(3, ge=1, le=50)
    require: int = Field(1, ge=0)


class Message(_Section):
    """One message of a playbook.

    Attributes:
        value_share: what a useful action is worth, as a share of the profit of the customer's
            mean order.
        response: prior probability of a useful action.
        unsubscribe_risk: prior probability of an unsubscribe.
        cost: of sending it, minor units.
        lever: the shop's own weight.
        why: a sentence; {order} is the order's id, {days} "3 days", {products} "2 products".
    """

    id: str
    tier: int = Field(ge=0, le=5)
    stage: Stage
    kind: MessageKind
    channels: tuple[str, ...] = Field(min_length=1)
    trigger: Trigger
    once_per: Literal["order"]
    value_share: float = Field(ge=0)
    response: float = Field(gt=0, lt=1)
    unsubscribe_risk: float = Field(ge=0, lt=1)
    cost: float = Field(0.1, ge=0)
    lever: float = Field(1.0, ge=0)
    slots: tuple[Slot, ...] = ()
    why: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.id not in MESSAGE_IDS:
            raise ValueError(f"message {self.id!r} is unknown")
        try:
            fields = [part for part in Formatter().parse(self.why) if part[1] is not None]
        except ValueError as error:
            raise ValueError(f"why is no text with fields: {error}") from None
        # A plain name each: formats and attributes could fail or grow when a message is due.
        odd = [str(name) for _, name, form, way in fields if name not in WHY_FIELDS or form or way]
        if odd:
            raise ValueError(f"why uses {odd}; it may use {sorted(WHY_FIELDS)}, as they are")
        return self


class Playbook(_Section):
    """All messages of a shop.

    Raises:
        ConfigError: from `from_toml`, when a key or message is unknown or a window impossible.
    """

    id: str
    title: str = ""
    message_share: float = Field(0.02, ge=0, le=1)
    """Share of a customer's future profit that is lost when messages may no longer reach them."""
    default_order_value: int = Field(3000, ge=0)
    """Minor units; stands in where a shop has no prices."""
    message: tuple[Message, ...] = Field(min_length=1)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a playbook file."""
        try:
            document = tomllib.loads(Path(path).read_text("utf-8"))
            return cls.model_validate({"id": Path(path).stem, **document})
        except OSError as error:
            raise ConfigError(f"the playbook {path} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or no such fields
            raise ConfigError(f"the playbook {path} is not valid: {described(error)}") from None

    @property
    def version(self) -> str:
        """SHA-256 of what the playbook says, so that a decision names the one it rests on."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [message.id for message in self.message]
        repeated = sorted({one for one in ids if ids.count(one) > 1})
        if repeated:
            raise ValueError(f"message {', '.join(repeated)} appears twice")
        return self
