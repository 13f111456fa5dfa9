"""What is planted can be found again: lags, shares, baskets, chains, rhythms, and the traps."""

from __future__ import annotations

import pytest

LAGS = """
    SELECT main_type, accessory_type, lag_days,
        median(epoch(second.ordered_at - first.delivered_at)) / 86400 AS found, count(*) AS times
    FROM true_accessories
    JOIN bought second ON second.type = accessory_type AND second.cause = relation
    JOIN bought first ON first.customer_id = second.customer_id AND first.type = main_type
        AND first.product_id = second.main_product_id AND first.delivered_at < second.ordered_at
    GROUP BY ALL HAVING times >= 25 ORDER BY main_type, accessory_type"""


def test_the_contract_of_the_planted_pairs_holds(ask):
    pairs = ask("SELECT main_type, accessory_type, lag_days, share, relation FROM true_accessories")
    assert len(pairs) >= 40
    assert len({pair[:2] for pair in pairs}) == len(pairs)
    lags = {pair[:2]: pair[2] for pair in pairs}
    assert lags["laptop", "laptop case"] == 7
    assert lags["phone", "phone battery"] == 270
    assert all(0.05 <= share <= 0.25 for *_, share, _ in pairs)
    assert {relation for *_, relation in pairs} == {"accessory", "spare_part"}


def test_a_fifth_of_the_pair_list_are_decoys(ask):
    planted = ask("SELECT main_type, accessory_type FROM true_accessories")
    planted += ask("SELECT first_type, second_type FROM true_together")
    decoys = ask("SELECT first_type, second_type FROM true_decoys")
    assert len(decoys) / len(planted + decoys) == pytest.approx(0.2)
    assert not {frozenset(pair) for pair in decoys} & {frozenset(pair) for pair in planted}
    assert {why for (why,) in ask("SELECT why FROM true_decoys")} == {
        "season",
        "popularity",
        "same_customers",
        "same_day_promotion",
    }


def test_the_median_lag_of_short_pairs_is_found_from_the_delivery_on(ask):
    found = [row for row in ask(LAGS) if row[2] <= 60]
    assert len(found) >= 10
    for main, accessory, planted, days, _ in found:
        assert days == pytest.approx(planted, rel=0.4, abs=1.5), (main, accessory)
    assert {("laptop", "laptop case"), ("phone", "phone case")} <= {row[:2] for row in found}


def test_a_battery_comes_nine_months_after_its_phone(ask):
    needs = ask("""
        SELECT median(epoch(due_at - since)) / 86400 FROM true_needs JOIN true_owners
            ON true_needs.customer_id = true_owners.customer_id AND main_product_id = product_id
        JOIN true_customers ON true_customers.customer_id = true_needs.customer_id
        WHERE lost_at IS NULL AND product_type = 'phone battery' AND kind = 'spare_part'
            AND type = 'phone' AND due_at > since AND since < TIMESTAMP '2025-09-01'""")
    assert needs[0][0] == pytest.approx(270, rel=0.1)


def test_needs_touch_the_planted_share_of_the_owners(ask):
    rows = ask("""
        WITH alive AS (
            SELECT true_owners.* FROM true_owners JOIN true_customers USING (customer_id)
            WHERE lost_at IS NULL),
        touched AS (
            SELECT DISTINCT customer_id, main_product_id, product_type FROM true_needs
            WHERE kind IN ('accessory', 'spare_part'))
        SELECT share, count(*) AS owners, count(touched.customer_id) / count(*) AS found
        FROM true_accessories JOIN alive ON type = main_type LEFT JOIN touched
            ON touched.customer_id = alive.customer_id AND product_type = accessory_type
            AND main_product_id = product_id
        WHERE lag_days <= 200 GROUP BY ALL HAVING owners >= 150""")
    assert len(rows) >= 5
    for share, owners, found in rows:
        assert abs(found - share) < 4 * (share * (1 - share) / owners) ** 0.5 + 0.01


def test_pairs_have_a_direction(ask):
    """Owners of a laptop buy cases after it; buyers of a case do not buy laptops after that."""
    after, before = ask("""
        SELECT count(*) FILTER (second.ordered_at > first.delivered_at),
            count(*) FILTER (second.ordered_at < first.ordered_at)
        FROM bought first JOIN bought second USING (customer_id) JOIN customers USING (customer_id)
        WHERE account_type = 'b2c' AND first.type = 'laptop' AND second.type = 'laptop case'
            AND abs(epoch(second.ordered_at - first.ordered_at)) < 30 * 86400
    """)[0]
    assert after > 2 * before


def test_noise_outnumbers_what_is_planted(ask):
    causes = dict(ask("SELECT cause, count(*) FROM true_causes GROUP BY cause"))
    assert causes["own"] > 0.7 * sum(causes.values())
    assert set(causes) == {
        *("own", "together", "accessory", "spare_part", "refill", "replacement"),
        *("message", "decoy", "wish", "cart", "waitlist"),
    }


