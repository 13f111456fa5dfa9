"""The documents of the shop of sixty orders and two hundred messages, held to the hand counts.

Repeat orders by the mailing before them (see `test_message_kpis.py`): digest o16 o17 o40 o41 o49
o50, accessories o18 o30 o19 o20 o33 o34 o35, win-back o29 o31 o32 o47 o48; the other eleven of the
29 came on their own. Eight customers wrote a review or gave a rating.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nba
from nba.data.shop import Shop
from nba.measure.message_kpis import SUMS, MessageSums
from nba.measure.report import definitions, layout
from nba.measure.report.documents import cohorts_document, kpis_document
from nba.measure.report.source import Plan, Source
from nba.measure.report.words import DASH
from nba.palette import SEGMENT_LOOKS
from tests.effort import times
from tests.golden.log_messages import event_rows, log_history, message_rows, reply_rows
from tests.golden.log_shop import ACQUISITION_COSTS, shop_catalog
from tests.golden.test_kpis import told_traffic
from tests.golden.test_lifetime import PROFIT
from tests.golden.test_message_kpis import ACCESSORIES, DIGEST, WHOLE, WIN_BACK
from tests.segmented import profiles
from tests.unit.measure.report.defined import undefined

KINDS = {"digest": "broadcast", "win-back": "segment", "accessories": "personal"}


COSTS = profiles(
    *({"customer_id": one, "acquisition_cost": cost} for one, cost in ACQUISITION_COSTS.items())
)


def told(history):
    """Add the visits and the costs of customers to a history."""
    return replace(
        history, told=replace(history.told, traffic=told_traffic, profiles=lambda: COSTS)
    )


@pytest.fixture(scope="module")
def source():
    history, catalog = told(log_history()), shop_catalog()
    snapshot = nba.train(history, catalog, nba.TrainConfig(seed=7))
    return Source(Shop(Path("no-such-shop"), history, catalog), snapshot, Plan(kinds=KINDS))


@pytest.fixture(scope="module")
def kpis(source):
    return kpis_document(source)


@pytest.fixture(scope="module")
def cohorts(source):
    return cohorts_document(source)


def test_the_figures_that_others_call_by_name_stand_flat_at_the_top(kpis):
    counted = {
        "orders": 53,
        "customers": 20,
        "revenue": 135_900,
        "average_order_value": 135_900 / 53,
        "repeat_purchase_rate": 0.85,
        "purchase_frequency": 2.45,
        "customer_retention_rate": None,
        "churn_rate": None,
        "repeat_revenue_share": 58_000 / 135_900,
        "lifetime_value": 2817,
        "profit": 60_940,
        "visits": 5000,
        "spend": 32_000,
        "conversion": 53 / 5000,
        "attribution_days": 7,
        "as_of": "2026-05-01T00:00:00Z",
    }
    assert {name: kpis[name] for name in counted} == counted
    assert [one["orders"] for one in kpis["months"]] == [14, 13, 13, 13]
    assert [one["revenue"] for one in kpis["months"]] == [43_100, 33_000, 31_600, 28_200]


def test_every_message_has_a_row_as_counted(kpis):
    rows = {one["message"]: one for one in kpis["messages"]}
    assert set(rows) == {"accessories", "digest", "win-back"}
    for name, sums in (("accessories", ACCESSORIES), ("digest", DIGEST), ("win-back", WIN_BACK)):
        assert rows[name] == {"message": name, **sums.to_dict()}
    assert list(rows["digest"])[:9] == [
        *("message", "sent", "delivered", "opened", "clicked", "useful", "unsubscribed"),
        *("useful_per_message", "unsubscribed_per_message"),
    ]
    assert rows["digest"]["useful_per_message"] == 17 / 94
    assert kpis["messages_total"] == WHOLE.to_dict()


def test_segments_are_shown_by_what_people_call_them(kpis):
    shown = layout.sections(kpis, {"experiments": [], "hypotheses": []}, (), ())
    (table,) = (
        one for part in shown for one in part.tables if one.title == "By segment of the customer"
    )
    ids = [one["segment"] for one in kpis["message_slices"]["by_segment"]]
    assert any(one in SEGMENT_LOOKS for one in ids)
    assert [row[0] for row in table.rows] == [
        DASH if one is None else SEGMENT_LOOKS[one].label for one in ids
    ]


def test_every_kind_of_slice_adds_up_to_all_messages(kpis):
    slices = {"by_message": kpis["messages"], **kpis["message_slices"]}
    assert set(slices) == {
        *("by_message", "by_variant", "by_channel", "by_month", "by_week", "by_segment"),
        "by_level",
    }
    for name, rows in slices.items():
        sums = [MessageSums(*(one[sum_] for sum_ in SUMS)) for one in rows]
        assert sum(sums, MessageSums()) == WHOLE, name
    assert {one["level"]: one["sent"] for one in slices["by_level"]} == {
        "broadcast": 100,
        "segment": 40,
        "personal": 60,
    }


def test_parts_are_those_counted_elsewhere(kpis):
    assert [one["cumulative_profit"] for one in kpis["lifetime"]["cohorts"]] == [
        list(one) for one in PROFIT[:3]
    ]
    assert kpis["lifetime"]["profit_per_buyer"] == 35_840 / 19
    assert kpis["lifetime"]["expected"]["lifetime_value"] == 2817
    low, mean, high = (
        kpis["lifetime"]["expected"][name]
        for name in ("profit_to_come_low", "profit_to_come", "profit_to_come_high")
    )
    assert 0 < low < mean < high
    assert kpis["return_intervals"]["median_days"] == 31
    assert [(one["path"], one["orders"], one["revenue"]) for one in kpis["return_paths"]] == [
        ("own", 11, 58_000 - 34_400),
        ("accessories", 7, 13_400),
        ("digest", 6, 12_000),
        ("win-back", 5, 9_000),
    ]
    assert [(one["status"], one["last"]) for one in kpis["status_repeats"]] == [
        ("delivered", 49),
        ("cancelled", 4),
        ("returned", 2),
    ]


def test_the_last_months_and_the_first_are_split_into_factors(kpis):
    assert kpis["factors"]["month"] == "2026-04"
    assert kpis["factors"]["profit"] == 13_700
    # Twelve customers and a guest, of 1300 visits.
    assert kpis["factors"]["conversion"] == 13 / 1300
    change = kpis["change"]
    assert (change["before_month"], change["after_month"]) == ("2026-03", "2026-04")
    assert change["change"] == 13_700 - 14_500
    begun = kpis["point_a"]
    assert (begun["baseline"]["orders"], begun["now"]["orders"]) == (14, 13)
    assert begun["change"]["change"] == 13_700 - 18_200
    assert sum(begun["change"]["parts"].values()) == pytest.approx(13_700 - 18_200)


def test_customers_stand_in_the_funnels_where_they_got_furthest(kpis):
    reached = {
        name: {stage["name"]: stage["reached"] for stage in stages}
        for name, stages in kpis["funnels"].items()
    }
    assert reached["five_stages"]["awareness"] == 20
    assert reached["five_stages"]["purchase"] == 20
    # The seventeen with two orders, and c07, who wrote a review after one.
    assert reached["five_stages"]["loyalty"] == 18
    assert reached["aida"]["advocacy"] == reached["seven_stages"]["advocacy"] == 8


def test_what_others_claim_stands_beside_our_figures(kpis):
    ours = {one["figure"]: (one["low"], one["high"], one["ours"]) for one in kpis["claims"]}
    assert ours["repeat_revenue_share"] == (0.65, 0.65, 58_000 / 135_900)
    assert ours["conversion"] == (0.01, 0.03, 53 / 5000)
    assert all(one["text"] and one["source"] for one in kpis["claims"])


def test_cohorts_are_those_counted(cohorts):
    active = {(one["month"], one["months_since"]): one["active"] for one in cohorts["cohorts"]}
    # In February c01 to c05 and c08; in March c01 c02 c03 c05 c09 c10, c13 c14; and so on.
    assert active == {
        ("2026-01", 0): 12,
        ("2026-01", 1): 6,
        ("2026-01", 2): 6,
        ("2026-01", 3): 7,
        ("2026-02", 0): 4,
        ("2026-02", 1): 2,
        ("2026-02", 2): 2,
        ("2026-03", 0): 3,
        ("2026-03", 1): 2,
        ("2026-04", 0): 1,
    }
    # Four months are too few to say that newer customers die faster.
    assert cohorts["alarms"] == []


def test_documents_are_json_and_every_number_is_defined(kpis, cohorts):
    for one, sections in ((kpis, definitions.KPIS), (cohorts, definitions.COHORTS)):
        assert json.loads(json.dumps(one, allow_nan=False)) == one
        assert undefined(one, sections) == set()


@settings(max_examples=times(2, 50), deadline=None)
@given(draw=st.randoms(use_true_random=False))
def test_duplicates_and_late_events_change_nothing(source, kpis, draw):
    tables = []
    for rows in (message_rows(), event_rows(), reply_rows()):
        again = rows + draw.choices(rows, k=len(rows) // 2)
        draw.shuffle(again)
        tables.append(again)
    again = replace(source, shop=replace(source.shop, history=told(log_history(*tables))))
    assert kpis_document(again) == kpis
