"""The ledger of messages: who was told to send what, so that nothing is sent twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import BindParameter, Connection, Row, bindparam, func, insert, select, update

from nba.domain import DAY
from nba.errors import UnknownMessageError
from nba.facts.fold import Facts
from nba.state.asking import NAMES, microseconds, parts
from nba.state.claims import Claim, D, Decided, Permit
from nba.state.erasure import is_erased
from nba.state.leaving import MARK_LEAVING, SENT_AT
from nba.state.locks import lock_budgets, lock_customers
from nba.state.signals import accounts_of
from nba.state.store import Store
from nba.state.tables import CONSENTS, MESSAGES
from nba.vocabulary import NOTHING_SENT, Rule

_AHEAD: Final = DAY
"""What is this much later than now, or less, was told by a clock that has gone back since, or by
one of another machine that is ahead."""

_OPEN: Final = select(MESSAGES).where(
    MESSAGES.c.customer_id.in_(NAMES),
    MESSAGES.c.claimed_at.is_not(None),
    MESSAGES.c.acked_at.is_(None),
    MESSAGES.c.expires_at > bindparam("at"),
    SENT_AT.is_(None),
)
_LAST_LEFT: Final = select(func.max(MESSAGES.c.left_at)).where(
    MESSAGES.c.customer_id.in_(NAMES),
    # Of what was claimed here; an imported log may well speak of days to come.
    MESSAGES.c.expires_at.is_not(None),
    MESSAGES.c.left_at < bindparam("until"),
    MESSAGES.c.message_id != bindparam("without"),
)
_LAST_REFUSED: Final = select(func.max(CONSENTS.c.at)).where(
    CONSENTS.c.customer_id.in_(NAMES),
    CONSENTS.c.granted.is_(False),
    CONSENTS.c.at < bindparam("until"),
)
_LAST_OF_ALL: Final = select(func.max(MESSAGES.c.left_at)).where(
    MESSAGES.c.message.in_(NAMES),
    MESSAGES.c.left_at >= bindparam("since"),
    MESSAGES.c.left_at < bindparam("until"),
)
_THIS: Final[BindParameter[str]] = bindparam("this")
_ONE: Final = select(MESSAGES).where(MESSAGES.c.message_id == _THIS)
_CHANGE: Final = update(MESSAGES).where(MESSAGES.c.message_id == _THIS)
_MARK: Final = MARK_LEAVING.where(MESSAGES.c.message_id == _THIS)


def claim(
    store: Store,
    customer: str,
    decide: Callable[[Facts], D],
    at: np.datetime64,
    *,
    limited: Collection[str] = (),
    takes: Callable[[D], bool] | None = None,
) -> Claim[D]:
    """Ask for leave to send a customer's next message, and write the answer down.

    Reading, deciding and writing are one transaction, alone with all that is the customer's: of
    any number that ask at once one gets a new permit and the others the same. A permit is open
    until it is acknowledged, sent or past its expiry; while it is, and as long as what was claimed
    may still be sent, asking again gives the same permit and writes nothing. What may not be sent
    any more is withdrawn: it did not leave. A decision for nothing is written too, without permit;
    none is about a customer who was erased, who gets nothing.

    Args:
        store: the facts, and the ledger.
        customer: an id; one of a guest account stands for the customer it was merged into.
        decide: gives the decision on facts of this one customer, for their instant.
        at: now. The facts are as of then, or as of just after the last message that left, or the
            last consent that was taken back, where a clock that went back would hide it.
        limited: words of messages of which all customers together get only so many a week; who
            claims one of them is alone with these too, so that no budget is spent twice.
        takes: tells whether who asks can send the message of a decision. What they cannot is left
            for others: nothing is written, and there is no permit. By default everything can.

    Raises:
        StateError: the store cannot be written; whatever `decide` raises. Nothing is written then.
    """
    with store.writing() as connection:
        accounts = locked_accounts(connection, customer)
        standing = _standing(connection, accounts, at)
        without = None if standing is None else str(standing.message_id)
        instant = _instant(connection, accounts, at, standing)

        def decided(instant: np.datetime64) -> D:
            return decide(store.facts_of(connection, [customer], instant, without=without))

        decision = decided(instant)
        chosen = decision.message
        if chosen is not None and str(chosen.id) in limited:
            others_spent, before = lock_budgets(connection), instant
            instant = _after_all(connection, limited, instant)
            if others_spent or instant > before:
                decision = decided(instant)
        if is_erased(connection, [customer]):
            # Nothing is sent to them, nor anything written down about them.
            return Claim(decision, None)
        if standing is not None:
            return _review(connection, decision, standing, instant)
        if takes is not None and decision.message is not None and not takes(decision):
            return Claim(decision, None)
        return _write(connection, decision, instant)


def ack(store: Store, message_id: str, at: np.datetime64) -> np.datetime64:
    """Note that a claimed message was sent, and give when; the first time counts.

    What was withdrawn meanwhile, or is past its expiry, was sent all the same.

    Raises:
        UnknownMessageError: nothing to send was ever claimed under this id.
        StateError: the store cannot be written.
    """
    with store.writing() as connection:
        row = _row(connection, message_id)
        if row is None or row.message == NOTHING_SENT:
            raise UnknownMessageError(
                f"there is no message {message_id[:80]!r} to acknowledge; "
                "give the message_id that its claim answered"
            )
        if lock_customers(connection, [row.customer_id]):
            row = connection.execute(_ONE, {"this": message_id}).one()
        if row.acked_at is not None:
            return np.datetime64(row.acked_at, "us")
        acked_at = max(microseconds(at), row.claimed_at or row.decided_at)
        connection.execute(_CHANGE.values(acked_at=acked_at), {"this": message_id})
        connection.execute(_MARK, {"this": message_id})
        return np.datetime64(acked_at, "us")


def locked_accounts(connection: Connection, customer: str) -> list[str]:
    """Give a customer's accounts, for which nobody else writes until the transaction ends."""
    accounts = accounts_of(connection, [customer])
    while lock_customers(connection, accounts):
        # Until the lock was given, others may have merged them with more.
        now = accounts_of(connection, [customer])
        if set(now) <= set(accounts):
            break
        accounts = now
    return accounts


