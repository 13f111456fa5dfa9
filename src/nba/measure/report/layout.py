"""What stands where on the page of a report: figures at the top, then sections of pictures, tables.

Nothing is worked out here: every number is in the documents, under the name by which it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final

from nba.measure.cohorts import ACTIVE_DAYS
from nba.measure.report import words
from nba.measure.report.parts import Section, Table, Tile, compared, written
from nba.measure.report.picture import Picture

Rows = Sequence[Mapping[str, Any]]


_PICTURES: Final[Mapping[str, tuple[str, ...]]] = {
    "sales": ("kpi-series",),
    "customers": ("cohort-retention", "cohort-value", "lifecycle-flow", "customer-funnel"),
    "products": (
        *("bought-together", "category-heat-map", "coverage"),
        *("replacement-times", "due-date-calibration"),
    ),
    "messages": ("message-funnel", "message-frequency"),
}
"""Section → its pictures, in order."""
_MESSAGE_TERMS: Final = (
    *("sent", "delivered", "opened", "clicked", "useful", "useful_per_message"),
    *("unsubscribed", "unsubscribed_per_message", "orders", "revenue"),
)

_GOOD: Final = "a founding text: 30 % and more speak for a good product"


def tiles(kpis: Mapping[str, Any]) -> list[Tile]:
    """Choose the figures at the top: those of the whole history, and how the last month kept."""
    month = next((one for one in reversed(kpis["months"]) if one["is_finished"]), None)
    month_name = "" if month is None else f"in {month['since'][:7]}, the last whole month"
    # Of a history that is younger, everybody is a customer still, which says nothing.
    could_leave = month is not None and _days(kpis["since"], month["since"]) >= ACTIVE_DAYS
    told = [
        *((term, kpis[term], "") for term in ("revenue", "orders", "customers")),
        ("average_order_value", kpis["average_order_value"], ""),
        ("repeat_purchase_rate", kpis["repeat_purchase_rate"], ""),
        (
            "repeat_revenue_share",
            kpis["repeat_revenue_share"],
            "a founding text: 30 % and more speak for a good product",
        ),
        ("lifetime_value", kpis["lifetime_value"], "so far"),
        *(
            (term, month[term] if month is not None and could_leave else None, month_name)
            for term in ("customer_retention_rate", "churn_rate")
        ),
        ("conversion", kpis["conversion"], ""),
        *(
            (term, kpis["visit_split"][term], "of visits")
            for term in ("returning_share", "contactable_share")
        ),
        ("unfinished_cart_rate", kpis["carts"]["unfinished_cart_rate"], ""),
        *(
            (term, kpis["messages_total"][term] if kpis["messages"] else None, "")
            for term in ("sent", "useful_per_message", "unsubscribed_per_message")
        ),
    ]
    return [
        Tile(term, written(term, value, _currency(kpis)), note)
        for term, value, note in told
        if value is not None
    ]


def raised(cohorts: Mapping[str, Any]) -> list[str]:
    """Say what the latest alarm of newer cohorts says, where it is raised; else nothing.

    What was raised once and is no more is told by the picture of the cohorts.

    Args:
        cohorts: the document of the cohorts.
    """
    return [
        f"After {one['month']}, the {words.count(one['customers'])} customers of the newest "
        f"cohorts bought {words.count(one['active'])} times where older cohorts at their age "
        f"would have {words.decimal(one['expected'])} times (chance of so few, if nothing had "
        f"changed: {words.small(one['p_value'])})."
        for one in cohorts["alarms"][-1:]
        if one["is_raised"]
    ]


def sections(
    kpis: Mapping[str, Any],
    experiments: Mapping[str, Any],
    pictures: Iterable[Picture],
    estimate: Sequence[str],
) -> list[Section]:
    """Lay out a report.

    Args:
        kpis: the document of the figures.
        experiments: that of the experiments.
        pictures: each goes to its section.
        estimate: the arithmetic of what more orders would bring; none without visits.
    """
    drawn = {one.name: one for one in pictures}
    tables = {
        "sales": _sales(kpis),
        "customers": _customers(kpis),
        "products": [],
        "messages": _messages(kpis),
    }
    parts = [
        Section(
            name,
            name.capitalize(),
            tuple(drawn[one] for one in _PICTURES[name] if one in drawn),
            tuple(tables[name]),
        )
        for name in _PICTURES
    ]
    return [
        *parts,
        Section("experiments", "Experiments", (), tuple(_experiments(experiments))),
        Section("more", "What more it could be", (), tuple(_more(kpis, estimate))),
    ]


def _table(
    title: str,
    part: str,
    terms: Sequence[str],
    rows: Rows,
    reading: str = "",
    *,
    currency: str = "",
) -> Table:
    return Table(
        title,
        reading,
        part,
        tuple(terms),
        tuple(tuple(written(term, row[term], currency) for term in terms) for row in rows),
    )


def _currency(document: Mapping[str, Any]) -> str:
    """Give the code by which money is written; none where the document has no one currency."""
    return document["currency"] or ""


def _days(since: str, until: str) -> int:
    return (date.fromisoformat(until[:10]) - date.fromisoformat(since[:10])).days


def _sales(kpis: Mapping[str, Any]) -> list[Table]:
    found, currency = [], _currency(kpis)
    if (change := kpis["change"]) is not None:
        found.append(
            _change(
                f"What changed the profit from {change['before_month']} to {change['after_month']}",
                change,
                currency,
            )
        )
    if (begun := kpis["point_a"]) is not None:
        first, last = begun["baseline"]["since"][:7], begun["now"]["since"][:7]
        found.append(_change(f"Since point A: from {first} to {last}", begun["change"], currency))
    terms = (
        *("month", "orders", "customers", "new_customers", "revenue", "profit"),
        *("average_order_value", "repeat_purchase_rate", "customer_retention_rate", "churn_rate"),
    )
    months = [one | {"month": one["since"][:7]} for one in kpis["months"]]
    reading = (
        f"A customer is one for {ACTIVE_DAYS} days after an order: for so long after the first "
        "order of the history nobody can have left."
    )
    return [*found, _table("Month by month", "", terms, months[-25:], reading, currency=currency)]


def _change(title: str, change: Mapping[str, Any], currency: str) -> Table:
    """Show the factors of the profit, and what each did to its change."""
    before, after = change["before"], change["after"]
    rows = tuple(
        (
            words.words(factor),
            written(factor, before[factor], currency),
            written(factor, after[factor], currency),
            words.money(part, currency),
        )
        for factor, part in change["parts"].items()
    )
    total = ("Profit", *(words.money(one["profit"], currency) for one in (before, after)))
    return Table(
        title,
        "The factors multiply to the profit; what each did adds up to its change.",
        "factors",
        ("factor", "before", "after", "part"),
        (*rows, (*total, words.money(change["change"], currency))),
    )


def _customers(kpis: Mapping[str, Any]) -> list[Table]:
    gaps = kpis["return_intervals"]
    costed = [one for one in kpis["lifetime"]["cohorts"] if one["cost"] is not None]
    expected = kpis["lifetime"]["expected"]
    table = partial(_table, currency=_currency(kpis))
    return [
        table(
            "What a customer is worth",
            "lifetime",
            (
                *("lifetime_value", "profit_to_come", "profit_to_come_low"),
                *("profit_to_come_high", "horizon_days"),
            ),
            [expected],
        ),
        table(
            "What customers brought beside what winning them cost",
            "lifetime",
            (
                *("month", "customers", "cost", "acquisition_cost", "lifetime_value"),
                *("value_to_cost", "is_worth_it", "payback_months", "is_paid_back_in_time"),
            ),
            costed[-25:],
            "" if costed else "The shop tells neither spend nor acquisition costs.",
        ),
        table(
            "Days from one order to the next, of those who came back",
            "return_intervals",
            tuple(gaps),
            [gaps],
        ),
        table(
            "On which way customers came back",
            "return_paths",
            ("path", "orders", "customers", "revenue", "median_days"),
            kpis["return_paths"],
            "What came before the order within the attribution window, which need not be why.",
        ),
        table(
            "What customers did after an order that had a status",
            "status_repeats",
            ("status", "last", "orders", "followed", "repeat_rate"),
            kpis["status_repeats"],
        ),
    ]


def _messages(kpis: Mapping[str, Any]) -> list[Table]:
    days = kpis["attribution_days"]
    slices = kpis["message_slices"]
    table = partial(_table, currency=_currency(kpis))
    if not kpis["messages"]:
        return [Table("Messages", "The log holds none yet: claims and message events fill it.")]
    effect = [
        {
            "message": one["message"],
            "treated": one["treated"],
            "held_out": one["held_out"],
            **{name: one["useful"][name] for name in _EFFECT},
        }
        for one in kpis["incremental"]
    ]
    return [
        table(
            "What each message did",
            "messages",
            ("message", *_MESSAGE_TERMS),
            kpis["messages"],
            f"An action belongs to the last message within {days:g} days before it.",
        ),
        table(
            "By how personal it is",
            "messages",
            ("level", *_MESSAGE_TERMS),
            [one | {"level": one["level"] or "not in the playbook"} for one in slices["by_level"]],
        ),
        table("By channel", "messages", ("channel", *_MESSAGE_TERMS), slices["by_channel"]),
        table(
            "By segment of the customer",
            "messages",
            ("segment", *_MESSAGE_TERMS),
            [one | {"segment": one["label"] or one["segment"]} for one in slices["by_segment"]],
        ),
        table("By variant", "messages", ("variant", *_MESSAGE_TERMS), slices["by_variant"]),
        table("By month", "messages", ("month", *_MESSAGE_TERMS), slices["by_month"]),
        table(
            "What messages changed: customers who got one beside those held out",
            "incremental",
            ("message", "treated", "held_out", *_EFFECT),
            effect,
            "Useful actions a customer; an effect whose interval holds 0 may be none.",
        ),
    ]


_EFFECT: Final = ("treated_mean", "held_out_mean", "effect", "low", "high")
_COMPARISON: Final = (
    *("metric", "arm", "other", "mean", "other_mean"),
    *("difference", "low", "high"),
)


def _experiments(document: Mapping[str, Any]) -> list[Table]:
    told = [
        {
            "id": one["id"],
            "hypothesis": one["hypothesis"],
            "verdict": one["verdict"] or {"word": words.DASH, "reason": one["problem"]},
        }
        for one in (*document["experiments"], *document["hypotheses"])
    ]
    if not told:
        return [
            Table(
                "Experiments",
                "None were given: --experiments FOLDER names experiments and hypotheses.",
            )
        ]
    rows = tuple(
        (one["id"], one["hypothesis"], one["verdict"]["word"], one["verdict"]["reason"])
        for one in told
    )
    found = [Table("What to do", "", "", ("experiment", "hypothesis", "verdict", "reason"), rows)]
    for one in document["experiments"]:
        title = (
            f"{one['id']}: {words.count(one['counted'])} of {words.count(one['needed'])} customers"
        )
        lines = tuple(
            tuple(compared(term, row, _currency(document)) for term in _COMPARISON)
            for row in one["comparisons"]
        )
        found.append(Table(title, "", "comparisons", _COMPARISON, lines))
    return found


def _more(kpis: Mapping[str, Any], estimate: Sequence[str]) -> list[Table]:
    rows = tuple(
        (
            one["text"],
            one["source"],
            words.DASH
            if one["figure"] is None
            else written(one["figure"], one["ours"], _currency(kpis)),
        )
        for one in kpis["claims"]
    )
    claims = Table(
        "What others claim",
        "Sentences that shop owners meet. They are others', measured by nobody here.",
        "",
        ("claim", "source", "ours"),
        rows,
    )
    if not estimate:
        return [Table("What more orders would bring", "The shop tells no visits."), claims]
    reading = (
        "If orders grew by 9 to 15 %, which is a claim of others and no forecast; "
        "nba calculate works out your own."
    )
    return [Table("What more orders would bring", reading, steps=tuple(estimate)), claims]
