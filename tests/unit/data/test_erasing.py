"""Erasing a customer from a shop folder: what goes, what stays, and that it does not come back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data.accounts import ImportReport
from nba.data.erasing import erase_customer
from nba.data.imports import import_files
from nba.data.tombstones import FILE, KINDS, Tombstones
from nba.domain import keyed_hash
from nba.errors import DataError
from tests.unit.data.conftest import table

FILES: Mapping[str, str] = {
    "orders": """\
order_id,customer_id,ordered_at,status,status_at
ord-anna-1,anna,2026-01-05T10:00:00Z,delivered,2026-01-07T10:00:00Z
ord-anna-2,anna-tablet,2026-01-06T10:00:00Z,delivered,2026-01-08T10:00:00Z
ord-bert-1,bert,2026-01-06T11:00:00Z,delivered,2026-01-09T10:00:00Z
ord-guest,,2026-01-06T12:00:00Z,delivered,2026-01-09T10:00:00Z
""",
    "order_lines": """\
order_id,line_no,product_id,quantity,unit_price
ord-anna-1,1,kettle,1,3000
ord-anna-2,1,cup,2,800
ord-bert-1,1,kettle,1,3000
ord-guest,1,cup,1,800
""",
    "order_statuses": """\
order_id,status,at
ord-anna-1,shipped,2026-01-06T10:00:00Z
ord-bert-1,shipped,2026-01-07T10:00:00Z
""",
    "customers": """\
customer_id,created_at,attributes
anna,2026-01-01T00:00:00Z,"{""contact"": ""anna@mail.example""}"
bert,2026-01-01T00:00:00Z,
""",
    "brought": """\
customer_id,attributes,brought_by
cora,"{""referred_by"":""anna"",""city"":""Bern""}",bert
dirk,"{""referred_by"": ""\\u0061nna-tablet""}",anna
emma,"{""referred_by"": ""annabel"",  ""n"": 1}",annabel
fred,"{""friends"":[""anna"",""bert""],""by"":{""id"":""sess-anna"",""x"":2}}",
""",
    "consents": """\
customer_id,channel,granted,at
anna,email,true,2026-01-05T10:00:00Z
bert,email,true,2026-01-05T10:00:00Z
""",
    "events": """\
event_id,type,at,customer_id,session_id,product_id,order_id
e1,merge,2026-01-04T18:00:00Z,anna,sess-anna,,
e2,merge,2026-01-04T18:00:00Z,anna,anna-tablet,,
e3,view_item,2026-01-04T17:00:00Z,,sess-anna,cup,
e4,view_item,2026-01-04T17:00:00Z,bert,sess-anna,cup,
e5,view_item,2026-01-04T17:00:00Z,bert,sess-bert,cup,
e6,refund,2026-01-10T17:00:00Z,,,cup,ord-anna-1
""",
    "messages": """\
message_id,decision_id,customer_id,message,channel,decided_at,claimed_at
msg-anna,dec-1,anna,welcome,email,2026-01-05T10:00:00Z,2026-01-05T10:00:00Z
msg-bert,dec-2,bert,welcome,email,2026-01-05T10:00:00Z,2026-01-05T10:00:00Z
""",
    "message_events": """\
event_id,message_id,customer_id,type,at
me1,msg-anna,,sent,2026-01-05T11:00:00Z
me2,msg-bert,bert,sent,2026-01-05T11:00:00Z
""",
    "bad_orders": """\
order_id,customer_id,ordered_at,status
ord-anna-9,anna,yesterday,delivered
ord-bert-9,bert,yesterday,delivered
ord-10,annabel,yesterday,delivered
""",
}


def fill(folder: Path, *names: str) -> ImportReport:
    """Import files into the folder's shop."""
    for name in names or FILES:
        (folder / f"{name}.csv").write_text(FILES[name], "utf-8")
    paths = [folder / f"{name}.csv" for name in names or FILES]
    return import_files(paths, folder / "shop", max_bad=1)


