"""The console's page of the data: what a check of it says, and what comes in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from nba.domain import iso
from nba.errors import SnapshotError, StateError
from nba_api.console.counted import Counted, LatestRows, listed
from nba_api.console.frame import console_page
from nba_api.console.reported import Quality, ReportedState, newer_than
from nba_api.live import LiveState
from nba_api.sessions import PATH

router = APIRouter(prefix=PATH, tags=["console"], include_in_schema=False)


# It reads a file and the store, so it is no coroutine: a thread reads while others are answered.
@router.get("/quality")
def quality(request: Request, live: LiveState, reported: ReportedState) -> Response:
    """What the shop's data is enough for, what looks odd, and what the server was sent."""
    problem, away = "", ""
    found, latest = None, None
    try:
        found = reported.get(Quality)
    except SnapshotError as error:
        problem = str(error)
    rows: LatestRows = request.app.state.latest_rows
    try:
        latest = rows.get()
    except StateError as error:
        away = str(error)
    return console_page(
        request,
        "quality.html",
        {
            "quality": found,
            "problem": problem,
            "how": reported.how,
            "now": iso(live.instant(None)),
            "served": newer_than(live, None if found is None else found.as_of),
            "latest": None if latest is None else list(listed(latest)),
            "away": away,
            "counted": Counted.of(live.metrics),
        },
        room="quality",
    )
