"""What letters say in one language: read from a file, and checked whole when a server starts.

A file of the shop's own says only what it changes, table by table and key by key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nba.errors import ConfigError
from nba.statuses import STATUSES
from nba.vocabulary import MESSAGE_IDS
from nba_api.letters.grammar import FORMS, Notation, Value
from nba_api.letters.reasons import REASONS

BETWEEN: Final = "/"
"""Stands between a message and the status, or arm, whose words differ."""
FIELDS: Final = frozenset("shop order status product count anchor date".split())
"""What a sentence of a message may name."""
_FRAME: Final[Mapping[str, frozenset[str]]] = {
    "shop": frozenset(),
    "was": frozenset(("price",)),
    "ordered": frozenset(),
    "more": frozenset(("count",)),
    "why_order": frozenset(("shop",)),
    "why_order_unnamed": frozenset(),
    "why_marketing": frozenset(("shop",)),
    "why_marketing_unnamed": frozenset(),
    "unsubscribe": frozenset(),
    "preview": frozenset(),
}
"""What stands around every message, and what each sentence of it may name."""


class Wording(BaseModel):
    """What one message says, or what it says otherwise than the one it is a variant of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str | None = Field(None, min_length=1)
    preheader: str | None = Field(None, min_length=1)
    heading: str | None = Field(None, min_length=1)
    body: tuple[str, ...] | None = Field(None, min_length=1)
    button: str | None = None
    products: str | None = None

    def over(self, other: Wording) -> Wording:
        """Give the words of another where these say nothing."""
        return other.model_copy(update=self.model_dump(exclude_none=True))

    def sentences(self) -> Iterable[str]:
        """Give every text of it."""
        told = (self.subject, self.preheader, self.heading, self.button, self.products)
        return filter(None, (*told, *(self.body or ())))


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    forms: Literal["one_other", "one_few_many"]
    decimal: str
    thousands: str
    money: str
    percent: str
    date: str
    months: tuple[str, ...] = Field(min_length=12, max_length=12)
    units: dict[str, tuple[str, ...]]
    symbols: dict[str, str]
    frame: dict[str, str]
    status: dict[str, str]
    reason: dict[str, str]
    message: dict[str, Wording]


@dataclass(frozen=True, slots=True)
class Words:
    """What letters say in one language.

    Attributes:
        language: its code, of two letters.
        name: as its speakers call it.
        notation: how it writes figures.
        frame: what stands around every message.
        status: the words of the statuses of orders.
        reason: the sentences of `REASONS`.
        message: what each says, by id, or by id and the status or arm it is of.
    """

    language: str
    name: str
    notation: Notation
    frame: Mapping[str, str]
    status: Mapping[str, str]
    reason: Mapping[str, str]
    message: Mapping[str, Wording]

    def wording(self, keys: Iterable[str]) -> Wording:
        """Give the words of a message: what the last of some keys says goes before the others.

        Args:
            keys: one without words changes nothing.
        """
        told = Wording()
        for key in keys:
            if key in self.message:
                told = self.message[key].over(told)
        return told

    def say(self, sentence: str, values: Mapping[str, Value]) -> str:
        """Fill in a sentence.

        Raises:
            KeyError: it names a field that there is no value of.
        """
        return "".join(
            text + ("" if field is None else self.notation.shown(values[field], unit or ""))
            for text, field, unit, _ in Formatter().parse(sentence)
        )


def read_words(path: Path) -> dict[str, Any]:
    """Read a file of words as it stands.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what a shop says over what ships; a list or a text goes before as a whole."""
    both: dict[str, Any] = {**ours, **theirs}
    for key in ours.keys() & theirs.keys():
        if isinstance(ours[key], dict) and isinstance(theirs[key], dict):
            both[key] = merged(ours[key], theirs[key])
    return both


def wrong_file(origin: Path, error: ValidationError) -> ConfigError:
    """Give the error that tells every key of a file that is wrong."""
    wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return ConfigError(f"{origin}: {'; '.join(wrong)}")


def words_of(language: str, told: Mapping[str, Any], origin: Path) -> Words:
    """Check what a language's file says, and that nothing is missing in it.

    Args:
        language: its code.
        told: the file, one of the shop's own laid over it.
        origin: the file to name where something is wrong.

    Raises:
        ConfigError: with every key that is wrong.
    """
    try:
        file = _File.model_validate(told)
    except ValidationError as error:
        raise wrong_file(origin, error) from None
    problems = list(_problems(file))
    if problems:
        raise ConfigError(f"{origin}: {'; '.join(problems)}")
    notation = Notation(
        file.forms,
        file.decimal,
        file.thousands,
        file.money,
        file.percent,
        file.date,
        file.months,
        file.units,
        file.symbols,
    )
    return Words(language, file.name, notation, file.frame, file.status, file.reason, file.message)


def _problems(file: _File) -> Iterable[str]:
    count = FORMS[file.forms][0]
    for unit, forms in file.units.items():
        if len(forms) != count:
            yield f"units.{unit}: {len(forms)} forms; expected {count}, as forms = {file.forms!r}"
    notations = {"money": "symbol amount", "percent": "number", "date": "day month year"}
    for key, fields in notations.items():
        yield from _wrong(key, getattr(file, key), frozenset(fields.split()), file)
    for name, needed, table in (
        ("frame", _FRAME, file.frame),
        ("reason", REASONS, file.reason),
        ("status", dict.fromkeys(STATUSES, frozenset[str]()), file.status),
    ):
        yield from (f"{name}.{one}: is missing" for one in sorted(needed.keys() - table.keys()))
        yield from (f"{name}.{one}: is no key" for one in sorted(table.keys() - needed.keys()))
        for key in needed.keys() & table.keys():
            yield from _wrong(f"{name}.{key}", table[key], needed[key], file)
    for message in sorted(MESSAGE_IDS):
        told = file.message.get(message, Wording())
        missing = [
            one for one in ("subject", "preheader", "heading", "body") if not getattr(told, one)
        ]
        yield from (f"message.{message}.{one}: is missing" for one in missing)
    for key, told in file.message.items():
        for sentence in told.sentences():
            yield from _wrong(f"message.{key}", sentence, FIELDS, file)


def _wrong(key: str, sentence: str, allowed: frozenset[str], file: _File) -> Iterable[str]:
    """Say what is wrong with the fields of a sentence."""
    try:
        parsed = list(Formatter().parse(sentence))
    except ValueError as error:
        yield f"{key}: {error} in {sentence!r}"
        return
    for _, field, unit, conversion in parsed:
        if field is None:
            continue
        if field not in allowed or conversion:
            known = ", ".join(f"{{{one}}}" for one in sorted(allowed)) or "none"
            yield f"{key}: found {{{field}}}; its fields are {known}"
        elif unit and unit not in file.units:
            yield f"{key}: there is no units.{unit}"
