"""The way back to an older snapshot takes less than a second and no restart."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nba.artifacts.registry import publish
from nba_api.settings import Settings
from tests.api.claims import TestClient, client_of
from tests.faults.jobs import version

SIMILAR = "/v1/products/cup/similar"


def price(client: TestClient) -> tuple[int, str]:
    answer = client.get(SIMILAR)
    return answer.json()["items"][0]["product"]["price"], answer.headers["etag"]


def test_a_rollback_is_served_within_a_second_under_another_etag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    for number in (1, 2):
        publish(version(number), models)
    with client_of(Settings(models=models, db=f"sqlite:///{tmp_path / 'store.db'}")) as client:
        newer, newer_tag = price(client)
        began = time.monotonic()
        assert client.post("/v1/models:rollback").status_code == 200
        older, older_tag = price(client)
        seconds = time.monotonic() - began
        assert (newer, older) == (2, 1)
        assert newer_tag != older_tag
        # Who kept the newer answer is told the older one, and the other way round.
        assert client.get(SIMILAR, headers={"if-none-match": newer_tag}).status_code == 200
        assert client.get(SIMILAR, headers={"if-none-match": older_tag}).status_code == 304
    with capsys.disabled():
        print(f"\nrollback to first answer: {seconds:.3f} s")
    assert seconds < 1
