"""Questions about the past of a customer who has been erased since."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from nba.checking import trimmed
from nba.state.erasure import refuse_replay
from nba_api.live import LiveState


async def refuse_past_of_erased(request: Request, live: LiveState) -> None:
    """See that `as_of` of a question about one customer is not before their erasure.

    Without it, or after it, an erased customer is one whom nobody knows.

    Raises:
        ErasedCustomerError: it is.
        DataError: it is no instant.
    """
    as_of = request.query_params.get("as_of")
    if as_of is not None:
        customer, at = trimmed(request.path_params["customer_id"]), live.instant(as_of)
        await run_in_threadpool(refuse_replay, live.store, customer, at)
