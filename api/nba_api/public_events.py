"""What a page of the storefront may tell, whose key everybody can read."""

from __future__ import annotations

from typing import Any, Final

from nba.checking import BadCellError, BadRow, instant_of, shown
from nba.state.posting import ERASED, Posted
from nba_api.keys import Caller

PUBLIC_EVENTS: Final = frozenset(
    """
    view_item add_to_cart remove_from_cart add_to_wishlist remove_from_wishlist shown clicked
    """.split()
)
"""What a customer does on a page; all else the shop's own server knows better."""
_SECOND: Final = 1_000_000
EARLIEST: Final = -7 * 86_400 * _SECOND
LATEST: Final = 300 * _SECOND
"""When a page's event may have happened, in microseconds from now on."""


def refusal(row: Any, index: int, caller: Caller, now: int) -> BadRow | None:  # noqa: ANN401 - JSON
    """Give why a page may not tell an event; None where it may.

    Args:
        row: the event as it was posted.
        index: its place.
        caller: who posts.
        now: int64 microseconds.
    """
    if not isinstance(row, dict):
        return None
    kind, customer, at = row.get("type"), row.get("customer_id"), row.get("at")
    if not isinstance(kind, str) or kind not in PUBLIC_EVENTS:
        known = ", ".join(sorted(PUBLIC_EVENTS))
        problem = f"found {shown(kind)}; a publishable key posts {known}"
        return BadRow(index, "type", "not_public", problem)
    if customer is not None and (caller.customer_id is None or customer != caller.customer_id):
        problem = "a publishable key names a customer only with a token that the shop signed"
        return BadRow(index, "customer_id", "not_proven", problem)
    if isinstance(at, str):
        try:
            is_near = EARLIEST <= instant_of(at) - now <= LATEST
        except BadCellError:
            # The check of the row says what is wrong with it.
            return None
        if not is_near:
            problem = f"found {shown(at)}; expected at most 7 days ago and 5 minutes ahead"
            return BadRow(index, "at", "instant_out_of_range", problem)
    return None


def public_rows(
    rows: list[Any], caller: Caller, now: int
) -> tuple[list[tuple[int, Any]], list[BadRow]]:
    """Tell the events that a caller may post, each with its place, from the others.

    Args:
        rows: as they were posted.
        caller: who posts; the shop itself may post all of them.
        now: int64 microseconds.
    """
    if caller.is_trusted:
        return list(enumerate(rows)), []
    refused = [refusal(row, index, caller, now) for index, row in enumerate(rows)]
    allowed = [(n, row) for n, row in enumerate(rows) if refused[n] is None]
    return allowed, [one for one in refused if one is not None]


def as_told(posted: Posted, caller: Caller) -> Posted:
    """Give what a caller may know of what became of posted rows.

    A page learns what is wrong with its own rows, and not which ids the store knows: neither that
    an event was there before, nor that somebody was erased.
    """
    if caller.is_trusted:
        return posted
    errors = [one for one in posted.errors if one.rule != ERASED]
    hidden = posted.duplicates + len(posted.errors) - len(errors)
    return Posted(posted.accepted + hidden, 0, errors)
