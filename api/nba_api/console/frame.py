"""A page of the console: its frame, and what every one of them shows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from fastapi import Request, Response

from nba.artifacts.snapshot import Snapshot
from nba.errors import SnapshotError
from nba.state.keys import Scope
from nba_api.access import ROUTES
from nba_api.console.forms import TOKEN, form_token
from nba_api.console.looks import ShopLooks
from nba_api.console.words import titled
from nba_api.console.writing import FILTERS
from nba_api.keys import Caller
from nba_api.live import Live
from nba_api.pages import Pages

_ROOMS: Final = (
    ("customers", "Customers", "/console/customers"),
    ("figures", "Figures", "/console/figures"),
    ("models", "Models", "/console/models"),
    ("quality", "Data quality", "/console/quality"),
    ("letters", "Letters", "/console/letters"),
)
"""Name, label and address of each part of the console."""


def console_page(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    room: str = "",
    status: int = 200,
) -> Response:
    """Answer with a page of the console: a template that extends `frame.html`.

    Args:
        request: who asks.
        template: a file of `api/storefront/console`.
        values: what it names, besides what the frame gives to every page: `caller` (None of who is
            not in), `may_change` (their key has the scope admin), `snapshot_id` (what is served;
            None for nothing), `look(kind, id)` (as `ShopLooks.of` gives it), `form_field` and
            `form_token()`: name and value of the hidden field that `own_form` asks of every form.
        room: the part of the console that the page belongs to, as `_ROOMS` names it.
        status: of the answer.
    """
    return pages().page(template, {**_shared(request, room), **values}, status=status)


def _shared(request: Request, room: str) -> Mapping[str, Any]:
    # Nobody is in who was refused by the gate.
    caller: Caller | None = getattr(request.state, "caller", None)
    live: Live = request.app.state.live
    served = _served(live)
    is_in = caller is not None and caller.is_trusted
    return {
        "room": room,
        "rooms": [one for one in _ROOMS if ("GET", one[2]) in ROUTES] if is_in else [],
        "caller": caller if is_in else None,
        "may_change": caller is not None and Scope.ADMIN in caller.scopes,
        "snapshot_id": None if served is None else served.id,
        "look": shop_looks(request).of,
        "form_field": TOKEN,
        "form_token": partial(form_token, request),
    }


def shop_looks(request: Request) -> ShopLooks:
    """Give the looks of this shop: of the snapshot that is served, as its own file has them."""
    served = _served(request.app.state.live)
    return ShopLooks(request.app.state.looks, None if served is None else served.segments)


def _served(live: Live) -> Snapshot | None:
    try:
        return live.serving().snapshot
    except SnapshotError:
        return None


@cache
def pages() -> Pages:
    """Give the templates of the console."""
    return Pages("console", {**FILTERS, "titled": titled})
