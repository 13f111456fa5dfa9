"""What a publishable key may post: what happens on a page, about nobody unless it is proven."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nba.state.erasure import bury
from nba.state.tables import EVENTS, ORDERS
from nba.vocabulary import EVENT_TYPES
from nba_api.public_events import PUBLIC_EVENTS
from nba_api.settings import Settings
from tests.api.keyed import LONG_AGO, Keyed, serving
from tests.unit.state.posted import rows_of

VIEW = {"event_id": "v1", "type": "view_item", "session_id": "s1", "product_id": "cup"}


@pytest.fixture(scope="module")
def keyed(
    settings: Settings, shop_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    running = settings.model_copy(update={"as_of": None})
    with serving(shop_folder, running, tmp_path_factory.mktemp("public")) as found:
        yield found


def rules_of(keyed: Keyed, path: str, body: Any, **headers: str) -> list[tuple[str, str]]:
    """Post as a page and give (column, rule) of what is refused."""
    answer = keyed.ask_as_page(path, method="POST", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return [(one["column"], one["rule"]) for one in answer.json()["errors"]]


def shifted(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_a_page_tells_what_happens_on_a_page_alone(keyed: Keyed, kind: str) -> None:
    found = rules_of(keyed, "/v1/events", {**VIEW, "event_id": f"t-{kind}", "type": kind})
    assert found == ([] if kind in PUBLIC_EVENTS else [("type", "not_public")])


def test_a_page_names_a_customer_only_with_that_customers_token(keyed: Keyed) -> None:
    row = {**VIEW, "event_id": "c1", "customer_id": "ann"}
    token = {"x-customer-token": keyed.token("ann")}
    assert rules_of(keyed, "/v1/events", row) == [("customer_id", "not_proven")]
    other = {"x-customer-token": keyed.token("bob")}
    assert rules_of(keyed, "/v1/events", row, **other) == [("customer_id", "not_proven")]
    assert rules_of(keyed, "/v1/events", row, **token) == []


@pytest.mark.parametrize(
    ("span", "is_taken"),
    [
        ({"days": -6.9}, True),
        ({"minutes": 4}, True),
        ({"days": -7.1}, False),
        ({"minutes": 6}, False),
        ({"days": 4000}, False),
    ],
)
def test_a_page_tells_what_happened_lately(
    keyed: Keyed, span: dict[str, float], is_taken: bool
) -> None:
    row = {**VIEW, "event_id": f"l-{span}", "at": shifted(**span)}
    assert rules_of(keyed, "/v1/events", row) == (
        [] if is_taken else [("at", "instant_out_of_range")]
    )


def test_calls_of_a_page_are_held_to_the_same(keyed: Keyed) -> None:
    call = {"type": "track", "event": "Product Viewed", "messageId": "p1", "anonymousId": "s1"}
    assert rules_of(keyed, "/v1/track", call) == []
    named = {**call, "messageId": "p2", "userId": "ann"}
    completed = {
        **call,
        "messageId": "p3",
        "event": "Order Completed",
        "properties": {"order_id": "p-1", "products": [{"product_id": "cup"}]},
    }
    merged = {"type": "alias", "messageId": "p4", "previousId": "s1", "userId": "ann"}
    found = rules_of(keyed, "/v1/batch", {"batch": [call, named, completed, merged]})
    assert found == [
        ("customer_id", "not_proven"),
        ("type", "not_public"),
        ("type", "not_public"),
    ]
    assert "p-1" not in [row["order_id"] for row in rows_of(keyed.store, ORDERS)]


def test_a_page_learns_nothing_of_what_the_store_knows(keyed: Keyed) -> None:
    bury(keyed.store, "gone", LONG_AGO)
    identity = {"x-request-id": "one"}

    def tell(path: str, body: Any) -> tuple[str, str]:
        first, again = (
            keyed.ask_as_page(path, method="POST", json=body, headers=identity) for _ in range(2)
        )
        return first.text, again.text

    answers = {
        text
        for session in ("gone", "nobody", "s1")
        for text in tell("/v1/events", {**VIEW, "event_id": f"q-{session}", "session_id": session})
    }
    assert answers == {'{"accepted":1,"duplicates":0,"errors":[]}'}
    call = {"type": "track", "event": "Product Viewed", "properties": {"product_id": "cup"}}
    answers = {
        text
        for session in ("gone", "nobody")
        for text in tell("/v1/track", {**call, "messageId": session, "anonymousId": session})
    }
    assert answers == {'{"accepted":1,"duplicates":0,"ignored":0,"errors":[]}'}
    assert "gone" not in [row.get("session_id") for row in rows_of(keyed.store, EVENTS)]


def test_the_shop_itself_may_tell_everything(keyed: Keyed) -> None:
    row = {**VIEW, "event_id": "shop1", "type": "purchase", "customer_id": "ann", "order_id": "z"}
    answer = keyed.client.post(
        "/v1/events", json={**row, "at": "2025-01-01T00:00:00Z"}, headers=keyed.secret("write")
    )
    assert answer.json() == {"accepted": 1, "duplicates": 0, "errors": []}
