"""Whether newer customers stay away sooner than older ones did at the same age."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nba.errors import ConfigError
from nba.measure.cohorts import Cohorts

Floats = NDArray[np.float64]

ALPHA: Final = 0.05
"""Chance of a false alarm in a year, by default."""
LOOKS: Final = 12
"""Looks that share it: one a month."""
NEWER: Final = 2
"""Cohorts that are held against the older ones: those one and two months old."""
OLDER: Final = 24
"""Older cohorts they are held against, at most."""
LEAST_OLDER: Final = 6
"""Older cohorts without which nothing can be said of how much cohorts differ anyway."""
LEAST_FREEDOM: Final = 3.0
"""Degrees of freedom without which their differences are no estimate."""
_LEAST_FREE: Final = 0.05
"""Share of a cohort's variance that the fit must leave, for its distance to say something."""
_TRACE: Final = 1e-9
_ROUNDS: Final = 500
_CLOSE: Final = 1e-10


@dataclass(frozen=True, slots=True)
class CohortAlarm:
    """What one month says of the cohorts one and two months old.

    Attributes:
        month: the finished month it was looked at after, datetime64[M].
        customers: of these cohorts.
        active: how often one of them bought in a month: 1 a customer and month of age.
        expected: how often, had they been as the older cohorts at that age in such months.
        p_value: chance of as few or fewer, were they so.
        alpha: of this look; below it is an alarm.
    """

    month: np.datetime64
    customers: int
    active: int
    expected: float
    p_value: float
    alpha: float

    @property
    def is_raised(self) -> bool:
        """Whether newer cohorts surely die faster."""
        return self.p_value < self.alpha

    @property
    def ratio(self) -> float | None:
        """What newer cohorts do as a share of what older ones did; None where that is 0."""
        return self.active / self.expected if self.expected else None


def cohort_alarm(
    cohorts: Cohorts,
    month: np.datetime64,
    *,
    alpha: float = ALPHA,
    looks: int = LOOKS,
) -> CohortAlarm | None:
    """Look at the newer cohorts after a finished month, as it would have been done then.

    Of the older cohorts, customers active in a cell are taken for customers x age x calendar month,
    a Poisson regression with effects of both (`_effects`): so a month in which the whole shop sells
    less, by season or by accident, accuses nobody, and cohorts are compared at equal age. It says
    what the newer ones should have done. The distance, (active - expected) / sqrt(phi
    (expected + variance of the expectation)), is a Student t under no change; phi, at least 1, is
    how much more the older cohorts vary at these ages than chance makes them (a quasi-Poisson
    dispersion, by cohort, as the same customers stand in several cells; McCullagh and Nelder 1989,
    6.2).

    Cohorts that get worse little by little and for ever cannot be told from a season without end:
    age, calendar and cohort are bound by one equation (Holford 1983). What is found is a change.

    Args:
        cohorts: by the month of the first purchase.
        month: datetime64[M]; no cell after it is read.
        alpha: chance of a false alarm over all looks, shared equally (Bonferroni).
        looks: how many there are, such as 12 for the months of a year.

    Returns:
        None where the month is not finished, fewer than 6 older cohorts are known, they
        leave too little to tell how much cohorts differ, or nobody of the newer ones was due.

    Raises:
        ConfigError: alpha is no chance, or there is no look.
    """
    if not (0 < alpha < 1 and looks >= 1):
        raise ConfigError(
            f"alpha is {alpha:g} and there are {looks} looks; expected a chance between 0 and 1 "
            "and at least one look"
        )
    table = _table(cohorts, month)
    if table is None:
        return None
    age_effect, month_effect = _effects(table)
    fitted = table.customers * age_effect[table.age] * month_effect[table.calendar]
    # The newer cohorts in one row; then, each in its own, the older ones at the same ages.
    young = table.older & (table.age < NEWER)
    groups = np.vstack(
        (table.newer, young & (table.cohort == np.arange(table.months)[:, None]))
    ).astype(np.float64)
    active, due, unsure = groups @ table.active, groups @ fitted, _variances(table, fitted, groups)
    if not due[0] > 0:
        return None
    free = due - unsure
    told = np.append(False, free[1:] > _LEAST_FREE * due[1:])
    freedom = float((free[told] / due[told]).sum())
    if freedom < LEAST_FREEDOM:
        return None
    phi = max(float(((active - due)[told] ** 2 / due[told]).sum()) / freedom, 1.0)
    from scipy.special import stdtr

    distance = (active[0] - due[0]) / math.sqrt(phi * (due[0] + unsure[0]))
    return CohortAlarm(
        month,
        int(table.customers[table.newer & (table.age == 0)].sum()),
        int(active[0]),
        float(due[0]),
        float(stdtr(freedom, distance)),
        alpha / looks,
    )


