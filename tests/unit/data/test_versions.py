"""An order in a file replaces that order whole; the time of receipt decides nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from nba.data.history import OrderHistory
from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.errors import DataError
from tests.unit.data.conftest import contents, imported_in_turns, table

FLAT = "order_id,customer_id,ordered_at,product_id,quantity,status,status_at\n"
ORDERS = "order_id,customer_id,ordered_at,status,status_at\n"
LINES = "order_id,line_no,product_id,quantity\n"
AT = "2026-03-01T10:00:00Z"


def version(product, status="paid", at="2026-03-02T00:00:00Z", order="o1", quantity=1):
    return f"{order},c1,{AT},{product},{quantity},{status},{at}\n"


def test_the_version_with_the_later_status_holds_with_all_its_lines(write, tmp_path):
    old = write("old.csv", FLAT + version("kettle") + version("lamp"))
    new = write("new.csv", FLAT + version("toaster", at="2026-03-03T00:00:00Z"))
    shop = imported_in_turns(tmp_path, [[old], [new]])
    assert table(shop, "order_lines", "line_no, product_id") == [(1, "toaster")]


def test_at_equal_instants_the_status_later_in_the_flow_holds(write, tmp_path):
    paid = write("paid.csv", FLAT + version("kettle", "paid"))
    shipped = write("shipped.csv", FLAT + version("lamp", "shipped"))
    cancelled = write("cancelled.csv", FLAT + version("pan", "cancelled"))
    shop = imported_in_turns(tmp_path, [[paid], [shipped], [cancelled]])
    assert table(shop, "orders", "status") == [("cancelled",)]
    assert table(shop, "order_lines", "product_id") == [("pan",)]


def test_of_otherwise_equal_versions_the_same_one_holds_in_any_order(write, tmp_path):
    files = [[write(f"{p}.csv", FLAT + version(p))] for p in ("kettle", "lamp", "pan")]
    shop = imported_in_turns(tmp_path, files)
    assert len(table(shop, "order_lines")) == 1


def test_all_files_at_once_give_what_one_after_the_other_gives(write, tmp_path):
    old = write("old.csv", FLAT + version("kettle") + version("kettle") + version("x", order="o2"))
    new = write("new.csv", FLAT + version("lamp", at="2026-03-04T00:00:00Z"))
    shop = imported_in_turns(tmp_path, [[old], [new]])
    report = import_files([new, old], tmp_path / "together")
    assert contents(tmp_path / "together") == contents(shop)
    assert report.superseded_orders == 1


def test_two_versions_within_one_file_are_told_apart(write, shop):
    late = "2026-03-05T00:00:00Z"
    path = write("a.csv", FLAT + version("a") + version("b", "shipped", late) + version("c"))
    report = import_files([path], shop)
    assert table(shop, "order_lines", "product_id") == [("b",)]
    assert (report.superseded_orders, report.rows_quarantined) == (1, 0)


STATUS_A_LINE = "order_id,customer_id,ordered_at,product_id,quantity,status,discount\n"


def lines_of(*statuses):
    """Lines of one order, known from one instant, each with a status of its own."""
    return [
        f"o1,c1,{AT},{product},{number},{status},{number}\n"
        for number, (product, status) in enumerate(zip("pqr", statuses, strict=False), 1)
    ]


@pytest.mark.parametrize(
    ("statuses", "status", "returned"),
    [
        (("delivered", "delivered", "returned"), "returned", [None, None, 3]),
        (("cancelled", "shipped", "paid"), "shipped", [1, None, None]),
        (("cancelled", "returned"), "returned", [1, 2]),
        (("cancelled", "cancelled"), "cancelled", [None, None]),
        (("returned", "returned"), "returned", [None, None]),
    ],
)
def test_lines_with_statuses_of_their_own_are_one_version(
    write, tmp_path, statuses, status, returned
):
    shops = []
    for number, lines in enumerate((lines_of(*statuses), lines_of(*statuses)[::-1])):
        shops.append(tmp_path / f"shop{number}")
        report = import_files([write("a.csv", STATUS_A_LINE + "".join(lines))], shops[-1])
        assert (report.superseded_orders, report.rows_quarantined) == (0, 0)
    assert contents(shops[0]) == contents(shops[1])
    assert table(shops[0], "orders", "status, discount") == [(status, len(statuses))]
    found = table(shops[0], "order_lines", "returned_quantity", "product_id")
    assert [quantity for (quantity,) in found] == returned


def test_a_returned_quantity_that_the_line_states_stays(write, shop):
    header = STATUS_A_LINE.replace("discount", "returned_quantity")
    rows = f"o1,c1,{AT},p,5,returned,2\no1,c1,{AT},q,1,delivered,\n"
    import_files([write("a.csv", header + rows)], shop)
    assert table(shop, "order_lines", "product_id, returned_quantity") == [("p", 2), ("q", None)]
    assert read_shop(shop).history.kept_line().tolist() == [True, True]


def test_order_cells_written_on_the_first_line_only_hold_for_all_lines(write, shop):
    path = write(
        "a.csv", FLAT + version("a", "shipped") + f"o1,,{AT},b,2,,\n" + f"o1,,{AT},c,1,,\n"
    )
    report = import_files([path], shop)
    assert table(shop, "orders", "customer_id, status") == [("c1", "shipped")]
    assert table(shop, "order_lines", "product_id") == [("a",), ("b",), ("c",)]
    assert (report.superseded_orders, report.rows_quarantined) == (0, 0)


def test_an_empty_status_counts_as_delivered(write, shop):
    import_files([write("a.csv", FLAT + version("a", "", ""))], shop)
    assert table(shop, "orders", "status") == [("delivered",)]


def test_orders_and_their_lines_are_replaced_together(write, tmp_path):
    first = [
        write("o1.csv", ORDERS + f"o1,c1,{AT},paid,{AT}\no2,c1,{AT},paid,{AT}\n"),
        write("l1.csv", LINES + "o1,1,a,1\no1,2,b,1\no2,1,c,1\n"),
    ]
    second = [
        write("o2.csv", ORDERS + f"o1,c1,{AT},shipped,2026-03-02T00:00:00Z\n"),
        write("l2.csv", LINES + "o1,1,d,1\n"),
    ]
    shop = imported_in_turns(tmp_path, [first, second])
    assert table(shop, "order_lines", "order_id, product_id") == [("o1", "d"), ("o2", "c")]
    assert table(shop, "orders", "order_id, status") == [("o1", "shipped"), ("o2", "paid")]


def test_a_file_of_orders_alone_changes_statuses_and_leaves_the_lines(write, tmp_path):
    first = [
        write("o1.csv", ORDERS + f"o1,c1,{AT},paid,{AT}\n"),
        write("l1.csv", LINES + "o1,1,a,1\no1,2,b,1\n"),
    ]
    second = [write("o2.csv", ORDERS + f"o1,c1,{AT},delivered,2026-03-04T00:00:00Z\n")]
    shop = imported_in_turns(tmp_path, [first, second])
    assert table(shop, "orders", "status") == [("delivered",)]
    assert table(shop, "order_lines", "product_id") == [("a",), ("b",)]


def test_lines_may_come_in_several_files(write, shop):
    orders = write("o.csv", ORDERS + f"o1,c1,{AT},paid,{AT}\n")
    lines = [write("l1.csv", LINES + "o1,2,b,1\n"), write("l2.csv", LINES + "o1,1,a,1\n")]
    import_files([*lines, orders], shop)
    assert table(shop, "order_lines", "line_no, product_id") == [(1, "a"), (2, "b")]


def test_lines_without_a_number_follow_those_with_one_by_content(write, shop):
    header = FLAT.rstrip() + ",line_no\n"
    cells = [("b", ""), ("a", ""), ("c", "4")]
    content = "".join(version(product).rstrip() + f",{number}\n" for product, number in cells)
    import_files([write("a.csv", header + content)], shop)
    assert table(shop, "order_lines", "line_no, product_id") == [(4, "c"), (5, "a"), (6, "b")]


def test_importing_a_file_again_changes_nothing(write, shop):
    path = write("a.csv", FLAT + version("b") + version("a") + version("a"))
    import_files([path], shop)
    before = contents(shop)
    report = import_files([path], shop)
    assert contents(shop) == before
    assert (report.superseded_orders, report.repeated_lines) == (0, 1)


def test_frames_and_files_give_the_same_history(write, shop):
    frame = pd.DataFrame(
        {
            "order_id": ["1", "1", "2"],
            "customer_id": [17.0, 17.0, None],  # a missing id makes numbers of them all
            "ordered_at": pd.to_datetime(["2026-03-01T10:00Z"] * 3),
            "product_id": ["b", "a", "a"],
            "quantity": [1, 2, 3],
            "unit_price": [9.5, 20.0, 0.99],
        }
    )
    history = OrderHistory.from_frame(frame)
    assert list(history.rows.customer_ids) == ["17"]
    assert history.rows.guest_count == 1
    assert history.rows.unit_price.tolist() == [2000, 950, 99]
    with pytest.raises(DataError, match=r"3 of 3 rows are bad.*naive_timestamp"):
        OrderHistory.from_frame(frame.assign(ordered_at=frame.ordered_at.dt.tz_localize(None)))


def test_frames_of_lines_without_their_order_are_refused():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [AT], "status": ["paid"]})
    lines = pd.DataFrame({"order_id": ["2"], "line_no": [1], "product_id": ["p"], "quantity": [1]})
    with pytest.raises(DataError, match=r"rows \[1\] of order_lines have an order_id that orders"):
        OrderHistory.from_frame(orders, lines)


def lifetimes(write):
    """An order as placed, its lines, and its later header."""
    placed = write("placed.csv", ORDERS + f"o1,c1,{AT},paid,2026-03-01T10:00:00Z\n")
    lines = write("lines.csv", LINES + "o1,1,kettle,1\no1,2,lamp,1\n")
    shipped = write("shipped.csv", ORDERS + f"o1,c1,{AT},shipped,2026-03-03T10:00:00Z\n")
    return placed, lines, shipped


def test_lines_that_come_after_their_order_belong_to_the_order_as_placed(write, tmp_path):
    placed, lines, shipped = lifetimes(write)
    shops = []
    for number, batches in enumerate(
        [
            [[placed], [lines], [shipped]],
            [[placed], [shipped], [lines]],
            [[shipped], [placed], [lines]],
            [[placed, lines], [shipped]],
            [[shipped], [lines, placed]],
            [[placed, shipped, lines]],
            [[placed, lines], [shipped], [lines], [placed]],
        ]
    ):
        for batch in batches:
            import_files(batch, tmp_path / f"{number}")
        shops.append(contents(tmp_path / f"{number}"))
    assert all(shop == shops[0] for shop in shops)
    assert table(tmp_path / "0", "orders", "status, lines_version IS NULL") == [("shipped", False)]
    assert table(tmp_path / "0", "order_lines", "product_id") == [("kettle",), ("lamp",)]