def rows(folder: Path, name: str) -> list[tuple]:
    """List the rows of a table of the folder's shop."""
    return table(folder / "shop", name)


def is_named(folder: Path) -> list[str]:
    """List the rows, and the files as bytes, in which anything of anna stands."""
    tables = [one.stem for one in (folder / "shop").glob("*.parquet")]
    found = [str(row) for name in tables for row in rows(folder, name)]
    found += [one.read_bytes().decode("latin-1") for one in (folder / "shop").iterdir()]
    return [one for one in found if "anna" in one.replace("annabel", "")]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.fixture
def shop(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path, dirs_exist_ok=True))


def test_nothing_of_an_erased_customer_is_left_in_any_file(shop):
    assert is_named(shop)
    erase_customer(shop / "shop", "anna")
    assert is_named(shop) == []


def test_it_is_counted_what_was_removed_and_nothing_is_the_second_time(shop):
    assert erase_customer(shop / "shop", "anna") == {
        "quarantine": 1,
        "order_lines": 2,
        "order_statuses": 1,
        "message_events": 1,
        "consents": 1,
        "customers": 4,
        "messages": 1,
        "orders": 2,
        "events": 5,
    }
    assert erase_customer(shop / "shop", "anna") == {}


def test_everybody_else_is_as_in_a_shop_that_never_knew_the_customer(shop, tmp_path):
    erase_customer(shop / "shop", "anna")
    other = tmp_path / "other"
    other.mkdir()
    for name, text in (FILES | {"brought": BROUGHT_WITHOUT}).items():
        kept = [line for line in text.splitlines() if "anna" not in line.replace("annabel", "")]
        (other / f"{name}.csv").write_text("\n".join(kept) + "\n", "utf-8")
    import_files([other / f"{name}.csv" for name in FILES], other / "shop", max_bad=1)
    for name in ("orders", "order_lines", "order_statuses", "customers", "consents", "messages"):
        assert rows(shop, name) == rows(other, name)
    # What bert did in a session that was anna's too stays, without the session.
    assert [row[0] for row in rows(shop, "events")] == ["e4", "e5"]


BROUGHT_WITHOUT = """\
customer_id,attributes,brought_by
cora,"{""city"":""Bern""}",bert
dirk,,
emma,"{""referred_by"": ""annabel"",  ""n"": 1}",annabel
fred,"{""friends"":[""bert""],""by"":{""x"":2}}",
"""
BROUGHT = {
    "bert": (None, None),
    "cora": ('{"city":"Bern"}', "bert"),
    "dirk": (None, None),
    "emma": ('{"referred_by": "annabel",  "n": 1}', "annabel"),
    "fred": ('{"friends":["bert"],"by":{"x":2}}', None),
}


