"""What dates, habits and standing open: the instants that the other words of triggers name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.artifacts.rhythm import STATES
from nba.artifacts.segments import BAND, TIER
from nba.decide.playbooks.messages import Message
from nba.decide.playbooks.triggers import Anchor
from nba.decide.situation import Situation
from nba.decide.triggering.openings import NOTHING, Openings
from nba.decide.triggering.refills import Bounds
from nba.domain import DAY, Ids
from nba.facts.lookups import ABSENT
from nba.ranges import crossed
from nba.statuses import DELIVERED

_AT_RISK: Final = STATES.index("at_risk")
_WEEK: Final = 7 * DAY
_EPOCH: Final = date(1970, 1, 1).toordinal()
_CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097
"""Days of 400 years of the Gregorian calendar, which are whole weeks."""


def sign_up(now: Situation, since: np.datetime64) -> Openings:
    """Open on every sign-up from an instant on."""
    signed_up_at = now.facts.people.signed_up_at
    customer = np.flatnonzero(signed_up_at >= since)
    if not len(customer):
        return NOTHING
    return Openings.of(customer, signed_up_at[customer], anchor=_own_anchors(now, customer))


def week(now: Situation, *, weeks_ahead: int = 0) -> Openings:
    """Open on Monday, 00:00 of everybody's own clock, of this week and as many of the next."""
    facts = now.facts
    customer = np.arange(len(facts.customer_ids))
    zone = facts.people.zone
    parts = []
    for ahead in range(weeks_ahead + 1):
        at, monday = now.calendar.week(zone, now.at + ahead * _WEEK)
        parts.append(Openings.of(customer, at, anchor=_dated(facts.anchors, monday, iso_week)))
    return Openings.joined(parts)


def birthday(now: Situation) -> Openings:
    """Open at the beginning of birthdays of last year, this year and the next.

    Who was born on 29 February celebrates on the 28th of years that lack it.
    """
    facts = now.facts
    born = facts.people.birthday
    customer = np.flatnonzero(~np.isnat(born))
    if not len(customer):
        return NOTHING
    zone = facts.people.zone[customer]
    month = born[customer].astype("datetime64[M]")
    day = (born[customer] - month.astype("datetime64[D]")).astype(np.int64)
    this_year = now.calendar.local_date(zone, now.at).astype("datetime64[Y]")
    parts = []
    for offset in (-1, 0, 1):
        year = this_year + offset
        in_month = year.astype("datetime64[M]") + month.astype(np.int64) % 12
        first, following = (one.astype("datetime64[D]") for one in (in_month, in_month + 1))
        last = (following - first).astype(np.int64) - 1
        begins = (first + np.minimum(day, last)).astype("datetime64[us]")
        at = now.calendar.to_utc(zone, begins)
        parts.append(Openings.of(customer, at, anchor=_dated(facts.anchors, year, str)))
    return Openings.joined(parts)


def silence(now: Situation) -> Openings:
    """Open on the day (UTC) from which on silence after the last kept order is a sign."""
    facts = now.facts
    customer = np.flatnonzero(now.outlook.known & (now.outlook.state >= _AT_RISK))
    if not len(customer):
        return NOTHING
    kept = np.flatnonzero(facts.kept)
    before = np.searchsorted(kept, facts.order_start)
    customer = customer[before[customer + 1] > before[customer]]
    turned = now.snapshot.rhythm.at_risk_day[now.coding.customer[customer]]
    order = kept[before[customer + 1] - 1]
    return Openings.of(
        customer,
        turned.astype("datetime64[us]"),
        order=order,
        anchor=facts.order_anchor[order],
    )


def points_expiring(now: Situation) -> Openings:
    """Open when points expire; the anchor is that day (UTC), and nothing opens after it."""
    expire_at = now.facts.people.points_expire_at
    customer = np.flatnonzero(~np.isnat(expire_at))
    if not len(customer):
        return NOTHING
    at = expire_at[customer]
    anchor = _dated(now.facts.anchors, at.astype("datetime64[D]"), str)
    return Openings.of(customer, at, anchor=anchor, ends=at)


def points(now: Situation, most: int) -> Openings:
    """Open weekly while at most so much spending is missing to the next tier; about that tier."""
    segments = now.snapshot.segments
    following = np.where(segments.has_tier, segments.tier + 1, 0)
    floor = segments.tier_floor
    return _towards(now, floor, following, lambda missing, _: missing <= most, TIER)


def spend(now: Situation, share: float) -> Openings:
    """Open weekly while at most a share of what the next value band takes is missing."""
    segments = now.snapshot.segments
    following = np.where(segments.has_band, segments.band + 1, len(segments.band_floor))
    floor = segments.band_floor
    return _towards(now, floor, following, lambda missing, takes: missing <= share * takes, BAND)


def worn(now: Situation) -> Openings:
    """Open when a product that arrived has worn out, or a part of it, as the shop says or learned.

    What was bought again since has not.
    """
    facts, cycles = now.facts, now.snapshot.products.cycle_days
    code = now.coding.product[facts.product]
    line = np.flatnonzero((code >= 0) & (cycles[code] > 0))
    if not len(line):
        return NOTHING
    order = np.searchsorted(facts.line_start, line, "right") - 1
    arrived = facts.status[order] >= DELIVERED
    line, order = line[arrived], order[arrived]
    cycle = cycles[code[line]].astype(np.int64) * DAY
    product = facts.product[line]
    return Openings.of(
        np.searchsorted(facts.order_start, order, "right") - 1,
        now.clock.at[order] + cycle,
        order=order,
        product=product,
        anchor=now.details.of_products(order, product),
        kept=facts.kept[order],
    )


