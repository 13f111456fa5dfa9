"""The folder a simulation writes: bytes, columns, keys, and nothing from after its end."""

from __future__ import annotations

import pytest

import nba
from nba.data.checks import SQL_TYPES
from nba.data.imports import import_files
from nba.data.simulator.files import TRUTH_COLUMNS
from nba.data.simulator.generate import simulate
from nba.errors import ConfigError, DataError
from nba.schema import TABLES
from tests.unit.data.simulator.conftest import files_of

CANONICAL = (
    "products product_states orders order_lines order_statuses customers consents events messages "
    "message_events rules traffic"
).split()
TRUTH = (
    "world products accessories decoys together successors customers owners needs causes "
    "responses fatigue"
).split()
END = "TIMESTAMP '2026-06-30'"


def test_the_same_seed_gives_the_same_bytes_of_every_file(tmp_path):
    simulate(tmp_path / "one", orders=1_000, seed=3)
    simulate(tmp_path / "two", orders=1_000, seed=3)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_another_seed_gives_another_shop(tmp_path):
    simulate(tmp_path / "one", orders=500, seed=3)
    simulate(tmp_path / "two", orders=500, seed=4)
    one, two = files_of(tmp_path / "one"), files_of(tmp_path / "two")
    planted = {f"truth/{name}.parquet" for name in ("accessories", "decoys", "together")}
    same = {name for name in one if one[name] == two[name]}
    assert same == planted | {"truth/responses.parquet", "truth/fatigue.parquet"}


def test_the_catalogue_is_the_same_at_every_size(tmp_path, simulated):
    simulate(tmp_path, orders=100, seed=simulated.seed)
    for name in ("products", "product_states", "truth/products", "truth/successors"):
        small, large = (folder / f"{name}.parquet" for folder in (tmp_path, simulated.path))
        assert small.read_bytes() == large.read_bytes()


def test_all_tables_and_all_of_the_truth_are_there(simulated):
    names = [f"{name}.parquet" for name in CANONICAL]
    names += [f"truth/{name}.parquet" for name in TRUTH]
    assert sorted(files_of(simulated.path)) == sorted(names)


@pytest.mark.parametrize("name", CANONICAL)
def test_a_table_has_the_columns_and_types_of_its_contract(name, ask):
    found = [(column, kind) for column, kind, *_ in ask(f"DESCRIBE {name}")]
    assert found == [(one.name, SQL_TYPES[one.kind]) for one in TABLES[name].columns]


@pytest.mark.parametrize("name", CANONICAL)
def test_required_cells_are_filled_and_rows_are_sorted_by_their_key(name, ask):
    for column in TABLES[name].required:
        assert ask(f'SELECT count(*) FROM {name} WHERE "{column}" IS NULL') == [(0,)]
    key = ", ".join(f'"{column}"' for column in TABLES[name].key)
    assert ask(f"SELECT {key} FROM {name}") == ask(f"SELECT {key} FROM {name} ORDER BY {key}")


@pytest.mark.parametrize("name", sorted(TRUTH_COLUMNS))
def test_the_truth_has_the_columns_that_a_play_reads(name, ask):
    found = {column: kind for column, kind, *_ in ask(f"DESCRIBE true_{name}")}
    assert set(TRUTH_COLUMNS[name]) <= set(found)


def test_the_report_counts_what_was_written(simulated, ask):
    counts = {name: ask(f"SELECT count(*) FROM {name}")[0][0] for name in CANONICAL}
    assert simulated.products == counts["products"] >= 5_000
    assert simulated.customers == counts["customers"]
    assert simulated.orders == counts["orders"]
    assert simulated.order_lines == counts["order_lines"]
    assert simulated.events == counts["events"]
    assert simulated.messages == counts["messages"]
    assert simulated.orders == pytest.approx(20_000, rel=0.1)
    assert simulated.order_lines == pytest.approx(2.3 * simulated.orders, rel=0.1)
    assert ask("SELECT version, seed, order_count, line_count FROM true_world") == [
        (1, simulated.seed, simulated.orders, simulated.order_lines)
    ]


