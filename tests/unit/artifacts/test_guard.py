"""The publish guard: which figures keep a snapshot from becoming current."""

from __future__ import annotations

from typing import Any

import pytest

from nba.artifacts.guard import objections
from nba.artifacts.snapshot import Snapshot
from tests.snapshots import snapshot

PRODUCTS = [f"p{number:02}" for number in range(20)]


def of(
    products: list[str], *, covered: float = 0.5, recall: float | None = None, n: int = 10
) -> Snapshot:
    methods = {"picks": {f"recall@{n}": {"mean": recall}}}
    backtest = {"n": n, "horizon_days": 28, "methods": methods}
    return snapshot(products).with_manifest(
        coverage={"bought_together_of_sold": covered, "bought_together_of_catalogue": covered / 2},
        backtest=None if recall is None else backtest,
    )


def test_a_snapshot_that_is_as_good_passes() -> None:
    assert objections(of(PRODUCTS, recall=0.2), of(PRODUCTS, recall=0.2)) == []


@pytest.mark.parametrize(("covered", "found"), [(0.4, 0), (0.39, 1), (0.6, 0)])
def test_coverage_may_fall_by_a_fifth_and_no_further(covered: float, found: int) -> None:
    assert len(objections(of(PRODUCTS), of(PRODUCTS, covered=covered))) == found


def test_a_relation_that_hardly_any_product_had_may_vanish() -> None:
    assert objections(of(PRODUCTS, covered=0.09), of(PRODUCTS, covered=0.0)) == []


@pytest.mark.parametrize(("kept", "found"), [(16, 0), (15, 1)])
def test_four_fifths_of_the_catalogue_have_to_stay(kept: int, found: int) -> None:
    new = [*PRODUCTS[:kept], *(f"q{number}" for number in range(20))]
    assert len(objections(of(PRODUCTS), of(new))) == found


@pytest.mark.parametrize(("recall", "found"), [(0.181, 0), (0.179, 1)])
def test_the_hit_rate_may_fall_by_a_tenth_and_no_further(recall: float, found: int) -> None:
    assert len(objections(of(PRODUCTS, recall=0.2), of(PRODUCTS, recall=recall))) == found


def test_hit_rates_that_were_measured_differently_are_not_compared() -> None:
    assert objections(of(PRODUCTS, recall=0.2), of(PRODUCTS, recall=0.02, n=5)) == []
    assert objections(of(PRODUCTS, recall=0.2), of(PRODUCTS)) == []


def test_an_objection_names_the_figure_and_both_its_values() -> None:
    current, new = of(PRODUCTS, recall=0.2), of(PRODUCTS[:10], covered=0.1, recall=0.1)
    told: Any = " ".join(objections(current, new))
    assert "bought_together_of_sold fell from 50.0% to 10.0%" in told
    assert "of the 20 products of the current snapshot only 50.0%" in told
    assert "recall@10 of the picks in the backtest fell from 20.00% to 10.00%" in told


def test_a_catalogue_that_was_empty_is_no_measure() -> None:
    assert objections(of([]), of(PRODUCTS)) == []
