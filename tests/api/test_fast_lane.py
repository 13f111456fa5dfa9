"""What the fast lane answers over a socket is what the ordinary way answers, to the byte."""

from __future__ import annotations

import inspect
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nba.state.keys import KeyKind, create_key
from nba.state.store import Store
from nba_api.fast_lane import FastLane
from nba_api.logs import REQUESTS
from nba_api.protocol import AT_ONCE, Protocol
from tests.api.hot_shop import IDS, ODD, settings_in
from tests.api.keyed import LONG_AGO, OTHER_SITE, SITE
from tests.api.shop import PRODUCT_ROUTES
from tests.api.wired import LAST, Wired, wired

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
HOT: Final = b"/v1/products/p01/similar?limit=3"
MUCH: Final = 60_000_000
"""Bytes; no buffer of a connection takes as much."""
Pair = tuple[Wired, Wired]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with wired(settings_in(tmp_path_factory.mktemp("lane"))) as pair:
        yield pair


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[tuple[Pair, str]]:
    """The same with a publishable key that may ask twelve times at once."""
    told = settings_in(tmp_path).model_copy(update={"rate_limit": 6.0, "key_rate_limit": 1e6})
    store = Store(told.db)
    _, text = create_key(store, KeyKind.PUBLISHABLE, LONG_AGO, origins=[SITE])
    store.close()
    with wired(told) as pair:
        yield pair, text


def get(
    target: bytes = HOT, *lines: bytes, method: bytes = b"GET", version: bytes = b"1.1"
) -> bytes:
    head = b"%b %b HTTP/%b" % (method, target, version)
    return b"\r\n".join((head, b"host: 127.0.0.1", *lines, b"", b""))


def same(pair: Pair, *pieces: bytes) -> bytes:
    """Say the same to both; demand the same answers and counts, and give the answers."""
    before = [one.counted() for one in pair]
    heard = [one.say(pieces) for one in pair]
    assert heard[0] == heard[1]
    grown = [
        {key: count - old.get(key, 0) for key, count in one.counted().items()}
        for one, old in zip(pair, before, strict=True)
    ]
    assert {k: v for k, v in grown[0].items() if v} == {k: v for k, v in grown[1].items() if v}
    return heard[0]


def answered_fast(pair: Pair, request: bytes) -> bool:
    """Whether the lane takes a request; both answer it alike."""
    before = pair[0].lane.answered
    same(pair, request, LAST)
    return pair[0].lane.answered > before


TARGETS = st.builds(
    lambda product, route, query: f"/v1/products/{quote(product, safe='')}/{route}{query}".encode(),
    st.sampled_from([*IDS[:6], ODD, "nobody", "a/b", "%41"]),
    st.sampled_from([*PRODUCT_ROUTES, "other"]),
    st.sampled_from(
        [
            "", "?", "?limit=3", "?limit=99", "?in_basket=p02,p03&exclude=p05", "?explain=1",
            "?exclude=%C3%9F&placement=a+b", "?a=b#part", "?limit=3&limit=4", "?limit=3?",
            "?placement=" + "x" * 100, "?in_basket=" + "p02," * 300,
        ]
    ),
)  # fmt: skip
HEADERS = st.lists(
    st.sampled_from(
        [
            b"origin: https://shop.example", b"x-request-id: mine-1", b"x-request-id: not one",
            b"if-none-match: *", b'if-none-match: "other"', b"accept: */*", b"Accept: text/html",
            b"connection: keep-alive", b"content-length: 0", b"expect: 100-continue",
            b"upgrade: h2c", b"connection: upgrade", b"authorization: Bearer sk_none",
            b"X-Odd: \xff\xe4", b"x-empty:", b"x-forwarded-for: 192.0.2.1",
            b"access-control-request-method: GET",
        ]
    ),
    max_size=4,
)  # fmt: skip
REQUESTS_OF = st.builds(
    lambda target, headers, method: get(target, *headers, method=method),
    TARGETS,
    HEADERS,
    st.sampled_from([b"GET"] * 6 + [b"HEAD", b"OPTIONS", b"DELETE"]),
)


