"""The calendars of customers: local days, weeks and quiet hours, as UTC instants.

A local clock is UTC plus an offset that changes at known instants. Between two changes lies a
stretch; the stretches of all zones of a calendar are rows of one table, so that a million customers
of many zones are one look-up. The zones are those of the package `tzdata`, whatever the machine
has: the same facts give the same instants everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from struct import unpack_from
from typing import Final, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from nba.domain import MICROSECOND, Instants

Dates = NDArray[np.datetime64]
"""Local dates, dtype datetime64[D]."""
Zones = NDArray[np.integer]
"""Places in the zones of a calendar."""

_DAY: Final = 86_400_000_000
_MINUTE: Final = 60_000_000
_SECOND: Final = 1_000_000
_FIRST: Final = 0
_LAST: Final = int(datetime(2101, 1, 1, tzinfo=UTC).timestamp())
_STEP: Final = 14 * 86_400
# A place and an instant since 1970 are one number, so that one search serves every zone.
_BITS: Final = 52
_LATEST: Final = (1 << _BITS) - 2
_NEVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the local day in which nobody is written to.

    Attributes:
        begin: when they begin, microseconds since midnight.
        length: how long they are on a day of 24 hours, microseconds; they may go past midnight.
    """

    begin: int
    length: int

    @classmethod
    def between(cls, begin: int, end: int) -> Self:
        """Begin and end at minutes after midnight; the end is not quiet itself."""
        return cls(begin * _MINUTE, (end - begin) * _MINUTE % _DAY)


@dataclass(frozen=True, slots=True, eq=False)
class _Stretches:
    """Times of one offset, by zone, then instant.

    Attributes:
        begin, end: datetime64[us]: the instants between which it holds.
        offset: timedelta64[us]: local clock less UTC.
        reached: datetime64[us]: the latest that the local clock showed before.
        from_key, past_key: int64: place and beginning; place and what the local clock has shown
            when it is over. Ascending.
    """

    begin: Instants
    end: Instants
    offset: NDArray[np.timedelta64]
    reached: Instants
    from_key: NDArray[np.int64]
    past_key: NDArray[np.int64]


