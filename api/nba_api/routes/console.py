"""The console: who may enter, and the shop's customers as pages.

What waits for the store is no coroutine, or waits in a thread of its own.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from nba.artifacts.rhythm import STATES as RHYTHMS
from nba.domain import iso
from nba.state.keys import KeyKind, Scope
from nba_api.answers import PRIVATE
from nba_api.console import words
from nba_api.console.counting import Counting
from nba_api.console.customer import CustomerQuery, told_of, was_erased
from nba_api.console.customers import CustomersQuery, currency_of, find, rows
from nba_api.console.forms import admission_of, is_shown_by_https, own_form, sent_form
from nba_api.console.frame import console_page, shop_looks
from nba_api.console.refusals import ENTRY
from nba_api.keys import CallerOf, now
from nba_api.limits import too_often
from nba_api.live import LiveState
from nba_api.queries import CustomerPath
from nba_api.sessions import COOKIE, PATH

router = APIRouter(tags=["console"], include_in_schema=False)

HOME: Final = f"{PATH}/customers"
SEGMENTS: Final = ("rfm", "band", "tier", "fan", "rule")
"""Kinds of segment to choose from; a rhythm is chosen by itself."""
_WRONG: Final = "This is no secret key that holds now."
_SCOPELESS: Final = (
    "This key holds, but lacks the scope read; make one: nba keys create --kind secret"
)


@router.get(PATH)
async def home() -> Response:
    """The first page."""
    return _to(HOME)


@router.get(ENTRY)
async def ask_key(request: Request, caller: CallerOf, to: str = HOME) -> Response:
    """A page with one field, for the key."""
    return _to(_inside(to)) if caller.kind == "open" else _entry(request, _inside(to))


@router.post(ENTRY)
async def enter(request: Request, caller: CallerOf) -> Response:
    """Begin a session with a secret key that may read."""
    form = await sent_form(request)
    to = _inside(form.get("to", HOME))
    if caller.kind == "open":
        return _to(to)
    admission = admission_of(request)
    known = admission.keys.find(form.get("key", "").strip(), KeyKind.SECRET)
    if known is None or Scope.READ not in known.key.scopes:
        wait = admission.charge_guess(request.scope, dict(request.scope["headers"]))
        if wait:
            raise too_often(wait)
        return _entry(request, to, problem=_WRONG if known is None else _SCOPELESS)
    session = await run_in_threadpool(admission.sessions.begin, known.key.key_id, now())
    answer = _to(to)
    answer.set_cookie(
        COOKIE,
        session,
        path=PATH,
        secure=is_shown_by_https(request),
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post(f"{PATH}/leave")
async def leave(request: Request, caller: CallerOf) -> Response:
    """End the session of this browser."""
    await own_form(request)
    answer = _to(HOME if caller.kind == "open" else ENTRY)
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")
    return answer


@router.get(f"{PATH}/looks.css")
def looks(request: Request) -> Response:
    """The colours of stages, statuses and segments."""
    return Response(
        shop_looks(request).css(), headers={"cache-control": PRIVATE}, media_type="text/css"
    )


@router.get(HOME)
def customers(
    request: Request, live: LiveState, query: Annotated[CustomersQuery, Query()]
) -> Response:
    """The customers by stage and rhythm, and a list of some of them."""
    counting: Counting = request.app.state.counting
    count = counting.look()
    found, shop = find(live, count, query), shop_looks(request)
    stages, rhythms = shop.known("stage"), [shop.of("rhythm", one) for one in RHYTHMS]
    table = [
        (stage, cells, sum(cells))
        for stage, cells in zip(stages, count.table().tolist(), strict=True)
    ]
    values = {
        "query": query,
        "here": query.address(page=query.page),
        "count": count,
        "count_at": iso(count.at),
        "table": table,
        "stages": stages,
        "rhythms": rhythms,
        "segments": [one for kind in SEGMENTS for one in shop.known(kind)],
        "found": found,
        "rows": rows(live, found.customers),
        "currency": currency_of(live.serving().snapshot),
        "stage_words": words.STAGES,
        "state_words": words.STATES,
        "channel_words": words.CHANNELS,
    }
    return console_page(request, "customers.html", values, room="customers")


@router.get(f"{HOME}/{{customer_id:path}}")
def customer(
    request: Request,
    live: LiveState,
    customer_id: CustomerPath,
    query: Annotated[CustomerQuery, Query()],
) -> Response:
    """One customer: what happened, what they get today, why, and what comes then."""
    erased = was_erased(live, customer_id)
    told = None if erased else told_of(live, customer_id, query)
    if told is None:
        status = HTTPStatus.GONE if erased else HTTPStatus.NOT_FOUND
        values = {"customer_id": customer_id, "was_erased": erased}
        return console_page(request, "nobody.html", values, room="customers", status=status)
    values = {
        **told,
        "stage_words": words.STAGES,
        "state_words": words.STATES,
        "channel_words": words.CHANNELS,
    }
    return console_page(request, "customer.html", values, room="customers")


def _entry(request: Request, to: str, *, problem: str | None = None) -> Response:
    status = HTTPStatus.OK if problem is None else HTTPStatus.UNAUTHORIZED
    return console_page(request, "enter.html", {"to": to, "problem": problem}, status=status)


def _to(path: str) -> Response:
    answer = RedirectResponse(path, HTTPStatus.SEE_OTHER)
    answer.headers["cache-control"] = PRIVATE
    return answer


def _inside(path: str) -> str:
    """Give an address of the console; any other leads to its first page."""
    is_inside = path.startswith(f"{PATH}/") and path.isprintable() and "\\" not in path
    has_steps_back = "/.." in path.partition("?")[0]
    return path if is_inside and not has_steps_back and not path.startswith(ENTRY) else HOME
