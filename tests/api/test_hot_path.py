"""What is answered before the framework has the framework's bytes, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nba.vocabulary import AVAILABILITIES
from nba_api.live import Live
from tests.api.hot_shop import IDS, Counter, app_with, microseconds, post, settings_in, state
from tests.api.shop import PRODUCT_ROUTES, is_problem

FEW = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Pair:
    """One shop served twice: with the hot path and without."""

    hot: TestClient
    plain: TestClient
    live: Sequence[Live]

    def get(self, path: str, query: Any = (), **headers: str) -> Any:
        """Ask both, demand the same answer, and give it."""
        headers["x-request-id"] = "same"
        ours, theirs = (
            one.get(path, params=query or None, headers=headers) for one in (self.hot, self.plain)
        )
        assert ours.content == theirs.content
        assert dict(ours.headers) == dict(theirs.headers)
        assert ours.status_code == theirs.status_code
        return ours

    def is_hot(self, path: str, query: Any = ()) -> bool:
        """Whether a question never reaches the framework."""
        before = Counter.count
        self.get(path, query)
        return Counter.count == before

    def post(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Change the shelf, and tell both."""
        post(self.live[0].store, states)
        for one in self.live:
            one.posted("products")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    told = settings_in(tmp_path_factory.mktemp("hot"))
    apps = [app_with(told, hot=hot) for hot in (True, False)]
    clients = [TestClient(app, raise_server_exceptions=False) for app in apps]
    with clients[0], clients[1]:
        yield Pair(clients[0], clients[1], [app.state.live for app in apps])


def path_of(product: str, route: str) -> str:
    return f"/v1/products/{quote(product, safe='')}/{route}"


ROUTES = st.sampled_from(PRODUCT_ROUTES)
PRODUCTS = st.sampled_from([*IDS, "nobody"])
FEW_IDS = st.lists(PRODUCTS, max_size=5)
PLAIN = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.integers(1, 50),
        "in_basket": FEW_IDS,
        "exclude": FEW_IDS.map(",".join),
        "placement": st.text(max_size=20),
    },
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.sampled_from(["0", "51", "", "ten", "07", "+5", "1e1", "5.0", "-1"]),
        "in_basket": st.text(max_size=12),
        "exclude": st.lists(st.text(max_size=6), max_size=3),
        "placement": st.text(min_size=95, max_size=105),
        "fallback": st.sampled_from(["popular", "none"]),
        "collapse": st.sampled_from(["0", "true", "what"]),
        "category": st.sampled_from(["A", "A > 1", ""]),
        "max_price": st.integers(-1, 3000),
        "explain": st.booleans(),
        "strict": st.booleans(),
        "utm_source": st.just("mail"),
    },
)
STATES = st.lists(
    st.builds(
        state,
        st.sampled_from(IDS),
        st.floats(1, 120),
        availability=st.sampled_from(AVAILABILITIES),
        price=st.none() | st.integers(1, 4000),
        sale_price=st.none() | st.integers(1, 4000),
        sale_until=st.none() | st.integers(60, 140).map(microseconds),
    ),
    max_size=4,
)


@FEW
@given(ROUTES, PRODUCTS, PLAIN, STATES)
@example("similar", "p01", {"in_basket": list(IDS)}, [])
@example("upsell", "p01", {}, [state("p01", price=150), state("p03", price=200)])
def test_plain_questions_are_answered_hot_with_the_bytes_of_the_route(
    pair: Pair, route: str, product: str, query: dict[str, Any], states: list[dict[str, Any]]
) -> None:
    if states:
        pair.post(states)
    path = path_of(product, route)
    assert pair.is_hot(path, query) is (product != "nobody")
    # The second time the whole body is remembered.
    pair.get(path, query)


@FEW
@given(ROUTES, PRODUCTS, ODD)
def test_odd_questions_get_the_answers_of_the_route_too(
    pair: Pair, route: str, product: str, query: dict[str, Any]
) -> None:
    pair.get(path_of(product, route), query)


@pytest.mark.parametrize(
    "query",
    ["limit=8&limit=9", "strict=1", "fallback=popular", "category=A", "collapse=0", "explain=1"],
)
def test_what_is_not_asked_plainly_goes_on_to_the_framework(pair: Pair, query: str) -> None:
    assert not pair.is_hot(f"/v1/products/p01/similar?{query}")


@pytest.mark.parametrize("path", ["/v1/products/p01", "/v1/products//similar", "/v1/models"])
def test_paths_of_other_routes_go_on_to_the_framework(pair: Pair, path: str) -> None:
    assert not pair.is_hot(path)


def test_an_id_longer_than_any_is_refused_as_ever(pair: Pair) -> None:
    assert is_problem(pair.get(path_of("x" * 257, "similar")), 422)


def test_who_has_the_answer_is_told_so_without_a_body(pair: Pair) -> None:
    path = path_of("p01", "bought-together")
    etag = pair.get(path).headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = pair.get(path, **{"if-none-match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    assert pair.get(path, **{"if-none-match": '"other"'}).status_code == 200


def test_head_has_the_headers_of_get_and_no_body(pair: Pair) -> None:
    path = path_of("p01", "similar")
    asked, headed = pair.hot.get(path), pair.hot.head(path)
    assert headed.content == b""
    for name in ("etag", "content-length", "cache-control", "content-type"):
        assert headed.headers[name] == asked.headers[name]
