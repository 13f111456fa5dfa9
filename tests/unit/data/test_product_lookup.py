"""A line names its product by id, else by SKU, else by title; what is not found is listed."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from nba.data.intake import Intake
from nba.data.readers import connect
from nba.data.resolve import resolve
from nba.schema import TABLES
from tests.unit.data.conftest import table

LINES = "order_id,ordered_at,product_id,sku,title,quantity\n"
AT = "2026-03-01T10:00:00Z"
CATALOGUE = (
    "product_id,title,sku\n"
    "7,Desk lamp - red,LAMP-R\n"
    "8,Desk lamp - blue,LAMP-B\n"
    "9,Kettle,KET\n"
    "10,Twin,T1\n"
    "11,Twin,T2\n"
    "KET-2,Kettle two,\n"
)


def line(order, product="", sku="", title=""):
    return f"{order},{AT},{product},{sku},{title},1\n"


def found(shop):
    return table(shop, "order_lines", "order_id, product_id, resolved_by")


@pytest.mark.parametrize(
    ("named", "product", "how"),
    [
        ({"product": "9", "sku": "LAMP-R"}, "9", None),
        ({"sku": "LAMP-R", "title": "Kettle"}, "7", "sku"),
        ({"sku": "KET-2"}, "KET-2", "sku"),
        ({"title": "Desk lamp - BLUE "}, "8", "variant_title"),
        ({"title": "Kettle - 2 litres"}, "9", "title"),
        ({"title": "Kettle"}, "9", "variant_title"),
        ({"sku": "unknown", "title": "Kettle"}, "9", "variant_title"),
        ({"sku": "unknown"}, "unknown", "nothing"),
        ({"title": "Twin"}, "t_", "nothing"),
        ({"title": "Desk lamp"}, "t_", "nothing"),
    ],
)
def test_sku_goes_before_the_whole_title_and_that_before_the_title(
    write, shop, named, product, how
):
    import_files([write("p.csv", CATALOGUE), write("o.csv", LINES + line("o1", **named))], shop)
    ((_, resolved, by),) = found(shop)
    assert (resolved[: len(product)], by) == (product, how)


def test_a_title_without_a_catalogue_gets_the_same_id_wherever_it_stands(write, shop):
    rows = line("o1", title="Blue Vase") + line("o2", title=" blue vase")
    import_files([write("a.csv", LINES + rows)], shop)
    import_files([write("b.csv", LINES + line("o3", title="Blue vase"))], shop)
    ids = {product for _, product, _ in found(shop)}
    assert len(ids) == 1
    assert table(shop, "products", "title") in (
        [("Blue Vase",)],
        [("Blue vase",)],
        [("blue vase",)],
    )


def test_a_catalogue_that_comes_later_finds_what_was_not_found_before(write, shop):
    lines = write("a.csv", LINES + line("o1", sku="LAMP-B") + line("o2", title="Kettle"))
    import_files([lines], shop)
    assert [by for _, _, by in found(shop)] == ["nothing", "nothing"]
    import_files([write("p.csv", CATALOGUE)], shop)
    assert found(shop) == [("o1", "8", "sku"), ("o2", "9", "variant_title")]
    assert ("LAMP-B",) not in table(shop, "products", "product_id")


def test_a_line_that_names_no_product_at_all_is_a_bad_row(write, shop):
    rows = "".join(line(f"o{n}", product="9") for n in range(30)) + line("o99")
    report = import_files([write("a.csv", LINES + rows)], shop)
    assert report.rules == {"missing_value": 1}
    assert report.orders == 30


def test_what_was_not_found_is_counted_and_listed(write):
    with connect() as connection:
        intake = Intake(connection)
        flat = TABLES["flat"]
        cells = ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in flat.names)
        connection.execute(f"""
            CREATE TABLE good AS SELECT * REPLACE (
                'o' || n AS order_id, TIMESTAMP '2026-03-01' AS ordered_at, 1 AS quantity,
                CAST(NULL AS BIGINT) AS line_no, CAST(NULL AS BIGINT) AS unit_price,
                CAST(NULL AS TIMESTAMP) AS status_at, CAST(NULL AS TIMESTAMP) AS delivered_at,
                CASE WHEN n < 3 THEN 'S1' END AS sku, CASE WHEN n = 3 THEN 'Vase' END AS title
            ), n AS _n_row FROM (SELECT {cells}), range(4) r(n)
        """)
        intake.add(flat, "good")
        resolved = resolve(intake)
    assert resolved.found.lines == {"nothing": 4}
    assert resolved.found.unresolved == [("S1", None, 3), (None, "Vase", 1)]


def test_a_variant_may_hold_a_hyphen(write, shop):
    catalogue = write("p.csv", "product_id,title\nts,T-Shirt\n")
    rows = line("o1", title="T-Shirt - X-Large") + line("o2", title="T-Shirt - Large")
    import_files([catalogue, write("o.csv", LINES + rows)], shop)
    assert {product for _, product, _ in found(shop)} == {"ts"}


def test_an_sku_that_is_also_another_product_s_id_finds_neither(write, shop):
    catalogue = write("p.csv", "product_id,title,sku\n100,One,\n7,Two,100\n")
    import_files([catalogue, write("o.csv", LINES + line("o1", sku="100"))], shop)
    assert found(shop) == [("o1", "100", "nothing")]
