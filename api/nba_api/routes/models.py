"""Snapshots: which are stored, which is served, and the way back."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from nba.artifacts.registry import current_id, list_snapshots
from nba.errors import HomeAwayError, SnapshotError
from nba_api.answers import private
from nba_api.live import Live, LiveState
from nba_api.problems import declared
from nba_api.schemas import ModelsAnswer, RollbackRequest

router = APIRouter(prefix="/v1", tags=["models"])
ANSWER = {"model": ModelsAnswer}


# Both read files, so they are no coroutines: a thread reads while others are answered.
@router.get("/models", responses={200: ANSWER, **declared()})
def models(live: LiveState) -> Response:
    """List the stored snapshots."""
    return private(_listed(live))


@router.post("/models:rollback", responses={200: ANSWER, **declared(404, 409, 422)})
def rollback(live: LiveState, body: RollbackRequest | None = None) -> Response:
    """Serve an older snapshot from now on."""
    wanted = None if body is None else body.snapshot_id
    stored = {one.snapshot_id for one in list_snapshots(live.models)}
    if wanted is not None and wanted not in stored:
        raise HTTPException(404, f"no snapshot {wanted!r} is stored; see GET /v1/models")
    try:
        live.rollback(wanted)
    except HomeAwayError:
        raise
    except SnapshotError as error:
        raise HTTPException(409, str(error)) from None
    return private(_listed(live))


def _listed(live: Live) -> dict[str, object]:
    stored = list_snapshots(live.models)
    try:
        current = current_id(live.models)
    except SnapshotError:
        current = None
    return {
        "current": current,
        "snapshots": [one.model_dump(mode="json", exclude={"files"}) for one in stored],
    }
