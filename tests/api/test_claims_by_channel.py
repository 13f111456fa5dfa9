"""A claim goes the way it was claimed to, or not at all."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from nba.state.store import Store
from tests.api.claims import claim_path, sent
from tests.api.shop import path_of

BEFORE, AT = "2026-03-01T11:00:00Z", "2026-03-01T11:30:00Z"


def say(client: TestClient, **consent: Any) -> None:
    answer = client.post("/v1/customers", json=[{"customer_id": "ann", **consent}])
    assert answer.json()["accepted"] == 1, answer.text


def test_a_claim_keeps_its_channel_while_that_is_allowed_and_is_withdrawn_after(
    asking: TestClient, store: Store
) -> None:
    first = asking.post(claim_path("ann")).json()
    assert first["message"]["channel"] == "email"
    say(asking, consent_push=True, consent_at=BEFORE)
    again = asking.post(claim_path("ann")).json()
    shown = asking.get(path_of("customers", "ann", "next-message")).json()
    for one in (again, shown):
        assert one["message_id"] == first["message_id"]
        assert one["message"]["channel"] == "email"
    # Sent as text to a phone the same message may still be; the mail may not.
    say(asking, consent_email=False, consent_at=AT)
    withdrawn = asking.post(claim_path("ann")).json()
    assert (withdrawn["message"], withdrawn["message_id"]) == (None, None)
    assert withdrawn["withdrawn"] == "no_channel"
    assert sent(store) == []
    other = asking.post(claim_path("ann")).json()
    assert other["message"]["id"] == first["message"]["id"]
    assert other["message"]["channel"] == "push"
    assert [row.channel for row in sent(store)] == ["push"]


def test_who_sends_by_one_channel_claims_nothing_of_another(
    asking: TestClient, store: Store
) -> None:
    say(asking, consent_email=False, consent_push=True, consent_at=BEFORE)
    path = claim_path("ann")
    refused = asking.post(path, params={"channel": "email"}).json()
    assert (refused["message"], refused["message_id"]) == (None, None)
    assert refused["reason"] == "what is due goes by push, and email was asked for"
    assert sent(store) == []
    claimed = asking.post(path, params={"channel": "push"}).json()
    assert claimed["message"]["channel"] == "push"
    # What is open stands, so that whoever asks can see that it is not theirs to send.
    assert (
        asking.post(path, params={"channel": "email"}).json()["message_id"]
        == (claimed["message_id"])
    )
    assert [row.channel for row in sent(store)] == ["push"]
    assert asking.post(path, params={"channel": "pigeon"}).status_code == 422