class Calendar:
    """Local time in some zones; a zone that does not exist has the time of the default.

    Instants are datetime64[us], UTC, one a row or one for all; NaT gives NaT. Offsets before 1970
    and after 2100 are those of these years.
    """

    __slots__ = ("_stretches", "places")

    def __init__(self, zones: Sequence[str], default: str = "UTC") -> None:
        """Know some zones by name.

        Args:
            zones: names; a zone is meant by its place here.
            default: the zone for names that are empty or unknown; UTC if it is unknown itself.
        """
        self._stretches = _stretches(tuple(zones), default)
        self.places = np.arange(len(zones))
        """The places of all zones."""

    def local(self, zone: Zones, at: Instants | np.datetime64) -> Instants:
        """Give what the clock on the wall shows."""
        return _moved(at, self._stretches.offset[self._held(zone, at)])

    def local_date(self, zone: Zones, at: Instants | np.datetime64) -> Dates:
        """Give the date on the wall; where a clock goes back over midnight, the later date stays.

        So the days of a zone lie one after the other, each in one piece.
        """
        held = self._held(zone, at)
        shown = _moved(at, self._stretches.offset[held])
        # `maximum` passes NaT on.
        return np.asarray(np.maximum(shown, self._stretches.reached[held]), "datetime64[D]")

    def to_utc(self, zone: Zones, local: NDArray[np.datetime64]) -> Instants:
        """Give the first instant at which the local clock shows a time, or a later one."""
        local = local.astype("datetime64[us]", copy=False)
        held = self._stretches.past_key.searchsorted(_keys(zone, local), "right")
        showing = local - self._stretches.offset[held]
        return np.asarray(np.maximum(self._stretches.begin[held], showing), "datetime64[us]")

    def day(self, zone: Zones, at: Instants | np.datetime64) -> tuple[Instants, Instants]:
        """Give beginning and end of the local day; quicker than one after the other."""
        if at.ndim == 0 and len(zone) > len(self.places):
            begin, end = self.day(self.places, at)
            return begin[zone], end[zone]
        date = self.local_date(zone, at)
        return self.to_utc(zone, date), self.to_utc(zone, date + 1)

    def day_start(self, zone: Zones, at: Instants | np.datetime64) -> Instants:
        """Give the beginning of the local day: midnight, or what comes right after it."""
        if at.ndim == 0 and len(zone) > len(self.places):
            return self.day_start(self.places, at)[zone]
        return self.to_utc(zone, self.local_date(zone, at))

    def day_end(self, zone: Zones, at: Instants | np.datetime64) -> Instants:
        """Give the end of the local day, which is the beginning of the next."""
        if at.ndim == 0 and len(zone) > len(self.places):
            return self.day_end(self.places, at)[zone]
        return self.to_utc(zone, self.local_date(zone, at) + 1)

    def week_start(self, zone: Zones, at: Instants | np.datetime64) -> Instants:
        """Give the beginning of the local week, on Monday."""
        return self.week(zone, at)[0]

    def week(self, zone: Zones, at: Instants | np.datetime64) -> tuple[Instants, Dates]:
        """Give the beginning of the local week, and its Monday."""
        if at.ndim == 0 and len(zone) > len(self.places):
            begin, monday = self.week(self.places, at)
            return begin[zone], monday[zone]
        date = self.local_date(zone, at)
        # Weeks of datetime64 begin on Thursdays, as 1970 did.
        monday = (date + 3).astype("datetime64[W]").astype("datetime64[D]") - 3
        return self.to_utc(zone, monday), monday

    def awake(self, zone: Zones, at: Instants | np.datetime64, quiet: Quiet | None) -> Instants:
        """Give the first instant, from `at` on, that lies outside quiet hours."""
        if at.ndim == 0 and len(zone) > len(self.places):
            return self.awake(self.places, at, quiet)[zone]
        found = np.empty(len(zone), "datetime64[us]")
        found[:] = at
        if quiet is None or not quiet.length:
            return found
        row = np.arange(len(zone))
        while len(row):
            held = self._held(zone[row], found[row])
            clock = _moved(found[row], self._stretches.offset[held])
            left = quiet.length - _since(clock, quiet.begin)
            asleep = left > 0
            row, held = row[asleep], held[asleep]
            morning = found[row] + left[asleep].view("timedelta64[us]")
            # Where the clock is set before the morning is there, it is asked what it shows then.
            over = self._stretches.end[held]
            found[row] = np.minimum(morning, over)
            row = row[morning >= over]
        return found

    def bedtime(self, zone: Zones, at: Instants, quiet: Quiet | None) -> Instants:
        """Give the first instant for which `awake` is at `at` or later.

        It is the beginning of the quiet hours that reach up to `at` or past it, else `at`.
        """
        found = np.array(at, "datetime64[us]")
        if quiet is None or not quiet.length:
            return found
        row = np.arange(len(zone))
        while len(row):
            before = _moved(found[row], -MICROSECOND)
            held = self._held(zone[row], before)
            since = _since(_moved(before, self._stretches.offset[held]), quiet.begin)
            asleep = since < quiet.length
            row, held = row[asleep], held[asleep]
            evening = before[asleep] - since[asleep].view("timedelta64[us]")
            over = self._stretches.begin[held]
            found[row] = np.maximum(evening, over)
            # What comes to an end as the clock is set may go on before.
            row = row[evening <= over]
        return found

    def _held(self, zone: Zones, at: Instants | np.datetime64) -> NDArray[np.int64]:
        """Find the stretch in which each instant lies."""
        return self._stretches.from_key.searchsorted(_keys(zone, at), "right") - 1


