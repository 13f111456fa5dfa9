"""What the shop posts of its products holds from the next answer on, in every list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba.state.store import Store
from nba.state.tables import ORDER_LINES, ORDERS
from nba.state.writing import add
from nba_api.live import Live
from nba_api.settings import Settings
from tests.api.hot_shop import AS_OF, app_with, microseconds, post, settings_in, state, trained
from tests.shops import day

SIMILAR = "/v1/products/p01/similar"


@dataclass
class Shop:
    """One served shop."""

    client: TestClient
    live: Live
    settings: Settings

    def post(self, *states: dict[str, Any]) -> None:
        post(self.live.store, states)
        self.live.posted("products")

    def cards(self, path: str = SIMILAR, **query: Any) -> dict[str, dict[str, Any]]:
        """Give what a list shows, by product."""
        answer = self.client.get(path, params={"limit": 50, **query})
        assert answer.status_code == 200, answer.text
        return {item["product_id"]: item["product"] for item in answer.json()["items"]}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    settings = settings_in(tmp_path)
    app = app_with(settings, hot=True)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Shop(client, app.state.live, settings)


def first(cards: dict[str, Any]) -> str:
    return next(iter(cards))


def card(live: Live, product: str) -> dict[str, Any]:
    products = live.serving().recommender.snapshot.products
    code = products.ids.find(product)
    assert code is not None
    return products.card(code)


@pytest.mark.parametrize("explain", ["0", "1"])
def test_what_is_sold_out_leaves_the_list_with_the_post_and_comes_back_with_another(
    shop: Shop, explain: str
) -> None:
    before = shop.cards(explain=explain)
    gone = first(before)
    shop.post(state(gone, at=60, availability="out_of_stock"))
    assert gone not in shop.cards(explain=explain)
    shop.post(state(gone, at=61, availability="preorder"))
    after = shop.cards(explain=explain)
    assert after[gone]["availability"] == "preorder"
    assert list(after) == list(before)


@pytest.mark.parametrize("explain", ["0", "1"])
def test_a_price_posted_is_on_the_card_and_one_never_told_stays(shop: Shop, explain: str) -> None:
    before = shop.cards(explain=explain)
    one, other = list(before)[:2]
    shop.post(state(one, price=1234, sale_price=1200, sale_until=microseconds(101)), state(other))
    after = shop.cards(explain=explain)
    assert (after[one]["price"], after[one]["sale_price"]) == (1234, 1200)
    assert after[other]["price"] == before[other]["price"]
    assert after[other]["sale_price"] == before[other]["sale_price"]


def test_an_upsell_follows_the_prices_of_now(shop: Shop) -> None:
    dearer = first(shop.cards("/v1/products/p03/upsell"))
    shop.post(state(dearer, price=1))
    assert dearer not in shop.cards("/v1/products/p03/upsell")


def test_a_basket_is_completed_from_the_shelf_of_now(shop: Shop) -> None:
    def completed() -> list[str]:
        answer = shop.client.post("/v1/baskets:complete", json={"product_ids": ["p01"]})
        return [item["product_id"] for item in answer.json()["items"]]

    gone = completed()[0]
    shop.post(state(gone, availability="discontinued"))
    assert gone not in completed()


def test_what_another_process_posts_is_seen_at_the_next_look(shop: Shop) -> None:
    gone = first(shop.cards())
    elsewhere = Store(shop.settings.db)
    post(elsewhere, [state(gone, availability="out_of_stock")])
    elsewhere.close()
    assert gone in shop.cards()
    shop.live.refresh()
    assert gone not in shop.cards()


def test_a_post_of_something_else_leaves_everything_as_it_is(shop: Shop) -> None:
    before = shop.live.serving()
    shop.live.posted("keys")
    shop.live.posted("products")
    assert shop.live.serving() is before


def test_a_product_the_snapshot_does_not_know_is_no_reason_to_fail(shop: Shop) -> None:
    before = shop.cards()
    shop.post(state("brand-new", price=5))
    assert shop.cards() == before


def test_a_sale_ends_by_itself_and_is_not_shown_until_somebody_looked(tmp_path: Path) -> None:
    now = microseconds(100)
    live = Live(settings_in(tmp_path), clock=lambda: now)

    def on_sale() -> list[Any]:
        return [card(live, one)["sale_price"] for one in ("p02", "p06", "p11")]

    # The snapshot's own sale of p06 ends on day 106, that of p11 on day 111; one posted, on 103.
    post(live.store, [state("p02", price=900, sale_price=500, sale_until=microseconds(103))])
    live.posted("products")
    assert on_sale() == [500, 90, 90]
    now = microseconds(103)
    assert live.hot_lists() is None
    live.refresh()
    assert live.hot_lists() is not None
    assert on_sale() == [None, 90, 90]
    now = microseconds(106)
    live.refresh()
    assert on_sale() == [None, None, 90]


def test_a_rule_begins_and_ends_to_hold_by_itself(tmp_path: Path) -> None:
    now = microseconds(80)
    settings = settings_in(tmp_path).model_copy(update={"as_of": None})
    app = app_with(settings, hot=True)
    live = app.state.live = Live(settings, clock=lambda: now)
    for one in app.user_middleware:
        if "live" in one.kwargs:
            one.kwargs["live"] = live
    # p07 is banned up to day 90, p08 from day 90 on.
    with TestClient(app) as client:
        shown = _ids(client)
        assert "p07" not in shown
        now = microseconds(91)
        live.refresh()
        assert "p08" not in _ids(client)
        assert _ids(client) != shown


def _ids(client: TestClient) -> list[str]:
    lists = (f"/v1/products/p{number:02}/bought-together" for number in range(12))
    answers = [client.get(one, params={"limit": 50}).json() for one in lists]
    return [item["product_id"] for answer in answers for item in answer["items"]]


def test_the_state_of_a_later_instant_waits_for_it(tmp_path: Path) -> None:
    now = microseconds(100)
    live = Live(settings_in(tmp_path), clock=lambda: now)
    post(live.store, [state("p01", at=101, price=77)])
    live.posted("products")
    assert card(live, "p01")["price"] != 77
    now = microseconds(101.001)
    live.refresh()
    assert card(live, "p01")["price"] == 77


def test_what_is_trained_stays_as_it_is(shop: Shop) -> None:
    shop.post(state("p01", price=77, availability="out_of_stock"))
    serving = shop.live.serving()
    assert card(shop.live, "p01")["price"] == 77
    assert serving.snapshot.products.price.tolist() == trained().products.price.tolist()
    assert serving.snapshot.products.availability.tolist() == (
        trained().products.availability.tolist()
    )
    assert serving.policy.snapshot is serving.snapshot


def test_what_was_bought_a_moment_ago_is_owned_in_the_next_answer(shop: Shop) -> None:
    path = "/v1/customers/ann/recommendations"
    at = day(99).astype(np.int64)
    before = shop.cards(path, session="p01")
    one = first(before)
    with shop.live.store.writing() as connection:
        order = {
            "order_id": "o1", "customer_id": "ann", "ordered_at": int(at), "status": "delivered",
        }  # fmt: skip
        line = {"order_id": "o1", "line_no": 1, "product_id": one, "quantity": 1}
        add(connection, ORDERS, [order])
        add(connection, ORDER_LINES, [line])
    assert one not in shop.cards(path, session="p01")


def test_a_replay_knows_the_shelf_of_its_instant(shop: Shop) -> None:
    path = "/v1/customers/ann/recommendations"
    one = first(shop.cards(path, session="p01"))
    shop.post(state(one, at=95, availability="out_of_stock"))
    assert one not in shop.cards(path, session="p01")
    assert one not in shop.cards(path, session="p01", as_of=AS_OF)
    assert one in shop.cards(path, session="p01", as_of="2026-03-01T12:00:00Z")
