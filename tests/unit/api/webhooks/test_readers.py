"""Each provider's words are read as ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from nba.errors import ConfigError
from nba.state.feedback import ProviderEvent
from nba_api.settings import Settings
from nba_api.webhooks.providers import NAMES, providers
from nba_api.webhooks.reading import SECOND
from tests.unit.api.webhooks.calls import NOW, Call, Said, delivery
from tests.unit.api.webhooks.senders import SOMEBODY, Brevo, Klaviyo, Postmark, Sender, SendGrid
from tests.unit.api.webhooks.told import OUTCOMES, SENDERS, readers, sayable

READERS = readers()
EACH = pytest.mark.parametrize("sender", SENDERS, ids=lambda one: one.name)


def heard(sender: Sender, said: list[Said]) -> list[ProviderEvent]:
    calls = sender.calls(said)
    return [one for call in calls for one in READERS[sender.name].receive(delivery(call))]


def test_there_is_a_reader_and_a_fake_for_every_provider() -> None:
    assert tuple(READERS) == NAMES == tuple(one.name for one in SENDERS)


@EACH
def test_every_word_of_a_provider_becomes_one_of_ours(sender: Sender) -> None:
    said = sayable(sender)
    events = heard(sender, said)
    assert [(one.message_id, one.outcome, one.at) for one in events] == [
        (one.message, OUTCOMES.get(one.kind), one.at * SECOND) for one in said
    ]
    assert [one.is_machine for one in events] == [one.kind == "machine_open" for one in said]


@EACH
def test_what_is_said_twice_has_one_id_and_what_differs_has_two(sender: Sender) -> None:
    said = sayable(sender)
    ids = [one.event_id for one in heard(sender, said)]
    assert ids == [one.event_id for one in heard(sender, said)]
    assert len(set(ids)) == len(ids)
    assert all(one.startswith(f"{sender.name}:") for one in ids)


@EACH
def test_nothing_that_is_read_names_the_recipient(sender: Sender) -> None:
    assert SOMEBODY not in repr(heard(sender, sayable(sender)))


def test_two_clicks_of_one_message_are_two_events() -> None:
    first, second = (Said("clicked", "m_1", NOW - ago, ago) for ago in (10, 9))
    for sender in SENDERS:
        if "clicked" in sender.says:
            assert len({one.event_id for one in heard(sender, [first, second])}) == 2


@pytest.mark.parametrize("kind", ["Blocked", "Transient", "DnsError", "ManuallyDeactivated"])
def test_a_bounce_that_may_pass_closes_no_channel(kind: str) -> None:
    body = {"RecordType": "Bounce", "Type": kind, "Metadata": {"nba_message_id": "m_1"}}
    call = Postmark().calls([Said("delivered", "m_1", NOW)])[0]
    (event,) = READERS["postmark"].receive(delivery(Call(call.path, call.headers, dumped(body))))
    assert (event.type, event.outcome, event.at) == (f"Bounce/{kind}", None, NOW * SECOND)


def test_brevo_may_send_a_batch() -> None:
    calls = Brevo().calls([Said("delivered", "m_1", NOW), Said("clicked", "m_1", NOW)])
    batch = b"[" + b",".join(call.body for call in calls) + b"]"
    events = READERS["brevo"].receive(delivery(Call(calls[0].path, calls[0].headers, batch)))
    assert [one.outcome for one in events] == ["delivered", "clicked"]


def test_a_link_of_klaviyo_tells_whose_click_it_was() -> None:
    link = "https://shop.example/kettle?utm=1&nba_message_id=m_7#top"
    attributes = {"timestamp": NOW, "event_properties": {"URL": link}}
    event = {
        "external_id": "x1",
        "topic": "event:klaviyo.clicked_email",
        "payload": {"data": {"attributes": attributes}},
    }
    body = dumped({"data": [event], "meta": {"klaviyo_webhook_id": "01H2W"}})
    (event_read,) = READERS["klaviyo"].receive(delivery(Klaviyo().signed(body)))
    assert (event_read.message_id, event_read.at) == ("m_7", NOW * SECOND)


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"event": None, "timestamp": None},
        {"event": ["open"], "timestamp": {}, "sg_event_id": [], "nba_message_id": 7},
        {"event": "x" * 5000, "timestamp": 1e308, "sg_event_id": "y" * 5000},
        {"event": "\n\0", "timestamp": -1, "nba_message_id": "m\0"},
        {"event": "delivered", "timestamp": "soon", "nba_message_id": "x" * 257},
        {"event": True, "timestamp": True, "nba_message_id": ""},
        {"event": "größe", "timestamp": 2**63, "nba_message_id": ["m_1"]},
    ],
)
def test_odd_cells_are_counted_and_are_about_no_message(cells: dict[str, Any]) -> None:
    (event,) = READERS["sendgrid"].receive(delivery(SendGrid().signed(dumped([cells]))))
    assert event.message_id is None
    assert event.at == NOW * SECOND
    assert event.event_id.startswith("sendgrid:")
    assert len(event.event_id) < 300
    assert 0 < len(event.type) <= 100
    assert event.type.isprintable()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'[{"event": "\\ud800"}]', 400),
        (b'[{"event": "\xed\xa0\x80"}]', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b"[NaN]", 400),
        (b"[1]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b"[[{}]]", 422),
    ],
)
def test_a_signed_body_that_makes_no_sense_is_refused_whole(body: bytes, status: int) -> None:
    with pytest.raises(HTTPException) as refused:
        READERS["sendgrid"].receive(delivery(SendGrid().signed(body)))
    assert refused.value.status_code == status


@pytest.mark.parametrize("body", [b"%ED%A0%80=1", b"\xff", b"&".join([b"a=1"] * 1001)])
def test_a_form_that_makes_no_sense_is_refused(body: bytes) -> None:
    for sender in SENDERS:
        if sender.name in ("mailchimp", "mandrill"):
            call = sender.calls([Said("unsubscribed", "m_1", NOW)])[0]
            with pytest.raises(HTTPException) as refused:
                READERS[sender.name].receive(delivery(Call(call.path, call.headers, body)))
            assert refused.value.status_code == 400


@pytest.mark.parametrize("key", ["", "no key", "MFkw", "AAAA", "größe"])
def test_a_key_that_is_none_stops_the_start(key: str) -> None:
    with pytest.raises(ConfigError, match="webhook_sendgrid is no key"):
        providers(Settings.model_validate({"webhook_sendgrid": key}))


def test_settings_never_show_a_secret() -> None:
    secrets = {f"webhook_{name}": "do-not-show" for name in NAMES}
    assert "do-not-show" not in repr(Settings.model_validate(secrets))


def dumped(document: object) -> bytes:
    return json.dumps(document).encode()
