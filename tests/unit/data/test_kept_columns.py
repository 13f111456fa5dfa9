"""Columns nobody asked for are kept, as text, in the table their file fills."""

from __future__ import annotations

import pytest

from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.data.shop import read_shop
from nba.errors import ConfigError, DataError
from tests.unit.data.conftest import HEADER, names, row, table


def test_unknown_columns_are_kept_as_text_beside_the_lines_and_listed(write, shop):
    content = HEADER.rstrip() + ",till,0x\n" + row("o1").rstrip() + ",007,a b\n"
    report = import_files([write("a.csv", content)], shop)
    assert report.unmapped_columns == {"a.csv": ["till", "0x"]}
    assert table(shop, "order_lines", 'till, "0x"') == [("007", "a b")]
    assert len(read_shop(shop).history) == 1


def test_orders_and_products_keep_theirs(write, shop):
    orders = write(
        "o.csv", "order_id,ordered_at,status,courier\no1,2026-03-01T10:00:00Z,paid,bike\n"
    )
    products = write("p.csv", "product_id,title,shelf\np1,Kettle,A 4\n")
    lines = write("l.csv", "order_id,line_no,product_id,quantity,note\no1,1,p1,1,gift\n")
    import_files([lines, products, orders], shop)
    assert table(shop, "orders", "courier") == [("bike",)]
    assert table(shop, "products", "shelf") == [("A 4",)]
    assert table(shop, "order_lines", "note") == [("gift",)]


def test_a_kept_column_that_would_hide_one_of_ours_is_prefixed(write, shop):
    mapping = write(
        "m.toml",
        """
        [[file]]
        table = "flat"
        [file.columns]
        order_id = "no"
        ordered_at = "at"
        product_id = "sku"
        quantity = { const = "1" }
        """,
    )
    content = "no,at,sku,Quantity,channel,_row_,=x\no1,2026-03-01T10:00:00Z,p1,7,web,r,e\n"
    report = import_files([write("a.csv", content)], shop, mapping=SourceMapping.from_toml(mapping))
    assert report.unmapped_columns == {"a.csv": ["Quantity", "channel", "_row_", "=x"]}
    kept = names(shop, "order_lines")[9:-1]
    assert kept == ["source_=x", "source__row_", "source_channel", "source_Quantity"]
    assert table(shop, "order_lines", 'quantity, "source_Quantity"') == [(1, "7")]


def test_columns_that_a_rule_in_sql_reads_count_as_used(write, shop):
    mapping = write(
        "m.toml",
        """
        [[file]]
        table = "flat"
        [file.columns]
        order_id = "no"
        ordered_at = "at"
        product_id = { join = ["sku", "size"], by = "-" }
        quantity = { sql = "CASE WHEN kind = 'size' THEN Pieces ELSE '1' END" }
        """,
    )
    content = "no,at,sku,size,kind,pieces,rest\no1,2026-03-01T10:00:00Z,p1,XL,size,3,over\n"
    report = import_files([write("a.csv", content)], shop, mapping=SourceMapping.from_toml(mapping))
    assert report.unmapped_columns == {"a.csv": ["rest"]}
    assert table(shop, "order_lines", "product_id, quantity, rest") == [("p1-XL", 3, "over")]


def test_a_column_that_sql_reads_and_the_file_lacks_is_named(write, shop):
    mapping = write(
        "m.toml",
        """
        [[file]]
        table = "flat"
        detect = ["no"]
        [file.columns]
        order_id = "no"
        ordered_at = "at"
        product_id = "sku"
        quantity = { sql = "pieces" }
        """,
    )
    path = write("a.csv", "no,at,sku\no1,2026-03-01T10:00:00Z,p1\n")
    with pytest.raises(DataError, match="lacks the column pieces"):
        import_files([path], shop, mapping=SourceMapping.from_toml(mapping))


def test_sql_that_is_no_expression_is_refused_with_the_mapping(write):
    mapping = write(
        "m.toml", '[[file]]\ntable = "products"\n[file.columns]\ntitle = { sql = "CASE (" }\n'
    )
    with pytest.raises(ConfigError, match=r"'CASE \(' is no SQL expression"):
        SourceMapping.from_toml(mapping)


def test_sql_that_fails_on_a_cell_is_an_error_that_says_so(write, shop):
    mapping = write(
        "m.toml",
        """
        [[file]]
        table = "products"
        [file.columns]
        product_id = "id"
        title = "name"
        price = { sql = "CAST(cost AS INTEGER) * 2" }
        """,
    )
    path = write("p.csv", "id,name,cost\np1,Kettle,cheap\n")
    with pytest.raises(ConfigError, match=r"the mapping of p.csv does not fit it.*TRY_CAST"):
        import_files([path], shop, mapping=SourceMapping.from_toml(mapping))


