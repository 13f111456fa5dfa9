"""The profile of a customer: every figure with what it rests on."""

from __future__ import annotations

import json

import pytest

import nba
from nba.errors import ConfigError
from tests.shops import catalog, day, history

QUICK = nba.TrainConfig.model_validate({"picks": {"models": ["item-item"]}})


def orders() -> list[tuple[str, str | None, float, list[str]]]:
    found: list[tuple[str, str | None, float, list[str]]] = []
    for who in range(40):
        name = f"c{who:02}"
        found.append((f"{name}-first", name, who % 7, ["kettle"]))
        found += [
            (f"{name}-{n}", name, 3 + who % 7 + n * (20 + who % 3), ["tea"]) for n in range(10)
        ]
    return found


@pytest.fixture(scope="module")
def recommender() -> nba.Recommender:
    listed = catalog(
        {"product_id": "kettle", "is_consumable": False, "category": "Kitchen > Kettles"},
        {"product_id": "tea", "is_consumable": True, "category": "Food > Tea"},
    )
    return nba.Recommender(nba.train(history(orders()), listed, QUICK, threads=1))


def test_a_profile_says_rhythm_worth_segments_what_is_owned_and_what_is_due(
    recommender: nba.Recommender,
) -> None:
    profile = recommender.profile("c00").to_dict()
    assert profile["known"]
    assert profile["rhythm"]["state"] == "active"
    assert profile["rhythm"]["label"]
    assert profile["rhythm"]["icon"]
    assert profile["rhythm"]["evidence"]["order_days"] == 11
    assert profile["rhythm"]["evidence"]["last_day"] == "2026-07-03"
    assert 0.5 < profile["p_alive"] <= 1
    assert profile["expected_purchases"] > 5
    value = profile["lifetime_value"]
    assert 0 <= value["low"] <= value["expected"] <= value["high"]
    assert {"rfm"} <= {one["kind"] for one in profile["segments"]}
    assert [one["product_id"] for one in profile["owned"]] == ["kettle"]
    assert [one["product_id"] for one in profile["due"]] == ["tea"]
    due = profile["due"][0]["evidence"]
    assert 0 < due["probability"] < 1
    assert due["due_from"] <= due["due_at"] <= due["due_until"]


def test_a_due_date_lies_about_a_gap_after_the_last_purchase(recommender: nba.Recommender) -> None:
    # The last tea of c00 was on day 183, and the next one is twenty days later.
    evidence = recommender.buy_again("c00")[0].reason.evidence
    assert str(day(193)) < str(evidence["due_at"]) < str(day(213))
    assert evidence["probability"] == recommender.buy_again("c00")[0].score


def test_at_a_later_instant_the_silence_counts(recommender: nba.Recommender) -> None:
    later = recommender.profile("c00", at=day(500)).to_dict()
    assert later["rhythm"]["state"] == "lost"
    assert later["p_alive"] < recommender.profile("c00").p_alive
    assert later["as_of"] == "2027-05-16T12:00:00Z"


def test_a_longer_horizon_expects_more(recommender: nba.Recommender) -> None:
    month, year = (recommender.profile("c00", horizon_days=days) for days in (30, 365))
    assert month.expected_purchases < year.expected_purchases
    assert month.lifetime_value["expected"] < year.lifetime_value["expected"]
    with pytest.raises(ConfigError, match="horizon"):
        recommender.profile("c00", horizon_days=0)


def test_of_a_stranger_nothing_is_made_up(recommender: nba.Recommender) -> None:
    profile = recommender.profile("nobody").to_dict()
    assert not profile["known"]
    assert profile["rhythm"] == {"state": "none"}
    assert profile["p_alive"] == profile["expected_purchases"] == 0
    assert profile["segments"] == profile["owned"] == profile["due"] == []


def test_a_profile_is_json(recommender: nba.Recommender) -> None:
    for customer in ("c00", "nobody"):
        json.dumps(recommender.profile(customer).to_dict(), allow_nan=False)
