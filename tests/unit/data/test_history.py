"""Baskets counted by hand."""

from __future__ import annotations

import numpy as np

from nba.data.history import OrderHistory
from nba.data.imports import import_files
from nba.data.shop import read_shop
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
