"""Posts that arrive together: written together, answered apart."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from nba import schema
from nba.errors import StateError
from nba.state.posting import Parcel, Posted
from nba.state.store import Store
from nba.state.tables import EVENTS
from nba_api.gathering import Gathering
from tests.unit.state.posted import rows_of

AT = np.datetime64("2026-03-01T12:00:00", "us")


class CountingStore(Store):
    """Counts its transactions, and fails those it is told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written = 0
        self.failing: set[int] = set()

    @contextmanager
    def writing(self, lock: Sequence[str] = ()) -> Iterator[Connection]:
        """Write as any store does."""
        self.written += 1
        if self.written in self.failing:
            raise StateError("the store is away")
        with super().writing(lock) as connection:
            yield connection


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountingStore]:
    store = CountingStore(f"sqlite:///{tmp_path / 'gathered.db'}")
    yield store
    store.close()


def event(number: int) -> Parcel:
    row = {"event_id": f"e{number}", "type": "view_item", "session_id": "s"}
    return Parcel(schema.EVENTS, [row], AT)


def post_at_once(store: Store, parcels: Sequence[Parcel]) -> list[Posted | BaseException]:
    told: list[str] = []
    gathering = Gathering(store, told.append)

    async def post_all() -> list[Posted | BaseException]:
        return await asyncio.gather(
            *(gathering.post(one) for one in parcels), return_exceptions=True
        )

    return asyncio.run(post_all())


def test_posts_at_once_share_a_transaction_and_count_apart(store: CountingStore) -> None:
    parcels = [*(event(number) for number in range(100)), event(0)]
    done = post_at_once(store, parcels)
    assert done == [*([Posted(1, 0, [])] * 100), Posted(0, 1, [])]
    assert store.written <= 2
    assert len(rows_of(store, EVENTS)) == 100


def test_a_transaction_that_fails_is_tried_again_post_by_post(store: CountingStore) -> None:
    # The first transaction has all three; of those by themselves the second fails.
    store.failing = {1, 3}
    done = post_at_once(store, [event(number) for number in range(3)])
    assert [type(one) for one in done] == [Posted, StateError, Posted]
    assert [row["event_id"] for row in rows_of(store, EVENTS)] == ["e0", "e2"]


def test_a_post_alone_that_fails_says_so(store: CountingStore) -> None:
    store.failing = {1}
    (failed,) = post_at_once(store, [event(1)])
    assert isinstance(failed, StateError)
    assert store.written == 1


def test_what_stands_on_the_shelf_is_told_before_the_post_is_answered(store: Store) -> None:
    told: list[tuple[str, int]] = []
    gathering = Gathering(store, lambda topic: told.append((topic, threading.get_ident())))
    rows = [
        Parcel(schema.PRODUCTS, [{"product_id": "kettle", "stock": 1}], AT),
        Parcel(schema.PRODUCTS, [{"product_id": "kettle", "stock": 1}], AT),
        event(1),
    ]

    async def post_in_turn() -> list[int]:
        return [len(told) for one in rows if await gathering.post(one)]

    assert asyncio.run(post_in_turn()) == [1, 1, 1]
    # Never in the thread that answers everybody else meanwhile.
    assert told[0][0] == "products"
    assert told[0][1] != threading.get_ident()
