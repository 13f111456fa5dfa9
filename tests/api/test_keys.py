"""Keys in a running server: made, rotated and revoked beside it, kept while the store is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from nba.errors import ConfigError, StateError
from nba.state.keys import KeyKind, Scope, create_key, hashed, read_keys, revoke_key
from nba.state.store import Store
from nba_api.app import create_app
from nba_api.keys import Keys
from nba_api.settings import Settings
from tests.api.keyed import LONG_AGO, SITE, Keyed, serving
from tests.api.shop import is_problem, path_of
from tests.databases import DATABASES, database_url

KETTLE: Final = path_of("products", "kettle", "similar")
DAY: Final = np.timedelta64(1, "D")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    yield store
    store.close()


def seconds_until(holds: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < 5
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize("kind", DATABASES)
def test_a_key_is_read_as_it_was_made(kind: str, tmp_path: Path) -> None:
    store = Store(database_url(kind, tmp_path))
    made = [
        create_key(store, KeyKind.PUBLISHABLE, LONG_AGO, origins=[f"{SITE}/"], label="widget"),
        create_key(store, KeyKind.SECRET, LONG_AGO + DAY, scopes=[Scope.WRITE, Scope.READ]),
        create_key(store, KeyKind.SIGNING, LONG_AGO + 2 * DAY, expires_at=LONG_AGO + 3 * DAY),
    ]
    ring = read_keys(store)
    assert ring.keys == tuple(key for key, _ in made)
    assert ring.revision == 3
    assert read_keys(store, ring) is ring
    assert ring.keys[0].origins == {SITE}
    assert ring.keys[1].scopes == {"read", "write"}
    revoked = revoke_key(store, made[0][0].key_id, LONG_AGO + DAY)
    assert revoke_key(store, made[0][0].key_id, LONG_AGO + 5 * DAY) == revoked
    assert read_keys(store, ring).keys[0] == revoked
    store.close()


def test_of_a_secret_key_the_hash_alone_is_on_disk(store: Store, tmp_path: Path) -> None:
    key, text = create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    assert key.kept == hashed(text)
    assert text not in repr(key)
    assert key.kept not in repr(key)
    store.close()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert text.encode() not in held
    assert key.key_id.encode() in held


@pytest.mark.parametrize(
    ("kind", "scopes", "origins"),
    [
        (KeyKind.PUBLISHABLE, [], []),
        (KeyKind.PUBLISHABLE, [Scope.READ], [SITE]),
        (KeyKind.SECRET, [Scope.READ], [SITE]),
        (KeyKind.SIGNING, [Scope.READ], []),
        (KeyKind.PUBLISHABLE, [], ["*"]),
        (KeyKind.PUBLISHABLE, [], ["null"]),
        (KeyKind.PUBLISHABLE, [], ["shop.example"]),
        (KeyKind.PUBLISHABLE, [], ["https://shop.example/path"]),
        (KeyKind.PUBLISHABLE, [], ["https://*.shop.example"]),
        (KeyKind.PUBLISHABLE, [], ["https://shop.example,https://other.example"]),
    ],
)
def test_what_does_not_fit_its_kind_is_no_key(
    store: Store, kind: KeyKind, scopes: list[Scope], origins: list[str]
) -> None:
    with pytest.raises(ConfigError):
        create_key(store, kind, LONG_AGO, scopes=scopes, origins=origins)
    with pytest.raises(ConfigError, match="expire"):
        create_key(store, KeyKind.SECRET, LONG_AGO, expires_at=LONG_AGO)
    assert read_keys(store).keys == ()


def test_the_first_key_closes_an_open_server_and_the_last_revoked_opens_it_not(
    settings: Settings, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    beside = Store(url)
    with TestClient(create_app(settings.model_copy(update={"db": url}))) as client:
        assert client.get(KETTLE).status_code == 200
        key, text = create_key(beside, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
        assert seconds_until(lambda: client.get(KETTLE).status_code == 401) < 2
        shown = {"authorization": f"Bearer {text}"}
        assert client.get(KETTLE, headers=shown).status_code == 200
        revoke_key(beside, key.key_id, LONG_AGO)
        assert seconds_until(lambda: client.get(KETTLE, headers=shown).status_code == 401) < 2
        assert is_problem(client.get(KETTLE), 401)
    beside.close()


def test_of_two_keys_both_hold_until_one_is_revoked(
    shop_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    with serving(shop_folder, settings, tmp_path) as keyed:
        path = path_of("customers", "ann", "buy-again")

        def ask(signing: str) -> int:
            token = {"x-customer-token": keyed.token("ann", key=signing)}
            return int(keyed.ask_as_page(path, headers=token).status_code)

        assert [ask("signing"), ask("signing-next")] == [200, 200]
        revoke_key(keyed.store, keyed.ids["signing"], LONG_AGO)
        assert seconds_until(lambda: ask("signing") == 401) < 2
        assert ask("signing-next") == 200
        rotate_secret(keyed)


def rotate_secret(keyed: Keyed) -> None:
    _, text = create_key(keyed.store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    both = (keyed.secret("read"), {"authorization": f"Bearer {text}"})

    def ask() -> list[int]:
        return [keyed.client.get("/v1/models", headers=shown).status_code for shown in both]

    seconds_until(lambda: ask() == [200, 200])
    revoke_key(keyed.store, keyed.ids["read"], LONG_AGO)
    seconds_until(lambda: ask() == [401, 200])


def test_a_key_ends_when_it_expires(store: Store) -> None:
    now = np.datetime64(time.time_ns() // 1000, "us")
    soon = now + np.timedelta64(300, "ms")
    _, text = create_key(store, KeyKind.SECRET, now, scopes=[Scope.READ], expires_at=soon)
    keys = Keys(store)
    assert keys.find(text, KeyKind.SECRET) is not None
    assert seconds_until(lambda: keys.find(text, KeyKind.SECRET) is None) < 2


class Away(Store):
    """A store that can be taken away."""

    is_away = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if self.is_away:
            raise StateError("the store is away")
        with super().reading() as connection:
            yield connection


def test_while_the_store_is_away_the_known_keys_go_on_working(tmp_path: Path) -> None:
    store = Away(f"sqlite:///{tmp_path / 'store.db'}")
    key, text = create_key(store, KeyKind.SECRET, LONG_AGO, scopes=[Scope.READ])
    keys = Keys(store)
    store.is_away = True
    keys.refresh()
    assert keys.find(text, KeyKind.SECRET) is not None
    assert not keys.are_none
    # A server that knows no key must not start: it could not tell whether it is open.
    with pytest.raises(StateError):
        Keys(store)
    store.is_away = False
    revoke_key(store, key.key_id, LONG_AGO)
    keys.refresh()
    assert keys.find(text, KeyKind.SECRET) is None
    store.close()
