"""A server whose remote home of snapshots cannot be reached."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from nba.artifacts.mirror import CACHE
from nba.artifacts.registry import publish
from nba.artifacts.remote import Remote
from nba.errors import HomeAwayError, SnapshotError
from nba_api.live import Live
from nba_api.settings import Settings
from tests.faults.jobs import version


def test_a_server_that_never_reached_its_snapshots_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    models = f"file://{tmp_path}/far"

    def is_away(*_: object) -> None:
        raise HomeAwayError("the bucket cannot be read: the key has expired")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(Remote, "read", is_away)
        live = Live(Settings(models=models, db=f"sqlite:///{tmp_path / 'store.db'}"))
        live.refresh()
        with pytest.raises(SnapshotError, match="the key has expired"):
            live.serving()
    assert "nba train" not in caplog.text
    assert caplog.text.count("serving nothing: the bucket cannot be read") == 1
    publish(version(1), models)
    live.models.pull(whole=True)
    live.refresh()
    assert live.serving().snapshot.id == version(1).id
