"""HTML pages of the server: templates that ship, every value escaped, no script but our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import Response
from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemLoader,
    FunctionLoader,
    StrictUndefined,
    TemplateSyntaxError,
)

from nba.errors import ConfigError
from nba_api.answers import PRIVATE

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What a page may load and whom it may ask: its own server, and pictures of products."""
_SHARED: Final = "shared"
"""The folder of templates that several rooms extend or include."""


@cache
def storefront() -> Path:
    """Give the folder of pages, scripts and templates that ship, in the wheel or in a checkout."""
    here = Path(str(files("nba_api")))
    packaged = here / "storefront"
    return packaged if packaged.is_dir() else here.parent / "storefront"


class Pages:
    """The templates of one room, and those that all rooms share."""

    def __init__(self, room: str, filters: Mapping[str, Callable[..., Any]] | None = None) -> None:
        """Find them; each is read when it is first shown.

        Args:
            room: the folder below `storefront()`.
            filters: what its templates call to write a value, by name.
        """
        folders = [storefront() / room, storefront() / _SHARED]
        self._environment = _environment(FileSystemLoader(folders), filters)

    def text(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill in a template."""
        return self._environment.get_template(template).render(values)

    def page(self, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
        """Answer with a page that no cache keeps and that runs nothing of elsewhere."""
        headers = {
            "cache-control": PRIVATE,
            "content-security-policy": POLICY,
            # Under a stricter policy a browser would send forms with `Origin: null`.
            "referrer-policy": "same-origin",
            "x-robots-tag": "noindex",
        }
        # Half of a character, as some files have in a title, breaks no page.
        body = self.text(template, values).encode("utf-8", "replace")
        return Response(body, status, headers, "text/html; charset=utf-8")


class Sheets:
    """Templates that are made, not read: each once, when it is first filled in."""

    def __init__(
        self,
        source: Callable[[str], str],
        *,
        is_html: bool,
        filters: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """Make none yet.

        Args:
            source: gives a template by its name.
            is_html: what is filled in is escaped.
            filters: what they call to write a value, by name.
        """
        self._environment = _environment(FunctionLoader(source), filters, is_html=is_html)

    def text(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill in a template."""
        return self._environment.get_template(template).render(values)

    def check(self, template: str) -> None:
        """Make a template.

        Raises:
            ConfigError: it is written wrong.
        """
        try:
            self._environment.get_template(template)
        except TemplateSyntaxError as error:
            raise ConfigError(f"{template}: line {error.lineno}: {error.message}") from None


def _environment(
    loader: BaseLoader, filters: Mapping[str, Callable[..., Any]] | None, *, is_html: bool = True
) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=is_html,
        # A name that nobody gave is a fault of ours, not an empty place on a page.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(filters or {})
    return environment
