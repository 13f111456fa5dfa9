"""How much one caller may ask, and how much all together; the depth of a body."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from nba.state.store import Store
from nba_api.admission import Admission
from nba_api.bodies import Room, read_body
from nba_api.depth import MAX_DEPTH, is_too_deep
from nba_api.gate import Gate
from nba_api.keys import Keys
from nba_api.limits import BURST_SECONDS, Buckets, address_of
from nba_api.metrics import Metrics
from nba_api.sessions import Sessions
from nba_api.settings import Settings
from tests.api.keyed import Keyed, serving
from tests.api.shop import is_problem, path_of

KETTLE: Final = path_of("products", "kettle", "similar")
PROXY: Final = "testclient"
Json = Any


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def limited(shop_folder: Path, settings: Settings, tmp_path: Path) -> Iterator[Keyed]:
    """A server that answers one page visitor twice at once, and then once a second."""
    limits: dict[str, Any] = {"rate_limit": 1, "key_rate_limit": 3, "trusted_proxies": (PROXY,)}
    with serving(shop_folder, settings, tmp_path, **limits) as keyed:
        yield keyed


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    clock = Clock()
    buckets = Buckets(10, clock=clock)
    burst = int(10 * BURST_SECONDS)
    assert [buckets.take("a") for _ in range(burst)] == [0.0] * burst
    assert buckets.take("a") == pytest.approx(0.1)
    assert buckets.take("b") == 0
    clock.now += 0.1
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0
    clock.now += 3600
    assert [buckets.take("a") for _ in range(burst)] == [0.0] * burst
    assert buckets.take("a") > 0


def test_buckets_take_no_more_memory_than_they_may() -> None:
    clock = Clock()
    buckets = Buckets(1, size=100, clock=clock)
    for number in range(10_000):
        buckets.take(f"address-{number}")
        assert len(buckets) <= 100
    # The latest are remembered.
    assert buckets.take("address-9999") == 0
    assert buckets.take("address-9999") > 0
    clock.now += 60
    buckets.take("one more")
    for number in range(99):
        buckets.take(f"later-{number}")
    assert len(buckets) <= 100


def test_an_address_is_believed_of_our_own_proxies_alone() -> None:
    ours = {"10.0.0.1", "10.0.0.2"}
    assert address_of("192.0.2.1", "203.0.113.9", ours) == "192.0.2.1"
    assert address_of("10.0.0.1", "203.0.113.9", ours) == "203.0.113.9"
    # What the visitor wrote stands first and is not believed.
    assert address_of("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", ours) == "203.0.113.9"
    assert address_of("10.0.0.1", "", ours) == "10.0.0.1"
    assert address_of("10.0.0.1", " , ,", ours) == "10.0.0.1"
    assert address_of("10.0.0.1", "2001:db8:1:2:3::4", ours) == "2001:db8:1:2::/64"
    assert address_of("10.0.0.1", "no:address", ours) == "10.0.0.1"


def test_who_asks_too_often_hears_when_to_ask_again(limited: Keyed) -> None:
    def ask(address: str, path: str = KETTLE) -> Any:
        return limited.ask_as_page(path, headers={"x-forwarded-for": address})

    assert [ask("203.0.113.1").status_code for _ in range(2)] == [200, 200]
    refused = ask("203.0.113.1")
    assert is_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["access-control-allow-origin"]
    # Others are answered, until the key itself is asked for too often.
    others = [ask(f"203.0.113.{number}").status_code for number in range(2, 30)]
    assert others[:4] == [200] * 4
    assert others[-1] == 429


def test_who_is_refused_for_what_others_asked_loses_nothing(limited: Keyed) -> None:
    buckets = limited.app.state.fast_lane._admission._by_address
    for number in range(60):
        address = f"198.51.100.{number}"
        refused = limited.ask_as_page(KETTLE, headers={"x-forwarded-for": address})
        if refused.status_code == 429:
            break
    assert refused.status_code == 429
    assert address not in buckets._full_at
    assert "198.51.100.0" in buckets._full_at


def test_guesses_at_keys_are_limited_and_who_needs_none_is_not(limited: Keyed) -> None:
    guesses = [
        limited.client.get(KETTLE, headers={"authorization": f"Bearer sk_{number}"}).status_code
        for number in range(10)
    ]
    assert guesses[:2] == [401, 401]
    assert set(guesses[3:]) == {429}
    for _ in range(20):
        assert limited.client.get(KETTLE, headers=limited.secret("read")).status_code == 200
        assert limited.client.get("/health/live").status_code == 200
        for path in ("/v1/u/forged", "/v1/webhooks/sendgrid"):
            assert limited.client.post(path).status_code != 429


def test_beyond_its_places_a_server_says_so_at_once_and_stays_alive(
    settings: Settings, tmp_path: Path
) -> None:
    asyncio.run(fill_up(settings.model_copy(update={"max_in_flight": 5}), tmp_path))


async def fill_up(settings: Settings, folder: Path) -> None:
    release = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/health/live":
            await release.wait()
        if scope["path"] == "/v1/models":
            raise RuntimeError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    store, metrics = Store(f"sqlite:///{folder / 'empty.db'}"), Metrics()
    gate = Gate(slow, Admission(Keys(store), Sessions(store), settings, metrics))
    held = [asyncio.create_task(status(gate, "/v1/models")) for _ in range(2)]
    held += [asyncio.create_task(status(gate, KETTLE)) for _ in range(3)]
    await asyncio.sleep(0)
    began = time.perf_counter()
    for _ in range(200):
        code, headers = await status(gate, KETTLE)
        assert (code, headers[b"retry-after"]) == (503, b"1")
    assert time.perf_counter() - began < 1
    assert (await status(gate, "/health/live"))[0] == 200
    release.set()
    ended = await asyncio.gather(*held, return_exceptions=True)
    assert [isinstance(one, RuntimeError) for one in ended] == [True, True, False, False, False]
    # A failure gave its place back too.
    assert [(await status(gate, KETTLE))[0] for _ in range(10)] == [200] * 10
    store.close()


async def status(app: Gate, path: str) -> tuple[int, dict[bytes, bytes]]:
    """Ask an application for a path; give the status and the headers of its answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    await app({**scope, "state": {"request_id": "one"}}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


def test_a_body_that_never_ends_is_waited_for_no_longer_than_the_limit() -> None:
    async def never() -> Any:
        await asyncio.sleep(60)

    async def drip() -> Any:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    for receive in (never, drip):
        with pytest.raises(HTTPException) as refused:
            asyncio.run(read_body("", receive, 1_000, seconds=0.05))
        assert refused.value.status_code == 408

    async def told() -> Any:
        return await (await read_body("5", gone, 1_000))()

    # Whoever waits for the body hears that the client went away.
    assert asyncio.run(told()) == {"type": "http.disconnect"}


def test_bodies_of_who_proved_nothing_take_no_more_memory_than_they_may() -> None:
    room = Room(25)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"0123456789", "more_body": False}

    async def fill() -> None:
        with room.counting(receive) as first, room.counting(receive) as second:
            await first()
            await second()
            with pytest.raises(HTTPException) as refused, room.counting(receive) as third:
                await third()
            assert refused.value.status_code == 503
        # What is done leaves its room to others.
        with room.counting(receive) as again:
            await again()
            await again()

    asyncio.run(fill())
    asyncio.run(fill())


def test_a_link_takes_a_form_and_no_more(limited: Keyed) -> None:
    assert is_problem(limited.client.post("/v1/u/none", content=b" " * 65_536), 404)
    assert is_problem(limited.client.post("/v1/u/none", content=b" " * 65_537), 413)


def depth_of(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(
    st.recursive(
        st.text() | st.none() | st.text(alphabet='[]{}"\\'),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    ),
    st.integers(0, MAX_DEPTH + 2),
)
def test_depth_is_counted_as_a_parser_would(value: Json, around: int) -> None:
    for _ in range(around):
        value = [value, "]}"]
    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert is_too_deep(body) == (depth_of(value) > MAX_DEPTH)


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 500_000,
        b'"\\' * 500_000,
        b'["' * 300_000,
        b"[" * 1_000_000,
        b"[]" * 500_000,
        b"]" * 500_000 + b"[" * 500_000,
        b'"' * 999_999,
    ],
)
def test_no_body_takes_long_to_look_at(body: bytes) -> None:
    began = time.process_time()
    is_too_deep(body)
    assert time.process_time() - began < 0.5
