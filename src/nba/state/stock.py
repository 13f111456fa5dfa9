"""The states of products as a store keeps them: what was stated, and what orders took since.

The states of a product are a function of what was stated of it and of its live orders, whatever
came first: a stated row gives some cells, and the others follow what held before it; an order that
counts lowers the stock that held when it was placed, from the microsecond after. A row that comes
late, or an order that is cancelled, makes all that follow it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, and_, bindparam, delete, or_, select, update

from nba.checking import Cells
from nba.schema import PRODUCT_STATES as CONTRACT
from nba.state.asking import NAMES, parts
from nba.state.tables import ORDER_LINES, ORDER_STATUSES, ORDERS, PRODUCT_STATES, PRODUCTS
from nba.state.versions import standing_of
from nba.state.writing import put
from nba.statuses import CANCELLED, RETURNED, STATUS_CODE
from nba.vocabulary import Availability

STATED: Final = CONTRACT.names[2:]
"""The cells of a state."""
BEGINNING: Final = 631_152_000_000_000
"""1990: from here on holds what a catalogue without instants says."""
_LASTING: Final = (Availability.PREORDER, Availability.BACKORDER, Availability.DISCONTINUED)
"""What a number of pieces does not change."""
Pieces = Mapping[str, int]
"""Product → how many an order took."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an order took from the stock, and when."""

    at: int
    pieces: Pieces


@dataclass(slots=True)
class Change:
    """What changed about the states of a product.

    Attributes:
        since: from when on they may be others than they are.
        stated: rows that are stated anew: instant → (cells, names of those given;
            None for all).
        orders: those that may take something which they did not.
        uncounted: no stock was known before, so that any order may.
    """

    since: int
    stated: dict[int, tuple[Cells, str | None]] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)
    uncounted: bool = False


def pieces_of(
    order: Cells, lines: Iterable[Mapping[str, Any]], told: Iterable[tuple[int, str]]
) -> Pieces:
    """Count what an order takes from the stock: nothing once it is cancelled, or came back.

    Args:
        order: its cells.
        lines: with product_id, quantity and returned_quantity.
        told: (instant, status) of further status rows.
    """
    rows = ((at, STATUS_CODE[status]) for at, status in told)
    _, status = max([standing_of(order), *rows])
    if order["is_test"] or status == CANCELLED:
        return {}
    taken: dict[str, int] = {}
    back = 0
    for line in lines:
        returned = (line["returned_quantity"] or 0) if status == RETURNED else 0
        back += returned
        product = str(line["product_id"])
        taken[product] = taken.get(product, 0) + max(line["quantity"] - returned, 0)
    return {} if status == RETURNED and not back else taken


def availability_of(stock: int, before: str | None) -> str | None:
    """Say what a number of pieces says of a product whose availability was not stated with it."""
    if before in _LASTING:
        return before
    return Availability.IN_STOCK if stock else Availability.OUT_OF_STOCK


def restate(connection: Connection, changes: Mapping[str, Change]) -> dict[str, Cells]:
    """Make the states of products anew where something changed.

    Args:
        connection: of `Store.writing`, after the orders that changed were written.
        changes: by product.

    Returns:
        Product → its latest state, of those of which some state is another one now.
    """
    held = _held_since(connection, changes)
    before = {one: last_before(connection, one, change.since) for one, change in changes.items()}
    stateless = [one for one, state in before.items() if state is None and not held[one]]
    written = _begin(connection, stateless, changes)
    before |= {row["product_id"]: row for row in written}
    named = {
        one: change.orders
        | {by for _, by in held[one] if by}
        | (_orders_since(connection, one, change.since) if change.uncounted else set())
        for one, change in changes.items()
    }
    taken = taken_by(connection, sorted(set().union(*named.values())))
    gone: list[Cells] = []
    latest: dict[str, Cells] = {}
    for one, change in changes.items():
        stated = {
            row["at"]: (row, row["given"]) for row in held[one].values() if not row["order_id"]
        }
        orders = [(by, taken[by]) for by in sorted(named[one]) if by in taken]
        rows = unfold(one, before[one], stated | change.stated, orders)
        made = {(row["at"], row["order_id"]): row for row in rows}
        changed = [row for key, row in made.items() if held[one].get(key) != row]
        lost = [{"of": one, "then": at, "by": by} for at, by in held[one] if (at, by) not in made]
        written += changed
        gone += lost
        last = rows[-1] if rows else before[one]
        if (changed or lost) and last is not None:
            latest[one] = last
    if gone:
        connection.execute(_WITHOUT, gone)
    put(connection, PRODUCT_STATES, written, [*STATED, "given"])
    return latest


