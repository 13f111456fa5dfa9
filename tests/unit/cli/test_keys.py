"""`nba keys`: create, list, revoke."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nba.state.keys import hashed, read_keys
from nba.state.store import Store
from tests.unit.cli.shop import Run, document

SITE = "https://shop.example"


def test_a_secret_key_is_shown_once_and_kept_as_its_hash(nba: Run) -> None:
    code, out, _ = nba("keys", "create", "--kind", "secret", "--scopes", "read,write")
    assert code == 0
    assert "not shown again" in out
    key_id, text = out.splitlines()[0].split()
    assert text.startswith("sk_")
    store = Store("sqlite:///nba.db")
    [key] = read_keys(store).keys
    store.close()
    assert (key.key_id, key.kept) == (key_id, hashed(text))
    assert key.scopes == {"read", "write"}
    listed = nba("keys", "list", "--json")[1]
    assert text not in listed
    assert key.kept not in listed
    assert text not in nba("keys", "list")[1]


def test_a_publishable_key_is_shown_again_with_its_sites(nba: Run) -> None:
    words = ["--origin", SITE, "--origin", "https://www.shop.example", "--label", "widget"]
    made = document(nba("keys", "create", "--kind", "publishable", *words, "--json"))
    assert made["key"].startswith("pk_")
    assert made["origins"] == [SITE, "https://www.shop.example"]
    [listed] = document(nba("keys", "list", "--json"))["keys"]
    assert listed == made
    line = nba("keys", "list")[1].splitlines()[1]
    for shown in (made["key_id"], "publishable", SITE, "valid", "widget", made["key"]):
        assert shown in line


def test_a_revoked_key_says_since_when(nba: Run) -> None:
    made = document(nba("keys", "create", "--kind", "signing", "--json"))
    assert made["key"].startswith("sign_")
    code, out, _ = nba("keys", "revoke", made["key_id"])
    assert code == 0
    assert f"{made['key_id']} is refused from 2" in out
    again = document(nba("keys", "revoke", made["key_id"], "--json"))
    assert again["revoked_at"].endswith("Z")
    assert "key" not in again
    assert "revoked 2" in nba("keys", "list")[1]


def test_a_secret_key_reads_unless_told_otherwise(nba: Run) -> None:
    assert document(nba("keys", "create", "--kind", "secret", "--json"))["scopes"] == ["read"]
    bare = nba("keys", "create", "--kind", "secret", "--scopes", "none", "--json")
    assert document(bare)["scopes"] == []
    until = nba("keys", "create", "--kind", "secret", "--expires", "2099-01-01T00:00Z", "--json")
    assert document(until)["expires_at"] == "2099-01-01T00:00:00Z"
    assert "until 2099-01-01T00:00:00Z" in nba("keys", "list")[1]


@pytest.mark.parametrize(
    "words",
    [
        ["--kind", "public"],
        ["--kind", "secret", "--scopes", "everything"],
        ["--kind", "secret", "--scopes", ""],
        ["--kind", "secret", "--origin", SITE],
        ["--kind", "publishable"],
        ["--kind", "publishable", "--origin", "shop.example"],
        ["--kind", "publishable", "--origin", SITE, "--scopes", "read"],
        ["--kind", "signing", "--expires", "2001-01-01T00:00Z"],
        ["--kind", "signing", "--expires", "2099-01-01"],
        ["--kind", "signing", "--db", "nonsense"],
        [],
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(nba: Run, words: list[str]) -> None:
    code, out, _ = nba("keys", "create", *words, "--json")
    assert code == 2
    assert json.loads(out)["error"]["problems"]
    if Path("nba.db").exists():
        assert document(nba("keys", "list", "--json"))["keys"] == []


def test_keys_of_a_store_that_is_not_there_cannot_be_listed_or_revoked(nba: Run) -> None:
    for words in (["list"], ["revoke", "k_1"]):
        code, _, err = nba("keys", *words)
        assert code == 2
        assert "no store" in err
    assert not Path("nba.db").exists()
    nba("keys", "create", "--kind", "signing")
    code, _, err = nba("keys", "revoke", "k_1")
    assert code == 2
    assert "'k_1'" in err
