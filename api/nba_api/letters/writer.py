"""The letters of one server: every language and layout it has, checked when it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from nba.artifacts.products import Products
from nba.errors import ConfigError
from nba.vocabulary import MESSAGE_IDS, Channel
from nba_api.letters.building import Claimed, Design, Letter, Sender, build, link_problems
from nba_api.letters.layouts import Layouts
from nba_api.letters.words import Words, merged, read_words, words_of, wrong_file
from nba_api.pages import storefront
from nba_api.settings import Settings

Scheme = Literal["any", "light", "dark"]
_SCHEMES: Final[Mapping[Scheme, Mapping[str, str]]] = {
    "any": {"scheme": "light dark", "dark": "(prefers-color-scheme: dark)"},
    "light": {"scheme": "light", "dark": "not all"},
    "dark": {"scheme": "dark", "dark": "all"},
}
_WORDS: Final = "words"
_DESIGN: Final = "letters.toml"


class _DesignFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: dict[str, str]
    link: dict[str, str]


class Letters:
    """Writes the letters of decisions."""

    def __init__(self, settings: Settings) -> None:
        """Read the words that ship, and those of the shop before them.

        Raises:
            ConfigError: the folder of the shop's own is not there, or a file of it is wrong.
        """
        own = settings.letters
        if own is not None and not own.is_dir():
            raise ConfigError(f"NBA_LETTERS: {own} is no folder")
        self._sender = Sender(
            settings.shop_name, settings.shop_url, settings.shop_logo, settings.shop_address
        )
        self._words = dict(shipped_words()) if own is None else _words_with(own)
        self._layouts = _shipped_layouts() if own is None else Layouts([_shipped(), own])
        self._design = _design(own, self._layouts)
        if own is not None:
            self._try_layouts()
        if settings.language not in self._words:
            known = ", ".join(self._words)
            raise ConfigError(f"NBA_LANGUAGE: found {settings.language!r}; expected one of {known}")
        self._language = settings.language

    @property
    def languages(self) -> Mapping[str, str]:
        """Code of each language → what its speakers call it."""
        return {code: words.name for code, words in self._words.items()}

    def language(self, asked: str | None, locale: str | None) -> str:
        """Choose a language: as asked, else as the shop told of the customer, else its default.

        Args:
            asked: a code, or None.
            locale: such as `uk_UA`; None, or one without words, where the shop did not say.

        Raises:
            ConfigError: there are no words in what was asked for.
        """
        if asked is not None:
            if asked not in self._words:
                known = ", ".join(self._words)
                raise ConfigError(f"language: found {asked!r}; expected one of {known}")
            return asked
        spoken = (locale or "")[:2].lower()
        return spoken if spoken in self._words else self._language

    def letter(
        self,
        document: Mapping[str, Any],
        language: str,
        products: Products,
        claimed: Claimed | None = None,
    ) -> Letter:
        """Say what the letter of a decision says.

        Args:
            document: of a decision with a message.
            language: one of `languages`.
            products: of the snapshot that decided.
            claimed: of a message that was claimed.

        Raises:
            ConfigError: the words name something that this message does not have.
        """
        words = self._words[language]
        return build(document, words, self._design, self._sender, products, claimed)

    def html(self, letter: Letter, scheme: Scheme = "any") -> str:
        """Lay a letter out for a mail.

        Args:
            letter: of the channel email.
            scheme: light or dark whatever the reader prefers, for previews.
        """
        return self._layouts.html(letter.layout, {**letter.values, **_SCHEMES[scheme]})

    def text(self, letter: Letter) -> str:
        """Give a letter as plain text: of a mail all of it, of other channels what they carry."""
        return self._layouts.text(letter.channel, letter.values)

    def _try_layouts(self) -> None:
        """Make every layout once, so that a wrong one is found now, and not by who gets it."""
        for layout in sorted(set(self._design.layout.values())):
            self._layouts.check(layout)
        for channel in Channel:
            self._layouts.check_text(channel)


def _words_with(own: Path) -> dict[str, Words]:
    """Lay the words of a shop over those that ship; a language of its own stands alone."""
    told = {path.stem: read_words(path) for path in sorted(_shipped().glob(f"{_WORDS}/*.toml"))}
    read = dict(shipped_words())
    for path in sorted((own / _WORDS).glob("*.toml")):
        laid = merged(told.get(path.stem, {}), read_words(path))
        read[path.stem] = words_of(path.stem, laid, path)
    return read


def _design(own: Path | None, layouts: Layouts) -> Design:
    path = _shipped() / _DESIGN
    told = read_words(path)
    if own is not None and (own / _DESIGN).exists():
        path = own / _DESIGN
        told = merged(told, read_words(path))
    try:
        file = _DesignFile.model_validate(told)
    except ValidationError as error:
        raise wrong_file(path, error) from None
    layout, link = file.layout, file.link
    problems = [f"layout.{one}: is missing" for one in sorted(MESSAGE_IDS - layout.keys())]
    problems += [
        f"layout.{key}: there is no {one}.mjml"
        for key, one in layout.items()
        if not layouts.has(one)
    ]
    problems += link_problems(link)
    if problems:
        raise ConfigError(f"{path}: {'; '.join(problems)}")
    return Design(layout, link)


def _shipped() -> Path:
    return storefront() / "letters"


@cache
def shipped_words() -> Mapping[str, Words]:
    """Give the words that ship, by the code of their language."""
    paths: Sequence[Path] = sorted(_shipped().glob(f"{_WORDS}/*.toml"))
    return {path.stem: words_of(path.stem, read_words(path), path) for path in paths}


@cache
def _shipped_layouts() -> Layouts:
    return Layouts([_shipped()])
