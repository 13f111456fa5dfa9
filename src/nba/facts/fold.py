"""The fold: rows → facts of N customers, pure and independent of the order of the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nba.domain import Ids, Instants
from nba.facts.histories import ranges
from nba.facts.intents import Intents
from nba.facts.known import Known
from nba.facts.letters import Letters
from nba.facts.people import People
from nba.facts.rows import Rows
from nba.facts.shelf import Shelf
from nba.facts.signals import NO_SIGNALS, Signals
from nba.vocabulary import MESSAGE_WORDS


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """One row a customer, with the customer's orders and their lines as ragged columns.

    Attributes:
        customer_ids: the N customers, in the order asked for; unknown ones have no orders.
        as_of: the instant up to which the facts are known, itself excluded.
        order_start: int64[N + 1]; orders of customer n are order_start[n]:order_start[n + 1],
            by instant, then id.
        order_id: int32 per order, a code of `order_ids`.
        ordered_at, delivered_at: datetime64[us] per order; delivered_at may be NaT.
        status: int8 per order, a code of `statuses.STATUSES`, since status_at.
        kept: bool per order.
        discount: int64 per order, minor units.
        line_start: int64 per order + 1.
        product: int32 per line, a code of `product_ids`; kept lines only.
        revenue: int64 per line, minor units, before the order's discount.
        paid_at, shipped_at, returned_at: datetime64[us] per order: the first instant of that
            status; of the last, of anything that came back. NaT where there is none.
        is_rated: bool per order: the customer rated it, or answered a survey about it.
        is_reviewed: bool per line: the customer reviewed the product since.
        anchors: the anchors of the customers' messages.
        order_anchor: int32 per order: the order's own id among `anchors`; -1 where no message was
            about it.
        people, intents, letters: of the same customers.
        shelf: the products as they stood.
        week_counts: int64 per code of `vocabulary.MESSAGE_WORDS`: messages that left to anybody
            since Monday, 00:00 UTC.
    """

    customer_ids: tuple[str, ...]
    as_of: np.datetime64
    order_ids: Ids
    product_ids: Ids
    order_start: NDArray[np.int64]
    order_id: NDArray[np.int32]
    ordered_at: Instants
    delivered_at: Instants
    status: NDArray[np.int8]
    status_at: Instants
    kept: NDArray[np.bool_]
    discount: NDArray[np.int64]
    line_start: NDArray[np.int64]
    product: NDArray[np.int32]
    revenue: NDArray[np.int64]
    paid_at: Instants
    shipped_at: Instants
    returned_at: Instants
    is_rated: NDArray[np.bool_]
    is_reviewed: NDArray[np.bool_]
    anchors: Ids
    order_anchor: NDArray[np.int32]
    people: People
    intents: Intents
    letters: Letters
    shelf: Shelf
    week_counts: NDArray[np.int64]

    def products_of(self, order: int) -> list[str]:
        """List the distinct products of an order that were kept, by id."""
        codes = np.unique(self.product[self.line_start[order] : self.line_start[order + 1]])
        return [self.product_ids[int(code)] for code in codes]

    def version(self, customer: int) -> str:
        """Hash one customer's facts (SHA-256), so that a decision can name what it rested on."""
        digest = hashlib.sha256()
        orders = slice(int(self.order_start[customer]), int(self.order_start[customer + 1]))
        for column in (
            self.ordered_at,
            self.delivered_at,
            self.status,
            self.status_at,
            self.kept,
            self.discount,
        ):
            digest.update(np.ascontiguousarray(column[orders]).tobytes())
        lines = slice(int(self.line_start[orders.start]), int(self.line_start[orders.stop]))
        named = [self.order_ids[int(code)] for code in self.order_id[orders]]
        named += [self.product_ids[int(code)] for code in self.product[lines]]
        digest.update("\x1f".join(named).encode())
        digest.update(np.diff(self.line_start[orders.start : orders.stop + 1]).tobytes())
        digest.update(np.ascontiguousarray(self.revenue[lines]).tobytes())
        return digest.hexdigest()


def fold(
    rows: Rows,
    *,
    as_of: np.datetime64,
    customers: Sequence[str] | None = None,
    signals: Signals = NO_SIGNALS,
) -> Facts:
    """Fold the rows of a shop into facts.

    Args:
        rows: any rows; those of other customers and later instants have no effect.
        as_of: up to when to know, itself excluded.
        customers: ids to fold, in this order; by default every customer who had ordered by then.
        signals: what is known beside orders, of these customers or more.
    """
    known = Known.at(rows, as_of)
    rows = known.rows
    if customers is None:
        named = known.order & (rows.customer < len(rows.customer_ids))
        codes = np.unique(rows.customer[named]).astype(np.int64)
        wanted = tuple(rows.customer_ids[int(code)] for code in codes)
    else:
        codes, wanted = _codes(rows, customers), tuple(customers)
    # Tests are nobody's purchases, and nobody's news either.
    order = np.lexsort((np.arange(len(rows.customer)), rows.ordered_at, rows.customer))
    order = order[(known.order & ~rows.is_test)[order]]
    owner = rows.customer[order]
    first = np.searchsorted(owner, codes, "left")
    last = np.searchsorted(owner, codes, "right")
    order = order[ranges(first, last)]
    order_start = np.append(0, np.cumsum(last - first)).astype(np.int64)

    first_line = np.searchsorted(rows.line_order, order, "left")
    last_line = np.searchsorted(rows.line_order, order, "right")
    line = ranges(first_line, last_line)
    line_owner = np.repeat(np.arange(len(order)), last_line - first_line)
    kept_line = known.kept_line[line]
    line, line_owner = line[kept_line], line_owner[kept_line]
    lines = np.bincount(line_owner, minlength=len(order))
    line_start = np.append(0, np.cumsum(lines)).astype(np.int64)
    return Facts(
        wanted,
        as_of,
        rows.order_ids,
        rows.product_ids,
        order_start,
        order.astype(np.int32),
        rows.ordered_at[order],
        known.delivered_at[order],
        known.status[order],
        known.status_at[order],
        known.kept[order],
        rows.discount[order],
        line_start,
        rows.line_product[line],
        known.revenue[line],
        *np.full((3, len(order)), np.datetime64("NaT", "us")),
        np.zeros(len(order), np.bool_),
        np.zeros(len(line), np.bool_),
        Ids.of([]),
        np.full(len(order), -1, np.int32),
        People.unknown(len(wanted)),
        Intents.none(len(wanted)),
        Letters.none(len(wanted)),
        Shelf.none(),
        np.zeros(len(MESSAGE_WORDS), np.int64)
        if signals.week_counts is None
        else signals.week_counts,
    )


def _codes(rows: Rows, customers: Sequence[str]) -> NDArray[np.int64]:
    """Give the code of each customer; unknown ones get one that nobody has."""
    found = (rows.customer_ids.find(one) for one in customers)
    return np.array([-1 if code is None else code for code in found], np.int64)
