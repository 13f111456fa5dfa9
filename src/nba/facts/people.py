"""What is known of customers besides their orders, one row a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants
from nba.facts.acts import Acts, first_of, last_of
from nba.facts.cells import nevers
from nba.facts.histories import Columns
from nba.facts.letters import Letters
from nba.facts.signals import NEVER, OUTCOME_CODE, Signals
from nba.facts.tables import ProfileRows
from nba.ranges import is_all
from nba.vocabulary import CHANNELS

UNKNOWN, GRANTED, REFUSED = range(3)
"""Codes of a consent; what nobody said is not granted."""
_LOW: Final = 2.0
"""The highest of the five ratings that is a low one."""
_WIDTH: Final = len(CHANNELS)
_SILENT: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class People(Columns):
    """N customers, in the order of the facts; instants are datetime64[us], NaT = never.

    A customer is described by their own profile; where there is none, by that of the smallest id
    among the accounts merged into them.

    Attributes:
        zone: int16, a place in `zones`.
        zones: names of time zones; the first is empty: the shop named none, or none that exists.
        is_company: bool: the account type is b2b.
        tier: int16, a place in `tiers`, whose first is empty.
        tiers: names.
        points: int64; 0 where the shop did not say.
        has_points: bool.
        points_expire_at: as `attributes` of the customer say.
        birthday: datetime64[D]; NaT where the shop did not say.
        signed_up_at: the first sign-up, else when the shop created the account.
        first_seen_at, viewed_at: the first event of any type, the last view of a product; views
            and what else passes count for `past.PASSING_KEPT`.
        consent: int8, (N, channels), `UNKNOWN`, `GRANTED` or `REFUSED`.
        is_bounced: bool, (N, channels): what was sent there came back for good.
        complained_at: since when a complaint is open: the first since one was last closed; of one
            instant the one that opens holds.
        low_rating_at: the last rating or survey of at most 2 of 5.
        returned_at: the last time that anything came back.
        sent_count, answered_count: int32, (N, channels): messages that left, and of these how many
            were clicked or led to a useful action.
    """

    zone: NDArray[np.int16]
    zones: tuple[str, ...]
    is_company: NDArray[np.bool_]
    tier: NDArray[np.int16]
    tiers: tuple[str, ...]
    points: NDArray[np.int64]
    has_points: NDArray[np.bool_]
    points_expire_at: Instants
    birthday: NDArray[np.datetime64]
    signed_up_at: Instants
    first_seen_at: Instants
    viewed_at: Instants
    consent: NDArray[np.int8]
    is_bounced: NDArray[np.bool_]
    complained_at: Instants
    low_rating_at: Instants
    returned_at: Instants
    sent_count: NDArray[np.int32]
    answered_count: NDArray[np.int32]

    @classmethod
    def unknown(cls, count: int) -> Self:
        """Give so many customers of whom nothing is known."""
        code, no = np.zeros(count, np.int16), np.zeros(count, np.bool_)
        never = np.full(count, np.datetime64("NaT", "us"))
        width = (count, len(CHANNELS))
        return cls(
            zone=code,
            zones=("",),
            is_company=no,
            tier=code,
            tiers=("",),
            points=np.zeros(count, np.int64),
            has_points=no,
            points_expire_at=never,
            birthday=never.astype("datetime64[D]"),
            signed_up_at=never,
            first_seen_at=never,
            viewed_at=never,
            consent=np.zeros(width, np.int8),
            is_bounced=np.zeros(width, np.bool_),
            complained_at=never,
            low_rating_at=never,
            returned_at=never,
            sent_count=np.zeros(width, np.int32),
            answered_count=np.zeros(width, np.int32),
        )

    @classmethod
    def of(
        cls,
        signals: Signals,
        customer: NDArray[np.int32],
        is_merged: NDArray[np.bool_] | None,
        acts: Acts,
        letters: Letters,
        returned_at: Instants,
    ) -> Self:
        """Tell what is known of some customers.

        Args:
            signals: as known at the instant.
            customer: int32 per code of the signals' customers: the row of the facts, or -1.
            is_merged: bool per such code: it was merged into a customer; None where none was.
            acts: what these customers did.
            letters: what they got.
            returned_at: datetime64[us] per customer: when anything of theirs last came back.
        """
        count = len(returned_at)
        profiles, place = signals.profiles, _described(signals.profiles, customer, is_merged, count)
        zone, zones = _named(signals.zones, profiles.zone, place)
        tier, tiers = _named(signals.tiers, profiles.tier, place)
        signed_up_at = first_of(*acts.instants("sign_up"), count)
        created_at = _told(profiles.created_at, place, NEVER)
        low = acts.of_types("rating", "survey")
        low = low.where(low.rows.value <= _LOW) if len(low) else low
        key = letters.owner() * _WIDTH + letters.channel
        sent = letters.channel >= 0
        answered = sent & ~np.isnat(letters.answered_at)
        return cls(
            zone=zone,
            zones=zones,
            is_company=_told(profiles.is_company, place, missing=False),
            tier=tier,
            tiers=tiers,
            points=_told(profiles.points, place, 0),
            has_points=_told(profiles.has_points, place, missing=False),
            points_expire_at=_told(profiles.points_expire_at, place, NEVER),
            birthday=_told(profiles.birthday, place, np.datetime64("NaT", "D")),
            signed_up_at=np.where(np.isnat(signed_up_at), created_at, signed_up_at),
            first_seen_at=first_of(acts.customer, acts.rows.at, count),
            viewed_at=last_of(*acts.instants("view_item"), count),
            consent=_consents(signals, customer, count),
            is_bounced=_bounced(signals, customer, count),
            complained_at=_open_complaints(acts.of_types("complaint"), count),
            low_rating_at=last_of(low.customer, low.rows.at, count),
            returned_at=returned_at,
            sent_count=_by_channel(key[sent], count),
            answered_count=_by_channel(key[answered], count),
        )


def _described(
    profiles: ProfileRows,
    customer: NDArray[np.int32],
    is_merged: NDArray[np.bool_] | None,
    count: int,
) -> NDArray[np.int64]:
    """Give the place of the profile of each customer, int64; -1 for none."""
    place = np.full(count, -1, np.int64)
    who = customer[profiles.customer]
    mine = np.flatnonzero(who >= 0)
    if not len(mine):
        return place
    who = who[mine]
    if np.bincount(who).max() > 1:
        rows = profiles.take(mine)
        # Of rows of one customer, which only a broken table has, any will do, but always the same.
        order = np.lexsort(
            (
                rows.points_expire_at,
                rows.has_points,
                rows.points,
                rows.tier,
                rows.is_company,
                rows.zone,
                rows.birthday,
                rows.created_at,
                rows.customer,
                np.zeros(len(rows)) if is_merged is None else is_merged[rows.customer],
            )
        )[::-1]
        who, mine = who[order], mine[order]
    place[who] = mine
    return place


def _told(
    column: NDArray[Any],
    place: NDArray[np.int64],
    missing: int | bool | np.datetime64,
) -> NDArray[Any]:
    """Give the cell of each customer's profile."""
    if not len(column):
        return np.full(len(place), missing, column.dtype)
    found = place >= 0
    if is_all(found):
        return column[place]
    return np.where(found, column[place], np.asarray(missing, column.dtype))


