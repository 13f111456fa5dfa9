"""What each figure of the documents is, in a line.

Every section of a document has its own definitions. Names that mean the same everywhere stand
alone; where a name means something else in a section, its line there stands under `section.name`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nba.measure import (
    factors,
    funnels,
    kpis,
    lifetime,
    message_kpis,
    returning,
    visitors,
)
from nba.measure.report import claims, messages

Definitions = Mapping[str, str]

WHOLE: Final = ""
"""The section of what stands in a document itself, and not in a part of it."""


def _of(definitions: Definitions, *names: str) -> dict[str, str]:
    return {name: definitions[name] for name in names}


_HEAD: Final = {
    "currencies": "orders by their currency, neither cancelled nor returned nor a test; of several "
    "the sums of money mix them, and there is no currency of the document",
}

KPIS: Final[Mapping[str, Definitions]] = {
    WHOLE: {
        **_HEAD,
        **kpis.DEFINITIONS,
        "is_finished": "whether the whole period is known; what is not can still grow",
        "left_out_months": "months before those listed: the listed ones add up to the whole only "
        "where this is 0",
        "attribution_days": "an action within so many days belongs to the last message before it",
    },
    "messages": message_kpis.DEFINITIONS,
    "incremental": messages.INCREMENTAL,
    "lifetime": {
        **lifetime.DEFINITIONS,
        "customers": "customers with an id and an order; of a cohort, those of whom the cost is "
        "known",
        "horizon_days": "days ahead in which the profit to come is counted",
        "profit": "what the customers of the cohort have brought so far, in minor units",
        "cumulative_profit": "the same by the end of each month, the first one included",
    },
    "factors": factors.DEFINITIONS,
    "funnels": _of(funnels.DEFINITIONS, "at", "reached", "conversion"),
    "return_intervals": _of(
        returning.DEFINITIONS,
        *("returns", "median_days", "lower_quartile_days", "upper_quartile_days"),
        "fades_after_days",
    ),
    "return_paths": _of(returning.DEFINITIONS, "median_days")
    | {
        "orders": "repeat orders that customers came to on this way; over all ways these are all",
        "customers": "customers who made them",
        "revenue": "what they brought, in minor units",
    },
    "status_repeats": _of(returning.DEFINITIONS, "last", "orders", "followed", "repeat_rate"),
    "visit_split": _of(
        visitors.DEFINITIONS,
        *("returning", "contactable", "known_only", "passed_by"),
        *("returning_share", "contactable_share", "known_only_share", "passed_by_share"),
    )
    | {"visits": "visits as the traffic table tells them where it tells every day with a session, "
       "else sessions"},
    "carts": _of(
        visitors.DEFINITIONS,
        *("carts", "finished_carts", "unfinished_carts", "unfinished_cart_rate"),
    ),
    "claims": claims.DEFINITIONS,
    "experiments": {},
}  # fmt: skip
"""Section → the definitions of its figures; those of a month are those of the whole."""

COHORTS: Final[Mapping[str, Definitions]] = {
    WHOLE: _HEAD
    | {
        "left_out_cohorts": "months with new customers before those listed; customers add up to "
        "all of them only where this is 0",
    },
    "cohorts": {
        "customers": "customers whose first kept order lies in the month",
        "months_since": "months after that one; 0 is the month itself; at most 119 are listed",
        "active": "those of them who bought in that month",
        "share": "active / customers",
        "revenue": "what their orders of that month brought, in minor units",
        "cumulative_revenue": "what their orders brought up to the end of that month",
        "is_finished": "whether the whole month is known; what is not can still grow",
    },
    "alarms": {
        "customers": "customers of the cohorts that were one and two months old",
        "active": "how often they bought in a month after the first: 1 a customer and month",
        "expected": "how often they would have, as older cohorts did at that age in such months",
        "ratio": "active / expected",
        "p_value": "chance of as few or fewer, were they as the older ones",
        "alpha": "an alarm is raised below this; it is shared by the 12 looks of a year",
        "is_raised": "whether newer cohorts die faster",
    },
}
"""Section → the definitions of its figures."""

_SUMS: Final = {
    "total": "the metric, added up over customers",
    "squares": "its square, added up over customers",
    "before": "what was known of the same customers before they entered, added up",
    "before_squares": "its square, added up",
    "products": "the metric x what was known before, added up",
    "mean": "total / customers; null without customers",
}
EXPERIMENTS: Final[Mapping[str, Definitions]] = {
    WHOLE: _HEAD,
    "experiments": {
        "window_days": "days after a customer enters in which the metric counts",
        "baseline": "mean of the metric a customer, as taken for granted before the start",
        "minimum_effect": "the least change worth having, as a share of the baseline",
        "alpha": "chance of calling an effect where there is none, over all looks and arms",
        "power": "chance of finding the minimum effect with the customers needed",
        "entered": "customers to whom it has applied so far",
        "counted": "those of them whose window is over, so that nothing about them changes",
        "needed": "customers it takes, counted ones, where it is looked at every day",
        "looked_at_once": "customers it would take, were it looked at once, at the end",
        "reached": "counted / needed",
        "logged": "customers who entered and of whose group the message log speaks",
        "logged_otherwise": "those of them whose group there is not the one that is drawn",
    },
    "arms": {
        "is_control": "whether the others are compared with it",
        "is_holdout": "whether its customers get nothing",
        "share": "share of the customers that is drawn into the group",
        "customers": "counted customers of the group",
        "expected": "how many of all counted its share says",
        "needed": "how many of the group it takes",
    },
    "sums": _SUMS,
    "sample_ratio": {
        "p_value": "chance of such sizes, were the groups drawn by their shares; broken below "
        "0.001",
        "is_broken": "whether something other than the draw decided who is in which group",
    },
    "comparisons": {
        "customers": "counted customers of the arm",
        "other_customers": "counted customers of what it is compared with",
        "mean": "of the metric a customer of the arm",
        "other_mean": "of the metric a customer of the other",
        "difference": "how much more the arm has a customer, adjusted for what was known before",
        "low": "lower bound of the difference, at all looks together",
        "high": "upper bound of the difference, at all looks together",
        "p_value": "chance of such a difference without an effect, valid at every look",
        "variance_share": "variance left by the adjustment, as a share of that without",
        "lift": "difference / mean of the other",
    },
    "hypotheses": {
        "threshold": "share of the customers who are believed to do it, at least",
        "window_days": "days within which they do",
        "alpha": "chance of a wrong verdict, over all looks together",
        "customers": "customers it is about, whose window is over",
        "successes": "those of them who did as believed",
        "share": "successes / customers; null without customers",
        "low": "lower bound of the true share, at all looks together",
        "high": "upper bound of the true share, at all looks together",
        "times": "how often the act takes",
        "least_amount": "minor units that the acts come to, at least",
    },
}
"""Section → the definitions of its figures."""


def merged(sections: Mapping[str, Definitions]) -> dict[str, str]:
    """Put the definitions of all sections side by side, so that no name stands for two things.

    The first section that has a name has it alone; one that means something else by it has it
    under `section.name`, so whoever looks a figure up asks for that first.
    """
    found: dict[str, str] = {}
    for section, definitions in sections.items():
        for name, line in definitions.items():
            if found.setdefault(name, line) != line:
                found[f"{section}.{name}"] = line
    return found


def everything() -> dict[str, str]:
    """Put the definitions of all three documents side by side, as `merged` does those of one."""
    sections: dict[str, Definitions] = {}
    for document in (KPIS, COHORTS, EXPERIMENTS):
        for name, definitions in document.items():
            # The verdicts among the figures have none, and no other section is in two documents.
            sections[name] = {**sections.get(name, {}), **definitions}
    return merged(sections)