def _standing(
    connection: Connection, accounts: Sequence[str], at: np.datetime64
) -> Row[Any] | None:
    """Find the open claim; of two, as of accounts merged since, the earlier."""
    found = [
        row
        for part in parts(accounts)
        for row in connection.execute(_OPEN, {"names": part, "at": microseconds(at)})
    ]
    return min(found, key=lambda row: (row.claimed_at, row.message_id), default=None)


def _instant(
    connection: Connection, accounts: Sequence[str], at: np.datetime64, standing: Row[Any] | None
) -> np.datetime64:
    """Give the first instant from now on, and from the open claim on, that knows what left.

    It knows too what was refused, which counts from when it was said to whichever machine.
    """
    now = microseconds(at)
    until = now + microseconds(_AHEAD)
    without = "" if standing is None else standing.message_id
    told = [
        connection.execute(question, {"names": part, "until": until} | more).scalar_one()
        for part in parts(accounts)
        for question, more in ((_LAST_LEFT, {"without": without}), (_LAST_REFUSED, {}))
    ]
    known = [last + 1 for last in told if last is not None]
    if standing is not None and standing.claimed_at < until:
        known.append(standing.claimed_at)
    return np.datetime64(max(now, *known) if known else now, "us")


def _after_all(
    connection: Connection, words: Collection[str], instant: np.datetime64
) -> np.datetime64:
    """Give an instant, or just after the last message of some words that left to anybody since."""
    now = microseconds(instant)
    asked = {"names": list(words), "since": now, "until": now + microseconds(_AHEAD)}
    last = connection.execute(_LAST_OF_ALL, asked).scalar_one()
    return instant if last is None else np.datetime64(last + 1, "us")


