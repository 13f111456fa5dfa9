"""What is known of customers besides their orders, one row a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.vocabulary import CHANNELS

UNKNOWN, GRANTED, REFUSED = range(3)
"""Codes of a consent; what nobody said is not granted."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """N customers, in the order of the facts; instants are datetime64[us], NaT = never.

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
        first_seen_at, viewed_at: the first event of any type, the last view of a product.
        consent: int8, (N, channels), `UNKNOWN`, `GRANTED` or `REFUSED`.
        is_bounced: bool, (N, channels): what was sent there came back for good.
        complained_at: since when a complaint is open.
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
