"""The storefront as it opens: only for demonstrations, over what the server serves."""

from __future__ import annotations

import threading
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

from nba.artifacts.snapshot import Snapshot
from nba.errors import ConfigError, SnapshotError
from nba_api.keys import CallerOf, Keys
from nba_api.live import Live
from nba_api.shop.floor import Floor

_REFUSED: Final = (
    "the storefront is for demonstrations: anybody could order in anybody's name, so it is not "
    "shown by a server with keys; leave out --storefront (NBA_STOREFRONT), or take another store"
)


class Shopfront:
    """What the pages of the storefront share; where it is not shown, nothing is made ready."""

    def __init__(self, live: Live, keys: Keys) -> None:
        """Make the floor ready, if there is a storefront and something to show.

        Raises:
            ConfigError: there is a storefront although there are keys.
        """
        self._live = live
        self._filling = threading.Lock()
        self._filled: tuple[Snapshot, Floor] | None = None
        if not live.settings.storefront:
            return
        if not keys.are_none:
            raise ConfigError(_REFUSED)
        with suppress(SnapshotError):
            self.floor(live.serving().opened.snapshot)

    @property
    def is_shown(self) -> bool:
        """Whether the server was told to show the storefront."""
        return self._live.settings.storefront

    def floor(self, snapshot: Snapshot) -> Floor:
        """Give the floor of a snapshot, made ready when it is first asked for."""
        with self._filling:
            if self._filled is None or self._filled[0] is not snapshot:
                self._filled = snapshot, Floor.of(snapshot)
            return self._filled[1]


async def _of(request: Request, caller: CallerOf) -> Shopfront:
    front: Shopfront = request.app.state.shopfront
    # A key may have been made since the server started.
    if not front.is_shown or caller.kind != "open":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return front


ShopfrontOf = Annotated[Shopfront, Depends(_of)]
