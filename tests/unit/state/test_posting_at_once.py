"""Posts of several writers at once leave what posts in turn leave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from nba import schema
from nba.state.posting import Posted, post
from nba.state.store import Store
from nba.state.tables import EVENTS, ORDER_VERSIONS, ORDERS
from tests.unit.state.posted import AT, hour, order, post_orders, post_products, rows_of, stock_of

WRITERS = 6
ORDERS_EACH = 8


def test_orders_at_once_each_take_from_the_stock(either: Store) -> None:
    post_products(either, {"product_id": "kettle", "stock": 100, "at": hour(1)})

    def post_some(writer: int) -> list[Posted]:
        return [
            post_orders(either, order(f"o{writer}-{n}", ordered_at=hour(10 + n)))
            for n in range(ORDERS_EACH)
        ]

    with ThreadPoolExecutor(WRITERS) as pool:
        done = [one for some in pool.map(post_some, range(WRITERS)) for one in some]
    assert [one.accepted for one in done] == [1] * (WRITERS * ORDERS_EACH)
    # Six orders an instant, shown together.
    left = [stock for _, stock, _ in stock_of(either)]
    assert left[0] == 100
    assert left[1:] == [100 - WRITERS * (n + 1) for n in range(ORDERS_EACH) for _ in range(WRITERS)]


def test_versions_of_one_order_at_once_leave_the_latest(either: Store) -> None:
    def post_one(number: int) -> Posted:
        return post_orders(either, order("o1", status="shipped", status_at=hour(20 + number)))

    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(post_one, range(2 * WRITERS)))
    assert all(one.accepted == 1 for one in done)
    (shown,) = rows_of(either, ORDERS)
    kept = rows_of(either, ORDER_VERSIONS)
    assert shown["status_at"] > max(row["status_at"] for row in kept)
    assert len(kept) == 2 * WRITERS - 1


def test_events_at_once_count_once(either: Store) -> None:
    rows = [{"event_id": f"e{n}", "type": "view_item", "session_id": "s"} for n in range(50)]

    def post_all(writer: int) -> Posted:
        return post(either, schema.EVENTS, rows[writer:] + rows[:writer], AT)

    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(post_all, range(WRITERS)))
    assert sum(one.accepted for one in done) == len(rows)
    assert sum(one.duplicates for one in done) == len(rows) * (WRITERS - 1)
    assert len(rows_of(either, EVENTS)) == len(rows)