def show(connection: Connection, latest: Mapping[str, Cells]) -> None:
    """Let the table of products say what their latest states do."""
    if latest:
        rows = [{"of": one, **_stated(state)} for one, state in latest.items()]
        connection.execute(_SHOWN, rows)


def unfold(
    product: str,
    before: Cells | None,
    stated: Mapping[int, tuple[Cells, str | None]],
    orders: Iterable[tuple[str, Taken]],
) -> list[Cells]:
    """Give the states that follow from what was stated and from orders, by instant.

    Args:
        product: its id.
        before: the state that held before; None without any.
        stated: instant → (cells, names of those given with commas between them; None for all).
        orders: by id.
    """
    placed: dict[int, list[tuple[str, int]]] = {}
    for by, taken in orders:
        if product in taken.pieces:
            placed.setdefault(taken.at, []).append((by, taken.pieces[product]))
    state, rows = before, []
    for at in sorted({*stated, *placed}):
        if at in stated:
            cells, given = stated[at]
            state = overlaid(state, cells, given)
            rows.append(_row(product, at, state, given=given))
        if at not in placed or state is None or state["stock"] is None:
            continue
        left = max(state["stock"] - sum(pieces for _, pieces in placed[at]), 0)
        empty = availability_of(0, state["availability"])
        state = {**state, "stock": left, "availability": state["availability"] if left else empty}
        # Orders of one instant are shown together: of states of one instant any may hold.
        rows += [_row(product, at + 1, state, order_id=by) for by, _ in placed[at]]
    return rows


def overlaid(before: Cells | None, cells: Cells, given: str | None) -> Cells:
    """Give the state that holds once some cells of it were stated."""
    names = STATED if given is None else given.split(",")
    state = {one: before[one] if before else None for one in STATED}
    state |= {one: cells[one] for one in names}
    if given is not None and "stock" in names and "availability" not in names:
        counted = state["stock"]
        if counted is not None:
            state["availability"] = availability_of(counted, state["availability"])
    return state


def stated_at(connection: Connection, product: str, at: int) -> Cells | None:
    """Give what was stated of a product for exactly that instant; None where nothing was."""
    row = connection.execute(_STATED_AT, {"of": product, "since": at}).mappings().first()
    return dict(row) if row else None


def taken_by(connection: Connection, orders: Sequence[str]) -> dict[str, Taken]:
    """Tell what live orders took from the stock; others, and unknown ones, took nothing."""
    found: dict[str, Taken] = {}
    for part in parts(orders):
        names = {"names": part}
        lines: dict[str, list[Mapping[str, Any]]] = {}
        told: dict[str, list[tuple[int, str]]] = {}
        for line in connection.execute(_LINES, names).mappings():
            lines.setdefault(line["order_id"], []).append(dict(line))
        for row in connection.execute(_TOLD, names):
            told.setdefault(row.order_id, []).append((row.at, row.status))
        for order in connection.execute(_LIVE, names).mappings():
            by = order["order_id"]
            pieces = pieces_of(dict(order), lines.get(by, []), told.get(by, []))
            found[by] = Taken(order["ordered_at"], pieces)
    return found


