"""Playbooks: which messages there are, when each is due and what it is worth, as TOML."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from nba.decide.playbooks.coherence import faults_between
from nba.decide.playbooks.faults import Fault, FaultsError, faults_in, report
from nba.decide.playbooks.lines import Place
from nba.decide.playbooks.messages import Message, Section
from nba.decide.playbooks.sections import (
    B2B,
    Caps,
    Explore,
    Holdout,
    IntentSpans,
    Pauses,
    QuietHours,
    SendTime,
)
from nba.errors import ConfigError
from nba.vocabulary import Channel

_AnySection = TypeVar("_AnySection", bound=Section)
Objective = Literal["profit", "revenue", "repeat_rate", "lifetime_value", "response"]
"""What a message is chosen for."""


class Playbook(Section):
    """All messages of a shop, and the rules of contact that hold for them.

    Raises:
        ConfigError: from `from_toml`, when anything in the file is unknown, impossible or in
            contradiction: every such fault with its line and message.
    """

    id: str
    """By default the name of the file."""
    title: str = ""
    objective: Objective = "profit"
    message_share: float = Field(0.02, ge=0, le=1)
    """Share of a customer's future profit that is lost when messages may no longer reach them."""
    least_value: float = Field(0.0, ge=0)
    """What a marketing message must be worth more than, in the unit of the objective."""
    default_order_value: int = Field(3000, ge=0)
    """Minor units; stands in where a shop has no prices."""
    caps: Caps = Caps()
    quiet_hours: QuietHours = QuietHours()
    holdout: Holdout = Holdout()
    explore: Explore = Explore()
    send_time: SendTime = SendTime()
    intents: IntentSpans = IntentSpans()
    pauses: Pauses = Pauses()
    b2b: B2B = B2B()
    channels: Mapping[Channel, Annotated[float, Field(ge=0)]] = {}
    """What sending through a channel costs, minor units, beside the message's own cost."""
    weights: Mapping[str, Mapping[str, Annotated[float, Field(ge=0)]]] = {}
    """Context of a request → what it says → weight of every message then, 1 by default."""
    message: tuple[Message, ...] = Field(min_length=1)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a playbook file."""
        text = ""
        try:
            text = Path(path).read_text("utf-8")
            document = tomllib.loads(text)
        except OSError as error:
            raise ConfigError(f"the playbook {path} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:  # no UTF-8, or no TOML
            # What is never closed is missed at the end, the only place without its line.
            last = f"at the end, line {len(text.splitlines()) or 1}"
            said = str(error).replace("at end of document", last)
            raise ConfigError(f"the playbook {path} is not valid: {said}") from None
        try:
            return cls.model_validate({"id": Path(path).stem, **document})
        except ValidationError as error:
            faults = [*faults_in(error), *_faults_in_the_rest(deepcopy(document), error)]
            raise ConfigError(report(str(path), text, document, faults)) from None

    @property
    def version(self) -> str:
        """SHA-256 of what the playbook says, so that a decision names the one it rests on."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def limited(self) -> list[str]:
        """The messages of which all customers together get only so many a week."""
        return [one.id for one in self.message if one.budget is not None]

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        messages = dict(enumerate(self.message))
        ids = [one.id for one in self.message]
        if faults := faults_between(messages, ids, self.quiet_hours, self.intents):
            raise FaultsError(faults)
        return self


def _faults_in_the_rest(document: dict[str, Any], error: ValidationError) -> list[Fault]:
    """Look for contradictions in what of a document is in order, where its fields are not.

    The check of a whole playbook runs only on one whose fields all are. The document is used up.
    """
    if any(not one["loc"] for one in error.errors()):
        return []
    for one in error.errors():
        if one["type"] == "extra_forbidden":
            _remove(document, one["loc"])
    written = document.get("message")
    tables = written if isinstance(written, list) else []
    messages = {
        place: message
        for place, table in enumerate(tables)
        if (message := _valid(Message, table)) is not None
    }
    return faults_between(
        messages,
        [str(one.get("id", "")) if isinstance(one, dict) else "" for one in tables],
        _valid(QuietHours, document.get("quiet_hours", {})) or QuietHours(),
        _valid(IntentSpans, document.get("intents", {})) or IntentSpans(),
    )


def _remove(document: dict[str, Any], place: Place) -> None:
    inner: Any = document
    for part in place[:-1]:
        inner = inner[part]
    del inner[place[-1]]


def _valid(section: type[_AnySection], table: object) -> _AnySection | None:
    try:
        return section.model_validate(table)
    except ValidationError:
        return None
