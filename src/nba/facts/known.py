"""What rows say as of an instant: facts at or after it have no effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Instants
from nba.facts.histories import Statuses
from nba.facts.rows import Rows
from nba.facts.standing import stand
from nba.ranges import is_all
from nba.statuses import CANCELLED, DELIVERED, PLACED, RETURNED

_NEVER = np.datetime64("NaT", "us")
MOST_REVENUE: Final = 2**53
"""No line counts for more minor units: up to here a product of floats is exact, beyond 2^63 one of
integers is any number."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The state of every order at an instant.

    Attributes:
        rows: the rows with each order in the version that stood then; what follows is per order
            or line of these.
        order: bool per order: it had been placed.
        status: int8 per order: its latest status; before any was set, delivered if it had arrived,
            else the status every order begins with.
        status_at: datetime64[us] per order: since when that holds.
        delivered_at: datetime64[us] per order: as the version that stood says, else when the
            status first became delivered, whoever told it; NaT where it had not been delivered,
            or nobody said when.
        returned_at: datetime64[us] per order: since when it counted as returned; NaT where no
            status said so.
        past: every earlier status, but for the one of the version that stood.
        kept: bool per order: placed, no test, and as far as known neither cancelled nor returned
            whole.
        kept_line: bool per line: of a kept order, and not itself fully returned.
        quantity: int64 per line: pieces that did not come back.
        revenue: int64 per line, minor units, from 0: price x these pieces, at most
            `MOST_REVENUE`, less the line's discount.
    """

    rows: Rows
    order: NDArray[np.bool_]
    status: NDArray[np.int8]
    status_at: Instants
    delivered_at: Instants
    returned_at: Instants
    past: Statuses
    kept: NDArray[np.bool_]
    kept_line: NDArray[np.bool_]
    quantity: NDArray[np.int64]
    revenue: NDArray[np.int64]

    @classmethod
    def at(cls, rows: Rows, as_of: np.datetime64) -> Self:
        """Cut the rows at an instant, itself excluded."""
        told = _Told.at(rows, as_of)
        status, status_at, delivered_at = told.status, told.status_at, told.delivered_at
        if len(told.past):
            status, status_at = status.copy(), status_at.copy()
            last = told.past.last()
            own_at = status_at[last.order]
            later = (last.at > own_at) | ((last.at == own_at) & (last.status > status[last.order]))
            status[last.order[later]] = last.status[later]
            status_at[last.order[later]] = last.at[later]
        unknown = np.isnat(delivered_at)
        if np.count_nonzero(unknown):
            arrived = _first_delivered(rows, told.rows, as_of)
            delivered_at = np.where(unknown, arrived, delivered_at)
        rows = told.rows
        order = rows.ordered_at < as_of
        returned = rows.returned_quantity
        if np.count_nonzero(returned):
            returned = np.where(told.has_returns[rows.line_order], returned, 0)
        line_is_back = (returned > 0) & (returned >= rows.quantity)
        kept = order & ~rows.is_test & ~_gone(rows, status, returned, line_is_back)
        quantity = np.asarray(rows.quantity - returned, np.int64)
        return cls(
            rows,
            order,
            status,
            status_at,
            delivered_at,
            told.returned_at,
            told.past,
            kept,
            kept[rows.line_order] & ~line_is_back,
            quantity,
            _revenue(rows, quantity),
        )


def forget(rows: Rows, as_of: np.datetime64) -> Rows:
    """Drop what happened at or after an instant, so that no trace of it remains, even in codes.

    Cut again at an earlier instant, the rows are those of one cut.
    """
    forgotten, placed, is_whole = forgetting(rows, as_of)
    return forgotten if is_whole else forgotten.select(placed)


def forgetting(rows: Rows, as_of: np.datetime64) -> tuple[Rows, NDArray[np.bool_], bool]:
    """Write what was known before an instant in one way, of orders placed later too.

    What was known is written in one way: the version that stood is each order's own, one not
    known yet as far as it was, and a status set when the order was delivered or placed needs no
    instant of its own, unless that alone says when it was delivered.

    Returns:
        The rows with all their orders; bool per order: it had been placed; and whether all had
        been and stand as they did, so that no id of a customer or product is too many.
    """
    told = _Told.at(rows, as_of)
    standing = told.rows
    unstated = np.isnat(told.delivered_at)
    begun = np.where(unstated, standing.ordered_at, told.delivered_at)
    status_at = np.where(told.status_at == begun, _NEVER, told.status_at)
    says_when = unstated & (told.status == DELIVERED)
    versions, statuses = rows.versions, rows.statuses.before(as_of)
    if len(versions):
        superseded = versions.known_from() < as_of
        superseded[told.places] = False
        versions = versions.take(np.flatnonzero(superseded))
        later = ~(versions.delivered_at < as_of)
        counted = np.repeat(told.has_returns[versions.order], np.diff(versions.line_start))
        versions = replace(
            versions,
            delivered_at=np.where(later, _NEVER, versions.delivered_at),
            returned_quantity=np.where(counted, versions.returned_quantity, 0),
        )
    # The lines of these wait for a status that says they came back, and a version was the first to
    # say so. With all later status rows forgotten, a row in its place keeps them waiting.
    early = np.flatnonzero(told.awaited & told.has_returns).astype(np.int32)
    if len(early):
        back = np.full(len(early), RETURNED, np.int8)
        statuses = _joined(statuses, Statuses(early, told.returned_at[early], back))
    forgotten = replace(
        standing,
        status=told.status,
        status_at=np.where(says_when, standing.status_at, status_at),
        delivered_at=told.delivered_at,
        returned_quantity=np.where(
            told.has_returns[standing.line_order], standing.returned_quantity, 0
        ),
        statuses=statuses,
        versions=versions,
    )
    placed = standing.ordered_at < as_of
    # The version that stood may move an order to a later instant: one before it was seen earlier.
    placed[versions.order[versions.ordered_at < as_of]] = True
    return forgotten, placed, standing is rows and is_all(placed)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What the version of each order that stood at an instant had told by then.

    A version that was not known yet tells of the order as it was placed, of its delivery, and of
    its return, as far as these were known.

    Attributes:
        rows, places: what `stand` gives.
        past: every earlier status, but for the ones told here.
        status, status_at: int8 and datetime64[us] per order: the status it told, and since when.
        delivered_at: datetime64[us] per order: the delivery it states, whatever its status; NaT
            where it states none.
        returned_at: datetime64[us] per order: since when the order counted as returned; NaT where
            it did not.
        awaited: bool per order: a status row tells that it came back, and all such rows later.
        has_returns: bool per order: the returned quantities of its lines count, as they do from
            the first status `returned` on, and without one as soon as the version is known.
    """

    rows: Rows
    places: NDArray[np.int64]
    past: Statuses
    status: NDArray[np.int8]
    status_at: Instants
    delivered_at: Instants
    returned_at: Instants
    awaited: NDArray[np.bool_]
    has_returns: NDArray[np.bool_]

    @classmethod
    def at(cls, rows: Rows, as_of: np.datetime64) -> Self:
        past = _past(rows, as_of)
        rows, places = stand(rows, as_of)
        set_at = rows.status_instant()
        settled = set_at < as_of
        delivered_at = np.where(rows.delivered_at < as_of, rows.delivered_at, _NEVER)
        returned_at = past.of_status(RETURNED).first(len(set_at))
        status, status_at = rows.status, set_at
        if not is_all(settled):
            has_arrived, is_back = ~np.isnat(delivered_at), ~np.isnat(returned_at)
            begun = np.where(has_arrived, DELIVERED, PLACED)
            begun_at = np.where(has_arrived, delivered_at, rows.ordered_at)
            status = np.where(settled, status, np.where(is_back, RETURNED, begun)).astype(np.int8)
            status_at = np.where(settled, set_at, np.where(is_back, returned_at, begun_at))
        own = settled & (rows.status == RETURNED)
        if np.count_nonzero(own):
            returned_at = np.fmin(returned_at, np.where(own, set_at, _NEVER))
        told = rows.statuses.of_status(RETURNED)
        awaited = np.zeros(len(set_at), np.bool_)
        if len(told):
            awaited[told.order] = True
            awaited[told.before(as_of).order] = False
        return cls(
            rows,
            places,
            past,
            status,
            status_at,
            delivered_at,
            returned_at,
            awaited,
            ~np.isnat(returned_at) | (settled & ~awaited),
        )


