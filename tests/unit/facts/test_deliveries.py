"""When an order was delivered: as its version says, else when it first had that status."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data.history import OrderHistory
from nba.facts.fold import fold
from nba.facts.known import Known, forget
from nba.facts.rows import Rows
from nba.statuses import STATUS_CODE
from tests.effort import times
from tests.shops import day
from tests.unit.facts.test_histories import order, status, version

LATE = 99
EDITED = version("a", 10, "tea", status="delivered")
CUSTOMERS = ["ann"]


def delivered(told: Rows, at: float) -> float | None:
    """Give the day on which the only order was delivered, as known on another."""
    return days_of(Known.at(told, day(at)).delivered_at[0])


def days_of(instant: np.datetime64) -> float | None:
    days = (instant - day(0)) / np.timedelta64(1, "D")
    return None if np.isnan(days) else float(days)


def rows(current: dict[str, Any], *told: dict[str, Any], versions: Any = ()) -> Rows:
    lines = [{"order_id": "o1", "line_no": 1, "product_id": "tea", "quantity": 1}]
    return Rows.of([current], lines, told, versions)


def test_an_edit_of_its_lines_moves_no_delivery() -> None:
    told = rows(order("delivered", 20), versions=EDITED)
    assert [delivered(told, at) for at in (10, 10.5, 20, LATE)] == [None, 10, 10, 10]


def test_a_status_told_beside_a_version_counts_where_it_is_the_first() -> None:
    told = rows(order("delivered", 20), status("delivered", 5))
    assert [delivered(told, at) for at in (5, 5.5, LATE)] == [None, 5, 5]
    assert delivered(rows(order("delivered", 20), status("delivered", 30)), LATE) == 20


@pytest.mark.parametrize("between", ["returned", "cancelled", "in_transit"])
def test_what_is_delivered_again_was_delivered_the_first_time(between: str) -> None:
    alone = rows(order("delivered", 20), status("delivered", 5), status(between, 8))
    as_versions = rows(
        order("delivered", 20),
        versions=[*version("a", 5, "tea", status="delivered"), *version("b", 8, status=between)],
    )
    for told in (alone, as_versions):
        assert [delivered(told, at) for at in (5.5, 8.5, LATE)] == [5, 5, 5]


def test_what_the_version_that_stands_says_of_the_delivery_counts_alone() -> None:
    for said in (3, 15):
        stated = order("delivered", 20, delivered_at=day(said))
        told = rows(stated, status("delivered", 5), versions=EDITED)
        assert [delivered(told, at) for at in (20, LATE)] == [5, said]


def test_a_delivery_that_is_yet_to_come_is_not_known() -> None:
    told = rows(order("delivered", 5, delivered_at=day(15)))
    assert [delivered(told, at) for at in (5.5, 15, 15.5)] == [5, 5, 15]


def test_what_a_version_said_of_the_delivery_gives_way_with_it() -> None:
    gone = version("a", 10, "tea", status="delivered", delivered_at=day(4))
    told = rows(order("delivered", 20), versions=gone)
    assert [delivered(told, at) for at in (10.5, LATE)] == [4, 10]


def test_a_version_that_states_no_instant_says_nothing_of_a_delivery() -> None:
    unstated = version("a", 10, "tea", status="delivered", status_at=None)
    assert delivered(rows(order("shipped", 20), versions=unstated), LATE) is None
    assert delivered(rows(order("delivered", 20), versions=unstated), LATE) == 20
    # A shop that hands over at the till says so.
    assert delivered(forget(rows(order("delivered", 0)), day(9)), LATE) == 0
    assert delivered(forget(rows(order("delivered", None)), day(9)), LATE) is None


DAYS = st.sampled_from((0.0, 1.0, 2.0, 3.0, 4.0, 5.0))
CUTS = (0.5, 1.5, 2, 3, 3.5, 6)
words = st.sampled_from(("paid", "shipped", "delivered", "delivered", "cancelled", "returned"))
cells = st.tuples(words, st.one_of(st.none(), DAYS), st.one_of(st.none(), DAYS))
"""What a version says: a status, since when, and the day of the delivery."""


def known_from(said: tuple[str, float | None, float | None]) -> float:
    return next((at for at in said[1:] if at is not None), 0.0)


def expected(
    said: list[tuple[str, float | None, float | None]], rows: list[tuple[str, float]], at: float
) -> float | None:
    """Find the day of the delivery in plain steps, of versions from the first to the last."""
    known = [one for one in said if known_from(one) < at]
    stated = (known or said[:1])[-1][2]
    if stated is not None and stated < at:
        return stated
    first = [known_from(one) for one in known if one[0] == "delivered" and one[1:] != (None, None)]
    first += [since for word, since in rows if word == "delivered" and since < at]
    return min(first, default=None)


@settings(max_examples=times(100, 2_000), deadline=None)
@given(st.lists(cells, min_size=1, max_size=4), st.lists(st.tuples(words, DAYS), max_size=3))
def test_the_past_is_read_as_it_was_read_then(
    said: list[tuple[str, float | None, float | None]], statuses: list[tuple[str, float]]
) -> None:
    said.sort(key=lambda one: (known_from(one), STATUS_CODE[one[0]]))
    every = [
        order(word, at, delivered_at=None if arrived is None else day(arrived))
        for word, at, arrived in said
    ]
    told = rows(
        every[-1],
        *(status(word, at) for word, at in statuses),
        versions=[
            cell
            for number, one in enumerate(every[:-1])
            for cell in version(f"v{number}", 0, "tea", **one)
        ],
    )
    history = OrderHistory.from_rows(told)
    for then in CUTS:
        assert delivered(told, then) == expected(said, statuses, then)
        facts = fold(told, as_of=day(then), customers=CUSTOMERS)
        assert facts.delivered_at.tolist() == Known.at(told, day(then)).delivered_at.tolist()
        kept = history.until(day(then)).baskets().delivered_at
        assert [days_of(at) for at in kept] in ([], [expected(said, statuses, then)])
        for later in (at for at in CUTS if at >= then):
            late = forget(told, day(later))
            again = fold(late, as_of=day(then), customers=CUSTOMERS)
            assert again.version(0) == facts.version(0)
