"""The alarm about newer cohorts, on shops whose customers leave as planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nba.errors import ConfigError
from nba.measure.alarm import CohortAlarm, cohort_alarm, cohort_alarms
from nba.measure.cohorts import Cohorts
from tests.effort import times

MONTHS = 24


def shop(seed=None, *, sooner=1.0, since=MONTHS, fall=1.0, size=1000, months=MONTHS):
    """Draw cohorts; those from `since` on leave so many times as often. Without seed, no chance.

    `fall` is what the last two months are of what they would be, for everybody.
    """
    chance = np.random.default_rng(seed)
    number = np.arange(months)
    season = 1 + 0.4 * np.sin(2 * np.pi * number / 12)
    season[-2:] *= fall
    customers = size + 10 * number
    leaves = np.where(number < since, 0.15, 0.15 * sooner)
    active = np.zeros((months, months), np.int64)
    for cohort in range(months):
        age = np.arange(1, months - cohort)
        share = 0.3 * season[cohort + age] * (1 - leaves[cohort]) ** age
        due = customers[cohort] * share
        active[cohort, 0] = customers[cohort]
        active[cohort, age] = np.rint(due) if seed is None else chance.poisson(due)
    begun = np.tri(months, dtype=np.bool_)[::-1]
    month = np.datetime64("2024-01", "M") + number
    return Cohorts(month, customers, active, active * 100, begun, begun)


def is_raised(cohorts):
    """Tell whether any of twelve monthly looks alarms."""
    looks = (cohort_alarm(cohorts, one) for one in cohorts.month[-12:])
    return any(one is not None and one.is_raised for one in looks)


def test_what_is_expected_is_what_older_cohorts_did_at_that_age_in_such_months():
    exact = shop(size=1_000_000)
    found = cohort_alarm(exact, exact.month[-1])
    assert found is not None
    # Ages 1 and 2 of the cohort of October, and age 1 of that of November 2025.
    assert found.customers == exact.customers[-3] + exact.customers[-2]
    assert found.active == exact.active[-3, 1] + exact.active[-3, 2] + exact.active[-2, 1]
    assert found.expected == pytest.approx(found.active, rel=1e-5)
    assert found.ratio == pytest.approx(1, rel=1e-5)
    assert not found.is_raised


def test_a_planted_drop_is_found_within_two_months():
    found = [0, 0]
    for seed in range(20):
        dying = shop(seed, sooner=3.0, since=MONTHS - 3)
        for place, month in enumerate((MONTHS - 2, MONTHS - 1)):
            alarm = cohort_alarm(dying, dying.month[month])
            assert alarm is not None
            found[place] += alarm.is_raised
    assert found[1] == 20
    assert found[0] >= 1


def test_an_alarm_is_false_in_one_shop_of_twenty_at_most():
    shops = times(40, 200)
    assert sum(is_raised(shop(1000 + seed)) for seed in range(shops)) <= shops * 0.05


def test_cohorts_that_differ_anyway_raise_no_alarm_by_differing():
    raised = 0
    for seed in range(20):
        plain = shop(2000 + seed)
        luck = np.exp(0.2 * np.random.default_rng(seed).standard_normal(MONTHS))
        active = np.rint(plain.active * luck[:, None]).astype(np.int64)
        active[:, 0] = plain.customers
        raised += is_raised(replace(plain, active=active))
    assert raised <= 1


def test_a_month_in_which_the_whole_shop_sells_half_accuses_no_cohort():
    for seed in range(10):
        fallen = shop(seed, fall=0.5)
        alarm = cohort_alarm(fallen, fallen.month[-1])
        assert alarm is not None
        assert not alarm.is_raised


def test_a_look_back_sees_what_was_known_then():
    dying = shop(3, sooner=3.0, since=12)
    now = {str(one.month): one for one in cohort_alarms(dying)}
    for known in (14, 18):
        begun = np.tri(known, dtype=np.bool_)[::-1]
        then = Cohorts(
            dying.month[:known],
            dying.customers[:known],
            np.where(begun, dying.active[:known, :known], 0),
            np.where(begun, dying.revenue[:known, :known], 0),
            begun,
            begun,
        )
        last = cohort_alarms(then)[-1]
        assert last == now[str(dying.month[known - 1])]
    first = next(one for one in now.values() if one.is_raised)
    assert np.datetime64("2025-01") < first.month <= np.datetime64("2025-03")


def test_of_too_little_nothing_is_said():
    young = shop(1, months=8)
    assert cohort_alarms(young) == ()
    assert len(cohort_alarms(shop(1, months=9))) == 1
    none = np.empty((0, 0), np.int64)
    bare = Cohorts(
        np.empty(0, "datetime64[M]"), np.empty(0, np.int64), none, none, none > 0, none > 0
    )
    assert cohort_alarms(bare) == ()


def test_months_not_finished_or_not_known_are_not_looked_at():
    plain = shop(1)
    finished = plain.is_finished.copy()
    finished[np.arange(MONTHS), MONTHS - 1 - np.arange(MONTHS)] = False
    begun = replace(plain, is_finished=finished)
    assert cohort_alarm(begun, plain.month[-1]) is None
    assert cohort_alarms(begun)[-1].month == plain.month[-2]
    for month in ("2023-06", "2026-01"):
        assert cohort_alarm(plain, np.datetime64(month, "M")) is None


def test_months_without_new_customers_are_passed_over():
    plain = shop(1)
    active = plain.active.copy()
    customers = plain.customers.copy()
    active[[5, 9]], customers[[5, 9]] = 0, 0
    gaps = replace(plain, active=active, customers=customers)
    alarm = cohort_alarm(gaps, plain.month[-1])
    assert alarm is not None
    assert not alarm.is_raised
    customers[-3:], active[-3:] = 0, 0
    assert cohort_alarm(replace(gaps, active=active, customers=customers), plain.month[-1]) is None


@pytest.mark.parametrize(("alpha", "looks"), [(0.0, 12), (1.0, 12), (0.05, 0)])
def test_chances_that_are_none_are_refused(alpha, looks):
    plain = shop(1)
    with pytest.raises(ConfigError, match="at least one look"):
        cohort_alarm(plain, plain.month[-1], alpha=alpha, looks=looks)


def test_fewer_looks_share_the_chance_among_fewer():
    plain = shop(1)
    one = cohort_alarm(plain, plain.month[-1], looks=1)
    assert isinstance(one, CohortAlarm)
    assert one.alpha == pytest.approx(0.05)
    assert replace(one, p_value=0.04).is_raised
    assert not replace(one, p_value=0.06).is_raised
    assert replace(one, expected=0.0).ratio is None
