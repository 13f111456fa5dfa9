"""How letters look: MJML made into HTML when a layout is first needed, and filled in afterwards.

In that order what is filled in is escaped as text or attribute of the HTML that mails carry, and no
title of a product ever meets the MJML parser.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import mrml

from nba.errors import ConfigError
from nba_api.pages import Sheets

WIDTH: Final = 76
"""Characters of a line of plain text, at most."""
TEXTS: Final[Mapping[str, str]] = {
    "email": "email.txt",
    "sms": "short.txt",
    "push": "short.txt",
    "call": "task.txt",
}
"""Channel → the template of its plain text."""
_SUFFIX: Final = ".mjml"
_INCLUDE: Final = re.compile(r'<mj-include path="([\w.-]+)" />')


class Layouts:
    """The layouts that ship, or a shop's own of the same name in their place."""

    def __init__(self, folders: list[Path]) -> None:
        """Find them; the file of the last folder that has it counts.

        Args:
            folders: with `*.mjml` and `*.txt`.
        """
        files = {one.name: one for folder in folders for one in sorted(folder.glob("*.*"))}
        self._files = {
            name: path for name, path in files.items() if path.suffix in (".txt", _SUFFIX)
        }
        self._html = Sheets(self._compiled, is_html=True)
        self._text = Sheets(self._read, is_html=False, filters={"wrapped": _wrapped})

    def has(self, layout: str) -> bool:
        """Tell whether there is a layout of this name."""
        return f"{layout}{_SUFFIX}" in self._files

    def html(self, layout: str, values: Mapping[str, Any]) -> str:
        """Fill in a layout.

        Raises:
            ConfigError: it is no MJML.
        """
        return self._html.text(layout, values)

    def text(self, channel: str, values: Mapping[str, Any]) -> str:
        """Fill in the plain text of a channel."""
        return self._text.text(TEXTS[channel], values)

    def check(self, layout: str) -> None:
        """Make a layout.

        Raises:
            ConfigError: it is no MJML, or what it fills in is written wrong.
        """
        self._html.check(layout)

    def check_text(self, channel: str) -> None:
        """Read the plain text of a channel.

        Raises:
            ConfigError: what it fills in is written wrong.
        """
        self._text.check(TEXTS[channel])

    def _read(self, name: str) -> str:
        path = self._files[name]
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from None

    def _compiled(self, layout: str) -> str:
        path = self._files[f"{layout}{_SUFFIX}"]
        try:
            # Comments are for who reads the template; those of Outlook are none to this.
            # No font is loaded: whoever serves one would be told who opens which letter.
            options = mrml.RenderOptions(disable_comments=True, fonts={})
            return mrml.to_html(self._whole(path), None, options).content
        except (OSError, RecursionError) as error:
            raise ConfigError(f"{path}: {error}") from None

    def _whole(self, path: Path) -> str:
        """Give a layout with what it includes in its place.

        The library includes by itself too, but leaves the included parts of a body without the
        cells and the width that stand around what is written there.
        """

        def part(found: re.Match[str]) -> str:
            name = found[1]
            if name not in self._files:
                raise ConfigError(f"{path}: it includes {name}, which is not there")
            return self._whole(self._files[name])

        return _INCLUDE.sub(part, self._read(path.name))


def _wrapped(text: str) -> str:
    """Give a text in lines; a link stays whole."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
