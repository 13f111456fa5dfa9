from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from nba.data.events import Events
from nba.data.readers import connect
from nba.data.traffic import Traffic
from nba.domain import Ids, Texts
from nba.measure.kpis import DEFINITIONS
from nba.measure.report import definitions
from nba.measure.report.documents import (
    COHORTS,
    MONTHS,
    cohorts_document,
    experiments_document,
    kpis_document,
    read_experiments,
)
from nba.measure.visitors import VisitSplit
from nba.vocabulary import EVENT_TYPES
from tests.architecture.rules import REPO
from tests.shops import SIX_ORDERS, day, history, random_orders
from tests.unit.measure.report.defined import undefined
from tests.unit.measure.report.sources import source_of

SHIPPED = REPO / "models/experiments"
EMPTY = {
    "no order": (),
    "one order": SIX_ORDERS[:1],
    "one guest": (("g1", None, 0, ["tea"]),),
    "six orders": SIX_ORDERS,
}


@pytest.fixture(scope="module", params=EMPTY)
def small(request):
    return source_of(EMPTY[request.param])


def test_a_shop_of_next_to_nothing_has_all_documents(small):
    trials = read_experiments(SHIPPED)
    written = (
        kpis_document(small, experiments=trials),
        cohorts_document(small),
        experiments_document(small, trials),
    )
    for one in written:
        assert json.loads(json.dumps(one, allow_nan=False)) == one
    kpis, cohorts, experiments = written
    assert set(DEFINITIONS) <= set(kpis)
    assert kpis["messages"] == kpis["incremental"] == cohorts["alarms"] == []
    assert kpis["messages_total"]["useful_per_message"] is None
    assert kpis["visit_split"]["contactable_share"] is kpis["conversion"] is None
    assert kpis["currency"] == "EUR"
    assert [one["verdict"]["word"] for one in experiments["experiments"]] == ["wait"]


def test_without_orders_what_is_a_share_of_them_is_null():
    kpis = kpis_document(source_of(()))
    assert (kpis["orders"], kpis["revenue"], kpis["months"]) == (0, 0, [])
    for name in ("average_order_value", "repeat_purchase_rate", "lifetime_value", "churn_rate"):
        assert kpis[name] is None
    assert kpis["factors"] is kpis["change"] is kpis["point_a"] is None
    assert kpis["lifetime"]["cohorts"] == kpis["return_paths"] == kpis["status_repeats"] == []


def test_every_number_has_a_line_that_says_what_it_is():
    # Two years, in which somebody new comes in most months, so that alarms are looked for.
    orders = [
        (f"o{number}", customer, 7 * at, products)
        for number, (_, customer, at, products) in enumerate(random_orders(1, orders=600))
    ]
    source = source_of(orders)
    trials = read_experiments(SHIPPED)
    kpis = kpis_document(source, experiments=trials)
    assert undefined(kpis, definitions.KPIS) == set()
    cohorts = cohorts_document(source)
    assert cohorts["alarms"]
    assert undefined(cohorts, definitions.COHORTS) == set()
    experiments = experiments_document(source, trials)
    assert undefined(experiments, definitions.EXPERIMENTS) == set()


def test_a_name_that_means_two_things_has_a_line_for_each():
    told = definitions.merged({"": {"orders": "all"}, "messages": {"orders": "some", "sent": "s"}})
    assert told == {"orders": "all", "messages.orders": "some", "sent": "s"}
    whole = definitions.merged(definitions.KPIS)
    assert whole["orders"] == DEFINITIONS["orders"]
    assert whole["messages.orders"] != whole["orders"]
    assert whole["funnels.conversion"] != whole["factors.conversion"] != whole["conversion"]


@pytest.mark.parametrize("odd", [-13_000, 26_000], ids=["1990", "2097"])
def test_one_order_far_away_in_time_makes_no_thousand_months(odd):
    # Of two years with some new customers a month, and one order of another age.
    orders = [(f"o{one}", f"c{one // 3}", 4 * one, ["tea"]) for one in range(180)]
    source = source_of([*orders, ("odd", "odd", odd, ["tea"])])
    kpis, cohorts = kpis_document(source), cohorts_document(source)
    assert (kpis["orders"], kpis["customers"]) == (181, 61)
    assert len(kpis["months"]) == MONTHS
    assert kpis["left_out_months"] == len(source.kpis.months) - MONTHS > 300
    # All months with new customers, each as long as the others at most.
    months = {one["month"] for one in cohorts["cohorts"]}
    assert (len(months), cohorts["left_out_cohorts"]) == (25, 0)
    assert all(one["customers"] and one["months_since"] < MONTHS for one in cohorts["cohorts"])
    assert sum(one["customers"] for one in cohorts["cohorts"] if not one["months_since"]) == 61
    for document, sections in ((kpis, definitions.KPIS), (cohorts, definitions.COHORTS)):
        assert len(json.dumps(document)) < 1_000_000
        assert undefined(document, sections) == set()


