"""The next messages of many: every line is what the question for that customer gives."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient

from nba.artifacts.segments import RFM
from nba.state.store import Store
from tests.api.claims import claim_path, sent
from tests.api.shop import ODD_CUSTOMER, is_problem, path_of

BATCH = "/v1/next-messages:batch"
EVERYBODY = ["eve", "ann", "nobody", "bob", ODD_CUSTOMER, "dan"]


def lines(client: TestClient, **body: Any) -> list[bytes]:
    answer = client.post(BATCH, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "private, no-store"
    return answer.content.splitlines()


def singly(client: TestClient, customers: list[str], **query: str) -> list[bytes]:
    paths = [path_of("customers", one, "next-message") for one in customers]
    return [client.get(path, params=query).content for path in paths]


def test_a_line_is_what_the_single_question_gives(asking: TestClient) -> None:
    # ann and bob claimed before; dan is asked for twice.
    for customer in ("ann", "bob"):
        asking.post(claim_path(customer))
    for query in ({}, {"as_of": "2026-03-01T18:00Z"}, {"as_of": "2026-02-20T18:00Z"}):
        found = lines(asking, customer_ids=[*EVERYBODY, "dan"], **query)
        assert found == singly(asking, EVERYBODY, **query)
    alone = lines(asking, customer_ids=["ann"], hour=9)
    assert alone == singly(asking, ["ann"], hour="9")


def test_a_line_of_a_claiming_batch_is_what_the_single_claim_gives(
    asking: TestClient, store: Store
) -> None:
    found = lines(asking, customer_ids=EVERYBODY, claim=True)
    claimed = len(sent(store))
    assert 0 < claimed < len(EVERYBODY)
    again = [asking.post(claim_path(one)).content for one in EVERYBODY]
    assert found == again
    assert len(sent(store)) == claimed


def test_a_segment_stands_for_its_customers(asking: TestClient) -> None:
    segments = asking.app.state.live.serving().snapshot.segments  # type: ignore[attr-defined]
    first, last = segments.kind_start[RFM : RFM + 2].tolist()
    found: list[bytes] = []
    for name in (segments.look_id[place] for place in range(first, last)):
        members = [json.loads(line)["customer_id"] for line in lines(asking, segment=name)]
        inside = [
            one
            for place, one in enumerate(segments.ids)
            if name in [told["id"] for told in segments.segments_of(place)]
        ]
        assert members == inside
        found += lines(asking, segment=name)
    assert sorted(found) == sorted(singly(asking, list(segments.ids)))


def test_rows_say_what_the_answers_say(asking: TestClient) -> None:
    answer = asking.post(BATCH, json={"customer_ids": EVERYBODY, "format": "csv", "claim": True})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(answer.text, newline="")))
    assert [row["customer_id"] for row in rows] == EVERYBODY
    ann = rows[EVERYBODY.index("ann")]
    told = asking.post(claim_path("ann")).json()
    message = told["message"]
    assert {name: ann[name] for name in ("message", "anchor", "message_id", "order_id")} == {
        "message": message["id"],
        "anchor": "o08",
        "message_id": told["message_id"],
        "order_id": "o08",
    }
    shown = [one["product_id"] for items in message["slots"].values() for one in items]
    assert ann["product_ids"] == " ".join(shown)
    card = next(one["product"] for items in message["slots"].values() for one in items)
    assert ann["product_1_id"] == shown[0]
    assert (ann["product_1_title"], ann["product_1_link"]) == (card["title"], card["link"] or "")
    assert ann["product_1_price"] == f"{card['price'] / 100:.2f} EUR"
    assert list(ann)[20:23] == ["message_id", "claimed_at", "withdrawn"]
    assert (ann["holdout"], ann["delivery_assumed"]) == ("false", "false")
    nobody = rows[EVERYBODY.index("nobody")]
    assert (nobody["message"], nobody["channel"], nobody["message_id"]) == ("none", "", "")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer_ids": []},
        {"customer_ids": ["ann"], "segment": "at_risk"},
        {"customer_ids": ["ann"], "claim": True, "as_of": "2026-03-01T12:00Z"},
        {"customer_ids": ["ann"], "format": "xml"},
        {"customer_ids": ["ann"], "limit": 1},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(asking: TestClient, body: Any) -> None:
    assert is_problem(asking.post(BATCH, json=body), 422)


def test_a_segment_nobody_has_heard_of_is_a_404(asking: TestClient) -> None:
    assert is_problem(asking.post(BATCH, json={"segment": "unheard-of"}), 404)


def test_a_segment_that_nobody_knows_is_not_found(asking: TestClient) -> None:
    answer = asking.post(BATCH, json={"segment": "unheard-of"})
    assert is_problem(answer, 404)
    assert "at_risk" in answer.json()["detail"]


def test_more_than_five_hundred_customers_are_too_many(asking: TestClient) -> None:
    everybody = [f"c{number}" for number in range(501)]
    assert is_problem(asking.post(BATCH, json={"customer_ids": everybody}), 413)
    assert len(lines(asking, customer_ids=everybody[:500])) == 500
