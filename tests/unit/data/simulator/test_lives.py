"""Customers, guests, consents, messages and events: what holds of every simulated life."""

from __future__ import annotations

import pytest


def test_guests_have_no_customer_but_a_visit(ask):
    guests = ask("SELECT count(*) FROM orders WHERE customer_id IS NULL")[0][0]
    orders = ask("SELECT count(*) FROM orders")[0][0]
    assert guests / orders == pytest.approx(0.11, abs=0.02)
    rows = ask("""
        SELECT count(*), count(events.customer_id), count(session_id) FROM events
        JOIN orders USING (order_id) WHERE type = 'purchase' AND orders.customer_id IS NULL""")
    purchases, named, visits = rows[0]
    assert purchases == visits > 0
    assert named == 0


def test_each_customer_orders_at_most_once_a_day(ask):
    assert (
        ask("""
        SELECT customer_id FROM orders WHERE customer_id IS NOT NULL
        GROUP BY customer_id, CAST(ordered_at AS DATE) HAVING count(*) > 1""")
        == []
    )


def test_who_has_left_buys_no_more(ask):
    assert ask("""
        SELECT count(*) FROM orders JOIN true_customers USING (customer_id)
        WHERE ordered_at > lost_at + INTERVAL 1 DAY""") == [(0,)]


def test_nobody_orders_before_joining(ask):
    assert ask("""
        SELECT count(*) FROM orders JOIN customers USING (customer_id)
        WHERE ordered_at < created_at - INTERVAL 1 DAY""") == [(0,)]


def test_companies_order_on_weekdays_and_more_at_a_time(ask):
    rows = ask("""
        SELECT account_type, avg((dayofweek(ordered_at) IN (0, 6))::INT), avg(lines), avg(pieces)
        FROM orders JOIN (SELECT order_id, count(*) AS lines, avg(quantity) AS pieces
            FROM order_lines GROUP BY order_id) USING (order_id)
        GROUP BY account_type""")
    found = {account: numbers for account, *numbers in rows}
    assert found["b2b"][0] < 0.1 < found["b2c"][0]
    assert found["b2b"][1] > found["b2c"][1]
    assert found["b2b"][2] > found["b2c"][2]


def test_regular_customers_order_more_evenly(ask):
    rows = ask("""
        WITH gaps AS (
            SELECT customer_id, archetype, epoch(ordered_at - lag(ordered_at) OVER (
                PARTITION BY customer_id ORDER BY ordered_at)) AS gap
            FROM (SELECT DISTINCT order_id, customer_id, ordered_at FROM bought WHERE cause = 'own')
            JOIN true_customers USING (customer_id)),
        spread AS (
            SELECT archetype, stddev(gap) / avg(gap) AS variation FROM gaps
            WHERE gap IS NOT NULL GROUP BY archetype, customer_id HAVING count(*) >= 12)
        SELECT archetype, avg(variation) FROM spread GROUP BY archetype""")
    variation = dict(rows)
    assert variation["company"] < variation["gamer"]
    assert variation["homemaker"] < variation["gadget_fan"]


def test_an_unsubscribe_withdraws_the_consent_of_its_channel(ask):
    rows = ask("""
        SELECT count(*), count(consents.customer_id) FROM message_events
        LEFT JOIN consents ON consents.customer_id = message_events.customer_id
            AND consents.channel = message_events.channel AND consents.at = message_events.at
            AND NOT granted
        WHERE type = 'unsubscribed'""")
    unsubscribes, withdrawn = rows[0]
    assert unsubscribes == withdrawn > 0


def test_nothing_is_sent_without_a_consent_that_holds(ask):
    assert ask("""
        SELECT count(*) FROM messages ASOF LEFT JOIN (SELECT *, "at" AS since FROM consents) c
            ON messages.customer_id = c.customer_id AND messages.channel = c.channel
            AND messages.decided_at > c.since
        WHERE messages.channel IS NOT NULL AND coalesce(granted, FALSE) = FALSE""") == [(0,)]


def test_propensities_say_how_often_each_choice_was_made(ask):
    rows = ask("""
        SELECT holdout, message = 'none', propensity, count(*) FROM messages GROUP BY ALL""")
    counts = {row[:2]: row[2:] for row in rows}
    assert set(counts) == {(False, False), (False, True), (True, True)}
    sent, silent = counts[False, False], counts[False, True]
    assert sent[0] == 0.8
    assert silent[0] == pytest.approx(0.2)
    assert sent[1] / (sent[1] + silent[1]) == pytest.approx(0.8, abs=0.015)


