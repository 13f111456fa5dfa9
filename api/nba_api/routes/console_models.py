"""The console's page of snapshots: which are stored, how two differ, and the way back."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from nba.artifacts.registry import current_id, damaged_snapshots, list_snapshots
from nba.artifacts.snapshot import Manifest
from nba.errors import SnapshotError
from nba_api.answers import PRIVATE
from nba_api.console.comparison import backtest_summary, compared, engines
from nba_api.console.forms import own_form
from nba_api.console.frame import console_page
from nba_api.live import Live, LiveState
from nba_api.sessions import PATH

HOME = f"{PATH}/models"
ROLLBACK = f"{HOME}/rollback"

router = APIRouter(prefix=HOME, tags=["console"], include_in_schema=False)


# All read files, so they are no coroutines: a thread reads while others are answered.
@router.get("")
def models(request: Request, live: LiveState, rolled: str = "") -> Response:
    """The stored snapshots, damaged ones among them, and which of them answers."""
    current = _current(live)
    stored = list_snapshots(live.models)
    return console_page(
        request,
        "models.html",
        {
            "stored": [
                {"manifest": one, "backtest": backtest_summary(one), "engines": engines(one)}
                for one in stored
            ],
            "damaged": damaged_snapshots(live.models),
            "current": current,
            "folder": str(live.models),
            # Whoever sends a link can say anything in it.
            "is_rolled": bool(rolled) and rolled == current,
            "before": _before(stored, current),
        },
        room="models",
    )


@router.get("/compare")
def compare(request: Request, live: LiveState, before: str, after: str) -> Response:
    """Two snapshots side by side."""
    both = _named(live, before), _named(live, after)
    return console_page(
        request,
        "compare.html",
        {
            "before": both[0],
            "after": both[1],
            "stored": list_snapshots(live.models),
            "current": _current(live),
            "groups": compared(live.models, *both),
        },
        room="models",
    )


@router.get("/rollback")
def ask_rollback(request: Request, live: LiveState, to: str) -> Response:
    """What making a snapshot current would mean, and the button that does."""
    return _asking(request, live, _named(live, to))


@router.post("/rollback")
async def rollback(request: Request, live: LiveState) -> Response:
    """Make a snapshot current and serve it from now on."""
    form = await own_form(request)
    return await run_in_threadpool(_roll_back, request, live, form.get("to", ""))


def _roll_back(request: Request, live: Live, to: str) -> Response:
    chosen = _named(live, to)
    try:
        live.rollback(to)
    except SnapshotError as error:
        return _asking(request, live, chosen, problem=str(error))
    headers = {"cache-control": PRIVATE}
    return RedirectResponse(f"{HOME}?rolled={to}", HTTPStatus.SEE_OTHER, headers)


def _asking(request: Request, live: Live, chosen: Manifest, *, problem: str = "") -> Response:
    current = _current(live)
    named = {one.snapshot_id: one for one in list_snapshots(live.models)}
    values = {
        "chosen": chosen,
        "current": current,
        "now": named.get(current or ""),
        "problem": problem,
    }
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return console_page(request, "rollback.html", values, room="models", status=status)


def _named(live: Live, snapshot_id: str) -> Manifest:
    for one in list_snapshots(live.models):
        if one.snapshot_id == snapshot_id:
            return one
    raise HTTPException(404, f"no snapshot {snapshot_id!r} is stored; see {HOME}")


def _current(live: Live) -> str | None:
    try:
        return current_id(live.models)
    except SnapshotError:
        return None


def _before(stored: list[Manifest], current: str | None) -> str | None:
    """Name what to hold the current snapshot against: the one published before it."""
    ids = [one.snapshot_id for one in stored]
    if current not in ids:
        return None
    older = ids[ids.index(current) + 1 :] or [one for one in ids if one != current]
    return older[0] if older else None
