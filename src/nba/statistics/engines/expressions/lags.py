"""Lag counts as expressions over the table of cells: equal to `lags.lag_counts`.

A customer's cells are numbered and linked by windows once, into a table that is held: each knows
the next order of its own type, which ends its following, and the one before, after which all
orders up to its own wait for it. Such a wait is written out, one row an order and type awaited
(`comings`), so that arrivals and what comes after them meet by equal keys, customer and place,
never by every cell with every other of a customer.

Cost. Of a customer with O orders of C cells, of T types, there are at most O T comings. For the
sums over all first types the arrivals of an order that are followed as long are one row; for the
pairs only the types of kept pairs meet: at most C T rows, those the local kernel walks as well. A
customer of 500 orders of 20 types each, 200 types in all, makes 100,000 comings and 2 million
rows, which are summed as they are met, never written.

Engines are asked for integers only. Results are sparse, a place in a dense array and a sum, and
come back in at most as many rows as there are pairs, classes of customers and buckets.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nba.domain import DAY, MICROSECOND, Ids
from nba.statistics.engines.connections.connection import Connection, fetched
from nba.statistics.engines.connections.holding import Scratch
from nba.statistics.engines.expressions.cells import table_of
from nba.statistics.engines.expressions.exact import element, one_if, whole_days
from nba.statistics.lag_pairs import chosen_pairs
from nba.statistics.lags import (
    BUCKET_OF,
    LAG_DAYS,
    PERIOD_COUNT,
    PERIOD_DAYS,
    RHYTHMS,
    LagCounts,
    counted,
    rhythm_of,
    uncounted,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DAY: Final = int(DAY / MICROSECOND)
_SLOTS: Final = len(LAG_DAYS)
"""Buckets, and one beyond them, where differences end."""
_MANY_ORDERS: Final = 1 << RHYTHMS // 2
"""Orders of a customer from which on the class is the last."""
_SIDES: Final = 3
"""What a following is summed by: where it leaves, where it ends, and the season of its event."""
_LEAVES: Final = 0
_ENDS: Final = 1
_HAPPENS: Final = 2


def lag_counts(
    connection: Connection,
    cells: ir.Table,
    type_code: NDArray[np.int32],
    types: Ids,
    as_of: np.datetime64,
    *,
    delivery_days: int,
    min_shared: int,
    mains: NDArray[np.bool_],
    shared: NDArray[np.int32],
) -> LagCounts:
    """Count lags while nothing is settled.

    What `lags.lag_counts` does with `settling` and `wanted`, anew for a few types in each round of
    learning, stays with the local kernel.

    Args:
        connection: where to count.
        cells: the table of cells. Orders without a type count as orders of their customer.
        type_code: int32 per product: a code of `types`, or -1.
        types: the names of the type codes.
        as_of: the instant at which following ends.
        delivery_days: days from order to delivery where nobody said.
        min_shared: customers who bought both types, from which on a pair is kept, as there.
        mains: bool per type: whose arrivals to follow.
        shared: int32[types, types]: customers who bought both.
    """
    first, second = chosen_pairs(
        shared,
        min_shared=min_shared,
        mains=mains,
        wanted=np.ones(len(types), np.bool_),
        settled=np.empty(0, np.int64),
    )
    values = uncounted(len(types), len(first))
    coded = np.flatnonzero(type_code >= 0)
    code = type_code[coded]
    kinds = table_of(product=coded, type=code, is_main=mains[code])
    until = int(as_of.astype("datetime64[us]").astype(np.int64))
    with (
        connection.uploaded(table_of(side=np.arange(_SIDES))) as sides,
        connection.uploaded(kinds) as typed,
        closing(Scratch()) as scratch,
    ):
        linked = scratch.keep(_linked(cells, typed, until, delivery_days))
        # Asked for four times, and engines that plan by statistics then have some of them.
        arrivals = scratch.keep(_arrivals(linked))
        comings = _comings(linked)
        _add_owners(values, arrivals)
        _add_calendar(values["calendar"], arrivals, until)
        _add_totals(values, arrivals, comings, sides)
        if len(first):
            pairs = table_of(first=first, second=second, pair=np.arange(len(first)))
            with connection.uploaded(pairs) as kept:
                _add_pairs(values, arrivals, comings, sides, kept)
    return counted(types, as_of, first, second, values)


def _linked(cells: ir.Table, typed: ir.Table, until: int, delivery_days: int) -> ir.Table:
    """Give one row a type of an order of a customer who can be followed, none of it null.

    Columns: customer; place: of the order among the customer's with a type; since_place: the first
    order after the one before with the type; type; is_main; kind: the class of the customer;
    ordered and arrived, with their days; season: the period of the order; ends: when following
    from here ends.
    """
    import ibis

    cells = cells.filter(cells.named & cells.proven)
    orders = cells.group_by("customer").aggregate(orders=cells.basket.nunique())
    kind = element(rhythm_of(np.arange(_MANY_ORDERS + 1)), ibis.least(orders.orders, _MANY_ORDERS))
    cells = cells.join(typed, "product").join(orders.select("customer", kind=kind), "customer")
    usual = cells.ordered_at + delivery_days * _DAY
    arrived = ibis.greatest(ibis.coalesce(cells.delivered_at, usual), cells.ordered_at)
    bought = cells.select(
        *("customer", "basket", "type", "is_main", "kind"),
        ordered=cells.ordered_at,
        arrived=arrived,
    ).distinct()
    number = ibis.dense_rank().over(group_by="customer", order_by="basket")
    bought = bought.mutate(place=number.cast("int64"))
    of_type = ibis.window(group_by=["customer", "type"], order_by="place")
    # Whole numbers as small as these have no quotient that a float would round up to a whole.
    season = ibis.least(whole_days(until - bought.ordered) // PERIOD_DAYS, PERIOD_COUNT - 1)
    bought = bought.mutate(
        season=season,
        since_place=ibis.coalesce(bought.place.lag().over(of_type) + 1, 0),
        ends=ibis.least(ibis.coalesce(bought.ordered.lead().over(of_type), until), until),
        ordered_day=whole_days(bought.ordered),
        arrived_day=whole_days(bought.arrived),
    )
    return bought.drop("basket")


def _arrivals(linked: ir.Table) -> ir.Table:
    """Give the arrivals that are followed through a bucket.

    `seen` is the number of buckets they are followed through, and `horizon` when those end.
    """
    import ibis

    mains = linked.filter(linked.is_main)
    days = ibis.least(whole_days(ibis.greatest(mains.ends - mains.arrived, 0)), len(BUCKET_OF) - 1)
    mains = mains.mutate(seen=element(BUCKET_OF, days))
    mains = mains.filter(mains.seen > 0)
    return mains.select(
        *("customer", "place", "kind", "ordered", "arrived", "arrived_day", "seen"),
        first=mains.type,
        horizon=mains.arrived + element(LAG_DAYS, mains.seen) * _DAY,
    )


def _comings(linked: ir.Table) -> ir.Table:
    """Write out, at each order of a customer, when each type comes that then or later does."""
    import ibis

    return linked.select(
        *("customer", "season"),
        place=ibis.range(linked.since_place, linked.place + 1).unnest(),
        second=linked.type,
        comes=linked.ordered,
        comes_day=linked.ordered_day,
    )


def _add_owners(values: dict[str, NDArray[Any]], arrivals: ir.Table) -> None:
    """Count arrivals, and take those back that `_add_totals` follows to their own type."""
    found = fetched(
        arrivals.group_by("first", "kind", "seen").aggregate(owners=lambda rows: rows.count())
    )
    first, kind, seen, owners = (found[name] for name in ("first", "kind", "seen", "owners"))
    np.add.at(values["owners"], (kind, first, seen - 1), owners)
    backwards = values["owners"][:, :, ::-1]
    np.cumsum(backwards, axis=2, out=backwards)
    np.subtract.at(values["missed"][:, :, 0], (kind, first), owners)
    np.add.at(values["missed"], (kind, first, seen), owners)


def _add_calendar(calendar: NDArray[np.int32], arrivals: ir.Table, until: int) -> None:
    """Count arrivals by the period in which the middle of each bucket lies.

    All middles and periods are whole numbers of half days, and so many tell them apart.
    """
    import ibis

    age = until - arrivals.arrived
    days = whole_days(age)
    half = days * 2 + one_if(age - days * _DAY >= _DAY // 2)
    ages = arrivals.mutate(half=half).group_by("first", "seen", "half")
    ages = ages.aggregate(owners=lambda rows: rows.count().cast("int32"))
    # The first bucket is followed through by all.
    ages = ages.mutate(bucket=ibis.range(0, ages.seen).unnest())
    middle = element(LAG_DAYS[:-1] + LAG_DAYS[1:], ages.bucket)
    back = ibis.least((ages.half - middle) // (2 * PERIOD_DAYS), PERIOD_COUNT - 1)
    ages = ages.mutate(key=(ages["first"] * (_SLOTS - 1) + ages.bucket) * PERIOD_COUNT + back)
    found = fetched(ages.group_by("key").aggregate(owners=ages.owners.sum()))
    calendar.reshape(-1)[found["key"]] = found["owners"]


def _add_totals(
    values: dict[str, NDArray[Any]], arrivals: ir.Table, comings: ir.Table, sides: ir.Table
) -> None:
    """Count followings to each type, from whatever type, those to the same type included."""
    width = values["missed"].shape[1]
    together = arrivals.group_by([name for name in arrivals.columns if name != "first"])
    together = together.aggregate(arrivals=lambda rows: rows.count().cast("int32"))
    found = fetched(_differences(_followings(together, comings), sides, "second", width))
    happens = found["key"] < 0
    values["seasons"].reshape(-1)[-1 - found["key"][happens]] = found["gone"][happens]
    key, gone, events = (found[name][~happens] for name in ("key", "gone", "events"))
    values["missed"].reshape(-1)[key] += gone
    line, slot = np.divmod(key, _SLOTS)
    taken = values["taken"].reshape(-1, _SLOTS - 1)
    taken[line[events > 0], slot[events > 0] - 1] = events[events > 0]


def _add_pairs(
    values: dict[str, NDArray[Any]],
    arrivals: ir.Table,
    comings: ir.Table,
    sides: ir.Table,
    kept: ir.Table,
) -> None:
    """Count followings of kept pairs; their seasons are among the totals."""
    import ibis

    count = len(values["events"])
    arrivals, comings = arrivals.semi_join(kept, "first"), comings.semi_join(kept, "second")
    followings = _followings(arrivals, comings).join(kept, ["first", "second"])
    followings = followings.mutate(arrivals=ibis.literal(1, "int32"))
    sides = sides.filter(sides.side != _HAPPENS)
    found = fetched(_differences(followings, sides, "pair", count))
    key, gone, events = (found[name] for name in ("key", "gone", "events"))
    values["gone"].reshape(-1)[key] = gone
    line, slot = np.divmod(key, _SLOTS)
    np.add.at(
        values["events"],
        (line[events > 0] % count, slot[events > 0] - 1),
        events[events > 0],
    )


def _followings(arrivals: ir.Table, comings: ir.Table) -> ir.Table:
    """Follow arrivals to what comes while they are followed.

    `slot` is one more than the bucket that an event lies in. Who had the type in the same order,
    or ordered it before the arrival, was never at risk: that is no event, and the slot is 0.
    """
    import ibis

    met = arrivals.join(comings, ["customer", "place"])
    met = met.filter(met.comes < met.horizon)
    happens = (met.comes > met.ordered) & (met.comes >= met.arrived)
    days = met.comes_day - met.arrived_day
    # Days of the calendar are the whole days between, or one more.
    days = days - one_if(met.comes - met.arrived < days * _DAY)
    slot = element(BUCKET_OF + 1, ibis.greatest(days, 0))
    return met.mutate(is_event=happens, slot=happens.ifelse(slot, 0))


def _differences(followings: ir.Table, sides: ir.Table, line: str, lines: int) -> ir.Table:
    """Sum up where followings leave those at risk, and where they end.

    Args:
        followings: each counts `arrivals` times.
        sides: those to sum by.
        line: the column of what else to sum by.
        lines: how many of those there are.

    Returns:
        The key (kind * lines + line) * _SLOTS + slot; gone: those leaving in the slot less those
        whose following ends there; events: those of the bucket slot - 1. At the key
        -1 - (line * PERIOD_COUNT + season), `gone` is the events of the season.
    """
    summed = followings.cross_join(sides)
    summed = summed.filter((summed.side != _HAPPENS) | summed.is_event)
    leaves, number = summed.side == _LEAVES, summed[line]
    slot = leaves.ifelse(summed.slot, summed.seen)
    key = (summed.kind * lines + number) * _SLOTS + slot
    season = -1 - (number * PERIOD_COUNT + summed.season)
    summed = summed.select(
        key=(summed.side == _HAPPENS).ifelse(season, key),
        gone=(summed.side == _ENDS).ifelse(-summed.arrivals, summed.arrivals),
        events=(leaves & summed.is_event).ifelse(summed.arrivals, 0),
    )
    return summed.group_by("key").aggregate(gone=summed.gone.sum(), events=summed.events.sum())
