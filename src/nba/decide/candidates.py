"""Candidates: every message of a playbook on everything it could be about, with its window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.decide.playbooks.messages import Message
from nba.decide.situation import Situation
from nba.decide.triggering import occasions, openings
from nba.decide.triggering.admission import admitted, stage_table
from nba.decide.triggering.lags import windows
from nba.decide.triggering.openings import Openings
from nba.domain import INT32_LIMIT, MICROSECOND, Instants

_LONG_AGO: Final = np.datetime64("1900-01-01", "us")
_FAR: Final = np.datetime64("2200-01-01", "us")
_SINCE: Final = {
    "delivered": openings.delivered,
    "paid": openings.paid,
    "status": openings.status,
    "delayed": openings.delayed,
    "awaiting_payment": openings.awaiting_payment,
    "sign_up": occasions.sign_up,
}
"""Trigger words that many things open, of which those from an instant on are looked at."""
_PLAIN: Final = {
    "cart": openings.cart,
    "cart_sale": openings.cart_sale,
    "wish": openings.wish,
    "wish_sale": openings.wish_sale,
    "wait": openings.wait,
    "back_in_stock": openings.back_in_stock,
    "birthday": occasions.birthday,
    "silence": occasions.silence,
    "points_expiring": occasions.points_expiring,
    "worn": occasions.worn,
}
"""Trigger words that open in one way, whatever the message says."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Rows by message; those of one message by what they are about, in order of time.

    Attributes:
        customer: int64, a row of the facts.
        message: int64, the place in the playbook.
        order, intent, product, anchor: as in `Openings`.
        at: datetime64[us]: the instant that the trigger names.
        due, expires: datetime64[us]; due included, expires excluded.
        kept: bool: what it is about stayed with the customer.
    """

    customer: NDArray[np.int64]
    message: NDArray[np.int64]
    order: NDArray[np.int64]
    intent: NDArray[np.int64]
    product: NDArray[np.int64]
    anchor: NDArray[np.int64]
    at: Instants
    due: Instants
    expires: Instants
    kept: NDArray[np.bool_]

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """Keep some rows."""
        return type(self)(*(getattr(self, name)[rows] for name in self.__slots__))

    @classmethod
    def none(cls) -> Self:
        """No candidate at all."""
        nothing = openings.NOTHING
        code, at = nothing.customer, nothing.at
        return cls(code, code, code, code, code, code, at, at, at, nothing.kept)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put several one after the other."""
        parts = [one for one in parts if len(one)]
        if not parts:
            return cls.none()
        if len(parts) == 1:
            return parts[0]
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__)
        )

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.customer)


def all_candidates(now: Situation) -> Candidates:
    """List the candidates of every message, whatever forbids them; of weekly ones two weeks'."""
    scope = _Scope(_LONG_AGO, is_open=False)
    return _listed(now, list(enumerate(now.playbook.message)), scope)


def recent_candidates(
    now: Situation, messages: Sequence[tuple[int, Message]], since: np.datetime64
) -> Candidates:
    """List the candidates of some messages whose trigger names an instant from `since` on."""
    return _listed(now, messages, _Scope(since, is_open=False))


