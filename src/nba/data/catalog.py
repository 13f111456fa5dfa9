"""The catalogue: what a shop says of its products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import SQL_TYPES
from nba.data.quarantine import type_frame
from nba.data.readers import connect, read_frame
from nba.domain import Ids, Texts
from nba.errors import DataError
from nba.schema import PRODUCTS
from nba.vocabulary import AVAILABILITIES, Availability

_TEXTS = ("title", "category", "product_group_id", "brand", "currency", "link", "image_link")


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """Products as columns, sorted by id; an empty text means the shop did not say.

    Attributes:
        product_ids: the ids.
        title, category, product_group_id, brand, currency, link, image_link: one text a product.
        price, sale_price: int64, minor units; 0 where the shop gave none.
        priced, on_sale: bool: the shop gave a price, a sale price.
        availability: int8, a code of `vocabulary.AVAILABILITIES`; missing counts as in stock.
        successor_of: the ids of the products this one replaces, comma-separated.
        is_consumable: int8: 1 yes, 0 no, 2 not said.
    """

    product_ids: Ids
    title: Texts
    category: Texts
    product_group_id: Texts
    brand: Texts
    currency: Texts
    link: Texts
    image_link: Texts
    price: NDArray[np.int64]
    priced: NDArray[np.bool_]
    sale_price: NDArray[np.int64]
    on_sale: NDArray[np.bool_]
    availability: NDArray[np.int8]
    successor_of: Texts
    is_consumable: NDArray[np.int8]

    @classmethod
    def empty(cls) -> Self:
        """A catalogue of no products."""
        cells = ", ".join(f"{column.name} {SQL_TYPES[column.kind]}" for column in PRODUCTS.columns)
        with connect() as connection:
            connection.execute(f"CREATE TEMP TABLE products ({cells})")
            return cls.from_table(connection)

    @classmethod
    def from_frame(cls, frame: Any, *, zone: str | None = None) -> Self:  # noqa: ANN401 - pandas, Polars or Arrow
        """Read a data frame with the columns of the `products` table.

        Raises:
            DataError: a required column is missing, a row breaks a rule, or two rows are one
                product.
        """
        with connect() as connection:
            raw = read_frame(connection, frame, "products", "raw_products")
            type_frame(connection, raw, PRODUCTS, "products", zone)
            repeated = connection.execute(
                "SELECT product_id FROM products GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 5"
            ).fetchall()
            if repeated:
                named = ", ".join(product_id for (product_id,) in repeated)
                raise DataError(f"several rows have the product_id {named}; keep one a product")
            return cls.from_table(connection)

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `products` of a connection."""
        texts = ", ".join(f"coalesce({name}, '') AS {name}" for name in (*_TEXTS, "successor_of"))
        codes = " ".join(f"WHEN '{name}' THEN {code}" for code, name in enumerate(AVAILABILITIES))
        in_stock = AVAILABILITIES.index(Availability.IN_STOCK)
        columns = connection.execute(f"""
            SELECT product_id, {texts},
                CAST(coalesce(price, 0) AS BIGINT) AS price, price IS NOT NULL AS priced,
                CAST(coalesce(sale_price, 0) AS BIGINT) AS sale_price,
                sale_price IS NOT NULL AS on_sale,
                CAST(CASE availability {codes} ELSE {in_stock} END AS TINYINT) AS availability,
                CAST(CASE CAST(is_consumable AS BOOLEAN) WHEN TRUE THEN 1 WHEN FALSE THEN 0
                    ELSE 2 END AS TINYINT) AS is_consumable
            FROM products ORDER BY product_id
        """).fetchnumpy()
        return cls(
            Ids.of(columns["product_id"]),
            **{name: Texts.of(columns[name]) for name in (*_TEXTS, "successor_of")},
            price=np.asarray(columns["price"], np.int64),
            priced=np.asarray(columns["priced"], np.bool_),
            sale_price=np.asarray(columns["sale_price"], np.int64),
            on_sale=np.asarray(columns["on_sale"], np.bool_),
            availability=np.asarray(columns["availability"], np.int8),
            is_consumable=np.asarray(columns["is_consumable"], np.int8),
        )

    def __len__(self) -> int:
        """Count the products."""
        return len(self.product_ids)
