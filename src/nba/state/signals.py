"""The queries of what a shop knows beside orders: events, consents, messages, accounts, states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    or_,
    select,
)

from nba.facts.past import PASSING
from nba.facts.signals import Signals
from nba.state.asking import Batch, columns_of, joined, parts
from nba.state.tables import (
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    MESSAGE_EVENTS,
    MESSAGES,
    PRODUCT_STATES,
)
from nba.state.together import ACCOUNTS, Among, Together

_TAKEN: Final[Mapping[Table, Sequence[Column[Any]]]] = {
    table: [table.c[name] for name in names.split()]
    for table, names in (
        (EVENTS, "event_id type at customer_id session_id product_id order_id value"),
        (CONSENTS, "customer_id channel granted at"),
        (MESSAGES, "message_id customer_id message anchor channel claimed_at acked_at holdout"),
        (MESSAGE_EVENTS, "event_id message_id customer_id channel type at is_machine"),
        (
            CUSTOMERS,
            "customer_id created_at birthday timezone account_type tier points attributes "
            "consent_email consent_sms consent_push consent_call consent_at",
        ),
        (PRODUCT_STATES, "product_id at availability stock price sale_price sale_until"),
    )
}
"""The columns that the fold reads."""
_NAMES: Final = {
    table.name: [column.name for column in columns] for table, columns in _TAKEN.items()
}
_COUNTED: Final = or_(
    EVENTS.c.type.not_in(PASSING), EVENTS.c.at >= bindparam("since", None, BigInteger())
)
"""The fold would forget the others."""
_IS_NOBODYS: Final = func.coalesce(EVENTS.c.customer_id, "") == ""
"""As `IS NULL` it would be looked up by its index, although there are very many such events."""
_STANDS: Final = "stands"
_OF_MESSAGES: Final = "reports_of_messages"
"""Of reports: those on messages that name nobody, or somebody else."""
_ACCOUNTS: Final = Together(lambda _, __: {})


def accounts_of(connection: Connection, customers: Iterable[str]) -> list[str]:
    """Give customers with every account and session that was ever merged with one of theirs."""
    asked = list(dict.fromkeys(customers))
    found = _ACCOUNTS.answers(connection, asked, {})
    others = (name for answers in found for (name,) in answers[ACCOUNTS] if name is not None)
    return list(dict.fromkeys([*asked, *others]))


def selects_of_signals(
    accounts: CTE, among: Among, stands: ColumnElement[bool]
) -> dict[str, Select[Any]]:
    """Select what is known of some accounts beside orders; states of products are not among it.

    Args:
        accounts: has their names in the column `name`.
        among: writes that a column holds one of them.
        stands: what to tell of each message in a last column.

    Returns:
        Table → its rows; of events that the fold forgets, those from the parameter `since` on.
    """
    names = accounts.c.name
    theirs = select(MESSAGES.c.message_id).where(among(MESSAGES.c.customer_id, names))
    messages = theirs.cte("their_messages")
    by_customer = among(EVENTS.c.customer_id, names)
    by_session = among(EVENTS.c.session_id, names)
    reports = select(*_TAKEN[MESSAGE_EVENTS])
    customer, message = MESSAGE_EVENTS.c.customer_id, MESSAGE_EVENTS.c.message_id
    # As `IS NULL` it would be looked up by its index, although it may be so of very many.
    is_others = ~among(func.coalesce(customer, ""), names)
    return {
        EVENTS.name: select(*_TAKEN[EVENTS]).where(
            _COUNTED, or_(by_customer, by_session & _IS_NOBODYS)
        ),
        MESSAGE_EVENTS.name: reports.where(among(customer, names)),
        _OF_MESSAGES: reports.where(among(message, messages.c.message_id), is_others),
        **{
            table.name: select(*_TAKEN[table]).where(among(table.c.customer_id, names))
            for table in (CONSENTS, CUSTOMERS)
        },
        MESSAGES.name: select(*_TAKEN[MESSAGES], stands.label(_STANDS)).where(
            among(MESSAGES.c.customer_id, names)
        ),
    }


def signals_of(
    found: Mapping[str, Sequence[Batch]],
    week_counts: NDArray[np.int64],
    *,
    without: str | None = None,
) -> Signals:
    """Turn what `selects_of_signals` found into signals.

    Args:
        found: table → the rows of each time it was asked.
        week_counts: as `Signals` has them.
        without: the id of a message that is read as if nobody had claimed it.
    """
    reports = [*found[MESSAGE_EVENTS.name], *found[_OF_MESSAGES]]
    cells = {
        table.name: columns_of(
            _NAMES[table.name], joined(reports if table is MESSAGE_EVENTS else found[table.name])
        )
        for table in _TAKEN
        if table not in {MESSAGES, PRODUCT_STATES}
    }
    messages = columns_of([*_NAMES[MESSAGES.name], _STANDS], joined(found[MESSAGES.name]))
    if without is not None:
        claims = zip(messages["message_id"], messages["claimed_at"], strict=True)
        messages["claimed_at"] = [None if one == without else at for one, at in claims]
    return Signals.of_columns({**cells, MESSAGES.name: messages}, week_counts=week_counts)


def all_signals(connection: Connection) -> Signals:
    """Read what is known of all."""
    return _all_of(connection, *_TAKEN)


def all_states(connection: Connection) -> Signals:
    """Read the states of all products, and nothing else."""
    return _all_of(connection, PRODUCT_STATES)


def states_of(connection: Connection, products: Sequence[str]) -> Signals:
    """Read the states of some products, and nothing else."""
    named = select(*_TAKEN[PRODUCT_STATES]).where(
        PRODUCT_STATES.c.product_id.in_(bindparam("names", expanding=True))
    )
    cells = [row for part in parts(products) for row in connection.execute(named, {"names": part})]
    return Signals.of_columns({PRODUCT_STATES.name: columns_of(_NAMES[PRODUCT_STATES.name], cells)})


def _all_of(connection: Connection, *tables: Table) -> Signals:
    cells = {
        one.name: columns_of(_NAMES[one.name], connection.execute(select(*_TAKEN[one])).all())
        for one in tables
    }
    return Signals.of_columns(cells)
