"""Caps on messages a day and a week, and when one that is reached is free again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.calendar import Calendar, Quiet, Zones
from nba.domain import DAY, MICROSECOND, Instants
from nba.ranges import crossed

WEEK: Final = 7 * DAY
_NEVER: Final = np.datetime64("NaT", "us")


@dataclass(frozen=True, slots=True)
class Cap:
    """How many letters one customer gets at most; None = as many as there are.

    Attributes:
        day: in the local day.
        week: in 7 x 24 hours, of which the last instant counts and the first does not.
    """

    day: int | None
    week: int | None

    @property
    def of_day(self) -> Cap:
        """The cap of the day alone."""
        return Cap(self.day, None)

    @property
    def of_week(self) -> Cap:
        """The cap of the week alone."""
        return Cap(None, self.week)


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Letters of one sort, of some customers.

    Attributes:
        count: customers.
        customer: int64 per letter, ascending.
        at: datetime64[us] per letter, ascending within a customer.
    """

    count: int
    customer: NDArray[np.int64]
    at: Instants

    def only(self, wanted: NDArray[np.bool_]) -> Log:
        """Keep some letters."""
        return Log(self.count, self.customer[wanted], self.at[wanted])

    def of(self, customer: NDArray[np.int64]) -> Log:
        """Give the letters of some customers, who are renumbered in the given order."""
        first = np.searchsorted(self.customer, customer, "left")
        which, letter = crossed(first, np.searchsorted(self.customer, customer, "right"))
        return Log(len(customer), which, self.at[letter])

    def within(self, begin: Instants, end: Instants) -> NDArray[np.int64]:
        """Count the letters of each customer from `begin` on, before `end`."""
        at, customer = self.at, self.customer
        inside = (at >= begin[customer]) & (at < end[customer])
        return np.bincount(customer[inside], minlength=self.count)


@dataclass(frozen=True, slots=True, eq=False)
class Departure:
    """When messages to some customers would leave, and the windows in which letters count then.

    Attributes:
        at: datetime64[us] per customer.
        day_start, day_end: datetime64[us] per customer: the local day.
    """

    at: Instants
    day_start: Instants
    day_end: Instants

    @classmethod
    def of(cls, at: Instants, zone: Zones, calendar: Calendar) -> Self:
        """Look up the local days of some instants."""
        return cls(at, *calendar.day(zone, at))

    def fills_day(self, log: Log, cap: Cap) -> NDArray[np.bool_]:
        """Tell where the cap of the day is reached."""
        if cap.day is None or not len(log.at):
            return np.zeros(log.count, np.bool_)
        return log.within(self.day_start, self.day_end) >= cap.day

    def fills_week(self, log: Log, cap: Cap) -> NDArray[np.bool_]:
        """Tell where the cap of the week is reached."""
        if cap.week is None or not len(log.at):
            return np.zeros(log.count, np.bool_)
        end = self.at + MICROSECOND
        return log.within(end - WEEK, end) >= cap.week

    def held_until(self, log: Log, cap: Cap) -> Instants:
        """Give the instant before which a message cannot leave that could not leave here.

        Letters that are yet to come may hold it then too. NaT where no cap is reached.
        """
        full = self.fills_day(log, cap)
        held = np.where(full, self.day_end, _NEVER)
        full = self.fills_week(log, cap)
        if cap.week is not None and full.any():
            # As soon as so many letters but one are left, of those that have left by then.
            row = np.flatnonzero(full)
            log, end = log.of(row), self.at[row] + MICROSECOND
            first = np.searchsorted(log.customer, np.arange(len(row)))
            left = np.bincount(log.customer[log.at < end[log.customer]], minlength=len(row))
            held[row] = np.fmax(held[row], log.at[first + left - cap.week] + WEEK)
        return held


def free_from(
    log: Log,
    cap: Cap,
    departure: Departure,
    zone: Zones,
    calendar: Calendar,
    quiet: Quiet | None,
    held: Instants | None = None,
) -> Instants:
    """Find the first instant from which on a message could leave, with no other letters.

    A message asked for at an instant leaves once it is out of quiet hours; caps are about then.

    Args:
        log: letters of K customers.
        cap: reached by them at the departure, or `held` is later.
        departure: when a message asked for now would leave.
        zone: places in the calendar, per customer.
        calendar: of their zones.
        quiet: hours in which nothing leaves.
        held: an instant per customer before which no message leaves; NaT = none.

    Returns:
        datetime64[us] per customer: when to ask.
    """
    found = departure.at.copy()
    row = np.arange(len(found))
    while len(row):
        over = departure.held_until(log, cap)
        if held is not None:
            over = np.fmax(over, np.where(held > departure.at, held, _NEVER))
            held = None
        still = np.flatnonzero(~np.isnat(over))
        row, zone, over, log = row[still], zone[still], over[still], log.of(still)
        found[row] = calendar.bedtime(zone, over, quiet)
        departure = Departure.of(calendar.awake(zone, over, quiet), zone, calendar)
    return found
