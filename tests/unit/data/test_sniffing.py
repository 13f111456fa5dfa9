"""A file is known by its header, a database by its tables, and the import says by which."""

from __future__ import annotations

import sqlite3

import pytest

from nba.cli.import_ import import_
from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.data.sniffing import recognise
from nba.data.sources import recognise_sources
from nba.errors import ConfigError, DataError
from tests.unit.data.conftest import HEADER, row, table

RETAIL = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "536365,85123A,HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"
)
SHOPIFY = [
    "Name",
    "Financial Status",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
]


def test_our_own_names_are_recognised_with_the_columns_that_every_row_must_fill(write, shop):
    report = import_files([write("orders.csv", HEADER + row("o1"))], shop)
    assert report.recognised[0].sentence() == (
        "orders.csv: our own column names, flat, by order_id, ordered_at, quantity"
    )
    assert report.to_dict()["recognised"] == [
        {
            "source": "orders.csv",
            "mapping": "",
            "entry": "flat",
            "table": "flat",
            "by": ["order_id", "ordered_at", "quantity"],
        }
    ]


def test_files_of_one_import_may_come_from_different_platforms(write, shop):
    paths = [write("ours.csv", HEADER + row("o1")), write("retail.csv", RETAIL)]
    report = import_files(paths, shop)
    assert [one.mapping for one in report.recognised] == ["", "online_retail"]
    assert table(shop, "orders", "order_id") == [("536365",), ("o1",)]


def test_a_full_fit_of_our_own_names_wins_over_a_platform():
    header = [*HEADER.strip().split(","), *SHOPIFY]
    mapping, entries, _ = recognise("a.csv", header, None)
    assert (mapping.name, entries[0].table.name) == ("", "flat")


def test_of_two_platforms_the_one_with_more_detected_columns_wins():
    header = [*SHOPIFY, *RETAIL.splitlines()[0].split(",")]
    mapping, _, known = recognise("a.csv", header, None)
    assert mapping.name == "online_retail"
    assert len(known.entries[0][2]) == 6


def test_capitals_make_no_difference_and_the_header_is_quoted_as_it_is():
    mapping, _, known = recognise("a.csv", [name.upper() for name in SHOPIFY], None)
    assert mapping.name == "shopify"
    assert "FINANCIAL STATUS" in known.entries[0][2]


@pytest.mark.parametrize("count", range(1, 4))
def test_a_column_short_of_what_a_platform_is_known_by_is_not_that_platform(count):
    missing = ["Name", "Lineitem name", "Financial Status"][:count]
    header = [name for name in SHOPIFY if name not in missing]
    with pytest.raises(DataError, match=r"no file of a platform we know \(complete_journey, "):
        recognise("a.csv", header, None)


def test_a_file_that_is_not_of_the_platform_named_says_what_such_files_have():
    with pytest.raises(
        DataError, match=r"a.csv is no file of shopify: its columns are a, b; .*orders: Fin"
    ):
        recognise("a.csv", ["a", "b"], SourceMapping.preset("shopify"))