def cohort_alarms(
    cohorts: Cohorts, *, alpha: float = ALPHA, looks: int = LOOKS
) -> tuple[CohortAlarm, ...]:
    """Look after every finished month of which something can be said, the oldest first."""
    if not len(cohorts.month):
        return ()
    finished = cohorts.month[cohorts.is_finished[0]]
    found = (cohort_alarm(cohorts, one, alpha=alpha, looks=looks) for one in finished)
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Cells of cohorts with customers, a row each.

    Attributes:
        cohort, age, calendar: int64: place of the cohort, months after the first, less 1, and
            place of the month in which they fall.
        customers, active: float64: of the cohort, and those who bought in that month.
        older, newer: bool: which they are.
        months: how many places there are of each.
    """

    cohort: NDArray[np.int64]
    age: NDArray[np.int64]
    calendar: NDArray[np.int64]
    customers: Floats
    active: Floats
    older: NDArray[np.bool_]
    newer: NDArray[np.bool_]
    months: int


def _table(cohorts: Cohorts, month: np.datetime64) -> _Table | None:
    """Take the cells up to a month; those in the month of the first purchase say nothing."""
    if not len(cohorts.month):
        return None
    last = int((month - cohorts.month[0]).astype(np.int64))
    first = max(last - NEWER - OLDER, 0)
    if not (last < len(cohorts.month) and last - NEWER - first >= LEAST_OLDER):
        return None
    if not cohorts.is_finished[0, last]:
        return None
    cohort, age = np.nonzero(np.tri(last - first, dtype=np.bool_)[::-1])
    customers = cohorts.customers[first + cohort]
    kept = customers > 0
    cohort, age = cohort[kept], age[kept]
    newer = cohort >= last - first - NEWER
    return _Table(
        cohort,
        age,
        cohort + age,
        customers[kept].astype(np.float64),
        cohorts.active[first + cohort, age + 1].astype(np.float64),
        ~newer,
        newer,
        last - first,
    )


def _effects(table: _Table) -> tuple[Floats, Floats]:
    """Fit active = customers x age effect x month effect to the older cohorts.

    The maximum of the Poisson likelihood, whose margins are those observed: found by scaling each
    to its margin in turn (Deming and Stephan 1940), with effects of 0 where nobody was active.
    """
    own = table.older
    cell = (table.age[own], table.calendar[own])
    customers, active = np.zeros((2, table.months, table.months))
    customers[cell], active[cell] = table.customers[own], table.active[own]
    by_age, by_month = active.sum(axis=1), active.sum(axis=0)
    of_age, of_month = np.ones(table.months), np.ones(table.months)
    for _ in range(_ROUNDS):
        of_age = _share(by_age, customers @ of_month)
        scaled = _share(by_month, of_age @ customers)
        change = float(np.abs(scaled - of_month).max())
        of_month = scaled
        if change < _CLOSE:
            break
    return of_age, of_month


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)


def _variances(table: _Table, fitted: Floats, groups: Floats) -> Floats:
    """Give the variances of sums of what is fitted, whose effects are estimated.

    g' (X' W X)^- g, the delta method for a Poisson regression with logarithmic link: X tells age
    and month of a cell, W what is fitted in it, g is the sum of the rows of W X of a group.

    Args:
        table: cells.
        fitted: float64 per cell.
        groups: float64[groups, cells]: 1 where a cell belongs to a group, else 0.
    """
    rows = np.zeros((len(fitted), 2 * table.months))
    places = np.stack((table.age, table.months + table.calendar), axis=1)
    np.put_along_axis(rows, places, fitted[:, None], axis=1)
    own = table.older & (fitted > 0)
    information = rows[own].T @ (rows[own] / fitted[own, None])
    # Ages times a number and months divided by it fit as well: a trace on the diagonal settles it.
    information[np.diag_indices_from(information)] += _TRACE * (information.max() or 1.0)
    sums = groups @ rows
    return np.asarray((sums * np.linalg.solve(information, sums.T).T).sum(axis=1), np.float64)
