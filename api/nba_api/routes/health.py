"""Health: alive as a process, ready to answer."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from nba_api import schemas
from nba_api.answers import private
from nba_api.live import LiveState
from nba_api.problems import declared

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", responses={200: {"model": schemas.Live}, **declared()})
async def live_() -> Response:
    """The process answers."""
    return private({"status": "live"})


@router.get("/ready", responses={200: {"model": schemas.Ready}, **declared(503)})
async def ready(live: LiveState) -> Response:
    """A verified snapshot is being served; 503 with Retry-After until then, and while stopping."""
    if live.is_stopping:
        raise HTTPException(503, "the server is stopping; what still comes is answered")
    snapshot = live.serving().snapshot
    return private(
        {
            "status": "ready",
            "snapshot_id": snapshot.id,
            "data_until": snapshot.manifest.data_until,
        }
    )
