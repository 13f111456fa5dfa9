"""Messages: leave to send one, word that it was sent, and the next ones of many customers.

None is a coroutine: each waits for the store, in a thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Final

import numpy as np
import orjson
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from nba.artifacts.segments import RFM, Segments
from nba.domain import iso
from nba.state.erasure import refused_replays
from nba.state.ledger import ack
from nba.vocabulary import Channel
from nba_api.answers import PRIVATE, private
from nba_api.live import LiveState
from nba_api.next_messages import claimed_message, next_messages
from nba_api.problems import declared, told
from nba_api.queries import MAX_BATCH, MAX_ID, BatchRequest, ClaimRequest, CustomerPath
from nba_api.schemas import AckAnswer, ClaimAnswer
from nba_api.tables import csv_lines
from nba_api.unsubscribing import with_headers

router = APIRouter(prefix="/v1", tags=["messages"])
MEDIA_TYPES: Final = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
STREAMED: Final = {
    name: {"schema": {"type": "string"}} for name in ("application/x-ndjson", "text/csv")
}
SentBy = Annotated[
    Channel | None,
    Query(description="claim only what goes by this channel, and leave the rest unclaimed"),
]
MessagePath = Annotated[str, Path(min_length=1, max_length=MAX_ID)]


# An id may hold a slash, hence `:path`.
@router.post(
    "/customers/{customer_id:path}/next-message:claim",
    responses={200: {"model": ClaimAnswer}, **declared(422, 503)},
)
def claim_next_message(
    live: LiveState,
    customer_id: CustomerPath,
    body: ClaimRequest | None = None,
    channel: SentBy = None,
) -> Response:
    """Leave to send the next message: the same permit until it is acknowledged, sent or expired."""
    context = (body or ClaimRequest()).context()
    policy, at = live.serving().policy, live.instant(None)
    document = claimed_message(
        live.store, policy, customer_id, at, context, live.metrics, channel=channel
    )
    return private(with_headers(live, document))


@router.post(
    "/messages/{message_id:path}:ack",
    responses={200: {"model": AckAnswer}, **declared(404, 422, 503)},
)
def acknowledge(live: LiveState, message_id: MessagePath) -> Response:
    """Say that a claimed message was sent; the first time counts."""
    acked_at = ack(live.store, message_id, live.instant(None))
    return private({"message_id": message_id, "acked_at": iso(acked_at)})


@router.post(
    "/next-messages:batch",
    response_class=StreamingResponse,
    responses={
        200: {"description": "A line a customer", "content": STREAMED},
        **declared(404, 413, 422, 503),
    },
)
def batch(live: LiveState, request: Request, body: BatchRequest) -> Response:
    """Give the next messages of some customers, or of a segment, each as the single route does.

    A line is the problem that the single route would answer with where `as_of` lies before the
    erasure of its customer.
    """
    policy, at = live.serving_at(body.as_of).policy, live.instant(body.as_of)
    if body.segment is not None:
        customers = _members(policy.snapshot.segments, body.segment)
    else:
        customers = list(dict.fromkeys(body.customer_ids or ()))
    if body.segment is None and len(customers) > MAX_BATCH:
        raise HTTPException(
            413, f"{len(customers)} customers; at most {MAX_BATCH} are answered at once"
        )
    refused = {} if body.as_of is None else refused_replays(live.store, customers, at)
    known = [one for one in customers if one not in refused] if refused else customers
    claims = live.metrics if body.claim else None
    documents = next_messages(live.store, policy, known, at, body.context(), claims=claims)
    if refused:
        gone = {one: told(request, 410, problem) for one, problem in refused.items()}
        documents = _with_problems(customers, documents, gone)
    if body.claim:
        documents = (with_headers(live, one) for one in documents)
    lines = _csv(documents) if body.format == "csv" else _jsonl(documents)
    # What goes wrong at once is still a problem; later it can only break the answer off.
    begun = chain([next(lines, b"")], lines)
    return StreamingResponse(
        begun, media_type=MEDIA_TYPES[body.format], headers={"cache-control": PRIVATE}
    )


def _with_problems(
    customers: Iterable[str],
    documents: Iterator[dict[str, Any]],
    problems: Mapping[str, dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """Put the problems of some customers among the answers about the others, in order."""
    for one in customers:
        if one in problems:
            yield {"customer_id": one, **problems[one]}
        else:
            yield next(documents)


def _members(segments: Segments, segment_id: str) -> Sequence[str]:
    """List the customers of a segment, by id."""
    first, last = segments.kind_start[RFM : RFM + 2].tolist()
    names = [segments.look_id[place] for place in range(first, last)]
    if segment_id not in names:
        raise HTTPException(
            404,
            f"there is no segment {segment_id!r} of kind rfm; expected one of {', '.join(names)}",
        )
    inside = segments.has_bought & (segments.segment == names.index(segment_id))
    return segments.ids.take(np.flatnonzero(inside))


def _jsonl(documents: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    return (orjson.dumps(one) + b"\n" for one in documents)


def _csv(documents: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    return (line.encode() for line in csv_lines(documents))
