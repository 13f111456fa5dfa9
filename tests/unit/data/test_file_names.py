"""The name of a file or folder is a name: it is no pattern, and says nothing of the rows."""

from __future__ import annotations

import duckdb
import pytest

from nba.data.imports import import_files
from nba.data.shop import read_shop
from tests.unit.data.conftest import HEADER, row, table


def parquet(path, order):
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT '{order}' AS order_id, 'ada' AS customer_id, 'p1' AS product_id, "
            "'2026-03-01T10:00:00Z' AS ordered_at, '1' AS quantity) "
            f"TO '{path.parent}/written' (FORMAT parquet)"
        )
    return (path.parent / "written").rename(path)


@pytest.mark.parametrize(
    ("name", "like"), [("part*", "part9"), ("part?", "part9"), ("part[9]", "part9")]
)
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_file_whose_name_looks_like_a_pattern_is_read_alone(tmp_path, shop, name, like, ending):
    for stem, order in ((like, "other"), (name, "asked for")):
        path = tmp_path / f"{stem}{ending}"
        if ending == ".csv":
            path.write_text(HEADER + row(order))
        else:
            parquet(path, order)
    import_files([path], shop)
    assert table(shop, "orders", "order_id") == [("asked for",)]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_folder_named_like_a_column_changes_no_cell(tmp_path, shop, ending):
    path = tmp_path / "customer_id=7" / "channel=web" / f"orders{ending}"
    path.parent.mkdir(parents=True)
    if ending == ".csv":
        path.write_text(HEADER + row("o1", "ada"))
    else:
        parquet(path, "o1")
    report = import_files([path], shop)
    assert table(shop, "orders", "customer_id, channel") == [("ada", None)]
    assert report.unmapped_columns == {}


@pytest.mark.parametrize("name", ["shop=main", "order_id=7", "shop[1]", "s*"])
def test_a_shop_may_have_any_name(write, tmp_path, name):
    shop = tmp_path / name
    import_files([write("a.csv", HEADER + row("o1"))], shop)
    import_files([write("b.csv", HEADER + row("o2"))], shop)
    assert len(read_shop(shop).history) == 2