def test_needed_accessories_fit_the_model_they_are_bought_for(ask):
    misfits = ask("""
        SELECT count(*) FILTER (NOT list_contains(string_split(compatible_with, ','), main.model)),
            count(*)
        FROM bought JOIN products USING (product_id)
            JOIN true_products main ON main.product_id = main_product_id
            JOIN true_accessories ON main_type = main.type AND accessory_type = bought.type
        WHERE needs_model AND cause IN ('accessory', 'spare_part')""")
    assert misfits[0][0] == 0
    assert misfits[0][1] > 100


def test_what_products_say_they_fit_is_there(ask):
    tokens = {token for (token,) in ask("SELECT model FROM true_products WHERE model IS NOT NULL")}
    groups = {group for (group,) in ask("SELECT product_group_id FROM products")}
    fits = ask("SELECT compatible_with, accessory_for FROM products WHERE compatible_with <> ''")
    assert len(fits) > 500
    for models, mains in fits:
        assert set(models.split(",")) <= tokens
        assert mains is None or set(mains.split(",")) <= groups


def test_baskets_with_the_first_of_a_pair_hold_the_second_more_often(ask):
    rows = ask("""
        SELECT share, count(*) AS times, count(second.order_id) / count(*) AS found
        FROM true_together JOIN bought first ON first.type = first_type AND first.cause = 'own'
            LEFT JOIN (SELECT DISTINCT order_id, type FROM bought WHERE cause = 'together') second
            ON second.order_id = first.order_id AND second.type = second_type
        GROUP BY first_type, second_type, share HAVING times >= 150""")
    assert len(rows) >= 5
    for share, times, found in rows:
        assert abs(found - share) < 4 * (share * (1 - share) / times) ** 0.5 + 0.03


def test_decoys_meet_as_often_as_planted_pairs(ask):
    planted, decoys = (
        ask(f"""
            SELECT count(*) / count(DISTINCT (a, b)) FROM ({pairs})
            JOIN bought first ON first.type = a
            JOIN bought second ON second.type = b AND second.customer_id = first.customer_id
            WHERE second.ordered_at BETWEEN first.ordered_at AND first.ordered_at + INTERVAL 90 DAY
        """)[0][0]
        for pairs in (
            "SELECT main_type AS a, accessory_type AS b FROM true_accessories",
            "SELECT first_type AS a, second_type AS b FROM true_decoys",
        )
    )
    assert decoys > planted


def test_decoys_of_a_season_meet_in_their_months(ask):
    inside = ask("""
        SELECT avg((month(ordered_at) IN (6, 7, 8))::INT) FROM bought
        WHERE cause = 'decoy' AND type IN ('fan', 'cool box')""")
    assert inside[0][0] == 1


def test_chains_lead_on_and_some_close_on_themselves(ask):
    loops = ask("SELECT count(*) FROM true_successors WHERE is_loop")[0][0]
    assert loops > 0
    said = {
        (before, product)
        for product, others in ask("SELECT product_id, successor_of FROM products")
        if others
        for before in others.split(",")
    }
    assert said == set(ask("SELECT product_id, successor_id FROM true_successors"))
    gaps = ask("""
        SELECT count(*) FROM true_successors s JOIN products old ON old.product_id = s.product_id
            JOIN products new ON new.product_id = s.successor_id
        WHERE abs(gap_days - epoch(new.published_at - old.discontinued_at) / 86400) > 1""")
    assert gaps == [(0,)]
    some = ask("SELECT min(gap_days), max(gap_days) FROM true_successors WHERE NOT is_loop")[0]
    assert some[0] < 0 < some[1]


def test_a_loop_never_leads_out_of_itself(ask):
    after: dict[str, list[str]] = {}
    for product, successor in ask("SELECT product_id, successor_id FROM true_successors"):
        after.setdefault(product, []).append(successor)
    for last, first in ask("SELECT product_id, successor_id FROM true_successors WHERE is_loop"):
        step, seen = first, {first}
        while step != last:
            step = next(one for one in after[step] if one not in seen)
            seen.add(step)
        assert 2 <= len(seen) <= 4


def test_refills_keep_the_interval_of_their_type(ask):
    rows = ask("""
        WITH due AS (
            SELECT product_type, epoch(due_at - lag(due_at) OVER (
                PARTITION BY customer_id, product_type ORDER BY due_at)) / 86400 AS days
            FROM true_needs WHERE kind = 'refill')
        SELECT refill_days, median(days), count(*) FROM due
        JOIN (SELECT DISTINCT type, refill_days FROM true_products) ON type = product_type
        WHERE days IS NOT NULL GROUP BY product_type, refill_days HAVING count(*) >= 40""")
    assert len(rows) >= 8
    for planted, found, _ in rows:
        assert found == pytest.approx(planted, rel=0.35)


def test_popularity_has_a_heavy_tail(ask):
    share = ask("""
        WITH sold AS (SELECT count(*) AS times FROM bought GROUP BY product_id)
        SELECT sum(times) FILTER (place <= total / 10) / sum(times) FROM (
            SELECT times, row_number() OVER (ORDER BY times DESC) AS place,
                count(*) OVER () AS total FROM sold)""")[0][0]
    assert 0.3 < share < 0.8
