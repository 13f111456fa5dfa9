"""`nba decide --claim`: leave to send, asked of a store's ledger and written down in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nba.cli.console import give, now, say, steps
from nba.cli.exports import DOCUMENTS, write_lines, write_table
from nba.cli.facts import facts_of, opened
from nba.cli.importers import WAIT_HOURS, Importer, fitted, is_carried, latest_leaving
from nba.vocabulary import NOTHING_SENT, Channel

if TYPE_CHECKING:
    import numpy as np

    from nba.decide.claiming import Claimable
    from nba.decide.decision import ChosenMessage
    from nba.decide.policy import Policy
    from nba.domain import Part
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
"""The columns of a table of claimed messages; those of products follow."""
_OF_MAILS: Final = ("message", "channel", "message_id", "text", "send_after", "expires_at", "why")
"""What importers take, besides the customer and the products."""


def claim_messages(
    url: str,
    policy: Policy,
    customer: str | None,
    *,
    part: Part | None,
    at: np.datetime64 | None,
    context: Mapping[str, str],
    out: Path | None,
    importer: Importer | None,
    as_json: bool,
) -> None:
    """Claim the message of one customer, or of everybody who has one.

    Args:
        url: of the store.
        policy: what decides.
        customer: an id; by default all.
        part: of these all; by default the whole.
        at: the instant; by default now.
        context: what is known of the moment.
        out: a file for what was claimed.
        importer: whose columns the file has; it then has a row for everybody, and what it does
            not carry, such as what goes by another channel, is not claimed.
        as_json: whether stdout is one JSON document.
    """
    from nba.domain import iso, to_instant
    from nba.state.ledger import claim

    instant = to_instant(now()) if at is None else at
    latest = None if importer is None else latest_leaving(str(iso(instant)))
    takes = None if latest is None else partial(_is_carried, latest=latest)
    seen: list[Facts] = []
    decide, limited = _deciding(policy, context, seen), policy.playbook.limited
    answers: list[Claim[Claimable]] = []
    rows: dict[str, dict[str, Any]] = {}
    with opened(url) as store:
        everybody, due = [customer or ""], [customer or ""]
        if customer is None:
            everybody, due = _due(store, policy, part, instant, context)
        with steps("claim", 1) as announce:
            announce(f"{len(due):,} customers")
            for name in due:
                answer = claim(store, name, decide, instant, limited=limited, takes=takes)
                answers.append(answer)
                if out is not None and answer.permit is not None:
                    rows[name] = _full_row(policy, answer, seen[-1], context)
    for one in answers:
        say(_told(one, latest), as_json=as_json)
    documents = [_document(one) for one in answers]
    if out is not None and out.suffix == DOCUMENTS:
        write_lines(out, documents)
    elif out is not None:
        _write(out, everybody if importer else list(rows), rows, instant, importer)
    summed = _counted(answers) if latest is None else _shared_out(answers, rows, latest)
    say(summed, as_json=as_json)
    if as_json:
        give(documents[0] if customer is not None else {"claims": documents})


def _due(
    store: Store,
    policy: Policy,
    part: Part | None,
    at: np.datetime64,
    context: Mapping[str, str],
) -> tuple[list[str], list[str]]:
    """List the customers, and those of them who have a message."""
    everybody: list[str] = []
    due: list[str] = []
    for piece in policy.columns(facts_of(store, at, None, part), at, context=context):
        everybody += piece["customer_id"]
        pairs = zip(piece["customer_id"], piece["message"], strict=True)
        due += [customer for customer, message in pairs if message != NOTHING_SENT]
    return everybody, due


def _deciding(
    policy: Policy, context: Mapping[str, str], seen: list[Facts]
) -> Callable[[Facts], Claimable]:
    """Give what decides, and leaves the facts of its last decision in `seen`."""
    from nba.decide.claiming import Claimable

    def decide(facts: Facts) -> Claimable:
        seen[:] = [facts]
        (customer,) = facts.customer_ids
        return Claimable.of(policy, policy.decide(customer, facts, facts.as_of, context=context))

    return decide


def _write(
    out: Path,
    customers: Sequence[str],
    rows: Mapping[str, Mapping[str, Any]],
    at: np.datetime64,
    importer: Importer | None,
) -> None:
    """Write what was claimed, a row a customer."""
    from nba.domain import iso
    from nba.recommend.flat import PRODUCT_COLUMNS

    names = (*COLUMNS, *PRODUCT_COLUMNS)
    if importer is None:
        table = {name: [rows[one].get(name) for one in customers] for name in names}
        write_table(out, names, [table])
        return
    names = (*_OF_MAILS, *PRODUCT_COLUMNS)
    table = {name: [rows.get(one, {}).get(name) for one in customers] for name in names}
    table |= {"customer_id": list(customers), "as_of": [iso(at)] * len(customers)}
    write_table(out, tuple(importer.names), [fitted(importer, table)])


def _is_carried(one: Claimable, latest: str) -> bool:
    """Tell whether the message of a decision stands in an importer's file."""
    from nba.domain import iso

    message = one.decision.message
    return message is not None and is_carried(message.channel, iso(message.send_after), latest)