def told_of_others(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """Give the cells of each customer in which others may be named."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT customer_id, attributes, brought_by FROM read_parquet(?)",
            [str(folder / "shop" / "customers.parquet")],
        ).fetchall()
    return {customer: (attributes, by) for customer, attributes, by in found}


def test_what_is_told_of_others_no_longer_names_the_erased_and_stays_else_as_it_was(shop):
    erase_customer(shop / "shop", "anna")
    assert told_of_others(shop) == BROUGHT


def test_what_is_imported_of_others_later_does_not_name_the_erased_either(shop):
    erase_customer(shop / "shop", "anna")
    fill(shop, "customers", "brought")
    assert told_of_others(shop) == BROUGHT
    assert is_named(shop) == []


def test_a_rejected_row_of_others_that_names_the_erased_is_kept_without_its_cells(shop):
    erase_customer(shop / "shop", "anna")
    (shop / "bad.csv").write_text(
        "customer_id,created_at,attributes,brought_by\n"
        'gina,yesterday,"{""referred_by"":""anna""}",\n'
        "hugo,yesterday,,anna\nivan,yesterday,,annabel\n"
        '"jane,2026-01-01T00:00:00Z,anna\n'
    )
    import_files([shop / "bad.csv"], shop / "shop", max_bad=1)
    assert is_named(shop) == []
    held = [row for row in rows(shop, "quarantine") if row[0] == "bad.csv"]
    assert [row[1] for row in held] == [2, 3, 4, 5]
    assert [row[1] for row in held if row[5] is not None] == [4]


def test_all_accounts_of_a_customer_go_whichever_is_named(shop):
    erase_customer(shop / "shop", "anna-tablet")
    assert is_named(shop) == []


def test_the_files_imported_again_do_not_bring_the_customer_back(shop):
    erase_customer(shop / "shop", "anna")
    report = fill(shop)
    assert is_named(shop) == []
    skipped = {one.source: one.skipped for one in report.files if one.skipped}
    assert skipped["orders.csv"] == {"of erased customers": 2}
    assert skipped["order_lines.csv"] == {"of erased customers": 2}
    assert skipped["bad_orders.csv"] == {"of erased customers": 1}
    assert skipped["message_events.csv"] == {"of erased customers": 1}
    assert [row[0] for row in rows(shop, "orders")] == ["ord-bert-1", "ord-guest"]


def test_lines_without_their_orders_do_not_bring_the_orders_back(shop):
    erase_customer(shop / "shop", "anna")
    fill(shop, "order_lines")
    fill(shop, "order_statuses")
    assert is_named(shop) == []


def test_a_new_order_of_an_erased_customer_is_left_out_with_its_lines(shop):
    erase_customer(shop / "shop", "anna")
    (shop / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,status\nord-anna-7,anna,2026-02-01T10:00:00Z,delivered\n"
    )
    (shop / "order_lines.csv").write_text(
        "order_id,line_no,product_id,quantity\nord-anna-7,1,cup,1\n"
    )
    import_files([shop / "orders.csv", shop / "order_lines.csv"], shop / "shop", max_bad=1)
    assert is_named(shop) == []


def test_tombstones_tell_nobody_who_was_erased(shop):
    erase_customer(shop / "shop", "anna")
    assert b"anna" not in (shop / "shop" / FILE).read_bytes()
    held = Tombstones.read(shop / "shop")
    assert held.holds("customer", "anna")
    assert held.holds("order", "ord-anna-1")
    assert not held.holds("order", "anna")
    assert not held.holds("customer", "bert")
    assert not Tombstones.read(shop).holds("customer", "anna")


def test_whom_nobody_knows_is_kept_out_all_the_same(shop):
    assert erase_customer(shop / "shop", "dora") == {}
    assert Tombstones.read(shop / "shop").holds("customer", "dora")


def test_what_a_killed_process_left_aside_is_removed(shop):
    left = shop / "shop" / "orders.parquet.new"
    left.write_bytes((shop / "shop" / "orders.parquet").read_bytes())
    erase_customer(shop / "shop", "anna")
    assert is_named(shop) == []
    assert not left.exists()


def test_a_folder_that_is_no_shop_is_refused(tmp_path):
    with pytest.raises(DataError, match="is no shop folder"):
        erase_customer(tmp_path, "anna")


def test_damaged_tombstones_are_refused_before_anything_is_imported(shop):
    (shop / "shop" / FILE).write_text("{")
    with pytest.raises(DataError, match="who was erased"):
        fill(shop)


@settings(max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.text(min_size=1).filter(lambda one: "\0" not in one))
def test_duckdb_hashes_as_python_does(key, identifier):
    with duckdb.connect() as connection:
        Tombstones(key, frozenset()).obey(connection)
        found = [
            connection.execute("SELECT keyed_hash(?, ?)", [kind, identifier]).fetchall()[0][0]
            for kind in KINDS
        ]
    assert found == [keyed_hash(key, kind, identifier) for kind in KINDS]