def _held_since(
    connection: Connection, changes: Mapping[str, Change]
) -> dict[str, dict[tuple[int, str], Cells]]:
    """Give the rows of products that something since an instant made, by instant and order."""
    held: dict[str, dict[tuple[int, str], Cells]] = {one: {} for one in changes}
    for part in parts(list(changes)):
        since = min(changes[one].since for one in part)
        for row in connection.execute(_SINCE, {"names": part, "since": since}).mappings():
            at, by = row["at"], row["order_id"]
            if at >= changes[row["product_id"]].since + bool(by):
                held[row["product_id"]][at, by] = dict(row)
    return held


def last_before(connection: Connection, product: str, since: int) -> Cells | None:
    """Give the last state that came of something before an instant; None where none did."""
    row = connection.execute(_LAST, {"of": product, "since": since}).mappings().first()
    return dict(row) if row else None


def _begin(
    connection: Connection, stateless: Sequence[str], changes: Mapping[str, Change]
) -> list[Cells]:
    """Give the first states of products: what the catalogue says, where it matters from now on."""
    return [
        _row(row["product_id"], BEGINNING, _stated(dict(row)))
        for part in parts(stateless)
        for row in connection.execute(_CATALOGUE, {"names": part}).mappings()
        if changes[row["product_id"]].stated or row["stock"] is not None
    ]


def _orders_since(connection: Connection, product: str, since: int) -> set[str]:
    return set(connection.execute(_LIVE_OF, {"of": product, "since": since}).scalars())


def _stated(state: Cells) -> Cells:
    return {one: state[one] for one in STATED}


def _row(
    product: str, at: int, state: Cells, *, order_id: str = "", given: str | None = None
) -> Cells:
    return {
        "product_id": product,
        "at": at,
        **_stated(state),
        "order_id": order_id,
        "given": given,
    }


_OF: Final[BindParameter[str]] = bindparam("of")
_BY: Final[BindParameter[str]] = bindparam("by")
_SINCE_THEN: Final[BindParameter[int]] = bindparam("since")
_P, _O = PRODUCT_STATES.c, ORDERS.c
_LAST: Final = (
    select(PRODUCT_STATES)
    # What an order takes shows from the microsecond after it.
    .where(
        _P.product_id == _OF,
        or_(_P.at < _SINCE_THEN, and_(_P.at == _SINCE_THEN, _P.order_id != "")),
    )
    .order_by(_P.at.desc(), _P.order_id.desc())
    .limit(1)
)
_SINCE: Final = select(PRODUCT_STATES).where(_P.product_id.in_(NAMES), _P.at >= _SINCE_THEN)
_STATED_AT: Final = select(PRODUCT_STATES).where(
    _P.product_id == _OF, _P.at == _SINCE_THEN, _P.order_id == ""
)
_WITHOUT: Final = delete(PRODUCT_STATES).where(
    _P.product_id == _OF, _P.at == bindparam("then"), _P.order_id == _BY
)
_CATALOGUE: Final = select(PRODUCTS).where(PRODUCTS.c.product_id.in_(NAMES))
_SHOWN: Final = update(PRODUCTS).where(PRODUCTS.c.product_id == _OF)
_LIVE: Final = select(ORDERS).where(_O.order_id.in_(NAMES), _O.is_live)
_LIVE_OF: Final = (
    select(_O.order_id)
    .join(ORDER_LINES, ORDER_LINES.c.order_id == _O.order_id)
    .where(ORDER_LINES.c.product_id == _OF, _O.is_live, _O.ordered_at >= _SINCE_THEN)
    .distinct()
)
_LINES: Final = select(
    ORDER_LINES.c.order_id,
    ORDER_LINES.c.product_id,
    ORDER_LINES.c.quantity,
    ORDER_LINES.c.returned_quantity,
).where(ORDER_LINES.c.order_id.in_(NAMES))
_TOLD: Final = select(
    ORDER_STATUSES.c.order_id, ORDER_STATUSES.c.at, ORDER_STATUSES.c.status
).where(ORDER_STATUSES.c.order_id.in_(NAMES))
