"""The fold where the orders live gives the rows that the fold in memory gives."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.cli.load import load
from nba.data.history import OrderHistory
from nba.data.shop import read_shop
from nba.data.simulator.generate import simulate
from nba.errors import DataError
from nba.statistics.engines.connections.connection import Connection, connect, rows_of
from nba.statistics.engines.connections.holding import Scratch
from nba.statistics.engines.orders.kept import KeptCells, kept_cells
from nba.statistics.engines.orders.spells import spells
from nba.statistics.engines.orders.tables import Told, microseconds
from nba.statistics.evidence import spells_of
from nba.statuses import STATUS_CODE
from tests.databases import postgres_url
from tests.effort import times
from tests.engines import ENGINES, reached
from tests.lakes import ORDER_TABLES, Row, Tables, arrow, create, drawn, history_of, instants_of
from tests.property.pasts import Written, additions, shops, write
from tests.shops import history as shop_history

Cells = dict[str, list[Any]]


def named(connection: Connection, names: Iterable[str] = ORDER_TABLES) -> dict[str, Any]:
    with warnings.catch_warnings():
        # Ibis asks DuckDB 2 for the columns in a way that is going away.
        warnings.simplefilter("ignore", DeprecationWarning)
        return {name: connection.backend.table(name) for name in names}


def counted(kept: KeptCells) -> Cells:
    table = rows_of(kept.cells).sort_by([("basket", "ascending"), ("product", "ascending")])
    cells: Cells = table.to_pydict()
    _, basket = np.unique(np.array(cells["basket"], np.int64), return_inverse=True)
    first: dict[int, int] = {}
    for spell, number in zip(cells["spell"], basket.tolist(), strict=True):
        # A spell has any number, so it goes by its first basket.
        first.setdefault(spell, number)
    return cells | {
        "basket": basket.tolist(),
        "product": [kept.product_ids[code] for code in cells["product"]],
        "spell": [None if spell is None else first[spell] for spell in cells["spell"]],
    }


def expected(history: OrderHistory, *, proving_days: int, spell_days: int) -> Cells:
    baskets = history.baskets(proving_days=proving_days)
    purchases = history.purchases()
    ordered, delivered = (
        [None if np.isnat(one) else int(one.astype("datetime64[us]").astype(int)) for one in at]
        for at in (baskets.at, baskets.delivered_at)
    )
    of_basket: Cells = {
        "basket": list(range(len(baskets))),
        "customer": baskets.customer.tolist(),
        "named": (baskets.customer < len(baskets.customer_ids)).tolist(),
        "proven": baskets.proven.tolist(),
        "ordered_at": ordered,
        "delivered_at": delivered,
        "spell": [None if one < 0 else one for one in spells_of(baskets, spell_days).tolist()],
    }
    size = baskets.size.tolist()
    cells = {
        name: [cell for cell, count in zip(told, size, strict=True) for _ in range(count)]
        for name, told in of_basket.items()
    }
    return cells | {
        "product": [baskets.product_ids[code] for code in baskets.product.tolist()],
        "quantity": purchases.quantity.tolist(),
        "revenue": purchases.revenue.tolist(),
    }


def agree(
    tables: Mapping[str, Any],
    history: OrderHistory,
    as_of: np.datetime64 | None,
    *,
    proving_days: int = 3,
    spell_days: int = 2,
) -> int:
    """Compare the two folds, row by row; give how many rows there are."""
    cut = history if as_of is None else history.until(as_of)
    with closing(
        kept_cells(tables, as_of, proving_days=proving_days, spell_days=spell_days)
    ) as kept:
        found = counted(kept)
        assert found == expected(cut, proving_days=proving_days, spell_days=spell_days)
        baskets = cut.baskets()
        assert kept.as_of == baskets.as_of
        assert kept.product_ids == baskets.product_ids
    return len(found["basket"])


@pytest.fixture(scope="module")
def duck() -> Iterator[Connection]:
    with connect("duckdb") as connection:
        yield connection


def made(connection: Connection, tables: Tables) -> dict[str, Any]:
    """Put tables into DuckDB, in the place of those that were there."""
    for name in ORDER_TABLES:
        connection.backend.con.execute(f"DROP TABLE IF EXISTS {name}")
    create(connection.backend.con, tables)
    return named(connection)


def hold(connection: Connection, tables: Tables, folder: Path) -> dict[str, Any]:
    """Put tables where an engine has its own: orders with a zone, all others without."""
    rows = {name: arrow(tables, name) for name in ORDER_TABLES}
    place = rows["orders"].schema.get_field_index("delivered_at")
    zoned = rows["orders"]["delivered_at"].cast(pa.timestamp("us", "UTC"))
    rows["orders"] = rows["orders"].set_column(place, "delivered_at", zoned)
    for name, table in rows.items():
        pq.write_table(table, folder / f"{name}.parquet")
    if connection.name == "spark":
        return {
            name: connection.backend.read_parquet(str(folder / f"{name}.parquet")) for name in rows
        }
    if connection.name == "duckdb":
        view(connection, folder, rows)
    else:
        for name, table in rows.items():
            _fill(connection.backend.con, name, table)
    connection.backend.con.execute("SET TimeZone = 'Europe/Kyiv'")
    return named(connection)


def view(connection: Connection, folder: Path, names: Iterable[str]) -> None:
    for name in names:
        path = folder / f"{name}.parquet"
        connection.backend.con.execute(f"CREATE VIEW {name} AS FROM '{path}'")


def _fill(session: Any, name: str, table: pa.Table) -> None:
    kinds = {pa.int64(): "bigint", pa.bool_(): "boolean", pa.timestamp("us"): "timestamp"}
    kinds[pa.timestamp("us", "UTC")] = "timestamptz"
    columns = ", ".join(f'"{one.name}" {kinds.get(one.type, "text")}' for one in table.schema)
    session.execute(f"CREATE TABLE {name} ({columns})")
    with session.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in table.to_pylist():
            copy.write_row(list(row.values()))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_folds_a_shop_of_everything_as_memory_does(engine: str, tmp_path: Path) -> None:
    tables = drawn(1, orders=600)
    with reached(engine) as connection:
        held = hold(connection, tables, tmp_path)
        assert agree(held, history_of(tables), instants_of(tables)[-25], spell_days=1) > 500


def test_a_store_is_folded_where_it_is(tmp_path: Path) -> None:
    tables = drawn(2, orders=150)
    shop, url = write(tmp_path / "shop", tables), postgres_url()
    load(shop.path, url)
    with connect(url) as connection:
        assert agree(named(connection), shop.history, instants_of(tables)[-9]) > 60


def test_files_are_folded_up_to_their_last_fact(tmp_path: Path) -> None:
    simulate(tmp_path, orders=times(200, 5_000), seed=3)
    with connect("duckdb") as connection:
        found = [name for name in ORDER_TABLES if (tmp_path / f"{name}.parquet").exists()]
        view(connection, tmp_path, found)
        agree(
            *(named(connection, found), read_shop(tmp_path).history, None),
            proving_days=14,
            spell_days=30,
        )


@settings(max_examples=times(1, 200), deadline=None)
@given(
    seed=st.integers(0, 2**31),
    orders=st.sampled_from([0, 1, 400]),
    place=st.integers(0, 10**6),
    proving_days=st.integers(0, 20),
    spell_days=st.integers(1, 5),
)
def test_duckdb_folds_any_shop_of_everything(
    duck: Connection, seed: int, orders: int, place: int, proving_days: int, spell_days: int
) -> None:
    tables = drawn(seed, orders=orders)
    instants = [None, *instants_of(tables)]
    agree(
        *(made(duck, tables), history_of(tables), instants[place % len(instants)]),
        proving_days=proving_days,
        spell_days=spell_days,
    )


@settings(max_examples=times(1, 200), deadline=None)
@given(told=shops, later=additions, draw=st.data())
def test_duckdb_folds_any_few_orders(
    duck: Connection, told: Row, later: Row, draw: st.DataObject
) -> None:
    written = Written(told)
    written.add(later)
    tables = written.tables()
    as_of = draw.draw(st.sampled_from([None, *instants_of(tables)]))
    agree(made(duck, tables), history_of(tables), as_of)


def test_spells_on_end_are_found_in_a_few_rounds(duck: Connection) -> None:
    ordered = [("ann", round(1.5 * day * 24)) for day in range(300)]
    ordered += [("bob", hour) for hour in (0, 0, 47, 48, 49, 97, 96, 500)]
    baskets = shop_history(
        [(f"o{place:03}", who, hour / 24, ["tea"]) for place, (who, hour) in enumerate(ordered)],
        as_of=1000,
    ).baskets()
    told = pa.table(
        {
            "basket": np.arange(len(baskets)),
            "customer": baskets.customer.astype(np.int64),
            "ordered_at": baskets.at.astype("datetime64[us]").view(np.int64),
            "proven": baskets.proven,
        }
    )
    scratch = Counting()
    with duck.uploaded(told.to_reader()) as table, closing(scratch):
        found = rows_of(spells(table, 2 * 86_400_000_000, scratch)).to_pydict()
    expected = spells_of(baskets, 2).tolist()
    assert dict(zip(found["basket"], found["spell"], strict=True)) == {
        basket: spell for basket, spell in enumerate(expected) if spell >= 0
    }
    # 150 spells on end, of two orders each: 2^8 is the first power of two that is as many.
    assert scratch.kept - 3 <= 9


class Counting(Scratch):
    """Counts the tables that were made."""

    kept = 0

    def keep(self, table: Any) -> Any:
        self.kept += 1
        return super().keep(table)


INSTANTS = (
    "-0043-03-15T12:00:00.000001",
    "0001-01-01T00:00:00.000001",
    "1899-12-31T23:59:59.999999",
    "1969-12-31T23:59:59.999999",
    "1970-01-01T00:00:00.000000",
    "2026-03-29T00:59:59.999999",
    "2026-03-29T01:30:00.123456",
    "2026-03-29T03:30:00.123456",
    "2026-10-25T00:30:00.000001",
    "2026-10-25T01:30:00.654321",
    "9999-12-31T23:59:59.999999",
)
"""Before Christ, before 1970, and around the hour that Kyiv skips and the one it has twice."""


@pytest.mark.parametrize("engine", ENGINES)
def test_instants_are_the_same_microseconds_in_every_zone(engine: str, tmp_path: Path) -> None:
    # Spark's years begin with 1.
    instants = np.array(INSTANTS[engine == "spark" :], "datetime64[us]")
    expected = instants.view(np.int64).tolist()
    rows = pa.table({"number": expected, "at": instants})
    rows = rows.append_column("zoned", rows["at"].cast(pa.timestamp("us", "UTC")))
    with reached(engine) as connection:
        if engine == "postgresql":
            session = connection.backend.con
            session.execute(
                "CREATE TABLE instants (number bigint, at timestamp, zoned timestamptz)"
            )
            for number in expected:
                # PostgreSQL's own arithmetic, as clients cannot write years before Christ.
                session.execute(
                    "INSERT INTO instants SELECT n, '1970-01-01'::timestamp + span, "
                    "'1970-01-01 00:00+00'::timestamptz + span FROM (SELECT n, make_interval("
                    "days => (n / 86400000000)::int) + (n % 86400000000) * interval '1 us' AS span "
                    f"FROM (SELECT {number}::bigint AS n) one) two"
                )
            session.execute("SET TimeZone = 'Europe/Kyiv'")
            (table,) = named(connection, ["instants"]).values()
        else:
            pq.write_table(rows, tmp_path / "instants.parquet")
            if engine == "spark":
                table = connection.backend.read_parquet(str(tmp_path / "instants.parquet"))
                connection.backend.raw_sql("SET TIME ZONE 'Europe/Kyiv'")
            else:
                view(connection, tmp_path, ["instants"])
                connection.backend.con.execute("SET TimeZone = 'Europe/Kyiv'")
                (table,) = named(connection, ["instants"]).values()
        told = table.select("number", at=microseconds(table["at"]), zoned=microseconds(table.zoned))
        found = rows_of(told).sort_by("number").to_pydict()
    assert found == {"number": expected, "at": expected, "zoned": expected}


def test_statuses_are_read_however_they_are_spelled(duck: Connection) -> None:
    words = ["cancelled", "Скасовано", " On-Hold", "delivered"]
    cells = {"ordered_at": "2026-01-01"}
    orders = [cells | {"order_id": word, "status": word} for word in words]
    held = made(duck, {name: [] for name in ORDER_TABLES} | {"orders": orders})
    with closing(Scratch()) as scratch:
        told = rows_of(Told.of(held, scratch).orders).to_pydict()
    found = dict(zip(told["order_id"], told["status"], strict=True))
    canonical = ["cancelled", "cancelled", "awaiting_payment", "delivered"]
    assert found == {word: STATUS_CODE[code] for word, code in zip(words, canonical, strict=True)}


REFUSED = (
    ("ALTER TABLE orders DROP ordered_at", "no column ordered_at"),
    ("UPDATE order_lines SET product_id = NULL", "no product_id in [0-9]+ of its rows"),
    ("UPDATE orders SET status = 'teleported'", "the status 'teleported'"),
    ("ALTER TABLE orders ALTER discount TYPE DOUBLE", "discount of type float64; expected int64"),
    ("UPDATE orders SET discount = 9007199254740993", "the discount 9007199254740993"),
    ("UPDATE orders SET ordered_at = TIMESTAMP '30000-01-01'", "the ordered_at [0-9]+"),
    ("INSERT INTO orders FROM orders LIMIT 1", "1 order ids in more than one row"),
    ("UPDATE order_lines SET line_no = 1", "two lines of one number"),
    ("UPDATE order_lines SET unit_price = 9007199254740990", "comes to [0-9]+ minor units"),
)


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_what_could_not_be_counted_exactly_is_refused(
    duck: Connection, change: str, said: str
) -> None:
    rows = {"order_id": "o", "ordered_at": "2026-01-01", "status": "paid", "discount": 5}
    line = {"order_id": "o", "product_id": "p", "quantity": 2}
    lines = [line | {"line_no": number} for number in (1, 2)]
    held = {name: [] for name in ORDER_TABLES} | {"orders": [rows], "order_lines": lines}
    made(duck, held)
    duck.backend.con.execute(change)
    with pytest.raises(DataError, match=said):
        kept_cells(named(duck), proving_days=7)
    left = duck.backend.con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary")
    assert left.fetchall() == []


def test_tables_have_to_be_there() -> None:
    with pytest.raises(DataError, match="there is no table orders among none"):
        kept_cells({}, proving_days=7)
