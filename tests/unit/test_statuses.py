"""Spellings of statuses, and the three flows an order may take."""

from __future__ import annotations

import duckdb
import pytest

from nba.data.checks import Reading
from nba.schema import ORDERS
from nba.statuses import (
    ALIASES,
    NEXT,
    SPELLINGS,
    STATUSES,
    canonical,
    illegal_jumps,
    may_follow,
    spell,
)

CASH_ON_DELIVERY = ("pending_confirmation", "processing", "picking", "shipped", "delivered")
PREPAYMENT = ("awaiting_payment", "paid", "processing", "picking", "shipped", "delivered")
DELAY = ("processing", "delayed", "picking", "shipped", "delivered")


def test_at_least_120_spellings_lead_to_the_13_codes():
    assert len(STATUSES) == 13
    assert len(set(ALIASES) - set(STATUSES)) >= 120
    assert set(ALIASES.values()) == set(STATUSES)


def test_no_spelling_leads_to_two_codes():
    words = [(spell(word), code) for code, text in SPELLINGS.items() for word in text.split(",")]
    assert len({word for word, _ in words}) == len(set(words))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Completed", "delivered"),
        ("on-hold", "awaiting_payment"),
        ("On Hold", "awaiting_payment"),
        ("  OrderInTransit ", "in_transit"),
        ("Скасовано", "cancelled"),
        ("Очікує  оплати", "awaiting_payment"),
        ("Отменён", "cancelled"),
        ("Ожидает подтверждения", "pending_confirmation"),
        ("Комплектується", "picking"),
        ("в дорозі", "in_transit"),
        ("Возврат", "returned"),
        ("canceled", "cancelled"),
        ("holded", "pending_confirmation"),
        ("Chargeback", "cancelled"),
        ("restocked", "returned"),
        ("delivered", "delivered"),
    ],
)
def test_a_status_is_read_whatever_its_language_case_blanks_and_hyphens(written, code):
    assert canonical(written) == code


@pytest.mark.parametrize("written", ["", "shipped?", "Lost in space", "7", "доставл"])
def test_an_unknown_status_is_not_guessed(written):
    assert canonical(written) is None


def test_files_and_library_read_every_spelling_alike():
    written = [form(word) for word in ALIASES for form in (str, str.upper, spaced)]
    reading = Reading(ORDERS, ["status"])
    (column,) = (column for column in ORDERS.columns if column.name == "status")
    with duckdb.connect() as connection:
        read = connection.execute(
            f"SELECT {reading.typed(column)} FROM (SELECT unnest(?) AS status)", [written]
        ).fetchall()
    assert [code for (code,) in read] == [canonical(word) for word in written]


def spaced(word: str) -> str:
    return word.replace("_", " ")


@pytest.mark.parametrize("flow", [CASH_ON_DELIVERY, PREPAYMENT, DELAY])
def test_the_three_flows_are_legal(flow):
    assert illegal_jumps(flow) == []


@pytest.mark.parametrize("flow", [CASH_ON_DELIVERY, PREPAYMENT, DELAY])
def test_every_flow_may_end_in_a_return_or_before_delivery_in_a_cancellation(flow):
    assert illegal_jumps([*flow, "returned"]) == []
    for length in range(1, len(flow)):
        assert illegal_jumps([*flow[:length], "cancelled"]) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("awaiting_payment", "processing"),
        ("awaiting_payment", "shipped"),
        ("delivered", "processing"),
        ("delivered", "cancelled"),
        ("cancelled", "shipped"),
        ("cancelled", "returned"),
        ("returned", "delivered"),
        ("processing", "returned"),
        ("pending_confirmation", "delivered"),
        ("shipped", "delayed"),
        ("shipped", "picking"),
    ],
)
def test_other_jumps_are_illegal(before, after):
    assert illegal_jumps([before, after]) == [(before, after)]


@pytest.mark.parametrize(
    "steps",
    [
        ("paid", "shipped"),
        ("paid", "delivered"),
        ("processing", "delivered"),
        ("picking", "delayed", "packed"),
        ("delayed", "processing"),
    ],
)
def test_work_that_a_shop_does_not_record_may_be_skipped(steps):
    assert illegal_jumps(steps) == []


def test_a_repeated_status_is_no_jump():
    assert illegal_jumps(["paid", "paid", "processing"]) == []


def test_every_status_can_be_reached_and_only_ends_lead_nowhere():
    reached = {after for before in STATUSES for after in STATUSES if may_follow(after, before)}
    assert reached == set(STATUSES)
    assert {code for code in STATUSES if not NEXT[code]} == {"delivered", "cancelled", "returned"}
