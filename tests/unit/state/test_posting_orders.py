"""Posted orders: which version is shown, what is kept of the others, and which rows are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nba import schema
from nba.data.imports import import_files
from nba.data.shop import batches, read_shop
from nba.state.posting import post
from nba.state.store import Store
from nba.state.tables import ORDER_LINES, ORDER_STATUSES, ORDER_VERSIONS, ORDERS, folder_columns
from tests.unit.state.posted import (
    AT,
    everything,
    hour,
    micros,
    order,
    post_orders,
    post_products,
    rows_of,
)

SHIPPED = {"status": "shipped", "status_at": hour(30)}


def test_an_order_is_taken_with_its_lines(either: Store) -> None:
    lines = [{"product_id": "kettle", "quantity": 2}, {"sku": "S-9", "quantity": 1}]
    posted = post_orders(either, order("o1", *lines, currency="EUR"))
    assert (posted.accepted, posted.duplicates, posted.errors) == (1, 0, [])
    (row,) = rows_of(either, ORDERS)
    assert (row["customer_id"], row["ordered_at"]) == ("ann", micros(hour(10)))
    found = rows_of(either, ORDER_LINES)
    assert [(one["line_no"], one["product_id"], one["quantity"]) for one in found] == [
        (1, "kettle", 2),
        (2, "S-9", 1),
    ]


def test_an_order_posted_again_says_nothing_new(either: Store) -> None:
    post_orders(either, order())
    before = everything(either)
    posted = post_orders(either, order(), order())
    assert (posted.accepted, posted.duplicates) == (0, 2)
    assert everything(either) == before


@pytest.mark.parametrize("turned", [False, True])
def test_the_version_known_later_is_shown_and_the_other_kept(either: Store, turned: bool) -> None:
    versions = [order(), order(**SHIPPED)]
    for one in reversed(versions) if turned else versions:
        assert post_orders(either, one).accepted == 1
    assert [row["status"] for row in rows_of(either, ORDERS)] == ["shipped"]
    assert [row["status"] for row in rows_of(either, ORDER_VERSIONS)] == ["paid"]
    assert len(rows_of(either, ORDER_LINES)) == 1


def test_at_one_instant_the_status_further_in_the_flow_holds(store: Store) -> None:
    post_orders(store, order(status="processing"), order(status="paid"))
    assert [row["status"] for row in rows_of(store, ORDERS)] == ["processing"]


def test_an_order_may_lose_lines(store: Store) -> None:
    two = [{"product_id": "kettle", "quantity": 1}, {"product_id": "cup", "quantity": 1}]
    post_orders(store, order("o1", *two))
    post_orders(store, order("o1", two[1], **SHIPPED))
    assert [row["product_id"] for row in rows_of(store, ORDER_LINES)] == ["cup"]
    assert len(rows_of(store, ORDER_VERSIONS)) == 2


def test_statuses_come_with_an_order_or_alone(either: Store) -> None:
    packed = {"status": "packed", "at": hour(12), "reason": "by hand"}
    sent = {"status": "Shipped", "at": hour(13), "tracking": "T-1"}
    post_orders(either, order(statuses=[packed]))
    alone = {"order_id": "o1", "statuses": [sent, packed]}
    assert post_orders(either, alone).accepted == 1
    assert post_orders(either, alone).duplicates == 1
    found = rows_of(either, ORDER_STATUSES)
    assert [(row["status"], row.get("tracking")) for row in found] == [
        ("packed", None),
        ("shipped", "T-1"),
    ]


def test_a_status_fills_what_an_earlier_one_left_empty(store: Store) -> None:
    bare = {"status": "shipped", "at": hour(13)}
    for status in (bare, {**bare, "tracking": "T-1"}, bare):
        post_orders(store, {"order_id": "o1", "statuses": [status]})
    assert [row["tracking"] for row in rows_of(store, ORDER_STATUSES)] == ["T-1"]


def test_lines_find_their_products_as_in_an_import(store: Store, tmp_path: Path) -> None:
    catalogue = [
        {"product_id": "kettle", "title": "Kettle", "sku": "K-1"},
        {"product_id": "mug", "title": "Red mug", "sku": "shared"},
        {"product_id": "cup", "title": "Cup", "sku": "shared"},
    ]
    found_by = [
        ({"sku": "K-1"}, "kettle"),
        ({"sku": "kettle"}, "kettle"),
        ({"sku": "X-1", "title": "Red mug"}, "mug"),
        ({"title": "Kettle - blue"}, "kettle"),
        ({"title": " RED MUG "}, "mug"),
        ({"sku": "shared"}, "shared"),
        ({"title": "Teapot"}, "t_4b56240622699097"),
    ]
    lines = [{**line, "line_no": n, "quantity": 1} for n, (line, _) in enumerate(found_by)]
    post_products(store, *catalogue)
    post_orders(store, order("o1", *lines))
    found = [row["product_id"] for row in rows_of(store, ORDER_LINES)]
    assert found == [product for _, product in found_by]
    imported = import_shop(tmp_path, catalogue, [order("o1", *lines)])
    assert found == [row["product_id"] for row in imported["order_lines"]]


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ({**order(), "status": None}, "status", "missing_value"),
        ({**order(), "lines": []}, "lines", "missing_value"),
        ({**order(), "lines": {}}, "lines", "missing_value"),
        ({**order(), "lines": "kettle"}, "lines", "not_a_list"),
        ({**order(), "lines": [7]}, "lines.0", "not_an_object"),
        (order("o1", {"quantity": 1}), "lines.0.product_id", "missing_value"),
        (order("o1", {"product_id": "cup", "quantity": 1.5}), "lines.0.quantity", "not_an_integer"),
        (order(statuses=[{"status": "paid"}]), "statuses.0.at", "missing_value"),
        (order(total=5), "total", "unknown_column"),
        ({"order_id": "o1"}, "ordered_at", "missing_value"),
        (
            order("o1", *({"line_no": 1, "product_id": one, "quantity": 1} for one in "ab")),
            "lines",
            "line_conflict",
        ),
    ],
)
def test_a_bad_order_is_refused_whole_and_the_others_taken(
    store: Store, row: dict[str, Any], column: str, rule: str
) -> None:
    posted = post_orders(store, order("good"), row)
    assert posted.accepted == 1
    assert [(one.index, one.column, one.rule) for one in posted.errors] == [(1, column, rule)]
    assert [one["order_id"] for one in rows_of(store, ORDERS)] == ["good"]


def test_orders_that_are_known_stay_where_only_new_ones_are_asked_for(store: Store) -> None:
    post_orders(store, order(**SHIPPED))
    completed = [order(ordered_at=hour(90)), order("o2")]
    posted = post(store, schema.ORDERS, completed, AT, only_new=True)
    assert (posted.accepted, posted.duplicates) == (1, 1)
    assert [row["status"] for row in rows_of(store, ORDERS)] == ["shipped", "paid"]


def import_shop(
    folder: Path, catalogue: list[dict[str, Any]], versions: list[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Import a catalogue, then versions of orders one by one, and give the rows of the shop."""
    for number, one in enumerate([None, *versions]):
        part = folder / str(number)
        part.mkdir()
        head = {name: cell for name, cell in (one or {}).items() if name != "lines"}
        rows = [{**head, **line} for line in one["lines"]] if one else catalogue
        columns = sorted({column for row in rows for column in row})
        cells = [[f'"{row.get(column, "")}"' for column in columns] for row in rows]
        text = "\n".join(",".join(row) for row in [columns, *cells])
        (part / "rows.csv").write_text(text + "\n", "utf-8")
        import_files([part / "rows.csv"], folder / "shop")
    stored = {}
    for table in (ORDERS, ORDER_LINES, ORDER_VERSIONS):
        names = folder_columns(table)
        if (folder / "shop" / f"{table.name}.parquet").exists():
            rows = [row for batch in batches(folder / "shop", table.name, names) for row in batch]
            stored[table.name] = [dict(zip(names, row, strict=True)) for row in rows]
    return stored


