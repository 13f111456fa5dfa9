"""Who enters the console, for how long, and what its cookie and its forms are worth."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient

from nba.state.keys import KeyKind, Scope, create_key, revoke_key
from nba_api.keys import Keys
from nba_api.sessions import COOKIE, MAX_TEXT, SESSION_SECONDS, Sessions
from nba_api.settings import Settings
from tests.api.claims import client_of
from tests.api.keyed import LONG_AGO, OTHER_SITE, Keyed, serving
from tests.api.shop import ODD_CUSTOMER, is_problem

HTML: Final = {"accept": "text/html,*/*;q=0.8"}
HERE: Final = "http://testserver"


@pytest.fixture(scope="module")
def server(
    shop_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    with serving(shop_folder, settings, tmp_path_factory.mktemp("console")) as keyed:
        keyed.client.follow_redirects = False
        yield keyed


@pytest.fixture
def keyed(server: Keyed) -> Keyed:
    """A browser that nobody entered with yet."""
    server.client.cookies.clear()
    return server


def enter(keyed: Keyed, key: str, **more: Any) -> Any:
    headers = {"origin": HERE, **HTML, **more.pop("headers", {})}
    return keyed.client.post("/console/enter", data={"key": key, **more}, headers=headers)


def token_of(keyed: Keyed) -> str:
    sessions: Sessions = keyed.app.state.admission.sessions
    return sessions.form_token(keyed.client.cookies[COOKIE])


def test_a_refusal_as_a_page_lets_a_browser_do_no_more_than_show_it(keyed: Keyed) -> None:
    for path in ("/console", "/console/nothing", "/console/customers?key=x", "/console/enter"):
        headers = keyed.client.get(path, headers=HTML).headers
        assert headers.get_list("x-content-type-options") == ["nosniff"]
        assert len(headers.get_list("content-security-policy")) == 1
        assert len(headers.get_list("referrer-policy")) == 1
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_browser_without_a_session_is_asked_for_a_key_and_comes_back(keyed: Keyed) -> None:
    asked = keyed.client.get("/console?x=1", headers=HTML)
    assert asked.status_code == 303
    assert asked.headers["location"] == f"/console/enter?to={quote('/console?x=1', safe='')}"
    page = keyed.client.get("/console/enter?to=/console/models", headers=HTML)
    assert page.status_code == 200
    assert 'type="password"' in page.text
    assert 'value="/console/models"' in page.text
    entered = enter(keyed, keyed.keys["read"], to="/console/models?a=b")
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/models?a=b")
    assert keyed.client.get("/console", headers=HTML).headers["location"] == "/console/customers"


def test_a_program_without_a_key_is_answered_as_everywhere(keyed: Keyed) -> None:
    assert is_problem(keyed.client.get("/console"), 401)
    shown = keyed.client.get("/console", headers=keyed.secret("read") | HTML)
    assert shown.headers["location"] == "/console/customers"
    assert is_problem(keyed.client.get("/console", headers=keyed.secret("write")), 403)


def test_the_cookie_is_kept_from_scripts_other_sites_and_other_paths(keyed: Keyed) -> None:
    told = enter(keyed, keyed.keys["read"]).headers["set-cookie"]
    parts = {one.strip().lower() for one in told.split(";")[1:]}
    # Without an age it ends with the session of the browser.
    assert parts == {"httponly", "path=/console", "samesite=strict"}
    by_https = enter(keyed, keyed.keys["read"], headers={"origin": "https://testserver"})
    assert "; secure" in by_https.headers["set-cookie"].lower()


def test_the_cookie_is_worth_nothing_outside_the_console(keyed: Keyed) -> None:
    enter(keyed, keyed.keys["read"])
    session = keyed.client.cookies[COOKIE]
    keyed.client.cookies.clear()
    shown = {"cookie": f"{COOKIE}={session}"}
    assert keyed.client.get("/console", headers=shown).status_code == 303
    for path in ("/v1/models", "/v1/customers/ann/profile", "/metrics"):
        assert is_problem(keyed.client.get(path, headers=shown), 401)
        bearer = {"authorization": f"Bearer {session}"}
        assert is_problem(keyed.client.get(path, headers=bearer), 401)


@pytest.mark.parametrize("name", ["revoked", "expired", "page", "signing", "write", "metrics", ""])
def test_a_wrong_key_shows_the_form_again_and_says_so(keyed: Keyed, name: str) -> None:
    answer = enter(keyed, keyed.keys.get(name, name), to="/console/models")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert ("scope read" in answer.text) == (name in ("write", "metrics"))
    assert "set-cookie" not in answer.headers
    assert 'value="/console/models"' in answer.text
    assert keyed.keys.get(name, "sk_wrong") not in answer.text


def test_a_revoked_key_ends_its_sessions_at_once(keyed: Keyed) -> None:
    key, text = create_key(keyed.store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    keys: Keys = keyed.app.state.admission.keys
    keys.refresh()
    assert enter(keyed, f" {text} ").status_code == 303
    assert keyed.client.get("/console").status_code == 303
    revoke_key(keyed.store, key.key_id, np.datetime64(time.time_ns() // 1000, "us"))
    keys.refresh()
    assert is_problem(keyed.client.get("/console"), 401)


def test_a_session_ends_after_eight_hours(keyed: Keyed) -> None:
    sessions = Sessions(keyed.store)
    begun = 1_700_000_000_000_000
    text = sessions.begin("k", begun)
    end = begun + SESSION_SECONDS * 1_000_000
    assert SESSION_SECONDS == 8 * 3600
    assert [sessions.key_id(text, at) for at in (begun, end - 1)] == ["k", "k"]
    assert [sessions.key_id(text, at) for at in (begun - 1, end)] == [None, None]
    assert sessions.begin("k", begun) != text


@pytest.mark.parametrize("text", ["", "x", "é", "A" * 64, "A" * (MAX_TEXT + 1), "=", "a b", '"'])
def test_what_nobody_sealed_is_no_session(keyed: Keyed, text: str) -> None:
    assert Sessions(keyed.store).key_id(text, 0) is None
    token = Sessions(keyed.store).form_token("one")
    assert Sessions(keyed.store).key_id(token, 0) is None


def test_a_changed_cookie_is_none(keyed: Keyed) -> None:
    enter(keyed, keyed.keys["read"])
    session = keyed.client.cookies[COOKIE]
    keyed.client.cookies.clear()
    for place in (0, len(session) // 2, len(session) - 3):
        other = "B" if session[place] == "A" else "A"
        changed = session[:place] + other + session[place + 1 :]
        answer = keyed.client.get("/console", headers={"cookie": f"{COOKIE}={changed}"})
        assert is_problem(answer, 401)


@pytest.mark.parametrize(
    "to",
    ["https://evil.example", "//evil.example", "/v1/models", "/console/../v1", "/console/\\x",
     "/console/\nx", "/consoles", "/console/enter?to=x", "javascript:1", ""],
)  # fmt: skip
def test_entering_leads_nowhere_else(keyed: Keyed, to: str) -> None:
    assert enter(keyed, keyed.keys["read"], to=to).headers["location"] == "/console/customers"
    assert (
        'value="/console/customers"' in keyed.client.get("/console/enter", params={"to": to}).text
    )


def test_a_form_of_another_site_or_another_session_is_refused(keyed: Keyed) -> None:
    refused = enter(keyed, keyed.keys["read"], headers={"origin": OTHER_SITE})
    assert refused.status_code == 403
    assert enter(keyed, keyed.keys["read"], headers={"origin": "null"}).status_code == 403
    enter(keyed, keyed.keys["read"])
    other = token_of(keyed)
    enter(keyed, keyed.keys["read"])
    mine = token_of(keyed)
    assert other != mine
    leave = keyed.client.post
    for token in (other, "", "x", mine[:-1]):
        answer = leave("/console/leave", data={"form": token}, headers={"origin": HERE, **HTML})
        assert answer.status_code == 403
        assert "not one of your session" in answer.text
    foreign = leave("/console/leave", data={"form": mine}, headers={"origin": OTHER_SITE})
    assert is_problem(foreign, 403)
    left = leave("/console/leave", data={"form": mine}, headers={"origin": HERE})
    assert (left.status_code, left.headers["location"]) == (303, "/console/enter")
    assert is_problem(keyed.client.get("/console"), 401)


@pytest.mark.parametrize("body", [b"\xff", b"&".join([b"a=1"] * 30), b"a=%ff"])
def test_what_is_no_form_is_refused(keyed: Keyed, body: bytes) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert is_problem(keyed.client.post("/console/enter", content=body, headers=kind), 400)


def test_guesses_are_charged_as_elsewhere(
    shop_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    with serving(shop_folder, settings, tmp_path, rate_limit=1) as keyed:
        answers = [enter(keyed, "sk_wrong").status_code for _ in range(4)]
    assert answers[:2] == [401, 401]
    assert answers[-1] == 429


def test_a_server_without_keys_asks_for_none(client: TestClient) -> None:
    answer = client.get("/console/enter?to=/console/models", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/models")
    answer = client.post("/console/enter", data={"key": "x"}, follow_redirects=False)
    assert answer.headers["location"] == "/console/customers"
    assert client.get("/console", follow_redirects=False).status_code == 303


def test_two_processes_of_a_server_know_each_others_sessions(own: Settings) -> None:
    with client_of(own) as one, client_of(own) as other:
        first = one.app.state.admission.sessions  # type: ignore[attr-defined]
        second = other.app.state.admission.sessions  # type: ignore[attr-defined]
        assert second.key_id(first.begin("k", 5), 6) == "k"


def test_no_page_is_kept_or_framed_or_asks_elsewhere(keyed: Keyed) -> None:
    for path in ("/console", "/console/enter", "/console/nowhere"):
        answer = keyed.client.get(path, headers=HTML | keyed.secret("admin"))
        assert answer.headers["cache-control"] == "private, no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_refusal_in_a_browser_is_a_page(keyed: Keyed) -> None:
    admin = keyed.secret("admin")
    asked = keyed.client.get("/console", headers=admin | HTML)
    assert asked.status_code == 403
    assert asked.headers["content-type"] == "text/html; charset=utf-8"
    assert "scope read" in asked.text
    assert asked.headers["x-request-id"] in asked.text
    wrong = keyed.client.get("/console", headers={"authorization": "Bearer sk_x"} | HTML)
    assert (wrong.status_code, "<h1>Unauthorized</h1>" in wrong.text) == (401, True)


def test_one_comes_back_to_a_customer_of_any_id(keyed: Keyed) -> None:
    customer = f"{ODD_CUSTOMER} 50%"
    asked = keyed.client.get(f"/console/customers/{quote(customer, safe='')}?page=2", headers=HTML)
    wanted = f"/console/customers/{quote(customer)}?page=2"
    assert asked.headers["location"] == f"/console/enter?to={quote(wanted, safe='')}"
    entered = enter(keyed, keyed.keys["read"], to=wanted)
    assert entered.headers["location"] == wanted
