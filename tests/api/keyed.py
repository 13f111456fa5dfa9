"""A server with a key of every sort, over a store of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
import numpy as np
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nba.cli.load import load
from nba.state.keys import KeyKind, Scope, create_key, revoke_key
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.settings import Settings

SITE: Final = "https://shop.example"
OTHER_SITE: Final = "https://evil.example"
LONG_AGO: Final = np.datetime64("2020-01-01T00:00:00", "us")
UNLIMITED: Final = {"rate_limit": 1e6, "key_rate_limit": 1e6}


@dataclass(frozen=True)
class Keyed:
    """A server and what opens it.

    Attributes:
        app: the application.
        client: of the server.
        store: the server's.
        keys: name → text of a key.
        ids: name → id of a key.
    """

    app: FastAPI
    client: TestClient
    store: Store
    keys: dict[str, str]
    ids: dict[str, str]

    def secret(self, name: str) -> dict[str, str]:
        """Give the headers of one of the shop's servers."""
        return {"authorization": f"Bearer {self.keys[name]}"}

    def token(self, customer: str, *, seconds: float = 600, key: str = "signing") -> str:
        """Sign a token as the shop would."""
        claims = {"sub": customer, "exp": int(time.time() + seconds)}
        return jwt.encode(claims, self.keys[key], algorithm="HS256")

    def ask_as_page(self, path: str, *, origin: str | None = SITE, **more: Any) -> Any:
        """Ask with the publishable key, as a page of a site would."""
        headers = {**more.pop("headers", {}), **({"origin": origin} if origin else {})}
        method = more.pop("method", "GET")
        params = {"key": self.keys["page"], **more.pop("params", {})}
        return self.client.request(method, path, params=params, headers=headers, **more)


def make_keys(store: Store) -> tuple[dict[str, str], dict[str, str]]:
    """Create a key of every sort; give their texts and their ids by name."""
    made = {
        "page": create_key(store, KeyKind.PUBLISHABLE, LONG_AGO, origins=[SITE]),
        **{
            str(scope): create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[scope])
            for scope in Scope
        },
        "metrics": create_key(store, KeyKind.SECRET, LONG_AGO),
        "revoked": create_key(store, KeyKind.SECRET, LONG_AGO, scopes=list(Scope)),
        "expired": create_key(
            store,
            KeyKind.SECRET,
            LONG_AGO,
            scopes=list(Scope),
            expires_at=LONG_AGO + np.timedelta64(1, "D"),
        ),
        "signing": create_key(store, KeyKind.SIGNING, LONG_AGO),
        "signing-next": create_key(store, KeyKind.SIGNING, LONG_AGO),
    }
    revoke_key(store, made["revoked"][0].key_id, LONG_AGO)
    texts = {name: text for name, (_, text) in made.items()}
    return texts, {name: key.key_id for name, (key, _) in made.items()}


@contextmanager
def serving(shop: Path, settings: Settings, folder: Path, **changes: Any) -> Iterator[Keyed]:
    """Run a server with keys over a copy of the tiny shop."""
    url = f"sqlite:///{folder / 'keyed.db'}"
    load(shop, url)
    store = Store(url)
    keys, ids = make_keys(store)
    update = {"db": url, **UNLIMITED, **changes}
    app = create_app(settings.model_copy(update=update))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Keyed(app, client, store, keys, ids)
    store.close()
