"""Posts that arrive together are written together: one transaction, and one wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Final

from fastapi import Depends, Request

from nba import schema
from nba.state.posting import Parcel, Posted, post_together
from nba.state.store import Store

MOST_ROWS: Final = 2_000
"""Rows that one transaction takes at most, unless a single post has more."""
_ON_THE_SHELF: Final = frozenset((schema.PRODUCTS.name, schema.ORDERS.name))

_Waiting = tuple[Parcel, "asyncio.Future[Posted]"]


class Gathering:
    """Writes the posts of one server, in the order in which they came.

    While one transaction is under way, what arrives waits for the next.
    """

    def __init__(self, store: Store, posted: Callable[[str], None]) -> None:
        """Write to a store.

        Args:
            store: where to.
            posted: is told the topic of what was written, before the post is answered.
        """
        self._store = store
        self._posted = posted
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def post(self, parcel: Parcel) -> Posted:
        """Write rows and give what became of them, once that is on disk.

        Raises:
            StateError: the store cannot be written; nothing of the parcel was.
        """
        future: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        self._waiting.append((parcel, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await future

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                together = self._next()
                try:
                    done = await asyncio.to_thread(self._write, [one for one, _ in together])
                except Exception as error:
                    await self._write_alone(together, error)
                else:
                    for (_, future), posted in zip(together, done, strict=True):
                        _tell(future, posted)
        finally:
            self._writing = None

    async def _write_alone(self, together: Sequence[_Waiting], error: Exception) -> None:
        """Write each parcel by itself, so that none fails for another one's sake."""
        if len(together) == 1:
            _tell(together[0][1], error)
            return
        for parcel, future in together:
            try:
                _tell(future, (await asyncio.to_thread(self._write, [parcel]))[0])
            except Exception as its_own:
                _tell(future, its_own)

    def _next(self) -> list[_Waiting]:
        """Take from those that wait as many as one transaction takes."""
        count = rows = 0
        for parcel, _ in self._waiting:
            rows += len(parcel.rows)
            if count and rows > MOST_ROWS:
                break
            count += 1
        together, self._waiting = self._waiting[:count], self._waiting[count:]
        return together

    def _write(self, parcels: Sequence[Parcel]) -> list[Posted]:
        done = post_together(self._store, parcels)
        if any(
            one.accepted and parcel.table.name in _ON_THE_SHELF
            for parcel, one in zip(parcels, done, strict=True)
        ):
            self._posted("products")
        return done


def _tell(future: asyncio.Future[Posted], outcome: Posted | Exception) -> None:
    # Who asked may be gone by now.
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _of(request: Request) -> Gathering:
    gathering: Gathering = request.app.state.gathering
    return gathering


GatheringOf = Annotated[Gathering, Depends(_of)]