def _is_left(one: Claim[Claimable], latest: str) -> bool:
    """Tell whether there is a message, unclaimed because the file does not carry it."""
    is_unclaimed = one.permit is None and one.rule is None
    return (
        is_unclaimed and one.decision.message is not None and not _is_carried(one.decision, latest)
    )


def _counted(answers: Sequence[Claim[Claimable]]) -> str:
    permits = [one for one in answers if one.permit is not None]
    new = sum(one.is_new for one in permits)
    return f"{len(permits):,} messages to send, {new:,} of them claimed just now"


def _shared_out(
    answers: Sequence[Claim[Claimable]], rows: Mapping[str, Mapping[str, Any]], latest: str
) -> str:
    """Say what an importer's file carries, and what becomes of the rest."""
    permits = sum(one.permit is not None for one in answers)
    new = sum(one.is_new for one in answers)
    mails = sum(
        is_carried(row.get("channel"), row.get("send_after"), latest) for row in rows.values()
    )
    left = [one.decision.message for one in answers if _is_left(one, latest)]
    later = sum(one is not None and one.channel == Channel.EMAIL for one in left)
    return (
        f"{mails:,} messages to send by e-mail, {new:,} of them claimed just now; "
        f"{len(left) - later:,} by other channels and {later:,} that wait longer than "
        f"{WAIT_HOURS} hours left unclaimed"
        + (f"; {permits - mails:,} claimed before are not in the file" if permits > mails else "")
    )


def _told(one: Claim[Claimable], latest: str | None) -> str:
    from nba.domain import iso

    customer, message = one.decision.customer_id, one.decision.decision.message
    if message is not None and latest is not None and _is_left(one, latest):
        then = iso(message.send_after)
        return f"{customer}: left unclaimed, {message.id} goes by {message.channel} from {then} on"
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


def _full_row(
    policy: Policy, one: Claim[Claimable], facts: Facts, context: Mapping[str, str]
) -> dict[str, Any]:
    """Give the row of what was claimed, with its words and the cards of its products."""
    from nba.domain import iso
    from nba.recommend.flat import cells_of, product_cells

    row = _row(one)
    message = _claimed(policy, one, facts, context)
    if message is None:
        return row
    shown = [item for items in message.slots.values() for item in items]
    return (
        row
        | {"text": message.text, "send_after": iso(message.send_after), "why": message.why}
        | product_cells([cells_of(item.product_id, item.product) for item in shown])
    )


def _claimed(
    policy: Policy, one: Claim[Claimable], facts: Facts, context: Mapping[str, str]
) -> ChosenMessage | None:
    """Give the message that was claimed as it would go now."""
    permit, decision = one.permit, one.decision.decision
    if permit is None:
        return None
    asked = permit.message, permit.anchor or ""
    message = decision.message
    if message is None or (message.id, message.anchor or "") != asked:
        # It would rather be another message now; what was claimed stands.
        customer = one.decision.customer_id
        stands = {customer: asked}
        decision = policy.decide(customer, facts, facts.as_of, context=context, claimed=stands)
        message = decision.message
    return message if message and (message.id, message.anchor or "") == asked else None
