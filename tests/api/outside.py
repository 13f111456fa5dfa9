"""A server that providers call from outside, and all that its store then holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Table, select

from nba.state.store import Store
from nba.state.tables import CONSENTS, MESSAGE_EVENTS, MESSAGES, WEBHOOK_EVENTS
from nba.state.writing import add
from nba_api.app import create_app
from nba_api.settings import Settings
from nba_api.webhooks.providers import providers
from tests.unit.api.webhooks.amazon import Web
from tests.unit.api.webhooks.calls import NOW, Call
from tests.unit.api.webhooks.told import SETTINGS

TOLD: Final = (MESSAGE_EVENTS, CONSENTS, WEBHOOK_EVENTS, MESSAGES)
"""The tables that what providers say may change."""
OWNERS: Final = {"m_1": "ann", "m_2": "ann", "m_3": "bob", "m_4": "dan", "m_5": "eve", "m_6": "bob"}


def app_of(settings: Settings) -> FastAPI:
    """Give a server that knows the secrets of every provider."""
    known = settings.model_copy(
        update=dict(Settings.model_validate(SETTINGS).model_dump(include=set(SETTINGS)))
    )
    app = create_app(known)
    app.state.providers = providers(known, Web().fetch)
    return app


def send_messages(store: Store, owners: dict[str, str] = OWNERS) -> None:
    """Let messages be claimed a day ago, none acknowledged."""
    at = (NOW - 86_400) * 1_000_000
    rows: list[dict[str, Any]] = [
        {
            "message_id": message,
            "decision_id": f"d_{message}",
            "customer_id": customer,
            "message": "digest",
            "channel": "email",
            "decided_at": at,
            "claimed_at": at,
            "holdout": False,
        }
        for message, customer in owners.items()
    ]
    with store.writing() as connection:
        add(connection, MESSAGES, rows)


def rows_in(store: Store, table: Table) -> list[dict[str, Any]]:
    """Give the rows of a table in the order of their key."""
    with store.reading() as connection:
        asked = select(table).order_by(*table.primary_key.columns)
        return [dict(row._mapping) for row in connection.execute(asked)]


def dump(store: Store) -> bytes:
    """Give all that providers may have changed, byte by byte."""
    return json.dumps([rows_in(store, table) for table in TOLD]).encode()


def post(client: TestClient, call: Call) -> Any:
    return client.post(call.path, content=call.body, headers=call.headers)


def post_all(client: TestClient, calls: Iterable[Call]) -> None:
    for call in calls:
        answer = post(client, call)
        assert answer.status_code == 200, answer.text