def open_candidates(
    now: Situation, messages: Sequence[tuple[int, Message]], context: Mapping[str, str]
) -> Candidates:
    """List the candidates of some messages that are due and not expired, where they are meant.

    Args:
        now: the situation.
        messages: places in the playbook, ascending, with what stands there.
        context: what the request says; see `admission.admitted`.
    """
    longest = max((one.trigger.closes for _, one in messages), default=np.timedelta64(0, "s"))
    varies = any(one.lag is not None or one.categories for _, one in messages)
    since = _LONG_AGO if varies else now.at - longest
    found = _listed(now, messages, _Scope(since, is_open=True))
    fits = np.ones(len(found), np.bool_)
    begin = np.searchsorted(found.message, [place for place, _ in messages])
    ends = np.append(begin[1:], len(found))
    for (_, message), first, last in zip(messages, begin.tolist(), ends.tolist(), strict=True):
        meant = admitted(now, message, context)
        if meant is not None:
            fits[first:last] = meant[found.customer[first:last]]
    return found if fits.all() else found.take(fits)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which candidates are looked for.

    Attributes:
        since: what words of `_SINCE` name before is of no interest.
        is_open: only what is due, not expired and of the right stage.
    """

    since: np.datetime64
    is_open: bool


def _listed(now: Situation, messages: Sequence[tuple[int, Message]], scope: _Scope) -> Candidates:
    opened: dict[object, Openings] = {}
    parts = []
    for place, message in messages:
        key = _key(message, scope)
        if key not in opened:
            opened[key] = _open(now, message, scope)
        if len(opened[key].customer):
            parts.append(_windows(now, place, message, opened[key], scope))
    return Candidates.joined(parts)


def _key(message: Message, scope: _Scope) -> object:
    """Tell messages apart that a word opens in different ways."""
    trigger, when = message.trigger, message.when
    match trigger.on:
        case "view":
            return trigger.on, trigger.min_views
        case "points":
            return trigger.on, when.points_short
        case "spend":
            return trigger.on, when.band_share
        case "due" if scope.is_open:
            return trigger.on, trigger.after, trigger.within
        case _:
            return trigger.on


def _open(now: Situation, message: Message, scope: _Scope) -> Openings:
    trigger, when = message.trigger, message.when
    if trigger.on in _SINCE:
        return _SINCE[trigger.on](now, scope.since)
    if trigger.on == "view":
        found = openings.view(now)
        if not len(found.customer):
            return found
        enough = openings.listed_count(now, found.intent) >= trigger.min_views
        return found if enough.all() else found.take(enough)
    if trigger.on == "week":
        return occasions.week(now, weeks_ahead=0 if scope.is_open else 1)
    if trigger.on == "points":
        return occasions.points(now, when.points_short or INT32_LIMIT)
    if trigger.on == "spend":
        return occasions.spend(now, 1.0 if when.band_share is None else when.band_share)
    if trigger.on == "due":
        if not scope.is_open:
            return occasions.due(now, (_LONG_AGO, _FAR))
        latest = now.at - trigger.opens + MICROSECOND
        return occasions.due(now, (now.at - trigger.closes, latest))
    return _PLAIN[trigger.on](now)


def _windows(
    now: Situation, place: int, message: Message, opened: Openings, scope: _Scope
) -> Candidates:
    """Put a message's window on what was opened."""
    if scope.is_open:
        opened = opened.take(_may_be_open(now, message, opened))
    if not len(opened.customer):
        return Candidates.none()
    trigger = message.trigger
    opens, closes = trigger.opens, trigger.closes
    is_company = now.facts.people.is_company
    if trigger.meaning.intent is not None and is_company.any():
        factor = np.where(is_company[opened.customer], now.playbook.b2b.window_factor, 1.0)
        due = opened.at + (opens.astype("timedelta64[us]") * factor).astype("timedelta64[us]")
        end = opened.at + (closes.astype("timedelta64[us]") * factor).astype("timedelta64[us]")
    elif (spans := windows(now, message, opened)) is not None:
        due, end = opened.at + spans[0], opened.at + spans[1]
    else:
        due, end = opened.at + opens, opened.at + closes
    expires = np.fmin(end, opened.ends)
    found = Candidates(
        opened.customer,
        np.full(len(opened.customer), place, np.int64),
        opened.order,
        opened.intent,
        opened.product,
        opened.anchor,
        opened.at,
        due,
        expires,
        opened.kept,
    )
    if not scope.is_open:
        return found
    is_open = (due <= now.at) & (now.at < expires)
    return found if is_open.all() else found.take(is_open)


def _may_be_open(now: Situation, message: Message, opened: Openings) -> NDArray[np.int64]:
    """Leave out what is certainly not due, over, or not of the right stage.

    Most openings are: their windows need not be worked out.
    """
    trigger = message.trigger
    rows = np.arange(len(opened.customer))
    # What was ordered may move a window anywhere, and companies stretch those of intents.
    if message.lag is None and not message.categories:
        longest = trigger.closes.astype("timedelta64[us]")
        if trigger.meaning.intent is not None:
            factor = now.playbook.b2b.window_factor
            longest = (longest * factor).astype("timedelta64[us]")
        rows = np.flatnonzero(
            (opened.at <= now.at - trigger.opens) & (opened.at > now.at - longest)
        )
    of_stage = stage_table(message)
    if not of_stage.all():
        rows = rows[of_stage[now.stage[opened.customer[rows]]]]
    return rows
