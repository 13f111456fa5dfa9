"""Shops whose log has decisions about one message, for tests of what experiments make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from nba.data.history import OrderHistory
from nba.measure.experiments.definition import Experiment
from tests.golden.log_messages import told_of
from tests.shops import Order, day, history
from tests.unit.measure.trials import trial

# From the first decision of a customer within the four weeks from January 5 on: days 4 to 31.
ABOUT: dict[str, Any] = {"messages": ["accessories"], "salt": "accessories"}


def words(**fields: Any) -> Experiment:
    """Give an experiment about the words of accessories, as it is but for some fields."""
    return trial(**(ABOUT | fields))


def decision(customer: str, at: float, **columns: Any) -> Mapping[str, Any]:
    """Give a decision for accessories that left at once, but for some columns."""
    known: dict[str, Any] = {"message": "accessories", "arm": None, "holdout": False} | columns
    return {
        "message_id": f"{customer}-{at}-{known['message']}",
        "decision_id": f"d-{customer}-{at}-{known['message']}",
        "customer_id": customer,
        "channel": "email",
        "decided_at": day(at),
        "claimed_at": day(at),
        "acked_at": day(at),
        "eligible": None,
        **known,
    }


def nothing(customer: str, at: float, **columns: Any) -> Mapping[str, Any]:
    """Give a decision for nothing where accessories could have left."""
    told = {"message": "none", "claimed_at": None, "acked_at": None} | columns
    return decision(customer, at, eligible='["accessories", "none"]', **told)


def logged(
    orders: Iterable[Order], decisions: Iterable[Mapping[str, Any]], *, as_of: float
) -> OrderHistory:
    """Give a history of orders of 100 minor units a product, with a log."""
    return replace(
        history(orders, as_of=as_of), told=told_of(messages=[dict(one) for one in decisions])
    )


def drawn(experiment: Experiment, group: str) -> Iterator[str]:
    """Name customers who are drawn into a group, one after the other."""
    number = 0
    while True:
        number += 1
        name = f"c{number:04}"
        if experiment.group_of(name) == group:
            yield name