def test_message_events_come_in_their_order(ask):
    assert ask("""
        WITH firsts AS (PIVOT (SELECT message_id, type, min("at") AS first FROM message_events
                WHERE NOT is_machine GROUP BY ALL)
            ON type USING min(first) GROUP BY message_id)
        SELECT count(*) FROM firsts
        WHERE delivered < sent OR opened < delivered OR clicked < delivered OR useful <= clicked
            OR bounced < sent OR (bounced IS NOT NULL AND useful IS NOT NULL)
    """) == [(0,)]


def test_answers_are_more_frequent_where_the_message_is_due(ask):
    useful = dict(
        ask("""
        SELECT message, avg((useful.message_id IS NOT NULL)::INT) FROM messages
        LEFT JOIN (SELECT DISTINCT message_id FROM message_events WHERE type = 'useful') useful
            USING (message_id)
        WHERE message <> 'none' GROUP BY message""")
    )
    assert useful["cart-reminder"] > useful["service-rating"] > useful["digest"]


def test_a_purchase_because_of_a_message_follows_one(ask):
    rows = ask("""
        SELECT count(*), count(m.message_id) FROM (
            SELECT * FROM bought WHERE cause = 'message') b
        LEFT JOIN (SELECT customer_id, message_id, decided_at,
            unnest(string_split(products, ',')) AS product_id
            FROM messages WHERE message <> 'none') m
        ON m.customer_id = b.customer_id AND m.product_id = b.product_id
            AND b.ordered_at > m.decided_at AND b.ordered_at < m.decided_at + INTERVAL 8 DAY""")
    assert rows[0][1] >= rows[0][0] > 0


def test_no_message_has_an_anchor_that_does_not_exist(ask):
    assert ask("""
        SELECT count(*) FROM messages WHERE anchor LIKE 'o%'
            AND anchor NOT IN (SELECT order_id FROM orders)""") == [(0,)]
    assert ask("""
        SELECT count(*) FROM messages WHERE anchor LIKE 'e%'
            AND anchor NOT IN (SELECT event_id FROM events)""") == [(0,)]
    assert ask("SELECT count(*) FROM messages WHERE anchor IS NULL") == [(0,)]


def test_waiting_lists_wait_for_what_is_out_of_stock(ask):
    assert ask("""
        SELECT DISTINCT availability FROM (SELECT product_id, "at" FROM events
            WHERE type = 'back_in_stock_subscribe') e
        ASOF JOIN product_states s ON e.product_id = s.product_id AND e.at >= s.at""") == [
        ("out_of_stock",)
    ]


def test_nobody_orders_what_cannot_be_ordered(ask):
    found = ask("""
        SELECT DISTINCT availability FROM bought b
        ASOF JOIN product_states s ON b.product_id = s.product_id AND b.ordered_at >= s.at""")
    assert {availability for (availability,) in found} <= {"in_stock", "preorder", "backorder"}
    assert ask("""
        SELECT count(*) FROM bought JOIN products USING (product_id)
        WHERE ordered_at < published_at""") == [(0,)]


def test_lines_ask_the_price_of_their_instant(ask):
    assert ask("""
        SELECT count(*) FROM (SELECT * FROM order_lines JOIN orders USING (order_id)) o
        ASOF JOIN product_states s ON o.product_id = s.product_id AND o.ordered_at >= s.at
        WHERE unit_price <> coalesce(s.sale_price, s.price)""") == [(0,)]


def test_needs_reach_beyond_the_end_for_those_who_stay(ask):
    later, last = ask("""
        SELECT count(*), max(opens_at) FROM true_needs JOIN true_customers USING (customer_id)
        WHERE opens_at >= TIMESTAMP '2026-06-30' AND lost_at IS NULL""")[0]
    assert later > 500
    assert str(last) > "2027-05"
    assert ask("""
        SELECT count(*) FROM true_needs WHERE opens_at > due_at OR opens_at >= closes_at
    """) == [(0,)]


def test_every_event_type_that_is_modelled_occurs(ask):
    found = {name for (name,) in ask("SELECT DISTINCT type FROM events")}
    assert found == {
        *("view_item", "add_to_cart", "remove_from_cart", "add_to_wishlist"),
        *("remove_from_wishlist", "back_in_stock_subscribe", "begin_checkout", "purchase"),
        *("refund", "sign_up", "review", "rating", "survey", "complaint", "merge"),
    }
