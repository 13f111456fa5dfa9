"""Customer sums as expressions over the table of cells: equal to `CustomerSummary.of`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids
from nba.statistics.customers import CustomerSummary
from nba.statistics.engines.connections.connection import Connection, fetched
from nba.statistics.engines.expressions.cells import NO_PRODUCT, table_of
from nba.statistics.engines.expressions.exact import double, half_even, one_if, whole_days

if TYPE_CHECKING:
    import ibis.expr.types as ir


def customer_summary(
    connection: Connection,
    cells: ir.Table,
    customer_ids: Ids,
    as_of: np.datetime64,
    cost: NDArray[np.int64],
    costed: NDArray[np.bool_],
    default_margin: float,
) -> CustomerSummary:
    """Sum up customers exactly; what is paid without an id is left out.

    Args:
        connection: where to count.
        cells: the table of cells, with its pieces and money.
        customer_ids: the ids of its customer codes.
        as_of: the instant up to which the purchases are known.
        cost: int64 per product code, minor units, as for `Purchases.profit`.
        costed: bool per product code, likewise.
        default_margin: share of the revenue, likewise.
    """
    told = np.flatnonzero(costed)
    with connection.uploaded(table_of(costed_product=told, cost=cost[told])) as costs:
        rows = fetched(_sums(_earned(cells, costs, default_margin)))
    order = np.argsort(rows["customer"])
    rows = {name: column[order] for name, column in rows.items()}
    return CustomerSummary(
        customer_ids.take(rows["customer"]),
        as_of,
        rows["orders"],
        rows["days"],
        rows["first_day"].astype("datetime64[D]"),
        rows["last_day"].astype("datetime64[D]"),
        rows["revenue"],
        rows["profit"],
        rows["first_profit"],
    )


def _earned(cells: ir.Table, costs: ir.Table, default_margin: float) -> ir.Table:
    """Put the profit at each cell of a customer with an id, as `Purchases.profit` does."""
    cells = cells.filter(cells.named & (cells["product"] != NO_PRODUCT))
    cells = cells.left_join(costs, cells["product"] == costs.costed_product)
    assumed = half_even(cells.revenue.cast("float64") * double(default_margin))
    return cells.select(
        "customer",
        "basket",
        "revenue",
        day=whole_days(cells.ordered_at),
        profit=(cells.revenue - cells.cost * cells.quantity).fill_null(assumed),
    )


def _sums(earned: ir.Table) -> ir.Table:
    """Sum up orders, these by day, and days by customer."""
    orders = earned.group_by("customer", "day", "basket").aggregate(
        revenue=earned.revenue.sum(), profit=earned.profit.sum()
    )
    days = orders.group_by("customer", "day").aggregate(
        orders=orders.count(), revenue=orders.revenue.sum(), profit=orders.profit.sum()
    )
    days = days.mutate(first_day=days.day.min().over(group_by="customer"))
    return days.group_by("customer").aggregate(
        orders=days.orders.sum(),
        days=days.count(),
        first_day=days.first_day.min(),
        last_day=days.day.max(),
        revenue=days.revenue.sum(),
        profit=days.profit.sum(),
        first_profit=(days.profit * one_if(days.day == days.first_day)).sum(),
    )
