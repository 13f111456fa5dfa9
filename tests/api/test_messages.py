"""Claims over HTTP: leave to send, given once; and word that it was sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba.domain import to_instant
from nba.state.store import Store
from nba.state.tables import CONSENTS, MESSAGES
from nba.state.writing import add
from tests.api.claims import claim_path, sent
from tests.api.shop import AS_OF, ODD_CUSTOMER, is_problem, path_of

NOW_US = 1_772_366_400_000_000  # AS_OF
HOUR_US = 3_600_000_000


def ack_path(message_id: str) -> str:
    return f"/v1/messages/{message_id}:ack"


def refuse(store: Store, customer: str, at: int) -> None:
    with store.writing() as connection:
        cells = {"customer_id": customer, "channel": "email", "at": at, "granted": False}
        add(connection, CONSENTS, [cells])


def get(client: TestClient, customer: str, **query: str) -> Any:
    return client.get(path_of("customers", customer, "next-message"), params=query).json()


def test_a_claim_is_the_decision_with_leave_to_send_it(asking: TestClient) -> None:
    before = get(asking, "ann")
    assert "message_id" not in before
    answer = asking.post(claim_path("ann"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    claimed = answer.json()
    assert claimed["message_id"].startswith("m_")
    assert claimed["claimed_at"] == "2026-03-01T12:00:00Z"
    added = {name: claimed[name] for name in ("message_id", "claimed_at", "withdrawn")}
    assert claimed == before | added
    assert added["withdrawn"] is None


def test_an_open_claim_is_what_next_message_shows_until_it_is_acknowledged(
    asking: TestClient, store: Store
) -> None:
    claimed = asking.post(claim_path("ann")).json()
    shown = get(asking, "ann")
    assert shown == {name: claimed[name] for name in claimed if name != "withdrawn"}
    later = get(asking, "ann", as_of="2026-03-01T20:00Z")
    assert (later["message_id"], later["decision_id"], later["message"]["anchor"]) == (
        claimed["message_id"],
        claimed["decision_id"],
        "o08",
    )
    # What was known before it was claimed is as it was.
    earlier = get(asking, "ann", as_of="2026-03-01T11:59Z")
    assert "message_id" not in earlier
    assert len(sent(store)) == 1
    assert asking.post(ack_path(claimed["message_id"])).status_code == 200
    afterwards = get(asking, "ann", as_of="2026-03-01T20:00Z")
    assert "message_id" not in afterwards
    assert (afterwards["message"] or {}).get("id") != "accessories"
    plan = asking.get(path_of("customers", "ann", "plan")).json()
    assert plan["decisions"][0] == get(asking, "ann")


def test_a_plan_begins_with_what_is_claimed_and_does_not_send_it_again(asking: TestClient) -> None:
    claimed = asking.post(claim_path("ann")).json()
    path = path_of("customers", "ann", "plan")
    plan = asking.get(path, params={"as_of": "2026-03-01T13:00Z"}).json()["decisions"]
    assert plan[0]["message_id"] == claimed["message_id"]
    anchors = [(one["message"]["id"], one["message"]["anchor"]) for one in plan if one["message"]]
    assert len(anchors) > 1
    assert anchors.count(("accessories", "o08")) == 1


def test_an_open_claim_stands_where_another_message_would_now_be_chosen(
    asking: TestClient, store: Store
) -> None:
    policy, at = asking.app.state.live.serving().policy, to_instant(AS_OF)  # type: ignore[attr-defined]
    sendable = policy.decide("ann", store.facts(["ann"], at), at).sendable
    claimed = asking.post(claim_path("ann")).json()
    (other,) = [one for one in sendable if one[0] != "accessories"][:1]
    with store.writing() as connection:
        # As if the other message that may be sent had been claimed.
        connection.execute(MESSAGES.update().values(message=other[0], anchor=other[1]))
    again = asking.post(claim_path("ann")).json()
    assert again["message_id"] == claimed["message_id"]
    assert (again["message"]["id"], again["message"]["anchor"]) == other
    assert "accessories" in [one["id"] for one in again["alternatives"]]
    assert get(asking, "ann")["message"] == again["message"]


def test_what_a_fact_forbids_is_withdrawn_and_next_message_shows_none_of_it(
    asking: TestClient, store: Store
) -> None:
    claimed = asking.post(claim_path("ann")).json()
    refuse(store, "ann", NOW_US - HOUR_US)
    assert "message_id" not in get(asking, "ann")
    assert len(sent(store)) == 1
    withdrawn = asking.post(claim_path("ann")).json()
    assert (withdrawn["message"], withdrawn["message_id"], withdrawn["claimed_at"]) == (None,) * 3
    assert withdrawn["withdrawn"] == "no_consent"
    assert "no_consent" in withdrawn["reason"]
    assert sent(store) == []
    nothing = asking.post(claim_path("ann")).json()
    assert (nothing["message"], nothing["withdrawn"]) == (None, None)
    assert claimed["message"] is not None


def test_where_nothing_is_due_the_claim_says_so(asking: TestClient, store: Store) -> None:
    claimed = asking.post(claim_path("nobody")).json()
    assert (claimed["message"], claimed["message_id"]) == (None, None)
    assert claimed["reason"] == get(asking, "nobody")["reason"]
    assert sent(store) == []


def test_thirty_two_who_claim_at_once_get_one_new_permit(asking: TestClient, store: Store) -> None:
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: asking.post(claim_path("bob")), range(32)))
    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["message_id"] for one in answers}) == 1
    assert len(sent(store)) == 1


def test_a_claim_sent_again_under_its_key_gets_the_same_bytes(
    asking: TestClient, store: Store
) -> None:
    key = {"Idempotency-Key": "send-1"}
    first = asking.post(claim_path("ann"), headers=key)
    asking.post(ack_path(first.json()["message_id"]))
    # Without the key the next message would follow.
    again = asking.post(claim_path("ann"), headers=key)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert len(sent(store)) == 1
    assert is_problem(asking.post(claim_path("bob"), headers=key), 422)


@pytest.mark.parametrize("body", [{"hour": 24}, {"as_of": AS_OF}, {"place": ""}, []])
def test_a_claim_takes_the_moment_and_nothing_else(asking: TestClient, body: Any) -> None:
    assert is_problem(asking.post(claim_path("ann"), json=body), 422)
    assert asking.post(claim_path(ODD_CUSTOMER), json={"hour": 9}).status_code == 200


def test_an_acknowledgement_counts_once(asking: TestClient) -> None:
    claimed = asking.post(claim_path("ann")).json()
    path = ack_path(claimed["message_id"])
    first = asking.post(path)
    assert first.json() == {
        "message_id": claimed["message_id"],
        "acked_at": "2026-03-01T12:00:00Z",
    }
    assert asking.post(path).content == first.content
    assert asking.post(claim_path("ann")).json()["message_id"] != claimed["message_id"]


def test_an_unknown_message_cannot_be_acknowledged(asking: TestClient) -> None:
    assert is_problem(asking.post(ack_path("m_unknown")), 404)