TWICE = b"content-length: 0"


@FEW
@given(st.lists(REQUESTS_OF, min_size=1, max_size=4), st.lists(st.integers(1, 600), max_size=3))
@example([get(HOT, TWICE, TWICE), get(), get()], [150, 200, 250])
def test_whatever_is_asked_in_whatever_pieces_both_ways_answer_the_same(
    pair: Pair, requests: list[bytes], cuts: list[int]
) -> None:
    said = b"".join(requests) + LAST
    ends = sorted({min(cut, len(said)) for cut in cuts} | {0, len(said)})
    same(pair, *(said[first:last] for first, last in pairwise(ends)))


def test_plain_questions_take_the_lane(pair: Pair) -> None:
    for request in (
        get(),
        get(HOT, b"connection: keep-alive", b"origin: https://shop.example"),
        get(HOT, b"if-none-match: *"),
        get(HOT, b"x-request-id: mine"),
        get(f"/v1/products/{quote(ODD, safe='')}/similar".encode()),
    ):
        assert answered_fast(pair, request), request
    assert b"304 Not Modified" in same(pair, get(HOT, b"if-none-match: *"), LAST)


@pytest.mark.parametrize(
    "request_",
    [
        get(method=b"HEAD"),
        get(method=b"OPTIONS"),
        get(HOT, b"content-length: 3") + b"abc",
        get(HOT, b"transfer-encoding: chunked") + b"1\r\na\r\n0\r\n\r\n",
        get(HOT, b"expect: 100-continue"),
        get(HOT, b"accept: a", b"accept: b"),
        get(HOT + b"&explain=1"),
        get(HOT + b"&exclude=" + b"x" * 17_000),
        get(b"/v1/products/nobody/similar"),
        get(b"/v1/products/p01"),
    ],
)
def test_whatever_is_not_quite_plain_goes_the_ordinary_way(pair: Pair, request_: bytes) -> None:
    assert not answered_fast(pair, request_)


@pytest.mark.parametrize(
    "last", [get(version=b"1.0"), get(HOT, b"connection: close"), get(HOT, b"connection: x, close")]
)
def test_the_last_request_of_a_connection_is_ended_by_uvicorn(pair: Pair, last: bytes) -> None:
    before = pair[0].lane.answered
    same(pair, last)
    assert pair[0].lane.answered == before


def test_a_host_that_is_not_ours_is_refused_alike(tmp_path: Path) -> None:
    told = settings_in(tmp_path).model_copy(update={"hosts": ("localhost",)})
    with wired(told) as pair:
        assert not answered_fast(pair, get())
        assert b"421" in same(pair, get(), LAST)
        assert answered_fast(pair, get().replace(b"127.0.0.1", b"localhost"))


def test_answers_keep_the_order_of_requests_and_nobody_keeps_the_loop(pair: Pair) -> None:
    slow, fast = get(b"/v1/products/p02/similar?explain=1"), get()
    heard = same(pair, slow + fast + slow + fast + fast, LAST)
    assert heard.count(b"HTTP/1.1 200") == 6
    before = pair[0].lane.answered
    same(pair, fast * (3 * AT_ONCE) + LAST)
    assert pair[0].lane.answered - before == AT_ONCE


def test_who_waits_for_a_slow_answer_behind_a_fast_one_is_not_let_go(pair: Pair) -> None:
    heard = same(pair, get() + get(b"/slow"), LAST)
    assert heard.count(b"HTTP/1.1 200") == 3


def test_a_key_is_asked_for_and_its_rate_is_taken_once(keyed: tuple[Pair, str]) -> None:
    pair, key = keyed
    page = b"origin: " + SITE.encode()
    mine = HOT + b"&key=" + key.encode()
    assert answered_fast(pair, get(mine, page))
    for request in (get(), get(HOT + b"&key=pk_no"), get(mine, b"origin: " + OTHER_SITE.encode())):
        assert not answered_fast(pair, request)
    time.sleep(2.5)
    took = [one.say([get(mine, page) * 40 + LAST]).count(b"HTTP/1.1 200") - 1 for one in pair]
    # Twelve at once, and what a busy machine's time adds.
    assert all(12 <= one < 30 for one in took), took
    refused = [one.app.state.live.metrics._refused["rate"] for one in pair]
    assert refused == [40 - one + (refused[0] - (40 - took[0])) for one in took]


