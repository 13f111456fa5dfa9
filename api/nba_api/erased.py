"""Questions about the past of a customer who has been erased since."""

from __future__ import annotations

from fastapi import Request

from nba.state.erasure import refuse_replay
from nba_api.live import LiveState


def refuse_past_of_erased(request: Request, live: LiveState) -> None:
    """See that `as_of` of a question about one customer is not before their erasure.

    Without it, or after it, an erased customer is one whom nobody knows.

    Raises:
        ErasedCustomerError: it is.
        DataError: it is no instant.
    """
    as_of = request.query_params.get("as_of")
    if as_of is not None:
        refuse_replay(live.store, request.path_params["customer_id"], live.instant(as_of))
