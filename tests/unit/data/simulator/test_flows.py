"""Orders and products over time: statuses that may follow each other, and the latest view."""

from __future__ import annotations

from itertools import groupby

from nba.statuses import illegal_jumps


def test_every_order_takes_one_of_the_flows(ask):
    rows = ask('SELECT order_id, status FROM order_statuses ORDER BY order_id, "at"')
    jumps = [
        (order_id, jump)
        for order_id, steps in groupby(rows, key=lambda row: row[0])
        for jump in illegal_jumps(status for _, status in steps)
    ]
    assert jumps == []


def test_no_two_statuses_of_an_order_share_an_instant(ask):
    assert (
        ask('SELECT order_id FROM order_statuses GROUP BY order_id, "at" HAVING count(*) > 1') == []
    )


def test_an_order_shows_the_latest_of_its_statuses(ask):
    assert ask("""
        SELECT count(*) FROM orders JOIN (
            SELECT order_id, arg_max(status, "at") AS last, max("at") AS last_at,
                min("at") AS first_at, max("at") FILTER (status = 'delivered') AS arrived_at
            FROM order_statuses GROUP BY order_id) USING (order_id)
        WHERE status <> last OR status_at <> last_at OR ordered_at <> first_at
            OR delivered_at IS DISTINCT FROM arrived_at""") == [(0,)]


def test_all_three_flows_and_all_thirteen_statuses_occur(ask):
    begins = ask("""
        SELECT DISTINCT first FROM (SELECT arg_min(status, "at") AS first FROM order_statuses
            GROUP BY order_id) ORDER BY first""")
    assert begins == [("awaiting_payment",), ("pending_confirmation",)]
    assert ask("SELECT count(DISTINCT status) FROM order_statuses") == [(13,)]


def test_delays_have_a_reason_and_shipments_a_number(ask):
    rows = ask("""
        SELECT status, count(*), count(reason), count(tracking) FROM order_statuses
        GROUP BY status""")
    for status, times, reasons, numbers in rows:
        has_reason = status in ("delayed", "cancelled", "returned")
        assert reasons == (times if has_reason else 0)
        assert numbers == (times if status == "shipped" else 0)


def test_goods_come_back_with_returned_orders_only(ask):
    assert ask("""
        SELECT count(*) FROM (SELECT status, sum(returned_quantity) AS back, sum(quantity) AS sold
            FROM orders JOIN order_lines USING (order_id) GROUP BY order_id, status)
        WHERE (back > 0) <> (status = 'returned') OR back > sold""") == [(0,)]
    partial = ask("""
        SELECT count(*) FILTER (back < sold), count(*) FROM (
            SELECT sum(returned_quantity) AS back, sum(quantity) AS sold
            FROM orders JOIN order_lines USING (order_id) WHERE status = 'returned'
            GROUP BY order_id)""")[0]
    assert 0 < partial[0] < partial[1]


def test_test_orders_are_few_and_marked(ask):
    share = ask("SELECT avg(is_test::INT) FROM orders")[0][0]
    assert 0.001 < share < 0.006


def test_products_are_the_latest_of_their_states(ask):
    assert ask("""
        SELECT count(*) FROM products JOIN (
            SELECT product_id, arg_max(struct_pack(a := availability, b := stock, c := price,
                d := sale_price, e := sale_until), "at") AS last
            FROM product_states GROUP BY product_id) USING (product_id)
        WHERE struct_pack(a := availability, b := stock, c := price, d := sale_price,
            e := sale_until) IS DISTINCT FROM last""") == [(0,)]
    assert ask("SELECT count(DISTINCT product_id) FROM product_states") == ask(
        "SELECT count(*) FROM products"
    )


def test_products_begin_when_published_and_end_when_discontinued(ask):
    assert ask("""
        SELECT count(*) FROM products JOIN (SELECT product_id, min("at") AS first
            FROM product_states GROUP BY product_id) USING (product_id)
        WHERE first <> published_at
            OR (availability = 'discontinued') <> (discontinued_at IS NOT NULL)
            OR (availability IN ('out_of_stock', 'discontinued') AND stock <> 0)""") == [(0,)]


def test_a_sale_asks_less_than_the_price(ask):
    assert ask("SELECT count(*) FROM product_states WHERE sale_price >= price") == [(0,)]
    assert ask("""
        SELECT count(*) FROM product_states
        WHERE (sale_price IS NULL) <> (sale_until IS NULL) OR sale_until <= "at" """) == [(0,)]
