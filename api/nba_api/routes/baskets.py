"""Baskets: what completes one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from nba_api.answers import private, public_slate
from nba_api.keys import CallerOf
from nba_api.live import LiveState
from nba_api.problems import declared
from nba_api.queries import BasketRequest
from nba_api.schemas import SlateAnswer


class _AsText(APIRoute):
    """A route that takes JSON under the name of plain text, too.

    A browser sends text to another site as it is, and asks before anything else: what a page asks
    of us is then one request. It opens nothing: the gate looks at the page, never at the type.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give what answers a request."""
        answer = super().get_route_handler()

        async def read(request: Request) -> Response:
            if request.headers.get("content-type", "").lower().startswith("text/plain"):
                others = [pair for pair in request.scope["headers"] if pair[0] != b"content-type"]
                scope = {
                    **request.scope,
                    "headers": [*others, (b"content-type", b"application/json")],
                }
                request = Request(scope, request.receive)
            return await answer(request)

        return read


router = APIRouter(prefix="/v1", tags=["baskets"], route_class=_AsText)


@router.post(
    "/baskets:complete", responses={200: {"model": SlateAnswer}, **declared(404, 422, 503)}
)
def complete(live: LiveState, caller: CallerOf, body: BasketRequest) -> Response:
    """What goes with a basket; with a total, what closes the gap to it stands first."""
    slate = live.serving().recommender.complete_basket(
        body.product_ids,
        target_total=body.target_total,
        n=body.limit,
        filters=body.filters(),
        fallback=body.fallback,
        min_customers=caller.min_customers,
        strict=body.strict,
        at=live.instant(None),
    )
    return private(public_slate(slate, explain=body.explain and caller.is_trusted))
