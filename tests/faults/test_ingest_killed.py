"""A server that is killed while a shop posts: nothing acknowledged is lost, and nothing doubles."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
import pytest
from sqlalchemy import select

from nba.artifacts.registry import publish
from nba.state.store import Store
from nba.state.tables import ORDER_LINES, ORDERS
from tests.databases import DATABASES, database_url
from tests.faults.conftest import times
from tests.faults.forks import Forks
from tests.faults.jobs import version
from tests.faults.serving import begun, order
from tests.servers import caller_of

KILLS = {"sqlite": times(100, default=0.05), "postgresql": times(50, default=0.05)}
POSTERS, ORDERS_A_POST, LINES = 2, 5, 3


class Poster(threading.Thread):
    """Posts orders of its own, until the server is gone.

    Attributes:
        acknowledged: the orders of which the server said that it has them.
        posted: those that it may have.
        is_heard: set once it said so for the first time.
    """

    def __init__(self, port: int, first: int) -> None:
        super().__init__()
        self._port, self._next = port, first
        self.acknowledged: list[int] = []
        self.posted: list[int] = []
        self.is_heard = threading.Event()

    def run(self) -> None:
        with caller_of(self._port) as client:
            try:
                while True:
                    numbers = list(range(self._next, self._next + ORDERS_A_POST))
                    self.posted += numbers
                    self._next += ORDERS_A_POST
                    answer = client.post("/v1/orders", json=[order(one) for one in numbers])
                    assert answer.json()["accepted"] == ORDERS_A_POST
                    self.acknowledged += numbers
                    self.is_heard.set()
            except httpx.TransportError:
                return


def held(url: str) -> tuple[Counter[str], Counter[str]]:
    """Count the rows of each order, and the lines."""
    store = Store(url)
    with store.reading() as connection:
        orders = Counter(connection.execute(select(ORDERS.c.order_id)).scalars())
        lines = Counter(connection.execute(select(ORDER_LINES.c.order_id)).scalars())
    store.close()
    return orders, lines


@pytest.mark.parametrize("kind", DATABASES)
def test_what_was_acknowledged_outlives_a_kill_and_posted_again_is_there_once(
    forks: Forks, tmp_path: Path, chance: np.random.Generator, kind: str
) -> None:
    models, url = tmp_path / "models", database_url(kind, tmp_path)
    publish(version(1), models)
    known: set[int] = set()
    lost: set[int] = set()
    for kill in range(KILLS[kind]):
        job, port = begun(forks, models, url)
        # What the last kill left open is sent again, beside what it acknowledged.
        with caller_of(port) as client:
            for numbers in (sorted(lost), sorted(known)[-ORDERS_A_POST:]):
                answer = client.post("/v1/orders", json=[order(one) for one in numbers]).json()
                assert answer["accepted"] + answer["duplicates"] == len(numbers)
                assert not known.issuperset(numbers) or answer["accepted"] == 0
        known |= lost
        posters = [Poster(port, (kill * POSTERS + one) * 10_000) for one in range(POSTERS)]
        for one in posters:
            one.start()
        posters[0].is_heard.wait(timeout=20)
        job.kill_after(float(chance.uniform(0, 0.2)))
        for one in posters:
            one.join()
        orders, lines = held(url)
        acknowledged = {number for one in posters for number in one.acknowledged}
        known |= acknowledged
        lost = {number for one in posters for number in one.posted} - acknowledged
        assert {f"o{number:06}" for number in known} <= set(orders)
        assert set(orders) <= {f"o{number:06}" for number in known | lost}
        assert max(orders.values(), default=1) == 1
        # An order is there with all its lines, or not at all.
        assert lines == {one: LINES for one in orders}
    assert len(known) > KILLS[kind]
