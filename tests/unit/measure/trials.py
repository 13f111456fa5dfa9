"""Experiments and sums for tests."""

from __future__ import annotations

from typing import Any

from nba.measure.experiments.definition import Experiment
from nba.measure.experiments.sums import Sums

FIELDS: dict[str, Any] = {
    "id": "words",
    "hypothesis": "the new words are answered more often",
    "metric": "conversion",
    "baseline": 0.05,
    "minimum_effect": 0.1,
    "starts_at": "2026-01-05T00:00:00Z",
    "ends_at": "2026-02-02T00:00:00Z",
    "arm": [{"id": "control"}, {"id": "tried"}],
}
REVENUE = {"metric": "revenue", "baseline": 1000.0, "deviation": 3000.0}
THREE = [{"id": "control", "weight": 2}, {"id": "tried"}, {"id": "other"}]


def trial(**fields: Any) -> Experiment:
    """Give an experiment that is as above but for some fields."""
    return Experiment.model_validate({**FIELDS, **fields})


def answered(customers: int, answers: int) -> Sums:
    """Give the sums of a group of whom so many answered."""
    return Sums(customers, answers, answers)
