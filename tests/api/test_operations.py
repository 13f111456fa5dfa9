"""What runs a server sees of it: its metrics, and how it takes leave."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from nba_api.app import create_app
from nba_api.metrics import BUCKETS, Durations, Metrics, Served
from nba_api.settings import Settings
from tests.api.shop import ODD_PRODUCT, path_of
from tests.api.test_process import arguments
from tests.faults.forks import Forks
from tests.servers import caller_of, forked, free_port

KETTLE = path_of("products", "kettle", "bought-together")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
REQUESTS = 1_000 if os.environ.get("NBA_FAULTS") else 200
CALLERS = 4
__all__ = ("arguments",)


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def samples(text: str) -> dict[str, float]:
    """Read an exposition: a sample's name with its labels → value."""
    return {
        f"{one.name}{sorted(one.labels.items())}": one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_requests_are_counted_by_route_and_class_of_status(client: TestClient) -> None:
    for product in ("kettle", ODD_PRODUCT):
        client.get(path_of("products", product, "similar"))
    client.get(path_of("products", "kettle", "similar") + "?limit=0")
    client.get("/v1/nothing")
    found = samples(client.get("/metrics").text)
    route = "/v1/products/{product_id:path}/similar"
    assert found[f"nba_requests_total[('route', '{route}'), ('status', '2xx')]"] == 2
    assert found[f"nba_requests_total[('route', '{route}'), ('status', '4xx')]"] == 1
    assert found["nba_requests_total[('route', 'none'), ('status', '4xx')]"] == 1
    assert found[f"nba_request_seconds_count[('route', '{route}')]"] == 3
    assert found["nba_requests_in_flight[]"] == 1


def test_no_id_is_a_label(client: TestClient) -> None:
    for customer in ("ann", "nobody"):
        client.get(path_of("customers", customer, "profile"))
    text = client.get("/metrics").text
    assert "ann" not in re.findall(r'"([^"]*)"', text)
    assert "nobody" not in text


def test_the_served_snapshot_is_shown_with_its_age(app: FastAPI, client: TestClient) -> None:
    snapshot = app.state.live.serving().snapshot
    text = client.get("/metrics").text
    assert f'nba_snapshot_info{{id="{snapshot.id}"}} 1.0' in text
    found = samples(text)
    assert found["nba_snapshot_ready[]"] == 1
    assert found["nba_snapshot_refused[]"] == 0
    assert found["nba_snapshot_sequence[]"] == snapshot.manifest.sequence
    assert found["nba_snapshot_age_seconds[]"] > 0
    assert found["nba_snapshot_open_seconds_count[]"] == 1


def test_a_published_snapshot_that_cannot_be_opened_raises_the_alarm(
    tmp_path: Path, settings: Settings
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "current").write_text("20260101T000000-000000000000\n")
    app = create_app(settings.model_copy(update={"models": models}))
    with TestClient(app, raise_server_exceptions=False) as client:
        found = samples(client.get("/metrics").text)
        assert client.get("/health/ready").status_code == 503
    assert found["nba_snapshot_ready[]"] == 0
    assert found["nba_snapshot_refused[]"] == 1
    assert found["nba_snapshots_refused_total[]"] == 1


def test_everything_that_other_rooms_count_is_shown() -> None:
    metrics = Metrics()
    metrics.rows_posted("orders", accepted=3, duplicates=2, bad=1)
    metrics.claim_answered("granted")
    metrics.webhook_read("ses", "bounced", events=4)
    metrics.webhook_refused("ses")
    metrics.request_refused("rate")
    metrics.store_was_read(0.002)
    metrics.snapshot_swapped(Served("s", 3, 0.0), 0.001)
    metrics.store_went_away()
    found = samples(metrics.text().decode())
    assert found["nba_rows_total[('outcome', 'accepted'), ('table', 'orders')]"] == 3
    assert found["nba_rows_total[('outcome', 'duplicate'), ('table', 'orders')]"] == 2
    assert found["nba_rows_total[('outcome', 'bad'), ('table', 'orders')]"] == 1
    assert found["nba_claims_total[('outcome', 'granted')]"] == 1
    assert found["nba_claims_total[('outcome', 'withdrawn')]"] == 0
    assert found["nba_webhook_events_total[('provider', 'ses'), ('type', 'bounced')]"] == 4
    assert found["nba_webhooks_refused_total[('provider', 'ses')]"] == 1
    assert found["nba_requests_refused_total[('limit', 'rate')]"] == 1
    assert found["nba_store_read_seconds_count[]"] == 1
    assert found["nba_store_up[]"] == 0
    assert found["nba_degraded_seconds_total[]"] > 0


def test_the_page_on_operations_tells_every_metric_and_setting() -> None:
    metrics = Metrics()
    metrics.snapshot_swapped(Served("s", 3, 0.0), 0.001)
    page = PAGE.read_text("utf-8")
    for family in text_string_to_metric_families(metrics.text().decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"`{name}" in page, name
    for setting in Settings.model_fields:
        assert f"`NBA_{setting.upper()}`" in page, setting


def test_a_class_of_seconds_holds_its_upper_bound() -> None:
    durations = Durations()
    for seconds in (0.0, BUCKETS[0], BUCKETS[0] + 1e-9, BUCKETS[-1], 60.0):
        durations.add(seconds)
    buckets = dict(durations.buckets())
    assert buckets[str(BUCKETS[0])] == 2
    assert buckets[str(BUCKETS[1])] == 3
    assert buckets[str(BUCKETS[-1])] == 4
    assert buckets["+Inf"] == 5


def test_counting_costs_a_request_next_to_nothing() -> None:
    metrics, count = Metrics(), 20_000
    began = time.process_time()
    for _ in range(count):
        metrics.answered("/v1/products/{product_id:path}/similar", 200, 0.001)
    assert (time.process_time() - began) / count < 20e-6


def test_a_server_that_was_told_to_stop_says_so_and_still_answers(
    app: FastAPI, client: TestClient
) -> None:
    assert "connection" not in client.get(KETTLE).headers
    app.state.live.is_stopping = True
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert "stopping" in ready.json()["detail"]
    answer = client.get(KETTLE)
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"


def test_a_stop_under_load_drops_no_request(forks: Forks, arguments) -> None:
    """Callers go elsewhere when the server is no longer ready, as a load balancer makes them."""
    at = free_port()
    answered: list[int] = []
    is_ready = threading.Event()
    is_ready.set()
    unready_at: list[float] = []

    def call() -> None:
        with caller_of(at) as client:
            while is_ready.is_set():
                answered.append(client.get(KETTLE).status_code)

    def balance() -> None:
        with caller_of(at) as client:
            while client.get("/health/ready").status_code == 200:
                time.sleep(0.1)
        unready_at.append(time.monotonic())
        # Others go on for a while, until they hear of it.
        time.sleep(0.3)
        is_ready.clear()

    job = forked(forks, arguments(at))
    with ThreadPoolExecutor(CALLERS + 1) as threads:
        working = [threads.submit(call) for _ in range(CALLERS)]
        while len(answered) < REQUESTS and not any(one.done() for one in working):
            time.sleep(0.01)
        balancing = threads.submit(balance)
        told_at = time.monotonic()
        os.kill(job.pids[0], signal.SIGTERM)
        for one in (*working, balancing):
            one.result()
        codes = job.codes()
        stopped_at = time.monotonic()
    assert codes == [0]
    assert set(answered) == {200}
    assert len(answered) > REQUESTS
    assert unready_at[0] - told_at < 0.5
    assert stopped_at - told_at < 10
