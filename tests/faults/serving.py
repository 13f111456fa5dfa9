"""A server in the test's own process, for what goes wrong beside it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    # As in the fixtures of tests/api.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from nba_api.app import create_app
from nba_api.settings import Settings


@contextmanager
def client_of(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client
