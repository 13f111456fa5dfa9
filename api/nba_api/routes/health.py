"""Health: alive as a process, ready to answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from nba.errors import NbaError
from nba_api.answers import private
from nba_api.live import LiveState
from nba_api.problems import PROBLEMS, problem

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live_() -> Response:
    """The process answers."""
    return private({"status": "live"})


@router.get("/ready", responses={503: PROBLEMS[503]})
async def ready(request: Request, live: LiveState) -> Response:
    """A verified snapshot is being served."""
    try:
        snapshot = live.serving().snapshot
    except NbaError as error:
        return problem(request, 503, str(error))
    return private(
        {
            "status": "ready",
            "snapshot_id": snapshot.id,
            "data_until": snapshot.manifest.data_until,
        }
    )
