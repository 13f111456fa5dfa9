"""Who enters an experiment and when, and what they did: counted by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from nba.measure.experiments.definition import HELD_OUT
from nba.measure.experiments.enrolment import entrants, sums_of
from nba.measure.experiments.sums import Sums
from nba.measure.sales import Sales
from tests.segmented import profiles
from tests.shops import day
from tests.unit.measure.enrolled import decision, drawn, logged, nothing, words
from tests.unit.measure.trials import REVENUE, trial

SOLD = [("o0", "zoe", 0, ["tea"])]


def entered_of(experiment, told, **how):
    return entrants(experiment, told, told.told.decisions(), told.told.message_log(), **how)


def days_of(found):
    return dict(zip(found.customer_ids, found.entered.tolist(), strict=True))


def at(number):
    return day(number).tolist()


DECISIONS = [
    # Before the start and after the end (noon of February 2), and between, the first of two.
    decision("ann", 3),
    decision("ann", 10),
    decision("ann", 20),
    decision("bob", 33),
    # Another message, one that never left, and one that chance decided against.
    decision("cat", 10, message="digest"),
    decision("dan", 10, claimed_at=None, acked_at=None),
    nothing("eve", 11),
    # Held out.
    nothing("fay", 12, holdout=True),
]


def test_a_customer_enters_with_the_first_decision_that_was_due_to_the_message():
    told = logged(SOLD, DECISIONS, as_of=60)
    assert days_of(entered_of(words(), told)) == {"ann": at(10), "eve": at(11)}


def test_who_is_held_out_enters_an_experiment_with_a_holdout():
    told = logged(SOLD, DECISIONS, as_of=60)
    found = entered_of(words(holdout={"share": 0.5}), told)
    assert days_of(found) == {"ann": at(10), "eve": at(11), "fay": at(12)}


def test_only_customers_it_is_about_enter():
    told = logged(SOLD, DECISIONS, as_of=60)
    assert list(entered_of(words(), told, among={"eve", "zoe"}).customer_ids) == ["eve"]
    assert len(entered_of(words(), told, among=set())) == 0


def test_an_experiment_about_no_message_takes_everybody_known_at_its_start():
    orders = [*SOLD, ("o1", "yan", 3, ["tea"]), ("o2", "xia", 4, ["tea"]), ("o3", None, 1, ["tea"])]
    told = logged(orders, [decision("ann", 3), decision("bob", 10)], as_of=60)
    known = profiles({"customer_id": "new", "created_at": day(30)}, {"customer_id": "old"})
    told = replace(told, told=replace(told.told, profiles=lambda: known))
    found = days_of(entered_of(trial(), told))
    assert set(found) == {"ann", "old", "yan", "zoe"}
    assert set(found.values()) == {at(3.5)}
    assert len(entered_of(trial(), told.until(day(3)))) == 0


def test_the_log_may_say_that_customers_were_in_another_group():
    experiment = words(holdout={"share": 0.3})
    (control, other), (tried, second), (held, spared) = (
        list(islice(drawn(experiment, group), 2)) for group in ("control", "tried", HELD_OUT)
    )
    told = logged(
        SOLD,
        [
            decision(control, 10, arm="control"),
            decision(other, 10, arm="tried"),
            decision(tried, 10, arm="tried"),
            # A variant that is no arm here says only that it was no holdout.
            decision(second, 10, arm="calendar"),
            nothing(held, 10, holdout=True),
            decision(spared, 10),
        ],
        as_of=60,
    )
    found = entered_of(experiment, told)
    assert len(found) == 6
    assert (found.logged, found.logged_otherwise) == (6, 2)
    # Without a holdout nothing is known of who got no arm.
    assert entered_of(words(), told).logged == 3


def test_what_customers_did_in_their_window_and_before_is_added_up_by_group():
    experiment = words(**REVENUE, beside={"conversion": 0.1, "lifetime_value": 100.0})
    (ann, bob), (cat,) = (
        list(islice(drawn(experiment, group), count))
        for group, count in (("control", 2), ("tried", 1))
    )
    orders = [
        # Ninety days before, and a little more; the instant of entering; the end of the window.
        ("a0", ann, 10 - 90.01, ["tea"]),
        ("a1", ann, 10 - 90, ["tea", "cup"]),
        ("a2", ann, 10, ["tea"]),
        ("a3", ann, 16.99, ["tea", "cup"]),
        ("a4", ann, 17, ["tea", "cup", "kettle"]),
        ("b1", bob, 9, ["tea"]),
        ("c1", cat, 12, ["tea"]),
    ]
    told = logged(orders, [decision(one, 10) for one in (ann, bob, cat)], as_of=60)
    sums = sums_of(experiment, entered_of(experiment, told), told, Sales.of(told))
    assert sums["revenue"] == {
        "control": Sums(2, 300, 90_000, 300, 50_000, 60_000),
        "tried": Sums(1, 100, 10_000),
    }
    assert sums["conversion"] == {"control": Sums(2, 1, 1, 2, 2, 1), "tried": Sums(1, 1, 1)}
    # Nobody says what things cost: 30 % of the revenue.
    assert sums["lifetime_value"]["control"].total == 90
    # Before the window is over nobody counts.
    early = told.until(day(16.9))
    found = sums_of(experiment, entered_of(experiment, early), early, Sales.of(early))
    assert {one.customers for one in found["revenue"].values()} == {0}
