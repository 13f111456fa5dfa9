"""A reader that reads nothing, and many who ask at once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import HTTPException
from starlette.types import Message

import nba
from nba_api.feeds.klaviyo import Catalogue, Measured, Measures
from nba_api.feeds.sending import Sending
from tests.api.test_feeds import with_pictures

SCOPE = {"type": "http", "asgi": {"spec_version": "2.4"}}


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def refuse_to_read(message: Message) -> None:
    """Take the head of an answer and no more, as a full line between two machines does."""
    if message["type"] == "http.response.body":
        await asyncio.Event().wait()


async def read_on(_: Message) -> None:
    await asyncio.sleep(0)


def test_who_reads_nothing_keeps_a_place_from_no_other_for_long() -> None:
    sending = Sending(most=2, seconds=0.05)

    async def reading() -> None:
        slow = [sending.answer(iter([b"[]"]), {}, "text/plain") for _ in range(2)]
        waiting = [asyncio.create_task(one(SCOPE, never, refuse_to_read)) for one in slow]
        await asyncio.sleep(0)
        assert sending.taken == 2
        with pytest.raises(HTTPException, match="503"):
            await sending.answer(iter([b"[]"]), {}, "text/plain")(SCOPE, never, read_on)
        await asyncio.gather(*waiting)
        assert sending.taken == 0
        await sending.answer(iter([b"[]"]), {}, "text/plain")(SCOPE, never, read_on)

    asyncio.run(reading())
    assert sending.taken == 0


def test_many_who_ask_at_once_have_the_catalogue_measured_once(snapshot: nba.Snapshot) -> None:
    asked = 4
    together = threading.Barrier(asked)

    class Slow(Catalogue):
        count = 0

        def measured(self) -> Measured:
            type(self).count += 1
            # While it is written, the others find that nothing is known yet.
            threading.Event().wait(0.05)
            return super().measured()

    catalogue, measures = Slow(with_pictures(snapshot)), Measures()

    def ask(_: int) -> Measured:
        together.wait(5)
        return measures.of(b"version", catalogue)

    with ThreadPoolExecutor(asked) as pool:
        found = list(pool.map(ask, range(asked)))
    assert Slow.count == 1
    assert all(one is found[0] for one in found)