def due(now: Situation, bounds: Bounds) -> Openings:
    """Open on the day on which a product that customers buy again is due; see `Refills`.

    Of customers whose orders the snapshot does not know all, nothing is.
    """
    facts = now.facts
    row, cell, at = now.refills.between(
        np.where(now.outlook.known, now.coding.customer, ABSENT), bounds
    )
    if not len(row):
        return NOTHING
    wanted = now.snapshot.customers.product[cell]
    # The last order with the product: lines ascend in time within a customer.
    first, last = facts.order_start[row], facts.order_start[row + 1]
    asked, line = crossed(facts.line_start[first], facts.line_start[last])
    same = now.coding.product[facts.product[line]] == wanted[asked]
    found = np.full(len(row), ABSENT, np.int64)
    found[asked[same]] = line[same]
    held = found >= 0
    line, row, at = found[held], row[held], at[held]
    order = np.searchsorted(facts.line_start, line, "right") - 1
    product = facts.product[line]
    return Openings.of(
        row,
        at,
        order=order,
        product=product,
        anchor=now.details.of_products(order, product),
        kept=facts.kept[order],
    )


def named_occasion(now: Situation, message: Message, customer: int, at: np.datetime64) -> str:
    """Write the anchor of a candidate that is about a date or a step, not an order or intent."""
    kind = message.trigger.meaning.anchor
    if kind in (Anchor.TIER, Anchor.BAND):
        return _step_named(now, kind, customer)
    if kind is Anchor.DATE:
        return str(at.astype("datetime64[D]"))
    zone = now.facts.people.zone[customer : customer + 1]
    local = now.calendar.local_date(zone, at)[0]
    return iso_week(local) if kind is Anchor.WEEK else str(local.astype("datetime64[Y]"))


def _step_named(now: Situation, kind: Anchor, customer: int) -> str:
    segments, code = now.snapshot.segments, int(now.coding.described[customer])
    if kind is Anchor.TIER:
        step = int(segments.tier[code]) + 1 if segments.has_tier[code] else 0
        return str(segments.look(TIER, step)["id"])
    year = now.at.astype("datetime64[Y]")
    return f"{year}/{segments.look(BAND, int(segments.band[code]) + 1)['id']}"


def _towards(
    now: Situation,
    floor: NDArray[np.int64],
    following: NDArray[np.integer],
    is_near: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
    kind: int,
) -> Openings:
    """Open on Monday, the customer's own, for whom the next step is near."""
    facts, segments = now.facts, now.snapshot.segments
    customer = np.flatnonzero(now.coding.described >= 0)
    if not len(floor):
        return Openings.of(customer[:0], np.empty(0, "datetime64[us]"))
    code = now.coding.described[customer]
    step = following[code]
    takes = floor[np.minimum(step, len(floor) - 1)]
    missing = takes - segments.spend[code]
    near = (step < len(floor)) & (missing > 0) & is_near(missing, takes)
    customer, step = customer[near], step[near]
    if not len(customer):
        return NOTHING
    zone = facts.people.zone[customer]
    at = now.calendar.week_start(zone, now.at)
    year = str(now.at.astype("datetime64[Y]"))
    named = [segments.look(kind, number)["id"] for number in range(len(floor))]
    texts = named if kind == TIER else [f"{year}/{one}" for one in named]
    anchors = np.array([_code(facts.anchors, one) for one in texts], np.int64)
    return Openings.of(customer, at, anchor=anchors[step])


def _own_anchors(now: Situation, customer: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the codes of the customers' own ids among the anchors."""
    ids, anchors = now.facts.customer_ids, now.facts.anchors
    if not len(anchors):
        return np.full(len(customer), ABSENT, np.int64)
    return np.array([_code(anchors, ids[row]) for row in customer.tolist()], np.int64)


def _dated(
    anchors: Ids, dates: NDArray[np.datetime64], name: Callable[[np.datetime64], str]
) -> NDArray[np.int64]:
    """Give the codes of anchors that are named after dates."""
    if not len(anchors) or not len(dates):
        return np.full(len(dates), ABSENT, np.int64)
    number = dates.astype(np.int64)
    least, last = int(number.min()), int(number.max())
    if least == last:
        return np.full(len(dates), _code(anchors, name(dates[0])), np.int64)
    is_there = np.bincount(number - least)
    code = np.full(len(is_there), ABSENT, np.int64)
    for one in np.flatnonzero(is_there).tolist():
        code[one] = _code(anchors, name(np.array([least + one]).astype(dates.dtype)[0]))
    return code[number - least]


def _code(anchors: Ids, text: str) -> int:
    found = anchors.find(text)
    return ABSENT if found is None else found


def iso_week(monday: np.datetime64) -> str:
    """Write the ISO week that begins on a Monday, such as 2026-W47, of any year."""
    # Weeks repeat after 400 years; Python's own calendar ends with 9999.
    cycles, day = divmod(int(monday.astype("datetime64[D]").astype(np.int64)), _CYCLE_DAYS)
    year, number, _ = date.fromordinal(_EPOCH + day).isocalendar()
    return f"{year + _CYCLE_YEARS * cycles}-W{number:02d}"
