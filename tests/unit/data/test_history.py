"""Baskets counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nba.data.history import OrderHistory
from nba.data.imports import import_files
from nba.data.shop import read_shop
from nba.errors import DataError
from tests.unit.data.conftest import table

HEADER = "order_id,customer_id,ordered_at,product_id,quantity,status,returned_quantity\n"


def history(write, shop, *lines) -> OrderHistory:
    import_files([write("a.csv", HEADER + "\n".join(lines) + "\n")], shop)
    return read_shop(shop).history


def test_baskets_are_sorted_by_customer_then_instant_then_order_id(write, shop):
    found = history(
        write,
        shop,
        "o3,b,2026-03-01T00:00:00Z,p,1,paid,",
        "o1,a,2026-03-02T00:00:00Z,q,1,paid,",
        "o2,a,2026-03-01T00:00:00Z,r,1,paid,",
        "o4,a,2026-03-01T00:00:00Z,p,1,paid,",
        "o0,,2026-03-05T00:00:00Z,p,1,paid,",
    ).baskets()
    assert found.customer.tolist() == [0, 0, 0, 1, 2]
    assert [found.product_ids[code] for code in found.product] == ["r", "p", "q", "p", "p"]
    assert found.customer_count == 3


def test_a_basket_holds_each_product_once_and_only_kept_lines(write, shop):
    found = history(
        write,
        shop,
        "o1,a,2026-03-01T00:00:00Z,q,1,paid,",
        "o1,a,2026-03-01T00:00:00Z,p,1,paid,",
        "o1,a,2026-03-01T00:00:00Z,q,2,paid,",
        "o2,a,2026-03-02T00:00:00Z,p,2,returned,2",
        "o2,a,2026-03-02T00:00:00Z,q,2,returned,1",
        "o3,a,2026-03-03T00:00:00Z,q,2,cancelled,",
    ).baskets()
    assert found.start.tolist() == [0, 2, 3]
    assert found.product.tolist() == [0, 1, 1]
    assert (found.product.dtype, found.start.dtype) == (np.int32, np.int64)


def test_no_kept_order_gives_no_baskets(write, shop):
    found = history(write, shop, "o1,a,2026-03-01T00:00:00Z,q,1,cancelled,").baskets()
    assert (len(found), found.start.tolist(), len(found.product)) == (0, [0], 0)


def test_a_shop_reads_back_what_it_wrote(write, shop):
    rows = history(write, shop, "o1,a,2026-03-01T00:00:00Z,q,3,returned,1").rows
    assert rows.quantity.tolist() == [3]
    assert rows.returned_quantity.tolist() == [1]
    assert table(shop, "orders", "status, status_at") == [("returned", None)]


FLAT = pd.DataFrame(
    {
        "order_id": ["o1", "o1", "o2"],
        "customer_id": ["a", "a", None],
        "ordered_at": "2026-03-01T00:00:00Z",
        "product_id": ["p", "q", "p"],
        "quantity": 1,
        "status": "returned",
        "status_at": "2026-03-09T00:00:00Z",
    }
)


def test_statuses_of_a_frame_tell_what_an_order_was_on_its_way() -> None:
    told = pd.DataFrame(
        {
            "order_id": ["o1", "o1", "gone"],
            "status": ["delivered", "cancelled", "paid"],
            "at": ["2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"],
        }
    )
    found = OrderHistory.from_frame(FLAT, order_statuses=told)
    for as_of, kept in (("02", 2), ("03", 1), ("04", 2), ("10", 0)):
        assert len(found.until(f"2026-03-{as_of}T00:00:00Z").baskets()) == kept
    with pytest.raises(DataError, match="order_statuses line 1: status unknown_status"):
        OrderHistory.from_frame(FLAT, order_statuses=told.assign(status="lost"))


def test_an_edited_order_is_seen_as_it_was_before_the_edit(write, shop):
    header = HEADER.replace("status,", "status,status_at,")
    at = "2026-03-01T00:00:00Z"
    first = f"o1,a,{at},p,1,paid,2026-03-02T00:00:00Z,\no1,a,{at},q,1,paid,2026-03-02T00:00:00Z,\n"
    import_files([write("a.csv", header + first)], shop)
    edit = f"o1,b,{at},r,1,paid,2026-03-05T00:00:00Z,\n"
    import_files([write("b.csv", header + edit)], shop)
    now = read_shop(shop).history
    early = now.until("2026-03-05T00:00:00Z")
    assert (list(now.rows.customer_ids), list(now.rows.product_ids)) == (["b"], ["r"])
    assert (list(early.rows.customer_ids), list(early.rows.product_ids)) == (["a"], ["p", "q"])
    assert early.baskets().product.tolist() == [0, 1]
    assert now.as_of == np.datetime64("2026-03-05T00:00:00.000001", "us")


def test_a_history_is_shown_in_a_line(write, shop):
    lines = (f"o{n:04},c{n % 7},2026-03-01T00:00:00Z,p{n % 3},1,paid," for n in range(1200))
    found = history(write, shop, *lines)
    assert repr(found) == (
        "OrderHistory(1,200 orders, 1,200 lines, 7 customers, 3 products, "
        "from 2026-03-01T00:00:00Z until 2026-03-01T00:00:00.000001Z)"
    )
    nothing = repr(found.until("2026-01-01T00:00Z"))
    assert nothing.endswith(
        "(0 orders, 0 lines, 0 customers, 0 products, until 2026-01-01T00:00:00Z)"
    )