def test_files_imported_and_orders_posted_one_by_one_show_and_keep_the_same(
    either: Store, tmp_path: Path
) -> None:
    catalogue = [{"product_id": "kettle", "title": "Kettle", "sku": "K-1"}]
    two = [{"sku": "K-1", "quantity": 2, "unit_price": 3000}, {"title": "Tea", "quantity": 1}]
    versions = [
        order("o1", *two, is_test=False, delivered_at="2026-01-03T10:00:00.120Z"),
        order("o1", *two, **SHIPPED),
        order("o1", two[0], status="packed", status_at=hour(30)),
        order("o2", {"line_no": 4, "product_id": "cup", "quantity": 1}, customer_id="bob"),
    ]
    post_products(either, *catalogue)
    for one in reversed(versions):
        post_orders(either, one)
    imported = import_shop(tmp_path, catalogue, versions)
    for table in (ORDERS, ORDER_LINES, ORDER_VERSIONS):
        names = folder_columns(table)
        ours = [[row.get(name) for name in names] for row in rows_of(either, table)]
        theirs = [[row[name] for name in names] for row in imported[table.name]]
        assert sorted(ours, key=repr) == sorted(theirs, key=repr), table.name


def test_folder_and_stores_say_alike_when_an_edited_order_was_delivered(
    either: Store, tmp_path: Path
) -> None:
    kettle = {"product_id": "kettle", "quantity": 1, "unit_price": 3000}
    versions = [
        order("o1", {**kettle, "quantity": pieces}, status="delivered", status_at=hour(at))
        for pieces, at in ((1, 50), (2, 60), (3, 40))
    ]
    for one, delivered in zip(versions, (50, 50, 40), strict=True):
        post_orders(either, one)
        found = either.facts(["ann"], np.datetime64(hour(70)[:-1]))
        assert found.delivered_at.tolist() == [np.datetime64(hour(delivered)[:-1]).item()]
    import_shop(tmp_path, [{"product_id": "kettle", "title": "Kettle"}], versions)
    shop = read_shop(tmp_path / "shop")
    for at in (40, 45, 55, 70):
        then = np.datetime64(hour(at)[:-1])
        expected = shop.facts(as_of=then, customers=["ann"])
        assert either.facts(["ann"], then).version(0) == expected.version(0)
