"""The order history: immutable rows, cut at an instant, seen as baskets."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import quoted
from nba.data.intake import Intake
from nba.data.quarantine import SHOWN, type_frame
from nba.data.readers import connect, read_frame
from nba.data.resolve import Resolved, resolve
from nba.domain import INT32_LIMIT, MICROSECOND, Ids, Instants, to_instant
from nba.errors import DataError
from nba.facts.rows import Known, Rows
from nba.schema import FLAT, ORDER_LINES, ORDERS, Table
from nba.statuses import STATUSES

EPOCH = np.datetime64(0, "us")


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Kept purchases as distinct products an order; what statistics are counted from.

    Attributes:
        product_ids: ids of the product codes.
        customer_ids: ids of the customer codes; a guest order's code is beyond them.
        customer_count: customers with a kept purchase or an id, each guest order counted as one.
        customer: int32 per basket, ascending.
        at: datetime64[us] per basket, ascending within a customer.
        start: int64 per basket + 1.
        product: int32, ascending within a basket.
        as_of: the instant up to which the purchases are known.
    """

    product_ids: Ids
    customer_ids: Ids
    customer_count: int
    customer: NDArray[np.int32]
    at: Instants
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    as_of: np.datetime64

    def __len__(self) -> int:
        """Count the baskets."""
        return len(self.customer)

    @property
    def size(self) -> NDArray[np.int64]:
        """Distinct products of each basket, int64."""
        return np.diff(self.start)