def test_of_a_mapping_that_is_given_all_fitting_entries_apply_and_no_other_platform(write):
    mapping = SourceMapping.preset("online_retail")
    with pytest.raises(DataError, match="is no file of online_retail"):
        recognise("a.csv", SHOPIFY, mapping)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE sale (no INTEGER, placed TEXT, paid INTEGER, secret TEXT);
        INSERT INTO sale VALUES (1, '2026-03-01 10:00:00', 1, 'x');
        INSERT INTO sale VALUES (2, '2026-03-02 10:00:00', 9, 'y');
        CREATE TABLE sale_line (no INTEGER, sku TEXT, pieces INTEGER, price REAL);
        INSERT INTO sale_line VALUES (1, '0012', 2, 9.5), (1, 'b', 1, 3.0), (2, 'b', 1, 3.0);
    """)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture
def sales(write):
    return SourceMapping.from_toml(
        write(
            "sales.toml",
            """
            [statuses]
            1 = "paid"
            [[file]]
            name = "sales"
            table = "flat"
            detect = ["sale", "sale_line"]
            zone = "UTC"
            query = \"\"\"
                SELECT no, placed, paid, sku, pieces, price
                FROM sale JOIN sale_line USING (no)\"\"\"
            [file.columns]
            order_id = "no"
            ordered_at = "placed"
            status = "paid"
            product_id = "sku"
            quantity = "pieces"
            unit_price = "price"
            """,
        )
    )


def test_a_database_is_read_by_the_queries_of_a_mapping(database, sales, shop):
    report = import_files([database], shop, mapping=sales, max_bad=1)
    cells = "order_id, product_id, quantity, unit_price"
    assert table(shop, "order_lines", cells) == [("1", "0012", 2, 950), ("1", "b", 1, 300)]
    assert report.unknown_statuses == {"9": 1}
    assert report.recognised[0].sentence() == "shop.db sales: sales, sales, by sale, sale_line"


def test_tables_of_our_names_are_read_without_a_mapping(tmp_path, shop):
    path = tmp_path / "ours.db"
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE products (product_id TEXT, title TEXT);
        INSERT INTO products VALUES ('0012', 'Kettle');
        CREATE TABLE events (wanting TEXT);
    """)
    connection.commit()
    connection.close()
    report = import_files([f"sqlite:///{path}"], shop)
    assert [one.source for one in report.files] == ["ours.db products"]
    assert table(shop, "products", "product_id, title") == [("0012", "Kettle")]


def test_a_database_is_never_written(database, write, shop):
    text = """
        [[file]]
        table = "products"
        detect = ["sale"]
        query = "DELETE FROM sale RETURNING no, placed"
        [file.columns]
        product_id = "no"
        title = "placed"
    """
    mapping = SourceMapping.from_toml(write("evil.toml", text))
    with pytest.raises(DataError, match=r"the database shop.db cannot be read: .*readonly"):
        import_files([database], shop, mapping=mapping)


def test_a_database_without_tables_that_a_platform_reads_lists_those_it_has(database):
    with pytest.raises(DataError, match=r"shop.db has no tables .*it has sale, sale_line; give"):
        recognise_sources([database], None)


def test_a_query_that_fails_is_told_without_the_url(database, write, shop):
    text = """
        [[file]]
        table = "products"
        detect = ["sale"]
        query = "SELECT wanting FROM sale"
        [file.columns]
        product_id = "no"
        title = "placed"
    """
    mapping = SourceMapping.from_toml(write("m.toml", text))
    with pytest.raises(DataError, match=r"database shop.db cannot be read: no such column: want"):
        import_files([database], shop, mapping=mapping)


@pytest.mark.parametrize(
    ("url", "error", "problem"),
    [
        ("sqlite:///nowhere.db", DataError, "nowhere.db is not a file"),
        ("nonsense://ann:secret@host/shop", ConfigError, "URL cannot be read; expected sqlite"),
        ("oracle://ann:secret@host/shop", ConfigError, "driver oracledb is not installed"),
        ("postgresql://ann:secret@host:abc/shop", ConfigError, "URL cannot be read"),
        ("postgresql://ann:secret@[::1/shop", ConfigError, "URL cannot be read"),
        ("postgresql:/ann:secret@host/shop", ConfigError, "URL cannot be read"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(shop, url, error, problem):
    with pytest.raises(error, match=problem) as told:
        import_files([url], shop)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("option", ["mode=ro&uri=zzz", "timeout=soon"])
def test_an_option_with_a_value_that_is_none_is_no_url(tmp_path, shop, option):
    sqlite3.connect(tmp_path / "shop.db").close()
    with pytest.raises(ConfigError, match="URL cannot be read; expected sqlite"):
        import_files([f"sqlite:///{tmp_path / 'shop.db'}?{option}"], shop)


@pytest.mark.parametrize(
    "given",
    [
        "postgresql:/ann:s3cret@host/shop",
        "postgresql:ann:s3cret@host/shop",
        "Postgres+psycopg:ann:s3cret@host/shop",
        "nonsense:/ann:s3cret@host/shop",
        "://ann:s3cret@host/shop",
    ],
)
def test_a_url_that_is_spelled_wrong_is_told_without_its_password(tmp_path, given):
    with pytest.raises(ConfigError, match="URL cannot be read") as told:
        import_([given], tmp_path / "shop")
    assert "s3cret" not in str(told.value)
