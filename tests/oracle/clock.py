"""The clock on a customer's wall, by the standard library. Instants are microseconds, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tests.zones import zone_of

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def told(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def since_epoch(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Clock:
    """Of one zone, none of whose days begins twice."""

    zone: str
    quiet: tuple[int, int] | None
    """Minutes after midnight at which the quiet hours begin and end."""

    def date(self, at: int) -> date:
        return self._shown(at).date()

    def begins(self, day: date, after: time = time()) -> int:
        return since_epoch(datetime.combine(day, after, zone_of(self.zone)).astimezone(UTC))

    def day(self, at: int) -> tuple[int, int]:
        today = self.date(at)
        return self.begins(today), self.begins(today + timedelta(days=1))

    def week(self, at: int) -> date:
        today = self.date(at)
        return today - timedelta(days=today.weekday())

    def is_quiet(self, at: int) -> bool:
        if self.quiet is None:
            return False
        shown = self._shown(at)
        minutes = shown.hour * 60 + shown.minute
        begin, end = self.quiet
        return begin <= minutes < end if begin < end else minutes >= begin or minutes < end

    def awake(self, at: int) -> int:
        """The first instant from then on that is not quiet."""
        if not self.is_quiet(at):
            return at
        assert self.quiet is not None
        morning = time(*divmod(self.quiet[1], 60))
        today = self.date(at)
        ends = (self.begins(today + timedelta(days=ahead), morning) for ahead in range(2))
        return next(end for end in ends if end > at)

    def _shown(self, at: int) -> datetime:
        return told(at).astimezone(zone_of(self.zone))
