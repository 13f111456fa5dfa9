"""What the page on the data contract shows is what an import does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nba.data import checks, documents, entries, imports, mapping, records
from nba.data.imports import import_files
from nba.data.mapping import SourceMapping
from nba.schema import CHOICES, QUARANTINE, Kind
from nba.statuses import SPELLINGS
from tests.unit.data.conftest import table

DOCS = Path(__file__).parents[3] / "docs"
MODULES = (checks, documents, records, imports)
PAGE = (DOCS / "data-contract.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def documented_rules() -> set[str]:
    rows = re.findall(r"^\| (`[a-z0-9_`, ]+`) \|", section("Bad rows"), re.MULTILINE)
    return {rule for row in rows for rule in re.findall(r"`(\w+)`", row)}


def rules_in_the_source() -> set[str]:
    """Every word written as a text that the quarantine could show as a rule."""
    sources = [Path(str(module.__file__)).read_text() for module in MODULES]
    return set(re.findall(r'"([a-z0-9]+(?:_[a-z0-9]+)*)"', "".join(sources)))


def test_the_example_file_is_a_shop(write, shop):
    report = import_files([write("orders.csv", block("csv"))], shop)
    assert (report.orders, report.guest_orders, report.rows_quarantined) == (2, 1, 0)
    prices = table(shop, "order_lines", "product_id, unit_price")
    assert prices == [("0012", 1200), ("descaler", 450), ("kettle", 4990)]


def test_the_example_mapping_reads_the_file_it_describes(write, shop):
    mapping = SourceMapping.from_toml(write("mine.toml", block("toml")))
    path = write(
        "a.csv",
        "Order No;Placed;E-mail;SKU;Size;Pieces;Shelf\n7;2026-03-01 10:00;a@b.c;cup;L;3 pcs;A\n",
    )
    report = import_files([path], shop, mapping=mapping)
    assert report.unmapped_columns == {"a.csv": ["Shelf"]}
    assert table(shop, "order_lines", "product_id, quantity, Shelf") == [("cup-L", 3, "A")]


def test_every_rule_of_the_page_is_one_of_the_source():
    chosen = {f"unknown_{kind}" for kind in (Kind.STATUS, Kind.AVAILABILITY)}
    assert documented_rules() <= rules_in_the_source() | chosen


@pytest.mark.parametrize(
    "rule",
    """missing_cells extra_cells not_utf8 nul_byte too_long_record not_json stray_quote
    stray_carriage_return missing_value too_long control_character naive_timestamp
    nonexistent_time not_an_instant instant_out_of_range
    not_a_number not_an_integer negative too_large not_a_boolean unknown_status
    unknown_availability order_conflict line_conflict unknown_order""".split(),
)
def test_every_rule_is_on_the_page(rule):
    assert rule in documented_rules()


def test_every_word_that_a_column_may_hold_is_on_the_page():
    choices = (words for kind, words in CHOICES.items() if kind is not Kind.STATUS)
    words = {*QUARANTINE.names, *(word for words in choices for word in words)}
    assert {word for word in words if f"`{word}`" not in PAGE} == set()


def test_every_spelling_of_a_status_is_on_the_page_of_statuses():
    page = (DOCS / "statuses.md").read_text("utf-8")
    for code, words in SPELLINGS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{code}` |")][1:]
        assert row == f"| `{code}` | {', '.join(' '.join(w.split()) for w in words.split(','))} |"


@pytest.mark.parametrize("key", sorted((entries.KEYS | mapping.KEYS) - {"file", "columns"}))
def test_every_key_of_a_mapping_is_on_the_page(key):
    assert re.search(rf"\[?\b{key}\b", section("Mapping files"))
