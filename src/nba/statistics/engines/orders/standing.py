"""Which version of each order stood at an instant, and whose lines it showed: `facts.standing`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nba.statistics.engines.connections.holding import Scratch
from nba.statistics.engines.orders.tables import Told, in_bytes

if TYPE_CHECKING:
    import ibis

CELLS: Final = (
    *("order_id", "customer_id", "ordered_at", "status", "status_at", "delivered_at"),
    *("discount", "is_test"),
)
"""What the table of orders and a version say alike of an order."""
_LINES: Final = (
    *("order_id", "line_no", "product_id", "quantity", "returned_quantity", "unit_price"),
    "line_discount",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Orders as they stood at an instant.

    Attributes:
        orders: one row an order, with the cells of the version that stood.
        lines: the lines that it showed.
        versions: one row a version that ever gave way: the cells, and known_from, int64
            microseconds.
    """

    orders: ibis.Table
    lines: ibis.Table
    versions: ibis.Table


def stand(told: Told, as_of: int, scratch: Scratch) -> Standing:
    """Put each order into the version that stood at an instant, itself excluded.

    The rule is that of `facts.standing.stand`. In one order of versions, by the instant from which
    each was known, then the flow of statuses, then the shown order behind equals, then the version
    id, it reads: the last one that was known stands, else the first of all. A shown order that is
    not the last of them gave way for good and is none of them.

    Only orders that have versions are sorted; all others pass by.

    Args:
        told: the tables.
        as_of: microseconds since 1970.
        scratch: holds the sorted versions, and names of what is given, until it is closed.
    """
    import ibis

    sorted_versions = scratch.keep(_sorted(told))
    candidates = sorted_versions.filter(
        ~sorted_versions.is_shown | (sorted_versions.place == sorted_versions.last)
    )
    whole = ibis.window(group_by="order_id")
    so_far = ibis.cumulative_window(group_by="order_id", order_by="place")
    place, has_lines = candidates.place, candidates.has_lines
    marked = candidates.mutate(
        stands=ibis.coalesce(
            place.max(where=candidates.known_from < as_of).over(whole), place.min().over(whole)
        ),
        shows=ibis.coalesce(
            place.max(where=has_lines).over(so_far), place.min(where=has_lines).over(whole)
        ),
    )
    standing = marked.filter(marked.place == marked.stands)
    other = standing.filter(~standing.is_shown & standing.shows.notnull())
    source = other.select("order_id", place="shows").inner_join(
        sorted_versions.view(), ["order_id", "place"]
    )
    source = source.select("order_id", "version")
    theirs = told.versions.filter(told.versions.line_no.notnull()).semi_join(
        source, ["order_id", "version"]
    )
    own = told.lines.anti_join(source, "order_id")
    orders = told.orders.anti_join(sorted_versions, "order_id")
    versions = sorted_versions.filter(~sorted_versions.is_shown)
    return Standing(
        scratch.name(orders.select(*CELLS).union(standing.select(*CELLS))),
        scratch.name(own.select(*_LINES).union(theirs.select(*_LINES))),
        versions.select("known_from", *CELLS),
    )


def _sorted(told: Told) -> ibis.Table:
    """Sort the versions of each order that has any, the shown order among them.

    Returns:
        One row a version: the cells, version, has_lines, is_shown, known_from; place, from 0, and
        last, the greatest place of the order.
    """
    import ibis

    versions = told.versions
    whole = ibis.window(group_by=("order_id", "version"))
    opening = ibis.row_number().over(
        ibis.window(group_by=("order_id", "version"), order_by="line_no")
    )
    heads = versions.mutate(opening=opening, has_lines=versions.line_no.count().over(whole) > 0)
    heads = heads.filter(heads.opening == 0)
    shown = told.orders.semi_join(versions, "order_id")
    names = ("version", "has_lines", "is_shown", *CELLS)
    candidates = (
        heads.mutate(is_shown=ibis.literal(value=False))
        .select(*names)
        .union(
            shown.mutate(
                version=ibis.null("string"),
                has_lines=ibis.literal(value=False),
                is_shown=ibis.literal(value=True),
            ).select(*names)
        )
    )
    candidates = candidates.mutate(
        known_from=ibis.coalesce(
            candidates.status_at, candidates.delivered_at, candidates.ordered_at
        ),
        behind=candidates.is_shown.ifelse(1, 0),
    )
    flow = ibis.window(
        group_by="order_id",
        order_by=(
            *(candidates.known_from, candidates.status, candidates.behind),
            in_bytes(candidates.version),
        ),
    )
    return candidates.mutate(
        place=ibis.row_number().over(flow),
        last=candidates.count().over(ibis.window(group_by="order_id")) - 1,
    ).drop("behind")