def test_a_shop_with_other_columns_is_merged_and_both_keep_theirs(write, shop):
    header = HEADER.rstrip()
    first = write("a.csv", header + ",till,Gift\n" + row("o1").rstrip() + ",4,yes\n")
    second = write("b.csv", header + ",aisle,gift\n" + row("o2").rstrip() + ",9,no\n")
    import_files([first], shop)
    import_files([second], shop)
    assert names(shop, "order_lines")[9:-1] == ["aisle", "Gift", "till"]
    found = table(shop, "order_lines", 'order_id, "Gift", aisle, till', "order_id")
    assert found == [("o1", "yes", None, "4"), ("o2", "no", "9", None)]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("spellings", [("Колір", "КОЛІР"), ("КОЛІР", "Колір")])
def test_capitals_beyond_ascii_make_no_other_column_either(write, shop, spellings, at_once):
    header = HEADER.rstrip()
    files = [
        write(f"{n}.csv", f"{header},{name}\n{row(f'o{n}').rstrip()},{n}\n")
        for n, name in enumerate(spellings)
    ]
    catalogues = [
        write(f"p{n}.csv", f"product_id,title,{name}\np{n},Lamp,{n}\n")
        for n, name in enumerate(spellings)
    ]
    batches = [files + catalogues] if at_once else [[one] for one in files + catalogues]
    for batch in batches:
        import_files(batch, shop)
    assert table(shop, "order_lines", 'order_id, "КОЛІР"') == [("o0", "0"), ("o1", "1")]
    assert table(shop, "products", 'product_id, "КОЛІР"') == [("p0", "0"), ("p1", "1")]


def test_a_mapping_finds_its_columns_whatever_their_capitals(write, shop):
    mapping = write(
        "m.toml",
        """
        [[file]]
        table = "flat"
        fill_down = { by = "Число", columns = ["Дата"] }
        [file.derive]
        knife = "Виріб"
        [file.columns]
        order_id = "Число"
        ordered_at = "Дата"
        product_id = "knife"
        title = { sql = "upper(Виріб)" }
        quantity = { const = "1" }
        """,
    )
    content = "ЧИСЛО,дата,ВИРІБ,колір\n1,2026-03-01T10:00:00Z,ніж,синій\n1,,ложка,\n"
    report = import_files([write("a.csv", content)], shop, mapping=SourceMapping.from_toml(mapping))
    assert report.unmapped_columns == {"a.csv": ["колір"]}
    found = table(shop, "order_lines", "product_id, title, колір")
    assert found == [("ложка", "ЛОЖКА", None), ("ніж", "НІЖ", "синій")]


def test_a_mapping_finds_the_fields_of_elements_whatever_their_capitals(write, shop):
    mapping = write(
        "m.toml",
        """
        [[file]]
        table = "flat"
        detect = ["no", "Рядки"]
        each = "Рядки"
        [file.columns]
        order_id = "no"
        ordered_at = "at"
        product_id = "Рядки.Код"
        quantity = "Рядки.Шт"
        """,
    )
    content = '[{"no":"1","at":"2026-03-01T10:00:00Z","РЯДКИ":[{"код":"p1","шт":2}]}]'
    import_files([write("a.json", content)], shop, mapping=SourceMapping.from_toml(mapping))
    assert table(shop, "order_lines", "product_id, quantity") == [("p1", 2)]


def test_what_lines_say_of_a_product_gives_way_to_newer_lines_and_to_the_catalogue(write, shop):
    header = HEADER.rstrip() + ",title,category\n"
    new = write("new.csv", header + row("o2", at="2026-03-02T00:00:00Z").rstrip() + ",New,\n")
    old = write("old.csv", header + row("o1", at="2026-03-01T00:00:00Z").rstrip() + ",Old,Home\n")
    cells = "title, category, told_by_orders"
    for path in (new, old):
        import_files([path], shop)
    assert table(shop, "products", cells) == [("New", "Home", "title,category")]
    import_files([write("p.csv", "product_id,title\np1,Kettle\n")], shop)
    assert table(shop, "products", cells) == [("Kettle", "Home", "category")]
    import_files([write("p.csv", "product_id,title,category\np1,Kettle,Kitchen\n")], shop)
    import_files([write("p.csv", "product_id,title,price\np1,Kettle 2,5.00\n")], shop)
    assert table(shop, "products", f"{cells}, price") == [("Kettle 2", "Kitchen", None, 500)]


def test_two_catalogue_rows_of_one_product_are_counted(write, shop):
    products = write("p.csv", "product_id,title\np1,Lamp\np1,Kettle\n")
    report = import_files([products, write("a.csv", HEADER + row("o1"))], shop)
    assert report.repeated_products == 1
    assert table(shop, "products", "title") == [("Kettle",)]
