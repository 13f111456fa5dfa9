"""How customers of the shop of sixty orders (`log_shop.py`) came back, counted by hand.

Days from one day with an order to the next: c01 26 5 28 26 5, c02 31 18 10 31, c03 31 28 43, c04
31, c05 31 44, c06 98, c08 43, c09 49, c10 49 51, c11 74, c12 90, c13 36, c14 36, c15 57, c16 69,
c17 27, c18 27. Of the 49 orders of customers 20 are first ones; o30 is on the day of o18.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nba.data.contacts import Contacts
from nba.data.history import OrderHistory
from nba.domain import Ids
from nba.facts.rows import Rows
from nba.measure.returning import (
    DEFINITIONS,
    ReturnIntervals,
    ReturnPath,
    StatusRepeats,
    first_from,
    last_before,
    return_intervals,
    return_paths,
    status_repeats,
)
from nba.measure.sales import Sales
from tests.golden.log_shop import shop_history
from tests.shops import day, history

# Customer, message, when it left.
LETTERS = (
    ("c01", "digest", "2026-01-25T12"),
    # The last one before o14 of the 27th, and six days before o16.
    ("c01", "thank-you", "2026-01-26T12"),
    # A fortnight before o17.
    ("c02", "digest", "2026-01-20T12"),
    # At the instant of o18, and two hours before o30.
    ("c03", "digest", "2026-02-05T12"),
    # Seven days before o19, to the microsecond.
    ("c04", "digest", "2026-01-31T12"),
    # A microsecond more before o20.
    ("c05", "digest", "2026-02-02T11:59:59.999999"),
    ("x99", "digest", "2026-02-01T12"),
)


def contacts(letters=LETTERS):
    customers = Ids.of(customer for customer, *_ in letters)
    messages = Ids.of(message for _, message, _ in letters)
    at = np.array([when for *_, when in letters], "datetime64[us]")
    return Contacts(
        customers,
        messages,
        np.array([customers.find(customer) for customer, *_ in letters], np.int32),
        np.array([messages.find(message) for _, message, _ in letters], np.int32),
        at,
        np.full(len(letters), np.datetime64("NaT"), "datetime64[us]"),
    )


@pytest.fixture(scope="module")
def sales():
    return Sales.of(shop_history())


def test_intervals_between_days_with_an_order_are_measured(sales):
    assert return_intervals(sales) == ReturnIntervals(28, 27, 31, 49, pytest.approx(70.5))
    assert return_intervals(Sales.of(history([("o1", "a", 0, ["p"])]))) == ReturnIntervals(
        0, None, None, None, None
    )


def test_the_way_of_a_repeat_order_is_the_last_message_before_it(sales):
    assert return_paths(sales, contacts()) == [
        ReturnPath("own", 25, 16, 58_000 - 3600 - 4000, 36.0),
        ReturnPath("digest", 2, 2, 1600 + 2000, 15.5),
        ReturnPath("thank-you", 2, 1, 2000 + 2000, 15.5),
    ]


def test_a_longer_window_finds_older_messages(sales):
    found = {one.path: one.orders for one in return_paths(sales, contacts(), window_days=14)}
    # Now o17 and o20 too.
    assert found["digest"] == 4
    assert sum(found.values()) == 29


def test_without_messages_everybody_comes_on_their_own_way(sales):
    (own,) = return_paths(sales, Contacts.none())
    assert (own.path, own.orders, own.revenue) == ("own", 29, 58_000)
    assert return_paths(Sales.of(history([])), contacts()) == []


def test_orders_are_followed_by_others_as_their_status_was():
    # Judged are orders up to the first of April: 37 delivered ones of customers, o15 o42 o45, o27.
    # Five of c01 are followed within thirty days, o17 o26, o18 o30, o36 and o37; o15 and o45 too.
    assert status_repeats(shop_history(), within_days=30) == [
        StatusRepeats("delivered", 49, 37, 11),
        StatusRepeats("cancelled", 4, 3, 2),
        StatusRepeats("returned", 2, 1, 0),
    ]


def test_a_status_that_passed_counts_too_and_last_ones_sum_to_the_orders():
    orders = [
        {"order_id": f"o{n}", "customer_id": who, "ordered_at": day(at), "status": status}
        | {"status_at": day(at + 3)}
        for n, who, at, status in (
            (1, "ann", 0, "delivered"),
            (2, "ann", 10, "delivered"),
            (3, "bob", 0, "delivered"),
            (4, "bob", 50, "shipped"),
        )
    ]
    lines = [{"order_id": f"o{n}", "line_no": 1, "product_id": "p", "quantity": 1} for n in (1, 2)]
    lines += [{"order_id": f"o{n}", "line_no": 1, "product_id": "p", "quantity": 1} for n in (3, 4)]
    delayed = [{"order_id": f"o{n}", "status": "delayed", "at": day(1)} for n in (1, 3)]
    told = OrderHistory.from_rows(Rows.of(orders, lines, delayed), as_of=day(60))
    found = {one.status: one for one in status_repeats(told, within_days=30)}
    assert found["delayed"] == StatusRepeats("delayed", 0, 2, 1)
    assert found["delivered"] == StatusRepeats("delivered", 3, 3, 1)
    assert found["delivered"].repeat_rate == 1 / 3
    # Placed ten days ago: nobody knows yet whether another one follows in time.
    assert found["shipped"] == StatusRepeats("shipped", 1, 0, 0)
    assert found["shipped"].repeat_rate is None
    assert sum(one.last for one in found.values()) == 4


def test_figures_are_defined_and_ready_for_json(sales):
    told = [
        return_intervals(sales).to_dict(),
        *(one.to_dict() for one in return_paths(sales, contacts())),
        *(one.to_dict() for one in status_repeats(shop_history())),
    ]
    json.dumps(told, allow_nan=False)
    assert {name for one in told for name in one} - {"customers", "revenue"} == set(DEFINITIONS)


THINGS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=12)


@given(THINGS, THINGS)
def test_the_one_before_and_the_one_from_then_are_those_of_a_search(things, others):
    def columns(rows):
        customer = np.array([one for one, _ in rows], np.int32)
        return customer, np.array([at for _, at in rows], np.int64).astype("datetime64[us]")

    before = last_before(*columns(things), *columns(others))
    later = first_from(*columns(things), *columns(others))
    for (customer, at), last, first in zip(things, before, later, strict=True):
        mine = [when for one, when in others if one == customer]
        earlier = [when for when in mine if when < at]
        following = [when for when in mine if when >= at]
        assert (last >= 0) == bool(earlier)
        assert (first >= 0) == bool(following)
        if earlier:
            assert others[last] == (customer, max(earlier))
        if following:
            assert others[first] == (customer, min(following))
