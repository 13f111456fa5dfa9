"""Local days, weeks and quiet hours, where clocks jump and where they do not."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from nba.decide.calendar import Calendar, Quiet
from nba.domain import MICROSECOND, Instants
from tests.zones import on_the_wall

NIGHT = Quiet.between(21 * 60, 9 * 60)

NIGHTS = [
    ("21:00", "09:00"),
    ("00:00", "01:30"),
    ("02:30", "06:00"),
    ("23:50", "00:20"),
    ("00:05", "00:00"),
]

# A zone, a UTC date around which its clock was set, and what is odd about it.
JUMPS = {
    "spring in Kyiv": ("Europe/Kyiv", "2026-03-29"),
    "autumn in Kyiv": ("Europe/Kyiv", "2026-10-25"),
    "no midnight in Havana": ("America/Havana", "2025-03-09"),
    "two midnights in Havana": ("America/Havana", "2025-11-02"),
    "no midnight in Sao Paulo": ("America/Sao_Paulo", "2018-11-04"),
    "back before midnight in Sao Paulo": ("America/Sao_Paulo", "2018-02-18"),
    "no midnight in Cairo": ("Africa/Cairo", "2026-04-24"),
    "back before midnight in Cairo": ("Africa/Cairo", "2026-10-30"),
    "half an hour on Lord Howe": ("Australia/Lord_Howe", "2026-04-05"),
    "half an hour forth on Lord Howe": ("Australia/Lord_Howe", "2026-10-04"),
    "a day left out on Samoa": ("Pacific/Apia", "2011-12-30"),
    "quarters of hours in Nepal": ("Asia/Kathmandu", "2026-06-01"),
    "the first days of Nepal's quarters": ("Asia/Kathmandu", "1985-12-31"),
    "Ramadan in Morocco": ("Africa/Casablanca", "2026-02-15"),
    "a week between two fasts in Gaza": ("Asia/Gaza", "2040-10-23"),
    "far from any table": ("Europe/Kyiv", "2090-03-26"),
}


def code(count: int, place: int = 0) -> np.ndarray:
    return np.full(count, place, np.int16)


def at(*texts: str) -> Instants:
    return np.array(texts, "datetime64[us]")


def between(begin: str, end: str) -> Quiet:
    return Quiet.between(*(int(one[:2]) * 60 + int(one[3:]) for one in (begin, end)))


def minutes_around(date: str) -> Instants:
    first = np.datetime64(date, "us") - np.timedelta64(36, "h")
    return first + np.arange(0, 72 * 60, 5).astype("timedelta64[m]")


@pytest.mark.parametrize(("zone", "date"), JUMPS.values(), ids=JUMPS)
def test_the_local_clock_is_that_of_the_zone(zone: str, date: str) -> None:
    instants = minutes_around(date)
    shown = Calendar((zone,)).local(code(len(instants)), instants)
    assert shown.tolist() == on_the_wall(zone, instants)


@pytest.mark.parametrize(("zone", "date"), JUMPS.values(), ids=JUMPS)
def test_a_day_begins_with_the_first_instant_of_its_date(zone: str, date: str) -> None:
    instants = minutes_around(date)
    calendar, zones = Calendar((zone,)), code(len(instants))
    start, end = calendar.day_start(zones, instants), calendar.day_end(zones, instants)
    assert (start <= instants).all()
    assert (instants < end).all()
    today = [one.date() for one in on_the_wall(zone, instants)]
    assert [one.date() for one in on_the_wall(zone, start)] == today
    assert [one.date() for one in on_the_wall(zone, end - MICROSECOND)] == today
    assert all(a < b.date() for a, b in zip(today, on_the_wall(zone, end), strict=True))
    before = on_the_wall(zone, start - MICROSECOND)
    assert all(a.date() < b for a, b in zip(before, today, strict=True))


@pytest.mark.parametrize(("zone", "date"), JUMPS.values(), ids=JUMPS)
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("21:00", "09:00"),
        ("00:00", "01:30"),
        ("02:30", "06:00"),
        ("23:50", "00:20"),
        ("00:05", "00:00"),
    ],
)
def test_who_wakes_up_was_asleep_until_then(zone: str, date: str, begin: str, end: str) -> None:
    instants = minutes_around(date)
    calendar, zones = Calendar((zone,)), code(len(instants))
    asleep = np.array([is_quiet(one, begin, end) for one in on_the_wall(zone, instants)])
    awake = calendar.awake(zones, instants, between(begin, end))
    assert (awake[~asleep] == instants[~asleep]).all()
    # Every clock here is set at a full five minutes, and quiet hours begin and end at such.
    following = np.append(np.where(~asleep)[0], len(asleep))
    place = following[np.searchsorted(following, np.arange(len(asleep)))]
    known = place < len(asleep)
    assert known.sum() > 300
    assert (awake[known] == instants[place[known]]).all()


@pytest.mark.parametrize(("zone", "date"), JUMPS.values(), ids=JUMPS)
@pytest.mark.parametrize(("begin", "end"), NIGHTS)
def test_bedtime_is_the_first_instant_that_wakes_as_late(
    zone: str, date: str, begin: str, end: str
) -> None:
    instants, quiet = minutes_around(date), between(begin, end)
    calendar, zones = Calendar((zone,)), code(len(instants))
    bedtime = calendar.bedtime(zones, instants, quiet)
    assert (bedtime <= instants).all()
    assert (calendar.awake(zones, bedtime, quiet) >= instants).all()
    assert (calendar.awake(zones, bedtime - MICROSECOND, quiet) < instants).all()


def is_quiet(shown: datetime, begin: str, end: str) -> bool:
    clock = f"{shown:%H:%M}"
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def test_days_have_the_hours_that_the_clock_gives_them() -> None:
    calendar, noon = Calendar(("Europe/Kyiv",)), at("2026-03-29T12:00", "2026-10-25T12:00")
    length = calendar.day_end(code(2), noon) - calendar.day_start(code(2), noon)
    assert (length // np.timedelta64(1, "h")).tolist() == [23, 25]


def test_a_day_that_was_left_out_has_no_length() -> None:
    calendar = Calendar(("Pacific/Apia",))
    days = np.array(["2011-12-30", "2011-12-31"], "datetime64[D]")
    assert np.ptp(calendar.to_utc(code(2), days)).astype(int) == 0


def test_a_time_that_the_clock_skips_is_the_instant_after_it() -> None:
    local = at("2026-03-29T03:30", "2026-03-29T04:00")
    assert len(set(Calendar(("Europe/Kyiv",)).to_utc(code(2), local).tolist())) == 1


def test_a_time_that_comes_twice_is_the_first() -> None:
    found = Calendar(("Europe/Kyiv",)).to_utc(code(1), at("2026-10-25T03:30"))
    assert found == at("2026-10-25T00:30")


def test_a_clock_that_goes_back_over_midnight_does_not_bring_yesterday_back() -> None:
    # St. John's set its clock from 00:01 to 23:01 until 2011.
    instants = minutes_around("2010-11-07")
    calendar, zones = Calendar(("America/St_Johns",)), code(len(instants))
    date = calendar.local_date(zones, instants)
    assert (date[1:] >= date[:-1]).all()
    assert (calendar.day_start(zones, instants) <= instants).all()
    assert (instants < calendar.day_end(zones, instants)).all()


def test_weeks_begin_on_local_monday() -> None:
    calendar = Calendar(("", "Europe/Kyiv", "Pacific/Auckland"))
    sunday = np.datetime64("2026-11-22T21:59:59.999999")
    zones = np.array([0, 1, 2], np.int16)
    week = calendar.week_start(zones, np.array([sunday] * 3))
    assert week.tolist() == at("2026-11-16T00", "2026-11-15T22", "2026-11-22T11").tolist()
    begins, monday = calendar.week(zones, np.array([sunday] * 3))
    assert begins.tolist() == week.tolist()
    assert [str(one) for one in monday] == ["2026-11-16", "2026-11-16", "2026-11-23"]
    assert calendar.week_start(zones, sunday + MICROSECOND)[1] == sunday + MICROSECOND


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "europe/kyiv", "../../etc/passwd", "Europe"])
def test_names_that_no_zone_has_mean_the_default(name: str) -> None:
    now = np.datetime64("2026-11-22T12:00", "us")
    assert Calendar((name,), "Asia/Kathmandu").local(code(1), now) == now + np.timedelta64(345, "m")
    assert Calendar((name,), name).local(code(1), now) == now


def test_one_instant_for_many_customers_is_the_instant_of_each() -> None:
    calendar = Calendar(("", "Europe/Kyiv", "America/Havana"))
    zones = np.arange(300, dtype=np.int16) % 3
    now = np.datetime64("2025-11-02T04:30", "us")
    each = np.full(len(zones), now)
    assert (calendar.day_start(zones, now) == calendar.day_start(zones, each)).all()
    assert (calendar.day_end(zones, now) == calendar.day_end(zones, each)).all()
    for found, expected in zip(calendar.day(zones, now), calendar.day(zones, each), strict=True):
        assert (found == expected).all()
    assert (calendar.week_start(zones, now) == calendar.week_start(zones, each)).all()
    assert (calendar.awake(zones, now, NIGHT) == calendar.awake(zones, each, NIGHT)).all()


def test_without_quiet_hours_everybody_is_awake() -> None:
    calendar, now = Calendar(("Europe/Kyiv",)), at("2026-11-22T00:00")
    for quiet in (None, Quiet.between(540, 540)):
        assert calendar.awake(code(1), now, quiet) == now
        assert calendar.bedtime(code(1), now, quiet) == now


def test_no_instant_stays_no_instant_and_odd_years_do_no_harm() -> None:
    calendar = Calendar(("Europe/Kyiv", "Pacific/Apia"))
    odd = at("NaT", "0001-01-01", "9999-12-31T23:59:59.999999")
    for zone in (code(3), code(3, 1)):
        for found in (calendar.day_start(zone, odd), calendar.day_end(zone, odd)):
            assert np.isnat(found).tolist() == [True, False, False]
        assert (calendar.day_start(zone, odd)[1:] <= odd[1:]).all()
        assert (odd[1:] < calendar.day_end(zone, odd)[1:]).all()
        assert np.isnat(calendar.awake(zone, odd, NIGHT)).tolist() == [True, False, False]
        assert np.isnat(calendar.bedtime(zone, odd, NIGHT)).tolist() == [True, False, False]


def test_the_offset_is_right_on_every_day_of_this_decade() -> None:
    days = np.arange("2020-01-01", "2031-01-01", dtype="datetime64[D]").astype("datetime64[us]")
    for name in ("Africa/Casablanca", "Asia/Gaza", "America/Nuuk", "Antarctica/Troll"):
        told = on_the_wall(name, days)
        assert Calendar((name,)).local(code(len(days)), days).tolist() == told
        assert len({one - day for one, day in zip(told, days.tolist(), strict=True)}) > 1
