"""Ten thousand bad rows among a hundred thousand good ones: none is loaded, none costs another."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest

from nba.data.imports import import_files
from nba.errors import DataError
from tests.unit.data.conftest import HEADER, names, row, rows, table

GOOD, BAD = 100_000, 10_000
WIDE = HEADER.rstrip() + ",line_no,title\n"


def wide(order: str, line_no: str = "1", title: str = "Kettle", **cells: str) -> bytes:
    return (row(order, **cells).rstrip("\n") + f",{line_no},{title}\n").encode()


# Rule → a row that breaks it; `{n}` tells the rows apart.
POISONS = [
    ("nul_byte", lambda n: wide(f"x{n}", title="a\0b")),
    ("not_utf8", lambda n: wide(f"x{n}", title="caf\xe9").decode().encode("latin-1")),
    ("not_a_number", lambda n: wide(f"x{n}", price='"12,50"')),
    ("not_a_number", lambda n: wide(f"x{n}", quantity="=cmd()")),
    ("not_a_number", lambda n: wide(f"x{n}", price="@SUM(A1)")),
    ("too_large", lambda n: wide(f"x{n}", price="1e308")),
    ("negative", lambda n: wide(f"x{n}", quantity="-1")),
    ("instant_out_of_range", lambda n: wide(f"x{n}", at="0001-01-01T00:00:00Z")),
    ("instant_out_of_range", lambda n: wide(f"x{n}", at="9999-12-31T23:59:59Z")),
    ("extra_cells", lambda n: wide(f"x{n}", price="12,50")),
    ("missing_cells", lambda n: b"x%d,c1\n" % n),
    ("stray_quote", lambda n: wide(f"x{n}", title='"open')),
    ("control_character", lambda n: wide(f"x{n}", product='"p\t1"')),
    ("line_conflict", lambda n: wide(f"o{n}", product="z9")),
]


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory):
    """A file of good and bad rows in random order, and the rule of each bad line."""
    records = [("", wide(f"o{n}")) for n in range(GOOD)]
    records += [
        (POISONS[n % len(POISONS)][0], POISONS[n % len(POISONS)][1](n)) for n in range(BAD - 1)
    ]
    records.append(("too_long_record", wide("long", title="x" * 10_000_000)))
    order = np.random.default_rng(7).permutation(len(records))
    rules = {
        int(line): records[place][0] for line, place in enumerate(order, 2) if records[place][0]
    }
    path = tmp_path_factory.mktemp("poisoned") / "orders.csv"
    path.write_bytes(b"\xef\xbb\xbf" + WIDE.encode() + b"".join(records[n][1] for n in order))
    return path, rules


def test_every_bad_row_is_quarantined_by_line_and_rule_and_every_good_one_loaded(poisoned, shop):
    path, rules = poisoned
    report = import_files([path], shop, max_bad=0.2)
    assert dict(table(shop, "quarantine", "line, rule")) == rules
    account = report.files[0]
    assert (account.rows_read, account.rows_loaded, account.rows_quarantined) == (
        GOOD + BAD,
        GOOD,
        BAD,
    )
    assert (report.orders, report.order_lines) == (GOOD, GOOD)
    assert table(shop, "order_lines", "DISTINCT product_id, quantity, unit_price, title") == [
        ("p1", 1, 990, "Kettle")
    ]


def test_above_five_percent_nothing_is_loaded_unless_it_is_allowed(poisoned, shop):
    with pytest.raises(DataError, match="10000 of 110000 rows are bad, more than the 5% allowed"):
        import_files([poisoned[0]], shop)
    assert {one.name for one in shop.iterdir()} == {"quarantine.csv", "quarantine.parquet"}


def test_the_quarantine_for_people_runs_no_formula(write, shop):
    cells = ["=cmd()", "+1+1", "-2+3", "@SUM(A1)"]
    bad = "".join(row(f"x{n}", price=cell) for n, cell in enumerate(cells))
    import_files([write("a.csv", HEADER + rows(40) + bad + "=broken\n")], shop, max_bad=0.2)
    with (shop / "quarantine.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [one["value"] for one in found] == ["'" + cell for cell in cells] + [""]
    assert found[-1]["raw"] == "'=broken"
    assert not [cell for one in found for cell in one.values() if cell[:1] in "=+-@\t\r" and cell]
    raw = table(shop, "quarantine", "value", "line")
    assert raw == [*((cell,) for cell in cells), (None,)]


def test_a_formula_behind_another_separator_or_in_full_width_does_not_run_either(write, shop):
    signs = "=+-@\uff1d\uff0b\uff0d\uff20"
    behind = [";", "\t", "|", "\n", "\r\n", '; "', ";\t"]
    cells = [f"{sign}cmd()" for sign in signs]
    cells += [f"9{before}{sign}cmd()" for before in behind for sign in signs]
    quoted = (cell.replace('"', '""') for cell in cells)
    bad = "".join(row(f"x{n}", price=f'"{cell}"') for n, cell in enumerate(quoted))
    import_files([write("a.csv", HEADER + rows(40) + bad)], shop, max_bad=1)
    text = (shop / "quarantine.csv").read_bytes().decode()
    found = [one["value"] for one in csv.DictReader(io.StringIO(text, newline=""))]
    assert sorted(found) == sorted(
        re.sub(f"([{re.escape(signs)}])", r"'\1", cell) for cell in cells
    )
    assert not re.search(rf'[;|\t\r\n][\s"\\]*[{re.escape(signs)}]', text)


def test_a_formula_in_an_id_is_an_id_like_any_other(write, shop):
    import_files([write("a.csv", HEADER + row("=cmd()", product="=1+1"))], shop)
    assert table(shop, "order_lines", "order_id, product_id") == [("=cmd()", "=1+1")]
    assert "=1+1" not in names(shop, "order_lines")


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_ten_megabytes_costs_its_own_row_wherever_it_stands(write, shop, quote):
    long = wide("long", title=quote + "x" * 10_000_000 + quote)
    good = b"".join(wide(f"o{n}") for n in range(60))
    for name, content in (("last", good + long), ("first", long + good)):
        report = import_files([write(f"{name}.csv", WIDE.encode() + content)], shop / name)
        line, rule, raw = table(shop / name, "quarantine", "line, rule, length(raw)")[0]
        assert (line, rule, raw) == (62 if name == "last" else 2, "too_long_record", 1000)
        assert report.orders == 60


def test_a_line_longer_than_a_block_is_one_record(write, shop):
    long = wide("long", title="x" * 40_000_000)
    good = b"".join(wide(f"o{n}") for n in range(60))
    report = import_files([write("a.csv", WIDE.encode() + long + good)], shop)
    assert table(shop, "quarantine", "line, rule") == [(2, "too_long_record")]
    assert report.orders == 60


def test_a_nul_byte_costs_its_own_row(write, shop):
    content = (HEADER + row("x", product="p\0") + rows(30)).encode()
    report = import_files([write("a.csv", content)], shop)
    assert table(shop, "quarantine", "line, rule") == [(2, "nul_byte")]
    assert report.orders == 30