def _past(rows: Rows, as_of: np.datetime64) -> Statuses:
    """Give the earlier status rows, those of superseded versions among them."""
    if not len(rows.versions):
        return rows.statuses.before(as_of)
    return _joined(rows.statuses, rows.versions.statuses()).before(as_of)


def _first_delivered(rows: Rows, standing: Rows, as_of: np.datetime64) -> Instants:
    """Give when each order first had the status `delivered`, of whoever stated the instant."""
    first = np.where(standing.status == DELIVERED, standing.status_at, _NEVER)
    if len(rows.statuses):
        first = np.fmin(first, rows.statuses.of_status(DELIVERED).first(len(first)))
    if len(rows.versions):
        first = np.fmin(first, rows.versions.arrivals().first(len(first)))
    return np.where(first < as_of, first, _NEVER)


def _joined(one: Statuses, other: Statuses) -> Statuses:
    return Statuses.of(
        np.concatenate([one.order, other.order]),
        np.concatenate([one.at, other.at]),
        np.concatenate([one.status, other.status]),
    )


def _revenue(rows: Rows, quantity: NDArray[np.int64]) -> NDArray[np.int64]:
    gross = rows.unit_price.astype(np.float64) * quantity
    full = np.minimum(np.maximum(gross, 0), MOST_REVENUE).astype(np.int64)
    return np.asarray(np.maximum(full - rows.line_discount, 0), np.int64)


def _gone(
    rows: Rows,
    status: NDArray[np.int8],
    returned: NDArray[np.int64],
    line_is_back: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Tell the orders of which nothing stayed with the customer."""
    cancelled, is_back = status == CANCELLED, status == RETURNED
    if not np.count_nonzero(is_back) and not np.count_nonzero(line_is_back):
        return np.asarray(cancelled, np.bool_)
    order_count = len(status)
    lines = np.bincount(rows.line_order, minlength=order_count)
    every_line = (lines > 0) & (np.bincount(rows.line_order, line_is_back, order_count) == lines)
    # Marked returned without any returned quantity, an order came back whole.
    whole = is_back & (np.bincount(rows.line_order, returned, order_count) == 0)
    return np.asarray(cancelled | whole | every_line, np.bool_)
