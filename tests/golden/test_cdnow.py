"""The published figures of the CDNOW cohort: 2,357 customers, 39 weeks to learn, 39 to foretell.

The data is not part of this repository. `NBA_DATA` names the folder that holds
`cdnow/CDNOW_sample.txt` (customer, number in the sample, date, CDs, dollars). Parameters and
likelihoods: Fader, Hardie and Lee (2005); of the modified model (Batislam, Denizel and Filiztekin
2007) the notes of Fader and Hardie.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nba.artifacts.rhythm import MODELS
from nba.config import RhythmConfig
from nba.data.history import OrderHistory
from nba.learn.lifecycle import rhythm
from nba.statistics.customers import CustomerSummary

SAMPLE = Path(os.environ.get("NBA_DATA", "absent")) / "cdnow" / "CDNOW_sample.txt"
CUT, HORIZON_DAYS = "1997-10-01T00:00Z", 273

pytestmark = pytest.mark.skipif(
    not SAMPLE.is_file(), reason="NBA_DATA names no folder with cdnow/CDNOW_sample.txt"
)


def summed(history: OrderHistory) -> CustomerSummary:
    baskets = history.baskets()
    margin = np.zeros(1, np.int64), np.zeros(1, np.bool_)
    return CustomerSummary.of(baskets, history.purchases(), *margin, default_margin=1.0)


@pytest.fixture(scope="module")
def history() -> OrderHistory:
    names = ["master", "customer_id", "date", "quantity", "dollars"]
    lines = pd.read_csv(SAMPLE, sep=r"\s+", names=names, dtype=str)
    return OrderHistory.from_frame(
        pd.DataFrame(
            {
                "order_id": [f"o{number}" for number in range(len(lines))],
                "customer_id": lines["customer_id"],
                "ordered_at": pd.to_datetime(lines["date"]).dt.strftime("%Y-%m-%dT12:00:00Z"),
                "status": "delivered",
                "product_id": "cd",
                "quantity": 1,
                "unit_price": lines["dollars"],
            }
        )
    )


@pytest.fixture(scope="module")
def learned(history):
    known = summed(history.until(CUT))
    return known, *rhythm(known, known.customer_ids, RhythmConfig())


@pytest.fixture(scope="module")
def bought(history, learned):
    """Days with a purchase after the cut, per customer."""
    known, _, _ = learned
    whole = summed(history)
    return whole.days - known.days[known.customer_ids.codes_of(whole.customer_ids)]


def test_the_cohort_is_the_one_of_the_papers(learned, bought):
    known, _, _ = learned
    assert len(known) == 2357
    assert int((known.repeats > 0).sum()) == 946
    assert int(bought.sum()) == 1882
    assert known.age.max() == pytest.approx(38.857, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "params", "log_likelihood"),
    [
        ("bg_nbd", (0.243, 4.414, 0.793, 2.426), -9582.4),
        ("mbg_nbd", (0.525, 6.183, 0.891, 1.614), -9582.1),
    ],
)
def test_parameters_and_likelihood_are_the_published_ones(learned, model, params, log_likelihood):
    _, _, fits = learned
    fit = fits[MODELS.index(model)]
    assert list(fit.params.values()) == pytest.approx(params, abs=1e-3)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=0.1)
    assert fit.converged
    assert fit.chosen == (model == "mbg_nbd")


@pytest.mark.parametrize(
    ("model", "error", "root", "correlation", "total"),
    [("bg_nbd", 0.786, 1.608, 0.626, 1653), ("mbg_nbd", 0.765, 1.607, 0.627, 1577)],
)
def test_the_holdout_is_foretold_as_well_as_in_the_reference(
    learned, bought, model, error, root, correlation, total
):
    known, rhythms, fits = learned
    code = MODELS.index(model)
    params = np.array(list(fits[code].params.values()))
    of_model = replace(rhythms, model=np.array([code], np.int8), buying=params)
    told = of_model.expected_purchases(np.arange(len(known)), known.as_of, HORIZON_DAYS)
    assert np.abs(told - bought).mean() == pytest.approx(error, abs=1e-3)
    assert np.sqrt(((told - bought) ** 2).mean()) == pytest.approx(root, abs=1e-3)
    assert np.corrcoef(told, bought)[0, 1] == pytest.approx(correlation, abs=1e-3)
    assert told.sum() == pytest.approx(total, abs=1)


def test_spending_is_nearly_unrelated_to_frequency(learned):
    _, _, (_, _, spending) = learned
    assert (spending.customers, spending.left_out) == (946, 0)
    assert spending.correlation == pytest.approx(0.114, abs=1e-3)
