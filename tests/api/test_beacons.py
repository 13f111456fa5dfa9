"""What a page sends as text, which browsers do not ask about first: it opens nothing to anybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from nba.state.store import Store
from nba.state.tables import EVENTS
from nba_api.settings import Settings
from tests.api.keyed import OTHER_SITE, Keyed, serving
from tests.api.shop import is_problem
from tests.unit.state.posted import rows_of

TEXT = {"content-type": "text/plain;charset=UTF-8"}
SHOWN = '[{"event_id": "b1", "type": "shown", "product_id": "cup", "position": 1}]'
BASKET = '{"product_ids": ["kettle"]}'


@pytest.fixture(scope="module")
def keyed(
    settings: Settings, shop_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    with serving(shop_folder, settings, tmp_path_factory.mktemp("beacons")) as found:
        yield found


def test_a_page_of_the_shop_tells_and_asks_in_text(keyed: Keyed) -> None:
    told = keyed.ask_as_page("/v1/events", method="POST", content=SHOWN, headers=TEXT)
    assert told.json() == {"accepted": 1, "duplicates": 0, "errors": []}
    assert "b1" in [row["event_id"] for row in rows_of(keyed.store, EVENTS)]
    asked = keyed.ask_as_page("/v1/baskets:complete", method="POST", content=BASKET, headers=TEXT)
    assert asked.json()["request"]["product_ids"] == ["kettle"]


@pytest.mark.parametrize("origin", [OTHER_SITE, "null"])
def test_a_page_of_another_site_does_neither(keyed: Keyed, origin: str) -> None:
    before = rows_of(keyed.store, EVENTS)
    for path, body in (("/v1/events", SHOWN), ("/v1/baskets:complete", BASKET)):
        answer = keyed.ask_as_page(path, origin=origin, method="POST", content=body, headers=TEXT)
        assert is_problem(answer, 403)
        assert "access-control-allow-origin" not in answer.headers
    assert rows_of(keyed.store, EVENTS) == before


@pytest.mark.parametrize("origin", [OTHER_SITE, "null"])
def test_on_a_server_without_keys_it_changes_nothing_either(
    asking: TestClient, store: Store, origin: str
) -> None:
    before = rows_of(store, EVENTS)
    for path, body in (("/v1/events", SHOWN), ("/v1/baskets:complete", BASKET)):
        answer = asking.post(path, content=body, headers={**TEXT, "origin": origin})
        assert is_problem(answer, 403)
    assert rows_of(store, EVENTS) == before
    own = asking.post("/v1/events", content=SHOWN, headers={**TEXT, "origin": "http://testserver"})
    assert own.json()["accepted"] == 1
