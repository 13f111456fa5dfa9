"""The mapping language: every key and rule does what its page says, and a mistake is named."""

from __future__ import annotations

import hashlib

import pytest

from nba.data.explanation import explain_entry, explain_words
from nba.data.imports import import_files
from nba.data.mapping import SourceMapping, preset_names
from nba.errors import ConfigError, DataError
from tests.unit.data.conftest import HEADER, names, quarantined, row, rows, table

ENTRY = """
[[file]]
name = "sales"
table = "flat"
{keys}
[file.columns]
order_id = "no"
ordered_at = "at"
product_id = "sku"
quantity = "pieces"
{columns}
"""
SALES = "no,at,sku,pieces,note\n"
AT = "2026-03-01T10:00:00Z"


@pytest.fixture
def mapped(write):
    def mapped(keys: str = "", columns: str = "", top: str = "") -> SourceMapping:
        text = top + ENTRY.format(keys=keys, columns=columns)
        return SourceMapping.from_toml(write("mine.toml", text))

    return mapped


@pytest.fixture
def sell(write, shop):
    def sell(mapping, *cells: str, header: str = SALES, max_bad: float = 1.0):
        path = write("sales.csv", header + "".join(f"{line}\n" for line in cells))
        return import_files([path], shop, mapping=mapping, max_bad=max_bad)

    return sell


def sale(number="1", sku="p1", pieces="1", note=""):
    return f"{number},{AT},{sku},{pieces},{note}"


def test_a_hash_is_half_a_sha256_of_the_trimmed_lower_case_text(mapped, sell, shop):
    mapping = mapped(columns='customer_id = { hash = "note" }')
    sell(mapping, sale("1", note=" Ada@Ex.org "), sale("2", note=""), sale("3", note="ÅSA@EX.ORG"))
    expected = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in ("ada@ex.org",)]
    expected += [None, hashlib.sha256("åsa@ex.org".encode()).hexdigest()[:32]]
    assert [cell for (cell,) in table(shop, "orders", "customer_id", "order_id")] == expected


def test_a_map_translates_listed_words_and_passes_others_on_to_be_judged(mapped, sell, shop):
    mapping = mapped(columns='status = { map = "note", to = { Gone = "shipped", none = "" } }')
    report = sell(
        mapping,
        sale("1", note="GONE"),
        sale("2", note="none"),
        sale("3", note="packed"),
        sale("4", note="lost"),
    )
    assert table(shop, "orders", "status", "order_id") == [
        ("shipped",),
        ("delivered",),
        ("packed",),
    ]
    assert quarantined(shop) == [(5, "status", "unknown_status", "lost")]
    assert report.unknown_statuses == {"lost": 1}


def test_the_first_filled_rule_counts(mapped, sell, shop):
    columns = 'title = { first = ["note", { join = ["sku", "pieces"], by = "/" }] }'
    sell(mapped(columns=columns), sale("1", note="Kettle"), sale("2"))
    assert table(shop, "order_lines", "title", "order_id") == [("Kettle",), ("p1/1",)]


def test_sql_may_look_at_all_rows_of_the_entry(mapped, sell, shop):
    columns = 'title = { sql = "max(note) OVER (PARTITION BY sku)" }'
    sell(
        mapped("only = \"note <> 'zzz'\"", columns),
        sale("1", note="a"),
        sale("2", note="b"),
        sale("3", note="zzz"),
    )
    assert table(shop, "order_lines", "order_id, title") == [("1", "b"), ("2", "b")]


def test_rows_left_out_are_counted_by_their_first_reason(mapped, sell):
    keys = """skip = [
        { where = "sku = 'POST'", because = "postage" },
        { where = "note = 'x'", because = "crossed out" },
    ]"""
    report = sell(
        mapped(keys), sale(), sale("2", "POST", note="x"), sale("3", "POST"), sale("4", note="x")
    )
    account = report.files[0]
    assert account.skipped == {"postage": 2, "crossed out": 1}
    assert (account.rows_read, account.rows_loaded, account.rows_skipped) == (4, 1, 3)


