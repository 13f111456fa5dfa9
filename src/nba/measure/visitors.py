"""Who visits a shop, and which carts come to nothing; both counted by session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.data.events import ABSENT, Events
from nba.domain import DAY
from nba.errors import DataError
from nba.measure.returning import first_from, last_before
from nba.measure.sales import Sales, ratio
from nba.ranges import starts
from nba.vocabulary import EVENT_TYPES

_CART: Final = EVENT_TYPES.index("add_to_cart")
_PURCHASE: Final = EVENT_TYPES.index("purchase")
_FINISHING: Final = DAY
"""How long after something was laid in a cart an order still finishes it."""

DEFINITIONS: Final[Mapping[str, str]] = {
    "returning": "visits of customers who had bought before",
    "contactable": "visits of others whom the shop knows and who allow it to write to them: a "
    "consent to marketing was granted and not withdrawn; where no consents are told, all whom it "
    "knows",
    "known_only": "visits of others whom the shop knows by an id alone; 0 where no consents are "
    "told",
    "passed_by": "visits of somebody the shop does not know",
    "returning_share": "returning / visits",
    "contactable_share": "contactable / visits",
    "known_only_share": "known only / visits",
    "passed_by_share": "passed by / visits; the four shares are 1 together",
    "carts": "sessions in which something was laid in the cart",
    "finished_carts": "carts with a purchase in the session, or an order of theirs within a day",
    "unfinished_carts": "carts - finished carts",
    "unfinished_cart_rate": "unfinished carts / carts",
}
"""What each figure is, in a line."""


@dataclass(frozen=True, slots=True)
class VisitSplit:
    """Visits by what the shop knows of the visitor; every visit is in one of the four.

    Attributes:
        returning: of customers with a kept order before the visit.
        contactable: of others with a customer id, whom the shop may write to.
        passed_by: of nobody known.
        known_only: of others with a customer id, whom it may not write to.
    """

    returning: int
    contactable: int
    passed_by: int
    known_only: int = 0

    def __add__(self, other: Self) -> Self:
        """Put other visits beside these."""
        return type(self)(
            self.returning + other.returning,
            self.contactable + other.contactable,
            self.passed_by + other.passed_by,
            self.known_only + other.known_only,
        )

    @property
    def visits(self) -> int:
        """All of them."""
        return self.returning + self.contactable + self.known_only + self.passed_by

    @property
    def returning_share(self) -> float | None:
        """Returning / visits; None without visits."""
        return ratio(self.returning, self.visits)

    @property
    def contactable_share(self) -> float | None:
        """Contactable / visits; None without visits."""
        return ratio(self.contactable, self.visits)

    @property
    def known_only_share(self) -> float | None:
        """Known only / visits; None without visits."""
        return ratio(self.known_only, self.visits)

    @property
    def passed_by_share(self) -> float | None:
        """Passed by / visits; None without visits."""
        return ratio(self.passed_by, self.visits)

    def to_dict(self) -> dict[str, Any]:
        """Give counts and shares, ready for JSON."""
        return {
            "returning": self.returning,
            "contactable": self.contactable,
            "known_only": self.known_only,
            "passed_by": self.passed_by,
            "returning_share": self.returning_share,
            "contactable_share": self.contactable_share,
            "known_only_share": self.known_only_share,
            "passed_by_share": self.passed_by_share,
        }


def visit_split(
    events: Events,
    sales: Sales,
    *,
    visits: int | None = None,
    consented: NDArray[np.bool_] | None = None,
) -> VisitSplit:
    """Tell how many visits are of whom.

    A session is of the customer whom its events name last, and a visit.

    Args:
        events: what customers did in sessions.
        sales: the orders, which say who had bought.
        visits: all visits of the same time as the shop's traffic tells them; those without a
            session passed by.
        consented: bool per customer of the events: they may be written to; without it whoever has
            an id may.

    Raises:
        DataError: there are more sessions than visits, or not as many consents as customers.
    """
    if consented is not None and len(consented) != len(events.customer_ids):
        raise DataError(
            f"{len(consented)} consents of {len(events.customer_ids)} customers; give one each"
        )
    sessions = len(events.session_ids)
    if visits is not None and visits < sessions:
        raise DataError(
            f"{sessions} sessions in {visits} visits cannot be; give the visits of the same time"
        )
    owner = _owners(events, sales)
    begun = events.at[starts(events.session)]
    # No order is of code -1.
    bought = last_before(owner.code, begun, sales.customer, sales.at) >= 0
    unknown = (sessions if visits is None else visits) - int(owner.is_known.sum())
    others = owner.is_known & ~bought
    allowed = others
    if consented is not None:
        # A session of nobody known takes the last place.
        allowed = others & np.append(consented, False)[owner.named]
    return VisitSplit(
        int(bought.sum()), int(allowed.sum()), unknown, int((others & ~allowed).sum())
    )


@dataclass(frozen=True, slots=True)
class CartSums:
    """Carts, and those that became an order.

    Attributes:
        carts: sessions in which something was laid in the cart.
        finished_carts: those with a purchase later in the session, or a kept order of the
            session's customer, from when the first thing was laid in until a day after the last.
    """

    carts: int
    finished_carts: int

    def __add__(self, other: Self) -> Self:
        """Put other carts beside these."""
        return type(self)(self.carts + other.carts, self.finished_carts + other.finished_carts)

    @property
    def unfinished_carts(self) -> int:
        """Carts that came to nothing, or have not come to anything yet."""
        return self.carts - self.finished_carts

    @property
    def unfinished_cart_rate(self) -> float | None:
        """Unfinished carts / carts; None without carts."""
        return ratio(self.unfinished_carts, self.carts)

    def to_dict(self) -> dict[str, Any]:
        """Give counts and rate, ready for JSON."""
        return {
            "carts": self.carts,
            "finished_carts": self.finished_carts,
            "unfinished_carts": self.unfinished_carts,
            "unfinished_cart_rate": self.unfinished_cart_rate,
        }


def cart_sums(events: Events, sales: Sales) -> CartSums:
    """Count the carts, and those that became an order."""
    added = np.flatnonzero(events.type == _CART)
    first = starts(events.session[added])
    session = events.session[added[first]]
    begun = events.at[added[first]]
    ended = events.at[added[np.append(first[1:], len(added))[: len(first)] - 1]]

    paid = np.flatnonzero(events.type == _PURCHASE)
    finished = first_from(session, begun, events.session[paid], events.at[paid]) >= 0

    code = _owners(events, sales).code[session]
    there = np.flatnonzero(code >= 0)
    order = first_from(code[there], begun[there], sales.customer, sales.at)
    there, order = there[order >= 0], order[order >= 0]
    finished[there[sales.at[order] <= ended[there] + _FINISHING]] = True
    return CartSums(len(session), int(finished.sum()))


@dataclass(frozen=True, slots=True, eq=False)
class _Owners:
    """Whose sessions are.

    Attributes:
        is_known: bool per session: some event names a customer.
        named: int64 per session: the last one named, as the events number them; -1 where nobody is.
        code: int64 per session: the last one named, as the sales number them; -1 where nobody is
            named or they never bought.
    """

    is_known: NDArray[np.bool_]
    named: NDArray[np.int64]
    code: NDArray[np.int64]


def _owners(events: Events, sales: Sales) -> _Owners:
    named = np.flatnonzero(events.customer != ABSENT)
    last = np.full(len(events.session_ids), ABSENT, np.int64)
    # Events of a session stand in order of time, and the last assignment holds.
    last[events.session[named]] = events.customer[named]
    code = sales.customer_ids.codes()
    bought = np.array([code.get(one, -1) for one in events.customer_ids] + [-1], np.int64)
    return _Owners(last != ABSENT, last, bought[last])
