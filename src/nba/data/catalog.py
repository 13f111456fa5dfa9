"""The catalogue: what a shop says of its products, and said at any instant."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from nba.data.checks import SQL_TYPES, quoted
from nba.data.conforming import conform
from nba.data.intake import TOLD_BY_ORDERS, TOLD_CELLS
from nba.data.product_states import BEGINNING, STATED, STATED_CELLS, ProductStates
from nba.data.quarantine import type_frame
from nba.data.readers import connect, read_frame
from nba.data.rows import AT, column, table_names
from nba.domain import MICROSECOND, Ids, Instants, Texts, to_instant
from nba.errors import DataError
from nba.schema import PRODUCT_STATES, PRODUCTS, Column, Kind, Table
from nba.vocabulary import AVAILABILITIES, Availability

_TOLD: Final = (*TOLD_CELLS, "currency")
"""Texts besides the title that order lines fill where no catalogue does."""
_HELD: Final = replace(PRODUCTS, columns=(*PRODUCTS.columns, Column(TOLD_BY_ORDERS, Kind.TEXT)))
_TEXTS: Final = (
    "title",
    "category",
    "product_group_id",
    "brand",
    "currency",
    "link",
    "image_link",
    "successor_of",
    "accessory_for",
    "compatible_with",
    "attributes",
)
_NEVER: Final = np.datetime64("NaT", "us")
_NOT_SAID: Final = 2
"""The code of `is_consumable` where the shop did not say."""
_UNLISTED: Final = {
    "availability": AVAILABILITIES.index(Availability.IN_STOCK),
    "is_consumable": _NOT_SAID,
}
"""What holds of a product that the catalogue lacks, where that is not 0 or no text."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """Products as columns, sorted by id; an empty text means the shop did not say.

    Attributes:
        product_ids: the ids.
        title, category, product_group_id, brand, currency, link, image_link: one text a product.
        price, sale_price: int64, minor units; 0 where the shop gave none.
        priced, on_sale: bool: the shop gave a price, a sale price.
        cost: int64, minor units: what a piece costs the shop; 0 where it did not say.
        costed: bool: the shop said a cost.
        sale_until: datetime64[us]; NaT where the shop did not say.
        availability: int8, a code of `vocabulary.AVAILABILITIES`; missing counts as in stock.
        stock: int64, pieces; 0 where the shop did not say.
        stocked: bool: the shop said a stock.
        published_at, discontinued_at: datetime64[us]; NaT where the shop did not say.
        successor_of: the ids of the products this one replaces, comma-separated.
        accessory_for, compatible_with: ids of products, of groups of products, or model names
            that stand in their titles, comma-separated.
        attributes: as the shop writes them, mostly JSON.
        replacement_cycle_days: int32, days; 0 where the shop did not say.
        is_consumable: int8: 1 yes, 0 no, 2 not said.
        told_title, told_category, told_brand, told_currency: bool: only orders tell that text; a
            product whose title they tell is in no catalogue.
        states: what changed of these products, and when.
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
    cost: NDArray[np.int64]
    costed: NDArray[np.bool_]
    sale_until: Instants
    availability: NDArray[np.int8]
    stock: NDArray[np.int64]
    stocked: NDArray[np.bool_]
    published_at: Instants
    discontinued_at: Instants
    successor_of: Texts
    accessory_for: Texts
    compatible_with: Texts
    attributes: Texts
    replacement_cycle_days: NDArray[np.int32]
    is_consumable: NDArray[np.int8]
    told_title: NDArray[np.bool_]
    told_category: NDArray[np.bool_]
    told_brand: NDArray[np.bool_]
    told_currency: NDArray[np.bool_]
    states: ProductStates

    @classmethod
    def empty(cls) -> Self:
        """A catalogue of no products."""
        cells = ", ".join(f"{column.name} {SQL_TYPES[column.kind]}" for column in PRODUCTS.columns)
        with connect() as connection:
            connection.execute(f"CREATE TEMP TABLE products ({cells})")
            return cls.from_table(connection)

    @classmethod
    def from_frame(
        cls,
        products: Any,  # noqa: ANN401 - pandas, Polars or Arrow
        product_states: Any = None,  # noqa: ANN401 - the same
        *,
        zone: str | None = None,
    ) -> Self:
        """Read data frames.

        Args:
            products: with the columns of the `products` table.
            product_states: with those of the `product_states` table.
            zone: the zone of timestamps that carry none.

        Raises:
            DataError: a required column is missing, a row breaks a rule, or two rows are one
                product or two states of a product at one instant.
        """
        with connect() as connection:
            frames = [(products, PRODUCTS)]
            if product_states is not None:
                frames.append((product_states, PRODUCT_STATES))
            for frame, table in frames:
                raw = read_frame(connection, frame, table.name, f"raw_{table.name}")
                type_frame(connection, raw, table, table.name, zone)
                _refuse_repeated(connection, table)
            return cls.from_table(connection)

    @classmethod
    def from_table(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the table or view `products` of a connection and, if it is there, `product_states`.

        Columns that every row may leave empty may be absent.

        Raises:
            DataError: a table breaks its contract.
        """
        products = conform(connection, _HELD)
        texts = ", ".join(f"coalesce({name}, '') AS {name}" for name in _TEXTS)
        told = {name: f"told_{name}" for name in ("title", *_TOLD)}
        by_orders = f"coalesce(string_split({TOLD_BY_ORDERS}, ','), [])"
        flags = ", ".join(
            f"list_contains({by_orders}, '{name}') AS {flag}" for name, flag in told.items()
        )
        columns = connection.execute(f"""
            SELECT product_id, {texts}, {flags}, {STATED_CELLS}, published_at, discontinued_at,
                CAST(coalesce(cost, 0) AS BIGINT) AS cost, cost IS NOT NULL AS costed,
                CAST(coalesce(replacement_cycle_days, 0) AS INTEGER) AS replacement_cycle_days,
                CAST(CASE CAST(is_consumable AS BOOLEAN) WHEN TRUE THEN 1 WHEN FALSE THEN 0
                    ELSE {_NOT_SAID} END AS TINYINT) AS is_consumable
            FROM {products} ORDER BY product_id
        """).fetchnumpy()
        cells_of_one = ("cost", "costed", "replacement_cycle_days", "is_consumable")
        exact = (*STATED, *told.values(), *cells_of_one)
        others: dict[str, Any] = {name: columns[name].dtype for name in exact}
        others |= dict.fromkeys(("sale_until", "published_at", "discontinued_at"), AT)
        cells: dict[str, Any] = {name: Texts.of(columns[name]) for name in _TEXTS}
        cells |= {name: column(columns, name, kind) for name, kind in others.items()}
        has_states = PRODUCT_STATES.name in table_names(connection)
        states = (
            ProductStates.from_table(connection, products) if has_states else ProductStates.none()
        )
        return cls(product_ids=Ids.of(columns["product_id"]), states=states, **cells)

    def until(self, as_of: str | datetime | np.datetime64) -> Self:
        """Show the products as they were at `as_of`, itself excluded.

        Availability, stock and prices are those of a product's latest state before; where it has
        none before, what `products` says. A product published later is not there. One that was
        discontinued later was in stock, unless a state says otherwise. What only orders tell is
        not there either, nor are products that no catalogue lists: the orders of that instant know
        which of these there were.

        Raises:
            DataError: `as_of` carries no zone.
        """
        # The newest order tells, and it may be later than any instant.
        blank: dict[str, Any] = {
            name: _emptied(getattr(self, name), getattr(self, f"told_{name}")) for name in _TOLD
        }
        listed = replace(self, **blank)._select(~self.told_title)
        return listed._shown(to_instant(as_of))

    def latest(self) -> Self:
        """Show the products as they are after the last fact, with what only orders tell."""
        instants = np.concatenate([self.states.at, self.published_at, self.discontinued_at])
        instants = instants[~np.isnat(instants)]
        return self._shown(instants.max() + MICROSECOND) if len(instants) else self

    def over(self, ids: Ids) -> Self:
        """Show the same products among others, by their codes in ids that hold all of these.

        Returns:
            One row per id. Of a product that this catalogue lacks nothing is said: its texts are
            empty, it has no price, no dates and no states, and counts as in stock.

        Raises:
            DataError: a product is not among `ids`.
        """
        code, width = ids.codes_of(self.product_ids), len(ids)
        states = replace(self.states, product=code[self.states.product])
        columns: dict[str, Any] = {"product_ids": ids, "states": states}
        for field in fields(self):
            values = getattr(self, field.name)
            if field.name in columns:
                continue
            if isinstance(values, Texts):
                columns[field.name] = values.spread(code, width)
            else:
                blank = _NEVER if values.dtype.kind == "M" else _UNLISTED.get(field.name, 0)
                columns[field.name] = np.full(width, blank, values.dtype)
                columns[field.name][code] = values
        return type(self)(**columns)

    def _shown(self, instant: np.datetime64) -> Self:
        states = self.states.before(instant)
        last = states.last()
        columns = {name: getattr(self, name).copy() for name in STATED}
        for name, values in columns.items():
            values[last.product] = getattr(last, name)
        told = np.zeros(len(self), np.bool_)
        told[last.product] = last.at > BEGINNING
        gone = columns["availability"] == AVAILABILITIES.index(Availability.DISCONTINUED)
        columns["availability"][gone & ~told & (self.discontinued_at >= instant)] = (
            AVAILABILITIES.index(Availability.IN_STOCK)
        )
        return replace(self, states=states, **columns)._select(~(self.published_at >= instant))

    def _select(self, kept: NDArray[np.bool_]) -> Self:
        """Keep some products."""
        if kept.all():
            return self
        places = np.flatnonzero(kept)
        columns: dict[str, Any] = {"states": self.states.of_products(kept)}
        for field in fields(self):
            values = getattr(self, field.name)
            if isinstance(values, Texts):
                columns[field.name] = values.take(places)
            elif isinstance(values, np.ndarray):
                columns[field.name] = values[places]
        return type(self)(**columns)

    def __len__(self) -> int:
        """Count the products."""
        return len(self.product_ids)

    def __repr__(self) -> str:
        """Say in a line how many products there are, and what is said of how many."""
        counts = (
            f"{np.count_nonzero(which):,} with a {what}"
            for what, which in (
                ("price", self.priced),
                ("cost", self.costed),
                ("category", np.diff(self.category.offsets)),
            )
        )
        return f"Catalog({', '.join([f'{len(self):,} products', *counts])})"


def _emptied(texts: Texts, chosen: NDArray[np.bool_]) -> Texts:
    """Make some texts empty."""
    if not chosen.any():
        return texts
    length = np.diff(texts.offsets)
    kept = np.repeat(~chosen, length)
    return Texts(texts.data[kept], np.append(0, np.cumsum(np.where(chosen, 0, length))))


def _refuse_repeated(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    key = ", ".join(quoted(name) for name in table.key)
    repeated = connection.execute(
        f"SELECT product_id FROM {table.name} GROUP BY {key} HAVING count(*) > 1 ORDER BY 1 LIMIT 5"
    ).fetchall()
    if repeated:
        named = ", ".join(product_id for (product_id,) in repeated)
        per = "product" if table is PRODUCTS else "product and instant"
        raise DataError(f"several rows have the product_id {named}; keep one a {per}")
