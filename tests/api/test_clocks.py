"""The clock of a demonstration: it stands, or it was set and runs; it never runs behind a fact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba import schema
from nba.domain import to_instant
from nba.errors import ConfigError, DataError
from nba.state.latest import last_fact
from nba.state.posting import post
from nba.state.store import Store
from nba_api import clocks
from nba_api.app import create_app
from nba_api.clocks import clock_of
from nba_api.settings import Settings
from tests.api.shop import path_of

STARTS_AT = "2026-03-01T12:00:00Z"


def set_to(settings: Settings, instant: str) -> Settings:
    return settings.model_copy(update={"as_of": None, "starts_at": instant})


def shown_by(clock: clocks.Clock) -> np.datetime64:
    return np.datetime64(clock(), "us")


def test_a_clock_that_was_set_shows_the_instant_and_runs(
    own: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = itertools.count(5_000_000_000, 1_500_000)
    monkeypatch.setattr(clocks.time, "monotonic_ns", lambda: next(machine))
    clock = clock_of(set_to(own, STARTS_AT), store)
    first, then = shown_by(clock), shown_by(clock)
    assert first == to_instant(STARTS_AT) + np.timedelta64(1_500, "us")
    assert then - first == np.timedelta64(1_500, "us")


def test_it_starts_after_the_last_fact_of_the_store_and_says_so(
    own: Settings, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    late = {"event_id": "late", "type": "view_item", "customer_id": "ann", "product_id": "cup"}
    post(store, schema.EVENTS, [late], np.datetime64("2026-03-05T08:00:00", "us"))
    assert last_fact(store) == np.datetime64("2026-03-05T08:00:00", "us")
    clock = clock_of(set_to(own, STARTS_AT), store)
    since = shown_by(clock) - last_fact(store)
    assert np.timedelta64(0, "us") < since < np.timedelta64(60, "s")
    assert "2026-03-05T08:00:00Z: the clock starts after them" in caplog.text


def test_a_clock_either_stands_or_runs(own: Settings, store: Store) -> None:
    with pytest.raises(ConfigError, match="give one of them"):
        clock_of(own.model_copy(update={"starts_at": STARTS_AT}), store)
    with pytest.raises(DataError, match="zone"):
        clock_of(set_to(own, "2026-03-01T12:00"), store)


def test_what_happens_under_a_running_clock_counts_in_the_next_answer(own: Settings) -> None:
    seen = {"event_id": "now", "type": "view_item", "customer_id": "bob", "product_id": "cup"}
    with TestClient(create_app(set_to(own, STARTS_AT))) as asking:
        before = asking.get(path_of("customers", "bob", "viewed")).json()
        assert asking.post("/v1/events", json=seen).json()["accepted"] == 1
        after = asking.get(path_of("customers", "bob", "viewed")).json()
    assert before["request"]["product_ids"] == []
    assert after["request"]["product_ids"] == ["cup"]
