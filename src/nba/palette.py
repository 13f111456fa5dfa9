"""How statuses and segments look: a colour, a label and an icon each, so that no colour is alone.

The colours of one kind can stand side by side. They were chosen so that any two of a kind are at
least 10 apart by CIEDE2000, as people see them and as they look without one kind of cone, and that
each has a contrast of 3:1 and more to white and to a dark page (`DARK_PAGE`). Text on them is black
or white, whichever `text_on` says, at 4.5:1 and more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

DARK_PAGE: Final = "#121212"
"""The dark background that every default colour is checked against, beside white."""


class Look(BaseModel):
    """What stands for a status or segment on a page or picture.

    Attributes:
        label: what people read.
        colour: `#rrggbb`.
        icon: a character that tells it from the others without any colour.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1)
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    icon: str = Field(min_length=1, max_length=8)


def _looks(text: str) -> Mapping[str, Look]:
    """Read a table written as lines of id, colour, icon and label."""
    looks = {}
    for line in text.strip().splitlines():
        code, colour, icon, label = line.split(maxsplit=3)
        looks[code] = Look(label=label, colour=colour, icon=icon)
    return looks


SEGMENT_LOOKS: Final = _looks("""
    champions           #007744  ★  Champions
    loyal               #00aa66  ♥  Loyal
    potential_loyalist  #8877ff  ▲  Potential loyalists
    new                 #7722ff  ✚  New
    promising           #aa88bb  ◆  Promising
    need_attention      #ee6611  ◉  Need attention
    about_to_sleep      #888888  ☾  About to sleep
    at_risk             #bb0099  ▼  At risk
    cannot_lose         #cc0000  ‼  Cannot lose them
    hibernating         #556666  ■  Hibernating
""")
"""The ten segments of recency, frequency and money."""

RHYTHM_LOOKS: Final = _looks("""
    active   #009988  ●  Active
    at_risk  #dd7711  ▲  At risk
    lost     #bb3333  ✕  Lost
""")
"""The states of a customer's own rhythm: green, yellow and red, which also differ in lightness."""

BAND_LOOKS: Final = _looks("""
    small   #666699  ▁  Below 100 000
    middle  #009977  ▄  100 000 to 200 000
    large   #995500  █  Above 200 000
""")
"""The three bands of purchases in a period."""

TIER_LOOKS: Final = _looks("""
    silver    #666666  ②  Silver
    gold      #dd7711  ①  Gold
    platinum  #0088ff  ♛  Platinum
""")
"""The usual tiers of a loyalty programme."""

FAN_LOOK: Final = Look(label="Fan", colour="#bb0099", icon="✿")
RULE_LOOK: Final = Look(label="Segment", colour="#337799", icon="◇")
"""A segment by rule that says nothing of its looks, but for the label: that is its id then."""
PLAIN_COLOUR: Final = "#666666"
PLAIN_ICON: Final = "○"
"""What stands for a tier that nobody described."""

_BLACK, _WHITE = "#000000", "#ffffff"


def luminance(colour: str) -> float:
    """Give the relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2)."""
    coded = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in coded]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def text_on(colour: str) -> str:
    """Say whether black or white text is easier to read on a colour; always 4.5:1 or more.

    The contrast is (lighter + 0.05) / (darker + 0.05) of the two luminances (WCAG 2.2).
    """
    shade = luminance(colour) + 0.05
    return _BLACK if shade / 0.05 >= 1.05 / shade else _WHITE