def _write(connection: Connection, decision: D, at: np.datetime64) -> Claim[D]:
    """Write a decision down, once."""
    message_id = f"m_{hashlib.sha256(decision.decision_id.encode()).hexdigest()[:24]}"
    claimed_at = None if decision.message is None else microseconds(at)
    row = _row(connection, message_id)
    if row is None:
        cells = _cells(decision, at) | {"message_id": message_id, "claimed_at": claimed_at}
        connection.execute(insert(MESSAGES), cells)
    elif row.withdrawn_at is not None and row.acked_at is None:
        # The very same facts and instant as once before: what forbade it was itself taken back.
        reopened = {"claimed_at": claimed_at, "withdrawn_at": None}
        connection.execute(_CHANGE.values(reopened), {"this": message_id})
    elif claimed_at is not None:
        return Claim(decision, None, rule=Rule.ONCE_PER)
    if claimed_at is None:
        return Claim(decision, None)
    connection.execute(_MARK, {"this": message_id})
    written = connection.execute(_ONE, {"this": message_id}).one()
    return Claim(decision, permit_of(written), is_new=True)


def _review(connection: Connection, decision: D, standing: Row[Any], at: np.datetime64) -> Claim[D]:
    """Confirm an open claim, or withdraw it.

    It stays the same message as long as it may still go as it was claimed to. Another channel is
    no other message: one that would now be preferred does not withdraw it, as whoever claimed it
    may be sending it just now; but who took back the consent for its own does.
    """
    allowed = {
        (str(word), anchor or None): [str(way) for way in ways]
        for word, anchor, ways in decision.eligible
    }
    ways = allowed.get((standing.message, standing.anchor), ())
    if standing.channel in ways:
        return Claim(decision, permit_of(standing))
    this = {"this": standing.message_id}
    connection.execute(_CHANGE.values(claimed_at=None, withdrawn_at=microseconds(at)), this)
    connection.execute(_MARK, this)
    rule = Rule.NO_CHANNEL if ways else _rule_against(decision, standing.message)
    return Claim(decision, None, rule=rule)


def _rule_against(decision: Decided, message: str) -> Rule:
    """Say which rule forbids a message that a decision does not allow."""
    held = (one.rule for one in decision.suppressed if one.id == message)
    # Where the message is allowed about something else, that of the claim is no longer there.
    return next(held, Rule.NOT_KEPT)


def _cells(decision: Decided, at: np.datetime64) -> dict[str, Any]:
    """Give the row of a decision, without its id and whether it was claimed."""
    chosen = decision.message
    words = [str(word) for word, *_ in decision.eligible]
    cells: dict[str, Any] = {
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "message": NOTHING_SENT,
        "decided_at": microseconds(at),
        "snapshot_id": decision.snapshot_id,
        "playbook_id": decision.playbook_id,
        "arm": decision.arm,
        "propensity": decision.propensity,
        "eligible": json.dumps([*dict.fromkeys(words), NOTHING_SENT]),
        # Who gets no marketing gets news of orders all the same, and those leave.
        "holdout": decision.holdout and chosen is None,
    }
    if chosen is None:
        return cells
    return cells | {
        "message": str(chosen.id),
        "anchor": chosen.anchor or None,
        "channel": str(chosen.channel),
        "products": ",".join(chosen.products) or None,
        "expires_at": microseconds(chosen.expires_at),
    }


def _row(connection: Connection, message_id: str) -> Row[Any] | None:
    return connection.execute(_ONE, {"this": message_id}).first()


def permit_of(row: Row[Any]) -> Permit:
    """Give the permit that a claimed row of `messages` stands for."""
    return Permit(
        row.message_id,
        row.decision_id,
        row.message,
        row.anchor,
        row.channel,
        tuple(row.products.split(",")) if row.products else (),
        np.datetime64(row.claimed_at, "us"),
        np.datetime64(row.expires_at, "us"),
    )