def test_rows_that_no_entry_is_about_are_left_out_as_of_no_table(mapped, sell):
    report = sell(mapped('only = "note IS NULL"'), sale(), sale("2", note="x"))
    assert report.files[0].skipped == {"of no table": 1}


def test_cells_are_filled_down_within_their_group_only(mapped, sell, shop):
    mapping = mapped('fill_down = { by = "no", columns = ["at", "note"] }', 'title = "note"')
    sell(mapping, f"1,{AT},a,1,Kettle", "1,,b,2,", ",,c,3,", f"2,{AT},d,4,", "2,,e,5,", "1,,f,6,")
    assert table(shop, "order_lines", "order_id, product_id, title", "product_id") == [
        ("1", "a", "Kettle"),
        ("1", "b", "Kettle"),
        ("1", "c", "Kettle"),
        ("2", "d", None),
        ("2", "e", None),
        ("1", "f", "Kettle"),
    ]


def test_an_optional_column_may_be_absent_and_any_other_may_not(mapped, sell, shop):
    columns = 'title = { join = ["sku", "size"], by = " " }'
    sell(mapped('optional = ["size"]\ndetect = ["no"]', columns), sale())
    assert table(shop, "order_lines", "title") == [("p1",)]
    with pytest.raises(DataError, match=r"sales\.csv lacks the column size of a flat"):
        sell(mapped('detect = ["no"]', columns), sale())


def test_one_file_may_fill_several_tables_and_each_row_counts_once(mapped, sell, shop):
    top = """
        [[file]]
        name = "views"
        table = "events"
        only = "note = 'buy'"
        [file.columns]
        event_id = { join = ["no", "sku"] }
        type = { const = "purchase" }
        at = "at"
    """
    report = sell(mapped(top=top), sale("1", note="buy"), sale("2"), sale("3", pieces="x"))
    account = report.files[0]
    assert account.table == "events + flat"
    assert (account.rows_read, account.rows_loaded, account.rows_quarantined) == (3, 2, 1)
    assert table(shop, "events", "event_id") == [("1 p1",)]
    assert table(shop, "orders", "order_id") == [("1",), ("2",)]


def test_a_row_that_breaks_rules_of_two_tables_is_quarantined_once(mapped, sell, shop):
    top = """
        [[file]]
        name = "views"
        table = "events"
        [file.columns]
        event_id = "no"
        type = "note"
        at = "at"
    """
    report = sell(mapped(top=top), sale("1", note="buy", pieces="x"), sale("2", note="purchase"))
    assert quarantined(shop) == [(2, "type", "unknown_type", "buy")]
    assert report.rules == {"unknown_type": 1}


def test_personal_columns_are_stored_nowhere_but_rules_may_read_them(mapped, sell, shop):
    mapping = mapped(
        columns='customer_id = { hash = "E-Mail" }\nbrand = "note"',
        top='personal = ["e-*", "NOTE", "phone"]\n',
    )
    header = "no,at,sku,pieces,note,E-Mail,Phone,shelf\n"
    report = sell(
        mapping,
        f"1,{AT},p1,1,Acme,ada@ex.org,555,A4",
        f"2,{AT},p1,many,Acme,ada@ex.org,555,A4",
        f"3,{AT},p1,1,Acme,ada@ex.org",
        header=header,
    )
    assert names(shop, "order_lines").count("shelf") == 1
    assert not {"E-Mail", "Phone", "note"} & {*names(shop, "order_lines"), *names(shop, "orders")}
    raw = table(shop, "quarantine", "line, raw", "line")
    assert "ada@ex.org" not in str(raw)
    assert '"shelf":"A4"' in raw[0][1]
    assert raw[1] == (4, None)
    assert report.personal_columns == {"sales.csv": ["note", "E-Mail", "Phone"]}