def _keys(zone: Zones, at: Instants | np.datetime64) -> NDArray[np.int64]:
    """Join place and instant."""
    number = np.minimum(np.maximum(at.view(np.int64), 0), _LATEST)
    return (zone.astype(np.int64) << _BITS) | number


def _moved(at: Instants | np.datetime64, by: NDArray[np.timedelta64] | np.timedelta64) -> Instants:
    moved: Instants = at + by  # type: ignore[assignment]
    return moved


def _since(clock: Instants, begin: int) -> NDArray[np.int64]:
    """Count the microseconds since the local clock last showed a time of the day."""
    return np.asarray((clock.view(np.int64) - begin) % _DAY)


# Customers of a few zones come in as many combinations as calls.
@lru_cache(maxsize=4096)
def _stretches(zones: tuple[str, ...], default: str) -> _Stretches:
    known = known_zones()
    fallback = default if default in known else "UTC"
    parts = [_stretches_of(zone if zone in known else fallback) for zone in zones]
    begin, end, offset, reached = (np.concatenate(column) for column in zip(*parts, strict=True))
    places = np.arange(len(parts), dtype=np.int64) << _BITS
    place = np.repeat(places, [len(one) for one, *_ in parts])
    past = np.where(end == _NEVER, _LATEST + 1, np.append(reached[1:], 0) + 1)
    return _Stretches(
        begin.view("datetime64[us]"),
        end.view("datetime64[us]"),
        offset.view("timedelta64[us]"),
        reached.view("datetime64[us]"),
        place + np.maximum(begin, 0),
        place + np.maximum(past, 0),
    )


@cache
def known_zones() -> frozenset[str]:
    """Name the time zones that there are, the same on every machine."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def _stretches_of(name: str) -> tuple[NDArray[np.int64], ...]:
    """Give begin, end, offset and reached of one zone, in microseconds."""
    seconds, offsets = _changes(name)
    begin, offset = np.array(seconds) * _SECOND, np.array(offsets) * _SECOND
    past = np.maximum.accumulate(begin[1:] + offset[:-1])
    begin[0] = -_NEVER
    return begin, np.append(begin[1:], _NEVER), offset, np.append(-_NEVER, past - 1)


def _changes(name: str) -> tuple[list[int], list[int]]:
    """Find when the offset of a zone changes between 1970 and 2100, and to what, in seconds."""
    path = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with path.open("rb") as file:
        zone = ZoneInfo.from_file(file, key=name)
    told = [one for one in _told(path.read_bytes()) if _FIRST < one < _LAST]
    seconds, offsets = [_FIRST], [_offset(_FIRST, zone)]
    for second in told:
        if (offset := _offset(second, zone)) != offsets[-1]:
            seconds.append(second)
            offsets.append(offset)
    # After the last change that is told a rule holds, of two changes a year or none.
    for second in range((told or [_FIRST])[-1] + _STEP, _LAST, _STEP):
        if _offset(second, zone) != offsets[-1]:
            before, after = second - _STEP, second
            while after - before > 1:
                between = (before + after) // 2
                if _offset(between, zone) == offsets[-1]:
                    before = between
                else:
                    after = between
            seconds.append(after)
            offsets.append(_offset(after, zone))
    return seconds, [int(one.total_seconds()) for one in offsets]


def _told(data: bytes) -> tuple[int, ...]:
    """Read the instants of a zone's file (RFC 8536, section 3), seconds since 1970.

    The file has two parts, the first for readers of 32 bits, each with a head of 44 bytes that
    ends with how many entries of each sort follow.
    """
    both, standard, leaps, times, types, letters = unpack_from(">6l", data, 20)
    second = 44 + 5 * times + 6 * types + letters + 8 * leaps + standard + both
    count = unpack_from(">l", data, second + 32)[0]
    return unpack_from(f">{count}q", data, second + 44)


def _offset(second: int, zone: ZoneInfo) -> timedelta:
    return datetime.fromtimestamp(second, zone).utcoffset() or timedelta()
