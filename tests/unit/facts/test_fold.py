"""Facts: what is known of customers at an instant, whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from nba.facts.fold import Facts, fold
from nba.facts.known import Known
from nba.facts.rows import Rows
from tests.shops import SIX_ORDERS, day, rows


def order(order_id: str, customer: str | None, number: float, **more: object) -> dict[str, object]:
    return {
        "order_id": order_id,
        "customer_id": customer,
        "ordered_at": day(number),
        "status": "delivered",
        **more,
    }


def line(order_id: str, product: str, line_no: int = 1, **more: object) -> dict[str, object]:
    return {
        "order_id": order_id,
        "line_no": line_no,
        "product_id": product,
        "quantity": 1,
        "unit_price": 100,
        **more,
    }


def products_by_order(facts: Facts, customer: int) -> list[list[str]]:
    span = range(int(facts.order_start[customer]), int(facts.order_start[customer + 1]))
    return [facts.products_of(one) for one in span]


def test_each_customer_gets_their_own_orders_in_order_of_time() -> None:
    facts = fold(rows(SIX_ORDERS), as_of=day(100))
    assert facts.customer_ids == ("ann", "bob", "cat")
    assert products_by_order(facts, 0) == [["filter", "kettle"], ["filter", "kettle", "tea"]]
    assert products_by_order(facts, 1) == [["kettle", "tea"], ["cup", "filter", "kettle", "tea"]]


def test_customers_can_be_asked_for_in_any_order_and_unknown_ones_have_nothing() -> None:
    facts = fold(rows(SIX_ORDERS), as_of=day(100), customers=["cat", "nobody", "ann"])
    assert [len(products_by_order(facts, n)) for n in range(3)] == [1, 0, 2]


def test_nothing_at_or_after_the_instant_is_known() -> None:
    facts = fold(rows(SIX_ORDERS), as_of=day(11), customers=["ann", "bob"])
    assert [len(products_by_order(facts, n)) for n in range(2)] == [2, 0]


def test_the_order_of_the_rows_does_not_matter() -> None:
    first = fold(rows(SIX_ORDERS), as_of=day(100))
    second = fold(rows(reversed(SIX_ORDERS)), as_of=day(100))
    assert [first.version(n) for n in range(3)] == [second.version(n) for n in range(3)]


def test_folding_one_customer_gives_the_facts_that_folding_all_gives() -> None:
    every = fold(rows(SIX_ORDERS), as_of=day(100))
    for row, customer in enumerate(every.customer_ids):
        alone = fold(rows(SIX_ORDERS), as_of=day(100), customers=[customer])
        assert alone.version(0) == every.version(row)


@pytest.mark.parametrize("chosen", [[0, 1, 2], [1, 2], [1], [2, 0], [0, 0, 2], []])
def test_some_customers_are_known_as_among_all(chosen: list[int]) -> None:
    every = fold(rows(SIX_ORDERS), as_of=day(100))
    some = every.take(np.array(chosen, np.int64), tuple(every.customer_ids[n] for n in chosen))
    assert [some.version(n) for n in range(len(chosen))] == [every.version(n) for n in chosen]
    for n, row in enumerate(chosen):
        assert products_by_order(some, n) == products_by_order(every, row)


def test_a_change_of_one_customer_changes_no_other_version() -> None:
    before = fold(rows(SIX_ORDERS), as_of=day(100))
    after = fold(rows([*SIX_ORDERS, ("o7", "bob", 40, ["tea"])]), as_of=day(100))
    assert before.version(0) == after.version(0)
    assert before.version(1) != after.version(1)
    assert before.version(2) == after.version(2)


@pytest.mark.parametrize("status", ["cancelled", "returned"])
def test_a_later_status_is_not_known_yet(status: str) -> None:
    given = Rows.of(
        [order("o1", "ann", 0, status=status, status_at=day(5))], [line("o1", "kettle")]
    )
    assert Known.at(given, day(4)).kept.tolist() == [True]
    assert Known.at(given, day(5)).kept.tolist() == [True]
    assert Known.at(given, day(5.1)).kept.tolist() == [False]


def test_a_partial_return_leaves_the_other_lines_kept() -> None:
    given = Rows.of(
        [order("o1", "ann", 0, status="returned", status_at=day(5))],
        [line("o1", "kettle", 1, returned_quantity=1), line("o1", "tea", 2)],
    )
    facts = fold(given, as_of=day(6))
    assert products_by_order(facts, 0) == [["tea"]]
    assert facts.kept.tolist() == [True]


def test_a_line_is_kept_until_all_of_it_came_back() -> None:
    given = Rows.of(
        [order("o1", "ann", 0, status_at=day(1))],
        [line("o1", "kettle", 1, quantity=3, returned_quantity=2)],
    )
    assert Known.at(given, day(2)).kept_line.tolist() == [True]


def test_test_orders_are_never_kept() -> None:
    given = Rows.of([order("o1", "ann", 0, is_test=True)], [line("o1", "kettle")])
    assert Known.at(given, day(2)).kept.tolist() == [False]


def test_the_status_delivered_says_when_the_order_arrived() -> None:
    given = Rows.of(
        [order("o1", "ann", 0, status_at=day(2)), order("o2", "ann", 1, delivered_at=day(3))],
        [line("o1", "tea"), line("o2", "tea")],
    )
    known = Known.at(given, day(3))
    assert known.delivered_at[0] == day(2)
    assert np.isnat(known.delivered_at[1])
    assert Known.at(given, day(4)).delivered_at.tolist() == [day(2).item(), day(3).item()]


def test_no_rows_give_facts_without_orders() -> None:
    facts = fold(Rows.of([], []), as_of=day(0), customers=["ann"])
    assert facts.order_start.tolist() == [0, 0]
    assert len(facts.version(0)) == 64


def test_what_happens_later_leaves_no_trace_in_facts() -> None:
    plain = {"order_id": "o1", "customer_id": "ann", "ordered_at": day(0), "delivered_at": day(2)}
    now = Rows.of([order("o1", "ann", 0, delivered_at=day(2))], [line("o1", "tea", quantity=2)])
    before = fold(now, as_of=day(10)).version(0)
    for status in ("returned", "cancelled", "shipped"):
        later = Rows.of(
            [plain | {"status": status, "status_at": day(20)}],
            [line("o1", "tea", quantity=2, returned_quantity=1)],
        )
        known = fold(later, as_of=day(10))
        assert known.revenue.tolist() == [200]
        assert known.version(0) == before
        assert fold(later, as_of=day(21)).version(0) != before


def test_an_order_of_which_every_line_came_back_is_not_kept() -> None:
    given = Rows.of(
        [order("o1", "ann", 0, status="returned", status_at=day(5))],
        [line("o1", "kettle", 1, returned_quantity=1), line("o1", "tea", 2, returned_quantity=1)],
    )
    assert Known.at(given, day(6)).kept.tolist() == [False]


def test_a_test_order_is_no_news() -> None:
    facts = fold(Rows.of([order("o1", "ann", 0, is_test=True)], []), as_of=day(2))
    assert len(facts.order_id) == 0


@pytest.mark.parametrize(
    ("quantity", "expected"), [(9_000, 9_000 * 10**12 - 5), (10**7, 2**53 - 5)]
)
def test_an_amount_too_large_to_count_is_the_largest_there_is(quantity: int, expected: int) -> None:
    told = line("o1", "yacht", unit_price=10**12, quantity=quantity, discount=5)
    facts = fold(Rows.of([order("o1", "ann", 0)], [told]), as_of=day(1))
    assert facts.revenue.tolist() == [expected]


def test_by_default_those_are_folded_who_had_ordered_by_then():
    assert fold(rows(SIX_ORDERS), as_of=day(11)).customer_ids == ("ann",)
    assert fold(rows(SIX_ORDERS), as_of=day(31)).customer_ids == ("ann", "bob", "cat")
