"""What a shop posts: orders, products, customers, events; each group in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import APIRouter, HTTPException, Request, Response

from nba import schema
from nba.checking import BadRow
from nba.schema import Table
from nba.state.asking import microseconds
from nba.state.posting import Parcel, Posted
from nba_api import schemas_ingest as shapes
from nba_api.answers import private
from nba_api.gathering import Gathering, GatheringOf
from nba_api.keys import CallerOf
from nba_api.live import Live, LiveState
from nba_api.problems import declared
from nba_api.public_events import as_told, public_rows
from nba_api.schemas_ingest import MAX_ROWS, PostedAnswer, TrackedAnswer
from nba_api.segment import read_calls

router = APIRouter(prefix="/v1", tags=["posting"])

_POSTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": PostedAnswer},
    **declared(400, 413, 422, 503),
}
_TRACKED: Final[dict[int | str, dict[str, Any]]] = {**_POSTED, 200: {"model": TrackedAnswer}}


@router.post("/orders", responses=_POSTED, openapi_extra=shapes.ORDERS)
async def orders(request: Request, live: LiveState, gathering: GatheringOf) -> Response:
    """Orders with their lines; the later version of an order replaces it whole."""
    return await _post(request, live, gathering, schema.ORDERS)


@router.post("/products", responses=_POSTED, openapi_extra=shapes.PRODUCTS)
async def products(request: Request, live: LiveState, gathering: GatheringOf) -> Response:
    """Products; of one that is known only the fields given change."""
    return await _post(request, live, gathering, schema.PRODUCTS)


@router.post("/customers", responses=_POSTED, openapi_extra=shapes.CUSTOMERS)
async def customers(request: Request, live: LiveState, gathering: GatheringOf) -> Response:
    """Customers and their consents; of one who is known only the fields given change."""
    return await _post(request, live, gathering, schema.CUSTOMERS)


@router.post("/message-events", responses=_POSTED, openapi_extra=shapes.MESSAGE_EVENTS)
async def message_events(request: Request, live: LiveState, gathering: GatheringOf) -> Response:
    """What became of messages."""
    return await _post(request, live, gathering, schema.MESSAGE_EVENTS)


@router.post("/events", responses=_POSTED, openapi_extra=shapes.EVENTS)
async def events(
    request: Request, live: LiveState, gathering: GatheringOf, caller: CallerOf
) -> Response:
    """What customers did; a publishable key may tell what they did on a page."""
    rows = _listed(await _read(request))
    at = live.instant(None)
    allowed, refused = public_rows(rows, caller, microseconds(at))
    parcel = Parcel(schema.EVENTS, [row for _, row in allowed], at)
    posted = await write_rows(live, gathering, parcel)
    places = [place for place, _ in allowed]
    return _answer(as_told(_placed(posted, places, refused), caller))


@router.post("/track", responses=_TRACKED, openapi_extra=shapes.TRACK)
async def track(
    request: Request, live: LiveState, gathering: GatheringOf, caller: CallerOf
) -> Response:
    """One call as Segment has it."""
    return await _tell(live, gathering, caller, [await _read(request)])


@router.post("/batch", responses=_TRACKED, openapi_extra=shapes.BATCH)
async def batch(
    request: Request, live: LiveState, gathering: GatheringOf, caller: CallerOf
) -> Response:
    """Several calls as Segment has them."""
    body = await _read(request)
    calls = body.get("batch") if isinstance(body, dict) else None
    if not isinstance(calls, list):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, 'expected an object with "batch", a list of calls'
        )
    return await _tell(live, gathering, caller, _listed(calls))


async def _post(request: Request, live: LiveState, gathering: Gathering, table: Table) -> Response:
    rows = _listed(await _read(request))
    posted = await write_rows(live, gathering, Parcel(table, rows, live.instant(None)))
    return _answer(posted)


async def _tell(
    live: Live, gathering: Gathering, caller: CallerOf, calls: Sequence[object]
) -> Response:
    at = live.instant(None)
    told = read_calls(calls, f"{at}Z")
    allowed, refused = public_rows([row for _, row in told.events], caller, microseconds(at))
    refused = [replace(one, index=told.events[one.index][0]) for one in refused]
    rows = [row for _, row in allowed]
    events = await write_rows(live, gathering, Parcel(schema.EVENTS, rows, at))
    places = [told.events[place][0] for place, _ in allowed]
    posted = _placed(events, places, [*told.errors, *refused])
    if told.orders and caller.is_trusted:
        rows = [row for _, row in told.orders]
        # Whoever tells more of an order than a completed checkout knows it better.
        orders = await write_rows(live, gathering, Parcel(schema.ORDERS, rows, at, only_new=True))
        also = _placed(orders, [place for place, _ in told.orders], posted.errors)
        posted = Posted(
            posted.accepted + also.accepted, posted.duplicates + also.duplicates, also.errors
        )
    return _answer(as_told(posted, caller), ignored=told.ignored)


async def write_rows(live: Live, gathering: Gathering, parcel: Parcel) -> Posted:
    """Write rows, and count what became of them.

    Raises:
        StateError: the store cannot be written; nothing was.
    """
    posted = await gathering.post(parcel)
    live.metrics.rows_posted(
        parcel.table.name,
        accepted=posted.accepted,
        duplicates=posted.duplicates,
        bad=len(posted.errors),
    )
    return posted


async def _read(request: Request) -> Any:  # noqa: ANN401 - whatever JSON says
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {error.msg}") from None


def _listed(body: object) -> list[Any]:
    """Give the rows of a body, which is a list of them or one alone."""
    rows = [body] if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, "expected a list of objects, or one object"
        )
    if len(rows) > MAX_ROWS:
        raise HTTPException(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"found {len(rows)} rows; at most {MAX_ROWS} are taken at once",
        )
    return rows


def _placed(posted: Posted, places: Sequence[int], others: Sequence[BadRow]) -> Posted:
    """Say of errors which row of the body they are about, and put others to them."""
    errors = [*others, *(replace(one, index=places[one.index]) for one in posted.errors)]
    errors.sort(key=lambda one: one.index)
    return replace(posted, errors=errors)


def _answer(posted: Posted, **more: int) -> Response:
    return private(
        {
            "accepted": posted.accepted,
            "duplicates": posted.duplicates,
            **more,
            "errors": [asdict(one) for one in posted.errors],
        }
    )