@dataclass(frozen=True, slots=True, eq=False)
class OrderHistory:
    """Orders of a shop as known at `as_of`, itself excluded."""

    rows: Rows
    as_of: np.datetime64

    @classmethod
    def from_rows(cls, rows: Rows, *, as_of: np.datetime64 | None = None) -> Self:
        """Wrap rows; `as_of` is by default a microsecond after the last fact."""
        if as_of is not None:
            return cls(rows, as_of).until(as_of)
        return cls(rows, last_fact(rows) + MICROSECOND)

    @classmethod
    def from_frame(
        cls,
        orders: Any,  # noqa: ANN401 - any table DuckDB can scan: pandas, Polars, Arrow
        order_lines: Any = None,  # noqa: ANN401 - the same
        *,
        zone: str | None = None,
    ) -> Self:
        """Read data frames.

        Args:
            orders: the flat entry (one row an order line) alone, or the `orders` table.
            order_lines: the `order_lines` table, when `orders` is one.
            zone: the zone of timestamps that carry none.

        Raises:
            DataError: a required column is missing, a row breaks a rule, or an order id stands
                for two customers or two instants. An integer price is minor units, a decimal
                one major units.
        """
        with connect() as connection:
            intake = Intake(connection)
            frames: list[tuple[Any, Table]] = [(orders, FLAT)]
            if order_lines is not None:
                frames = [(orders, ORDERS), (order_lines, ORDER_LINES)]
            for frame, table in frames:
                source = "order_lines" if table is ORDER_LINES else "orders"
                raw = read_frame(connection, frame, source, f"raw_{table.name}")
                type_frame(connection, raw, table, f"good_{table.name}", zone)
                clashing = intake.add(table, f"good_{table.name}")
                if clashing:
                    raise DataError(
                        f"rows {clashing[:SHOWN]} repeat an order id with another customer or "
                        "instant; give each order its own id"
                    )
            resolved = resolve(intake)
            if resolved.line_conflicts or resolved.orphans:
                raise DataError(_misplaced(resolved))
            return cls.from_tables(connection)

    @classmethod
    def from_tables(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the tables or views `orders` and `order_lines` of a connection."""
        return cls.from_rows(_read_rows(connection))

    def until(self, as_of: str | datetime | np.datetime64) -> Self:
        """Forget what happened at or after `as_of`.

        Later orders, statuses, deliveries and returns leave no trace, not even in the codes. An
        order whose status came later stands as delivered, if it was by then, else as placed: the
        shop holds no earlier status of it. A status set when the order was delivered or placed
        needs no instant of its own.
        """
        instant = to_instant(as_of)
        rows = self.rows
        known = Known.at(rows, instant)
        begun = np.where(np.isnat(known.delivered_at), rows.ordered_at, known.delivered_at)
        plain = ~known.settled | (rows.status_at == begun)
        forgotten = replace(
            rows,
            delivered_at=known.delivered_at,
            status=known.status,
            status_at=np.where(plain, np.datetime64("NaT"), rows.status_at).astype(
                "datetime64[us]"
            ),
            returned_quantity=np.where(known.settled[rows.line_order], rows.returned_quantity, 0),
        )
        return replace(self, rows=_select(forgotten, known.order), as_of=instant)

    def kept_line(self) -> NDArray[np.bool_]:
        """Tell, per line of `rows`, whether it is a kept purchase."""
        return Known.at(self.rows, self.as_of).kept_line

    def baskets(self) -> Baskets:
        """See the kept purchases as baskets, sorted by customer, instant, order id."""
        rows = self.rows
        kept_line = self.kept_line()
        order, product = rows.line_order[kept_line], rows.line_product[kept_line]
        width = max(len(rows.product_ids), 1)
        by_customer = np.lexsort((rows.ordered_at, rows.customer))
        place = np.empty(len(by_customer), np.int64)
        place[by_customer] = np.arange(len(by_customer))
        cells = np.sort(place[order] * width + product)
        cells = cells[np.diff(cells, prepend=-1) > 0]
        basket = cells // width
        product = cells - basket * width
        start = np.flatnonzero(np.diff(basket, prepend=-1))
        chosen = by_customer[basket[start]]
        return Baskets(
            rows.product_ids,
            rows.customer_ids,
            len(rows.customer_ids) + rows.guest_count,
            rows.customer[chosen],
            rows.ordered_at[chosen],
            np.append(start, len(cells)).astype(np.int64),
            product.astype(np.int32),
            self.as_of,
        )

    def __len__(self) -> int:
        """Count the orders, kept or not."""
        return len(self.rows.order_ids)


def _misplaced(resolved: Resolved) -> str:
    if resolved.orphans:
        rows = [row for _, row in resolved.orphans]
        return (
            f"rows {rows[:SHOWN]} of order_lines have an order_id that orders lacks; add the order"
        )
    rows = [row for _, row in resolved.line_conflicts]
    return f"rows {rows[:SHOWN]} repeat the line number of another line of their order; number anew"


def last_fact(rows: Rows) -> np.datetime64:
    """Give the latest instant any row speaks of; the epoch where there is none."""
    instants = np.concatenate([rows.ordered_at, rows.status_at, rows.delivered_at])
    instants = instants[~np.isnat(instants)]
    return instants.max() if len(instants) else EPOCH


def _select(rows: Rows, order: NDArray[np.bool_]) -> Rows:
    """Keep some orders and recode customers, products and orders to those that remain."""
    if order.all():
        return rows
    line = order[rows.line_order]
    identified = order & (rows.customer < len(rows.customer_ids))
    old_customers = np.unique(rows.customer[identified])
    old_products = np.unique(rows.line_product[line])
    new_order = np.cumsum(order) - 1
    customer = np.searchsorted(old_customers, rows.customer[order])
    guests = ~identified[order]
    customer[guests] = len(old_customers) + np.arange(guests.sum())
    columns = {
        field.name: getattr(rows, field.name)[order if field.name in _ORDER_COLUMNS else line]
        for field in fields(Rows)
        if not field.name.endswith("_ids")
    }
    columns["customer"] = customer.astype(np.int32)
    columns["line_order"] = new_order[rows.line_order[line]].astype(np.int32)
    columns["line_product"] = np.searchsorted(old_products, rows.line_product[line]).astype(
        np.int32
    )
    return Rows(
        customer_ids=rows.customer_ids.take(old_customers),
        product_ids=rows.product_ids.take(old_products),
        order_ids=rows.order_ids.take(np.flatnonzero(order)),
        **columns,
    )


_ORDER_COLUMNS = frozenset(
    ("customer", "ordered_at", "status", "status_at", "delivered_at", "discount", "is_test")
)


def _read_rows(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Code the tables `orders` and `order_lines` by their sorted ids."""
    status = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(STATUSES))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE coded_orders AS
        WITH customers AS (
            SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS customer
            FROM (SELECT DISTINCT customer_id FROM orders WHERE customer_id IS NOT NULL))
        SELECT o.order_id, row_number() OVER (ORDER BY o.order_id) - 1 AS code, c.customer_id,
            CAST(coalesce(c.customer, (SELECT count(*) FROM customers) - 1 + row_number() OVER (
                PARTITION BY c.customer IS NULL ORDER BY o.order_id)) AS INTEGER) AS customer,
            o.ordered_at, CAST(CASE o.status {status} END AS TINYINT) AS status,
            o.status_at, o.delivered_at, coalesce(o.discount, 0) AS discount,
            coalesce(o.is_test, FALSE) AS is_test
        FROM orders o LEFT JOIN customers c USING (customer_id)
    """)
    products = connection.execute(
        "SELECT DISTINCT product_id FROM order_lines ORDER BY product_id"
    ).fetchnumpy()["product_id"]
    if len(products) > INT32_LIMIT:
        raise DataError(f"{len(products)} products are more than the {INT32_LIMIT} a code can name")
    orders = connection.execute("SELECT * FROM coded_orders ORDER BY code").fetchnumpy()
    lines = connection.execute("""
        WITH products AS (
            SELECT product_id, row_number() OVER (ORDER BY product_id) - 1 AS code
            FROM (SELECT DISTINCT product_id FROM order_lines))
        SELECT CAST(o.code AS INTEGER) AS line_order, CAST(p.code AS INTEGER) AS line_product,
            l.quantity, coalesce(l.returned_quantity, 0) AS returned_quantity,
            coalesce(l.unit_price, 0) AS unit_price, coalesce(l.discount, 0) AS line_discount
        FROM order_lines l JOIN coded_orders o USING (order_id) JOIN products p USING (product_id)
        ORDER BY o.code, l.line_no
    """).fetchnumpy()

    def column(table: dict[str, Any], name: str, dtype: type | str) -> NDArray[Any]:
        values = table[name]
        if isinstance(values, np.ma.MaskedArray):
            # Only instants may be null here.
            values = np.ma.filled(values.astype("datetime64[us]"), np.datetime64("NaT"))
        return np.ascontiguousarray(values.astype(dtype))

    at = "datetime64[us]"
    named = connection.execute(
        f"SELECT DISTINCT {quoted('customer_id')} FROM orders WHERE customer_id IS NOT NULL"
    ).fetchnumpy()["customer_id"]
    return Rows(
        customer_ids=Ids.of(named),
        product_ids=Ids.of(products),
        order_ids=Ids.of(orders["order_id"]),
        customer=column(orders, "customer", np.int32),
        ordered_at=column(orders, "ordered_at", at),
        status=column(orders, "status", np.int8),
        status_at=column(orders, "status_at", at),
        delivered_at=column(orders, "delivered_at", at),
        discount=column(orders, "discount", np.int64),
        is_test=column(orders, "is_test", np.bool_),
        line_order=column(lines, "line_order", np.int32),
        line_product=column(lines, "line_product", np.int32),
        quantity=column(lines, "quantity", np.int64),
        returned_quantity=column(lines, "returned_quantity", np.int64),
        unit_price=column(lines, "unit_price", np.int64),
        line_discount=column(lines, "line_discount", np.int64),
    )