def test_cohorts_before_the_latest_sixty_are_counted_and_left_out():
    orders = [(f"o{one}", f"c{one}", 30.5 * one, ["tea"]) for one in range(63)]
    source = source_of(orders)
    document = cohorts_document(source)
    months = sorted({one["month"] for one in document["cohorts"]})
    # Sixty-three months, each with an order.
    assert (len(months), document["left_out_cohorts"]) == (COHORTS, 3)
    assert months[-1] == "2031-03"
    kpis = kpis_document(source)
    assert kpis["left_out_months"] == 0
    assert sum(one["orders"] for one in kpis["months"]) == kpis["orders"] == 63


def test_definitions_of_all_documents_stand_side_by_side():
    told = definitions.everything()
    for sections in (definitions.KPIS, definitions.COHORTS, definitions.EXPERIMENTS):
        for section, lines in sections.items():
            for name, line in lines.items():
                assert told.get(f"{section}.{name}", told.get(name)) == line, (section, name)
    # What the interval of a message means is not what that of a comparison does.
    ends = {told[f"{section}.low"] for section in ("comparisons", "claims", "hypotheses")}
    assert len(ends | {told["low"]}) == 4


# Session, day, customer: dan never bought; nobody is known in s4.
SESSIONS = (("s1", 1, "ann"), ("s2", 1, "dan"), ("s3", 2, "eve"), ("s4", 2, None))


def visited(traffic=()):
    """Give the six orders with sessions and with visits, a day and its count each."""
    ids = Ids.of(one for *_, one in SESSIONS if one)
    events = Events(
        Ids.of(one for one, *_ in SESSIONS),
        Ids.of([]),
        ids,
        np.full(len(SESSIONS), EVENT_TYPES.index("view_item"), np.int8),
        np.array([day(at) for _, at, _ in SESSIONS], "datetime64[us]"),
        np.arange(len(SESSIONS), dtype=np.int32),
        np.full(len(SESSIONS), -1, np.int32),
        np.array([-1 if one is None else ids.find(one) for *_, one in SESSIONS], np.int32),
    )
    told = Traffic(
        np.array([day(at) for at, _ in traffic], "datetime64[D]"),
        Texts.of("direct" for _ in traffic),
        np.array([count for _, count in traffic], np.int64),
        np.ones(len(traffic), np.bool_),
        np.zeros(len(traffic), np.int64),
        np.zeros(len(traffic), np.bool_),
    )
    shop = history(SIX_ORDERS)
    return replace(shop, read_events=lambda: events, told=replace(shop.told, traffic=lambda: told))


@pytest.mark.parametrize(
    ("traffic", "passed_by"),
    [
        ((), 1),
        (((0, 50), (1, 6), (2, 4), (3, 7)), 10 - 3),
        # A day with sessions of which no visits are told, and fewer visits than sessions.
        (((1, 6),), 1),
        (((1, 1), (2, 1)), 1),
    ],
)
def test_visits_without_a_session_count_where_all_days_with_one_are_told(traffic, passed_by):
    found = source_of(visited(traffic)).visits
    assert found == VisitSplit(returning=1, contactable=2, passed_by=passed_by)


def write_consents(folder, *rows):
    """Write consents: customer, channel, granted or not, day of December 2025."""
    values = ", ".join(
        f"('{one}', '{channel}', {granted}, TIMESTAMP '2025-12-{at:02}')"
        for one, channel, granted, at in rows
    )
    with connect() as connection:
        connection.execute(
            f'COPY (SELECT * FROM (VALUES {values}) told(customer_id, channel, granted, "at")) '
            f"TO '{folder / 'consents.parquet'}' (FORMAT parquet)"
        )


def test_where_consents_are_told_only_who_gave_one_can_be_written_to(tmp_path):
    write_consents(
        tmp_path, ("dan", "email", True, 1), ("dan", "email", False, 2), ("eve", "sms", True, 1)
    )
    kpis = kpis_document(source_of(visited(), path=tmp_path))
    split = kpis["visit_split"]
    # Dan has withdrawn what he granted.
    counts = [split[one] for one in ("returning", "contactable", "known_only", "passed_by")]
    assert counts == [1, 1, 1, 1]
    assert split["visits"] == 4
    assert sum(value for name, value in split.items() if name.endswith("_share")) == 1


def test_where_everybody_refused_nobody_can_be_written_to(tmp_path):
    write_consents(tmp_path, ("dan", "email", False, 1), ("eve", "sms", False, 1))
    found = source_of(visited(), path=tmp_path).visits
    assert found == VisitSplit(returning=1, contactable=0, passed_by=1, known_only=2)
