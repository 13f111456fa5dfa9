"""The states of products: what availability, stock and prices were, and from when on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import EARLIEST
from nba.data.conforming import conform
from nba.data.rows import AT, column
from nba.domain import Instants
from nba.facts.histories import Columns
from nba.schema import PRODUCT_STATES
from nba.vocabulary import AVAILABILITIES, Availability

STATED: Final = (
    "availability",
    "stock",
    "stocked",
    "price",
    "priced",
    "sale_price",
    "on_sale",
    "sale_until",
)
"""What a state and a product say under the same names."""
BEGINNING: Final = np.datetime64(EARLIEST, "us")
"""A state from here on tells of no change: it is what the catalogue said at first."""
_CODES: Final = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(AVAILABILITIES))
STATED_CELLS: Final = f"""
    CAST(CASE availability {_CODES} ELSE {AVAILABILITIES.index(Availability.IN_STOCK)} END
        AS TINYINT) AS availability,
    CAST(coalesce(stock, 0) AS BIGINT) AS stock, stock IS NOT NULL AS stocked,
    CAST(coalesce(price, 0) AS BIGINT) AS price, price IS NOT NULL AS priced,
    CAST(coalesce(sale_price, 0) AS BIGINT) AS sale_price, sale_price IS NOT NULL AS on_sale,
    sale_until
"""
"""The columns of `STATED` as SQL over the cells of a product or of a state."""


@dataclass(frozen=True, slots=True, eq=False)
class ProductStates(Columns):
    """States of products, sorted by product and instant.

    Of a product that has any, the first is what `products` says of it: that holds from the
    beginning until the first state.

    Attributes:
        product: int32 per state, a code of the ids of the catalogue.
        at: datetime64[us] per state: from when it holds.
        availability: int8, a code of `vocabulary.AVAILABILITIES`; missing counts as in stock.
        stock: int64, pieces; 0 where the shop did not say.
        price, sale_price: int64, minor units; 0 where the shop gave none.
        stocked, priced, on_sale: bool: the shop said a stock, a price, a sale price.
        sale_until: datetime64[us], may be NaT.
    """

    product: NDArray[np.int32]
    at: Instants
    availability: NDArray[np.int8]
    stock: NDArray[np.int64]
    stocked: NDArray[np.bool_]
    price: NDArray[np.int64]
    priced: NDArray[np.bool_]
    sale_price: NDArray[np.int64]
    on_sale: NDArray[np.bool_]
    sale_until: Instants

    @classmethod
    def none(cls) -> Self:
        """No states at all."""
        amount, truth = np.empty(0, np.int64), np.empty(0, np.bool_)
        at = np.empty(0, "datetime64[us]")
        return cls(
            product=np.empty(0, np.int32),
            at=at,
            availability=np.empty(0, np.int8),
            stock=amount,
            stocked=truth,
            price=amount,
            priced=truth,
            sale_price=amount,
            on_sale=truth,
            sale_until=at,
        )

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection, products: str) -> Self:
        """Read the table or view `product_states`.

        Args:
            connection: with the table.
            products: the table or view of the products whose states count.

        Raises:
            DataError: the table breaks its contract.
        """
        states = conform(connection, PRODUCT_STATES)
        rows = connection.execute(f"""
            WITH coded AS (
                SELECT *, CAST(row_number() OVER (ORDER BY product_id) - 1 AS INTEGER) AS product
                FROM {products}),
            states AS (
                SELECT c.product, s."at", s.availability, s.stock, s.price, s.sale_price,
                    s.sale_until
                FROM {states} s JOIN coded c USING (product_id))
            SELECT product, "at", {STATED_CELLS} FROM (
                FROM states
                UNION ALL
                SELECT product, make_timestamp(0) AS "at", availability, stock, price, sale_price,
                    sale_until
                FROM coded SEMI JOIN states USING (product))
            ORDER BY product, "at"
        """).fetchnumpy()
        kinds: dict[str, Any] = {name: rows[name].dtype for name in rows} | {
            "at": AT,
            "sale_until": AT,
        }
        return cls(**{name: column(rows, name, kind) for name, kind in kinds.items()})

    def __len__(self) -> int:
        """Count the states."""
        return len(self.product)

    def before(self, as_of: np.datetime64) -> Self:
        """Keep the states of earlier instants."""
        return self._take(self.at < as_of)

    def last(self) -> Self:
        """Keep the last state of each product."""
        trailing = np.ones(len(self), np.bool_)
        trailing[:-1] = np.diff(self.product) != 0
        return self._take(trailing)

    def of_products(self, kept: NDArray[np.bool_]) -> Self:
        """Keep the states of some products, coded as those that remain."""
        mine = self._take(kept[self.product])
        columns = {one.name: getattr(mine, one.name) for one in fields(mine)}
        code = (np.cumsum(kept) - 1)[mine.product].astype(np.int32)
        return type(self)(**columns | {"product": code})

    def _take(self, kept: NDArray[np.bool_]) -> Self:
        return type(self)(**{one.name: getattr(self, one.name)[kept] for one in fields(self)})
