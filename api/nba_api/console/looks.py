"""How stages, statuses and segments look in this shop: labels and icons, and colours as styles.

A page may hold no style of its own (its policy forbids it), so an element names what it shows as
`data-look="kind:id"`, and one stylesheet says the colours of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nba.artifacts.segments import KINDS as SEGMENT_KINDS
from nba.artifacts.segments import Segments
from nba.palette import (
    PLAIN_COLOUR,
    PLAIN_ICON,
    RHYTHM_LOOKS,
    STAGE_LOOKS,
    STATUS_LOOKS,
    Look,
    Looks,
    text_on,
)

NO_RHYTHM: Final = "none"
_SECTION: Final = {"rfm": "segment", "fan": "segment", "rule": "segment"}
"""Kind of segment → the section of a shop's looks that it is in, where the two differ."""
_FIXED: Final = {
    "stage": STAGE_LOOKS,
    "status": STATUS_LOOKS,
    "rhythm": {
        **RHYTHM_LOOKS,
        NO_RHYTHM: Look(label="No orders", colour=PLAIN_COLOUR, icon=PLAIN_ICON),
    },
}
_ODD: Final = re.compile(r"[^a-zA-Z0-9_:-]")


@dataclass(frozen=True, slots=True)
class Shown:
    """A stage, status or segment as a page shows it.

    Attributes:
        kind, id: what it is; the name of its colours is both with a colon between.
        label: what people read.
        icon: a character that tells it from others of its kind without any colour.
    """

    kind: str
    id: str
    label: str
    icon: str


class ShopLooks:
    """The looks that a shop's pages show."""

    def __init__(self, looks: Looks, segments: Segments | None) -> None:
        """Put together what ships, what a snapshot knows and what the shop says.

        Args:
            looks: of the shop.
            segments: of the snapshot that is served; None for none.
        """
        self._looks: dict[tuple[str, str], Look] = {}
        for kind, one, look in (*_fixed(), *_of(segments)):
            self._looks[kind, one] = looks.of(_SECTION.get(kind, kind), one, look)

    def of(self, kind: str, one: str) -> Shown:
        """Give how a thing is shown; one that nobody described, plainly, by its id."""
        plain = Look(label=one or kind, colour=PLAIN_COLOUR, icon=PLAIN_ICON)
        look = self._looks.get((kind, one), plain)
        return Shown(kind, one, look.label, look.icon)

    def known(self, kind: str) -> list[Shown]:
        """List what there is of a kind, in order."""
        return [self.of(kind, one) for found, one in self._looks if found == kind]

    def css(self) -> str:
        """Give the styles: the colour of each thing, and that of text on it."""
        rules = [
            f'[data-look="{_escaped(f"{kind}:{one}")}"]'
            f"{{--look:{look.colour};--on-look:{text_on(look.colour)}}}"
            for (kind, one), look in self._looks.items()
        ]
        plain = f"[data-look]{{--look:{PLAIN_COLOUR};--on-look:{text_on(PLAIN_COLOUR)}}}"
        return "\n".join([plain, *rules, ""])


def _fixed() -> Iterator[tuple[str, str, Look]]:
    for kind, looks in _FIXED.items():
        for one, look in looks.items():
            yield kind, one, look


def _of(segments: Segments | None) -> Iterator[tuple[str, str, Look]]:
    if segments is None:
        return
    for kind, name in enumerate(SEGMENT_KINDS):
        count = int(segments.kind_start[kind + 1] - segments.kind_start[kind])
        for code in range(count):
            told = segments.look(kind, code)
            yield (
                name,
                told["id"],
                Look(label=told["label"], colour=told["colour"], icon=told["icon"]),
            )


def _escaped(text: str) -> str:
    """Write a text between quotation marks of a stylesheet; no character of it ends them."""
    return _ODD.sub(lambda odd: f"\\{ord(odd[0]):x} ", text)
