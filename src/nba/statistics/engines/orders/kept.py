"""The cells of a shop, folded where its orders live: only sums have to travel.

The rules that say which purchases were kept stand twice in this project. The fold of numpy
(`facts.known`, `data.history`) answers questions about any instant in memory, for one customer as
for a whole shop, which no database could; this fold counts orders that do not fit through one
machine. What holds the two together is a contract: on any shop, at any instant, both give the same
rows (`tests/contract/test_engine_kept.py`). Whoever changes a rule there changes it here.

What could not be counted exactly is refused, never guessed: see `kept_cells`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from nba.domain import DAY, MICROSECOND, Ids
from nba.errors import DataError
from nba.facts.known import MOST_REVENUE
from nba.statistics.engines.connections.connection import row_of, rows_of
from nba.statistics.engines.connections.holding import Scratch
from nba.statistics.engines.orders.known import is_back, known
from nba.statistics.engines.orders.spells import spells
from nba.statistics.engines.orders.standing import stand
from nba.statistics.engines.orders.tables import Told, in_bytes

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True, slots=True, eq=False)
class KeptCells:
    """The kept purchases of a shop as an engine counts from, in temporary tables of that engine.

    Attributes:
        cells: one row a product of a kept order, as `expressions.cells` describes it. No number of
            an order is as great as two times all orders.
        product_ids: the ids of the product codes.
        as_of: up to when the purchases are known.
    """

    cells: ibis.Table
    product_ids: Ids
    as_of: np.datetime64
    scratch: Scratch

    def close(self) -> None:
        """Drop the temporary tables."""
        self.scratch.close()


def kept_cells(
    tables: Mapping[str, ibis.Table],
    as_of: np.datetime64 | None = None,
    *,
    proving_days: int,
    spell_days: int = 0,
) -> KeptCells:
    """Fold orders into the cells that `history.until(as_of)` gives as baskets and purchases.

    An order is read once to be known and once more to be numbered, a line once to see what came
    back, once for the products and once for its cell. What is written meanwhile may be seen by one
    of these and not by another: let `as_of` lie behind the last post.

    Args:
        tables: expressions of one engine (DuckDB, PostgreSQL or Spark) with the columns of
            `nba.schema`: `orders`, `order_lines`, and where they are `order_statuses` and
            `order_versions`. Instants are int64 microseconds or timestamps, those without a zone
            in UTC.
        as_of: itself excluded; by default a microsecond after the last fact of the orders.
        proving_days: as in `OrderHistory.baskets`.
        spell_days: as in `PairSettings`; 0 = no spells.

    Raises:
        DataError: a table lacks a column or has empty cells where there may be none, a status is
            unknown, an order id stands twice, an amount is beyond 2^53 or an instant beyond 18,000
            years; or an order with a discount comes to 2^53 minor units or more, or has two lines
            of one number: the floats and the order of lines by which it is shared would leave open
            what an engine counts.
    """
    scratch, passing = Scratch(), Scratch()
    try:
        told = Told.of(tables, passing)
        if as_of is None:
            as_of = np.datetime64(told.last_instant(), "us") + MICROSECOND
        until = int(as_of.astype("datetime64[us]").astype(np.int64))
        _refuse_twins(told.orders)
        standing = stand(told, until, passing)
        orders = passing.keep(known(told, standing, until))
        customers = passing.keep(_customers(orders))
        # All products of all orders, kept or not.
        ordered = standing.lines.semi_join(orders, "order_id").product_id
        products = passing.keep(_coded(ordered))
        named = row_of(customers.aggregate(count=customers.count()))["count"]
        sums = row_of(
            orders.aggregate(
                orders=orders.count(),
                first=orders.ordered_at.min(where=orders.kept),
                last=orders.fact.max(),
            )
        )
        proven_before = _proven_before(sums["first"], sums["last"], until, proving_days)
        numbered = _numbered(orders, customers, (named, sums["orders"]), proven_before)
        baskets = passing.keep(numbered.semi_join(standing.lines, "order_id"))
        cells = _described(_counted(standing.lines, baskets, products), baskets)
        if spell_days:
            spelled = spells(baskets, int(spell_days * DAY / MICROSECOND), passing)
            cells = cells.drop("spell").left_join(spelled, "basket").drop("basket_right")
        cells = scratch.keep(cells)
        _refuse_inexact(cells)
        ids = rows_of(products.select("id"))["id"].to_pylist()
        return KeptCells(cells.select(*_COLUMNS), Ids.of(ids), as_of, scratch)
    except BaseException:
        scratch.close()
        raise
    finally:
        passing.close()


_COLUMNS: Final = (
    *("basket", "customer", "named", "proven", "ordered_at", "delivered_at", "spell"),
    *("product", "quantity", "revenue"),
)


def _coded(ids: ibis.StringColumn) -> ibis.Table:
    """Number distinct ids from 0 in the order of their bytes: id and code."""
    import ibis

    distinct = ids.name("id").as_table().distinct()
    place = ibis.row_number().over(ibis.window(order_by=in_bytes(distinct.id)))
    return distinct.select("id", code=place)


def _customers(orders: ibis.Table) -> ibis.Table:
    """Number the customers likewise: id, code, and begins, the kept orders of those before."""
    import ibis

    named = orders.filter(orders.customer_id.notnull())
    customers = named.group_by(id="customer_id").aggregate(kept=named.count(where=named.kept))
    in_order = ibis.window(order_by=in_bytes(customers.id))
    so_far = ibis.cumulative_window(order_by=in_bytes(customers.id))
    return customers.select(
        "id",
        code=ibis.row_number().over(in_order),
        begins=customers.kept.sum().over(so_far) - customers.kept,
    )


def _proven_before(first: int | None, last: int | None, until: int, proving_days: int) -> int:
    """Give the last instant at which an order proves its customer, by `data.history._proven`.

    Args:
        first: when the first kept order was placed; None where there is none.
        last: the last fact.
        until: the instant of the cut.
        proving_days: as there.
    """
    if first is None or last is None:
        return until
    ends = min(until, last + 1)
    return ends - min(int(proving_days * DAY / MICROSECOND), (ends - first) // 4)


def _numbered(
    orders: ibis.Table, customers: ibis.Table, counts: tuple[int, int], proven_before: int
) -> ibis.Table:
    """Number the customers and the kept orders, and tell who is proven.

    Args:
        orders: what was known of them.
        customers: those with an id, numbered.
        counts: of these, and of all orders.
        proven_before: the last instant at which an order proves its customer.
    """
    import ibis

    named, order_count = counts
    identified = orders.inner_join(customers, orders.customer_id == customers.id)
    guests = orders.filter(orders.customer_id.isnull())
    place = ibis.row_number().over(ibis.window(order_by=in_bytes(guests.order_id)))
    columns = (
        *("order_id", "customer", "named", "ordered_at", "delivered_at", "discount", "kept"),
        *("has_returns", "is_evidence", "begins"),
    )
    every = (
        identified.mutate(customer=identified.code, named=ibis.literal(value=True))
        .select(*columns)
        .union(
            guests.mutate(
                customer=(place + named).cast("int64"),
                named=ibis.literal(value=False),
                # A guest has one order, and those of all others have numbers below the count.
                begins=(place + order_count).cast("int64"),
            ).select(*columns)
        )
    )
    kept = every.filter(every.kept)
    proves = kept.is_evidence & (kept.ordered_at <= proven_before)
    in_time = ibis.window(group_by="customer", order_by=(kept.ordered_at, in_bytes(kept.order_id)))
    place = ibis.row_number().over(in_time)
    return kept.select(
        *("order_id", "customer", "named", "ordered_at", "delivered_at", "discount"),
        "has_returns",
        basket=kept.begins + place,
        proven=proves.any().over(ibis.window(group_by="customer")),
    )


def _counted(lines: ibis.Table, baskets: ibis.Table, products: ibis.Table) -> ibis.Table:
    """Sum up the lines of each product of a kept order: `facts.known` and `data.purchases._paid`.

    Returns:
        basket, product, quantity, revenue; total: float64, what the lines of an order that has a
        discount come to before it; is_twin: one of them has the number of another.
    """
    import ibis

    held = baskets.select("order_id", "basket", "discount", "has_returns")
    names = ("basket", "product_id", "quantity", "revenue", "total", "is_twin")
    # Only what has a discount to share is sorted.
    full = _priced(lines, held.filter(held.discount <= 0)).mutate(
        total=ibis.literal(0.0, "float64"), is_twin=ibis.literal(value=False)
    )
    shared = _shared(_priced(lines, held.filter(held.discount > 0)))
    paid = full.select(*names).union(shared.select(*names))
    paid = paid.inner_join(products, paid.product_id == products.id)
    return paid.group_by("basket", product="code").aggregate(
        quantity=paid.quantity.sum(),
        revenue=paid.revenue.sum(),
        total=paid.total.max(),
        is_twin=paid.is_twin.any(),
    )


def _priced(lines: ibis.Table, held: ibis.Table) -> ibis.Table:
    """Give the kept lines of some orders with the pieces that stayed, and their revenue.

    A float stands for the price as in `facts.known`: a product of floats rounds alike everywhere,
    and one beyond 2^53, the most that counts, is no whole number too large.
    """
    import ibis

    lines = lines.inner_join(held, "order_id")
    lines = lines.filter(~(lines.has_returns & is_back(lines)))
    returned = lines.has_returns.ifelse(lines.returned_quantity, 0)
    lines = lines.mutate(quantity=lines.quantity - returned)
    gross = lines.unit_price.cast("float64") * lines.quantity.cast("float64")
    nothing, most = (ibis.literal(float(one), "float64") for one in (0, MOST_REVENUE))
    full = ibis.least(ibis.greatest(gross, nothing), most).cast("int64")
    return lines.mutate(revenue=ibis.greatest(full - lines.line_discount, ibis.literal(0, "int64")))


def _shared(lines: ibis.Table) -> ibis.Table:
    """Take each order's discount off its lines, with the floats of `data.purchases._paid`.

    The sums are of whole numbers below 2^53, exact in any order, and the other operations are the
    same on the same numbers.
    """
    import ibis

    in_order = ibis.window(group_by="basket", order_by="line_no")
    so_far = ibis.cumulative_window(group_by="basket", order_by="line_no")
    revenue = lines.revenue.cast("float64")
    lines = lines.mutate(
        until=revenue.sum().over(so_far),
        total=revenue.sum().over(ibis.window(group_by="basket")),
        is_twin=(lines.line_no.lag().over(in_order) == lines.line_no).fill_null(False),
    )
    discount = ibis.least(lines.discount.cast("float64"), lines.total)
    share = discount / ibis.greatest(lines.total, ibis.literal(1.0, "float64"))
    # Shares of the running sum, so that they add up to the whole discount.
    until = (lines.until * share + 0.5).floor()
    since = ((lines.until - lines.revenue.cast("float64")) * share + 0.5).floor()
    return lines.mutate(revenue=lines.revenue - (until - since).cast("int64"))


def _described(counted: ibis.Table, baskets: ibis.Table) -> ibis.Table:
    """Put beside each cell what is the same for its whole order; no spell yet."""
    import ibis

    of_order = ("basket", "customer", "named", "proven", "ordered_at", "delivered_at")
    return counted.inner_join(baskets.select(*of_order), "basket").mutate(spell=ibis.null("int64"))


def _refuse_twins(orders: ibis.Table) -> None:
    """Refuse orders of which there are two under one id."""
    ids = orders.group_by("order_id").aggregate(rows=orders.count())
    ids = ids.filter(ids.rows > 1)
    found = ids.aggregate(twins=ids.count(), first=ids.order_id.min())
    twins = row_of(found)
    if twins["twins"]:
        raise DataError(
            f"orders has {twins['twins']} order ids in more than one row, such as "
            f"{twins['first']!r}; keep one row an order, and earlier ones in order_versions"
        )


def _refuse_inexact(cells: ibis.Table) -> None:
    """Refuse orders of which the share of each line in the discount is not certain."""
    found = row_of(cells.aggregate(total=cells.total.max(), twins=cells.is_twin.any()))
    if found["twins"]:
        raise DataError(
            "order_lines or order_versions has an order with two lines of one number; number the "
            "lines of an order, as its discount is shared in their order"
        )
    if found["total"] is not None and found["total"] >= MOST_REVENUE:
        raise DataError(
            f"an order comes to {found['total']:.0f} minor units; below {MOST_REVENUE} its "
            "discount is shared exactly, correct its prices"
        )