def test_a_simulated_shop_is_read_like_any_other(simulated):
    shop = nba.read_shop(simulated.path)
    assert len(shop.catalog) == simulated.products
    assert len(shop.history.rows.order_ids) == simulated.orders


def test_a_simulated_shop_passes_its_own_import(simulated, tmp_path):
    files = sorted(simulated.path.glob("*.parquet"))
    report = import_files(files, tmp_path / "shop", zone="UTC")
    assert report.rows_quarantined == 0
    assert report.illegal_jumps == {}
    assert (report.orders, report.order_lines) == (simulated.orders, simulated.order_lines)


@pytest.mark.parametrize(
    ("table", "column", "target"),
    [
        ("order_lines", "order_id", "orders"),
        ("order_lines", "product_id", "products"),
        ("order_statuses", "order_id", "orders"),
        ("orders", "customer_id", "customers"),
        ("product_states", "product_id", "products"),
        ("consents", "customer_id", "customers"),
        ("events", "customer_id", "customers"),
        ("events", "product_id", "products"),
        ("events", "order_id", "orders"),
        ("messages", "customer_id", "customers"),
        ("message_events", "message_id", "messages"),
        ("true_causes", "order_id", "orders"),
        ("true_owners", "product_id", "products"),
        ("true_owners", "customer_id", "true_customers"),
        ("true_needs", "customer_id", "true_customers"),
        ("true_customers", "customer_id", "customers"),
        ("true_products", "product_id", "products"),
    ],
)
def test_every_id_leads_somewhere(table, column, target, ask):
    rows = ask(
        f"SELECT DISTINCT {column} FROM {table} ANTI JOIN {target} USING ({column}) "
        f"WHERE {column} IS NOT NULL"
    )
    assert rows == []


@pytest.mark.parametrize(
    ("table", "column", "target", "named"),
    [
        ("rules", "source_product_id", "products", "product_id"),
        ("rules", "target_product_id", "products", "product_id"),
        ("true_needs", "main_product_id", "products", "product_id"),
        ("true_needs", "product_type", "true_products", "type"),
        ("true_causes", "main_product_id", "products", "product_id"),
        ("true_successors", "successor_id", "products", "product_id"),
        ("true_customers", "favourite_type", "true_products", "type"),
    ],
)
def test_every_name_of_a_product_or_type_leads_somewhere(table, column, target, named, ask):
    known = {row[0] for row in ask(f"SELECT {named} FROM {target}")}
    assert {row[0] for row in ask(f"SELECT {column} FROM {table}")} - {None} <= known


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("orders", "ordered_at status_at delivered_at"),
        ("order_statuses", "at"),
        ("product_states", "at"),
        ("customers", "created_at"),
        ("consents", "at"),
        ("events", "at"),
        ("messages", "decided_at"),
        ("message_events", "at"),
    ],
)
def test_nothing_outside_the_truth_happens_after_the_end(table, columns, ask):
    for column in columns.split():
        assert ask(f'SELECT count(*) FROM {table} WHERE "{column}" >= {END}') == [(0,)]


def test_every_line_has_one_cause(ask):
    assert ask("SELECT count(*) FROM order_lines ANTI JOIN true_causes USING (order_id, line_no)")[
        0
    ] == (0,)
    assert ask("SELECT count(*) FROM true_causes") == ask("SELECT count(*) FROM order_lines")


@pytest.mark.parametrize("orders", [0, 99, 10_000_000])
def test_a_size_out_of_range_is_refused(orders, tmp_path):
    with pytest.raises(ConfigError, match="expected 100 to"):
        simulate(tmp_path, orders=orders)


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="seed -1"):
        simulate(tmp_path, orders=100, seed=-1)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "shop").write_text("a file")
    with pytest.raises(DataError, match="choose a folder"):
        simulate(tmp_path / "shop", orders=100)


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "traffic.parquet").mkdir()
    with pytest.raises(DataError, match=r"traffic\.parquet"):
        simulate(tmp_path, orders=100)


def test_the_steps_are_announced(tmp_path):
    steps: list[str] = []
    simulate(tmp_path, orders=100, announce=steps.append)
    assert steps[0] == "making the catalogue"
    assert len(steps) == len(set(steps)) == 8
