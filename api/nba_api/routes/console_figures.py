"""The console's page of figures: what `nba report` worked out and drew; the server does neither."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from nba.domain import iso
from nba.errors import SnapshotError
from nba_api.answers import PRIVATE
from nba_api.console.frame import console_page
from nba_api.console.reported import Figures, ReportedState, newer_than
from nba_api.live import LiveState
from nba_api.sessions import PATH

router = APIRouter(prefix=PATH, tags=["console"], include_in_schema=False)

# It has a look of its own, and neither runs nor loads anything.
_PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


# Both read a file, so they are no coroutines: a thread reads while others are answered.
@router.get("/figures")
def figures(request: Request, live: LiveState, reported: ReportedState) -> Response:
    """Sales, customers, products, messages and experiments: tiles, pictures and tables."""
    problem, found = "", None
    try:
        found = reported.get(Figures)
    except SnapshotError as error:
        problem = str(error)
    return console_page(
        request,
        "figures.html",
        {
            "figures": found,
            "problem": problem,
            "how": reported.how,
            "now": iso(live.instant(None)),
            "served": newer_than(live, None if found is None else found.as_of),
        },
        room="figures",
    )


@router.get("/pictures/{name}.svg")
def picture(reported: ReportedState, name: str) -> Response:
    """One picture of the page, light or dark as the reader's screen is."""
    found = reported.get(Figures)
    drawn = None if found is None else found.picture(name)
    if drawn is None:
        raise HTTPException(404, f"there is no picture {name!r}; see {PATH}/figures")
    headers = {"cache-control": PRIVATE, "content-security-policy": _PICTURE_POLICY}
    return Response(drawn, headers=headers, media_type="image/svg+xml")
