"""How stages, statuses and segments look: colour, label and icon, so that no colour is alone.

The colours of one kind can stand side by side. They were chosen so that any two of a kind are at
least 10 apart by CIEDE2000, as people see them and as they look without one kind of cone, and that
each has a contrast of 3:1 and more to white and to a dark page (`DARK_PAGE`). Text on them is black
or white, whichever `text_on` says, at 4.5:1 and more. A shop may have looks of its own in a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from nba.errors import ConfigError

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

STAGE_LOOKS: Final = _looks("""
    acquaintance  #888888  ○  Acquaintance
    choosing      #dd7711  ◔  Choosing
    ordered       #0088ff  ◑  Ordered
    client        #007744  ●  Client
""")
"""The stages of a customer, as a circle that fills."""

STATUS_LOOKS: Final = _looks("""
    pending_confirmation  #667788  …  To be confirmed
    awaiting_payment      #bb8800  ¤  Awaiting payment
    paid                  #779977  ◉  Paid
    awaiting_processing   #aa77ff  ◔  Awaiting processing
    processing            #8800ff  ◑  In processing
    delayed               #ee2255  !  Delayed
    picking               #775599  ◕  Being picked
    packed                #994466  ■  Packed
    shipped               #3399bb  ▶  Shipped
    in_transit            #ff44bb  →  On its way
    delivered             #007744  ✓  Delivered
    cancelled             #888888  ✕  Cancelled
    returned              #cc0000  ↩  Returned
""")
"""The statuses of an order, in the order of `statuses.STATUSES`."""

FAN_LOOK: Final = Look(label="Fan", colour="#bb0099", icon="✿")
RULE_LOOK: Final = Look(label="Segment", colour="#337799", icon="◇")
"""A segment by rule that says nothing of its looks, but for the label: that is its id then."""
PLAIN_COLOUR: Final = "#666666"
PLAIN_ICON: Final = "○"
"""What stands for a tier that nobody described."""

_BLACK, _WHITE = "#000000", "#ffffff"
LEAST_CONTRAST: Final = 3.0
"""WCAG 2.2 of what is no text, here to a white and to a dark page."""


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


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours `#rrggbb`, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one) + 0.05, luminance(other) + 0.05))
    return light / dark


def _seen(colour: str) -> str:
    """Refuse a colour that is hardly seen on a page."""
    for page in (_WHITE, DARK_PAGE):
        if contrast(colour, page) < LEAST_CONTRAST:
            raise ValueError(
                f"{colour} has a contrast of {contrast(colour, page):.2f} to a page of {page}; "
                f"choose one of {LEAST_CONTRAST:g} and more to {_WHITE} and to {DARK_PAGE}"
            )
    return colour


class _Changed(BaseModel):
    """What a shop says of a look; what it does not say stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str | None = Field(None, min_length=1)
    colour: Annotated[
        str | None, Field(pattern=r"^#[0-9a-f]{6}$"), AfterValidator(lambda v: v and _seen(v))
    ] = None
    icon: str | None = Field(None, min_length=1, max_length=8)


_Section = Mapping[str, _Changed]


class Looks(BaseModel):
    """The looks of a shop: those that ship, but for what its file says.

    Attributes:
        rhythm, stage, status: id → what is other about its look.
        segment: likewise, of segments by recency, frequency and money, of fans, and by rule.
        band, tier: likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rhythm: _Section = {}
    segment: _Section = {}
    stage: _Section = {}
    status: _Section = {}
    band: _Section = {}
    tier: _Section = {}

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read them from a file.

        Raises:
            ConfigError: it cannot be read, or says something that is no look; every fault is named
                with its key.
        """
        try:
            looks = cls.model_validate(tomllib.loads(path.read_text("utf-8")))
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        except (OSError, ValueError) as error:
            raise ConfigError(f"the looks {path} cannot be read: {error}") from None
        else:
            faults = [
                f"{kind}.{one}: there is no such {kind}; expected one of {', '.join(known)}"
                for kind, known in _FIXED.items()
                for one in getattr(looks, kind)
                if one not in known
            ]
            if not faults:
                return looks
        raise ConfigError("\n  ".join([f"the looks {path} are not valid:", *faults]))

    def of(self, kind: str, one: str, look: Look) -> Look:
        """Give a look as the shop has it.

        Args:
            kind: the name of a section.
            one: an id.
            look: the one that holds where the shop says nothing.
        """
        changed = getattr(self, kind).get(one)
        return (
            look
            if changed is None
            else look.model_copy(update=changed.model_dump(exclude_none=True))
        )


_FIXED: Final = {"rhythm": RHYTHM_LOOKS, "stage": STAGE_LOOKS, "status": STATUS_LOOKS}
"""The kinds of which no recipe knows another one."""
