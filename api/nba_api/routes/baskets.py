"""Baskets: what completes one."""

from __future__ import annotations

from fastapi import APIRouter, Response

from nba_api.answers import private, public_slate
from nba_api.keys import CallerOf
from nba_api.live import LiveState
from nba_api.problems import declared
from nba_api.queries import BasketRequest
from nba_api.schemas import SlateAnswer

router = APIRouter(prefix="/v1", tags=["baskets"])


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
