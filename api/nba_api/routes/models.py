"""Snapshots: which are stored, which is served, and the way back."""

from __future__ import annotations

from fastapi import APIRouter, Response

from nba.artifacts.registry import current_id, list_snapshots
from nba_api.answers import private
from nba_api.live import LiveState
from nba_api.problems import PROBLEMS
from nba_api.schemas import ModelsAnswer, RollbackRequest

router = APIRouter(prefix="/v1", tags=["models"], responses=PROBLEMS)


@router.get("/models", responses={200: {"model": ModelsAnswer}})
async def models(live: LiveState) -> Response:
    """List the stored snapshots."""
    return private(_listed(live))


@router.post("/models:rollback", responses={200: {"model": ModelsAnswer}})
async def rollback(live: LiveState, body: RollbackRequest | None = None) -> Response:
    """Serve an older snapshot from now on."""
    live.rollback(None if body is None else body.snapshot_id)
    return private(_listed(live))


def _listed(live: LiveState) -> dict[str, object]:
    return {
        "current": current_id(live.models),
        "snapshots": [
            one.model_dump(mode="json", exclude={"files"}) for one in list_snapshots(live.models)
        ],
    }
