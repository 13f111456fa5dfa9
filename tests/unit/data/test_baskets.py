"""What a basket says besides its products: its arrival, its customer's proof, coarser products."""

from __future__ import annotations

import numpy as np
import pytest

from nba.data.history import Baskets, OrderHistory
from nba.domain import Ids
from nba.errors import DataError
from nba.facts.rows import Rows
from tests.shops import SIX_ORDERS, day, history, rows

LONG = [(f"o{number}", f"c{number}", number, ["tea"]) for number in range(100)]


def proven_customers(baskets: Baskets) -> set[int]:
    return set(baskets.customer[baskets.proven].tolist())


def told(*orders: dict) -> OrderHistory:
    """Orders of one piece of tea on day 90 of a shop of 100 days, all with cells of their own."""
    cells = [
        {"order_id": f"x{number}", "customer_id": "x", "ordered_at": day(90), "status": "delivered"}
        | one
        for number, one in enumerate(orders)
    ]
    lines = [{"order_id": one["order_id"], "product_id": "tea"} for one in cells]
    old = [
        {"order_id": name, "customer_id": "old", "ordered_at": day(number), "status": "paid"}
        for name, number in (("a", 0), ("z", 100))
    ]
    lines += [{"order_id": one["order_id"], "product_id": "tea"} for one in old]
    given = [one | {"line_no": 1, "quantity": 1} for one in lines]
    return OrderHistory.from_rows(Rows.of([*cells, *old], given))


def proves(*orders: dict) -> bool:
    found = told(*orders).baskets()
    code = found.customer_ids.find("x")
    return bool(found.proven[found.customer == code].all())


def test_an_order_proves_its_customer_after_a_week() -> None:
    found = history(LONG).baskets()
    ids = [found.customer_ids[code] for code in sorted(proven_customers(found))]
    assert sorted(ids, key=lambda one: int(one[1:])) == [f"c{number}" for number in range(93)]


def test_one_old_order_proves_all_of_a_customers_baskets() -> None:
    found = history([*LONG, ("late", "c3", 99, ["tea"])]).baskets()
    assert found.proven[found.customer == found.customer_ids.find("c3")].tolist() == [True, True]


def test_a_guest_order_proves_nobody_but_itself() -> None:
    found = history([*LONG, ("early", None, 1, ["tea"]), ("late", None, 99, ["tea"])]).baskets()
    guests = found.customer >= len(found.customer_ids)
    assert found.proven[guests].tolist() == [True, False]


def test_in_a_short_history_a_quarter_of_it_is_long_enough() -> None:
    found = history(
        [(f"o{number}", f"c{number}", number, ["tea"]) for number in range(9)]
    ).baskets()
    assert proven_customers(found) == {0, 1, 2, 3, 4, 5, 6}
    alone = history([("o", "c", 0, ["tea"])]).baskets()
    assert alone.proven.tolist() == [True]


def test_the_days_of_proof_can_be_chosen() -> None:
    shop = history(LONG)
    assert len(proven_customers(shop.baskets(proving_days=20))) == 80
    assert len(proven_customers(shop.baskets(proving_days=0))) == 100


def test_a_pause_of_the_shop_proves_nobody() -> None:
    paused, running = history(LONG, as_of=1000), history(LONG)
    assert proven_customers(paused.baskets()) == proven_customers(running.baskets())


@pytest.mark.parametrize(
    ("cells", "is_proof"),
    [
        ({"status": "paid"}, True),
        ({"status": "shipped"}, True),
        # As an order begins of which nobody told a status by then.
        ({"status": "pending_confirmation"}, True),
        ({"status": "pending_confirmation", "status_at": day(91)}, False),
        ({"status": "awaiting_payment"}, False),
        ({"status": "awaiting_payment", "delivered_at": day(92)}, True),
        ({"status": "cancelled"}, False),
        ({"status": "returned"}, False),
        ({"is_test": True}, False),
        ({"ordered_at": day(93)}, True),
        ({"ordered_at": day(93.01)}, False),
    ],
)
def test_only_a_paid_and_kept_order_of_a_week_ago_is_a_proof(cells: dict, is_proof: bool) -> None:
    recent = {"ordered_at": day(99)}
    assert proves(cells, recent) is is_proof


def test_a_basket_knows_when_it_arrived() -> None:
    found = told({"delivered_at": day(93), "status": "paid"}, {"status": "shipped"}).baskets()
    mine = found.customer == found.customer_ids.find("x")
    arrived = found.delivered_at[mine]
    assert arrived[0] == day(93)
    assert np.isnat(arrived[1])
    before = told({"delivered_at": day(93)}).until(day(93)).baskets()
    assert np.isnat(before.delivered_at).all()


def test_baskets_named_by_more_ids_hold_the_same_products() -> None:
    found = history(SIX_ORDERS).baskets()
    wider = found.over(Ids.of(["apron", *found.product_ids, "lamp", "zebra"]))
    assert [wider.product_ids[code] for code in wider.product] == [
        found.product_ids[code] for code in found.product
    ]
    assert wider.product.dtype == np.int32
    assert wider.start.tolist() == found.start.tolist()
    with pytest.raises(DataError, match="not among"):
        found.over(Ids.of(["tea"]))


def test_coarser_baskets_hold_each_code_once_and_may_be_empty() -> None:
    found = history(SIX_ORDERS).baskets()
    assert list(found.product_ids) == ["cup", "filter", "kettle", "tea"]
    groups = Ids.of(["brewing", "drinks"])
    coarse = found.coarsened(np.array([-1, 0, 0, 1], np.int32), groups)
    drunk = found.coarsened(np.array([-1, -1, -1, 0], np.int32), Ids.of(["drinks"]))
    assert len(coarse) == len(drunk) == len(found)
    assert [
        [groups[code] for code in coarse.product[begin:end]]
        for begin, end in zip(coarse.start[:-1], coarse.start[1:], strict=True)
    ] == [
        ["brewing"],
        ["brewing", "drinks"],
        ["brewing", "drinks"],
        ["brewing", "drinks"],
        ["drinks"],
        ["brewing"],
    ]
    assert drunk.size.tolist() == [0, 1, 1, 1, 1, 0]
    assert (coarse.product.dtype, coarse.start.dtype) == (np.int32, np.int64)


def test_no_baskets_stay_none_whatever_their_products_are_called() -> None:
    none = OrderHistory.from_rows(rows([])).baskets()
    assert len(none.proven) == len(none.delivered_at) == 0
    assert none.over(Ids.of(["a"])).coarsened(
        np.array([0], np.int32), Ids.of(["g"])
    ).start.tolist() == [0]
