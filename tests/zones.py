"""Time zones as the package `tzdata` has them: those of a machine may be years older."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from nba.domain import Instants


@cache
def zone_of(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def on_the_wall(zone: str, instants: Instants) -> list[datetime]:
    """What the local clock shows, as the standard library has it."""
    moments = (one.replace(tzinfo=UTC) for one in instants.astype("datetime64[us]").tolist())
    return [one.astimezone(zone_of(zone)).replace(tzinfo=None) for one in moments]