def test_a_server_that_stops_or_is_full_leaves_its_answers_to_the_ordinary_way(pair: Pair) -> None:
    for one in pair:
        one.app.state.live.is_stopping = True
    try:
        assert b"connection: close" in same(pair, get())
    finally:
        for one in pair:
            one.app.state.live.is_stopping = False
    lane = pair[0].lane.lane
    lane._admission.taken += lane._admission.places
    try:
        assert b"503 Service Unavailable" in pair[0].say([get(), LAST])
    finally:
        lane._admission.taken -= lane._admission.places
    assert answered_fast(pair, get())


def test_a_store_that_is_away_is_told_in_both_ways(pair: Pair) -> None:
    for one in pair:
        one.app.state.live.metrics.store_away_since = time.monotonic() + 60
    try:
        assert b"x-nba-degraded: db" in same(pair, get(), LAST)
    finally:
        for one in pair:
            one.app.state.live.metrics.store_away_since = None


def test_both_ways_write_the_same_line(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, REQUESTS)
    same(pair, get(HOT, b"x-request-id: seen"), LAST)
    told = [
        (one.getMessage(), one.route, one.status, one.key_id)  # type: ignore[attr-defined]
        for one in caplog.records
        if getattr(one, "request_id", "") == "seen"
    ]
    assert len(told) == 2
    assert told[0] == told[1]


def test_an_error_nobody_foresaw_is_told_by_the_ordinary_way(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(FastLane, "answer", fails)
    assert same(pair, get(), LAST).startswith(b"HTTP/1.1 200")
    assert "the fast lane failed" in caplog.text


def test_who_says_nothing_more_is_let_go_and_who_reads_nothing_is_not_written_to(
    pair: Pair,
) -> None:
    ours = pair[0]
    with socket.create_connection(("127.0.0.1", ours.port), timeout=20) as idle:
        idle.sendall(get())
        heard = b"".join(iter(lambda: idle.recv(65_536), b""))
    assert heard.startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", ours.port), timeout=0.5) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sent = 0
        with suppress(TimeoutError):
            while sent < MUCH:
                sent += deaf.send(get(HOT.replace(b"3", b"50")) * 100)
    assert sent < MUCH
    assert ours.say([get(), LAST]).startswith(b"HTTP/1.1 200")


def test_uvicorn_is_as_the_protocol_knows_it() -> None:
    """What `Protocol` builds on; where this fails after an upgrade, read it again from the top."""
    made = set(inspect.signature(HttpToolsProtocol.__init__).parameters)
    assert made == {"self", "config", "server_state", "app_state", "_loop"}
    for name in (
        "data_received",
        "on_headers_complete",
        "on_message_complete",
        "_unset_keepalive_if_required",
    ):
        assert name in vars(HttpToolsProtocol), f"uvicorn's protocol has lost {name}"
    ended = inspect.getsource(HttpToolsProtocol.on_response_complete)
    for part in ("total_requests += 1", "resume_reading", "timeout_keep_alive_handler", "pipeline"):
        assert part in ended, f"the end of an answer no longer does {part}"
    begun = inspect.getsource(HttpToolsProtocol.on_headers_complete)
    for part in ('scope["path"]', 'scope["raw_path"]', 'scope["query_string"]', 'scope["method"]'):
        assert part in begun, f"uvicorn no longer sets {part} when the headers are complete"
    stopped = inspect.getsource(HttpToolsProtocol.shutdown)
    assert "self.cycle is None or self.cycle.response_complete" in stopped
    assert issubclass(Protocol, HttpToolsProtocol)