def _named(
    ids: Ids, column: NDArray[np.int32], place: NDArray[np.int64]
) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Give the word of each customer's profile as a place among the words of all, "" first."""
    if not len(ids):
        return np.zeros(len(place), np.int16), ("",)
    code = _told(column, place, -1)
    used = np.zeros(len(ids) + 1, np.bool_)
    used[code] = True
    used[-1] = False
    number = np.append(np.cumsum(used[:-1]), 0).astype(np.int16)
    return number[code], ("", *(ids[int(one)] for one in np.flatnonzero(used)))


def _consents(signals: Signals, customer: NDArray[np.int32], count: int) -> NDArray[np.int8]:
    """Give what each customer said last of each channel; of one instant the refusal holds."""
    rows = signals.consents
    last = np.full(count * _WIDTH, _SILENT)
    if len(rows):
        key = customer[rows.customer].astype(np.int64) * _WIDTH + rows.channel
        mine = key >= 0
        np.maximum.at(last, key[mine], 2 * rows.at[mine].view(np.int64) + ~rows.is_granted[mine])
    who, channel, place = _complaining(signals, customer, "unsubscribed", "complained")
    if not len(place):
        return _consent_codes(last, count)
    refused_at = 2 * signals.outcomes.at[place].view(np.int64) + 1
    for code in range(_WIDTH):
        # Of a message whose channel nobody knows, any may have been meant.
        meant = (channel == code) | (channel < 0)
        np.maximum.at(last, who[meant].astype(np.int64) * _WIDTH + code, refused_at[meant])
    return _consent_codes(last, count)


def _consent_codes(last: NDArray[np.int64], count: int) -> NDArray[np.int8]:
    """Read consents from twice the instant at which each was said last, plus 1 for a refusal."""
    said = np.where(last & 1 == 1, REFUSED, GRANTED)
    return np.where(last == _SILENT, UNKNOWN, said).astype(np.int8).reshape(count, _WIDTH)


def _bounced(signals: Signals, customer: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    who, channel, _ = _complaining(signals, customer, "bounced")
    bounced = np.zeros((count, _WIDTH), np.bool_)
    if len(who):
        bounced[who[channel >= 0], channel[channel >= 0]] = True
    return bounced


def _complaining(
    signals: Signals, customer: NDArray[np.int32], *types: str
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.int64]]:
    """Give the customer, the channel, and the place, of outcomes of some types."""
    outcomes, messages = signals.outcomes, signals.messages
    meant = outcomes.type == OUTCOME_CODE[types[0]]
    for name in types[1:]:
        meant |= outcomes.type == OUTCOME_CODE[name]
    (place,) = meant.nonzero()
    person, channel = outcomes.customer[place], outcomes.channel[place]
    if not len(place):
        return person, channel, place
    if len(messages):
        # What an outcome does not say, its message does.
        sent = np.full(len(signals.message_ids), -1, np.int64)
        sent[messages.id] = np.arange(len(messages))
        found = sent[outcomes.message[place]]
        person = np.where((person < 0) & (found >= 0), messages.customer[found], person)
        channel = np.where((channel < 0) & (found >= 0), messages.channel[found], channel)
    # Whom nobody names is -1, which finds what is appended.
    who = np.append(customer, np.int32(-1))[person]
    mine = who >= 0
    return who[mine], channel[mine], place[mine]


def _open_complaints(complaints: Acts, count: int) -> Instants:
    """Give since when each customer's complaint is open."""
    if not len(complaints):
        return nevers(count)
    closes = complaints.rows.value == 0
    closed_at = last_of(complaints.customer[closes], complaints.rows.at[closes], count)
    opens = ~closes & ~(complaints.rows.at < closed_at[complaints.customer])
    return first_of(complaints.customer[opens], complaints.rows.at[opens], count)


def _by_channel(key: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    counts = np.bincount(key, minlength=count * _WIDTH)
    return counts.astype(np.int32).reshape(count, _WIDTH)