def test_a_bad_value_out_of_a_personal_column_is_not_shown(mapped, sell, shop):
    mapping = mapped(columns='unit_price = "note"', top='personal = ["note"]\n')
    sell(mapping, sale(note="Ada Doe"), sale("2", note="9.90"))
    assert quarantined(shop) == [(2, "unit_price", "not_a_number", None)]


def test_statuses_alone_translate_words_over_our_own_column_names(write, shop):
    mapping = SourceMapping.from_toml(write("mine.toml", '[statuses]\n"Beamed up" = "delivered"\n'))
    header = HEADER.rstrip() + ",status\n"
    content = header + row("o1").rstrip() + ",BEAMED UP\n" + row("o2").rstrip() + ",packed\n"
    import_files([write("a.csv", content)], shop, mapping=mapping)
    assert table(shop, "orders", "status", "order_id") == [("delivered",), ("packed",)]


def test_statuses_of_a_shop_go_before_the_general_spellings(mapped, sell, shop):
    mapping = mapped(columns='status = "note"', top='[statuses]\ncomplete = "packed"\n')
    sell(mapping, sale(note="Complete"))
    assert table(shop, "orders", "status") == [("packed",)]


def test_an_extension_adds_words_and_entries_and_replaces_those_of_one_name(write, shop):
    own = write(
        "mine.toml",
        """
        extends = "shopify"
        personal = ["Vendor"]
        [statuses]
        parked = "delayed"
        [[file]]
        name = "orders"
        table = "flat"
        detect = ["Name", "Lineitem name"]
        [file.columns]
        order_id = "Name"
        ordered_at = "Created at"
        title = "Lineitem name"
        quantity = "Lineitem quantity"
        status = "State"
        """,
    )
    mapping = SourceMapping.from_toml(own)
    assert mapping.title == "Shopify export"
    assert [entry.name for entry in mapping.entries] == [
        "products",
        "products (new columns)",
        "orders",
    ]
    assert mapping.is_personal("vendor")
    assert mapping.is_personal("EMAIL")
    content = f"Name,Created at,Lineitem name,Lineitem quantity,State\n#1,{AT},Kettle,1,Parked\n"
    import_files([write("o.csv", content)], shop, mapping=mapping)
    assert table(shop, "orders", "order_id, status") == [("#1", "delayed")]


def test_columns_of_conditions_alone_are_kept(mapped, sell, shop):
    report = sell(mapped("only = \"note = 'x'\""), sale(note="x"))
    assert report.unmapped_columns == {"sales.csv": ["note"]}
    assert table(shop, "order_lines", "note") == [("x",)]


def test_lambda_parameters_and_aliases_are_no_columns_of_the_source(mapped, sell, shop):
    columns = """title = { sql = '''(SELECT max(t.part) FROM unnest(
        list_transform(string_split(note, ' '), lambda word: upper(word))) AS t(part))''' }"""
    sell(mapped(columns=columns), sale(note="b a"))
    assert table(shop, "order_lines", "title") == [("B",)]


