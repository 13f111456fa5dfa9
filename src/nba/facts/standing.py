"""Which version of each order stood at an instant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.facts.histories import LINE_COLUMNS, ORDER_COLUMNS, Versions, status_instant
from nba.facts.rows import Rows


def stand(rows: Rows, as_of: np.datetime64) -> tuple[Rows, NDArray[np.int64]]:
    """Put each order into the version that stood at an instant, itself excluded.

    It is the latest version known by then: the one known from the latest instant, of those the
    later in the flow of statuses, of those the greater version id; the version that nothing
    superseded is the last of all. Where none was known yet, it is the earliest. A version that
    came without lines shows those of the latest version known by then that has some, else of the
    earliest that has some.

    Args:
        rows: any rows.
        as_of: up to when to know.

    Returns:
        The rows with other cells and lines for those orders, whose number and places stay, and
        the places in `rows.versions` of the versions that stand now: int64, ascending. Without
        any such version the rows are the very same object.
    """
    order, place, source = standing_versions(rows, as_of)
    if not len(order):
        return rows, place
    has_other = source >= 0
    standing = _put_lines(rows, order[has_other], rows.versions.take(source[has_other]))
    return _put_cells(standing, order, rows.versions.take(place)), place


def standing_versions(
    rows: Rows, as_of: np.datetime64
) -> tuple[NDArray[np.integer], NDArray[np.int64], NDArray[np.int64]]:
    """Find the orders that stood in another version than the one of their row.

    Returns:
        These orders, ascending; the place among `rows.versions` of the version that stood; and
        the place of the one whose lines it shows, -1 where no version has any.
    """
    versions = rows.versions
    none = np.empty(0, np.int64)
    if not len(versions):
        return none, none, none
    order, first = np.unique(versions.order, return_index=True)
    known_from = versions.known_from()
    known_count = np.add.reduceat((known_from < as_of).astype(np.int64), first)
    place = first + np.maximum(known_count - 1, 0)
    last_at = status_instant(
        rows.status_at[order], rows.delivered_at[order], rows.ordered_at[order]
    )
    is_later = (last_at > known_from[place]) | (
        (last_at == known_from[place]) & (rows.status[order] >= versions.status[place])
    )
    was_known, is_known = known_count > 0, last_at < as_of
    # With both known the later one stands; with neither, the earlier.
    stays = np.where(was_known == is_known, is_later == is_known, is_known)
    order, place = order[~stays], place[~stays]
    return order, place, _with_lines(versions, place)


def _with_lines(versions: Versions, place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the version whose lines each of some versions shows; -1 where no version has any."""
    filled = np.flatnonzero(np.diff(versions.line_start) > 0)
    if not len(filled):
        return np.full(len(place), -1, np.int64)
    after = np.searchsorted(filled, place, "right")
    before = filled[np.maximum(after - 1, 0)]
    following = filled[np.minimum(after, len(filled) - 1)]
    order = versions.order
    found = np.where(order[following] == order[place], following, -1)
    has_earlier = (before <= place) & (order[before] == order[place])
    return np.where(has_earlier, before, found)


def _put_lines(rows: Rows, order: NDArray[np.integer], versions: Versions) -> Rows:
    """Give some orders the lines of one version each."""
    product_ids, own, theirs = united(rows.product_ids, versions.product_ids)
    staying = np.ones(len(rows.order_ids), np.bool_)
    staying[order] = False
    line = staying[rows.line_order]
    line_order = np.concatenate(
        [rows.line_order[line], np.repeat(order, np.diff(versions.line_start))]
    ).astype(np.int32)
    place = np.argsort(line_order, kind="stable")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(rows, name)[line], getattr(versions, name)])
        for name in LINE_COLUMNS
    }
    columns["line_product"] = np.concatenate(
        [own[rows.line_product[line]], theirs[versions.line_product]]
    )
    return replace(
        rows,
        product_ids=product_ids,
        line_order=line_order[place],
        **{name: column[place] for name, column in columns.items()},
    )


def _put_cells(rows: Rows, order: NDArray[np.integer], versions: Versions) -> Rows:
    """Give some orders the customer and the other cells of one version each."""
    customer_ids, own, theirs = united(rows.customer_ids, versions.customer_ids)
    guest = rows.customer >= len(rows.customer_ids)
    customer = np.empty(len(guest), np.int32)
    customer[~guest] = own[rows.customer[~guest]]
    guest[order] = versions.customer >= len(versions.customer_ids)
    named = ~guest[order]
    customer[order[named]] = theirs[versions.customer[named]]
    customer[guest] = len(customer_ids) + np.arange(guest.sum())
    columns: dict[str, Any] = {name: getattr(rows, name).copy() for name in ORDER_COLUMNS}
    for name, column in columns.items():
        column[order] = getattr(versions, name)
    return replace(rows, customer_ids=customer_ids, customer=customer, **columns)


def united(ids: Ids, others: Ids) -> tuple[Ids, NDArray[np.int32], NDArray[np.int32]]:
    """Merge ids; give also the code of each of `ids`, then of each of `others`, among all.

    Where `others` are none but known ones, as they mostly are, the ids are the very same object.
    """
    found = [ids.find(one) for one in others]
    if None not in found:
        return ids, np.arange(len(ids), dtype=np.int32), np.array(found, np.int32)
    united = ids.union(others)
    return united, united.codes_of(ids), united.codes_of(others)
