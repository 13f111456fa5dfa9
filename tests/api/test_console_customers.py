"""The list of customers in the console: the count, the filters, the search."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba.domain import uniform
from nba.facts.stages import STAGES
from nba.state.erasure import erase
from nba.state.listing import list_customers
from nba.state.store import Store
from nba_api.console import counting
from nba_api.console.counting import Count, Counting
from nba_api.console.customers import A_PAGE, CustomersQuery
from nba_api.console.words import titled
from nba_api.live import Live
from nba_api.settings import Settings
from tests.api.claims import claim_path, client_of
from tests.api.shop import AS_OF, ODD_CUSTOMER, is_problem, path_of

EVERYBODY = ["ann", ODD_CUSTOMER, "bob", "dan", "eve"]
EVIL = '<script>alert(1)</script>"&'


@pytest.fixture
def live(own: Settings) -> Iterator[Live]:
    live = Live(own)
    yield live
    live.store.close()


def whole(counting: Counting) -> Count:
    while not (count := counting.look()).is_done:
        assert not count.problem
    return count


def listed(page: Any) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', page.text)


def test_everybody_is_counted_by_stage_and_rhythm(live: Live) -> None:
    count = whole(Counting(live))
    assert sorted(count.customers) == sorted(EVERYBODY)
    assert (count.to_count, count.listed, count.is_sample) == (5, 5, False)
    stage = {one: STAGES[code] for one, code in zip(count.customers, count.stage, strict=True)}
    for one in EVERYBODY:
        at = live.instant(None)
        assert stage[one] == live.serving().policy.stage(one, live.facts(one, at), at).stage
    assert count.table().sum() == 5
    assert count.table().sum(axis=1).tolist() == [
        sum(told == one for told in stage.values()) for one in STAGES
    ]


def test_of_many_customers_those_of_the_least_hash_are_drawn(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTED", 3)
    monkeypatch.setattr(counting, "_LISTED_AT_ONCE", 2)
    monkeypatch.setattr(counting, "_FOLDED_AT_ONCE", 2)
    count = whole(Counting(live))
    assert count.is_sample
    assert (count.to_count, count.listed) == (3, 5)
    by_hash = sorted(EVERYBODY, key=lambda one: uniform(0, "console", one))
    assert list(count.customers) == by_hash[:3]


def test_a_count_holds_until_the_snapshot_is_another_one_or_it_is_old(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Counting(live)
    first = whole(counts)
    assert counts.look() is first
    monkeypatch.setattr(counting, "HOLDS_SECONDS", 0.0)
    other = Counting(live)
    first = whole(other)
    while (again := other.look()) is first:
        pass
    assert again.is_done
    assert again.table().tolist() == first.table().tolist()


def test_a_store_that_is_away_ends_a_count_and_the_page_says_so(live: Live) -> None:
    live.store.close()
    counts = Counting(live)
    while not (count := counts.look()).problem:
        pass
    assert not count.is_done
    assert "closed" in count.problem


def test_customers_are_listed_some_at_a_time_by_prefix_and_without_the_merged(
    store: Store, asking: TestClient
) -> None:
    assert list_customers(store, "", 10).customers == sorted(EVERYBODY)
    first = list_customers(store, "", 2)
    assert (list(first.customers), first.last) == (sorted(EVERYBODY)[:2], "ann/b c+é?#")
    assert list_customers(store, "ann/b c+é?#", 2).customers == ["bob", "dan"]
    assert list_customers(store, "eve", 2).last is None
    assert list_customers(store, "", 9, prefix="ann").customers == ["ann", ODD_CUSTOMER]
    posted = asking.post(
        "/v1/events",
        json=[{"event_id": "m1", "type": "merge", "at": "2026-02-01T00:00:00Z",
               "customer_id": "ann", "session_id": "dan"},
              {"event_id": "m2", "type": "view_item", "at": "2026-02-01T00:00:00Z",
               "customer_id": "zoe", "product_id": "cup"}],
    )  # fmt: skip
    assert posted.status_code == 200
    names = list_customers(store, "", 10).customers
    assert names == sorted({*EVERYBODY, "zoe"} - {"dan"})


def test_the_page_tells_counts_and_customers(client: TestClient) -> None:
    page = client.get("/console/customers")
    assert page.status_code == 200
    assert "All 5 customers:" in page.text
    assert [one.replace("&#39;", "'") for one in listed(page)] == sorted(EVERYBODY)
    assert "2026, 12:00" in page.text
    assert page.text.count("<h1>") == 1


def test_each_number_leads_to_its_customers(client: TestClient) -> None:
    page = client.get("/console/customers").text
    links = re.findall(r'<td class="number"><a href="([^"]*)"[^>]*>(\d+)</a>', page)
    assert len(links) >= 4
    for address, number in links:
        assert len(listed(client.get(address.replace("&amp;", "&")))) == int(number)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"stage": "ordered"}, ["eve"]),
        ({"stage": "nowhere"}, []),
        ({"rhythm": "nowhere"}, []),
        ({"q": "ann"}, ["ann", ODD_CUSTOMER]),
        ({"q": "ann", "stage": "ordered"}, []),
        ({"q": EVIL}, []),
        ({"page": "2"}, []),
        ({"segment": "rfm"}, []),
        ({"segment": "nothing:x"}, []),
        ({"stage": "", "rhythm": "", "segment": "", "q": "b"}, ["bob"]),
    ],
)
def test_the_list_is_filtered(client: TestClient, asked: dict[str, str], found: list[str]) -> None:
    page = client.get("/console/customers", params=asked)
    assert page.status_code == 200
    assert listed(page) == found
    assert EVIL not in page.text


def test_every_segment_of_the_snapshot_can_be_chosen(client: TestClient) -> None:
    page = client.get("/console/customers").text
    options = re.findall(r'<option value="((?:rfm|band|tier|fan|rule):[^"]*)"', page)
    assert len(options) >= 10
    found = [listed(client.get("/console/customers", params={"segment": one})) for one in options]
    members = [one for row in found[:10] for one in row]
    assert sorted(members) == sorted(EVERYBODY)


@pytest.mark.parametrize("asked", [{"page": "0"}, {"page": "x"}, {"q": "x" * 257}])
def test_what_makes_no_sense_is_refused(client: TestClient, asked: dict[str, str]) -> None:
    assert client.get("/console/customers", params=asked).status_code == 422
    page = client.get("/console/customers", params=asked, headers={"accept": "text/html"})
    assert (page.status_code, "<h1>" in page.text) == (422, True)


def test_a_row_says_what_the_api_says_of_the_message(asking: TestClient) -> None:
    permit = asking.post(claim_path("bob")).json()["message"]
    text = asking.get("/console/customers").text
    for customer in EVERYBODY:
        row = text.partition(f">{html.escape(customer)}</a>")[2].partition("</tr>")[0]
        path = path_of("customers", customer, "next-message")
        message = asking.get(path).json()["message"]
        assert (titled(message["id"]) if message else "nothing") in row
        assert ("claimed" in row) == (customer == "bob")
    assert titled(permit["id"]) in text


def test_a_long_list_goes_on_over_pages_and_over_the_merged(asking: TestClient) -> None:
    event = {"type": "view_item", "at": "2026-02-01T00:00:00Z", "product_id": "cup"}
    names = [f"z{one:03}" for one in range(2 * A_PAGE + 10)]
    events = [event | {"event_id": one, "customer_id": one} for one in names]
    merged = names[5:20]
    events += [
        {"event_id": f"m{one}", "type": "merge", "at": "2026-02-01T00:00:00Z",
         "customer_id": "ann", "session_id": one}
        for one in merged
    ]  # fmt: skip
    assert asking.post("/v1/events", json=events).json()["accepted"] == len(events)
    pages = [
        asking.get("/console/customers", params={"q": "z", "page": str(page)}) for page in (1, 2, 3)
    ]
    found = [one for page in pages for one in listed(page)]
    assert found == [one for one in names if one not in merged]
    assert ['rel="next"' in page.text for page in pages] == [True, False, False]
    assert ['rel="prev"' in page.text for page in pages] == [False, True, True]


def test_without_a_snapshot_a_browser_gets_a_page_that_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    with client_of(settings.model_copy(update={"models": tmp_path / "none"})) as client:
        page = client.get("/console/customers", headers={"accept": "text/html"})
        assert is_problem(client.get("/console/customers"), 503)
    assert page.status_code == 503
    assert "No snapshot is served." in page.text
    assert "retry-after" in page.headers
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("size", "seconds", "following"),
    [(1, 0.001, 2), (64, 0.001, 64), (8, 0.1, 8), (8, 0.2, 4), (1, 9.0, 1)],
)
def test_a_group_takes_as_long_as_others_may_wait(
    size: int, seconds: float, following: int
) -> None:
    assert counting._next_size(size, seconds) == following


def test_who_is_erased_is_not_listed(asking: TestClient, store: Store) -> None:
    assert "ann" in listed(asking.get("/console/customers"))
    erase(store, "ann", np.datetime64(AS_OF.removesuffix("Z"), "us"))
    assert "ann" not in listed(asking.get("/console/customers"))
    assert "ann" not in listed(asking.get("/console/customers", params={"q": "ann"}))


def test_an_address_holds_what_is_asked_and_nothing_else() -> None:
    query = CustomersQuery(stage="client", q="a&b", page=3)
    assert query.address(page=2) == "/console/customers?stage=client&q=a%26b&page=2"
    assert query.address(stage="", q="") == "/console/customers"
    assert A_PAGE == 50


def test_an_id_with_markup_does_nothing(asking: TestClient) -> None:
    event = {"event_id": "x", "type": "view_item", "at": "2026-02-01T00:00:00Z"}
    asking.post("/v1/events", json=[event | {"customer_id": EVIL, "product_id": EVIL}])
    page = asking.get("/console/customers", params={"q": "<script"})
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&amp;" in page.text
    assert EVIL not in page.text
    assert "/console/customers/%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%26" in page.text