@pytest.mark.parametrize(
    ("keys", "columns", "problem"),
    [
        ("detects = ['no']", "", r"mine, file 1 \(sales\): unknown key detects; expected columns"),
        ("detect = 'no'", "", r"\(sales\): detect is 'no'; expected a list of texts"),
        ("zone = 'Mars/Base'", "", r"\(sales\), zone 'Mars/Base' is no time zone; expected a name"),
        ("skip = [{ where = 'TRUE' }]", "", r"\(sales\), skip: .*expected a list of { where = SQL"),
        ("only = 5", "", r"\(sales\), only is 5; expected an SQL condition"),
        ("only = 'sku = '", "", r"\(sales\), only: 'sku = ' is no SQL expression"),
        ("fill_down = { by = 'no' }", "", r"\(sales\), fill_down: .*expected { by = column"),
        ("query = 'SELECT 1'", "", r"\(sales\): a query needs detect"),
        ("", "price = 'x'", r"\(sales\): table flat has no column price; it has order_id"),
        ("", "title = { cons = 'x' }", r"columns.title: {'cons': 'x'} is no column rule; expected"),
        ("", "title = { const = 'x', by = '-' }", r"columns.title: .* is no column rule"),
        ("", "title = 5", r"columns.title: 5 is no column rule; expected a column name"),
        ("", "title = { first = [] }", r"columns.title: .* is no column rule"),
        ("", "title = { map = 'x' }", r"columns.title: .* is no column rule"),
        ("", "title = { sql = 'a.b' }", r'columns.title: write "a.b" between double quotes'),
        ("", "title = { join = ['a', 7] }", r"columns.title: 7 is no column rule"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_expected(mapped, keys, columns, problem):
    with pytest.raises(ConfigError, match=problem):
        mapped(keys, columns)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "titel = 'x'",
            "unknown key titel; expected extends, file, files, keep, package, personal",
        ),
        ("title = 'x'", "says nothing; expected"),
        ("title = ", "is no TOML"),
        ("[statuses]\nready = 'reddy'", "ready = 'reddy'; the codes are pending_confirmation"),
        ("statuses = 'x'", r"expected \[statuses\] with word = code"),
        ("extends = 'nonesuch'", "there is no preset 'nonesuch'; the presets are complete_journey"),
        ("personal = 'email'", "personal is 'email'; expected a list of texts"),
        ("[file]\ntable = 'flat'", r"write \[\[file\]\] with two brackets"),
        ("[[file]]\ntable = 'sales'\n", "table is 'sales'; expected one of flat, products"),
        ("[[file]]\ntable = 'flat'\n", r"expected \[file.columns\] with a rule"),
        (
            "[[file]]\ntable = 'events'\nreturns = 'TRUE'\n[file.columns]\nat = 'x'",
            "returns is about table flat; this entry fills events",
        ),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(write, text, problem):
    with pytest.raises(ConfigError, match=problem):
        SourceMapping.from_toml(write("mine.toml", text))


def test_a_condition_that_does_not_fit_the_file_says_so(mapped, sell):
    with pytest.raises(ConfigError, match=r"mapping of sales.csv does not fit it.*TRY_CAST"):
        sell(mapped('only = "CAST(sku AS INTEGER) > 1"'), sale())


def test_a_mapping_is_explained_in_words(mapped):
    mapping = mapped(
        'zone = "UTC"\nskip = [{ where = "sku = \'POST\'", because = "postage" }]\n'
        'derive = { name = { join = ["sku", "note"] } }',
        'status = { first = [{ map = "note", to = { gone = "shipped" } }, { const = "paid" }] }',
        top='personal = ["note"]\n[statuses]\nready = "packed"\n',
    )
    said = explain_entry(mapping.entries[0])
    assert ("(left out)", "postage: sku = 'POST'") in said
    assert ("order_id!", "no") in said
    assert ("(name)", "sku ' ' note") in said
    status = dict(said)["status"]
    assert status.startswith("the first filled of: note (gone → shipped), else always 'paid'")
    assert explain_words(mapping) == [("status ready", "packed"), ("(never stored)", "note")]


@pytest.mark.parametrize("name", preset_names())
def test_every_mapping_that_ships_can_be_read_and_explained(name):
    mapping = SourceMapping.preset(name)
    assert mapping.entries
    for entry in mapping.entries:
        assert entry.detect
        said = dict(explain_entry(entry)).keys()
        assert said & {"(refused)", *(f"{one}!" for one in entry.table.required)}


def test_rows_beside_a_mapping_of_our_own_names_still_stop_at_five_percent(write, shop):
    mapping = SourceMapping.from_toml(write("mine.toml", "[statuses]\nx = 'paid'\n"))
    with pytest.raises(DataError, match="2 of 22 rows are bad"):
        import_files([write("a.csv", HEADER + rows(20) + "x\ny\n")], shop, mapping=mapping)
