"""What providers report is kept once, and only what they prove."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from nba.state.feedback import keep
from nba.state.store import Store
from nba.state.tables import CONSENTS, MESSAGE_EVENTS, MESSAGES, WEBHOOK_EVENTS
from nba_api.settings import Settings
from tests.api.outside import app_of, dump, post, post_all, rows_in, send_messages
from tests.api.shop import AS_OF, is_problem
from tests.databases import DATABASES, database_url
from tests.unit.api.webhooks.calls import NOW, Call, Said, delivery
from tests.unit.api.webhooks.senders import SOMEBODY, Mandrill, Sender, SendGrid
from tests.unit.api.webhooks.told import SENDERS, readers, sayable

EACH = pytest.mark.parametrize("sender", SENDERS, ids=lambda one: one.name)
US = 1_000_000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    url = database_url("sqlite", tmp_path)
    settings = Settings(models=tmp_path / "models", db=url, as_of=AS_OF)
    with TestClient(app_of(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def store(client: TestClient) -> Store:
    store: Store = client.app.state.live.store  # type: ignore[attr-defined]
    send_messages(store)
    return store


def test_events_are_kept_with_the_customer_and_channel_of_their_message(
    client: TestClient, store: Store
) -> None:
    said = sayable(SendGrid())
    answer = post(client, SendGrid().calls(said)[0])
    assert answer.json() == {"accepted": 11, "counted": 4, "duplicates": 0}
    assert answer.headers["cache-control"] == "private, no-store"
    rows = {row["event_id"]: row for row in rows_in(store, MESSAGE_EVENTS)}
    assert rows["sendgrid:e1"] == {
        "event_id": "sendgrid:e1",
        "message_id": "m_1",
        "customer_id": "ann",
        "channel": "email",
        "type": "delivered",
        "at": (NOW - 3600) * US,
        "is_machine": False,
    }
    elsewhere = rows["sendgrid:e15"]
    assert (elsewhere["message_id"], elsewhere["customer_id"]) == ("m_elsewhere", None)
    counted = {row["type"]: row["message_id"] for row in rows_in(store, WEBHOOK_EVENTS)}
    assert counted == {
        "bounce/blocked": "m_4",
        "group_resubscribe": "m_6",
        "teleported": "m_1",
        "delivered": None,
    }
    left = {row["message_id"]: row["left_at"] for row in rows_in(store, MESSAGES)}
    assert left["m_1"] == (NOW - 3600) * US


def test_opens_and_clicks_of_machines_are_marked(client: TestClient, store: Store) -> None:
    post_all(client, SendGrid().calls(sayable(SendGrid())))
    machines = [row["event_id"] for row in rows_in(store, MESSAGE_EVENTS) if row["is_machine"]]
    # The open of a proxy, and the click one second after its delivery.
    assert machines == ["sendgrid:e3", "sendgrid:e7"]


@EACH
def test_who_unsubscribes_has_taken_back_the_consent(
    client: TestClient, store: Store, sender: Sender
) -> None:
    post_all(client, sender.calls([Said("unsubscribed", "m_6", NOW - 60)]))
    assert rows_in(store, CONSENTS) == [
        {
            "customer_id": "bob",
            "channel": "email",
            "granted": False,
            "at": (NOW - 60) * US,
            "source": sender.name,
        }
    ]


@EACH
def test_who_subscribes_again_at_a_provider_has_not_consented(
    client: TestClient, store: Store, sender: Sender
) -> None:
    post_all(client, sender.calls([Said("resubscribed", "m_6", NOW)]))
    assert rows_in(store, CONSENTS) == rows_in(store, MESSAGE_EVENTS) == []
    assert len(rows_in(store, WEBHOOK_EVENTS)) == 1


@EACH
def test_nothing_kept_names_the_recipient(
    client: TestClient, store: Store, sender: Sender, tmp_path: Path
) -> None:
    post_all(client, sender.calls(sayable(sender)))
    assert len(rows_in(store, MESSAGE_EVENTS)) > 1
    store.close()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    assert b"m_6" in held
    assert SOMEBODY.encode() not in held


@pytest.mark.parametrize("kind", DATABASES)
def test_told_five_times_and_shuffled_it_is_the_same_as_once_in_order(
    kind: str, tmp_path: Path
) -> None:
    stores = [Store(database_url(kind, tmp_path / name)) for name in folders(tmp_path)]
    known = readers()
    draw = random.Random(7)
    for sender in SENDERS:
        reader, said = known[sender.name], sayable(sender)
        often = draw.sample(said * 5, 5 * len(said))
        for store, told in zip(stores, (said, often), strict=True):
            send_messages(store)
            # In requests and batches of a few events, as they come.
            for some in (told[first : first + 4] for first in range(0, len(told), 4)):
                events = [
                    one for call in sender.calls(some) for one in reader.receive(delivery(call))
                ]
                keep(store, sender.name, events)
    assert dump(stores[0]) == dump(stores[1])
    for store in stores:
        store.close()


def folders(folder: Path) -> list[str]:
    names = ["once", "often"]
    for name in names:
        (folder / name).mkdir()
    return names


@EACH
def test_what_was_said_before_is_counted_as_such(
    client: TestClient, store: Store, sender: Sender
) -> None:
    said = sayable(sender)
    post_all(client, sender.calls(said))
    before = dump(store)
    again = [post(client, call).json() for call in sender.calls(said)]
    assert dump(store) == before
    assert [(one["accepted"], one["counted"]) for one in again] == [(0, 0)] * len(again)
    assert sum(one["duplicates"] for one in again) == len(said)


@EACH
def test_of_a_forged_request_nothing_is_kept(
    client: TestClient, store: Store, sender: Sender
) -> None:
    before = dump(store)
    for call in sender.calls(sayable(sender)):
        bare = {"content-type": call.headers["content-type"]}
        forged = Call(call.path.partition("?")[0], bare, call.body.replace(b'"Signature"', b'"S"'))
        answer = post(client, forged)
        assert is_problem(answer, 401)
        assert answer.headers["www-authenticate"]
    assert dump(store) == before


def test_a_provider_without_a_secret_is_a_404(tmp_path: Path) -> None:
    url = database_url("sqlite", tmp_path)
    app = app_of(Settings(models=tmp_path / "models", db=url, as_of=AS_OF))
    app.state.providers = {}
    with TestClient(app) as client:
        for sender in SENDERS:
            for call in sender.calls([Said("unsubscribed", "m_1", NOW)]):
                answer = post(client, call)
                assert is_problem(answer, 404)
                assert f"webhook_{sender.name} is not set" in answer.text
        answer = client.post("/v1/webhooks/pigeons", content=b"{}")
        assert is_problem(answer, 404)
        assert "sendgrid, postmark" in answer.text


def test_an_address_is_validated_before_it_is_used(client: TestClient) -> None:
    for name in ("mailchimp", "mandrill"):
        assert client.get(f"/v1/webhooks/{name}").json() == {"provider": name}
        assert client.head(f"/v1/webhooks/{name}").status_code == 200
    assert is_problem(client.get("/v1/webhooks/pigeons"), 404)


def test_ten_thousand_events_at_once_take_a_few_seconds(client: TestClient, store: Store) -> None:
    events = [
        {"event": "click", "timestamp": NOW, "sg_event_id": f"e{n:05}", "nba_message_id": f"m_{n}"}
        for n in range(10_000)
    ]
    call = SendGrid().signed(json.dumps(events, separators=(",", ":")).encode())
    began = time.perf_counter()
    answer = post(client, call)
    assert answer.json() == {"accepted": 10_000, "counted": 0, "duplicates": 0}
    assert time.perf_counter() - began < 10


def test_a_body_of_a_megabyte_is_read(client: TestClient, store: Store) -> None:
    event = {"event": "open", "timestamp": NOW, "sg_event_id": "e", "nba_message_id": "m_1"}
    body = json.dumps([event | {"useragent": "x" * 1_000_000}]).encode()
    assert post(client, SendGrid().signed(body)).json()["accepted"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'[{"event": "\\ud800"}]',
        b"[" * 100_000,
        b'[{"a":' * 5_000,
        b"\xff\xfe",
        b"[1]",
        b"null",
    ],
)
def test_a_body_that_makes_no_sense_is_a_problem(
    client: TestClient, store: Store, body: bytes
) -> None:
    before = dump(store)
    answer = post(client, SendGrid().signed(body))
    assert answer.status_code in (400, 422)
    assert is_problem(answer, answer.status_code)
    for name in ("mandrill", "mailchimp", "ses"):
        answer = client.post(f"/v1/webhooks/{name}", content=body)
        assert answer.status_code in (400, 401)
        assert is_problem(answer, answer.status_code)
    assert dump(store) == before


def test_mandrill_may_send_no_events(client: TestClient) -> None:
    call = Mandrill().signed({"mandrill_events": "[]"})
    assert post(client, call).json() == {"accepted": 0, "counted": 0, "duplicates": 0}


def test_a_store_that_refuses_is_a_503_and_the_provider_tries_again(
    client: TestClient, store: Store
) -> None:
    with store.writing() as connection:
        WEBHOOK_EVENTS.drop(connection)
    call = SendGrid().calls(sayable(SendGrid()))[0]
    answer = post(client, call)
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"]
    assert rows_in(store, MESSAGE_EVENTS) == rows_in(store, CONSENTS) == []
    with store.writing() as connection:
        WEBHOOK_EVENTS.create(connection)
    assert post(client, call).json()["accepted"] == 11
