"""What the server counts of itself, for Prometheus."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from nba_api.answers import PRIVATE
from nba_api.live import LiveState
from nba_api.problems import declared

router = APIRouter(tags=["health"])
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Samples in the text format of Prometheus",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    **declared(),
}


@router.get("/metrics", response_class=Response, responses=ANSWERS)
async def metrics(live: LiveState) -> Response:
    """Counts and durations of this process since it started."""
    return Response(
        live.metrics.text(),
        headers={"cache-control": PRIVATE},
        media_type=CONTENT_TYPE_PLAIN_0_0_4,
    )
