"""Shop folders that no import wrote: few columns, other types, cells that break the contract."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

import nba
from nba.cli.load import load
from nba.data.shop import Shop, read_shop
from nba.errors import DataError
from nba.facts.known import Known
from nba.state.store import Store

ORDERS = """
    SELECT * FROM (VALUES
        ('o1', TIMESTAMP '2026-03-01 10:00:00', 'delivered'),
        ('o2', TIMESTAMP '2026-03-02 10:00:00', 'delivered'))
    AS t(order_id, ordered_at, status)
"""
LINES = """
    SELECT * FROM (VALUES ('o1', 1, 'kettle', 1), ('o1', 2, 'tea', 2), ('o2', 1, 'tea', 1))
    AS t(order_id, line_no, product_id, quantity)
"""
AT = np.datetime64("2026-04-01")


def write(folder: Path, **tables: str) -> Path:
    """Write the rows of queries as the files of a folder."""
    folder.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        for name, query in ({"orders": ORDERS, "order_lines": LINES} | tables).items():
            connection.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")
    return folder


def loaded(folder: Path) -> Store:
    url = f"sqlite:///{folder}.db"
    load(folder, url)
    return Store(url)


def test_a_folder_with_the_required_columns_alone_is_a_shop(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "shop",
        order_statuses="SELECT 'o1' AS order_id, 'paid' AS status, TIMESTAMP '2026-03-01' AS at",
        order_versions="""
            SELECT 'o2' AS order_id, 'v1' AS version, TIMESTAMP '2026-03-02' AS ordered_at,
                'paid' AS status
        """,
        products="SELECT 'tea' AS product_id, 'Tea' AS title",
        product_states="SELECT 'tea' AS product_id, TIMESTAMP '2026-03-01' AS at",
    )
    shop = read_shop(folder)
    assert (shop.history.rows.guest_count, len(shop.history.rows.versions)) == (2, 1)
    assert len(shop.catalog.states) == 2
    snapshot = nba.train(shop.history, shop.catalog)
    assert snapshot.manifest.counts["products"] == 2
    store = loaded(folder)
    held = store.all_rows()
    store.close()
    assert (held.guest_count, len(held.versions), len(held.statuses)) == (2, 1, 1)


def test_columns_of_other_types_are_read_as_their_kind(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "shop",
        orders="""
            SELECT 7 AS "Order_ID", TIMESTAMPTZ '2026-03-01 12:00:00+02' AS ordered_at,
                'paid' AS status, '2026-03-02 00:00:00' AS status_at
        """,
        order_lines="SELECT '7' AS order_id, 1 AS line_no, 12 AS product_id, 1 AS quantity",
    )
    rows = read_shop(folder).history.rows
    assert (list(rows.order_ids), list(rows.product_ids)) == (["7"], ["12"])
    assert str(rows.ordered_at[0]) == "2026-03-01T10:00:00.000000"
    assert str(rows.status_at[0]) == "2026-03-02T00:00:00.000000"


def kept(shop: Shop) -> list[bool]:
    return Known.at(shop.history.rows, AT).kept.tolist()


def test_a_status_in_a_known_spelling_is_read_as_its_code(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "shop",
        orders=f"""
            SELECT * REPLACE (if(order_id = 'o1', 'Canceled', status) AS status) FROM ({ORDERS})
        """,
        order_statuses="SELECT 'o2' AS order_id, 'в пути' AS status, TIMESTAMP '2026-03-03' AS at",
    )
    assert kept(read_shop(folder)) == [False, True]
    store = loaded(folder)
    assert Known.at(store.all_rows(), AT).kept.tolist() == [False, True]
    assert read_shop(folder).history.rows.statuses == store.all_rows().statuses
    store.close()


BROKEN = [
    (
        "orders",
        f"SELECT * REPLACE (if(order_id = 'o2', 'lost', status) AS status) FROM ({ORDERS})",
        r"orders\.parquet has the status 'lost', such as at order_id o2; write one of pending_con",
    ),
    (
        "order_lines",
        f"SELECT * REPLACE (nullif(quantity, 2) AS quantity) FROM ({LINES})",
        r"order_lines\.parquet has no quantity in 1 of its rows, such as order_id o1, line_no 2; f",
    ),
    (
        "order_lines",
        f"SELECT * REPLACE (nullif(product_id, 'tea') AS product_id) FROM ({LINES})",
        r"order_lines\.parquet has no product_id in 2 of its rows, such as order_id o1, line_no 2",
    ),
    (
        "orders",
        f"SELECT * REPLACE (NULL::TIMESTAMP AS ordered_at) FROM ({ORDERS})",
        r"orders\.parquet has no ordered_at in 2 of its rows, such as order_id o1; fill it, or imp",
    ),
    (
        "orders",
        f"SELECT * EXCLUDE (status) FROM ({ORDERS})",
        r"orders\.parquet has no column status; import the files .* into another folder",
    ),
    (
        "orders",
        f"SELECT * REPLACE ('soon' AS ordered_at) FROM ({ORDERS})",
        r"shop is not a shop this version can read: .*'?soon'?.*; import .* into another folder",
    ),
    (
        "order_statuses",
        "SELECT 'o1' AS order_id, 'lost' AS status, TIMESTAMP '2026-03-01' AS at",
        r"order_statuses\.parquet has the status 'lost', such as at order_id o1, at 2026-03-01",
    ),
]


@pytest.mark.parametrize(("table", "query", "message"), BROKEN)
def test_a_broken_contract_is_told_with_file_column_example_and_advice(
    tmp_path: Path, table: str, query: str, message: str
) -> None:
    folder = write(tmp_path / "shop", **{table: query})
    with pytest.raises(DataError, match=message):
        read_shop(folder)
    with pytest.raises(DataError, match=message):
        load(folder, f"sqlite:///{tmp_path / 'store.db'}")
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    assert store.is_empty()
    store.close()


def test_an_availability_that_nobody_knows_is_not_taken_for_in_stock(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "shop",
        products="SELECT 'tea' AS product_id, 'Tea' AS title, 'sold out' AS availability",
    )
    with pytest.raises(DataError, match=r"products\.parquet has the availability 'sold out'.* tea"):
        read_shop(folder)
