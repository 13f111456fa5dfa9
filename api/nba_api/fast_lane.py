"""The lists about products without the framework and without a task: one call, one answer.

Nothing is decided here. Who may ask, what the answer is and what it says of the server come from
`admission`, `hot_path` and `envelope`, as for every request; whoever may not, and whatever is not
asked plainly, is left to the ordinary way, on which alone anything is refused.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from fastapi import HTTPException
from starlette.types import Scope

from nba_api.access import find_route
from nba_api.admission import Admission, check_target
from nba_api.cors import Pairs, safe_headers
from nba_api.envelope import TEMPLATE, labels, note, request_id_of
from nba_api.hot_path import find, respond
from nba_api.live import Live

_ODD: Final = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
"""Headers of who sends a body, or wants more than an answer."""


class FastLane:
    """Answers a request that is complete, if it can at once."""

    def __init__(self, live: Live, admission: Admission) -> None:
        """Share the rules with the ordinary way.

        Args:
            live: the server's state, which counts.
            admission: who may ask.
        """
        self._live = live
        self._admission = admission

    def answer(self, scope: Scope) -> tuple[int, bytes, bytes] | None:
        """Answer a GET of a path below `hot_path.PREFIX`, and count it.

        Args:
            scope: of the request, as ASGI has it.

        Returns:
            status, lines of headers, body; None for what goes the ordinary way, of which nothing
            was counted or taken.
        """
        began = time.perf_counter()
        headers = dict(scope["headers"])
        # Of a header that stands twice the layers of the ordinary way read the one or the other.
        is_plain = len(headers) == len(scope["headers"]) and _ODD.isdisjoint(headers)
        if not is_plain or self._live.is_stopping or not self._admission.has_place:
            return None
        asked = find_route("GET", scope["path"])
        if asked is None:
            return None
        try:
            check_target(scope)
            _, caller = self._admission.who(asked, scope, headers)
        except HTTPException:
            return None
        answer = find(self._live, scope["path"], scope["query_string"], caller)
        # The last thing, as it takes what only one way may take.
        if answer is None or self._admission.charge(scope, headers, caller):
            return None
        status, sent, body = respond(answer, headers.get(b"if-none-match"))
        request_id = request_id_of(headers.get(b"x-request-id"))
        scope["state"] |= {"request_id": request_id, TEMPLATE: asked.template, "caller": caller}
        told = (
            lines(sent) + _page_lines(self._admission.shared(headers))
            + lines(labels(self._live, request_id))
        )  # fmt: skip
        note(self._live, scope, status, began)
        return status, told, body


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write headers as they are sent."""
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


@lru_cache(maxsize=256)
def _page_lines(shared: Pairs) -> bytes:
    """Write what a browser is told: the same of every list, but for the site that may read it."""
    return lines((*shared, *safe_headers("", ())))
