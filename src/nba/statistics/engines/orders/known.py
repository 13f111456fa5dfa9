"""What was known of each order at an instant: the rules of `facts.known`, and of `data.history`.

An instant and a status are compared as one number, 16 x microseconds + code, so that at equal
instants the later in the flow of statuses wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nba.statistics.engines.orders.standing import Standing
from nba.statistics.engines.orders.tables import Told
from nba.statuses import CANCELLED, DELIVERED, PLACED, RETURNED, STATUS_CODE

if TYPE_CHECKING:
    import ibis

_PAID: Final = STATUS_CODE["paid"]
_FLOW: Final = 16
"""More than there are statuses, and a power of two."""


def known(told: Told, standing: Standing, as_of: int) -> ibis.Table:
    """Tell what was known of the orders that had been placed by an instant.

    Args:
        told: the tables.
        standing: the orders as they stood then.
        as_of: microseconds since 1970; itself excluded.

    Returns:
        One row an order that some version of it lets be placed before: order_id, customer_id,
        ordered_at, delivered_at (null where it had not been, or nobody said when), discount; kept:
        placed, no test, neither cancelled nor returned whole; has_returns: the returned quantities
        of its lines count; is_evidence: paid for or delivered, or with no status told; fact: the
        last instant before `as_of` that it tells of, or one after it.
    """
    import ibis

    orders = _joined(standing.orders, _of_statuses(told.statuses, as_of), "told_")
    orders = _joined(orders, _of_versions(standing.versions, as_of), "version_")
    orders = _joined(orders, _of_lines(standing.lines), "line_")
    set_at = ibis.coalesce(orders.status_at, orders.delivered_at, orders.ordered_at)
    orders = orders.mutate(
        set_at=set_at,
        settled=set_at < as_of,
        arrived_at=_before(orders.delivered_at, as_of),
        back_at=_least(orders.told_back_at, orders.version_back_at),
    )
    is_back, has_arrived = orders.back_at.notnull(), orders.arrived_at.notnull()
    own = ibis.cases(
        (orders.settled, _key(orders.set_at, orders.status)),
        (is_back, _key(orders.back_at, RETURNED)),
        (has_arrived, _key(orders.arrived_at, DELIVERED)),
        else_=_key(orders.ordered_at, PLACED),
    )
    # All rows that tell of a return are later, so that none holds back what the order tells.
    awaited = orders.told_returns.fill_null(False) & orders.told_back_at.isnull()
    stated = _before((orders.status == DELIVERED).ifelse(orders.status_at, None), as_of)
    orders = orders.mutate(
        key=_greatest(_greatest(own, orders.told_key), orders.version_key),
        has_returns=is_back | (orders.settled & ((orders.status == RETURNED) | ~awaited)),
        arrived_at=ibis.coalesce(
            orders.arrived_at,
            _least(_least(stated, orders.told_arrived_at), orders.version_arrived_at),
        ),
        fact=_greatest(
            _greatest(orders.ordered_at, orders.settled.ifelse(orders.set_at, None)),
            _greatest(orders.arrived_at, _greatest(orders.told_fact, orders.version_fact)),
        ),
    )
    status = orders.key & (_FLOW - 1)
    counts = orders.has_returns & orders.line_count.notnull()
    every_line = counts & (orders.line_back == orders.line_count)
    untouched = ~(counts & (orders.line_returned != 0))
    gone = (status == CANCELLED) | ((status == RETURNED) & untouched) | every_line
    placed = orders.ordered_at < as_of
    return orders.filter(placed | orders.version_seen.fill_null(False)).select(
        "order_id",
        "customer_id",
        "ordered_at",
        "discount",
        "has_returns",
        "fact",
        delivered_at=orders.arrived_at,
        kept=placed & ~orders.is_test & ~gone,
        # As every order begins, so do all those of a shop that tells no status.
        is_evidence=(status >= _PAID)
        | orders.arrived_at.notnull()
        | (orders.key == _key(orders.ordered_at, PLACED)),
    )


def _of_statuses(statuses: ibis.Table, as_of: int) -> ibis.Table:
    """Sum up, per order, the rows of the table of statuses."""
    past, at = statuses["at"] < as_of, statuses["at"]
    is_back = statuses.status == RETURNED
    return statuses.group_by("order_id").aggregate(
        key=_key(at, statuses.status).max(where=past),
        fact=at.max(where=past),
        arrived_at=at.min(where=past & (statuses.status == DELIVERED)),
        back_at=at.min(where=past & is_back),
        returns=is_back.any(),
    )


def _of_versions(versions: ibis.Table, as_of: int) -> ibis.Table:
    """Sum up, per order, the versions that gave way: each tells its status as a row of it."""
    import ibis

    past, at = versions.known_from < as_of, versions.known_from
    # That an order was placed is no arrival, whatever its first status was.
    stated = ibis.coalesce(versions.status_at, versions.delivered_at)
    arrived = past & (versions.status == DELIVERED)
    facts = _greatest(_greatest(at, versions.ordered_at), _before(versions.delivered_at, as_of))
    return versions.group_by("order_id").aggregate(
        key=_key(at, versions.status).max(where=past),
        fact=facts.max(where=past),
        seen=(past & (versions.ordered_at < as_of)).any(),
        arrived_at=_before(stated, as_of).min(where=arrived),
        back_at=at.min(where=past & (versions.status == RETURNED)),
    )


def _of_lines(lines: ibis.Table) -> ibis.Table:
    """Count, per order of which any line states a returned quantity, its lines."""
    touched = lines.filter(lines.returned_quantity != 0).select("order_id").distinct()
    lines = lines.semi_join(touched, "order_id")
    return lines.group_by("order_id").aggregate(
        count=lines.count(),
        back=lines.count(where=is_back(lines)),
        returned=lines.returned_quantity.sum(),
    )


def is_back(lines: ibis.Table) -> ibis.BooleanValue:
    """Tell the lines that came back whole, where their returned quantities count."""
    return (lines.returned_quantity > 0) & (lines.returned_quantity >= lines.quantity)


def _joined(orders: ibis.Table, sums: ibis.Table, prefix: str) -> ibis.Table:
    """Put sums beside their orders; null where an order has none."""
    named = sums.rename(
        {f"{prefix}{name}": name for name in sums.columns if name != "order_id"}
    ).rename(of_order="order_id")
    return orders.left_join(named, orders.order_id == named.of_order).drop("of_order")


def _key(at: ibis.Value, status: ibis.Value | int) -> ibis.Value:
    return at * _FLOW + status


def _before(at: ibis.Value, as_of: int) -> ibis.Value:
    """Give an instant that had come; null for another."""
    return (at < as_of).ifelse(at, None)


def _greatest(one: ibis.Value, other: ibis.Value) -> ibis.Value:
    """Give the greater of two; not all engines let a null lose."""
    import ibis

    return ibis.coalesce(ibis.greatest(one, other), one, other)


def _least(one: ibis.Value, other: ibis.Value) -> ibis.Value:
    import ibis

    return ibis.coalesce(ibis.least(one, other), one, other)
