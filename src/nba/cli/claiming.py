"""`nba decide --claim`: leave to send, asked of a store's ledger and written down in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nba.cli.console import give, now, say, steps
from nba.cli.exports import DOCUMENTS, write_lines, write_table
from nba.cli.facts import facts_of, opened
from nba.vocabulary import NOTHING_SENT

if TYPE_CHECKING:
    import numpy as np

    from nba.decide.claiming import Claimable
    from nba.decide.policy import Policy
    from nba.facts.fold import Facts
    from nba.state.claims import Claim
    from nba.state.store import Store

COLUMNS: Final = (
    "message_id",
    "customer_id",
    "message",
    "channel",
    "anchor",
    "product_ids",
    "expires_at",
    "decision_id",
)
"""The columns of a table of claimed messages."""


def claim_messages(
    url: str,
    policy: Policy,
    customer: str | None,
    *,
    at: np.datetime64 | None,
    context: Mapping[str, str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Claim the message of one customer, or of everybody who has one.

    Args:
        url: of the store.
        policy: what decides.
        customer: an id; by default all.
        at: the instant; by default now.
        context: what is known of the moment.
        out: a file for what was claimed.
        as_json: whether stdout is one JSON document.
    """
    from nba.domain import to_instant
    from nba.state.ledger import claim

    instant = to_instant(now()) if at is None else at
    decide, limited = _deciding(policy, context), policy.playbook.limited
    with opened(url) as store:
        customers = [customer] if customer is not None else _due(store, policy, instant, context)
        with steps("claim", 1) as announce:
            announce(f"{len(customers):,} customers")
            answers = [claim(store, one, decide, instant, limited=limited) for one in customers]
    permits = [one for one in answers if one.permit is not None]
    for one in answers:
        say(_told(one), as_json=as_json)
    documents = [_document(one) for one in answers]
    if out is not None and out.suffix == DOCUMENTS:
        write_lines(out, documents)
    elif out is not None:
        rows = [_row(one) for one in permits]
        write_table(out, COLUMNS, [{name: [row[name] for row in rows] for name in COLUMNS}])
    new = sum(one.is_new for one in permits)
    say(f"{len(permits):,} messages to send, {new:,} of them claimed just now", as_json=as_json)
    if as_json:
        give(documents[0] if customer is not None else {"claims": documents})


def _due(store: Store, policy: Policy, at: np.datetime64, context: Mapping[str, str]) -> list[str]:
    """List the customers who have a message."""
    return [
        customer
        for piece in policy.columns(facts_of(store, at, None), at, context=context)
        for customer, message in zip(piece["customer_id"], piece["message"], strict=True)
        if message != NOTHING_SENT
    ]


def _deciding(policy: Policy, context: Mapping[str, str]) -> Callable[[Facts], Claimable]:
    from nba.decide.claiming import Claimable

    def decide(facts: Facts) -> Claimable:
        (customer,) = facts.customer_ids
        return Claimable.of(policy, policy.decide(customer, facts, facts.as_of, context=context))

    return decide


def _told(one: Claim[Claimable]) -> str:
    customer = one.decision.customer_id
    if one.permit is None:
        withdrawn = "" if one.rule is None else f", what was claimed is withdrawn ({one.rule})"
        return f"{customer}: send nothing, {one.decision.decision.reason}{withdrawn}"
    again = "" if one.is_new else " (claimed before)"
    return f"{customer}: send {one.permit.message} as {one.permit.message_id}{again}"


def _document(one: Claim[Claimable]) -> dict[str, Any]:
    """Give the decision as the API does, with what was claimed."""
    claimed = None if one.permit is None else _row(one)
    return one.decision.decision.to_dict() | {
        "message_id": None if one.permit is None else one.permit.message_id,
        "claimed": claimed,
        "withdrawn": None if one.rule is None else str(one.rule),
    }


def _row(one: Claim[Claimable]) -> dict[str, Any]:
    from nba.domain import iso

    permit = one.permit
    if permit is None:
        return {}
    return {
        "message_id": permit.message_id,
        "customer_id": one.decision.customer_id,
        "message": permit.message,
        "channel": permit.channel,
        "anchor": permit.anchor,
        "product_ids": " ".join(permit.products),
        "expires_at": iso(permit.expires_at),
        "decision_id": permit.decision_id,
    }
