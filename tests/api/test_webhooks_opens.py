"""What mailboxes open, people may not have read: opens change no decision."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from nba.cli.load import load
from nba.state.tables import MESSAGE_EVENTS
from nba_api.settings import Settings
from tests.api.outside import OWNERS, app_of, post_all, rows_in, send_messages
from tests.api.shop import path_of
from tests.unit.api.webhooks.calls import Said
from tests.unit.api.webhooks.told import SENDERS, sayable

OPENS = ("opened", "machine_open")
LATER = {"as_of": "2026-03-01T12:00:01Z"}
ROUTES = ("next-message", "plan", "profile", "recommendations")


def answers(settings: Settings, url: str, shop: Path, kinds: set[str]) -> tuple[list[bytes], int]:
    """Give what is answered about everybody after some kinds of events, and how many opens."""
    load(shop, url)
    with TestClient(app_of(settings.model_copy(update={"db": url}))) as client:
        store = client.app.state.live.store  # type: ignore[attr-defined]
        send_messages(store)
        for sender in SENDERS:
            said = [one for one in sayable(sender) if one.kind in kinds]
            post_all(client, sender.calls(said) if said else [])
        opened = [one for one in rows_in(store, MESSAGE_EVENTS) if one["type"] == "opened"]
        told = [
            client.get(path_of("customers", customer, route), params=LATER)
            for customer in sorted(set(OWNERS.values()))
            for route in ROUTES
        ]
    assert {answer.status_code for answer in told} == {200}
    return [answer.content for answer in told], len(opened)


def test_decisions_with_and_without_opens_are_the_same_bytes(
    settings: Settings, shop_folder: Path, tmp_path: Path
) -> None:
    every = {one.kind for sender in SENDERS for one in sayable(sender)}
    urls = [f"sqlite:///{tmp_path / name}" for name in ("with.db", "without.db", "nothing.db")]
    told, opens = answers(settings, urls[0], shop_folder, every)
    without, no_opens = answers(settings, urls[1], shop_folder, every - set(OPENS))
    nothing, _ = answers(settings, urls[2], shop_folder, set())
    assert opens > 5
    assert no_opens == 0
    assert told == without
    # The other events do change decisions, so that the comparison means something.
    assert told != nothing


def test_a_story_has_opens_of_people_and_of_machines() -> None:
    said: list[Said] = [one for sender in SENDERS for one in sayable(sender)]
    assert {one.kind for one in said} >= set(OPENS)
