"""While the database is away: widgets answer from memory, the rest says when to come again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.engine import make_url

from nba.cli.load import load
from nba.errors import StateError, StoreAwayError
from nba_api.app import create_app
from nba_api.degraded import Breaker
from nba_api.metrics import Metrics
from nba_api.settings import Settings
from tests.api.lines import Line
from tests.api.shop import is_problem, path_of
from tests.databases import postgres_url

KETTLE = path_of("products", "kettle", "bought-together")
ANN = path_of("customers", "ann", "next-message")
CLAIM = f"{ANN}:claim"
RECOVERY_SECONDS = 5
AT_ONCE = 60


@pytest.fixture(scope="module")
def filled(shop_folder: Path) -> str:
    url = postgres_url()
    load(shop_folder, url)
    return url


@pytest.fixture
def line(filled: str) -> Iterator[Line]:
    with Line(f"{make_url(filled).query['host']}/.s.PGSQL.5432") as line:
        yield line


@pytest.fixture
def client(filled: str, line: Line, settings: Settings) -> Iterator[TestClient]:
    url = make_url(filled).difference_update_query(["host"]).set(host="127.0.0.1", port=line.port)
    told = settings.model_copy(update={"db": url.render_as_string(hide_password=False)})
    with TestClient(create_app(told), raise_server_exceptions=False) as client:
        yield client


def eventually(condition: Callable[[], bool], seconds: float = RECOVERY_SECONDS) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def is_away(client: TestClient) -> bool:
    return client.get(KETTLE).headers.get("x-nba-degraded") == "db"


def test_widgets_go_on_while_the_database_is_stopped(client: TestClient, line: Line) -> None:
    basket = {"product_ids": ["kettle"]}
    assert client.get(ANN).status_code == 200
    whole = client.get(KETTLE)
    assert "x-nba-degraded" not in whole.headers
    line.cut()
    assert eventually(lambda: is_away(client))
    assert client.post("/v1/baskets:complete", json=basket).status_code == 200
    for _ in range(100):
        answer = client.get(KETTLE)
        assert answer.status_code == 200
        assert answer.content == whole.content
        assert answer.headers["x-nba-degraded"] == "db"


@pytest.mark.parametrize("stop", [Line.cut, Line.fall_silent])
def test_what_needs_the_store_says_when_to_come_again(
    client: TestClient, line: Line, stop: Callable[[Line], None]
) -> None:
    assert client.get(ANN).status_code == 200
    stop(line)
    viewed = {"event_id": "e9", "type": "view_item", "customer_id": "ann", "product_id": "cup"}
    for answer in (client.get(ANN), client.post(CLAIM), client.post("/v1/events", json=viewed)):
        assert is_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 200
    assert "nba_store_up 0.0" in client.get("/metrics").text


@pytest.mark.parametrize("stop", [Line.cut, Line.fall_silent])
def test_everything_answers_again_soon_after_the_database_does(
    client: TestClient, line: Line, stop: Callable[[Line], None]
) -> None:
    before = client.get(ANN)
    stop(line)
    assert eventually(lambda: is_away(client))
    line.mend()
    assert eventually(lambda: client.get(ANN).status_code == 200)
    assert client.get(ANN).json() == before.json()
    assert eventually(lambda: not is_away(client))
    metrics = client.get("/metrics").text
    assert "nba_store_up 1.0" in metrics
    assert "nba_degraded_seconds_total 0.0\n" not in metrics


def test_a_silent_database_holds_no_thread_for_long(client: TestClient, line: Line) -> None:
    assert client.get(ANN).status_code == 200
    line.fall_silent()
    slowest = 0.0
    with ThreadPoolExecutor(AT_ONCE) as callers:
        asked = [callers.submit(client.get, ANN) for _ in range(AT_ONCE)]
        began = time.monotonic()
        while not all(one.done() for one in asked):
            asked_at = time.monotonic()
            assert client.get(KETTLE).status_code == 200
            slowest = max(slowest, time.monotonic() - asked_at)
            time.sleep(0.02)
        waited = time.monotonic() - began
    assert {one.result().status_code for one in asked} == {503}
    assert waited < 10
    assert slowest < 2
    fast = time.monotonic()
    assert [client.get(ANN).status_code for _ in range(20)] == [503] * 20
    # One of them may try again; each by itself would wait for seconds.
    assert time.monotonic() - fast < 5


def test_without_its_database_no_server_starts(settings: Settings, line: Line) -> None:
    """It could not tell whether keys were created, and would be open to everybody."""
    line.cut()
    url = f"postgresql://nba:hush@127.0.0.1:{line.port}/nba"
    with pytest.raises(StateError) as refused:
        create_app(settings.model_copy(update={"db": url}))
    assert "cannot be" in str(refused.value)
    assert "hush" not in str(refused.value)


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_after_a_failure_one_question_a_second_tries() -> None:
    clock, tried = Clock(), []
    breaker = Breaker(Metrics(), clock=clock)

    def ask() -> None:
        with breaker.guarding():
            tried.append(clock.now)
            raise StoreAwayError("gone")

    for tenth in range(30):
        clock.now = tenth / 10
        with pytest.raises(StoreAwayError):
            ask()
    assert tried == [0.0, 1.0, 2.0]


def test_while_one_tries_the_others_do_not_wait_for_it() -> None:
    clock = Clock()
    breaker = Breaker(Metrics(), clock=clock)
    breaker.trip()
    clock.now = 1.5
    with breaker.guarding():
        others = breaker.guarding()
        with pytest.raises(StoreAwayError, match="try again in a moment"):
            others.__enter__()
    with breaker.guarding():
        assert breaker.longest_seconds() == 0


def test_a_refusal_is_no_absence() -> None:
    metrics = Metrics()
    breaker = Breaker(metrics)

    def ask() -> None:
        with breaker.guarding():
            raise StateError("what was asked makes no sense")

    with pytest.raises(StateError):
        ask()
    assert metrics.store_away_since is None


def test_the_oldest_question_under_way_says_for_how_long() -> None:
    clock = Clock()
    breaker = Breaker(Metrics(), clock=clock)
    with breaker.guarding():
        clock.now = 3
        with breaker.guarding():
            clock.now = 4
            assert breaker.longest_seconds() == 4
        assert breaker.longest_seconds() == 4
    assert breaker.longest_seconds() == 0


def test_nobody_watches_a_store_that_is_closed(filled: str, settings: Settings) -> None:
    def watching() -> int:
        return sum(one.name == "store-watch" for one in threading.enumerate())

    before = watching()
    app = create_app(settings.model_copy(update={"db": filled}))
    assert watching() == before + 1
    app.state.live.store.close()
    assert eventually(lambda: watching() == before)
