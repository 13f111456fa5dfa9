"""Verbs whose `--models` is a URL: the home is remote, and this machine mirrors it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from nba.artifacts.mirror import CACHE
from tests.unit.cli.shop import Run, document


@pytest.fixture
def url(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A remote home with the snapshot of the shop; nothing is mirrored yet."""
    shutil.move("models", "far")
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return f"file://{tmp_path}/far"


def test_snapshots_are_listed_shown_verified_and_rolled_back_to(
    nba: Run, shop: Path, url: str
) -> None:
    listed = document(nba("models", "list", "--models", url, "--json"))
    assert [one["snapshot_id"] for one in listed["snapshots"]] == [listed["current"]]
    shown = document(nba("models", "show", "--models", url, "--json"))
    assert shown["snapshot_id"] == listed["current"]
    assert document(nba("models", "verify", "--models", url, "--json"))["verified"]
    back = nba("models", "rollback", listed["current"], "--models", url, "--json")
    assert document(back)["snapshot_id"] == listed["current"]
    Path("far/snapshots", listed["current"], "products", "price.npy").write_bytes(b"flipped")
    code, _, err = nba("models", "verify", "--models", url)
    assert code == 1
    assert "price.npy is damaged" in err


def test_a_training_names_the_place_it_published_to(nba: Run, shop: Path, url: str) -> None:
    code, out, _ = nba("train", str(shop), "--models", url)
    assert code == 0
    current = document(nba("models", "list", "--models", url, "--json"))["current"]
    assert f"published as {url}/snapshots/{current}; next: nba serve" in out


def test_decisions_are_those_of_a_folder(nba: Run, shop: Path, url: str) -> None:
    words = ("decide", str(shop), "--customer", "ann", "--at", "2026-02-07T10:00Z", "--json")
    assert document(nba(*words, "--models", url)) == document(nba(*words, "--models", "far"))


def test_an_erasure_reaches_the_home_and_the_mirror(nba: Run, shop: Path, url: str) -> None:
    before = document(nba("models", "show", "--models", url, "--json"))
    erased = document(nba("erase", "ann", "--models", url, "--json"))
    assert erased["snapshots"] == [before["snapshot_id"]]
    after = document(nba("models", "show", "--models", "far", "--json"))
    assert after["replaced"] == [before["digest"]]


@pytest.mark.parametrize(("kind", "package"), [("s3", "s3fs"), ("gs", "gcsfs")])
def test_what_has_to_be_installed_for_a_url_is_named(
    nba: Run, kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    code, _, err = nba("models", "list", "--models", f"{kind}://bucket/models")
    assert code == 2
    assert f"install {package}" in err.lower()


def test_the_next_command_is_told_without_a_password(nba: Run, shop: Path, url: str) -> None:
    code, out, err = nba("train", str(shop), "--models", "memory://me:hunter2@host/models")
    assert code == 0, err
    assert "next: nba serve --shop shop --models memory://host/models" in out
    assert "hunter2" not in out + err
