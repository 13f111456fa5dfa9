"""A server of its own for posts, which change what it knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from nba.cli.load import load
from nba_api.app import create_app
from nba_api.settings import Settings


@contextmanager
def posting_client(settings: Settings, shop: Path, folder: Path) -> Iterator[TestClient]:
    """Serve a shop from a store of its own."""
    url = f"sqlite:///{folder / 'posted.db'}"
    load(shop, url)
    app = create_app(settings.model_copy(update={"db": url}))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def posted(client: TestClient, path: str, body: Any, **headers: str) -> dict[str, Any]:
    """Post and give the answer, which must be 200."""
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document
