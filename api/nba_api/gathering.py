"""Posts that arrive together are written together: one transaction, and one wait for the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from fastapi import Depends, Request

from nba import schema
from nba.state.posting import Parcel, Posted, post_together
from nba.state.store import Store
from nba_api.grouping import Grouping

MOST_ROWS: Final = 2_000
"""Rows that one transaction takes at most, unless a single post has more."""
_ON_THE_SHELF: Final = frozenset((schema.PRODUCTS.name, schema.ORDERS.name))


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
        self._posts = Grouping(self._write, most=MOST_ROWS, size=lambda one: len(one.rows))

    async def post(self, parcel: Parcel) -> Posted:
        """Write rows and give what became of them, once that is on disk.

        Raises:
            StateError: the store cannot be written; nothing of the parcel was.
        """
        return await self._posts.outcome(parcel)

    def _write(self, parcels: Sequence[Parcel]) -> list[Posted]:
        done = post_together(self._store, parcels)
        if any(
            one.accepted and parcel.table.name in _ON_THE_SHELF
            for parcel, one in zip(parcels, done, strict=True)
        ):
            self._posted("products")
        return done


async def _of(request: Request) -> Gathering:
    gathering: Gathering = request.app.state.gathering
    return gathering


GatheringOf = Annotated[Gathering, Depends(_of)]
