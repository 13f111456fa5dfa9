"""Orders with histories: the state of every instant, from whatever came before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from nba.domain import Ids
from nba.facts.fold import fold
from nba.facts.histories import Statuses
from nba.facts.known import Known, forget
from nba.facts.rows import Rows
from nba.facts.standing import stand
from nba.statuses import STATUSES
from tests.shops import day

Cells = dict[str, Any]


def order(status: str = "paid", at: float | None = 1, **more: Any) -> Cells:
    cells = {"order_id": "o1", "customer_id": "ann", "ordered_at": day(0), "status": status}
    return cells | {"status_at": None if at is None else day(at)} | more


def line(product: str, line_no: int = 1, **more: Any) -> Cells:
    cells = {"order_id": "o1", "line_no": line_no, "product_id": product, "quantity": 1}
    return cells | {"unit_price": 100} | more


def status(name: str, at: float, order_id: str = "o1") -> Cells:
    return {"order_id": order_id, "status": name, "at": day(at)}


def version(name: str, at: float, *products: str, **more: Any) -> list[Cells]:
    """One row a line of a version that was paid at a day."""
    cells = order("paid", at, version=name) | more
    if not products:
        return [cells | {"line_no": None, "product_id": None}]
    return [line(product, number) | cells for number, product in enumerate(products, 1)]


def state(rows: Rows, at: float) -> str:
    return STATUSES[int(Known.at(rows, day(at)).status[0])]


def products(rows: Rows, at: float) -> list[str]:
    facts = fold(rows, as_of=day(at))
    return [facts.product_ids[int(code)] for code in facts.product]


HISTORY = [status("shipped", 3), status("paid", 1), status("in_transit", 3), status("delivered", 5)]


@pytest.mark.parametrize(
    ("at", "expected", "since"),
    [
        (0.5, "pending_confirmation", 0),
        (1, "pending_confirmation", 0),
        (1.5, "paid", 1),
        (3.5, "in_transit", 3),
        (5.5, "delivered", 5),
        (20, "delivered", 5),
        (20.5, "returned", 20),
    ],
)
def test_the_status_of_an_instant_is_the_last_one_before_it(
    at: float, expected: str, since: float
) -> None:
    rows = Rows.of([order("returned", 20)], [line("tea")], HISTORY)
    assert state(rows, at) == expected
    assert Known.at(rows, day(at)).status_at[0] == day(since)


def test_an_order_arrived_when_its_status_first_became_delivered() -> None:
    rows = Rows.of([order("returned", 20)], [], [*HISTORY, status("delivered", 7)])
    assert np.isnat(Known.at(rows, day(5)).delivered_at[0])
    assert Known.at(rows, day(30)).delivered_at[0] == day(5)
    stated = Rows.of([order("returned", 20, delivered_at=day(4))], [], HISTORY)
    assert Known.at(stated, day(30)).delivered_at[0] == day(4)


def test_a_status_set_at_the_time_of_ordering_says_nothing_of_an_arrival() -> None:
    rows = Rows.of([order("delivered", None)], [], [status("paid", 1)])
    assert np.isnat(Known.at(rows, day(3)).delivered_at[0])


def test_statuses_of_orders_nobody_placed_have_no_effect() -> None:
    rows = Rows.of([order()], [], [status("cancelled", 2, "other")])
    assert len(rows.statuses) == 0
    assert state(rows, 3) == "paid"


def test_status_rows_may_come_in_any_order_and_twice() -> None:
    once = Rows.of([order()], [], HISTORY)
    again = Rows.of([order()], [], [*reversed(HISTORY), *HISTORY])
    assert once.statuses == again.statuses
    assert once.statuses != Rows.of([order()], []).statuses
    assert len(once.statuses) == 4


def test_what_came_back_counts_from_the_status_returned() -> None:
    rows = Rows.of(
        [order("cancelled", 20)],
        [line("tea", quantity=3, returned_quantity=2)],
        [status("delivered", 2), status("returned", 5)],
    )
    assert [int(Known.at(rows, day(at)).revenue[0]) for at in (5, 5.5, 21)] == [300, 100, 100]


def test_a_return_told_by_a_status_counts_no_earlier_than_that() -> None:
    lines = [line("tea", quantity=3, returned_quantity=2)]
    rows = Rows.of([order("delivered", 1)], lines, [status("returned", 5), status("returned", 8)])
    assert [int(Known.at(rows, day(at)).revenue[0]) for at in (2, 5, 5.5)] == [300, 300, 100]
    untold = Rows.of([order("delivered", 1)], lines)
    assert [int(Known.at(untold, day(at)).revenue[0]) for at in (1, 2)] == [300, 100]


EDITED = Rows.of(
    [order("delivered", 9, customer_id="bob")],
    [line("cup"), line("tea", 2)],
    [],
    [*version("b", 1, "kettle"), *version("a", 3, "kettle", "cup", discount=7)],
)


@pytest.mark.parametrize(
    ("at", "expected", "customer", "discount"),
    [
        (0.5, ["kettle"], "ann", 0),
        (3, ["kettle"], "ann", 0),
        (3.5, ["kettle", "cup"], "ann", 7),
        (9, ["kettle", "cup"], "ann", 7),
        (9.5, ["cup", "tea"], "bob", 0),
    ],
)
def test_an_order_is_the_latest_version_known_by_then(
    at: float, expected: list[str], customer: str, discount: int
) -> None:
    facts = fold(EDITED, as_of=day(at), customers=[customer])
    assert [facts.product_ids[int(code)] for code in facts.product] == expected
    assert facts.discount.tolist() == [discount]


def test_of_versions_known_from_one_instant_the_later_status_then_the_greater_id_holds() -> None:
    rows = Rows.of(
        [order("delivered", 9)],
        [line("cup")],
        [],
        [
            *version("z", 1, "kettle"),
            *version("a", 1, "tea", status="picking"),
            *version("b", 1, "filter", status="picking"),
        ],
    )
    assert products(rows, 2) == ["filter"]
    assert products(rows, 1) == ["kettle"]


def test_a_version_without_lines_shows_those_of_the_version_before_it() -> None:
    rows = Rows.of(
        [order("delivered", 9)],
        [line("cup")],
        [],
        [*version("a", 1, "kettle"), *version("b", 3, status="packed"), *version("c", 5, "tea")],
    )
    assert [products(rows, at) for at in (2, 4, 6, 10)] == [
        ["kettle"],
        ["kettle"],
        ["tea"],
        ["cup"],
    ]
    assert state(rows, 4) == "packed"


def test_where_no_version_known_by_then_has_lines_the_earliest_with_some_shows_them() -> None:
    later = [*version("a", 1), *version("b", 3), *version("c", 5, "tea"), *version("d", 6, "pot")]
    rows = Rows.of([order("delivered", 9)], [line("cup")], [], later)
    assert [products(rows, at) for at in (0.5, 2, 4)] == [["tea"]] * 3
    never = Rows.of([order("delivered", 9)], [line("cup")], [], [*version("a", 1)])
    assert products(never, 2) == ["cup"]


def test_guests_of_other_versions_are_customers_of_their_own() -> None:
    rows = Rows.of(
        [order("paid", 9), order("paid", 1, order_id="o0", customer_id=None)],
        [line("cup"), line("tea", order_id="o0")],
        [],
        version("a", 1, "kettle", customer_id=None),
    )
    known = Known.at(rows, day(2)).rows
    assert known.guest_count == 2
    assert known.customer.tolist() == [1, 2]
    assert Known.at(rows, day(10)).rows is rows


INSTANTS = (0, 0.5, 1.5, 2.5, 3.5, 5, 6, 9.5, 21)
RICH = Rows.of(
    [
        order("cancelled", 20, customer_id="bob", delivered_at=day(6)),
        order("paid", 6, order_id="o2", ordered_at=day(2)),
        order("returned", 9, order_id="o3", delivered_at=day(5), customer_id="cat"),
        order("delivered", 2, order_id="o4"),
        order("delivered", 6, order_id="o5"),
    ],
    [
        line("cup", quantity=2, returned_quantity=1),
        line("tea", order_id="o3", quantity=4, returned_quantity=3),
        line("pot", order_id="o4", quantity=2, returned_quantity=1),
        line("pot", order_id="o5"),
    ],
    [
        status("shipped", 2),
        status("returned", 5),
        status("delivered", 4, "o3"),
        status("returned", 9, "o4"),
        status("returned", 9, "o5"),
        HISTORY[3],
    ],
    [
        *version("a", 1, "kettle", delivered_at=day(8)),
        *version("b", 3, customer_id=None),
        *version("c", 5, "mug", "kettle", customer_id="dan"),
        *version("d", 1, "pot", order_id="o5", returned_quantity=1),
        *version("e", 3, "pot", order_id="o5", status="returned"),
    ],
)


@pytest.mark.parametrize(("earlier", "later"), list(combinations_with_replacement(INSTANTS, 2)))
def test_cut_twice_rows_are_those_of_the_earlier_cut(earlier: float, later: float) -> None:
    once = forget(RICH, day(earlier))
    assert_same(forget(forget(RICH, day(later)), day(earlier)), once)
    for as_of in (at for at in INSTANTS if at <= earlier):
        expected = fold(RICH, as_of=day(as_of), customers=["ann", "bob", "cat", "dan"])
        found = fold(once, as_of=day(as_of), customers=["ann", "bob", "cat", "dan"])
        assert [found.version(n) for n in range(4)] == [expected.version(n) for n in range(4)]


def test_a_return_that_a_version_told_outlasts_the_status_that_tells_a_later_one() -> None:
    rows = Rows.of(
        [order("paid", 3)],
        [line("tea", quantity=2, returned_quantity=1)],
        [status("returned", 9)],
        [
            *version("a", 1, "tea", quantity=2, returned_quantity=1),
            *version("b", 2, status="returned"),
        ],
    )
    late = forget(rows, day(4))
    for told in (rows, late):
        assert [int(Known.at(told, day(at)).revenue[0]) for at in (1.5, 2, 2.5, 4)] == [
            200,
            200,
            100,
            100,
        ]
    assert_same(forget(late, day(2.5)), forget(rows, day(2.5)))


def test_an_order_moved_to_a_later_instant_is_still_seen_where_it_had_been() -> None:
    rows = Rows.of([order("paid", 2, ordered_at=day(3))], [line("tea")], [], version("a", 1, "tea"))
    late = forget(rows, day(2.5))
    for told in (rows, late):
        assert [bool(Known.at(told, day(at)).order.any()) for at in (1.5, 2.5)] == [True, False]
    assert_same(forget(late, day(1.5)), forget(rows, day(1.5)))


def test_what_was_forgotten_left_no_trace() -> None:
    early = forget(RICH, day(2.5))
    assert list(early.order_ids) == ["o1", "o2", "o3", "o4", "o5"]
    assert list(early.customer_ids) == ["ann", "cat"]
    assert list(early.product_ids) == ["kettle", "pot", "tea"]
    assert (len(early.statuses), len(early.versions)) == (1, 0)
    assert early.returned_quantity.tolist() == [0, 0, 0, 0]
    for columns in (early, early.versions):
        for name in ("ordered_at", "status_at", "delivered_at"):
            at = getattr(columns, name)
            assert (np.isnat(at) | (at < day(2.5))).all()
    assert list(forget(RICH, day(0)).order_ids) == []


def test_no_history_costs_no_copy() -> None:
    rows = Rows.of([order()], [line("tea")])
    assert Known.at(rows, day(3)).rows is rows
    assert rows.statuses == Statuses.none()


def assert_same(one: Rows, other: Rows) -> None:
    for name in Rows.__slots__:
        left, right = getattr(one, name), getattr(other, name)
        if isinstance(left, np.ndarray):
            assert (left.dtype, left.tolist()) == (right.dtype, right.tolist()), name
        else:
            assert left == right, name


class Read(Ids):
    """Ids that may be searched, but not read from the first to the last."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("every id was read")


def test_an_earlier_version_that_names_known_ids_costs_no_reading_of_all_ids() -> None:
    told = Rows.of(
        [order("delivered", 9), order(order_id="o2", customer_id="bob")],
        [line("tea"), line("cup", order_id="o2")],
        versions=version("v1", 1, "cup", "tea", customer_id="bob"),
    )
    searched = replace(
        told,
        customer_ids=Read(told.customer_ids.data, told.customer_ids.offsets),
        product_ids=Read(told.product_ids.data, told.product_ids.offsets),
    )
    standing, _ = stand(searched, day(5))
    assert standing.customer_ids is searched.customer_ids
    assert standing.product_ids is searched.product_ids
    assert standing.customer.tolist() == [1, 1]
    assert standing.line_product.tolist() == [0, 1, 0]
