from __future__ import annotations

import json

import numpy as np
import pytest

from nba.data.events import ABSENT, Events
from nba.domain import Ids
from nba.errors import DataError
from nba.measure.sales import Sales
from nba.measure.visitors import DEFINITIONS, CartSums, VisitSplit, cart_sums, visit_split
from nba.vocabulary import EVENT_TYPES
from tests.shops import day, history

ORDERS = (
    ("o0", "aaa", 0, ["p"]),
    ("o1", "ann", 0, ["p"]),
    ("o2", "ann", 1.5, ["p"]),
    ("o3", "ann", 11.5, ["p"]),
    ("o4", "ann", 22, ["p"]),
)

# Session, day, type, customer.
ACTS = (
    # Ann's second order comes half a day after what she laid in the cart.
    ("s1", 1.0, "view_item", None),
    ("s1", 1.0, "add_to_cart", "ann"),
    # Bob's order is told by an event alone.
    ("s2", 1.0, "add_to_cart", "bob"),
    ("s2", 1.1, "purchase", "bob"),
    ("s3", 2.0, "add_to_cart", None),
    # Before her first order.
    ("s4", -1.0, "view_item", "ann"),
    # What he bought was not what he laid in the cart afterwards.
    ("s5", 3.0, "purchase", "bob"),
    ("s5", 3.1, "add_to_cart", "bob"),
    # A day and a half before her third order.
    ("s6", 10.0, "add_to_cart", "ann"),
    # Two days before her fourth, but the last thing less than one.
    ("s7", 20.0, "add_to_cart", "ann"),
    ("s7", 21.2, "add_to_cart", "ann"),
)


def acts(rows=ACTS):
    rows = sorted(rows, key=lambda row: (row[0], row[1]))
    sessions = Ids.of(session for session, *_ in rows)
    customers = Ids.of(customer for *_, customer in rows if customer)
    return Events(
        sessions,
        Ids.of([]),
        customers,
        np.array([EVENT_TYPES.index(kind) for _, _, kind, _ in rows], np.int8),
        np.array([day(at) for _, at, *_ in rows], "datetime64[us]"),
        np.array([sessions.find(session) for session, *_ in rows], np.int32),
        np.full(len(rows), ABSENT, np.int32),
        np.array([customers.find(one) if one else ABSENT for *_, one in rows], np.int32),
    )


@pytest.fixture(scope="module")
def sales():
    return Sales.of(history(ORDERS))


def test_visits_are_of_buyers_of_others_known_and_of_nobody_known(sales):
    found = visit_split(acts(), sales)
    # s1 s6 s7, s2 s4 s5, s3.
    assert found == VisitSplit(returning=3, contactable=3, passed_by=1)
    assert found.returning_share == 3 / 7


def test_visits_without_a_session_passed_by(sales):
    found = visit_split(acts(), sales, visits=10)
    assert found == VisitSplit(3, 3, 4)
    shares = (found.returning_share, found.contactable_share, found.passed_by_share)
    assert shares == (0.3, 0.3, 0.4)
    assert sum(shares) == pytest.approx(1)


def test_only_who_allows_it_can_be_written_to(sales):
    # Ann refused and Bob allowed it; s4 is of Ann before she bought, s2 and s5 are of Bob.
    found = visit_split(acts(), sales, consented=np.array([False, True]))
    assert found == VisitSplit(returning=3, contactable=2, passed_by=1, known_only=1)
    assert found.contactable_share == 2 / 7
    assert found.known_only_share == 1 / 7
    shares = [share for name, share in found.to_dict().items() if name.endswith("_share")]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1)


def test_consents_are_of_the_customers_of_the_events(sales):
    with pytest.raises(DataError, match="1 consents of 2 customers"):
        visit_split(acts(), sales, consented=np.array([True]))


def test_fewer_visits_than_sessions_are_refused(sales):
    with pytest.raises(DataError, match="7 sessions in 6 visits cannot be"):
        visit_split(acts(), sales, visits=6)


def test_carts_are_finished_by_a_purchase_or_an_order_within_a_day(sales):
    found = cart_sums(acts(), sales)
    # All sessions but s4 have a cart; s1 s2 s7 are finished.
    assert found == CartSums(carts=6, finished_carts=3)
    assert (found.unfinished_carts, found.unfinished_cart_rate) == (3, 0.5)


def test_sessions_add_up_to_all_of_them(sales):
    parts = [acts([row for row in ACTS if int(row[0][1]) % 2 == odd]) for odd in (0, 1)]
    assert cart_sums(parts[0], sales) + cart_sums(parts[1], sales) == cart_sums(acts(), sales)
    assert visit_split(parts[0], sales) + visit_split(parts[1], sales) == visit_split(acts(), sales)


def test_an_order_on_the_instant_of_the_visit_is_not_before_it(sales):
    found = visit_split(acts([("s1", 0.0, "view_item", "ann")]), sales)
    assert found == VisitSplit(0, 1, 0)
    assert cart_sums(acts([("s1", 0.0, "add_to_cart", "ann")]), sales).finished_carts == 1


def test_without_visits_there_are_no_shares(sales):
    split, carts = visit_split(Events.none(), sales), cart_sums(Events.none(), sales)
    assert split.returning_share is split.contactable_share is split.passed_by_share is None
    assert split.known_only_share is None
    assert carts.unfinished_cart_rate is None
    told = split.to_dict() | carts.to_dict()
    json.dumps(told, allow_nan=False)
    assert set(told) == set(DEFINITIONS)
