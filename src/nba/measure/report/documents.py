"""The figures of a shop as three JSON documents: kpis, cohorts, experiments.

Numbers are counts, minor units, shares and days, as their definitions say; what is undefined is
null. The report folder and the API hold the same bytes of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nba.domain import iso
from nba.measure.alarm import CohortAlarm, cohort_alarms
from nba.measure.experiments.files import Trial, read_experiments
from nba.measure.factors import change_of, point_a, sales_factors
from nba.measure.funnels import FUNNELS, funnel
from nba.measure.kpis import PeriodKpis
from nba.measure.lifetime import cohort_returns, customer_value, profit_per_buyer
from nba.measure.report import definitions
from nba.measure.report.claims import claims
from nba.measure.report.messages import messages_part
from nba.measure.report.source import Source
from nba.measure.report.trials import Readouts, readouts
from nba.measure.returning import return_intervals, return_paths, status_repeats

__all__ = [
    "cohorts_document",
    "experiments_document",
    "kpis_document",
    "read_experiments",
    "readouts",
]

MONTHS: Final = 120
"""Months that are listed, the latest ones: one order dated long ago must not make a thousand."""
COHORTS: Final = 60
"""Cohorts that are listed, the latest ones with customers."""


def kpis_document(
    source: Source, *, experiments: Sequence[Trial] | Readouts = ()
) -> dict[str, Any]:
    """Put the figures of a shop together.

    Those of the whole history stand flat at the top, then the parts, each under its name. Of the
    months only the latest `MONTHS` are listed.

    Args:
        source: the shop.
        experiments: of which the verdicts are told too; as `read_experiments` gives them, or what
            `readouts` has made of them.
    """
    told = source.kpis.to_dict()
    months = told.pop("months")
    return {
        **_head(source),
        "attribution_days": source.attribution.window_days,
        **told,
        "left_out_months": max(len(months) - MONTHS, 0),
        "months": months[-MONTHS:],
        **messages_part(source),
        "lifetime": _lifetime(source),
        **_factors(source),
        "funnels": {
            name: [stage.to_dict() for stage in funnel(source.steps, name)] for name in FUNNELS
        },
        "return_intervals": return_intervals(source.sales).to_dict(),
        "return_paths": [
            one.to_dict()
            for one in return_paths(
                source.sales,
                source.history.contacts,
                window_days=source.attribution.window_days,
            )
        ],
        "status_repeats": [one.to_dict() for one in status_repeats(source.history)],
        "visit_split": source.visits.to_dict() | {"visits": source.visits.visits},
        "carts": source.carts.to_dict(),
        "experiments": _read_out(source, experiments).verdicts(),
        "claims": claims(told),
        "definitions": definitions.merged(definitions.KPIS),
    }


def cohorts_document(source: Source) -> dict[str, Any]:
    """Tell who came back by the month of the first order, and whether newer ones die faster.

    Only the latest `COHORTS` with customers are listed, each for `MONTHS` months at most.
    """
    begun = int((source.cohorts.customers > 0).sum())
    return {
        **_head(source),
        "left_out_cohorts": max(begun - COHORTS, 0),
        "cohorts": source.cohorts.to_rows(cohorts=COHORTS, months=MONTHS),
        "alarms": [_alarm(one) for one in cohort_alarms(source.cohorts)],
        "definitions": definitions.merged(definitions.COHORTS),
    }


def experiments_document(source: Source, experiments: Sequence[Trial] | Readouts) -> dict[str, Any]:
    """Read every experiment out, and tell what became of every hypothesis.

    Args:
        source: the shop.
        experiments: as `read_experiments` gives them, or what `readouts` has made of them.

    Raises:
        ConfigError: an experiment names a segment that the shop does not have, or a hypothesis an
            act that nobody tells.
    """
    told = _read_out(source, experiments)
    return {
        **_head(source),
        "experiments": list(told.experiments),
        "hypotheses": list(told.hypotheses),
        "definitions": definitions.merged(definitions.EXPERIMENTS),
    }


def _read_out(source: Source, experiments: Sequence[Trial] | Readouts) -> Readouts:
    return experiments if isinstance(experiments, Readouts) else readouts(source, experiments)


def _head(source: Source) -> dict[str, Any]:
    return {
        "snapshot_id": source.snapshot.id,
        "as_of": iso(source.history.as_of),
        "currency": None if source.mixed else source.currency,
        "currencies": dict(source.currencies),
    }


def _lifetime(source: Source) -> dict[str, Any]:
    cohorts = cohort_returns(source.sales, source.history.profiles, source.traffic)
    return {
        "expected": customer_value(source.sales, source.snapshot.rhythm).to_dict(),
        "cohorts": [one.to_dict() for one in cohorts],
        "profit_per_buyer": profit_per_buyer(cohorts),
    }


def _factors(source: Source) -> dict[str, Any]:
    """Tell the factors of the last finished month, what changed in it, and since the first."""
    finished = [one for one in source.kpis.months if one.is_finished]
    begun = point_a(source.kpis)
    return {
        "factors": {"month": _month(finished[-1]), **sales_factors(finished[-1]).to_dict()}
        if finished
        else None,
        "change": {
            "before_month": _month(finished[-2]),
            "after_month": _month(finished[-1]),
            **change_of(finished[-2], finished[-1]).to_dict(),
        }
        if len(finished) > 1
        else None,
        "point_a": None if begun is None else begun.to_dict(),
    }


def _month(one: PeriodKpis) -> str:
    return str(one.since.astype("datetime64[M]"))


def _alarm(one: CohortAlarm) -> dict[str, Any]:
    return {
        "month": str(one.month),
        "customers": one.customers,
        "active": one.active,
        "expected": one.expected,
        "ratio": one.ratio,
        "p_value": one.p_value,
        "alpha": one.alpha,
        "is_raised": one.is_raised,
    }
