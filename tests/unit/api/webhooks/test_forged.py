"""Nothing is read that its provider did not send just now."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from starlette.exceptions import HTTPException

from tests.unit.api.webhooks.amazon import Ses
from tests.unit.api.webhooks.calls import NOW, Call, Said, delivery
from tests.unit.api.webhooks.senders import (
    SECRET,
    Audience,
    Brevo,
    Klaviyo,
    Mandrill,
    Postmark,
    Sender,
    SendGrid,
)
from tests.unit.api.webhooks.told import SENDERS, readers

READERS: Final = readers()
MUTATIONS: Final = 1000
SAID: Final = [Said("unsubscribed", "m_1", NOW)]
PROOFS: Final = {
    "sendgrid": (
        "x-twilio-email-event-webhook-signature",
        "x-twilio-email-event-webhook-timestamp",
    ),
    "klaviyo": ("klaviyo-signature", "klaviyo-timestamp", "klaviyo-webhook-id"),
    "mandrill": ("x-mandrill-signature",),
    "postmark": ("authorization",),
    "brevo": ("authorization",),
}
SIGNING: Final = (SendGrid(), Klaviyo(), Mandrill())
"""Of these every bit of the body counts."""
SIGNED: Final = ("Message", "MessageId", "Timestamp", "TopicArn", "Type", "Signature",
                 "SigningCertURL", "SignatureVersion")  # fmt: skip


def is_accepted(sender: Sender, call: Call, now: float = NOW) -> bool:
    try:
        return bool(READERS[sender.name].receive(delivery(call, now)))
    except HTTPException:
        return False


def flipped(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ (1 << draw.randrange(7))) + text[place + 1 :]


def in_header(call: Call, name: str, draw: random.Random) -> Call:
    return call.with_header(name, flipped(call.headers[name], draw))


def in_body(call: Call, draw: random.Random) -> Call:
    body = bytearray(call.body)
    body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
    return Call(call.path, call.headers, bytes(body))


def in_field(call: Call, draw: random.Random) -> Call:
    document = json.loads(call.body)
    name = draw.choice(SIGNED)
    document[name] = flipped(document[name], draw)
    return Call(call.path, call.headers, json.dumps(document).encode())


def mutations(draw: random.Random) -> Iterator[tuple[Sender, Call]]:
    by_body: list[tuple[Sender, Callable[[Call, random.Random], Call]]] = [
        *((sender, in_body) for sender in SIGNING),
        (Ses(), in_field),
    ]
    while True:
        for sender, change in by_body:
            yield sender, change(sender.calls(SAID)[0], draw)
        for sender in SENDERS:
            call = sender.calls(SAID)[0]
            for name in PROOFS.get(sender.name, ()):
                yield sender, in_header(call, name, draw)
        call = Audience().calls(SAID)[0]
        path, _, query = call.path.partition("=")
        yield Audience(), Call(f"{path}={flipped(query, draw)}", call.headers, call.body)


def test_what_the_fakes_say_is_accepted_as_it_is() -> None:
    for sender in SENDERS:
        assert is_accepted(sender, sender.calls(SAID)[0]), sender.name


def test_of_a_thousand_forged_requests_none_is_accepted() -> None:
    draw = random.Random(2026)
    forged = mutations(draw)
    tried = 0
    while tried < MUTATIONS:
        sender, call = next(forged)
        if means_the_same(sender, call):
            continue
        tried += 1
        assert not is_accepted(sender, call), (sender.name, call)


def means_the_same(sender: Sender, call: Call) -> bool:
    """Whether a change left the secret as it was: the case of `Bearer`, a user's name."""
    if sender.name == "mailchimp":
        return delivery(call).query.get("secret") == SECRET
    scheme, _, rest = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest == SECRET
    try:
        return base64.b64decode(rest).partition(b":")[2] == SECRET.encode()
    except ValueError:
        return False


@pytest.mark.parametrize("sender", SENDERS, ids=lambda one: one.name)
def test_a_request_without_proof_is_a_401(sender: Sender) -> None:
    for call in sender.calls(SAID):
        bare = [call.without_header(name) for name in PROOFS.get(sender.name, ())]
        if sender.name == "mailchimp":
            bare = [Call(call.path.partition("?")[0], call.headers, call.body)]
        if sender.name == "ses":
            document = json.loads(call.body)
            del document["Signature"]
            bare = [Call(call.path, call.headers, json.dumps(document).encode())]
        assert bare
        for one in bare:
            with pytest.raises(HTTPException) as refused:
                READERS[sender.name].receive(delivery(one))
            assert refused.value.status_code == 401
            assert refused.value.headers


@pytest.mark.parametrize("sender", [SendGrid(), Klaviyo()], ids=lambda one: one.name)
def test_a_replay_is_refused_beyond_five_minutes_either_way(sender: Sender) -> None:
    call = sender.calls(SAID)[0]
    for later in (-300, -299.9, 0, 299.9, 300):
        assert is_accepted(sender, call, NOW + later), later
    for later in (-86_400, -301, -300.1, 300.1, 301, 86_400, 10**9):
        assert not is_accepted(sender, call, NOW + later), later


def test_sns_may_try_again_for_an_hour_and_no_longer() -> None:
    call = Ses().calls(SAID)[0]
    for later in (-300, 0, 3600):
        assert is_accepted(Ses(), call, NOW + later), later
    for later in (-301, 3601, 86_400):
        assert not is_accepted(Ses(), call, NOW + later), later


def test_a_signature_of_one_body_proves_no_other() -> None:
    for sender in SIGNING:
        one, other = (sender.calls([Said("clicked", name, NOW)])[0] for name in ("m_1", "m_2"))
        assert not is_accepted(sender, Call(one.path, one.headers, other.body))


def test_mandrill_signs_the_address_too() -> None:
    call = Mandrill().calls(SAID)[0]
    assert not is_accepted(Mandrill(), Call(f"{call.path}&x=1", call.headers, call.body))
    assert not is_accepted(Mandrill(), Call("/v1/webhooks/mandrill", call.headers, call.body))


def test_the_webhook_of_klaviyo_must_be_the_one_of_the_body() -> None:
    call = Klaviyo().calls(SAID)[0]
    assert not is_accepted(Klaviyo(), call.with_header("klaviyo-webhook-id", "01H2X"))


@pytest.mark.parametrize("sender", [Postmark(), Brevo(), Audience()], ids=lambda one: one.name)
def test_a_shared_secret_may_stand_in_four_places(sender: Sender) -> None:
    call = sender.calls(SAID)[0]
    path = call.path.partition("?")[0]
    kind = {"content-type": call.headers["content-type"]}
    basic = base64.b64encode(f"nba:{SECRET}".encode()).decode()
    for headers in (
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": f"Basic {basic}"},
        {"x-webhook-secret": SECRET},
    ):
        assert is_accepted(sender, Call(path, kind | headers, call.body))
    assert is_accepted(sender, Call(f"{path}?secret={SECRET}", kind, call.body))
    for wrong in ("", "x", SECRET[:-1], f"{SECRET}x", SECRET.upper()):
        assert not is_accepted(sender, Call(f"{path}?secret={wrong}", kind, call.body))
        odd = kind | {"authorization": f"Basic {wrong}", "x-webhook-secret": wrong}
        assert not is_accepted(sender, Call(path, odd, call.body))
